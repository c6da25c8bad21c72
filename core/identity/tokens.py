"""Secrets that browsers and programs show: 32 random bytes, of which the database keeps a SHA-256."""

from __future__ import annotations

import hashlib
import secrets

API_PREFIX = "rdk_"
"""So that a token that leaked into a log or a repository can be found by scanners."""


def new_token() -> str:
    """43 URL-safe characters for a session."""
    return secrets.token_urlsafe(32)


def new_api_token() -> str:
    """A token for a program."""
    return API_PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is kept of a token. A plain hash is enough for 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def live_id(token: str) -> str:
    """What a live socket that was opened with an API token is known by, as one of a browser is by its session's id."""
    return kept_live_id(digest(token))


def kept_live_id(token_hash: str) -> str:
    """The same, from what is kept of the token."""
    return f"token:{token_hash}"


def csrf_of(token: str) -> str:
    """The CSRF token of a session: bound to its cookie's token, from which nobody else can make it."""
    return hashlib.sha256(b"ringdesk csrf\0" + token.encode("utf-8", "surrogateescape")).hexdigest()
