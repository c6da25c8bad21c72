"""The `ringdesk` command: one place where every command is named."""

from __future__ import annotations

import typer

from config.settings import LogSettings
from core.logs import set_up_logs
from server.commands import (
    accounts,
    audit,
    check,
    customer_accounts,
    customers,
    demo,
    departments,
    doctor,
    flow,
    journal,
    migrate,
    prompts,
    schema,
    serve,
    tail,
    users,
    webhooks,
    workflow,
)

app = typer.Typer(
    name="ringdesk",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
user = typer.Typer(help="Who may sign in.", no_args_is_help=True)
token = typer.Typer(help="API tokens.", no_args_is_help=True)
customer = typer.Typer(help="Customer records.", no_args_is_help=True)
money = typer.Typer(help="Balances and bills.", no_args_is_help=True)
record = typer.Typer(help="The record of what happened.", no_args_is_help=True)
department = typer.Typer(help="Departments, their members and stand-ins.", no_args_is_help=True)
kind = typer.Typer(help="Definitions of tickets.", no_args_is_help=True)
menu = typer.Typer(help="Flows of the phone menu.", no_args_is_help=True)
hook = typer.Typer(help="What other systems are told.", no_args_is_help=True)

voice = typer.Typer(help="What callers hear.", no_args_is_help=True)


@app.callback()
def before_each() -> None:
    """Call-centre CTI and service desk for Asterisk."""
    # A command's standard output is its own: scripts read it. `serve` sets up its log by its settings.
    set_up_logs(LogSettings(level="warning"))


app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("check")(check.check)
app.command("migrate")(migrate.migrate)
app.command("doctor")(doctor.doctor)
app.command("tail")(tail.tail)
app.command("trace")(journal.trace)
app.command("replay")(journal.replay)
app.command("schema")(schema.schema)
user.command("add")(users.add)
user.command("list")(users.list_users)
user.command("password")(accounts.password)
user.command("role")(accounts.role)
user.command("phone")(accounts.phone)
user.command("disable")(accounts.disable)
user.command("enable")(accounts.enable)
token.command("add")(users.add_token)
token.command("revoke")(accounts.revoke)
customer.command("import")(customers.import_csv)
customer.command("pin")(customers.pin)
customer.command("pins")(customers.pins)
money.command("import")(customer_accounts.import_csv)
record.command("verify")(audit.verify)
kind.command("try")(workflow.try_)
kind.command("diff")(workflow.diff)
kind.command("load")(workflow.load)
app.add_typer(kind, name="workflow")
menu.command("try")(flow.try_)
menu.command("diagram")(flow.diagram)
app.add_typer(menu, name="flow")
app.add_typer(record, name="audit")
voice.command("build")(prompts.build)
voice.command("list")(prompts.list_)
app.add_typer(voice, name="prompts")
department.command("add")(departments.add)
department.command("member")(departments.member)
department.command("absence")(departments.absence)
department.command("list")(departments.list_departments)
hook.command("list")(webhooks.list_deliveries)
hook.command("replay")(webhooks.replay)
app.add_typer(user, name="user")
app.add_typer(token, name="token")
app.add_typer(customer, name="customers")
app.add_typer(money, name="accounts")
app.add_typer(department, name="department")
app.add_typer(hook, name="webhook")


def main() -> None:
    """Entry point: exit code 0 done, 1 a problem told in a line on stderr, 2 usage."""
    app()
