"""Takes personal data out of AMI messages and leaves what explains them. Pure and deterministic.

The same number becomes the same token wherever it stands, so that what belongs together still does. Tokens are keyed,
for a plain hash of a telephone number is found by trying all of them. Kept are extensions and short numbers, ids of
Asterisk, and staff: queue members, seats. A header that nobody thought of loses every long run of digits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable

import msgspec

from cti.journal.records import Ami, AnyRecord, Asked, Event, Lists, Pictured
from cti.messages import Seat
from cti.parse import CALL_VARIABLE

LONGEST_KEPT = 6
"""A number of so many digits is an extension, a short code, an emergency number; nobody's own."""
_MOST_TOKENS = 50_000
_DIGITS = 10  # hexadecimal digits of a token: 40 bits, so that two numbers of a journal do not share one

_RUN = re.compile(rf"\d{{{LONGEST_KEPT + 1},}}", re.ASCII)
_PLAIN = re.compile(r"[+*#\d]*", re.ASCII)
_NOBODY = frozenset(
    (
        "",
        "<unknown>",
        "unknown",
        "anonymous",
        "unavailable",
        "restricted",
        "private",
        "withheld",
        "asterisk",
        "s",
    )
)
_IDS = ("uniqueid", "linkedid", "actionid", "channelid")
_NOT_PERSONAL = frozenset(
    (
        *("event", "privilege", "response", "eventlist", "id", "bridgeid", "timestamp"),
        *("lastcall", "lastpause", "logintime", "callstarted", "membername", "callid"),
    )
)
_NUMBERS = ("calleridnum", "connectedlinenum", "dnid", "rdnis", "ani", "dnis", "rpid")
_NAMES = ("calleridname", "connectedlinename", "accountcode")


class Masker:
    """Masks with one key. `prefixes` are what the dialplans want in front of an outside number: they stay, so that the
    number behind has the same token as without."""

    def __init__(self, key: bytes, prefixes: Iterable[str] = (), seats: Iterable[Seat] = ()) -> None:
        self._key = key
        self._prefixes = tuple(sorted({p for p in prefixes if p}, key=lambda p: (-len(p), p)))
        self._tokens: dict[str, str] = {}
        self._pairs: dict[tuple[str, str], tuple[str, str]] = {}
        self.keep(seats)

    def keep(self, seats: Iterable[Seat]) -> None:
        """The numbers of these phones are kept as they are."""
        self._kept = {
            run
            for seat in seats
            for text in (seat.extension, seat.interface)
            for run in (text, *_RUN.findall(text))
        }
        self._pairs.clear()

    def record(self, record: AnyRecord) -> AnyRecord:
        """The record without personal data."""
        if isinstance(record, Event | Asked):
            return msgspec.structs.replace(record, ami=self.ami(record.ami))
        if isinstance(record, Pictured):
            return msgspec.structs.replace(record, lists=self._lists(record.lists))
        return record

    def ami(self, ami: Ami) -> Ami:
        """The message without personal data: as many headers, in the same order."""
        pairs, masked = self._pairs, []
        for pair in ami:
            found = pairs.get(pair)
            masked.append(found if found is not None else self._pair(pair))
        return tuple(masked)

    def _pair(self, pair: tuple[str, str]) -> tuple[str, str]:
        """One header. The same ones come with each event of a call: they are remembered, the ids of calls too."""
        key, value = pair
        found = (self.runs(key) if "(" in key else key, self._rule_of(key)(value))
        if len(self._pairs) >= _MOST_TOKENS:
            self._pairs.clear()
        self._pairs[pair] = found
        return found

    def number(self, text: str) -> str:
        """A telephone number as its token; extensions, short numbers and what is no number of anybody stay."""
        if text.casefold() in _NOBODY or text in self._kept:
            return text
        digits = sum(c.isdigit() for c in text)
        if digits <= LONGEST_KEPT and _PLAIN.fullmatch(text):
            return text
        if _PLAIN.fullmatch(text):
            return self.runs(text)
        return self._token("x", text)

    def name(self, text: str) -> str:
        """A person's name as its token; where it is a number, as that number's."""
        if text.casefold() in _NOBODY:
            return text
        return self.number(text) if _PLAIN.fullmatch(text) else self._token("n", text)

    def runs(self, text: str) -> str:
        """Any text with each long run of digits replaced by its token."""
        return _RUN.sub(self._run, text)

    def _run(self, found: re.Match[str]) -> str:
        run = found[0]
        if run in self._kept:
            return run
        for prefix in self._prefixes:
            rest = run.removeprefix(prefix)
            if rest != run and len(rest) > LONGEST_KEPT:
                return prefix + self._token("x", rest)
        return self._token("x", run)

    def _channel(self, text: str) -> str:
        """The hexadecimal number at a channel's end is Asterisk's own."""
        head, dash, tail = text.rpartition("-")
        return self.runs(head) + dash + tail if dash else self.runs(text)

    def _variable(self, text: str) -> str:
        """`name=value` of a channel variable; only our own opaque id is known to be harmless."""
        name, equals, value = text.partition("=")
        return text if name == CALL_VARIABLE or not value else f"{name}{equals}{self._token('v', value)}"

    def _rule_of(self, header: str) -> Callable[[str], str]:
        key = header.casefold().partition("(")[0]
        if key.endswith(_IDS) or key in _NOT_PERSONAL:
            return _kept
        if key.endswith(_NUMBERS):
            return self.number
        if key.endswith(_NAMES):
            return self.name
        if key.endswith("chanvariable"):
            return self._variable
        if key.endswith("channel") or key == "newname":
            return self._channel
        return self.runs

    def _lists(self, lists: Lists) -> Lists:
        return Lists(
            self.ami(lists.settings),
            self.ami(lists.status),
            *(
                tuple(map(self.ami, part))
                for part in (lists.channels, lists.bridges, lists.queues, lists.statuses, lists.devices)
            ),
        )

    def _token(self, kind: str, text: str) -> str:
        found = self._tokens.get(text)
        if found is None:
            digest = hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
            found = digest[:_DIGITS]
            if len(self._tokens) < _MOST_TOKENS:
                self._tokens[text] = found
        return kind + found


def _kept(text: str) -> str:
    return text
