"""The stories of the sixteen scenarios, and the one timeline they make together."""

from __future__ import annotations

from services.simulate.cast import rosters
from services.simulate.steps import ENROLMENT, Step
from services.simulate.stories.ningxia import NINGXIA
from services.simulate.stories.xinjiang import XINJIANG


def timeline() -> tuple[Step, ...]:
    """Every step in order of days; within a day rosters first, then by scenario, each story in its own order."""
    joining = [Step(roster.day, ENROLMENT, "clerk", "enrol", {"roster": place}) for place, roster in enumerate(rosters())]
    told = [step for story in (*NINGXIA, *XINJIANG) for step in story.steps]
    return tuple(sorted((*joining, *told), key=lambda step: step.day))     # stable: equal days keep their order
