"""The stories of tests/traces, played on the practice PBX: the same people do the same things, by a clock of ours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cti.practice.agi.client import FileSounds
from cti.practice.agi.run import AgiRun, Sounds
from cti.practice.channels import Channel
from cti.practice.dialplan import HOTLINE
from cti.practice.originate import Order, Originated
from cti.practice.pbx import PracticePbx, Setup
from cti.practice.queues import NewMember

KNOWN = "13800138000"
Play = Callable[[PracticePbx], object]
CLICK = Order(
    channel="PJSIP/1001",
    context="agents",
    exten="913912345678",
    timeout=20,
    caller_num="1001",
    channel_id="ringdesk-originate-1",
    tag="opaque-call-id-1",
    action_id="rig-2",
)


@dataclass(frozen=True)
class Scene:
    """How it is played, on which queues."""

    play: Play
    setup: Setup = field(default_factory=lambda: alone("1001"))


def alone(*members: str, strategy: str = "ringall", timeout: float = 15) -> Setup:
    """The test Asterisk's queues: these members in service, no wrap-up."""
    return Setup(members={"service": members}, strategy=strategy, timeout=timeout, retry=1, wrapuptime=0)


ONE_BY_ONE = alone("1001", "1002", strategy="linear", timeout=2)


def queue_answered(pbx: PracticePbx) -> None:
    caller = pbx.caller(KNOWN, "4001", "Li Na")
    pbx.answer("1001")
    pbx.hang_up(caller)


def queue_abandoned(pbx: PracticePbx) -> None:
    pbx.hang_up(pbx.caller(KNOWN, "4001", "Li Na"))


def queue_rna_then_answered(pbx: PracticePbx) -> None:
    pbx.caller(KNOWN, "4001", "Li Na")
    pbx.advance(3)
    pbx.answer("1002")
    pbx.hang_up("1002")


def queue_rejected_then_answered(pbx: PracticePbx) -> None:
    pbx.caller(KNOWN, "4001", "Li Na")
    pbx.reject("1001")
    pbx.advance(1)
    pbx.answer("1002")
    pbx.hang_up("1002")


def queue_two_agents_ringall(pbx: PracticePbx) -> None:
    caller = pbx.caller(KNOWN)
    pbx.answer("1002")
    pbx.hang_up(caller)


def queue_two_callers(pbx: PracticePbx) -> None:
    pbx.caller(KNOWN)
    pbx.caller("02158880001")
    for _ in range(2):
        pbx.answer("1001")
        pbx.hang_up("1001")


def ivr_then_queue(pbx: PracticePbx) -> None:
    caller = pbx.caller(KNOWN, "4002", "Li Na")
    pbx.press(caller, "1")
    pbx.answer("1001")
    pbx.hang_up("1001")


def ivr_abandoned(pbx: PracticePbx) -> None:
    pbx.hang_up(pbx.caller(KNOWN, "4002", "Li Na"))


def held(pbx: PracticePbx) -> None:
    pbx.caller(KNOWN, "4001", "Li Na")
    pbx.answer("1001")
    pbx.hold("1001")
    pbx.resume("1001")
    pbx.hang_up("1001")


def direct_inbound_answered(pbx: PracticePbx) -> None:
    caller = pbx.caller(KNOWN, "4003", "Li Na")
    pbx.answer("1001")
    pbx.hang_up(caller)


def direct_inbound_no_answer(pbx: PracticePbx) -> None:
    pbx.hang_up(pbx.caller(KNOWN, "4003", "Li Na"))


def internal_call(pbx: PracticePbx) -> None:
    pbx.dial("1002", "1001")
    pbx.answer("1001")
    pbx.hang_up("1001")


def outbound_from_phone(pbx: PracticePbx) -> None:
    pbx.dial("1001", "913912345678")
    pbx.answer("trunk")
    pbx.hang_up("1001")


def _click(pbx: PracticePbx) -> None:
    Originated(pbx.plan, CLICK, lambda answered: None).start()


def outbound_answered(pbx: PracticePbx) -> None:
    _click(pbx)
    pbx.answer("1001")
    pbx.hang_up(pbx.answer("trunk"))


def outbound_busy(pbx: PracticePbx) -> None:
    _click(pbx)
    pbx.answer("1001")
    pbx.reject("trunk")


def outbound_agent_no_answer(pbx: PracticePbx) -> None:
    _click(pbx)
    pbx.advance(CLICK.timeout)


def agent_states(pbx: PracticePbx) -> None:
    pbx.queues.add(NewMember("service", "PJSIP/1001", "Zhang Wei", "PJSIP/1001"))
    pbx.queues.pause("service", "PJSIP/1001", True, "lunch")
    pbx.queues.pause("service", "PJSIP/1001", False, "")
    pbx.queues.remove("service", "PJSIP/1001")


def caller_anonymous(pbx: PracticePbx) -> None:
    caller = pbx.caller("anonymous", "4001", "Anonymous")
    pbx.answer("1001")
    pbx.hang_up(caller)


