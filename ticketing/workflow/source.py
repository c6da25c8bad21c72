"""YAML with lines, as `core.definition` reads it for every kind of definition."""

from core.definition.source import Path, Problem, Source, read_yaml

__all__ = ["Path", "Problem", "Source", "read_yaml"]
