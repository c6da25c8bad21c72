"""What an administrator does to users from the command line, on a database of its own."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from server.cli import app

SETTINGS = """
[database]
url = "sqlite:///{folder}/rd.db"
[[pbx]]
name = "main"
secret = "x"
"""


class Shell:
    """Runs `ringdesk` in this process; `input` is the standard input."""

    def __init__(self, folder: Path) -> None:
        self._config = folder / "ringdesk.toml"
        self._config.write_text(SETTINGS.format(folder=folder))

    def run(self, *words: str, input: str = "") -> Result:
        return CliRunner().invoke(app, [*words, "--config", str(self._config)], input=input)

    def good(self, *words: str, input: str = "") -> str:
        done = self.run(*words, input=input)
        assert done.exit_code == 0, done.output
        return done.stdout

    def bad(self, *words: str, input: str = "") -> str:
        done = self.run(*words, input=input)
        assert done.exit_code == 1, done.output
        assert len(done.stderr.splitlines()) == 1
        return done.stderr


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.good("migrate")
    shell.good("user", "add", "anna", "--role", "agent", "--interface", "PJSIP/1001", input="first\n")
    return shell


def test_a_leavers_phone_goes_to_the_successor(shell: Shell) -> None:
    assert "cannot sign in any more" in shell.good("user", "disable", "anna")
    assert "disabled" in shell.good("user", "list")
    wanted = ("user", "add", "bob", "--role", "agent", "--interface", "PJSIP/1001")
    assert "already the phone of anna" in shell.bad(*wanted, input="second\n")
    shell.good("user", "phone", "anna", "--remove", "PJSIP/1001")
    shell.good(*wanted, input="second\n")
    assert "main:PJSIP/1001" in shell.good("user", "list")
    assert "cannot sign" not in shell.good("user", "enable", "anna")


def test_a_phone_is_changed_for_another(shell: Shell) -> None:
    shell.good("user", "phone", "anna", "--remove", "pjsip/1001", "--add", "PJSIP/1002")
    assert "PJSIP/1002" in shell.good("user", "list")
    assert "has no phone PJSIP/1001" in shell.bad("user", "phone", "anna", "--remove", "PJSIP/1001")
    assert "--add" in shell.bad("user", "phone", "anna")


def test_role_and_password(shell: Shell) -> None:
    assert "supervisor" in shell.good("user", "role", "anna", "supervisor")
    assert "supervisor" in shell.good("user", "list")
    shell.good("user", "password", "anna", input="another\n")
    assert "empty" in shell.bad("user", "password", "anna", input="\n")
    assert "no user" in shell.bad("user", "password", "nobody", input="another\n")
    assert shell.run("user", "role", "anna", "king").exit_code == 2


def test_tokens_are_deleted(shell: Shell) -> None:
    shell.good("token", "add", "anna")
    shell.good("token", "add", "anna")
    assert shell.good("token", "revoke", "anna").startswith("2 tokens")
    assert shell.good("token", "revoke", "anna").startswith("0 tokens")
