"""The engine: `begin`, then `step` by step from each effect's outcome to the next effect. Pure.

`step(flows, state, input) -> (state, effect)`. Keep the `Flows` that a visit began with: it stays on them.
"""

from ivr_flows.engine.state import State, left_in
from ivr_flows.engine.step import begin, step
from ivr_flows.engine.visit import answers, visit_of

__all__ = ["State", "answers", "begin", "left_in", "step", "visit_of"]
