"""`python -m tests.real.record [NAME ...]`: plays the acts on a real Asterisk and writes tests/traces anew.

A trace NAME.ami holds every byte that the user "ringdesk" received, from the greeting on; NAME.toml tells the story
and what a board must make of it. Shapes are played on each version: shapes/22/NAME.ami, shapes/16/NAME.ami.
"""

import asyncio
import json
import sys
from io import BytesIO
from pathlib import Path

from tests.real.acts import ACTS, SHAPES
from tests.real.acts.act import Act
from tests.real.asterisk import PARTS, Asterisk
from tests.real.resync import RESYNCS, record_resync

TRACES = Path(__file__).resolve().parents[1] / "traces"
AT_ONCE = 6


async def record(scene: Act, version: int = 22) -> bytes:
    """Plays the act on an Asterisk of its own and returns what Ringdesk's AMI user received."""
    trace = BytesIO()
    async with Asterisk(queues=scene.queues, version=version, two_phones=scene.two_phones) as pbx:
        session = pbx.session()
        session.tee = trace
        async with session:
            await session.event("FullyBooted")
            await scene.play(pbx)
            if not session.closed.is_set():
                await session.action("Ping")  # all events of the act are in front of its answer
    return trace.getvalue()


def companion(story: str, expect: dict[str, object]) -> str:
    """The TOML beside a trace. JSON's strings, numbers and lists are TOML's."""
    lines = [f"story = {json.dumps(story, ensure_ascii=False)}", "", "[expect]"]
    return "\n".join([*lines, *(f"{key} = {_toml(value)}" for key, value in expect.items())]) + "\n"


def _toml(value: object) -> str:
    # TOML reads JSON's strings, but not its surrogate pairs: text beyond ASCII is written as it is.
    return json.dumps(value, ensure_ascii=False)


async def _write(name: str, gate: asyncio.Semaphore) -> None:
    """Plays the named act, situation or shape, and writes what came of it."""
    async with gate:
        if name in RESYNCS:
            traces = {TRACES / f"{name}.ami": await record_resync(name)}
            note = companion(RESYNCS[name].story, dict(RESYNCS[name].expect))
            beside = TRACES
        else:
            scene, shape = ACTS.get(name) or SHAPES[name], name in SHAPES
            beside = TRACES / "shapes" if shape else TRACES
            traces = {
                (beside / str(version) if shape else beside) / f"{name}.ami": await record(scene, version)
                for version in (PARTS if shape else (22,))
            }
            note = companion(scene.story, dict(scene.expect))
    for path, trace in traces.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(trace)
        print(f"{path}: {trace.count(b'Event: ')} events, {len(trace)} bytes", flush=True)
    (beside / f"{name}.toml").write_text(note)


async def main(names: list[str]) -> None:
    """Records the named traces, or all, some at a time."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for name in names or [*ACTS, *SHAPES, *RESYNCS]:
            group.create_task(_write(name, gate))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
