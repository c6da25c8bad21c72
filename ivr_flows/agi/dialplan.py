"""Commands that concern the dialplan: variables, where it goes on, Asterisk's database, applications."""

from __future__ import annotations

import re

from ivr_flows.agi.commands import SOUND_SECONDS, Commands, channel_name, fitting, good
from ivr_flows.agi.frames import whole_of
from ivr_flows.agi.words import AGIAppError, AGIDBError, UnsafeArgument

_NAME = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]{0,79}")
_FUNCTION = re.compile(r"(?:CALLERID|CHANNEL|CONNECTEDLINE|CDR|QUEUE_VARIABLES)\([A-Za-z0-9_-]{1,40}\)")
"""Functions that only tell something. SHELL, CURL, FILE and their like are not among them."""
_PLACE = re.compile(r"[A-Za-z0-9_*#+.-]{1,79}")
_NUMBER = re.compile(r"[A-Za-z0-9+*#._@-]{0,80}")
_APPLICATION = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")


class Dialplan(Commands):
    """SET …, GET …, DATABASE …, EXEC."""

    async def set_variable(self, name: str, value: str | int) -> None:
        """Set a channel variable. The value is text: a dialplan that puts it into an expression must know what may be
        in it."""
        await self.execute("SET VARIABLE", fitting(_NAME, name, "name of a variable"), str(value))

    async def get_variable(self, name: str) -> str:
        """A channel variable, empty where there is none."""
        reply = await self.execute("GET VARIABLE", fitting(_NAME, name, "name of a variable"))
        return reply.data if reply.result == "1" else ""

    async def get_full_variable(self, name: str, channel: str | None = None) -> str:
        """A variable of this channel or another, or what a function tells that only tells: `CALLERID(num)`."""
        bare = name.removeprefix("${").removesuffix("}")
        if not _FUNCTION.fullmatch(bare):
            fitting(_NAME, bare, "name of a variable")
        reply = await self.execute("GET FULL VARIABLE", f"${{{bare}}}", *channel_name(channel or ""))
        return reply.data if reply.result == "1" else ""

    async def set_callerid(self, number: str) -> None:
        """Give the channel another caller's number."""
        await self.execute("SET CALLERID", fitting(_NUMBER, number, "number"))

    async def set_context(self, context: str) -> None:
        """Where the dialplan goes on when we are done."""
        await self.execute("SET CONTEXT", fitting(_PLACE, context, "context"))

    async def set_extension(self, extension: str) -> None:
        """The same, the extension."""
        await self.execute("SET EXTENSION", fitting(_PLACE, extension, "extension"))

    async def set_priority(self, priority: str | int) -> None:
        """The same, the priority or its label."""
        await self.execute("SET PRIORITY", fitting(_PLACE, str(priority), "priority"))

    async def goto_on_exit(self, context: str = "", extension: str = "", priority: str | int = "") -> None:
        """All three; what is not given stays as it is."""
        await self.set_context(context or self.env["agi_context"])
        await self.set_extension(extension or self.env["agi_extension"])
        await self.set_priority(priority or self.env["agi_priority"])

    async def channel_status(self, channel: str = "") -> int:
        """0 down to 6 up, as Asterisk numbers a channel's states; -1 where there is no such channel."""
        reply = await self.ask("CHANNEL STATUS", *channel_name(channel))
        if channel and reply.code == 200 and reply.result == "-1":
            return -1
        return whole_of(good("CHANNEL STATUS", reply))

    async def database_get(self, family: str, key: str) -> str:
        """An entry of Asterisk's database. Raises `AGIDBError` where there is none."""
        reply = await self.execute("DATABASE GET", family, key)
        if reply.result != "1":
            raise AGIDBError(f"not in the database: {family}/{key}")
        return reply.data

    async def database_put(self, family: str, key: str, value: str | int) -> None:
        """Write an entry. Raises `AGIDBError` where it could not be."""
        await self._database("DATABASE PUT", family, key, str(value))

    async def database_del(self, family: str, key: str) -> None:
        """Delete an entry. Raises `AGIDBError` where it could not be."""
        await self._database("DATABASE DEL", family, key)

    async def database_deltree(self, family: str, key: str = "") -> None:
        """Delete a family, or what begins with the key. Asterisk 16 and 22 answer 0 where something was deleted and 1
        where nothing was, other versions the other way round: that tells nothing."""
        await self.execute("DATABASE DELTREE", family, *([key] if key else []))

    async def _database(self, command: str, *args: str) -> None:
        if (await self.execute(command, *args)).result != "1":
            raise AGIDBError(f"{command} {'/'.join(args[:2])} did not work")

    async def appexec(self, application: str, *options: str) -> str:
        """Run a dialplan application that our code names. Commas and `$` of an option would be syntax: refused."""
        fitting(_APPLICATION, application, "application")
        for option in options:
            if any(char in option for char in ',${}"\\'):
                raise UnsafeArgument("an option has syntax of the dialplan in it")
        reply = await self.execute("EXEC", application, ",".join(options), seconds=SOUND_SECONDS)
        if reply.result == "-2":
            raise AGIAppError(f"there is no application {application}")
        return reply.result

    async def exec_command(self, command: str, *args: str | int) -> str:
        """The same under pyst2's other name: there too the arguments are put behind each other with commas."""
        return await self.appexec(command, *map(str, args))
