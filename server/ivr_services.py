"""What a flow can ask of the other rooms: one table from a service's name to what it takes and who answers.

The door of `ivr_flows.messages.Services`. Arguments come from flows and callers, so every one is checked against its
type here; who may see what is decided behind the door, by the caller's line and by what was proved in its session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog

from core.errors import Refused
from ivr_flows.messages import Caller, ServiceRefused, Value

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 8.0
"""How long a caller hears nothing at most; then the flow goes on as if the service were away."""


OF_THE_FLOW = frozenset({"invalid", "missing_field"})
"""Refusals for which the flow is to blame, not the caller: it did not give what is asked for."""


@dataclass(frozen=True)
class Service:
    """What a service takes, as a msgspec type, and who answers."""

    takes: type
    answer: Callable[[Any, Caller], Awaitable[dict[str, Value]]]


class IvrServices:
    """The services of one server; rooms' parts are put together by the wiring."""

    def __init__(self, *parts: Mapping[str, Service], seconds: float = ANSWER_SECONDS) -> None:
        self._table = {name: service for part in parts for name, service in part.items()}
        self._seconds = seconds

    @property
    def names(self) -> frozenset[str]:
        """Every service that can be asked."""
        return frozenset(self._table)

    async def ask(self, service: str, args: Mapping[str, Value], caller: Caller) -> dict[str, Value]:
        """The service's answer. Raises `ServiceRefused`: `unknown_service`, `invalid` (the arguments), `unavailable`
        (no answer in time, or the database is away), or the code of what refused."""
        found = self._table.get(service)
        if found is None:
            raise ServiceRefused("unknown_service")
        try:
            asked: Any = msgspec.convert(dict(args), found.takes, strict=False)
        except msgspec.ValidationError as error:
            log.info("ivr.service_invalid", service=service, why=str(error))
            raise ServiceRefused("invalid", str(error)) from None
        try:
            async with asyncio.timeout(self._seconds):
                return await found.answer(asked, caller)
        except Refused as refusal:
            if refusal.code in OF_THE_FLOW:
                log.warning("ivr.service_invalid", service=service, why=refusal.message)
            raise ServiceRefused(refusal.code, refusal.message) from refusal
        except (TimeoutError, sa.exc.SQLAlchemyError) as error:
            log.warning("ivr.service_unavailable", service=service, error=repr(error))
            raise ServiceRefused("unavailable") from error
