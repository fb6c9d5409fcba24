"""What the map calls places, roads and waits: Chinese words, each a key of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from services.reporting.moves import rules
from services.rulebook import registry
from services.web.language import N_

PLACES: Mapping[str, str] = {
    "reported": N_("已报案"), "supplementing": N_("待补充材料"), "verified": N_("已核验"), "in_review": N_("审核中"),
    "with_insurer": N_("保险公司办理"), "payable": N_("待付款"), "refused": N_("不予给付"), "paid": N_("已付款"),
    "closed": N_("已结案"), "cancelled": N_("撤回、作废")}
LEVELS: Mapping[str, str] = {
    "unit": N_("基层工会"), "district": N_("区、产业工会"), "office_first": N_("办事处初审"), "office_senior": N_("办事处复审"),
    "office_head": N_("办事处主任")}
KINDS: Mapping[str, tuple[str, str]] = {
    rules.STRAIGHT: (N_("直路"), "good"), rules.PAPERS: (N_("经过补件"), "busy"), rules.BACK: (N_("退回重走"), "busy"),
    rules.AGAIN: (N_("决定后再审"), "stop"), rules.REFUSED: (N_("直路到不予给付"), "quiet"), rules.LAPSED: (N_("未补正而结案"), "stop"),
    rules.WITHDRAWN: (N_("撤回或作废"), "quiet")}
# The days of one shade on the map; the last has no end.
SHADES: tuple[tuple[int, int | None], ...] = ((0, 1), (2, 3), (4, 7), (8, 14), (15, None))
SHARES = ("100", "95", "80")       # per cent of all moves that are drawn


def levels(met: set[str]) -> tuple[str, ...]:
    """Every level of the plans in the order of the road; one that only the record knows (an old wording's) comes last."""
    places: dict[str, int] = {}
    for book in registry.plans():
        for place, level in enumerate(level for level in book.chain if level.act != "informed"):
            places[level.level] = max(places.get(level.level, 0), place)
    known = [level for level in LEVELS if level in places]
    return (*known, *sorted(places.keys() - LEVELS.keys(), key=lambda level: places[level]), *sorted(met - places.keys() - LEVELS.keys()))


def words_of(place: str) -> str:
    """A place's Chinese words; a level that nobody named keeps its code."""
    stage, _, level = place.partition(":")
    return LEVELS.get(level, level) if level else PLACES.get(stage, stage)


def shade(days: int) -> int:
    """0 (a day at most) … 4 (more than two weeks)."""
    return next(number for number, (_, most) in enumerate(SHADES) if most is None or days <= most)
