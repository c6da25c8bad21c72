"""The calls that are recorded and compared: what people do, in order. Each act gets a fresh Asterisk."""

from collections.abc import Mapping

from tests.real.acts import asking, attended, blind, direct, elsewhere, flows, house, names, queue, ways
from tests.real.acts.act import Act

ACTS: Mapping[str, Act] = {
    scene.name: scene for scene in (*queue.ACTS, *direct.ACTS, *flows.ACTS, *names.ACTS)
}
"""The everyday ones; the practice PBX plays them too, and is held to their recordings."""

_SHAPES = (blind, attended, asking, house, ways, elsewhere)
SHAPES: Mapping[str, Act] = {scene.name: scene for module in _SHAPES for scene in module.ACTS}
"""Calls that are moved about, recorded on each version of Asterisk."""