class Scripted:
    """See `agi.run.Service`: a server that gives its commands one after the other, and lets go after the last."""

    address = "127.0.0.1:4573"

    def __init__(self, *visits: tuple[str, ...]) -> None:
        """`visits`: the commands to each caller in turn. With none left nobody listens."""
        self.sounds: Sounds = FileSounds()
        self._visits = list(visits)

    def connect(self, run: AgiRun) -> None:
        if self._visits:
            _Visit(run, self._visits.pop(0))
        else:
            run.closed()


class _Visit:
    def __init__(self, run: AgiRun, commands: tuple[str, ...]) -> None:
        self._run, self._left = run, list(commands)
        run.opened(self)
        self._next()

    def _next(self) -> None:
        if self._left:
            self._run.take(self._left.pop(0))
        else:
            self._run.closed()

    def send(self, text: str) -> None:
        if text == "HANGUP\n":
            self._left.clear()
        elif text.startswith("200 "):
            self._next()

    def close(self) -> None:
        """It let go by itself."""


def sent(next_: str, to: str = "") -> tuple[str, ...]:
    """A flow that sends the caller on."""
    goes_on = (f'SET VARIABLE RINGDESK_TO "{to}"', f"SET VARIABLE RINGDESK_NEXT {next_}")
    return ("ANSWER", "WAIT FOR DIGIT 600", "SET VARIABLE QUEUE_PRIO 5", *goes_on)


def in_flow(pbx: PracticePbx, *visits: tuple[str, ...]) -> Channel:
    """A caller on the hotline, whose flow is over unless it waits for more."""
    pbx.plan.serving.service = Scripted(*visits)
    caller = pbx.caller(KNOWN, HOTLINE, "Li Na")
    pbx.advance(0.6)
    return caller


def agi_then_queue(pbx: PracticePbx) -> None:
    caller = in_flow(pbx, sent("queue", "service"))
    pbx.answer("1001")
    pbx.hang_up(caller)


def agi_then_survey(pbx: PracticePbx) -> None:
    in_flow(pbx, sent("queue", "service"), ("WAIT FOR DIGIT 600",))
    pbx.answer("1001")
    pbx.hang_up("1001")
    pbx.advance(0.6)


def agi_served(pbx: PracticePbx) -> None:
    in_flow(pbx, sent("hangup"))


def agi_abandoned(pbx: PracticePbx) -> None:
    pbx.hang_up(in_flow(pbx, ("WAIT FOR DIGIT 20000",)))


def agi_to_agent(pbx: PracticePbx) -> None:
    caller = in_flow(pbx, sent("agent", "1001"))
    pbx.answer("1001")
    pbx.hang_up(caller)


def agi_to_number(pbx: PracticePbx) -> None:
    caller = in_flow(pbx, sent("number", "913912345678"))
    pbx.answer("trunk")
    pbx.hang_up(caller)


def agi_number_busy(pbx: PracticePbx) -> None:
    caller = in_flow(pbx, sent("number", "913912345678"))
    pbx.reject("trunk")
    pbx.answer("1001")
    pbx.hang_up(caller)


def agi_agent_busy(pbx: PracticePbx) -> None:
    caller = in_flow(pbx, sent("agent", "1002"))
    pbx.reject("1002")
    pbx.answer("1001")
    pbx.hang_up(caller)


def agi_away(pbx: PracticePbx) -> None:
    caller = in_flow(pbx)
    pbx.answer("1001")
    pbx.hang_up(caller)


SCENES: Mapping[str, Scene] = {
    "queue_answered": Scene(queue_answered),
    "queue_abandoned": Scene(queue_abandoned),
    "queue_empty_abandoned": Scene(queue_abandoned, alone()),
    "queue_rna_then_answered": Scene(queue_rna_then_answered, ONE_BY_ONE),
    "queue_rejected_then_answered": Scene(queue_rejected_then_answered, ONE_BY_ONE),
    "queue_two_agents_ringall": Scene(queue_two_agents_ringall, alone("1001", "1002")),
    "queue_two_callers": Scene(queue_two_callers),
    "ivr_then_queue": Scene(ivr_then_queue),
    "ivr_abandoned": Scene(ivr_abandoned),
    "agi_then_queue": Scene(agi_then_queue),
    "agi_then_survey": Scene(agi_then_survey),
    "agi_served": Scene(agi_served),
    "agi_abandoned": Scene(agi_abandoned),
    "agi_to_agent": Scene(agi_to_agent),
    "agi_to_number": Scene(agi_to_number),
    "agi_number_busy": Scene(agi_number_busy),
    "agi_agent_busy": Scene(agi_agent_busy),
    "agi_away": Scene(agi_away),
    "held": Scene(held),
    "direct_inbound_answered": Scene(direct_inbound_answered),
    "direct_inbound_no_answer": Scene(direct_inbound_no_answer),
    "internal_call": Scene(internal_call),
    "outbound_from_phone": Scene(outbound_from_phone),
    "outbound_answered": Scene(outbound_answered),
    "outbound_busy": Scene(outbound_busy),
    "outbound_agent_no_answer": Scene(outbound_agent_no_answer),
    "agent_states": Scene(agent_states, alone()),
    "caller_anonymous": Scene(caller_anonymous),
}
