"""One PBX as the switchboard holds it: its link, its board, and what was asked of its queues."""

from __future__ import annotations

from typing import Protocol

import msgspec
import structlog

from config.settings import PbxSettings
from core.errors import Refused
from cti import control
from cti.actions import Originated
from cti.board import Board
from cti.duty import Duty, Step, steps
from cti.events import AmiEvent, Member, QueueMemberAdded, QueueMemberPause, QueueMemberRemoved
from cti.frames import Fields
from cti.gaps import LinkLife
from cti.link_inflow import Counters
from cti.link_journal import LinkJournal
from cti.messages import Call, LinkState, Pbx, Seat
from cti.picture import Answers
from cti.vocabulary import AmiError, AmiRefused, Message

log = structlog.get_logger(__name__)


class Link(Protocol):
    """What a line needs of a `PbxLink`."""

    counters: Counters
    skipped: dict[bytes, int]
    heard_at: float

    def keep_journal(self, journal: LinkJournal) -> None: ...
    async def run(self) -> None: ...
    async def action(self, fields: Fields, timeout: float | None = None) -> Message: ...
    async def originate(self, order: control.Order) -> Originated: ...
    async def look(self, *, whole: bool = True) -> Answers: ...


class Line:
    """One PBX: its settings, link, board, and how its link stands."""

    def __init__(self, settings: PbxSettings, link: Link, at: float) -> None:
        self.settings = settings
        self.link = link
        self.board = Board(settings.name, settings.trunks, settings.outside_prefix, settings.wrapup)
        self.pbx = Pbx(settings.name, LinkState.CONNECTING, 0, at)
        self.remembered: dict[str, Call] = {}
        """Calls that the store holds as live, until the first picture has told which of them are."""
        self.remark = ""
        """What the watchdog has to say beside the link's own detail."""
        self._said = ""
        self.life = LinkLife(settings.name)
        """Since when the PBX is not seen, and what a picture says of that."""
        self._asked: dict[tuple[str, str], Member | None] = {}
        """By user and queue: memberships that we asked for, until an event tells of them."""

    @property
    def up(self) -> bool:
        return self.pbx.state is LinkState.UP

    def link_says(self, state: LinkState, detail: str, version: str, at: float) -> Pbx:
        """Takes over how the link stands."""
        since = self.pbx.since if state is self.pbx.state else at
        version = version or self.pbx.version
        self._said = detail
        self.remark = self.remark if state is LinkState.UP else ""
        detail = "; ".join(part for part in (detail, self.remark) if part)
        self.pbx = msgspec.structs.replace(self.pbx, state=state, detail=detail, version=version, since=since)
        return self.pbx

    def remarked(self, remark: str) -> Pbx:
        """Takes over the watchdog's remark."""
        self.remark = remark
        detail = "; ".join(part for part in (self._said, remark) if part)
        self.pbx = msgspec.structs.replace(self.pbx, detail=detail)
        return self.pbx

    def resynced(self) -> dict[str, Call]:
        """A picture has come: the epoch goes up, what was asked before is in it. The calls to be remembered, once."""
        self.pbx = msgspec.structs.replace(self.pbx, epoch=self.pbx.epoch + 1)
        self._asked.clear()
        remembered, self.remembered = self.remembered, {}
        return remembered

    def member_changed(self, event: AmiEvent) -> str | None:
        """The user whose membership the event tells of; None for any other event."""
        if not isinstance(event, QueueMemberAdded | QueueMemberRemoved | QueueMemberPause):
            return None
        user = self.board.user_of(event.member)
        if user is not None:
            self._asked.pop((user, event.member.queue), None)
        return user

    def members(self, user: str) -> dict[str, Member]:
        """The user's memberships by queue, as the PBX has them or will have in a moment."""
        found = self.board.members(user)
        for (who, queue), member in self._asked.items():
            if who == user and member is None:
                found.pop(queue, None)
            elif who == user and member is not None:
                found[queue] = member
        return found

    async def follow(self, seat: Seat, duty: Duty) -> str:
        """Makes the PBX's queues follow the duty; returns why they do not yet, or an empty text."""
        if not self.up and self.pbx.epoch == 0:
            return self._away()
        notes = []
        try:
            for step in steps(duty, seat.interface, seat.name, self.members(seat.user)):
                notes.append(await self._take(duty, step))
        except Refused as refusal:  # a queue or interface by a name that no action may carry
            notes.append(refusal.message)
        except AmiError as error:
            notes.append(str(error) if self.up else self._away())
        trouble = "; ".join(note for note in notes if note)
        if trouble:
            log.warning("duty.not_followed", user=seat.user, pbx=self.settings.name, why=trouble)
        return trouble

    def _away(self) -> str:
        why = f" ({self.pbx.detail})" if self.pbx.detail else ""
        return f"The link to the PBX is down{why}; its queues follow when it is back."

    async def _take(self, duty: Duty, step: Step) -> str:
        try:
            await self.link.action(step.action)
        except AmiRefused as refused:
            return await self._refused(duty, step, refused)
        self._asked[duty.user, step.queue] = step.becomes
        return ""

    async def _refused(self, duty: Duty, step: Step, refused: AmiRefused) -> str:
        """Somebody else was quicker: who is there already need only be paused or not, and who is gone is gone."""
        text, kind = str(refused).casefold(), dict(step.action)["Action"]
        if kind == "QueueRemove" and "not there" in text:
            return ""
        if kind == "QueueAdd" and "already" in text and step.becomes is not None:
            interface = step.becomes.interface
            try:
                await self.link.action(control.queue_pause(interface, duty.paused, duty.reason, step.queue))
            except AmiRefused as again:
                return control.lacks(again)
            return ""
        return control.lacks(refused)
