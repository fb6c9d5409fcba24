"""What the insurer's people do at their own desk, and the faults that the story asks for."""

from __future__ import annotations

from services.core.clock import at_hour
from services.simulate.stage import Stage, rows
from services.simulate.steps import Step

_HOUR = 9


def act(stage: Stage, step: Step) -> None:
    """`file`, `question`, `decide` or `settle`: the act is the desk's own word."""
    stage.desk.step(stage.claims[step.scenario], step.act, at=at_hour(step.day, _HOUR), **step.with_)


def fault(stage: Stage, step: Step) -> None:
    """Switch the story's faults on, each once."""
    stage.desk.faults(stage.claims[step.scenario], rows(step.with_["faults"]))
