"""What the scenes of this folder share: the test Asterisk's configuration, and a caller whom an agent talks with."""

from collections.abc import Callable, Mapping

from cti.practice.channels import Channel
from cti.practice.dialplan import WAYS, Rings, Step, Waits
from cti.practice.pbx import PracticePbx, Setup
from tests.contract.practice_scenes import KNOWN, Play, Scene

OUT = "913912345678"
TEST_WAYS: Mapping[str, tuple[Step, ...]] = {
    "4011": (Waits("service", 2), Waits("emergency")),
    "4012": (Waits("service", 2),),
    "4013": (Rings(("1001", "1002")),),
    "4014": (Rings(("1001",), 2), Rings(("1002",))),
}
"""Those of tests/real/astconf.py."""


def built(
    *members: str, strategy: str = "ringall", emergency: tuple[str, ...] = ("1003",), phones: int = 1
) -> Setup:
    """The test Asterisk of the shapes: its queues, its ways in; 1001 has so many phones."""
    return Setup(
        members={"service": members or ("1001",), "emergency": emergency},
        strategy=strategy,
        retry=1,
        wrapuptime=0,
        ways={**WAYS, **TEST_WAYS},
        contacts={"1001": phones},
        parked=4,
    )


SHAPES: dict[str, Scene] = {}
"""Every scene of this folder, by the name of its recording."""


def shape(setup: Setup | None = None) -> Callable[[Play], Play]:
    """Puts the decorated scene among SHAPES, under its name."""

    def put(play: Play) -> Play:
        SHAPES[play.__name__] = Scene(play, setup or built())
        return play

    return put


def talking(pbx: PracticePbx) -> Channel:
    """A caller whom 1001 has answered; time passes."""
    caller = pbx.caller(KNOWN, "4001", "Li Na")
    pbx.advance(1)
    pbx.answer("1001")
    pbx.advance(2)
    return caller
