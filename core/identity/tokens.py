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


def csrf_of(token: str) -> str:
    """The CSRF token of a session: bound to its cookie's token, from which nobody else can make it."""
    return hashlib.sha256(b"ringdesk csrf\0" + token.encode("utf-8", "surrogateescape")).hexdigest()
