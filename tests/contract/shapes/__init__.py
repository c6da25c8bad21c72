"""The calls of tests/traces/shapes, played on the practice PBX by the same people in the same order."""

from tests.contract.shapes import attended, blind, house, stages, ways

SHAPES = stages.SHAPES
__all__ = ["SHAPES", "attended", "blind", "house", "ways"]
