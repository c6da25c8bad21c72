"""What the browser's scripts say, by key; `%(name)s` is filled in by the script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from screenpop.words import N_, labels

GROUPS = (
    "agent_state",
    "call_state",
    "my_call",
    "outcome",
    "withdrawn",
    "pause",
    "queue",
    "link",
    "workflow",
    "direction",
)

TEXTS: Mapping[str, str] = {
    "link_ok": N_("Live"),
    "link_connecting": N_("Connecting…"),
    "link_lost": N_(
        "No connection to the server since %(time)s. Calls go on on your phone; what you type is kept. Trying again…"
    ),
    "link_short": N_("Not connected"),
    "link_signed_out": N_("You have been signed out. What you typed is kept."),
    "sign_in_again": N_("Sign in again"),
    "pbx_down": N_(
        "The telephone system “%(name)s” is not reachable since %(time)s: calls are not shown. %(detail)s"
    ),
    "pbx_syncing": N_("The telephone system “%(name)s” is being read again; the list of calls may be short."),
    "not_connected": N_("Not sent: there is no connection to the server."),
    "no_answer": N_("No answer from the server in time. Look whether it was done before you try again."),
    "failed": N_("That did not work: %(message)s"),
    "unknown_caller": N_("Unknown number"),
    "anonymous": N_("Number withheld"),
    "pop_said": N_("Call from %(who)s, %(queue)s"),
    "several": N_("%(n)s customers with this number"),
    "pop_waits": N_("Another call: %(who)s. Press O to see it."),
    "pop_answered": N_("Call with %(who)s"),
    "pop_gone": N_("%(who)s: %(reason)s"),
    "ringing_hint": N_("Answer on your phone"),
    "held_hint": N_("The caller is on hold; take it back on your phone"),
    "asked_hint": N_("A colleague asks you; the customer waits"),
    "asking_hint": N_("The customer hears music"),
    "talking_hint": N_("Hold and mute are on your phone"),
    "no_call": N_("No call"),
    "ready_hint": N_("You get the next call."),
    "offline_hint": N_("Press R to take calls."),
    "paused_hint": N_("You get no calls until you are ready."),
    "waiting": N_("%(n)s waiting"),
    "longest": N_("Longest wait"),
    "no_queues": N_("No queues yet"),
    "none_waiting": N_("nobody waiting"),
    "no_calls": N_("No calls yet today. The next one appears here by itself."),
    "no_tickets": N_("You have no open tickets."),
    "other_tab": N_("Another tab rings for you"),
    "this_tab": N_("This tab rings for you"),
    "sent": N_("Ticket %(number)s is open."),
    "show": N_("Show"),
    "close": N_("Close"),
    "required": N_("Please fill this in."),
    "draft_kept": N_("Draft kept at %(time)s"),
    "note_kept": N_("Kept at %(time)s"),
    "draft_here": N_("Typed at %(time)s, in this browser only so far"),
    "draft_from": N_("From %(who)s. It is yours to go on with."),
    "draft_went": N_("Handed over with the customer at %(time)s."),
    "draft_taken": N_("The draft of %(who)s is in your form."),
    "own_back": N_("Bring back what I typed"),
    "draft_conflict": N_("The draft was also changed on another page of yours, and this one is kept."),
    "note_conflict": N_("The note was also changed on another page of yours, and this one is kept."),
    "other_back": N_("Take the other one"),
    "only_here": N_("What you type stays in this browser."),
    "taken_back": N_("%(name)s has taken %(who)s back."),
    "queue_named": N_("Queue %(name)s"),
    "number": N_("Number"),
    "asking_sent": N_("%(to)s is being called; the customer waits."),
    "draft_for": N_("For the call with %(who)s"),
    "no_call_ticket": N_("Without a call"),
    "customer_chosen": N_("%(name)s is chosen for this call."),
    "record_came": N_("The customer’s record has come."),
    "transfer_sent": N_("Transfer to %(to)s is under way."),
    "dial_sent": N_("Your phone rings first, then %(to)s."),
    "queues_none": N_("Choose at least one queue."),
    "hangup": N_("Hang up"),
    "sure_hangup": N_("Press again"),
    "nobody": N_("Nobody is here yet. Users with a phone appear as soon as they are added."),
    "nobody_in": N_("Nobody is signed in to a queue."),
    "kept": N_("Kept. The telephone system is away; it is told as soon as it is back."),
    "dial_digits": N_("Digits, * and #, at most with a + in front."),
    "on_desk": N_("To the desk"),
    "chosen": N_("%(n)s chosen"),
    "bulk_goes": N_("%(n)s of %(total)s …"),
    "bulk_ended": N_("%(done)s done, %(refused)s not done."),
    "bulk_rest": N_("%(n)s were not sent and stay chosen."),
    "ticket_of": N_("%(at)s of %(total)s"),
    "ticket_newer": N_("Somebody else has changed this ticket; it is now: %(state)s."),
    "ticket_again": N_("Show it as it is now"),
}

ERRORS: Mapping[str, str] = {
    "not_found": N_("It is not there (any more)."),
    "role": N_("Your role does not allow this."),
    "forbidden": N_("This is not allowed."),
    "csrf": N_("The page is out of date; load it again."),
    "unauthenticated": N_("Sign in first."),
    "wrong_credentials": N_("The name or the password is wrong."),
    "too_many": N_("Too many tries. Wait a few minutes, then try again."),
    "stale_version": N_(
        "Someone else has changed it meanwhile. What you see now is up to date; please look again."
    ),
    "not_allowed_in_state": N_("This step does not fit the state that the ticket is in."),
    "missing_field": N_("Something that this step needs is missing."),
    "invalid": N_("This is not filled in as it should be."),
    "absence_overlaps": N_("That person is noted as away then already."),
    "other_closed": N_("That ticket is closed. Merge into one that is open."),
    "account_taken": N_("Another customer has this account already."),
    "unavailable": N_("A part that this needs is away. Try again in a moment."),
    "internal": N_("Something went wrong here, and it is our fault. Please try again."),
    "malformed": N_("The server could not read this."),
    "too_large": N_("This is too much at once."),
    "idempotency_mismatch": N_("This was sent before with other content. Please send it again."),
    "call_goes_on": N_("The card stays while the call goes on."),
    "no_phone": N_("You have no phone yet. An administrator can give you one."),
    "no_queues": N_("The telephone system has told of no queue yet."),
    "no_pbx": N_("The telephone system of your phone is not set up. Ask an administrator."),
    "not_signed_in": N_("Sign in to a queue first."),
    "not_your_call": N_("You are not in this call any more."),
    "not_talking": N_("Nobody talks with the caller yet, so there is nothing to transfer."),
    "phone_busy": N_("Your phone is in a call."),
    "hold_on_phone": N_("Hold and take back on the phone itself; the desk shows it."),
    "pbx_down": N_("The telephone system is not reachable, so nothing was done."),
    "pbx_refused": N_(
        "The telephone system refused it. An administrator finds the reason with “ringdesk doctor”."
    ),
    "not_dialled": N_("The call did not come about. Please try again."),
    "dial_barred": N_("This number may not be dialled from here."),
    "dial_unknown": N_("It is not known whether the call came about. Look at your phone first."),
    "not_asking": N_("You ask nobody about this call now. What was begun on the phone is finished there."),
    "in_progress": N_("It is being sent already."),
    "outcome_unknown": N_("It is not known whether this was done. Look before you send it again."),
    "conflict": N_("It does not fit the present state. Look again, please."),
}


def script_texts(gettext: Callable[[str], str]) -> dict[str, Any]:
    """All of it in one language, with the labels of states and reasons under `words`."""
    return {
        **{key: gettext(text) for key, text in TEXTS.items()},
        "errors": {code: gettext(text) for code, text in ERRORS.items()},
        "words": {group: labels(group, gettext) for group in GROUPS},
    }
