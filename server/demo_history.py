"""The last days of the demo's hotline: who called, what the phone menu did for them, who talked with them, how
satisfied they were, who was called back. Whoever looks at lists and reports finds them filled at once. Invented."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from core.identity.roles import Role
from core.ids import new_id
from cti.messages import Call, Direction, EndReason, Outcome
from cti.practice.dialplan import HOTLINE
from cti.practice.in_flows import SCORE_WEIGHTS, SCORES, Told
from cti.practice.people import Person, Town
from cti.practice.stories import STORIES, Story
from ivr_flows.callbacks import rule
from ivr_flows.callbacks.dialer import CHANNEL_PREFIX
from ivr_flows.callbacks.model import Callback, Try
from ivr_flows.messages import Caller, Visit
from server.demo_calls import AGENTS, alone, handed_on, inbound, outbound, rung_back
from server.demo_past import PastMenu
from server.demo_tickets import ACTORS, NOTHING, Step
from server.ivr_tickets import keys_of
from ticketing.messages import Actor, Ticket, TicketFilter
from ticketing.outages.service import NewOutage

DAYS = 7
CALLS_A_DAY = 24
OFFICE_HOURS = (8.0, 20.5, 10.0)
"""Most people call about ten."""
UNTIL_NOW = 5400.0
"""Whoever called within the last hour would be sent back to the same agent."""
THINK = (0.8, 2.5)
STRANGERS = 0.15
STAYS_FOR_SURVEY = 0.35
NOT_REACHED = 4
"""Every one of so many who are called back does not pick up."""
OFTENER = {"call_me_back": 2.5, "fault_no_supply": 5, "fault_appliance": 5}
"""Than in the demo's present: so that there is something of each."""
KEPT_CALLS, LONGEST_KEPT = 6, 75.0
"""So many whole calls are recorded, the last of those that are no longer."""
RATED = "4006"
"""Where the flow answers that asks about a ticket."""

_PROOF = {"leak_reading": 0, "photo": "P-204", "signature": "S-204"}
REPAIRED: tuple[tuple[float, Step], ...] = (
    (120, Step("triage", "dora", {"urgency": "normal", "medium": "gas", "area": "urban"})),
    (240, Step("dispatch", "dora", {"department": "network"})),
    (420, Step("acknowledge", "gao")),
    (600, Step("set_out", "gao")),
    (2100, Step("arrive", "gao")),
    (2700, Step("make_safe", "gao", {"measures": "关闭表前阀，通风", "leak_reading": 0})),
    (3000, Step("begin_repair", "gao")),
    (6600, Step("restore", "gao", {"work_done": "更换减压阀，恢复供气", **_PROOF})),
    (7200, Step("verify", "gao")),
    (7500, Step("ask_back", "gao")),
    (14400, Step("satisfied", "anna", NOTHING)),
)
"""Seconds after a fault was reported."""


async def tell(menu: PastMenu, town: Town, now: float, days: int = DAYS) -> None:
    """Make the last days of that town; the clock is put back meanwhile."""
    try:
        await _Days(menu, town, now).pass_(days)
    finally:
        menu.clock.past = None


