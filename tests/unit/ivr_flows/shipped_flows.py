"""The shipped flows, and a small flow in text for tests that change a line of it."""

from config.files import shipped_flows
from core.definition.source import Faulty, Problem
from ivr_flows.definitions import NOTHING_KNOWN, Known, flow_files, read_flows
from ivr_flows.flow.checks import check
from ivr_flows.flow.load import load, read
from ivr_flows.flow.model import Flows

SHIPPED = [load(path.read_text("utf-8"), path.name) for path in flow_files(shipped_flows())]
FLOWS = read_flows(flow_files(shipped_flows()))

TINY = """\
name: tiny
label: {en: Tiny, zh: 小流程}
start: hello
fallback: person
everywhere:
  "0": {label: {en: A person, zh: 人工}, next: person}
answers:
  account: {label: {en: Account, zh: 户号}}
nodes:
  hello: {do: say, text: {en: Hello., zh: 您好。}, next: menu}
  menu:
    do: menu
    text: {en: "Press 1 or 2.", zh: 请按1或2。}
    choices:
      "1": {label: {en: One, zh: 一}, next: account}
      "2": {label: {en: Two, zh: 二}, set: {language: en}, next: menu}
  account: {do: collect, text: {en: Account., zh: 户号。}, into: account, min: 4, max: 8, next: find}
  find: {do: look_up, service: account.find, with: {account: $account}, into: found, next: which}
  which:
    do: branch
    cases:
      - {when: {found.found: true}, next: pin}
    otherwise: bye
  pin: {do: pin, text: {en: PIN., zh: 密码。}, account: $account, next: told}
  told: {do: say, text: {en: "It is {found.account|digits}.", zh: "是{found.account|digits}。"}, next: words}
  words: {do: record, text: {en: Speak., zh: 请讲。}, into: words, next: bye}
  bye: {do: hangup, text: {en: Bye., zh: 再见。}}
  person: {do: transfer, queue: service, priority: 5}
"""


def tiny(old: str = "", new: str = "") -> Flows:
    """The small flow, with a text in it replaced."""
    assert old in TINY
    flow = load(TINY.replace(old, new, 1) if old else TINY, "tiny.yaml").flow
    return Flows({**FLOWS.by_name, "tiny": flow})


def faults(text: str, known: Known = NOTHING_KNOWN) -> list[Problem]:
    """What is wrong with a file beside the shipped ones."""
    try:
        mine = read(text, "tiny.yaml")
        return [*mine.problems, *check([*SHIPPED, mine], known)]
    except Faulty as faulty:
        return list(faulty.problems)
