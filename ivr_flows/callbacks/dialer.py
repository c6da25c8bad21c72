"""Dials call-backs: the agent's phone first, then the caller, so that nobody who is called back hears a queue.

A call is claimed in the database before it is asked for, under an id of our own. What is not known afterwards is
settled by looking for that id, never by dialling again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

import structlog
from msgspec.structs import replace

from core.bus import Bus
from core.clock import Clock
from core.ids import new_id
from ivr_flows.callbacks import rule as rules
from ivr_flows.callbacks.model import (
    Callback,
    CallbackChanged,
    Fate,
    FreeAgent,
    Phones,
    Placed,
    Seen,
    State,
    Try,
)
from ivr_flows.callbacks.service import Callbacks

log = structlog.get_logger(__name__)

LEASE_SECONDS = 120.0
"""Longer than two phones ring one after the other; then it is looked what became of the call."""
SWEEP_SECONDS = 5.0
"""How often the list is looked through although nothing was heard: a pause or a lease may be over."""
CHANNEL_PREFIX = "rd-cb-"
REMEMBERED = 500
TALKED = 20_000
"""Numbers that somebody has talked with since the last look: those of hours, should the database be away so long."""


class Dialer:
    """One for each server; several may run on one database."""

    def __init__(  # noqa: PLR0913, PLR0917  # what it stands on, and a setting
        self,
        callbacks: Callbacks,
        phones: Phones,
        bus: Bus,
        clock: Clock,
        ids: Callable[[float], str] = new_id,
        surveys_at_once: int = 3,
    ) -> None:
        self._surveys_at_once = surveys_at_once
        self._callbacks = callbacks
        self._store = callbacks.store
        self._phones = phones
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._nudged = asyncio.Event()
        self._heard: dict[str, Seen] = {}
        self._picked_up: set[str] = set()
        self._talked: dict[str, float] = {}
        self.current: dict[str, Callback] = {}
        """By call id, the last call-backs that this server has dialled, for who shows their calls."""
        self._idle = False

    def nudge(self) -> None:
        """Look through the list soon: an agent may be free, or somebody has asked."""
        self._nudged.set()

    def stirred(self) -> None:
        """Agents or queues have changed: nothing to us while nobody waits."""
        if not self._idle:
            self._nudged.set()

    def heard(self, call_id: str, seen: Seen) -> None:
        """A call was answered by who was called, or has ended."""
        if CHANNEL_PREFIX in call_id:
            self._heard[call_id] = seen
            self._nudged.set()

    def picked_up(self, call_id: str) -> None:
        """The agent has picked up: from now on a call without an answer is the caller's."""
        if CHANNEL_PREFIX in call_id and call_id not in self._picked_up:
            self._picked_up.add(call_id)
            self._nudged.set()

    def talked(self, number: str) -> None:
        """Somebody of the house talks with this number (E.164), in a call that we did not dial."""
        # Also where nobody is known to wait: one may have asked a moment ago.
        while len(self._talked) >= TALKED:
            del self._talked[next(iter(self._talked))]
        self._talked[number] = self._clock.now()
        self.stirred()

    async def asked(self, call_id: str) -> Callback | None:
        """The call-back about a ticket that this call is, None for any other call. A flow talks with the caller: they
        are reached."""
        callback = await self._store.of_call(call_id) if CHANNEL_PREFIX in call_id else None
        if callback is None or not callback.ticket:
            return None
        self.heard(call_id, Seen(Fate.ANSWERED))
        return callback

    async def run(self) -> None:
        """Dial until cancelled; a round that fails is tried again."""
        while True:
            self._nudged.clear()
            pause = SWEEP_SECONDS
            try:
                pause = await self.round()
            except Exception:
                log.exception("callbacks.round_failed")
            try:
                async with asyncio.timeout(pause):
                    await self._nudged.wait()
            except TimeoutError:
                continue

    async def round(self) -> float:
        """Settle what was heard of and what nobody has told of, then dial what is next; seconds until the next look."""
        now = self._clock.now()
        heard, self._heard = self._heard, {}
        talked, self._talked = self._talked, {}
        try:
            listed = await self._store.open(now)
            await self._settle(listed, heard, talked, now)
        except BaseException:  # the database is away: nobody tells a second time
            self._heard, self._talked = {**heard, **self._heard}, {**talked, **self._talked}
            raise
        self._idle = not listed
        self._picked_up &= {one.call_id for one in listed if one.state is State.DIALLING} | set(self.current)
        for callback in rules.choose_surveys(listed, now, self._callbacks.rule, self._surveys_at_once):
            await self._dial(callback, "")
        return await self._dial_next(listed) if self._callbacks.enabled else SWEEP_SECONDS

    async def _settle(
        self, listed: list[Callback], heard: Mapping[str, Seen], talked: Mapping[str, float], now: float
    ) -> None:
        """Write down what came of those that are dialled, and close those that nobody needs or wants any more."""
        rule = self._callbacks.rule
        for callback in listed:
            if callback.state is State.DIALLING:
                await self._follow(callback, heard.get(callback.call_id), now)
                if callback.number in talked:  # their own line was busy: once that is settled it is needless
                    self._talked.setdefault(callback.number, talked[callback.number])
            elif gone := rules.needless(callback, talked, now) or rules.expired(callback, now, rule):
                await self._write(callback, gone)

    def _remember(self, callback: Callback) -> None:
        if len(self.current) >= REMEMBERED:
            del self.current[next(iter(self.current))]
        self.current[callback.call_id] = callback

    async def _follow(self, callback: Callback, seen: Seen | None, now: float) -> None:
        """One that is dialled: what was heard of it; once its lease is over, what can be seen of it."""
        if callback.call_id in self._picked_up and not callback.picked_up:
            callback = await self._write(callback, replace(callback, picked_up=True)) or callback
        over = now >= callback.lease_until
        if seen is None and over:
            seen = await self._phones.look(callback.pbx, callback.call_id)
        if seen is None:
            return
        if seen.fate is Fate.ANSWERED:
            await self._came(callback, Try.REACHED)
        elif seen.fate is Fate.ENDED:
            await self._came(callback, rules.came_of(seen, callback.picked_up, bool(callback.ticket)))
        elif seen.fate is Fate.NEVER:
            await self._came(callback, Try.NOT_DIALLED)
        else:
            await self._write(callback, replace(callback, lease_until=now + LEASE_SECONDS))

    async def _dial_next(self, listed: list[Callback]) -> float:
        busy = {one.agent for one in listed if one.state is State.DIALLING}
        free = self._free(busy)
        waiting = [one for one in listed if one.state is State.WAITING]
        now = self._clock.now()
        for callback, agent in rules.choose(waiting, free, self._phones.queue, now, self._callbacks.rule):
            await self._dial(callback, agent.user)
        now = self._clock.now()
        soon = rules.next_free(free, now) if waiting else None
        return SWEEP_SECONDS if soon is None else min(SWEEP_SECONDS, soon - now)

    def _free(self, busy: Collection[str] = ()) -> list[FreeAgent]:
        return [one for one in self._phones.free_agents() if one.user not in busy]

    async def _dial(self, callback: Callback, agent: str) -> None:
        gate, now = self._callbacks.gate, self._clock.now()
        if gate.barred(callback.number, callback.pbx):
            await self._write(callback, rules.closed(callback, State.GIVEN_UP, "not_allowed", now))
            return
        channel_id = f"{CHANNEL_PREFIX}{self._ids(now)}"
        call_id = self._phones.call_id(callback.pbx, channel_id)
        wanted = rules.dialling(callback, agent, channel_id, call_id, now + LEASE_SECONDS)
        claimed = await self._write(callback, wanted)
        if claimed is None:
            return  # another server dials it, or it was cancelled
        if agent and agent not in (one.user for one in self._free()):
            await self._write(claimed, callback)  # the queue was quicker: the next agent's turn, and no try
            return
        if not await gate.take(claimed.number, now):
            later = now + rules.CAP_SECONDS
            await self._write(claimed, replace(callback, reason="cap", next_at=later))
            return
        self._remember(claimed)
        if claimed.ticket:
            placed = await self._phones.ask(claimed.pbx, claimed.number, channel_id, now)
        else:
            placed = await self._phones.dial(agent, claimed.number, channel_id, now)
        if placed is Placed.REFUSED:
            await self._came(claimed, Try.NOT_DIALLED)
        # UNKNOWN stays as it is until an event tells, or the lease is over and somebody looks.

    async def _came(self, callback: Callback, came: Try) -> None:
        now = self._clock.now()
        await self._write(callback, rules.after(callback, came, now, self._callbacks.rule))

    async def _write(self, before: Callback, after: Callback) -> Callback | None:
        kept = await self._store.replace(before, after, self._clock.now())
        if kept is None:
            log.info("callback.overtaken", id=before.id)
            return None
        self._bus.publish(CallbackChanged(kept))
        return kept
