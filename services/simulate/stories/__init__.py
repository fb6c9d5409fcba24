"""The stories of the sixteen scenarios, and the one timeline they make together."""

from __future__ import annotations

from collections import Counter
from datetime import date

from services.simulate.cast import rosters
from services.simulate.steps import ENROLMENT, Step
from services.simulate.stories.ningxia import NINGXIA
from services.simulate.stories.xinjiang import XINJIANG


def timeline() -> tuple[Step, ...]:
    """Every step in order of days. Within a day rosters come first, then every story's first step, then every second
    one: people at different desks work side by side, and each story keeps its own order."""
    joining = [Step(roster.day, ENROLMENT, "clerk", "enrol", {"roster": place}) for place, roster in enumerate(rosters())]
    told = [step for story in (*NINGXIA, *XINJIANG) for step in story.steps]
    ranked, seen = [], Counter[tuple[date, str]]()
    for step in (*joining, *told):
        ranked.append((step.day, seen[step.day, step.scenario] if step.scenario != ENROLMENT else -1, step))
        seen[step.day, step.scenario] += 1
    return tuple(step for *_, step in sorted(ranked, key=lambda item: item[:2]))     # stable: equal ranks keep their order
