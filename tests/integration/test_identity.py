"""Users, seats, sign-in, sessions and tokens, on SQLite and PostgreSQL."""

import asyncio

import pytest
import sqlalchemy as sa

from config.settings import SecuritySettings
from core import audit
from core.bus import Bus
from core.database import Database
from core.errors import Conflict, Invalid, NotFound, TooMany, Unauthenticated
from core.identity import Identity, NewSeat, Role, Seat
from core.identity.messages import SessionEnded, UserChanged
from core.identity.tables import api_tokens, sessions, users
from tests.conftest import PASSWORD, START, FakeClock, MakeUser, cheap_hasher

HOUR = 3600.0


async def trail(db: Database) -> list[tuple[str, str, str]]:
    """Who did what to whom, oldest first."""
    async with db.read() as tx:
        return [(e.actor, e.action, e.subject) for e in reversed(await audit.entries(tx, limit=200))]


async def test_a_user_is_added_with_a_phone(identity: Identity, db: Database, make_user: MakeUser) -> None:
    user = await make_user("Anna", Role.SUPERVISOR, interface="PJSIP/1001")
    assert (user.name, user.role, user.active) == ("anna", Role.SUPERVISOR, True)
    assert await identity.user("anna") == user
    assert await identity.users() == (user,)
    assert await identity.seats() == (Seat("anna", "Anna", "", "PJSIP/1001", "1001"),)
    assert await trail(db) == [("system", "user.add", "user:anna")]


async def test_no_password_and_no_token_is_in_the_database(
    identity: Identity, db: Database, make_user: MakeUser
) -> None:
    await make_user("anna")
    session = await identity.sign_in("anna", PASSWORD, "10.0.0.1", START)
    token = await identity.add_token("anna", START)
    async with db.read() as tx:
        rows = [str(row) for t in (users, sessions, api_tokens) for row in await tx.execute(sa.select(t))]
    everything = " ".join(rows)
    assert "$argon2id$" in everything
    for secret in (PASSWORD, session.token, session.csrf, token):
        assert secret not in everything


async def test_two_users_on_one_phone_are_refused_by_name(identity: Identity, make_user: MakeUser) -> None:
    await make_user("anna", interface="PJSIP/1001")
    with pytest.raises(Conflict, match="already the phone of anna") as caught:
        await make_user("bert", interface="pjsip/1001")
    assert caught.value.code == "seat_taken"
    assert caught.value.details["user"] == "anna"
    assert [user.name for user in await identity.users()] == ["anna"], "nothing may have changed"


async def test_one_phone_name_on_two_pbxs_is_two_phones(identity: Identity, make_user: MakeUser) -> None:
    for name in ("anna", "bert", "cora"):
        await make_user(name)
    await identity.add_seat("anna", NewSeat("PJSIP/1", "east"), START)
    await identity.add_seat("bert", NewSeat("PJSIP/1", "west"), START)
    with pytest.raises(Conflict):
        await identity.add_seat("cora", NewSeat("PJSIP/1"), START)
    assert [seat.pbx for seat in await identity.seats()] == ["east", "west"]


async def test_a_name_is_given_once_even_at_the_same_moment(identity: Identity) -> None:
    async def add() -> object:
        return await identity.add_user("anna", PASSWORD, Role.AGENT, "", None, START)

    results = await asyncio.gather(add(), add(), return_exceptions=True)
    assert sorted(isinstance(result, Conflict) for result in results) == [False, True]


@pytest.mark.parametrize("name", ["", " ", "a b", "-anna", "anna\n", "安娜", "a" * 65, "a'--"])
async def test_what_is_no_name_is_refused(identity: Identity, name: str) -> None:
    with pytest.raises(Invalid):
        await identity.add_user(name if name != "anna\n" else "an\nna", PASSWORD, Role.AGENT, "", None, START)


@pytest.mark.parametrize("interface", ["1001", "PJSIP/", "PJSIP/1\r\nAction: x", "PJSIP/a b", "/1001"])
async def test_what_is_no_phone_is_refused(identity: Identity, interface: str) -> None:
    with pytest.raises(Invalid):
        await identity.add_user("anna", PASSWORD, Role.AGENT, "", NewSeat(interface), START)
    assert await identity.users() == ()


