"""What tickets tell their people: each in their own language, as a short notice on their pages."""

from __future__ import annotations

from typing import Any

from core.bus import Bus
from core.clock import Clock, iso
from screenpop.hub import Hub
from screenpop.labels import TicketLabels
from screenpop.pages.clocks import reached
from screenpop.render import Renderer
from screenpop.session import Audience
from ticketing.messages import TicketNotice


class TicketNotices:
    """Shows each `TicketNotice` to the users whom it is for."""

    def __init__(self, hub: Hub, renderer: Renderer, labels: TicketLabels, clock: Clock) -> None:
        self._hub = hub
        self._renderer = renderer
        self._labels = labels
        self._clock = clock

    def subscribe(self, bus: Bus) -> None:
        bus.subscribe(TicketNotice, self._told)

    def _told(self, notice: TicketNotice) -> None:
        at = iso(self._clock.now())
        for user in notice.users:
            language = self._hub.language_of(user, self._renderer.desk.language)
            self._hub.publish(
                "notice", {"data": self._data(notice, language)}, Audience(frozenset({user})), at
            )

    def _data(self, notice: TicketNotice, language: str) -> dict[str, Any]:
        return {
            "level": "attention" if notice.clock else "information",
            "code": "ticket",
            "text": self._text(notice, language),
            "ticket_id": notice.ticket_id,
            "number": notice.number,
        }

    def _text(self, notice: TicketNotice, language: str) -> str:
        _ = self._renderer.gettext(language)
        if notice.count > 1:
            text = _("%(count)s tickets need you: %(numbers)s")
            return text % {"count": notice.count, "numbers": ", ".join(notice.numbers)}
        named = {"number": notice.number, "subject": notice.subject}
        if notice.clock:
            clock = self._labels.clock(notice.workflow, notice.clock, language)
            text = _("%(number)s, time limit “%(clock)s”: %(step)s. %(subject)s")
            return text % {**named, "clock": clock, "step": reached(notice.step, language, _)}
        event = self._labels.event(notice.workflow, notice.event, language)
        return _("%(number)s: %(event)s. %(subject)s") % {**named, "event": event}
