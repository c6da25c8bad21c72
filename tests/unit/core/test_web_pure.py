"""The web layer's decisions that need no server."""

import msgspec
import pytest
import sqlalchemy as sa
from aiohttp.test_utils import make_mocked_request

from core.errors import Refused
from core.web.errors import problem_of, split_validation
from core.web.lists import page
from core.web.security import add_headers, origin_allowed, safe_next, sign_in_url

PUBLIC = "https://desk.example.com"


def _origin(origin: str | None, host: str, public: str = "") -> bool:
    headers = {"Host": host} | ({"Origin": origin} if origin is not None else {})
    return origin_allowed(make_mocked_request("POST", "/", headers=headers), public)


@pytest.mark.parametrize(
    ("origin", "host", "public"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080", ""),
        ("http://desk.local", "desk.local:80", ""),
        ("https://desk.local", "desk.local", ""),
        (PUBLIC, "127.0.0.1:8080", PUBLIC),
        ("https://DESK.example.com:443", "x", PUBLIC),
        ("https://10.0.0.1", "10.0.0.1", PUBLIC),
    ],
)
def test_our_own_pages_are_ours(origin: str, host: str, public: str) -> None:
    assert _origin(origin, host, public)


@pytest.mark.parametrize(
    ("origin", "host", "public"),
    [
        (None, "127.0.0.1:8080", ""),
        ("", "", ""),
        ("null", "null", ""),
        ("http://evil.example", "127.0.0.1:8080", ""),
        ("http://127.0.0.1:9090", "127.0.0.1:8080", ""),
        ("http://127.0.0.1", "127.0.0.1:8080", ""),
        ("http://desk.example.com", "desk.example.com", PUBLIC),
        ("https://desk.example.com.evil.example", "127.0.0.1", PUBLIC),
        ("file://127.0.0.1:8080", "127.0.0.1:8080", ""),
        ("http://[", "127.0.0.1", ""),
    ],
)
def test_other_sites_pages_are_not(origin: str | None, host: str, public: str) -> None:
    assert not _origin(origin, host, public)


@pytest.mark.parametrize("given", ["/desk", "/customers?phone=1#x", "/客户"])
def test_the_way_back_stays_here(given: str) -> None:
    assert safe_next(given) == given


@pytest.mark.parametrize(
    "given",
    ["", "desk", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "/\n"],
)
def test_the_way_back_never_leads_away(given: str) -> None:
    assert safe_next(given) == "/"


def test_after_signing_in_one_comes_back_to_a_page_but_not_to_a_post() -> None:
    assert sign_in_url(make_mocked_request("GET", "/a?b=1&c=2")) == "/sign-in?next=/a%3Fb%3D1%26c%3D2"
    assert sign_in_url(make_mocked_request("GET", "/")) == "/sign-in"
    assert sign_in_url(make_mocked_request("POST", "/a")) == "/sign-in"


def test_a_responses_own_headers_stay() -> None:
    added = add_headers({"cache-control": "max-age=60"}, https=False)
    assert "Cache-Control" not in added
    assert "Strict-Transport-Security" not in added
    assert "Strict-Transport-Security" in add_headers({}, https=True)
    assert add_headers({}, https=True)["Cache-Control"] == "no-store"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    n: int


class Outer(msgspec.Struct):
    inner: Inner
    many: list[Inner] = []
    named: dict[str, int] = {}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{}", "inner"),
        ('{"inner": {}}', "inner.n"),
        ('{"inner": {"n": "a"}}', "inner.n"),
        ('{"inner": {"n": 1, "m": 1}}', "inner.m"),
        ('{"inner": {"n": 1}, "many": [{"n": 1.5}]}', "many[0].n"),
        ("[]", ""),
    ],
)
def test_a_validation_error_names_its_field(text: str, field: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(text, type=Outer)
    message, named = split_validation(str(caught.value))
    assert named == field
    assert " - at " not in message


def test_a_database_that_is_away_is_503_and_says_nothing_of_the_inside() -> None:
    problem = problem_of(sa.exc.OperationalError("SELECT secret", {}, OSError("10.0.0.9")), "r1")
    assert (problem.status, problem.code) == (503, "unavailable")
    assert "secret" not in problem.message
    assert "10.0.0.9" not in problem.message


def test_a_refusal_without_a_status_of_its_own_is_a_conflict() -> None:
    class Special(Refused):
        code = "special"

    assert problem_of(Special("No."), "r1").status == 409


def test_a_page_without_more_has_no_next() -> None:
    assert msgspec.json.encode(page([1, 2])) == b'{"items":[1,2],"next":null}'
