"""A ticket as the lists of the desk have it, pure."""

from __future__ import annotations

from typing import Any

from core.clock import iso
from ticketing.messages import Ticket


def ticket_data(ticket: Ticket, state_label: str) -> dict[str, Any]:
    """The data of a `ticket` message; the label is in the language of whoever it goes to."""
    return {
        "id": ticket.id,
        "number": ticket.number,
        "workflow": ticket.workflow,
        "subject": ticket.subject,
        "state": ticket.state,
        "state_label": state_label,
        "priority": ticket.priority,
        "version": ticket.version,
        "customer_id": ticket.customer_id,
        "call_id": ticket.call_id,
        "owner": ticket.owner,
        "created_by": ticket.created_by,
        "updated_at": iso(ticket.updated_at),
        "closed": ticket.closed_at is not None,
    }
