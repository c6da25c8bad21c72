"""Definitions are read by libyaml: to the same data, and with the same words where they are wrong, as by PyYAML."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import yaml
from yaml._yaml import CParser

from config import files
from core.definition import source
from core.definition.source import Source, read_yaml

SHIPPED = sorted(Path(files.__file__).parent.rglob("*.yaml"))
DAMAGE = (
    *"[]{}:,-?&*!|>'\"#%@`~\\\t\n \x85\u2028\ufeff\x00号0",
    "<<: ",
    "---\n",
    "!!set ",
    "&a ",
    "*a ",
    "- ",
    "|2\n",
)


def by_pyyaml(monkeypatch: pytest.MonkeyPatch, text: str) -> Source:
    """As it is read where PyYAML was built without libyaml."""
    with monkeypatch.context() as without:
        without.setattr(yaml, "__with_libyaml__", False)
        return read_yaml(text, "x.yaml")


def test_it_is_there() -> None:
    assert yaml.__with_libyaml__
    assert issubclass(source._Quick, CParser)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_files_are_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text("utf-8-sig")
    assert read_yaml(text, "x.yaml") == by_pyyaml(monkeypatch, text)


def test_a_damaged_file_is_the_same_or_has_the_same_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    random, faults = Random(5), 0
    for _ in range(400):
        text = random.choice(SHIPPED).read_text("utf-8-sig")
        at = random.randrange(len(text))
        text = text[at : at + 200]
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(DAMAGE) + text[at:]
        ours, theirs = read_yaml(text, "x.yaml"), by_pyyaml(monkeypatch, text)
        if theirs.data is not None:
            assert ours.data == theirs.data, text
        faults += ours.problems != () and ours.data is None
        if ours.data is None:
            assert ours.problems == theirs.problems, text
    assert faults > 100


@pytest.mark.parametrize("text", ["a: " + "[" * 1_200, "- " * 1_200, "{a: " * 1_200, "a: &x [*x]"])
def test_what_is_too_deep_is_told_and_does_not_crash(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = read_yaml(text, "x.yaml")
    assert ours.data is None
    assert ours.problems == by_pyyaml(monkeypatch, text).problems
