"""How many of a unit must join (readings A-46, A-55), and that nobody joins on her own. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.core.errors import InputError
from services.enrolment.faults import WHOLE, Fault
from services.rulebook.schema import RuleBook

_OF = {"staff": "全体职工", "women": "全体女职工", "parents": "有未成年子女的职工"}
_ASKED = {"staff": "在职职工总数", "women": "女职工总数", "parents": "有未成年子女的职工总数"}


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a unit states of itself with its roster; None what it leaves open."""

    staff: int | None = None
    women: int | None = None
    parents: int | None = None

    def stated(self) -> dict[str, int]:
        """The numbers given. InputError for one below zero."""
        given = {name: value for name, value in (("staff", self.staff), ("women", self.women), ("parents", self.parents))
                 if value is not None}
        for name, value in given.items():
            if value < 0:
                raise InputError("unit_numbers", f"{_ASKED[name]}不能为负", remedy="改正人数", field=name)
        return given


def needed(book: RuleBook, stated: Mapping[str, int], *, taken_over: bool) -> int | None:
    """How many people the plan counts its share of; None when the plan has no share to meet.

    InputError when the unit has not said. Covers taken over from earlier years (`taken_over`) are not asked.
    """
    if book.participation is None:
        return None
    of = book.participation.of
    if of not in stated:
        if taken_over:
            return None
        raise InputError("unit_numbers_missing", f"本计划有参加比例（{book.participation.clause}），须写明{_ASKED[of]}",
                         remedy=f"补上 {of}", field=of)
    return stated[of]


def share_faults(book: RuleBook, people: int | None, *, joining: int, covered: int) -> list[Fault]:
    """Whether enough of the unit join: `people` in it, `joining` by this roster, `covered` already on that day.

    Where parents are counted the roster lists their children, and nothing on it says whose: each counts as one parent,
    so more children than parents is no fault (`counted_by_child` says so to whoever sends it).
    """
    rule = book.participation
    if rule is None or people is None:
        return []
    least, have = rule.required(people), joining + covered
    if have > people and rule.of != "parents":
        return [Fault(WHOLE, rule.of, f"{_OF[rule.of]}{people}人，名单加在保共{have}人，多于全体", f"核对{_ASKED[rule.of]}", "share_over")]
    if have >= least:
        return []
    return [Fault(WHOLE, rule.of, f"{_OF[rule.of]}{people}人，至少{least}人，名单加在保共{have}人，还差{least - have}人（{rule.clause}）",
                  "动员后补入名单，或核对人数", "share_short")]


def counted_by_child(book: RuleBook, people: int | None) -> bool:
    """Whether a share of parents was counted by their children."""
    return people is not None and book.participation is not None and book.participation.of == "parents"


def alone_faults(*, joining: int, covered: int, herself: bool) -> list[Fault]:
    """One person who uploads a roster of herself, where nobody else of the unit is covered, joins alone."""
    if joining == 1 and not covered and herself:
        return [Fault(WHOLE, "姓名", "名单上只有上传人本人：只接受单位统一组织参加，不接受个人参加", "由单位统一组织参加", "alone")]
    return []
