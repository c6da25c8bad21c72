"""The stories of tests/traces, played on the practice PBX: the same people do the same things, by a clock of ours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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
