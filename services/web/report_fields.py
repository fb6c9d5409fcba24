"""The form of a report: one set of fields for every cover that may answer, so that the plan is never asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.core.errors import InputError
from services.enrolment import queries as enrolment
from services.rulebook.forms import FormField, facts_of_kind
from services.rulebook.schema import RuleBook
from services.web.event_form import PREFIX, EventField, event_fields, own_name, read_event
from services.web.language import N_
from services.web.visit import Visit

# kind of event -> (what a member calls it, when to choose it)
KINDS: Mapping[str, tuple[str, str]] = {
    "diagnosis": (N_("查出疾病"), N_("医院确诊了疾病，如癌症、心脑血管病。住了院的也选这一项。")),
    "inpatient": (N_("生病住院"), N_("因一般疾病住院，没有确诊重大疾病。")),
    "accident": (N_("意外受伤"), N_("摔伤、车祸、烫伤等意外，包括因意外住院或身故。")),
    "settlement": (N_("出院结算"), N_("医院已办“一单”结算，按结算单申领。")),
    "medical_year": (N_("全年医疗费用"), N_("一年里门诊、住院自己负担的费用，年度结束后申领。")),
    "property": (N_("家里受损"), N_("火灾、水暖管爆裂等造成家中财产损失。")),
    "death": (N_("身故"), N_("会员去世，由家人或单位报案。")),
    "consolation": (N_("慰问"), N_("符合慰问规定的情形。"))}
HINTS: Mapping[str, str] = {
    "diagnosed_on": N_("诊断证明或病理报告上写的日期。"), "specimen_on": N_("病理报告上的取材或送检日期；没有做病检的不填。"),
    "disease": N_("照诊断证明写。"), "icd10": N_("诊断证明或病案首页上的编码，如 C50.900；没有就不填，经办人按材料补上。"),
    "behaviour": N_("病理报告上斜线后的数字；没有就不填。"), "severity": N_("照诊断证明选；经办人会按材料核对。"),
    "settled_on": N_("出院结算单上的日期。"), "on": N_("事情发生的那一天。"), "own_payment": N_("元；结算单上个人自付的金额。"),
    "loss": N_("元；估计的也可以。"), "year": N_("四位数字，如 2025。"), "stays_own_1": N_("元；每次住院一行。"),
    "disability_items": N_("项目号，几个之间用逗号隔开，如 3, 7。"), "disability_grades": N_("等级，几个之间用逗号隔开，如 3, 7。"),
    "medical_own_payment": N_("元；扣除医保后自己付的。"), "outpatient_own_1": N_("元。"), "over_cap_own_1": N_("元。"),
    "other_reimbursed": N_("元；其他地方已报的。"), "pool_fund_paid": N_("元；照结算单写。"), "pool_own": N_("元；照结算单写。"),
    "large_own": N_("元；照结算单写。"), "amount": N_("元。"), "subsidy_days": N_("天数。")}
# Asked of those who know: findings of experts, sums that the office sets.
_OFFICE_ONLY = ("disability_items", "disability_grades", "amount", "subsidy_days")
# Codes and findings that stand in the papers: asked last, folded.
_FROM_PAPERS = ("icd10", "behaviour")
STAYS = "stays"
MOST_STAYS = 30


@dataclass(frozen=True, slots=True)
class Grown:
    """The form of one kind of event. `stays`: rows of first and last day, as typed; None when hospital days are not asked."""

    main: tuple[EventField, ...]
    folded: tuple[EventField, ...]
    stays: tuple[tuple[str, str], ...] | None


def grown(visit: Visit, books: Sequence[RuleBook], event: Mapping[str, object], *, office: bool, more_stays: bool = False) -> Grown:
    """The fields of all wordings for the event's kind, each once; needed where every one of them needs it."""
    found: dict[str, EventField] = {}
    for book in books:
        for field in event_fields(book, event):
            known = found.get(field.form.name)
            found[field.form.name] = replace(field, form=_both(known.form, field.form)) if known else field
    needed = _needed(books, str(event.get("kind")))
    fields = [replace(field, form=replace(field.form, required=field.form.name in needed)) for field in found.values()
              if office or field.form.name not in _OFFICE_ONLY]
    plain = [field for field in fields if field.form.name != STAYS]
    return Grown(tuple(field for field in plain if field.form.required or field.form.name not in _FROM_PAPERS),
                 tuple(field for field in plain if not field.form.required and field.form.name in _FROM_PAPERS),
                 _rows(visit, event, more_stays) if STAYS in found else None)


def _both(one: FormField, other: FormField) -> FormField:
    """The same field under two wordings: every choice of either."""
    return replace(one, choices=tuple(dict([*one.choices, *other.choices]).items()))


def _needed(books: Sequence[RuleBook], kind: str) -> set[str]:
    """What every wording needs."""
    sets = [{asked.fact.removeprefix(PREFIX) for asked in facts_of_kind(book, kind) if asked.need == "all"} for book in books]
    return set.intersection(*sets) if sets else set()


def _rows(visit: Visit, event: Mapping[str, object], more: bool) -> tuple[tuple[str, str], ...]:
    typed = _typed_stays(visit)
    stays = event.get(STAYS)
    kept = [(str(stay.get("from", "")), str(stay.get("to", ""))) for stay in stays if isinstance(stay, dict)] \
        if isinstance(stays, list) else []
    rows = typed if visit.form else kept
    rows = [row for row in rows if any(row)]
    return tuple([*rows, ("", "")] if more or not rows else rows)


def _typed_stays(visit: Visit) -> list[tuple[str, str]]:
    return [(visit.field(f"stay-from-{number}"), visit.field(f"stay-to-{number}")) for number in range(MOST_STAYS)
            if f"stay-from-{number}" in visit.form]


def read(visit: Visit, books: Sequence[RuleBook], event: Mapping[str, object]) -> dict[str, object]:
    """The event with what was typed, its words checked. InputError names the form's field."""
    given = visit.typed() | {f"{PREFIX}{STAYS}": _stay_lines(visit)}
    made = dict(event)
    try:
        for book in books:
            made = read_event(book, made, given)
        enrolment.read_event(made)
    except InputError as error:
        raise own_name(error) from error
    return made


def _stay_lines(visit: Visit) -> str:
    lines = []
    for number, (first, last) in enumerate(_typed_stays(visit)):
        if bool(first) != bool(last):
            raise InputError("stay_half", "住院须有入院、出院两个日期", remedy="还没有出院的先不填，出院后补", field=f"stay-to-{number}")
        if first:
            lines.append(f"{first} {last}")
    return "\n".join(lines)
