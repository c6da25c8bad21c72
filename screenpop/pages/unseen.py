"""What every page with figures says of the time that was not seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivr_flows.unseen import Gaps, unseen_views
from screenpop.words import N_

CAUSES: Mapping[str, str] = {
    "cut": N_("The link to the telephone system was cut."),
    "restart": N_("The telephone system was restarted."),
    "server": N_("Ringdesk was not running."),
    "flows": N_("The phone menu was not served."),
}


async def unseen(gaps: Gaps, since: float, until: float) -> dict[str, Any]:
    """When something was not seen, for `parts/gaps.html`: the figures of the time lack it."""
    return {"gaps": unseen_views(await gaps(since, until)), "causes": CAUSES}
