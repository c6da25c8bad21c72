"""Why a command on a ticket was refused. Whoever catches one of these knows that nothing changed."""

from __future__ import annotations

from typing import Any

from core.errors import Conflict, Forbidden, Invalid, Refused
from ticketing.workflow.values import Refusal


class StaleVersion(Conflict):
    """Somebody else changed the ticket meanwhile; `details` say what (409)."""

    code = "stale_version"


class NotAllowedInState(Conflict):
    """The event does not fit the state that the ticket is in (409)."""

    code = "not_allowed_in_state"


class WrongRole(Forbidden):
    """The step is for other roles (403)."""

    code = "role"


class GuardRefused(Invalid):
    """A condition of the step does not hold; `details.label` says it in both languages (422)."""

    code = "guard"


class MissingField(Invalid):
    """Something that the step asks for is not there; `details.field` names it (422)."""

    code = "missing_field"


_KINDS: dict[str, type[Refused]] = {
    kind.code: kind for kind in (NotAllowedInState, WrongRole, GuardRefused, MissingField, Invalid)
}


def refused(refusal: Refusal) -> Refused:
    """The exception for a refusal that `decide` returned."""
    details: dict[str, Any] = refusal.details
    return _KINDS[refusal.code](refusal.message, **details)
