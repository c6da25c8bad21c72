"""The hub: each entry to those whom it is for; who does not read is cut off without delaying the others."""

from __future__ import annotations

from core.identity.roles import Permission
from screenpop.hub import PENDING_CHARS, PENDING_FRAMES, SIGNED_OUT, SLOW, Connection, Hub
from screenpop.session import Audience, Log, Viewer


def connected(hub: Hub, user: str, *permissions: Permission, session: str = "s") -> Connection:
    connection = Connection(Viewer(user, frozenset(permissions)), "en", session)
    hub.add(connection)
    return connection


async def test_user_and_permission_get_it_once_and_nobody_else() -> None:
    hub = Hub(Log("e"))
    anna = connected(hub, "anna")
    boss = connected(hub, "boss", Permission.CALLS_ALL)
    both = connected(hub, "anna", Permission.CALLS_ALL)
    ben = connected(hub, "ben", Permission.QUEUES_SEE)
    hub.publish("call", {"data": {}}, Audience(frozenset({"anna"}), Permission.CALLS_ALL), "t")
    assert [len(await c.next_frames()) for c in (anna, boss, both)] == [1, 1, 1]
    hub.publish("queue", {"data": {}}, Audience(permission=Permission.QUEUES_SEE), "t")
    assert len(await ben.next_frames()) == 1, "only the one of the queue"


async def test_too_many_frames_cut_a_connection_off() -> None:
    hub = Hub(Log("e"))
    slow, quick = connected(hub, "anna"), connected(hub, "anna")
    for _ in range(PENDING_FRAMES + 1):
        hub.publish("notice", {"data": {}}, Audience(frozenset({"anna"})), "t")
        await quick.next_frames()
    assert slow.close_code == SLOW
    assert await slow.next_frames() == []
    assert quick.close_code is None
    hub.remove(slow)
    assert hub.cut_off == 1


async def test_too_many_characters_cut_a_connection_off() -> None:
    hub = Hub(Log("e"))
    slow = connected(hub, "anna")
    hub.publish("notice", {"data": "x" * PENDING_CHARS}, Audience(frozenset({"anna"})), "t")
    assert slow.close_code == SLOW


async def test_signing_out_cuts_that_session_and_signing_out_everywhere_all() -> None:
    hub = Hub(Log("e"))
    here, there = connected(hub, "anna", session="s1"), connected(hub, "anna", session="s2")
    hub.end_sessions("anna", "s1")
    assert (here.close_code, there.close_code) == (SIGNED_OUT, None)
    hub.end_sessions("anna", None)
    assert there.close_code == SIGNED_OUT


async def test_who_was_shut_out_or_got_another_role_is_cut() -> None:
    hub = Hub(Log("e"))
    anna, ben, boss = (
        connected(hub, "anna"),
        connected(hub, "ben"),
        connected(hub, "boss", Permission.CALLS_ALL),
    )
    hub.check_users({"ben": ben.viewer, "boss": Viewer("boss")})
    assert (anna.close_code, ben.close_code, boss.close_code) == (SIGNED_OUT, None, SIGNED_OUT)


async def test_removing_leaves_nothing_behind() -> None:
    hub = Hub(Log("e"))
    anna = connected(hub, "anna", Permission.CALLS_ALL)
    assert len(hub) == 1
    hub.remove(anna)
    assert len(hub) == 0
    assert hub.connections() == []