class _Days:
    def __init__(self, menu: PastMenu, town: Town, now: float) -> None:
        self._menu, self._town, self._now = menu, town, now
        self._house, self._clock, self._rng = menu.house, menu.clock, menu.rng
        self._pbx = menu.house.settings.pbx[0].name
        self._fault_on, self._asked = "", 0
        self._calls: list[Call] = []
        self._visits: list[Visit] = []

    async def pass_(self, days: int) -> None:
        """All of them, the oldest first."""
        await self._outage(self._now - 2.2 * 86_400)
        for number, at in enumerate(self._moments(days)):
            await self._one(number, at)
        await self._house.calls.save_many(self._calls)
        await self._house.visits.store.save_many(self._visits)
        await self._repair()
        await asyncio.to_thread(self._record)

    def _moments(self, days: int) -> Iterator[float]:
        """When people called."""
        zone = ZoneInfo(self._house.settings.desk.time_zone)
        first = datetime.fromtimestamp(self._now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
        for day in range(days, -1, -1):
            midnight = (first - timedelta(days=day)).timestamp()
            hours = sorted(self._rng.triangular(*OFFICE_HOURS) for _ in range(CALLS_A_DAY))
            yield from (at for h in hours if (at := midnight + h * 3600) < self._now - UNTIL_NOW)

    async def _outage(self, at: float) -> None:
        """One that is over: its callers heard of it."""
        district = self._town.people[1].district
        new = NewOutage(
            "Gas is off in your district while a valve is being replaced. Please keep your valves closed.",
            f"{district}更换阀门，暂停供气，请关闭户内阀门。",
            (district,),
            until_at=at + 6 * 3600,
        )
        dora = Actor("dora", frozenset({Role.DISPATCHER.value}))
        outage = await self._house.outages.announce(dora, new, at)
        await self._house.outages.end(dora, outage.id, outage.version, at + 5 * 3600)
        await self._go(await self._house.tickets.get(outage.ticket_id), at + 5 * 3600)

    async def _one(self, number: int, at: float) -> None:
        """One caller of the hotline."""
        person, own = self._who()
        story = self._story(at, own=own)
        line = person.lines[0].e164 if own else f"+86139{self._rng.randrange(10**8):08d}"
        sent = line.removeprefix("+86")
        sent = sent if sent.startswith("1") else f"0{sent}"
        call = inbound(f"{self._pbx}-{at:.0f}.{number}", self._pbx, sent, HOTLINE, at)
        who = Caller(new_id(at), self._pbx, call.id, number=sent, dialled=HOTLINE)
        told = Told(story, self._figures(person), THINK)
        if story.name.startswith("fault"):  # the ticket names the call
            await self._house.calls.save(call)
        self._clock.past = at
        visit, sent_to = await self._menu.visit(who, "hotline", told)
        self._house.proofs.forget(who.session)
        self._visits.append(visit)
        if sent_to is None:
            self._calls.append(alone(call, visit))
            if story.name == "call_me_back":
                await self._call_back(line, call, visit)
            return
        call = handed_on(self._rng, call, visit, sent_to)
        if call.outcome is Outcome.ANSWERED and self._rng.random() < STAYS_FOR_SURVEY:
            call = await self._survey(call, who, told)
        self._calls.append(call)

    def _who(self) -> tuple[Person, bool]:
        """A customer, and whether they call from their own line."""
        person = self._rng.choice(self._town.people)
        own = not person.lines[0].shared and self._rng.random() >= STRANGERS
        return person, own

    def _story(self, at: float, *, own: bool) -> Story:
        fit = [one for one in STORIES if (own or not one.known) and not one.ticket and one.weight]
        day = f"{datetime.fromtimestamp(at, UTC):%j}"
        if self._fault_on == day:  # one a day: their tickets go all the way to the end
            fit = [one for one in fit if not one.name.startswith("fault")]
        story = self._rng.choices(fit, [one.weight * OFTENER.get(one.name, 1) for one in fit])[0]
        if story.name.startswith("fault"):
            self._fault_on = day
        return story

    def _figures(self, person: Person) -> Mapping[str, str]:
        score = self._rng.choices(SCORES, SCORE_WEIGHTS)[0]
        return {"account": person.account, "pin": person.pin, "wrong": "000000", "score": score}

    async def _survey(self, call: Call, who: Caller, told: Told) -> Call:
        """The agent hangs up, and the caller is asked how it was."""
        part = replace(call.segments[0], end_reason=EndReason.AGENT_HUNG_UP)
        call = replace(call, segments=(part,))
        await self._house.calls.save(call)
        self._clock.past = call.ended_at
        visit, _ = await self._menu.visit(replace(who, session=new_id(call.ended_at)), "survey", told)
        self._visits.append(visit)
        return replace(call, ended_at=visit.ended_at)

    async def _call_back(self, number: str, asked: Call, visit: Visit) -> None:
        """An agent rings whoever asked for it; some do not pick up, three times."""
        room = self._house.callbacks
        waiting = next((one for one in await room.store.open() if one.asked_call == asked.id), None)
        at = visit.ended_at or asked.started_at
        self._asked += 1
        came = Try.NO_ANSWER if self._asked % NOT_REACHED == 0 else Try.REACHED
        while waiting is not None and waiting.open:
            at = max(at + self._rng.uniform(120, 900), waiting.next_at)
            waiting = await self._dialled(waiting, number, came, at)

    async def _dialled(self, waiting: Callback, number: str, came: Try, at: float) -> Callback | None:
        room, agent = self._house.callbacks, self._rng.choice(AGENTS)
        channel = f"{CHANNEL_PREFIX}{new_id(at)}"
        id = f"{self._pbx}-{channel}"
        dialling = await room.store.replace(waiting, rule.dialling(waiting, agent, channel, id, at), at)
        if dialling is None:
            return None
        self._calls.append(
            rung_back(self._rng, outbound(id, self._pbx, number, at), agent, reached=came is Try.REACHED)
        )
        after = rule.after(replace(dialling, picked_up=True), came, at + 20, room.rule)
        return await room.store.replace(dialling, after, at + 20)

    async def _repair(self) -> None:
        """What was reported in the menu is repaired, as far as the time since then goes; most say how it was."""
        for visit in self._visits:
            if not visit.recordings:
                continue
            for ticket in await self._house.tickets.list(TicketFilter(call_id=visit.call_id), 1):
                done = await self._go(ticket, ticket.created_at)
                if done.closed_at is not None:
                    await self._rated(done, visit)

    async def _go(self, ticket: Ticket, since: float) -> Ticket:
        for seconds, step in REPAIRED:
            at = since + seconds
            if at >= self._now:
                break
            self._clock.past = at
            ticket = await self._house.tickets.fire(
                ticket.id, step.event, ACTORS[step.by], dict(step.data), ticket.version, at
            )
        return ticket

    async def _rated(self, ticket: Ticket, visit: Visit) -> None:
        """Whoever reported it calls a day later and says how it was."""
        at = (ticket.closed_at or 0.0) + self._rng.uniform(17, 22) * 3600
        if at >= self._now - UNTIL_NOW:
            return
        call = inbound(f"{self._pbx}-{at:.0f}.9", self._pbx, visit.number, RATED, at)
        await self._house.calls.save(call)
        who = Caller(new_id(at), self._pbx, call.id, number=visit.number, dialled=RATED)
        score = self._rng.choices(SCORES[:5], SCORE_WEIGHTS[:5])[0]
        self._clock.past = at
        story = Story("rates", 0, {})
        rated, _ = await self._menu.visit(
            who, "ticket_survey", Told(story, {"ticket": keys_of(ticket.number), "score": score}, THINK)
        )
        await self._house.calls.save(alone(call, rated))
        await self._house.visits.store.save_many([rated])

    def _record(self) -> None:
        """Some whole calls, as a PBX would have left them: the index finds their files when the server starts."""
        short = [one for one in self._calls if one.direction is Direction.INBOUND and one.talk_seconds > 0]
        short = [one for one in short if one.talk_seconds <= LONGEST_KEPT]
        for call in short[-KEPT_CALLS:]:
            path = self._menu.folder / f"call-{call.id}"
            self._menu.sounds.record(str(path), call.talk_seconds)
            ended = call.ended_at or call.started_at
            os.utime(f"{path}.wav", (ended, ended))
