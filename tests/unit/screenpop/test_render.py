"""What pops and pages show, and that hostile text stays text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import UndefinedError

import screenpop
from config.settings import DeskSettings
from ivr_flows.flow.load import load
from ivr_flows.flow.model import Flows
from screenpop.assets import Assets
from screenpop.ivr import IvrWords
from screenpop.pops import Pop, PopCaller, PopCustomer, PopHistory, PopIvr, PopTicket
from screenpop.render import Renderer, Times, amount, phone
from ticketing.workflow.model import MACHINES

ROOM = Path(screenpop.__file__).parent
HOSTILE = """<script>alert(1)</script>"'&{{ 7*7 }}\u202e😀"""


class PlainLabels:
    def state(self, workflow: str, state: str, language: str) -> str:
        return f"{workflow}:{state}:{language}"

    def person(self, user: str) -> str:
        return {"anna": "Anna Chen"}.get(user, user)


MENUS = {
    "main": """
name: main
label: {en: Hotline, zh: 热线}
start: hello
answers: {topic: {label: {en: Wanted, zh: 需求}, values: {bill: {en: The bill, zh: 账单}}}}
nodes: {hello: {do: hangup}}
""",
    "bill": """
name: bill
label: {en: Balance and bill, zh: 余额与账单}
start: told
nodes: {told: {do: hangup}, more: {do: hangup}}
""",
}


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    flows = Flows({name: load(text, name).flow for name, text in MENUS.items()})
    return Renderer(DeskSettings(company="Gas & Water"), PlainLabels(), menus=IvrWords(lambda: flows))


LI = PopCustomer("cu1", "李秀英", "A", True, "exact", False, "31002417", "望京 412", "G4-1", "", "先核对表号")
ZHANG = msgspec.structs.replace(LI, id="cu2", name="张建国", vip=False, grade="B", account="31002418")
TICKET = PopTicket(
    "t1", "C-20260131-0001", "complaint", "Meter", "handling", "处理中", "2026-01-30T08:00:00.000Z"
)
CONTACT = PopHistory("2026-01-31T01:00:00.000Z", "call", "service", "anna", "c0", "abandoned")


def pop(**changes: object) -> Pop:
    """A ringing pop of one known customer, but for `changes`."""
    base = Pop(
        pop_id="pop-1",
        call_id="main-1.1",
        pbx="main",
        stage="ringing",
        queue="service",
        caller=PopCaller("+8613800138000", "138 0013 8000", ""),
        match="one",
        customers=(LI,),
        tickets=(TICKET,),
        history=(CONTACT,),
        ivr=PopIvr("main", ("main/hello", "bill/told", "bill/more"), {"topic": "bill"}, "pin", "3100"),
        user="anna",
        offered_at="2026-01-31T08:00:00.000Z",
    )
    return msgspec.structs.replace(base, **changes)


