"""YAML text to plain data, with the line of every key, so that a message can say where."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

Path = tuple[str | int, ...]

MAX_NODES = 50_000
"""A definition has some hundreds of nodes; aliases that multiply into millions are cut off here."""
PLAIN = frozenset(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)
"""What YAML itself makes of text without a tag. Everything else (`!!python/…`, `!!set`) is refused unread."""


class Problem(msgspec.Struct, frozen=True):
    """Something wrong in a file: where, what, and what to do about it. Lines count from 1."""

    file: str
    line: int
    message: str
    fix: str


class Source(msgspec.Struct, frozen=True):
    """The data of a file and the line on which each part of it stands."""

    file: str
    data: Any
    lines: dict[Path, int]
    problems: tuple[Problem, ...] = ()

    def line(self, path: Path) -> int:
        """The line of a part, or of the nearest part around it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path, message: str, fix: str) -> Problem:
        return Problem(self.file, self.line(path), message, fix)


if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    class _Quick(Composer, CParser, SafeConstructor, Resolver):
        """Text is read by libyaml, some seven times as quickly as by PyYAML: a start, and a reload beside calls, took
        most of their time for it. The nodes are put together by PyYAML's own `Composer`: libyaml's way of doing that
        crashes on lists that are thousands deep."""

        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            Composer.__init__(self)
            SafeConstructor.__init__(self)
            Resolver.__init__(self)


def _composed(text: str) -> tuple[SafeConstructor, yaml.Node | None]:
    """What constructs the values, and the node at the root. Where libyaml finds a fault PyYAML reads again and says in
    its own words what it is, so that messages do not depend on how PyYAML was installed."""
    if yaml.__with_libyaml__ and "\t" not in text:  # of tabs the two take different ones
        try:
            quick = _Quick(text)
            return quick, quick.get_single_node()
        except (yaml.YAMLError, ValueError):
            pass
    loader = yaml.SafeLoader(text)
    return loader, loader.get_single_node()


class _Reader:
    def __init__(self, file: str, loader: SafeConstructor) -> None:
        self.file = file
        self.loader = loader
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self.nodes = 0

    def read(self, node: yaml.Node, path: Path) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            what = f"more than {MAX_NODES} parts; are there aliases that multiply?"
            raise yaml.MarkedYAMLError(problem=what, problem_mark=node.start_mark)
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if node.tag not in PLAIN:
            self.wrong(line, f"the tag `{_tag(node.tag)}` is not taken here", "remove it: plain values only")
            return node.value if isinstance(node.value, str) else ""
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, at)) for at, item in enumerate(node.value)]
        try:
            return self.text(self.loader.construct_object(node), line)
        except (ValueError, OverflowError) as error:  # 2026-13-01, a number of thousands of digits
            shown, why = str(node.value)[:40], str(error)[:80]
            self.wrong(line, f"`{shown}` cannot be read: {why}", "correct it, or put it in quotes")
            return node.value

    def text(self, value: Any, line: int) -> Any:
        """The value; of a text only what can be written down: YAML's escapes may name half a character."""
        if not isinstance(value, str) or not any(0xD800 <= ord(c) <= 0xDFFF for c in value):
            return value
        self.wrong(line, "half of a character (a surrogate) cannot stand in text", "remove it")
        return "".join(c for c in value if not 0xD800 <= ord(c) <= 0xDFFF)

    def wrong(self, line: int, message: str, fix: str) -> None:
        self.problems.append(Problem(self.file, line, message, fix))

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if key_node.tag.endswith(":merge"):
                self.wrong(line, "`<<` does not take over other keys here", "write them out")
                continue
            if not isinstance(key, str) or not key_node.tag.endswith(":str"):
                shown = repr(key) if isinstance(key, str) else "that is a list or mapping"
                self.wrong(line, f"the key {shown} is not text to YAML", "put it in quotes")
                key = str(key) if isinstance(key, str) else "?"
            key = self.text(key, line)
            if key in found:
                self.wrong(line, f"`{key}` is written twice here", "rename or remove one of the two")
            self.lines[(*path, key)] = line
            found[key] = self.read(value_node, (*path, key))
        return found


def read_yaml(text: str, file: str) -> Source:
    """The text as data with lines; what is not YAML is a problem in the result, not an exception."""
    try:
        loader, node = _composed(text)
        if node is None:
            return Source(file, {}, {(): 1})
        reader = _Reader(file, loader)
        data = reader.read(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = Problem(file, line, f"not YAML: {error.problem}", _look(text, line))
        return Source(file, None, {(): 1}, (problem,))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"not YAML: a character U+{error.character:04X} cannot stand in text"
        return Source(file, None, {(): 1}, (Problem(file, line, message, "remove it"),))
    except RecursionError:
        message = "not YAML that can be read: lists and mappings too deep inside each other"
        problem = Problem(file, 1, message, "write it flatter; no alias may hold itself")
        return Source(file, None, {(): 1}, (problem,))
    except (yaml.YAMLError, ValueError) as error:
        message = f"not YAML that can be read: {' '.join(str(error).split())}"
        problem = Problem(file, 1, message, "write plain text, lists and mappings only")
        return Source(file, None, {(): 1}, (problem,))
    return Source(file, data, reader.lines, tuple(reader.problems))


def _look(text: str, line: int) -> str:
    """What to do about text that is not YAML: a parser names the sign at which it gave up, seldom the mistake."""
    near = text.splitlines()[max(0, line - 2) : line]
    if any("\t" in one for one in near):
        return "write blanks: a tab cannot stand before or between keys and values"
    if any(sign in one for one in near for sign in "：，｛｝［］“”"):
        return "outside texts YAML takes only the signs : , { } [ ] of ASCII, none of full width"
    return "look at this line and the one above it; a text with any of : # , [ ] { } in it belongs in quotes"


def _tag(tag: str) -> str:
    """The tag as it is written in a file."""
    return tag.replace("tag:yaml.org,2002:", "!!")


class Faulty(Exception):
    """A definition cannot be used; `problems` says why, each with its line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{p.file}:{p.line}: {p.message} ({p.fix})" for p in problems))
        self.problems = problems
