"""The insurer's own judgement of 安康保 (seed 003), from the dossier and from what it paid before. Money in yuan.

This is a second reading of the contract, written apart from the union's rule-book: where the two differ, one is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

LUMP = {"breast_cancer": Decimal(100000), "other_gynaecological_cancer": Decimal(50000)}      # 第八条
PER_DAY, FREE_DAYS, MOST_DAYS, WAITING_DAYS = Decimal(100), 3, 180, 30                       # 第五至八条
SITES = (("C50", "breast_cancer"), ("C52", "other_gynaecological_cancer"), ("C53", "other_gynaecological_cancer"),
         ("C54", "other_gynaecological_cancer"), ("C55", "other_gynaecological_cancer"),
         ("C56", "other_gynaecological_cancer"), ("C57.0", "other_gynaecological_cancer"))
CLAUSES = {"breast_cancer": "安康保办法 第五条、第八条", "other_gynaecological_cancer": "安康保办法 第五条、第八条",
           "breast_cancer_allowance": "安康保办法 第六条、第八条",
           "other_gynaecological_cancer_allowance": "安康保办法 第七条、第八条"}
ZERO = Decimal("0.00")
Outcome = Literal["pay", "part", "refund", "nothing"]


@dataclass(frozen=True)
class Stay:
    """A stay by its days, or from admission to discharge."""

    days: int | None = None
    admitted: date | None = None
    discharged: date | None = None


@dataclass(frozen=True)
class Case:
    """What the judgement looks at; `paid_before` is what this insurer paid on the same cover, by liability."""

    icd10: str
    behaviour: str
    specimen_on: date
    stays: Sequence[Stay]
    effective: date
    until: date
    renewal: bool
    premium_paid: Decimal
    claimed: Mapping[str, Decimal]
    paid_before: Mapping[str, Decimal]


@dataclass(frozen=True)
class Answer:
    """One liability, answered."""

    liability: str
    amount: Decimal
    reason: str | None
    clause: str


@dataclass(frozen=True)
class Judgement:
    """All liabilities, and the premium to give back."""

    outcome: Outcome
    refund: Decimal
    answers: tuple[Answer, ...]

    @property
    def total(self) -> Decimal:
        """What goes out, in yuan."""
        return sum((answer.amount for answer in self.answers), self.refund)


def judge(case: Case) -> Judgement:
    """Site and behaviour first, then the cover's days, then the waiting period, then the amounts."""
    site = next((liability for code, liability in SITES if case.icd10.startswith(code)), None)
    if site is None or case.behaviour != "3":
        return _all_refused(_why_not_listed(case), "安康保办法 第五条、第九条")
    if not case.effective <= case.specimen_on <= case.until:
        return _all_refused("not_in_cover", "安康保办法 第四条、第九条")
    if not case.renewal and case.specimen_on < case.effective + timedelta(days=WAITING_DAYS):
        refused = _all_refused("waiting_period", "安康保办法 第五条")
        return Judgement("refund" if case.premium_paid else "nothing", case.premium_paid, refused.answers)
    answers = tuple(_lump(name, case, site) if name in LUMP else _allowance(name, case, site) for name in CLAUSES)
    return Judgement(outcome_of(answers, ZERO, case.claimed), ZERO, answers)


def outcome_of(answers: Sequence[Answer], refund: Decimal, claimed: Mapping[str, Decimal]) -> Outcome:
    """`part` when a liability got less than the union had computed for it."""
    if refund:
        return "refund"
    if not any(answer.amount for answer in answers):
        return "nothing"
    return "part" if any(answer.amount < claimed.get(answer.liability, ZERO) for answer in answers) else "pay"


def _why_not_listed(case: Case) -> str:
    if case.icd10.startswith("D0") or case.behaviour == "2":
        return "in_situ"
    if case.behaviour == "6" or case.icd10[:3] in {"C77", "C78", "C79"}:
        return "not_primary"
    return "not_in_list"


def _all_refused(reason: str, clause: str) -> Judgement:
    return Judgement("nothing", ZERO, tuple(Answer(name, ZERO, reason, clause) for name in CLAUSES))


def _lump(name: str, case: Case, site: str) -> Answer:
    if name != site:
        return Answer(name, ZERO, "not_in_list", CLAUSES[name])
    left = max(ZERO, LUMP[name] - case.paid_before.get(name, ZERO))
    reason = None if left == LUMP[name] else "cap_reached" if left else "paid_before"
    return Answer(name, left, reason, CLAUSES[name])


def _allowance(name: str, case: Case, site: str) -> Answer:
    if name != f"{site}_allowance":
        return Answer(name, ZERO, "not_in_list", CLAUSES[name])
    days = sum(max(0, covered_days(stay, case.effective, case.until) - FREE_DAYS) for stay in case.stays)
    used = int(case.paid_before.get(name, ZERO) / PER_DAY)
    paid = min(days, max(0, MOST_DAYS - used))
    reason = "no_paid_days" if days == 0 else "cap_reached" if paid < days else None
    return Answer(name, PER_DAY * paid, reason, CLAUSES[name])


def covered_days(stay: Stay, effective: date, until: date) -> int:
    """Days of a stay inside the cover: the day of admission counts, that of discharge does not, at least one."""
    if stay.days is not None or stay.admitted is None or stay.discharged is None:
        return stay.days or 0
    if stay.admitted == stay.discharged:
        return 1 if effective <= stay.admitted <= until else 0
    first, last = max(stay.admitted, effective), min(stay.discharged, until + timedelta(days=1))
    return max(0, (last - first).days)