async def test_an_empty_password_is_refused(identity: Identity) -> None:
    with pytest.raises(Invalid):
        await identity.add_user("anna", "", Role.AGENT, "", None, START)


async def test_signing_in_and_out(
    identity: Identity, db: Database, make_user: MakeUser, clock: FakeClock
) -> None:
    user = await make_user("anna")
    signed_in = await identity.sign_in(" ANNA ", PASSWORD, "10.0.0.1", clock.advance(1))
    session = await identity.by_session(signed_in.token, clock.now())
    assert session is not None
    assert (session.user, session.csrf) == (user, signed_in.csrf)
    await identity.sign_out(signed_in.token, clock.advance(1))
    assert await identity.by_session(signed_in.token, clock.now()) is None
    assert [action for _, action, _ in await trail(db)] == ["user.add", "session.sign_in", "session.sign_out"]


async def test_each_sign_in_has_a_new_session_and_ends_the_old_one(
    identity: Identity, make_user: MakeUser, bus: Bus
) -> None:
    ended: list[SessionEnded] = []
    bus.subscribe(SessionEnded, ended.append)
    await make_user("anna")
    first = await identity.sign_in("anna", PASSWORD, "10.0.0.1", START)
    old = await identity.by_session(first.token, START)
    second = await identity.sign_in("anna", PASSWORD, "10.0.0.1", START, old_token=first.token)
    assert first.token != second.token
    assert first.csrf != second.csrf
    assert await identity.by_session(first.token, START) is None
    assert await identity.by_session(second.token, START) is not None
    assert old is not None
    assert ended == [SessionEnded("anna", old.id)]


async def test_wrong_names_and_passwords_are_told_alike(
    identity: Identity, db: Database, make_user: MakeUser
) -> None:
    await make_user("anna")
    told = set()
    for name, password in (("anna", "wrong"), ("nobody", PASSWORD), ("anna", ""), ("anna", "x" * 5000)):
        with pytest.raises(Unauthenticated) as caught:
            await identity.sign_in(name, password, "10.0.0.1", START)
        told.add((caught.value.code, caught.value.message))
    assert len(told) == 1
    refused = [subject for _, action, subject in await trail(db) if action == "session.refused"]
    assert sorted(refused) == ["user:anna", "user:anna", "user:anna", "user:nobody"]


async def test_guessing_is_stopped_for_that_name_from_that_address(
    identity: Identity, make_user: MakeUser, clock: FakeClock
) -> None:
    await make_user("anna")
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await identity.sign_in("anna", "wrong", "10.0.0.1", clock.now())
    with pytest.raises(TooMany) as caught:
        await identity.sign_in("anna", PASSWORD, "10.0.0.1", clock.now())
    assert caught.value.retry_after == 300
    await identity.sign_in("anna", PASSWORD, "10.0.0.2", clock.now())
    clock.advance(300)
    await identity.sign_in("anna", PASSWORD, "10.0.0.1", clock.now())


async def test_many_guesses_at_once_get_no_more_tries(identity: Identity, make_user: MakeUser) -> None:
    await make_user("anna")

    async def guess() -> str:
        try:
            await identity.sign_in("anna", "wrong", "10.0.0.1", START)
        except (Unauthenticated, TooMany) as refusal:
            return refusal.code
        return "in"

    codes = await asyncio.gather(*(guess() for _ in range(20)))
    assert sorted(codes) == ["too_many"] * 15 + ["wrong_credentials"] * 5


async def test_a_session_ends_by_age_and_by_idleness(
    identity: Identity, make_user: MakeUser, clock: FakeClock
) -> None:
    await make_user("anna")
    used = await identity.sign_in("anna", PASSWORD, "10.0.0.1", START)
    idle = await identity.sign_in("anna", PASSWORD, "10.0.0.1", START)
    assert await identity.by_session(used.token, clock.advance(9 * HOUR)) is not None
    assert await identity.by_session(used.token, clock.advance(2 * HOUR)) is not None
    assert await identity.by_session(idle.token, clock.now()) is None
    assert await identity.by_session(used.token, clock.advance(1 * HOUR)) is None


