"""The words of AMI as pyst2 coined them: a message, and the family of errors.

`Message` reads like pyst2's `ManagerMsg` and `Event` (`headers`, `get_header`, `has_header`, `name`, `data`,
`[]`), and our errors derive from its `ManagerException` family, so that scripts written for pyst2 keep
reading. Two things differ: `response` is the value of the Response header, not the raw lines, and a header
that comes more than once (ChanVariable, Output) has all of its values in `values`.
"""

from __future__ import annotations

from asterisk.manager import ManagerAuthException, ManagerException, ManagerSocketException


class Message:
    """One message of AMI, an event or a response. Nothing changes it once it is made."""

    __slots__ = ("_repeated", "data", "headers")

    def __init__(
        self, headers: dict[str, str], data: str = "", repeated: dict[str, list[str]] | None = None
    ) -> None:
        self.headers = headers
        """Header to value; of a header that comes more than once, the first."""
        self.data = data
        """Lines that are no headers, as an old `Response: Follows` has them."""
        self._repeated = repeated

    @property
    def repeats(self) -> bool:
        """Whether a header may have come more than once."""
        return self._repeated is not None

    @property
    def name(self) -> str:
        """Name of the event, or the response's status."""
        return self.headers.get("Event") or self.headers.get("Response", "")

    @property
    def event(self) -> str:
        """Name of the event; empty for a response."""
        return self.headers.get("Event", "")

    @property
    def response(self) -> str:
        """Success, Error, Follows, Goodbye; empty for an event."""
        return "" if "Event" in self.headers else self.headers.get("Response", "")

    @property
    def action_id(self) -> str:
        return self.headers.get("ActionID", "")

    @property
    def text(self) -> str:
        """What the message says to people (its Message header)."""
        return self.headers.get("Message", "")

    @property
    def output(self) -> list[str]:
        """Output of a command, line by line, in the form of any Asterisk version."""
        lines = self.values("Output")
        return lines or self.data.splitlines()

    @property
    def variables(self) -> dict[str, str]:
        """Channel variables of the ChanVariable headers."""
        pairs = (value.partition("=") for value in self.values("ChanVariable"))
        return {name: value for name, _, value in pairs}

    def values(self, header: str) -> list[str]:
        """Every value of a header, in order."""
        if self._repeated is not None and header in self._repeated:
            return self._repeated[header]
        return [self.headers[header]] if header in self.headers else []

    def has_header(self, hname: str) -> bool:
        return hname in self.headers

    def get_header(self, hname: str, defval: str = "") -> str:
        """The header's (first) value, or `defval`."""
        return self.headers.get(hname, defval)

    def get_action_id(self) -> str:
        return self.action_id

    def __getitem__(self, hname: str) -> str:
        return self.headers[hname]

    def __repr__(self) -> str:
        return f"<{self.name} {self.headers!r}>"


class AmiError(ManagerException):  # type: ignore[misc] # pyst2 ships no types
    """Something between us and Asterisk did not work; the text says what."""


class UnsafeValue(AmiError):
    """A key or value of an action holds CR, LF or NUL, with which it would become another action. Nothing
    was sent.
    """


class AmiSocketError(AmiError, ManagerSocketException):  # type: ignore[misc] # as above
    """The connection could not be opened, or has ended; whether an action under way was done is unknown."""


class AmiAuthError(AmiError, ManagerAuthException):  # type: ignore[misc] # as above
    """Asterisk refused the login."""


class AmiTimeout(AmiError):
    """Asterisk gave no answer in time; whether the action was done is not known."""


class AmiRefused(AmiError):
    """Asterisk answered `Response: Error`; the action was not done."""

    def __init__(self, action: str, response: Message) -> None:
        super().__init__(f"{action}: {response.text or 'refused'}")
        self.action = action
        self.response = response

    @property
    def permission_denied(self) -> bool:
        """True where the manager user lacks the action's permission (and not something else is wrong)."""
        return self.response.text == "Permission denied"
