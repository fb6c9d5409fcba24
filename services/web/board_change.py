"""A number beside an earlier one, in words: more or less, by how much, and whether that is better. Never by colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from services.reporting.boards.views import TimeRow
from services.web.language import Say

LEAST = 0.0005          # a share that differs by less is the same to the reader


@dataclass(frozen=True, slots=True)
class Change:
    """`mark` points up, down or nowhere; `kind`: good, stop or quiet."""

    mark: str
    words: str
    kind: str


def days_changed(say: Say, now: TimeRow, then: TimeRow | None) -> Change:
    """The median of working days against an earlier one."""
    if then is None:
        return Change("", "—", "quiet")
    more = now.workdays.median - then.workdays.median
    if not more:
        return Change("", say("持平"), "quiet")
    if more > 0:
        return Change("▲", say("慢了{n}天", n=more), "stop")
    return Change("▼", say("快了{n}天", n=-more), "good")


def share_changed(say: Say, now: float | None, then: float | None, *, more_is_better: bool = True) -> Change:
    """A share of one against an earlier one, in points of a hundred."""
    if now is None or then is None:
        return Change("", "—", "quiet")
    more = now - then
    if abs(more) < LEAST:
        return Change("", say("持平"), "quiet")
    points = f"{abs(more) * 100:.1f}"
    better = (more > 0) == more_is_better
    said = say("高了{n}个百分点", n=points) if more > 0 else say("低了{n}个百分点", n=points)
    return Change("▲" if more > 0 else "▼", said, "good" if better else "stop")
