"""Reads settings: the file, then the environment, then options of the command line. All problems are told at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from config.build import FromEnvironment, build
from config.checks import check
from config.problems import Problem, SettingsError
from config.settings import PathSettings, PbxSettings, Settings

__all__ = ["Problem", "SettingsError", "load"]

PREFIX = "RINGDESK_"
LISTS = ("pbx", "webhook")
"""Settings that are lists of tables: RINGDESK_PBX__0__SECRET."""
MOST_PBXS = 100


def load(
    path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None
) -> Settings:
    """The settings from the TOML file `path` (None: no file), then `environ`, then `overrides` (a nested dict).

    `RINGDESK_SERVER__PORT=8081` sets `server.port`, `RINGDESK_PBX__0__SECRET` the secret of the first PBX.
    A relative `secret_file`, `workflows` or `flows` is looked for beside the file. A secret in a file is read
    into `secret`. Raises `SettingsError` with everything that is wrong.
    """
    problems: list[Problem] = []
    data = _read(path, problems) if path is not None else {}
    for name, value in sorted(environ.items()):
        if name.startswith(PREFIX) and "__" in name:
            _from_environment(data, name, value, problems)
    _merge(data, overrides or {})
    settings = build(Settings, data, "", problems) or Settings()
    folder = path.parent if path is not None else Path()
    settings = _resolve(settings, folder, problems)
    known = {problem.where for problem in problems}
    problems += [problem for problem in check(settings) if problem.where not in known]
    if problems:
        raise SettingsError(problems, settings)
    return settings


def _read(path: Path, problems: list[Problem]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        problems.append(Problem(str(path), "there is no such file", "name another one with --config"))
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), f"cannot be read: {error}"))
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(str(path), f"is not TOML: {error}"))
    return {}


def _from_environment(data: dict[str, Any], name: str, value: str, problems: list[Problem]) -> None:
    *steps, last = name.removeprefix(PREFIX).lower().split("__")
    place: Any = data
    for step in steps:
        place = _step(place, step)
        if place is None:
            problems.append(Problem(name, "names no setting", f"{PREFIX}SERVER__PORT=8081 is how one looks"))
            return
    if not isinstance(place, dict) or not last:
        problems.append(Problem(name, "names no setting", f"{PREFIX}SERVER__PORT=8081 is how one looks"))
        return
    place[last] = FromEnvironment(value)


def _step(place: Any, step: str) -> Any:
    """One step down: into a table, or into a list by number; both are made where they lack. None: cannot be."""
    if isinstance(place, dict):
        return place.setdefault(step, [] if step in LISTS else {})
    if isinstance(place, list) and step.isdecimal() and int(step) < MOST_PBXS:
        while len(place) <= int(step):
            place.append({})
        return place[int(step)]
    return None


def _merge(data: dict[str, Any], over: Mapping[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, Mapping) and isinstance(data.get(name), dict):
            _merge(data[name], value)
        else:
            data[name] = dict(value) if isinstance(value, Mapping) else value


def _resolve(settings: Settings, folder: Path, problems: list[Problem]) -> Settings:
    pbxs = tuple(_with_secret(pbx, folder, f"pbx[{n}]", problems) for n, pbx in enumerate(settings.pbx))
    paths = PathSettings(
        workflows=_beside(settings.paths.workflows, folder),
        calendars=_beside(settings.paths.calendars, folder),
        flows=_beside(settings.paths.flows, folder),
    )
    speech = msgspec.structs.replace(
        settings.ivr.speech,
        folder=_beside(settings.ivr.speech.folder, folder),
        recorded=_beside(settings.ivr.speech.recorded, folder),
    )
    ivr = msgspec.structs.replace(settings.ivr, speech=speech)
    recorded = _beside(settings.recordings.folder, folder)
    recordings = msgspec.structs.replace(settings.recordings, folder=recorded)
    return msgspec.structs.replace(settings, pbx=pbxs, paths=paths, ivr=ivr, recordings=recordings)


def _beside(path: str, folder: Path) -> str:
    return str(folder / path) if path else ""


def _with_secret(pbx: PbxSettings, folder: Path, where: str, problems: list[Problem]) -> PbxSettings:
    if not pbx.secret_file:
        return pbx
    if pbx.secret:
        problems.append(
            Problem(f"{where}.secret", "stands beside secret_file", "keep one of secret and secret_file")
        )
        return pbx
    path = folder / pbx.secret_file
    try:
        secret = path.read_text("utf-8").strip()
        reason = "" if secret else "it is empty"
    except OSError as error:
        secret, reason = "", error.strerror or str(error)
    except UnicodeDecodeError:
        secret, reason = "", "it is no text"
    if reason:
        what = f"cannot take the secret from {path}: {reason}"
        problems.append(Problem(f"{where}.secret_file", what, "put the secret there, on one line"))
    return msgspec.structs.replace(pbx, secret=secret)
