"""The story of a call as people read it: the sentences for the steps of `cti.journal.story`, in each language. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from core.i18n import catalogue
from cti.journal.story import Step, Verdict
from screenpop.words import N_, OUTCOMES

STEPS: Mapping[str, str] = {
    "began_inbound": N_("%(who)s calls %(to)s."),
    "began_outbound": N_("%(who)s calls %(to)s, outside."),
    "began_internal": N_("%(who)s calls %(to)s, inside the house."),
    "began": N_("%(who)s calls."),
    "begins_in_the_middle": N_("The journal begins here, in the middle of the call."),
    "queued": N_("The caller waits in the queue %(queue)s."),
    "offered": N_("The phone of %(person)s rings."),
    "offered_queue": N_("The phone of %(person)s rings, for the queue %(queue)s."),
    "offered_transfer": N_("The phone of %(person)s rings: the call is being passed on."),
    "answered": N_("%(person)s answers after %(seconds)s s."),
    "answered_transfer": N_("%(person)s takes the call over."),
    "answered_pickup": N_("%(person)s has picked the call up."),
    "reached": N_("The other side answers; %(person)s talks."),
    "withdrawn": N_("The phone of %(person)s stops ringing: %(reason)s."),
    "left": N_("%(person)s is no longer with the caller: %(reason)s."),
    "held": N_("%(person)s puts the caller on hold."),
    "resumed": N_("%(person)s takes the caller back."),
    "ended": N_("The call is over: %(outcome)s. Waited %(wait)s s, talked %(talk)s s, on hold %(hold)s s."),
    "aside_ended": N_("It is over, or has become part of the first one."),
    "blind": N_("%(person)s sends the caller on to %(to)s without asking there (blind transfer)."),
    "blind_failed": N_("%(person)s tries to send the caller on to %(to)s; the PBX refuses (%(result)s)."),
    "attended": N_("%(person)s connects the caller with whom it has just asked (attended transfer)."),
    "attended_failed": N_("%(person)s tries to hand the caller over; the PBX refuses (%(result)s)."),
    "pickup": N_("%(person)s picks up what rings at %(target)s."),
    "parking_parkedcall": N_("The caller is parked at %(space)s."),
    "parking_unparkedcall": N_("%(person)s fetches the caller from %(space)s."),
    "parking_parkedcalltimeout": N_("Nobody fetched the caller from %(space)s in time."),
    "parking_parkedcallgiveup": N_("The caller, parked at %(space)s, gives up."),
    "parking_parkedcallswap": N_("Another call takes the parked one's place at %(space)s."),
    "asked": N_("Ringdesk asks the PBX for it: %(action)s."),
    "asked_answer": N_("The PBX says to %(action)s: %(text)s"),
    "link_down": N_("The link to the PBX %(pbx)s is lost: what happens now is not seen. %(detail)s"),
    "link_up": N_("The link to the PBX %(pbx)s is back, and the PBX has been asked for its state."),
    "missed": N_("%(count)s records are missing here: the journal could not keep up, or the disk was full."),
    "ghost": N_("The PBX no longer has a channel of this call, though no event said so."),
    "pop": N_("The card is sent to %(person)s; browsers open: %(browsers)s."),
    "pop_loading": N_(
        "The card is sent to %(person)s before the caller's record has come; browsers open: %(browsers)s."
    ),
    "pop_unseen": N_("There is a card for %(person)s, who has no browser open."),
    "no_pop_internal": N_("No card for %(person)s: calls inside the house have none."),
    "no_pop_no_user": N_("No card: the phone %(interface)s belongs to no user."),
    "pop_withdrawn": N_("The card of %(person)s goes: %(reason)s."),
}

VERDICTS: Mapping[str, str] = {
    "popped": N_(
        "%(person)s: yes, %(seconds)s s after the phone began to ring; browsers open: %(browsers)s."
    ),
    "popped_when_opened": N_(
        "%(person)s: no browser was open when the phone rang; the card was there when one was opened, "
        "%(seconds)s s later."
    ),
    "no_browser": N_("%(person)s: no. The card was there, but no browser of this user was open."),
    "no_pop_internal": N_("%(person)s: no. Calls inside the house have no card."),
    "no_pop_no_user": N_(
        "%(interface)s: no. The phone belongs to no user: `ringdesk user phone NAME --add %(interface)s`."
    ),
    "too_short": N_(
        "%(person)s: no. The phone rang for %(seconds)s s only, while the caller was still being looked up."
    ),
    "not_shown": N_(
        "%(person)s: no, and the journal does not say why. Look into the server's log of that minute."
    ),
    "not_noted": N_("%(person)s: not known. This journal has no notes of cards."),
}

REASONS: Mapping[str, str] = {
    "caller_hung_up": N_("the caller hung up"),
    "agent_hung_up": N_("the agent hung up"),
    "no_answer": N_("nobody answered in time"),
    "busy": N_("the phone was busy, or turned the call down"),
    "answered_elsewhere": N_("answered by someone else"),
    "transferred": N_("transferred"),
    "cancelled": N_("cancelled"),
    "lost": N_("the PBX no longer had it, and nobody saw its end"),
}
MASKED = N_("A caller (%(token)s)")
NO_OFFER = N_("No phone of an agent rang, so there was nothing to show.")
OTHER_CALL = N_("(a second call) %(text)s")

_TOKEN = re.compile(r"[xn][0-9a-f]{10}")
Gettext = Callable[[str], str]


def gettext_of(language: str) -> Gettext:
    """The pages' catalogue, for who tells a story elsewhere."""
    return catalogue(Path(__file__).parent / "locale", "ringdesk", language).gettext


