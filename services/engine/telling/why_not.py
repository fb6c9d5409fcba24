"""Why a benefit pays nothing: the facts that decided, in words an office can sign, for reviewer and member alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from services.core.errors import HuzhuError
from services.core.money import show
from services.core.words import date_cn
from services.engine.conditions import in_list
from services.engine.facts import Facts
from services.engine.one import Assessed
from services.engine.telling.phrases import how
from services.engine.telling.words import any_of, days_of, disease, label, plain, shown
from services.rulebook import registry
from services.rulebook.dating import stated_date
from services.rulebook.exclusions import questions
from services.rulebook.flow import facts_in
from services.rulebook.joining import Eligible
from services.rulebook.parts import Benefit, holds
from services.rulebook.results import Nothing, Row
from services.rulebook.steps import Manual, ScaleBy, Take
from services.rulebook.values import Condition, Span

_DISEASE = ("event.disease", "event.icd10", "event.behaviour")


@dataclass(frozen=True, slots=True)
class Why:
    """One reason in words, without full stop; `facts` decided it, `clause` names where it stands."""

    words: str
    facts: tuple[str, ...]
    clause: str


def why(found: Assessed, item: Nothing) -> Why:
    """The reason of one benefit that paid nothing."""
    return _why(found, item)


def why_all(found: Assessed, items: Sequence[Nothing]) -> Why:
    """One reason that several benefits share: their diseases, or the facts they waited for, are named together."""
    reason = _why(found, items[0])
    if items[0].reason == "not_claimed":
        facts = tuple(dict.fromkeys(fact for item in items for fact in missing_facts(found, item)))
        return replace(reason, words=_unclaimed(facts), facts=facts)
    if items[0].reason not in _BY_LIST:
        return reason
    return replace(reason, words=_BY_LIST[items[0].reason].format(disease_of(found.facts), _listed(found, items)))


def _why(found: Assessed, item: Nothing) -> Why:
    words, facts = _WORDS[item.reason](found, item, found.book.benefits[item.benefit])
    question = questions(found.book).get(item.clause) if item.reason == "excluded" else None
    return Why(words, facts, question.clause if question else item.clause)


Said = tuple[str, tuple[str, ...]]


def dating_fact(found: Assessed) -> str:
    """The fact that gave the decisive date."""
    return next(fact for fact in found.book.dated_by if stated_date(found.c, fact) is not None)


def _on(found: Assessed) -> str:
    fact = dating_fact(found)
    return f"{found.c.event.year}年度" if fact == "event.year" else f"{label(fact)}{date_cn(found.facts.decisive)}"


def _not_in_cover(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    cover = found.c.cover
    return (f"{_on(found)}不在保障期（{date_cn(cover.effective)}至{date_cn(cover.until)}）内",
            (dating_fact(found), "cover.effective", "cover.until"))


def plan_name(plan: str) -> str:
    """A plan by its own name; its code where no file of it is at hand."""
    try:
        return registry.latest(plan).name
    except HuzhuError:
        return plan


def _prerequisite(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    required = found.book.requires
    assert required is not None
    return f"{_on(found)}没有参加{plan_name(required.plan)}，而本计划须先参加它", (dating_fact(found),)


def _not_eligible(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    rule, facts, person = found.book.eligible, found.facts, found.c.person
    if rule.sex and person.sex and person.sex != rule.sex:
        return f"性别为{shown('person.sex', person.sex)}，本计划限{shown('person.sex', rule.sex)}性", ("person.sex",)
    if rule.relation and person.relation and person.relation not in rule.relation:
        return (f"与职工关系为{shown('person.relation', person.relation)}，本计划限{any_of('person.relation', rule.relation)}",
                ("person.relation",))
    span = _age_span(rule, found.c.cover.renewal)
    age = facts.get("person.age")
    if span is not None and isinstance(age, int) and not span.holds(age):
        return (f"生效日{date_cn(found.c.cover.effective)}为{age}周岁，本计划限{_ages(span)}",
                ("person.age", "cover.effective", "cover.renewal"))
    failed = next(condition for condition in rule.when if not holds(condition, facts.get(condition.fact)))
    return _differs(failed, facts), (failed.fact,)


def _age_span(rule: Eligible, renewal: bool) -> Span | None:
    return rule.renewal_age if renewal and rule.renewal_age else rule.age


def who_may_join(rule: Eligible, *, renewal: bool) -> dict[str, str]:
    """What the plan asks of the person, in words by the fact it reads."""
    span = _age_span(rule, renewal)
    asked = {"person.sex": f"{shown('person.sex', rule.sex)}性" if rule.sex else "",
             "person.relation": any_of("person.relation", rule.relation), "person.age": _ages(span) if span else ""}
    asked |= {condition.fact: any_of(condition.fact, condition.any_of) for condition in rule.when if condition.any_of}
    return {fact: words for fact, words in asked.items() if words}


def _ages(span: Span) -> str:
    if span.low is None:
        return f"{span.high}周岁以下"
    return f"{span.low}周岁以上" if span.high is None else f"{span.low}至{span.high}周岁"


def _excluded(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    question = questions(found.book).get(item.clause)
    return f"属于除外责任（{question.text or question.question if question else item.clause}）", ()


def _waiting(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    facts, book = found.facts, found.book
    span = book.waiting.days if book.waiting else book.bands.ranges[facts.band.band] if book.bands else Span()
    end = f"，{date_cn(found.c.cover.effective + timedelta(days=span.high))}起发生的才可给付" if span.high else ""
    return (f"{_on(found)}是保障生效后第{facts.band.day}天，在{waiting_word(found)}（{days_of(span)}）内{end}",
            (dating_fact(found), "cover.effective", "cover.renewal"))


def waiting_word(found: Assessed) -> str:
    """等待期 or 观察期, as the plan calls it."""
    rule = found.book.waiting or found.book.bands
    return "观察期" if rule is not None and (found.book.bands or "观察期" in rule.clause) else "等待期"


def _band(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    bands = found.book.bands
    assert bands is not None
    wanted = next(condition.any_of for condition in benefit.when if condition.fact == "band")
    spans = "或".join(days_of(bands.ranges[name]) for name in wanted)
    renewed = "是连续续保，不经观察期" if found.c.cover.renewal and bands.renewal else f"是保障生效后第{found.facts.band.day}天"
    return f"{_on(found)}{renewed}，本项在{spans}给付", (dating_fact(found), "cover.effective", "cover.renewal")


def failed_condition(benefit: Benefit, found: Assessed) -> Condition:
    """The first condition that did not hold."""
    return next(condition for condition in benefit.when if not _holds(condition, found))


def _holds(condition: Condition, found: Assessed) -> bool:
    if condition.fact == "list":
        return any(in_list(found.book.lists[name], found.facts) for name in condition.any_of)
    return holds(condition, found.facts.get(condition.fact))


def disease_of(facts: Facts) -> str:
    """The disease in words."""
    named, icd10, behaviour = (facts.get(fact) for fact in _DISEASE)
    return disease(named, icd10, behaviour, facts.get("event.severity"))


def _stated(facts: Facts) -> tuple[str, ...]:
    return tuple(fact for fact in _DISEASE if facts.get(fact) is not None)


_BY_LIST = {"not_in_list": "{0}不在保障的病种之内，保障的病种是{1}", "in_situ": "{0}属原位癌，保障的病种是{1}",
            "not_primary": "所患肿瘤是继发（转移）的，保障的病种是{1}"}


def _listed(found: Assessed, items: Sequence[Nothing]) -> str:
    names = [name for item in items for name in failed_condition(found.book.benefits[item.benefit], found).any_of]
    return "、".join(dict.fromkeys(found.book.lists[name].name or name for name in names))


def _by_list(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    return _BY_LIST[item.reason].format(disease_of(found.facts), _listed(found, [item])), _stated(found.facts)


def _condition(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    failed = failed_condition(benefit, found)
    return _differs(failed, found.facts), (failed.fact,)


def _differs(condition: Condition, facts: Facts) -> str:
    value, name = facts.get(condition.fact), label(condition.fact)
    if condition.any_of == ("true",):
        return f"本次事件不是{name}"
    span = condition.span
    wanted = (f"{span.low if span.low is not None else ''}至{span.high if span.high is not None else ''}" if span is not None
              else any_of(condition.fact, condition.any_of))
    if span is not None and (span.low is None or span.high is None):
        wanted = f"{span.high}以下" if span.low is None else f"{span.low}以上"
    return f"{name}为{shown(condition.fact, value)}，本项限{wanted}"


def _not_claimed(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    facts = missing_facts(found, item)
    return _unclaimed(facts), facts


def _unclaimed(facts: Sequence[str]) -> str:
    return "没有申报" + "、".join(label(fact) for fact in facts)


def missing_facts(found: Assessed, item: Nothing) -> tuple[str, ...]:
    """The facts that a benefit waited for in vain."""
    benefit = found.book.benefits[item.benefit]
    if not item.rows:
        return (failed_condition(benefit, found).fact,)
    rule = item.rows[-1].rule
    read = (rule.scale.fact,) if isinstance(rule, ScaleBy) else tuple(facts_in(rule.take)) if isinstance(rule, Take) else ()
    return tuple(fact for fact in read if found.facts.get(fact) is None)


def _names(found: Assessed, names: list[str]) -> str:
    return "、".join(found.book.benefits[name].name for name in dict.fromkeys(names))


def _ended(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    paid = [given.benefit for given in found.c.paid if given.amount > 0 and not given.earlier]
    here = [line.benefit for line in found.result.lines if line.amount > 0]
    closing = [name for name in (*paid, *here) if item.benefit in found.book.closed_by(name)]
    return f"已给付{_names(found, closing)}，本项依规定终止", ()


def _same_disease(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    return f"{disease_of(found.facts)}已经给付过，同一疾病不重复给付", _stated(found.facts)


def _one_of(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    lines = [line.benefit for line in found.result.lines]
    taken = [name for group in found.book.one_of if item.benefit in group.benefits for name in group.benefits if name in lines]
    return f"同一事件已按{_names(found, taken) or '另一项待遇'}给付", ()


def _cap(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    row = item.rows[-1]
    if not row.limit:
        return f"{how(item.rows[:-1], found.facts)}，而规定的最高额计算为零", facts_of(row)
    amount = f"{plain(row.limit)}天" if row.unit == "days" else f"{show(row.limit)}元"
    used = "" if not row.used else f"，已计{plain(row.used)}天" if row.unit == "days" else f"，已付{show(row.used)}元"
    return f"最高给付{amount}{used}，没有余额", ()


def _zero(found: Assessed, item: Nothing, benefit: Benefit) -> Said:
    rows: tuple[Row, ...] = item.rows
    # What comes after the quantity fell to nothing explains nothing.
    upto = next((place for place, row in enumerate(rows, 1) if row.left and not any(row.left)), len(rows))
    said = how(rows[:upto], found.facts)
    read = tuple(dict.fromkeys(fact for row in rows[:upto] for fact in facts_of(row)))
    return (f"{said}，没有应付金额" if said else "没有应付金额"), read


def facts_of(row: Row) -> tuple[str, ...]:
    """The facts that one row read."""
    rule = row.rule
    if isinstance(rule, ScaleBy):
        return (rule.scale.fact,)
    if isinstance(rule, Manual):
        return (*facts_in(rule.manual), *facts_in(rule.times))
    values = (getattr(rule, key, None) for key in ("take", "less", "cap", "times"))
    return tuple(dict.fromkeys(fact for value in values for fact in facts_in(value)))


_WORDS: dict[str, Callable[[Assessed, Nothing, Benefit], Said]] = {
    "not_in_cover": _not_in_cover, "prerequisite_missing": _prerequisite, "not_eligible": _not_eligible,
    "excluded": _excluded, "waiting_period": _waiting, "band_differs": _band, "not_in_list": _by_list,
    "in_situ": _by_list, "not_primary": _by_list, "severity_differs": _condition, "condition_not_met": _condition,
    "not_claimed": _not_claimed, "ended": _ended, "already_paid_disease": _same_disease, "one_of": _one_of,
    "cap_reached": _cap, "zero_amount": _zero}
