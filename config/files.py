"""Where the shipped files are, and which ones an installation uses instead."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from config.settings import PathSettings, SpeechSettings


def shipped(*parts: str) -> Path:
    """A file or folder that came with Ringdesk."""
    return Path(str(files("config"))).joinpath(*parts)


def shipped_workflows() -> Path:
    """The folder of the workflows that come with Ringdesk."""
    return shipped("workflows")


def shipped_flows() -> Path:
    """The folder of the IVR flows that come with Ringdesk."""
    return shipped("flows")


def shipped_calendars() -> Path:
    """The folder of the calendars that come with Ringdesk."""
    return shipped("calendars")


def shipped_asterisk() -> Path:
    """The folder of the samples for Asterisk."""
    return shipped("asterisk")


def workflows_dir(paths: PathSettings) -> Path:
    """The folder of workflows in use."""
    return Path(paths.workflows) if paths.workflows else shipped_workflows()


def calendars_dir(paths: PathSettings) -> Path:
    """The folder of working calendars in use."""
    return Path(paths.calendars) if paths.calendars else shipped_calendars()


def flows_dir(paths: PathSettings) -> Path:
    """The folder of IVR flows in use."""
    return Path(paths.flows) if paths.flows else shipped_flows()


def sounds_dir(speech: SpeechSettings) -> Path:
    """The folder of sounds made from texts."""
    return Path(speech.folder or "sounds").absolute()
