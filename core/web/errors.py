"""From what went wrong to what the client is told: pure but for the log.

The body is the contract's `{"error": {"code", "message", "details"}}`. An unexpected error says nothing of the
inside: the request's id leads to the log, where the traceback is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from aiohttp import web
from aiohttp.http import HttpProcessingError

from core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    TooMany,
    Unauthenticated,
    Unavailable,
)


class BadRequest(Refused):
    """The request cannot be read at all (400)."""

    code = "malformed"


class Problem(msgspec.Struct, frozen=True):
    """What the client is told. `details` names the field, the version, and so on."""

    status: int
    code: str
    message: str
    details: dict[str, Any] = {}
    headers: dict[str, str] = {}

    def json(self) -> bytes:
        """The body."""
        error = {"code": self.code, "message": self.message, "details": self.details}
        return msgspec.json.encode({"error": error})


_STATUS: Mapping[type[Refused], int] = {
    BadRequest: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}

_HTTP: Mapping[int, tuple[str, str]] = {
    400: ("malformed", "The request cannot be read."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This path does not take this method."),
    413: ("too_large", "The request is larger than 1 MiB."),
    415: ("unsupported_media_type", "The content type is not one that this path takes."),
}

_AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)


def problem_of(error: BaseException, request_id: str) -> Problem:
    """What to tell the client about `error`."""
    if isinstance(error, Refused):
        return _refused(error)
    if isinstance(error, web.HTTPException):
        return _http(error)
    if isinstance(error, msgspec.ValidationError):
        message, field = split_validation(str(error))
        return Problem(422, "invalid", message, {"field": field})
    if isinstance(error, msgspec.DecodeError | UnicodeDecodeError | RecursionError):
        return Problem(400, "malformed", "The body is not JSON.")
    if isinstance(error, web.RequestPayloadError | HttpProcessingError):
        return Problem(400, "malformed", "The body came broken or in an encoding that it does not have.")
    if isinstance(error, _AWAY):
        return Problem(503, "unavailable", "The database does not answer.", headers={"Retry-After": "5"})
    if isinstance(error, sa.exc.DataError | OverflowError):
        return Problem(422, "invalid", "A value is longer or larger than can be kept.")
    return Problem(
        500,
        "internal",
        f"Something went wrong here. The log knows it under {request_id}.",
        {"request_id": request_id},
    )


def _refused(error: Refused) -> Problem:
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 409)
    details, headers = dict(error.details), {}
    if isinstance(error, TooMany):
        details["retry_after"] = error.retry_after
        headers["Retry-After"] = str(error.retry_after)
    if status == 503:
        headers["Retry-After"] = "5"
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="ringdesk"'
    return Problem(status, error.code, error.message, details, headers)


def _http(error: web.HTTPException) -> Problem:
    code, message = _HTTP.get(error.status, ("http", error.reason))
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return Problem(error.status, code, message, {}, headers)


_PATH = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`$")
_NAMED = re.compile(r"(?:missing required|unknown) field `(?P<name>[^`]+)`")


def split_validation(text: str) -> tuple[str, str]:
    """msgspec's sentence without its path, and the field that it is about: `fields.meter`, `phones[0]`, or ""."""
    path = ""
    if found := _PATH.search(text):
        path, text = found["path"], text[: found.start()]
    if named := _NAMED.search(text):
        path = f"{path}.{named['name']}" if path else named["name"]
    return text, path
