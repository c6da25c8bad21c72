"""Who may do what: one table from role to permissions."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    AGENT = "agent"
    DISPATCHER = "dispatcher"
    DEPARTMENT = "department"
    LEADER = "leader"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Permission(Enum):
    DESK_USE = "desk.use"
    CALLS_OWN = "calls.own"
    CALLS_ALL = "calls.all"
    CALLS_CONTROL = "calls.control"
    AGENTS_SELF = "agents.self"
    AGENTS_ALL = "agents.all"
    QUEUES_SEE = "queues.see"
    CUSTOMERS_SEE = "customers.see"
    CUSTOMERS_EDIT = "customers.edit"
    ACCOUNTS_SEE = "accounts.see"
    ACCOUNTS_EDIT = "accounts.edit"
    CALLBACKS_SEE = "callbacks.see"
    CALLBACKS_MANAGE = "callbacks.manage"
    OUTAGES_MANAGE = "outages.manage"
    PINS_RESET = "pins.reset"
    RECORDINGS_LISTEN = "recordings.listen"
    TICKETS_SEE = "tickets.see"
    TICKETS_EDIT = "tickets.edit"
    TICKETS_OPEN = "tickets.open"
    REPORTS_SEE = "reports.see"
    AUDIT_SEE = "audit.see"
    USERS_MANAGE = "users.manage"
    SYSTEM_SEE = "system.see"
    FLOWS_SEE = "flows.see"


P = Permission

_TICKETS = frozenset(
    {
        P.DESK_USE,
        P.CUSTOMERS_SEE,
        P.TICKETS_SEE,
        P.TICKETS_EDIT,
        P.TICKETS_OPEN,
        P.FLOWS_SEE,
        P.RECORDINGS_LISTEN,
    }
)
_AGENT = _TICKETS | {
    P.CALLS_OWN,
    P.CALLS_CONTROL,
    P.AGENTS_SELF,
    P.QUEUES_SEE,
    P.CUSTOMERS_EDIT,
    P.ACCOUNTS_SEE,
    P.CALLBACKS_SEE,
    P.PINS_RESET,
}
_SUPERVISOR = _AGENT | {
    P.OUTAGES_MANAGE,
    P.CALLBACKS_MANAGE,
    P.ACCOUNTS_EDIT,
    P.CALLS_ALL,
    P.AGENTS_ALL,
    P.REPORTS_SEE,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: _AGENT,
    Role.DISPATCHER: _AGENT | {P.OUTAGES_MANAGE},
    Role.DEPARTMENT: _TICKETS,
    Role.LEADER: _TICKETS | {P.REPORTS_SEE, P.ACCOUNTS_SEE},
    Role.SUPERVISOR: _SUPERVISOR,
    Role.AUDITOR: frozenset(
        {
            P.DESK_USE,
            P.CALLS_OWN,
            P.CALLS_ALL,
            P.QUEUES_SEE,
            P.CUSTOMERS_SEE,
            P.ACCOUNTS_SEE,
            P.CALLBACKS_SEE,
            P.TICKETS_SEE,
            P.REPORTS_SEE,
            P.AUDIT_SEE,
            P.RECORDINGS_LISTEN,
            P.SYSTEM_SEE,
            P.FLOWS_SEE,
        }
    ),
    Role.ADMIN: frozenset(Permission),
}
