"""What a flow can ask of the other rooms: each service with what it takes and what it answers.

A test holds this table to the services that a server really has.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Service(msgspec.Struct, frozen=True):
    """`needs` has to be given, `takes` may be; `gives` are the parts of the answer."""

    gives: tuple[str, ...]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


SERVICES: Mapping[str, Service] = {
    "customer.find": Service(
        ("match", "customer_id", "name", "grade", "vip", "language", "account", "district"), takes=("number",)
    ),
    "account.find": Service(("found", "account"), needs=("account",)),
    "pin.check": Service(("ok", "reason", "tries_left"), needs=("account", "pin")),
    "account.balance": Service(("balance", "owed", "bill", "due", "period"), needs=("account",)),
    "outage.at": Service(
        ("found", "address", "outage", "text_en", "text_zh", "until", "until_date"),
        takes=("customer_id", "account"),
    ),
    "ticket.open": Service(
        ("number", "digits", "id", "state"),
        needs=("workflow", "subject"),
        takes=("body", "category", "priority", "fields", "account", "recording"),
    ),
    "ticket.attach": Service(("number", "digits"), needs=("outage",), takes=("account", "recording")),
    "ticket.status": Service(
        ("found", "number", "state", "label_en", "label_zh", "may_urge", "may_confirm", "may_rate"),
        needs=("digits",),
    ),
    "ticket.urge": Service(("ok", "code", "times"), needs=("number",)),
    "ticket.confirm": Service(("ok", "code"), needs=("number", "solved")),
    "callback.request": Service(("ok", "reason", "position"), needs=("queue",), takes=("number", "priority")),
    "survey.due": Service(("found", "number")),
    "survey.save": Service(("ok",), needs=("score",), takes=("call", "ticket")),
    "hours.open": Service(("open", "holiday", "opens", "opens_date"), takes=("calendar",)),
    "agent.last": Service(("found", "agent", "free"), takes=("within_seconds",)),
    "queue.state": Service(("waiting", "longest_minutes", "ready"), needs=("queue",)),
}

NO = ("ok", "reason")
"""What an answer that is a no consists of."""
