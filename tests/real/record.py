"""`python -m tests.real.record [NAME ...]`: plays the acts on a real Asterisk and writes tests/traces anew.

A trace NAME.ami holds every byte that the user "ringdesk" received, from the greeting on; NAME.toml tells the story
and what a board must make of it.
"""

import asyncio
import json
import sys
from io import BytesIO
from pathlib import Path

from tests.real.acts import ACTS
from tests.real.acts.act import Act
from tests.real.asterisk import Asterisk
from tests.real.resync import RESYNCS, record_resync

TRACES = Path(__file__).resolve().parents[1] / "traces"


async def record(scene: Act) -> bytes:
    """Plays the act on an Asterisk of its own and returns what Ringdesk's AMI user received."""
    trace = BytesIO()
    async with Asterisk(queues=scene.queues) as pbx:
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


async def main(names: list[str]) -> None:
    """Records the named traces, or all."""
    TRACES.mkdir(exist_ok=True)
    for name in names or [*ACTS, *RESYNCS]:
        if name in ACTS:
            scene = ACTS[name]
            trace, note = await record(scene), companion(scene.story, dict(scene.expect))
        else:
            trace, note = (
                await record_resync(name),
                companion(RESYNCS[name].story, dict(RESYNCS[name].expect)),
            )
        (TRACES / f"{name}.ami").write_bytes(trace)
        (TRACES / f"{name}.toml").write_text(note)
        print(f"{name}: {trace.count(b'Event: ')} events, {len(trace)} bytes", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
