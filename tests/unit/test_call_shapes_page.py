"""The committed table of docs/call-shapes.md: every call, on both versions, and all the same."""

from __future__ import annotations

from tests.real import compare


def test_the_page_has_every_call_on_both_versions_and_all_are_the_same() -> None:
    lines = compare.PAGE.read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    table = cells[1:]
    assert [(name, int(version)) for name, version, *_ in table] == [
        (name, version) for name in compare.shapes() for version in compare.VERSIONS
    ]
    assert {same for *_, same in table} == {"yes"}


def test_the_page_begins_as_the_command_writes_it() -> None:
    assert compare.PAGE.read_text("utf-8").startswith(compare.HEAD)
