"""A ticket's state in the words of its workflow and of one language, and who people are."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import NotFound
from ticketing.messages import Ticket
from ticketing.service import Tickets
from ticketing.views import event_label, state_label


class TicketLabels:
    """Looks labels up in the definitions in force; a name that they do not have is shown as it is.

    `person` gives the full name of a user.
    """

    def __init__(self, tickets: Tickets, person: Callable[[str], str]) -> None:
        self._tickets = tickets
        self.person = person

    def state(self, workflow: str, state: str, language: str) -> str:
        """Such as 处理中 for the state `handling` of a complaint."""
        try:
            return state_label(self._tickets.workflow(workflow).workflow, state, language)
        except NotFound:
            return state

    def event(self, workflow: str, event: str, language: str) -> str:
        """Such as 催办 for the event `urge` of a complaint."""
        try:
            return event_label(self._tickets.workflow(workflow).workflow, event, language)
        except NotFound:
            return event

    def clock(self, workflow: str, clock: str, language: str) -> str:
        """Such as 办理 for the clock `handle` of a complaint."""
        try:
            clocks = self._tickets.workflow(workflow).workflow.clocks
        except NotFound:
            return clock
        return clocks[clock].label.text(language) if clock in clocks else clock

    def of(self, language: str) -> Callable[[Ticket], str]:
        """The same for a whole ticket, in one language."""
        return lambda ticket: self.state(ticket.workflow, ticket.state, language)
