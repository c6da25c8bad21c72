"""Notices: what supervisors should know and nobody else says, told once each time it begins."""

from __future__ import annotations

import msgspec

from core.bus import Bus
from core.clock import Clock, iso
from core.identity.roles import Permission
from cti.messages import DriftFound, QueueChanged
from customers.messages import PinsGuessed
from screenpop.hub import Hub
from screenpop.render import Renderer
from screenpop.session import Audience
from ticketing.messages import DefinitionsRefused

FOR_SUPERVISORS = Audience(permission=Permission.AGENTS_ALL)


class Notices:
    """Watches for queue members that belong to no user (their calls would pop nowhere), for broken definitions, for a
    PBX that is shown otherwise than it is, and for callers who guess PINs."""

    def __init__(self, hub: Hub, renderer: Renderer, clock: Clock) -> None:
        self._hub = hub
        self._renderer = renderer
        self._clock = clock
        self._unknown: dict[str, frozenset[str]] = {}

    def subscribe(self, bus: Bus) -> None:
        bus.subscribe(QueueChanged, self._queue)
        bus.subscribe(DefinitionsRefused, self._definitions)
        bus.subscribe(DriftFound, self._drift)
        bus.subscribe(PinsGuessed, self._pins)

    def _definitions(self, event: DefinitionsRefused) -> None:
        _ = self._renderer.gettext(self._renderer.desk.language)
        text = _("Changed definitions cannot be used; those before stay in force. %(problem)s")
        self._tell("definitions_refused", text % {"problem": event.problems[0]})

    def _drift(self, event: DriftFound) -> None:
        if not event.unseen and not event.waiting:
            return
        _ = self._renderer.gettext(self._renderer.desk.language)
        text = _(
            "What is shown of the telephone system “%(pbx)s” is not what it has: %(unseen)s channels are not shown, "
            "%(waiting)s waiting callers are elsewhere. An administrator should look at its link."
        )
        self._tell("drift", text % {"pbx": event.pbx, "unseen": event.unseen, "waiting": event.waiting})

    def _pins(self, event: PinsGuessed) -> None:
        _ = self._renderer.gettext(self._renderer.desk.language)
        text = _(
            "Somebody may be guessing PINs in the phone menu: wrong ones for %(accounts)s accounts within %(minutes)s "
            "minutes, %(locked)s of them locked. The audit trail names the callers' numbers."
        )
        self._tell("pins_guessed", text % msgspec.to_builtins(event))

    def _queue(self, event: QueueChanged) -> None:
        queue = event.queue
        unknown = frozenset(queue.unknown_members)
        new = unknown - self._unknown.get(queue.key, frozenset())
        self._unknown[queue.key] = unknown
        if not new:
            return
        _ = self._renderer.gettext(self._renderer.desk.language)
        text = _("Queue %(queue)s has phones that belong to no user, so their calls pop nowhere: %(phones)s.")
        phones = ", ".join(sorted(new))
        self._tell("unknown_member", text % {"queue": queue.name, "phones": phones})

    def _tell(self, code: str, text: str) -> None:
        data = {"level": "attention", "code": code, "text": text}
        self._hub.publish("notice", {"data": data}, FOR_SUPERVISORS, iso(self._clock.now()))