class Text(HTMLParser):
    """The text of some html, and its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_known_caller_is_shown_with_what_matters(renderer: Renderer) -> None:
    shown = Text(renderer.render_pop(pop(), "en")).text
    for text in (
        "李秀英",
        "VIP",
        "Grade A",
        "138 0013 8000",
        "31002417",
        "望京 412",
        "先核对表号",
        "Meter",
        "处理中",
        "Hotline",
        "Balance and bill",
        "Wanted: The bill",
        "PIN checked for account 3100",
    ):
        assert text in shown
    assert "Ringing" in shown
    assert "Gave up" in shown


@pytest.mark.parametrize(
    ("account", "customers", "text"),
    [
        ("31002417", (LI,), "PIN checked for account 31002417"),
        ("31002418", (LI, ZHANG), "PIN checked for account 31002418"),
        ("31002418", (), "PIN checked for account 31002418"),
        ("66600000", (LI,), "PIN checked for account 66600000, which is not the one shown here"),
        ("66600000", (LI, ZHANG), "PIN checked for account 66600000, which is not the one shown here"),
    ],
)
def test_the_card_names_the_account_that_was_proved(
    renderer: Renderer, account: str, customers: tuple[PopCustomer, ...], text: str
) -> None:
    """A caller may prove an account of its own, then key in another's or send another's number."""
    ivr = PopIvr("main", ("main/hello",), {"account": "31002417"}, "pin", account)
    shown = pop(ivr=ivr, customers=customers, match=("none", "one", "several")[len(customers)])
    html = renderer.render_pop(shown, "en")
    (kind,) = re.findall(r'<span class="tag (\w+)">PIN checked', html)
    assert f">{text}</span>" in html
    assert kind == ("attention" if "not the one" in text else "good")
    assert re.search(rf"户号(是)? {account}", renderer.render_pop(shown, "zh_CN"))


def test_the_card_speaks_the_language_of_its_reader(renderer: Renderer) -> None:
    shown = Text(renderer.render_pop(pop(), "zh_CN")).text
    assert "振铃" in shown
    assert "A 级" in shown
    assert "放弃等待" in shown
    assert "需求: 账单" in shown
    assert not re.search(r"Ringing|Grade|Account|Address|Wanted|Hotline", shown)


def test_the_time_on_the_card_runs_from_the_offer_and_then_from_the_answer(renderer: Renderer) -> None:
    ringing = renderer.render_pop(pop(), "en")
    answered = renderer.render_pop(pop(stage="answered", answered_at="2026-01-31T08:00:07.000Z"), "en")
    assert 'data-since="2026-01-31T08:00:00.000Z"' in ringing
    assert 'data-since="2026-01-31T08:00:07.000Z"' in answered
    assert "/desk/customers/cu1/timeline" in answered
    assert "/desk/customers/cu1/timeline" not in ringing


def test_several_get_a_digit_each(renderer: Renderer) -> None:
    html = renderer.render_pop(pop(match="several", customers=(LI, ZHANG), tickets=(), history=()), "en")
    assert re.findall(r'data-customer="(cu\d)" data-digit="(\d)"', html) == [("cu1", "1"), ("cu2", "2")]
    assert "2 customers with this number" in html


def test_an_unknown_number_can_be_attached_and_a_withheld_one_cannot(renderer: Renderer) -> None:
    none = renderer.render_pop(pop(match="none", customers=(), tickets=(), history=()), "en")
    withheld = PopCaller("", "", "")
    anonymous = renderer.render_pop(
        pop(match="anonymous", caller=withheld, customers=(), tickets=(), history=()), "en"
    )
    assert "attach=1" in none
    assert "Save with this number" in none
    assert "attach=1" not in anonymous
    assert "Save with this number" not in anonymous


def test_a_late_record_is_told_and_offers_nothing_to_fill_in(renderer: Renderer) -> None:
    html = renderer.render_pop(pop(match="none", loading=True, customers=(), tickets=(), history=()), "en")
    assert "Looking the number up" in html
    assert "<form" not in html


def test_an_ended_call_can_be_put_away(renderer: Renderer) -> None:
    html = renderer.render_pop(
        pop(stage="answered", answered_at=pop().offered_at, ended_at=pop().offered_at), "en"
    )
    assert 'data-act="close"' in html
    assert 'data-stage="ended"' in html


@pytest.mark.parametrize("match", ["one", "several", "none", "anonymous"])
def test_hostile_text_is_text_and_nothing_else(renderer: Renderer, match: str) -> None:
    bad = PopCustomer("cu1", HOSTILE, "A", True, "maybe", True, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    hostile = pop(
        match=match,
        queue=HOSTILE,
        caller=PopCaller(HOSTILE, HOSTILE, HOSTILE),
        customers=(bad, bad) if match == "several" else (bad,) if match == "one" else (),
        tickets=(msgspec.structs.replace(TICKET, subject=HOSTILE, state_label=HOSTILE),),
        history=(PopHistory(TICKET.updated_at, "note", HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        ivr=PopIvr(HOSTILE, (HOSTILE,), {HOSTILE: HOSTILE}),
    )
    seen = Text(renderer.render_pop(hostile, "en"))
    assert "script" not in seen.tags
    assert "49" not in seen.text
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "style"]


@pytest.mark.parametrize(
    ("language", "ivr"), [("en", "Caller in the phone menu"), ("zh_CN", "来电人（语音菜单）")]
)
def test_who_acts_without_being_a_user_is_told_in_words(renderer: Renderer, language: str, ivr: str) -> None:
    person = renderer._environments[language].filters["person"]
    assert (person("anna"), person("ivr"), person("long.ago")) == ("Anna Chen", ivr, "long.ago")
    words = {person(machine) for machine in MACHINES}
    assert len(words - MACHINES) == len(MACHINES), "each has words of its own"


def test_a_name_that_the_page_does_not_get_is_an_error(renderer: Renderer) -> None:
    with pytest.raises(UndefinedError):
        renderer.page("error.html", "en")


def test_no_template_needs_what_the_policy_forbids() -> None:
    for path in (ROOM / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=|\son\w+=|javascript:", text), path
        for attributes in re.findall(r"<script([^>]*)>", text):
            assert "src=" in attributes or "application/json" in attributes, path


def test_every_text_of_the_pages_is_in_the_chinese_catalogue() -> None:
    methods = [("pages/**.py", "python"), ("*.py", "python"), ("templates/**.html", "jinja2")]
    options = {"templates/**.html": {"trimmed": "true"}}
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
    found = extract_from_dir(ROOM, methods, options, keywords)
    wanted = {ids if isinstance(ids, str) else ids[0] for _, _, ids, _, _ in found}
    with (ROOM / "locale/zh_CN/LC_MESSAGES/ringdesk.po").open("rb") as source:
        catalogue = read_po(source)
    have = {m.id if isinstance(m.id, str) else m.id[0]: m.string for m in catalogue if m.id}
    assert len(wanted) > 200
    assert wanted - have.keys() == set()
    for text, chinese in have.items():
        translation = chinese if isinstance(chinese, str) else chinese[0]
        assert translation, text
        assert set(re.findall(r"%\(\w+\)s", translation)) == set(re.findall(r"%\(\w+\)s", text)), text


def test_times_are_as_short_as_the_day_allows() -> None:
    english, chinese = (Times(language, ZoneInfo("Asia/Shanghai")) for language in ("en", "zh_CN"))
    now = "2026-01-31T08:00:00.000Z"
    assert english.when("2026-01-31T01:05:00.000Z", now) == "09:05"
    assert english.when("2026-01-30T17:05:00.000Z", now) == "01:05", "it is today in Shanghai"
    assert chinese.when("2026-01-29T01:05:00.000Z", now) == "1月29日 09:05"
    assert chinese.when("2024-01-29T01:05:00.000Z", now) == "2024年1月29日"
    assert english.when(1_769_846_400.0, 1_769_846_400.0) == "16:00"


def test_numbers_are_written_as_people_read_them() -> None:
    assert phone("+8613800138000") == "+86 138 0013 8000"
    assert phone("1001") == "1001"
    assert phone(HOSTILE) == HOSTILE


def test_static_files_have_one_hash_and_nothing_else_is_served(tmp_path: Path) -> None:
    (tmp_path / "js").mkdir()
    script = tmp_path / "js" / "a.js"
    script.write_text("1")
    (tmp_path / "secret.py").write_text("2")
    first = Assets(tmp_path)
    assert first.url("js/a.js") == f"/static/{first.version}/js/a.js"
    assert first.find("js/a.js") == (script, "text/javascript")
    for name in ("secret.py", "../a.js", "js/../js/a.js", "/etc/passwd", ""):
        assert first.find(name) is None
    script.write_text("3")
    assert Assets(tmp_path).version != first.version


@pytest.mark.parametrize(
    ("text", "language", "shown"),
    [
        ("128.64 CNY", "zh_CN", "¥128.64"),
        ("-1128.05 CNY", "en", "-CN¥1,128.05"),
        ("R-2026-0042", "en", "R-2026-0042"),
        ("128.64", "en", "128.64"),
    ],
)
def test_a_sum_that_was_told_in_the_menu_is_written_as_money(text: str, language: str, shown: str) -> None:
    assert amount(text, language) == shown


def test_a_full_date_says_its_time_zone() -> None:
    for zone, language, shown in (
        ("Asia/Shanghai", "en", "Jan 31, 2026 17:00:05 UTC+8"),
        ("Asia/Kolkata", "zh_CN", "2026年1月31日 14:30:05 UTC+5:30"),
        ("America/St_Johns", "en", "Jan 31, 2026 05:30:05 UTC-3:30"),
    ):
        assert Times(language, ZoneInfo(zone)).moment("2026-01-31T09:00:05.000Z") == shown
