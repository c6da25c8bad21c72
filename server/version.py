"""Which version this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed() -> str:
    """The installed distribution's version; 0 in a tree that was never installed."""
    try:
        return version("ringdesk")
    except PackageNotFoundError:
        return "0"


VERSION = installed()