class Teller:
    """Tells in one language. `people` are full names by user, `phones` users by interface."""

    def __init__(self, gettext: Gettext, people: Mapping[str, str], phones: Mapping[str, str]) -> None:
        self._ = gettext
        self._people = people
        self._phones = phones

    def step(self, step: Step) -> str:
        """One sentence."""
        text = self._(STEPS[_form(step)]) % self._words(step.args)
        return self._(OTHER_CALL) % {"text": text} if step.call else text

    def verdicts(self, found: list[Verdict]) -> Iterator[str]:
        """Who saw the call, a sentence for each offer."""
        for verdict in found:
            words = {"agent": verdict.agent, "interface": verdict.interface, **verdict.args}
            yield self._(VERDICTS[verdict.code]) % self._words(words)
        if not found:
            yield self._(NO_OFFER)

    def _words(self, args: Mapping[str, str]) -> dict[str, str]:
        reason, outcome = args.get("reason", ""), args.get("outcome", "")
        return {
            **args,
            "person": self._person(args),
            "who": self._caller(args),
            "reason": self._(REASONS[reason]) if reason in REASONS else reason,
            "outcome": self._(OUTCOMES[outcome]) if outcome in OUTCOMES else outcome,
        }

    def _caller(self, args: Mapping[str, str]) -> str:
        """Number and name; of a masked journal the number's token."""
        who, name = args.get("who", ""), args.get("name", "")
        if _TOKEN.fullmatch(who):
            return self._(MASKED) % {"token": who}
        return " ".join(part for part in (who, name) if part and not _TOKEN.fullmatch(part))

    def _person(self, args: Mapping[str, str]) -> str:
        """Full name and user name; the phone where it is no user's."""
        interface = args.get("interface", "")
        user = args.get("agent") or args.get("user") or self._phones.get(interface, "")
        if not user:
            return interface
        name = self._people.get(user, "")
        return f"{name} ({user})" if name and name != user else user


def _form(step: Step) -> str:
    """The sentence that fits best: a code, or a form of it."""
    args = step.args
    forms = {
        "began": f"began_{args.get('kind')}" if args.get("to") else "began",
        "offered": "offered_queue" if args.get("queue") else f"offered_{args.get('how')}",
        "answered": f"answered_{args.get('how')}",
        "blind": "blind" if args.get("result") == "success" else "blind_failed",
        "attended": "attended" if args.get("result") == "success" else "attended_failed",
    }
    form = forms.get(step.code, step.code)
    return form if form in STEPS else step.code
