"""The table of roles."""

import msgspec
import pytest

from core.identity import NOBODY, PERMISSIONS, Permission, Role, User

CHANGES = {
    Permission.CALLS_CONTROL,
    Permission.AGENTS_SELF,
    Permission.AGENTS_ALL,
    Permission.CUSTOMERS_EDIT,
    Permission.TICKETS_EDIT,
    Permission.TICKETS_OPEN,
    Permission.USERS_MANAGE,
}


def test_every_role_has_a_row_and_may_sign_in_to_the_desk() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert all(Permission.DESK_USE in allowed for allowed in PERMISSIONS.values())


def test_an_auditor_changes_nothing() -> None:
    assert not PERMISSIONS[Role.AUDITOR] & CHANGES


def test_an_admin_may_everything() -> None:
    assert PERMISSIONS[Role.ADMIN] == set(Permission)


def test_a_supervisor_may_what_an_agent_may_and_more() -> None:
    assert PERMISSIONS[Role.AGENT] < PERMISSIONS[Role.SUPERVISOR]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_an_admin_manages_users(role: Role) -> None:
    assert Permission.USERS_MANAGE not in PERMISSIONS[role]


def test_nobody_and_the_deactivated_may_nothing() -> None:
    boss = User(name="boss", full_name="", role=Role.ADMIN)
    assert boss.can(Permission.USERS_MANAGE)
    for user in (NOBODY, msgspec.structs.replace(boss, active=False)):
        assert not any(user.can(permission) for permission in Permission)