async def test_a_user_shut_out_is_out_at_once(identity: Identity, make_user: MakeUser, bus: Bus) -> None:
    told: list[object] = []
    bus.subscribe(SessionEnded, told.append)
    bus.subscribe(UserChanged, told.append)
    await make_user("anna", interface="PJSIP/1001")
    session = await identity.sign_in("anna", PASSWORD, "10.0.0.1", START)
    token = await identity.add_token("anna", START)
    told.clear()
    user = await identity.set_active("anna", False, START, "boss")
    assert told == [UserChanged(user), SessionEnded("anna", None)]
    assert await identity.by_session(session.token, START) is None
    assert await identity.by_token(token, START) is None
    assert await identity.seats() == ()
    with pytest.raises(Unauthenticated):
        await identity.sign_in("anna", PASSWORD, "10.0.0.1", START)
    await identity.set_active("anna", True, START, "boss")
    assert await identity.by_token(token, START) is not None


async def test_signing_out_everywhere(identity: Identity, make_user: MakeUser) -> None:
    await make_user("anna")
    await make_user("bert")
    annas = [await identity.sign_in("anna", PASSWORD, "10.0.0.1", START) for _ in range(3)]
    berts = await identity.sign_in("bert", PASSWORD, "10.0.0.1", START)
    assert await identity.sign_out_everywhere("anna", START) == 3
    assert [await identity.by_session(s.token, START) for s in annas] == [None] * 3
    assert await identity.by_session(berts.token, START) is not None


async def test_a_new_password_or_role_ends_the_sessions(identity: Identity, make_user: MakeUser) -> None:
    await make_user("anna")
    first = await identity.sign_in("anna", PASSWORD, "10.0.0.1", START)
    await identity.set_password("anna", "another one", START, "anna")
    assert await identity.by_session(first.token, START) is None
    second = await identity.sign_in("anna", "another one", "10.0.0.1", START)
    user = await identity.set_role("anna", Role.LEADER, START, "boss")
    assert user.role is Role.LEADER
    assert await identity.by_session(second.token, START) is None


async def test_preferences_are_kept_and_checked(identity: Identity, make_user: MakeUser) -> None:
    await make_user("anna")
    user = await identity.set_preference("anna", START, language="zh_CN")
    user = await identity.set_preference("anna", START, theme="dark")
    assert (user.language, user.theme) == ("zh_CN", "dark")
    assert await identity.user("anna") == user
    with pytest.raises(Invalid):
        await identity.set_preference("anna", START, theme="pink")
    with pytest.raises(NotFound):
        await identity.set_preference("nobody", START, theme="dark")


async def test_api_tokens(identity: Identity, make_user: MakeUser) -> None:
    user = await make_user("anna")
    token = await identity.add_token("anna", START)
    assert token.startswith("rdk_")
    assert await identity.by_token(token, START) == user
    assert await identity.by_token(token + "x", START) is None
    assert await identity.by_session(token, START) is None
    assert await identity.revoke_tokens("anna", START) == 1
    assert await identity.by_token(token, START) is None
    with pytest.raises(NotFound):
        await identity.add_token("nobody", START)


async def test_an_old_hash_is_renewed_at_sign_in(db: Database) -> None:
    old = Identity(db, SecuritySettings(), hasher=cheap_hasher())
    await old.add_user("anna", PASSWORD, Role.AGENT, "", None, START)
    stronger = cheap_hasher()
    stronger = type(stronger)(time_cost=2, memory_cost=16, parallelism=1)
    new = Identity(db, SecuritySettings(), hasher=stronger)
    await new.sign_in("anna", PASSWORD, "10.0.0.1", START)
    async with db.read() as tx:
        assert "m=16,t=2" in str(await tx.scalar(sa.select(users.c.password_hash)))
    await new.sign_in("anna", PASSWORD, "10.0.0.1", START)
