"""The practice PBX tells each story as the real Asterisk did when it was recorded."""

from pathlib import Path

import pytest

from cti.practice.pbx import PracticePbx
from cti.practice.timeline import ManualTimeline
from tests.contract.practice_scenes import SCENES
from tests.contract.telling import Message, frequencies, histories, messages, shapes, states

TRACES = Path(__file__).resolve().parents[1] / "traces"
# In this recording the agents hang up before their bridge has its second member.
UNHURRIED = [name for name in SCENES if name != "queue_two_callers"]


async def played(name: str) -> list[Message]:
    """The events of the scene on a practice PBX, as a session of the user ringdesk sees them."""
    scene, seen = SCENES[name], bytearray()
    async with PracticePbx(timeline=ManualTimeline(), setup=scene.setup) as pbx:
        pbx.world.sinks.append(lambda bit, data: seen.extend(data))
        scene.play(pbx)
        assert not pbx.world.channels
        assert not pbx.world.bridges
    return messages(bytes(seen))


def recorded(name: str) -> list[Message]:
    return messages((TRACES / f"{name}.ami").read_bytes())


@pytest.mark.parametrize("name", UNHURRIED)
async def test_each_leg_lives_as_in_the_recording(name: str) -> None:
    assert histories(await played(name)) == histories(recorded(name))


@pytest.mark.parametrize("name", UNHURRIED)
async def test_the_same_events_come_as_often(name: str) -> None:
    assert frequencies(await played(name)) == frequencies(recorded(name))


@pytest.fixture(scope="module")
def real_shapes() -> dict[str, set[tuple[str, ...]]]:
    return shapes([message for name in SCENES for message in recorded(name)])


@pytest.mark.parametrize("name", SCENES)
async def test_events_have_a_real_ones_headers_in_its_order(
    name: str, real_shapes: dict[str, set[tuple[str, ...]]]
) -> None:
    for event, mine in shapes(await played(name)).items():
        assert mine <= real_shapes[event], event


@pytest.mark.parametrize("name", SCENES)
async def test_devices_and_members_end_as_in_the_recording(name: str) -> None:
    assert states(await played(name)) == states(recorded(name))
