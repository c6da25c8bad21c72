"""What is right and wrong with a PBX's dialplan and queues, as far as Ringdesk's settings name them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

import msgspec

from cti.findings import Finding, Level, add_permission
from cti.parse import clean_text
from cti.vocabulary import Message

HERE = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 # compared with, not listened on
LAST_QUEUE = "RINGDESK_ELSE"
"""The variable of the sample's context for flows that names the queue of callers whom nobody else takes."""
SHOWN = 8
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_RELOAD = "then: asterisk -rx 'dialplan reload'"


class FlowPort(msgspec.Struct, frozen=True):
    """Where flows are served, and what the address has to carry (empty: nothing)."""

    host: str
    port: int
    token: str = ""

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def judge_context(context: str, found: bool | None) -> Finding:
    """Whether the dialplan context for click-to-dial exists; None: could not be seen."""
    why = "Click-to-dial and transfers go on there."
    fix = f"Make [{context}] in extensions.conf, or name another in dial_context of ringdesk.toml."
    return _context(context, found, Level.PROBLEM, why, fix)


def judge_flow_context(context: str, found: bool | None) -> Finding:
    """Whether the dialplan context that sends callers into flows exists; None: could not be seen."""
    why = "No caller can serve itself: nothing in the dialplan leads into a flow."
    fix = (
        f"Copy [{context}] from the sample extensions.conf; or name yours in flow_context of ringdesk.toml, "
        'flow_context = "" where this PBX is to have no flows.'
    )
    return _context(context, found, Level.WARNING, why, fix)


def _context(context: str, found: bool | None, lacking: Level, why: str, fix: str) -> Finding:
    if found is None:
        what = f"Whether the context {context} exists could not be seen"
        return Finding(Level.NOTE, what, "", add_permission("write", "reporting"))
    if found:
        return Finding(Level.OK, f"The dialplan has the context {context}")
    return Finding(lacking, f"The dialplan has no context {context}", why, fix)


def agi_calls(steps: Iterable[Message]) -> tuple[str, ...]:
    """What a context (answered by ShowDialPlan) gives to AGI(), each once."""
    calls = (step.get_header("AppData") for step in steps if step.get_header("Application").upper() == "AGI")
    return tuple(dict.fromkeys(calls))


def variables(texts: Iterable[str]) -> tuple[str, ...]:
    """The plain variables that stand in them. EXTEN is one of a call's own."""
    return tuple(dict.fromkeys(name for text in texts for name in _VARIABLE.findall(text) if name != "EXTEN"))


def judge_flow_port(
    context: str, calls: Sequence[str], values: Mapping[str, str], ours: FlowPort, pbx_host: str
) -> list[Finding]:
    """Whether the AGI() of a context leads to where flows are served. `values` are the dialplan's globals."""
    if not calls:
        why = "Callers are served by AGI(agi://…), which may stand in another context that this one leads to."
        return [Finding(Level.NOTE, f"The context {context} has no AGI()", why)]
    addresses = [_VARIABLE.sub(lambda found: values.get(found[1], found[0]), call) for call in calls]
    found = [
        finding
        for call, address in zip(calls, addresses, strict=True)
        if (finding := _wrong_address(call, address, ours, pbx_host)) is not None
    ]
    unique = list(dict.fromkeys(found))
    return unique or [Finding(Level.OK, f"The dialplan's AGI() leads to {ours}, where flows are served")]


def judge_token(ours: FlowPort) -> list[Finding]:
    """Whether more than an address is asked of who comes to where flows are served from other machines."""
    if ours.token or ours.host in HERE:
        return []
    what = f"Flows are served at {ours} to whoever comes from the PBX's address: ivr.token is not set"
    why = "Any program there can say who calls, what is pressed and which call it is."
    fix = (
        "ringdesk.toml, [ivr]: token = some twenty letters and digits; extensions.conf, [globals]: "
        f"RINGDESK_TOKEN = the same; {_RELOAD}"
    )
    return [Finding(Level.WARNING, what, why, fix)]


