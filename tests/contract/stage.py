"""One stage for two PBXs: people with phones on the practice PBX, and SIPp's on a real Asterisk."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from cti.practice.pbx import SECRET, PracticePbx, Setup
from cti.practice.session import Account
from tests.real.ami import Ami
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone

AGENTS = ("1001", "1002")
ACCOUNTS = {"ringdesk": Account(SECRET), "tester": Account(SECRET, "all", "all")}


class Stage(Protocol):
    """A PBX whose queue `service` has the static members 1001 and 1002, without wrap-up."""

    def session(self, user: str = "ringdesk", secret: str = "") -> Ami:
        """A session to be entered; with the right secret unless another one is given."""
        ...

    async def call(self, did: str, number: str, name: str = "") -> None:
        """Someone calls from outside."""
        ...

    async def give_up(self) -> None:
        """The caller hangs up."""
        ...

    async def answer(self, extension: str) -> None:
        """The phone is picked up as soon as it rings; "outside" is the world behind the trunk."""
        ...

    async def hang_up(self, extension: str) -> None: ...


class PracticeStage:
    def __init__(self, pbx: PracticePbx) -> None:
        self.pbx = pbx

    def session(self, user: str = "ringdesk", secret: str = "") -> Ami:
        return Ami(self.pbx.port, user, secret or SECRET)

    async def call(self, did: str, number: str, name: str = "") -> None:
        self._caller = self.pbx.caller(number, did, name)

    async def give_up(self) -> None:
        self.pbx.hang_up(self._caller)

    async def answer(self, extension: str) -> None:
        phone = "trunk" if extension == "outside" else extension
        await self.pbx.until(lambda: self.pbx.ringing(phone))
        self.pbx.answer(phone)

    async def hang_up(self, extension: str) -> None:
        self.pbx.hang_up(extension)


class RealStage:
    def __init__(self, pbx: Asterisk, stack: AsyncExitStack) -> None:
        self.pbx, self._stack = pbx, stack
        self._phones: dict[str, Phone] = {}

    async def plug(self, extension: str) -> None:
        self._phones[extension] = await self._stack.enter_async_context(Phone(self.pbx, extension))

    def session(self, user: str = "ringdesk", secret: str = "") -> Ami:
        return Ami(self.pbx.ami_port, user, secret or self.pbx.secret)

    async def call(self, did: str, number: str, name: str = "") -> None:
        self._caller = await self._stack.enter_async_context(Caller(self.pbx, did, number, name))

    async def give_up(self) -> None:
        await self._caller.hang_up()

    async def answer(self, extension: str) -> None:
        await self._phones[extension].ringing()
        await self._phones[extension].answer()

    async def hang_up(self, extension: str) -> None:
        await self._phones[extension].hang_up()


@asynccontextmanager
async def practice() -> AsyncIterator[Stage]:
    setup = Setup(members={"service": AGENTS}, retry=1, wrapuptime=0, accounts=ACCOUNTS)
    async with PracticePbx(setup=setup) as pbx:
        yield PracticeStage(pbx)


@asynccontextmanager
async def asterisk() -> AsyncIterator[Stage]:
    queues = {"service": QueueSetup(members=AGENTS), "emergency": QueueSetup(members=())}
    async with AsyncExitStack() as stack:
        stage = RealStage(await stack.enter_async_context(Asterisk(queues)), stack)
        for extension in (*AGENTS, "outside"):
            await stage.plug(extension)
        yield stage
