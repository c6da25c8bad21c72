"""The listening side of the practice PBX: sessions, permissions, the table of actions."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

from cti.practice import actions, asking
from cti.practice.actions import Handler
from cti.practice.dialplan import Dialplan
from cti.practice.session import Account, Action, Session
from cti.practice.wire import mask_of

TABLE: dict[str, Handler] = {**actions.TABLE, **asking.TABLE}
"""Action name in lower case to what does it."""


class Server:
    """An AMI server before one world."""

    def __init__(self, plan: Dialplan, accounts: Mapping[str, Account], rng: random.Random) -> None:
        self.plan, self.accounts, self.rng = plan, accounts, rng
        self.world, self.queues = plan.world, plan.queues
        self.sessions: set[Session] = set()
        self.booted = True
        self._server: asyncio.Server | None = None
        self.world.sinks.append(self._event)

    def _event(self, bit: int, data: bytes) -> None:
        for session in self.sessions:
            session.event(bit, data)

    async def listen(self, host: str, port: int) -> int:
        """Begin to listen; returns the port, chosen by the system where `port` is 0."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Session(self), host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and cut every session."""
        if self._server:
            self._server.close()
            self.cut()
            await self._server.wait_closed()
            self._server = None

    def cut(self) -> None:
        """Cut every session, as a crash does."""
        for session in list(self.sessions):
            session.drop()

    def boot(self) -> None:
        """Tell every session that the PBX is ready; sessions that come later are told at login."""
        self.booted = True
        for session in self.sessions:
            if session.account:
                session.fully_booted()

    def uptime(self) -> float:
        return self.world.now() - self.world.started

    def perform(self, session: Session, name: str, action: Action) -> None:
        """Do the action, or say why not."""
        handler = TABLE.get(name)
        if handler is None:
            given = action.get("action", "")
            session.error(
                action,
                f"Invalid/unknown command: {given}. Use Action: ListCommands to show available commands.",
            )
        elif handler.needs and not session.write_mask & mask_of(handler.needs):
            session.error(action, "Permission denied")
        else:
            handler.do(session, action)