def _wrong_address(call: str, address: str, ours: FlowPort, pbx_host: str) -> Finding | None:
    """What is wrong with one AGI(). Its token is compared, and never shown."""
    try:
        split = urlsplit(address)
        host, port = split.hostname or "", split.port or 4573
    except ValueError:
        split, host, port = urlsplit(""), "", 0
    why = "Callers are not served; the dialplan sends them to its queue."
    open_at = "127.0.0.1" if pbx_host in HERE else "ADDRESS-OF-THIS-MACHINE"
    right = f"agi://{FlowPort(open_at if ours.host in EVERYWHERE else ours.host, ours.port)}"
    fix = f"extensions.conf, [globals]: RINGDESK_AGI = {right}; {_RELOAD}. Or correct ivr.host and ivr.port."
    if not host:
        shown = clean_text(address).partition("?")[0][:80]
        return Finding(Level.WARNING, f"AGI({call.partition('?')[0]}) is no address: {shown!r}", why, fix)
    if port != ours.port or not _reaches(host, ours.host, pbx_host):
        what = f"The dialplan looks for flows at {FlowPort(host, port)}, and they are served at {ours}"
        return Finding(Level.WARNING, what, why, fix)
    if ours.token and parse_qs(split.query).get("token", [""])[0] != ours.token:
        fix = f"extensions.conf, [globals]: RINGDESK_TOKEN = what ivr.token of ringdesk.toml says; {_RELOAD}"
        return Finding(Level.WARNING, "The dialplan's AGI() carries another token than ivr.token", why, fix)
    return None


def _reaches(host: str, served: str, pbx_host: str) -> bool:
    """Whether a PBX that looks at `host` comes to who listens at `served`, as far as names can tell."""
    if host in HERE:
        # The PBX's own machine: ours only where it is this one.
        same = served in EVERYWHERE or host == served or "localhost" in (host, served)
        return pbx_host in HERE and same and (served in HERE or served in EVERYWHERE)
    return served in EVERYWHERE or host == served or (served not in HERE and not _is_address(host))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def judge_put_through(context: str, steps: Sequence[Message]) -> list[Finding]:
    """What befalls callers whom a flow puts through to a number: they can go on from there, by key, to any other; or
    are hung up on where it does not answer."""
    does = _does(steps)
    if not any(app == "GOTO" and "${RINGDESK_TO}" in data for app, data in does):
        return []
    fix = f"Copy [ringdesk-enter] and [{context}] anew from the sample extensions.conf; {_RELOAD}"
    found = [
        Finding(
            Level.WARNING,
            f"Callers whom [{context}] puts through to a number are hung up on where it is busy or not answered",
            "Goto leaves the context for good: nothing after it takes them to a queue.",
            fix,
        )
    ]
    if not any(app == "SET" and "TRANSFER_CONTEXT=" in data for app, data in does):
        what = f"Callers whom [{context}] puts through to a number can dial on from there at your cost"
        why = "Where Dial has the option T, ## and a number (features.conf) takes them anywhere."
        found.append(Finding(Level.WARNING, what, why, fix))
    return found


def last_queue(steps: Iterable[Message]) -> str:
    """The queue to which a context of flows sends callers who go nowhere else; empty where it is not to be seen."""
    sets = (data.partition("=") for app, data in _does(steps) if app == "SET")
    return next((queue for name, _, queue in sets if name == LAST_QUEUE and "$" not in queue), "")


def _does(steps: Iterable[Message]) -> list[tuple[str, str]]:
    return [(step.get_header("Application").upper(), step.get_header("AppData")) for step in steps]


def judge_queue_names(
    setting: str, named: Iterable[str], queues: Iterable[str], file: str = "ringdesk.toml"
) -> list[Finding]:
    """Queues that a setting of that file names and the PBX does not have."""
    there = sorted(queues)
    return [
        Finding(
            Level.WARNING,
            f"{setting} names the queue {queue}, which this PBX does not have",
            f"It has {', '.join(there[:SHOWN]) or 'none'}.",
            f"Correct {file}, or make the queue in queues.conf.",
        )
        for queue in sorted(set(named) - set(there))
    ]


def judge_extensions(context: str, lacking: Mapping[str, str]) -> list[Finding]:
    """Extensions that agents dial by mouse and that the context does not have; by extension what each is for."""
    if not lacking:
        return []
    named = [f"{extension} ({what})" for extension, what in sorted(lacking.items())]
    more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    return [
        Finding(
            Level.WARNING,
            f"The context {context} has no extension {', '.join(named[:SHOWN])}{more}",
            "Agents who transfer there or dial it by mouse reach nobody.",
            f"Add it to [{context}], or correct the user's --extension or queue_extensions of ringdesk.toml.",
        )
    ]
