"""Shapes and suggestions, as `core.definition` checks them for every kind of definition."""

from core.definition.shape import check_shape, suggest

__all__ = ["check_shape", "suggest"]
