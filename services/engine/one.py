"""A claim in Decimal, every step kept in words for the worksheet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from services.core.errors import InputError
from services.core.money import round_line, show
from services.engine.conditions import Reason, benefit_refusal, expand, in_list, plan_refusal
from services.engine.event import known_day, report_day
from services.engine.facts import Facts, assumed_behaviour, gather, reaches_outside, same_disease
from services.engine.steps import ZERO, number_of, run
from services.rulebook.computation import Computation, Event
from services.rulebook.flow import Unit
from services.rulebook.forms import CHOICES
from services.rulebook.parts import Benefit, ListRule, holds
from services.rulebook.results import Line, Nothing, Outcome, Result, Row
from services.rulebook.schema import RuleBook
from services.rulebook.steps import Manual
from services.rulebook.values import FactRef, nearest
from services.rulebook.waiting import WAITING
from services.workdays.count import add_working


@dataclass(slots=True)
class _Work:
    """One computation under way: lines so far and the benefits already closed."""

    book: RuleBook
    c: Computation
    facts: Facts
    lines: list[Line] = field(default_factory=list)
    nothing: list[Nothing] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)

    def spent(self, benefits: tuple[str, ...], over: str, unit: Unit) -> tuple[Decimal, Decimal]:
        """What these benefits were paid before under this cap, and what earlier lines of this claim took."""
        took = sum((Decimal(line.days) if unit == "days" else line.amount
                    for line in self.lines if line.benefit in benefits), ZERO)
        if over == "stay" or self.book.mode == "year_to_date":
            return ZERO, took
        paid = sum((Decimal(item.days) if unit == "days" else item.amount for item in self.c.paid
                    if item.benefit in benefits and (over == "life" or not item.earlier)), ZERO)
        return paid, took


def compute(book: RuleBook, c: Computation, *, report_due: date | None = None) -> Result:
    """What this computation pays under this rule-book, with the words of every step. As `assess`, the result alone."""
    return assess(book, c, report_due=report_due).result


@dataclass(frozen=True, slots=True)
class Assessed:
    """A result with what it was computed from: what the worksheet and the explanation are written from."""

    book: RuleBook
    c: Computation
    facts: Facts
    result: Result


def assess(book: RuleBook, c: Computation, *, report_due: date | None = None) -> Assessed:
    """Compute, and keep the facts beside the result.

    `report_due` is the last timely day of the report by the office's calendar; without it the plan's days are counted
    raw, holidays not skipped. InputError names a fact that is missing or outside the plan's tables.
    """
    check_input(book, c)
    facts = gather(book, c)
    work = _Work(book, c, facts)
    _close_by_paid(work)
    refused = plan_refusal(book, c, facts)
    for name, benefit in book.benefits.items():
        _benefit(work, name, benefit, refused)
    _cut_to_total(work)
    _flag(work, report_due)
    return Assessed(book, c, facts, _result(work))


def check_input(book: RuleBook, c: Computation) -> None:
    """What only the plan can tell is wrong: another plan, kind, too many shares, unknown benefit or exclusion."""
    if c.plan != book.plan:
        raise InputError("wrong_value", f"plan：输入是 {c.plan}，规则是 {book.plan}",
                         remedy="换用该计划的规则", field="plan")
    if c.event.kind not in book.kinds:
        taken = "、".join(CHOICES[kind] for kind in book.kinds)
        raise InputError("wrong_value", f"event.kind：{book.name}不受理“{CHOICES[c.event.kind]}”，只受理：{taken}",
                         remedy=f"核对计划和事件类别（{'、'.join(book.kinds)}）", field="event.kind")
    if c.cover.shares > book.shares.max:
        raise InputError("wrong_value", f"cover.shares：{c.cover.shares} 份超过每人 {book.shares.max} 份",
                         remedy=f"应为 1 至 {book.shares.max}", field="cover.shares")
    for where, names in (("paid", [item.benefit for item in c.paid]), ("manual", list(c.manual))):
        _known(where, names, list(book.benefits))
    for name in c.manual:
        if not any(isinstance(step, Manual) for step in book.benefits[name].steps):
            raise InputError("wrong_value", f"manual.{name}：{book.benefits[name].name}按规则计算，不由人核定",
                             remedy="删去这个键", field=f"manual.{name}")
    listed = [*book.exclusions, *(name for benefit in book.benefits.values() for name in benefit.exclusions)]
    _known("exclusions", list(c.exclusions), expand(tuple(listed)))
    coded = c.event.icd10 or c.event.disease
    if c.event.kind == "diagnosis" and not coded and needs_disease(book):
        raise InputError("missing_key", "event.icd10：本计划按病种给付，不能缺少", remedy="补上 event.icd10",
                         field="event.icd10")


def needs_disease(book: RuleBook) -> bool:
    """Whether a diagnosis must name the disease: every list of the plan is known, so nothing else can decide."""
    return bool(book.lists) and all(rule.verified for rule in book.lists.values())


def _known(where: str, names: list[str], known: list[str]) -> None:
    for index, name in enumerate(names):
        if name not in known:
            near = nearest(name, known)
            key = f"paid.{index}.benefit" if where == "paid" else f"{where}.{name}"
            raise InputError("unknown_key", f"{key}：计划里没有“{name}”" + (f"，最接近的是 {near}" if near else ""),
                             remedy=f"改为 {near}" if near else "核对代码", field=key)


def _close_by_paid(work: _Work) -> None:
    for item in work.c.paid:
        if item.amount > 0 and not item.earlier and work.book.mode == "event":
            work.closed |= work.book.closed_by(item.benefit)


def _paid_before(work: _Work, name: str) -> bool:
    if work.book.once_per is None:
        return False
    uncoded = work.c.event.icd10 is None
    if any((uncoded or (item.icd10 is None and item.benefit != name)) and item.amount > 0 for item in work.c.paid):
        work.flags.add("same_disease_check")
    return same_disease(work.c, name)


def _reason(work: _Work, name: str, benefit: Benefit, refused: Reason | None) -> Reason | None:
    failed = benefit_refusal(work.book, benefit, work.c, work.facts)
    if refused or failed:
        return refused or failed
    if name in work.closed:
        return "ended", benefit.clause
    if _paid_before(work, name):
        assert work.book.once_per is not None
        return "already_paid_disease", work.book.once_per.clause
    taken = {line.benefit for line in work.lines if line.amount > 0 or line.manual}
    group = next((group for group in work.book.one_of if name in group.benefits and taken & set(group.benefits)), None)
    return ("one_of", group.clause) if group else None


def _benefit(work: _Work, name: str, benefit: Benefit, refused: Reason | None) -> None:
    reason = _reason(work, name, benefit, refused)
    if reason:
        work.nothing.append(Nothing(name, *reason))
        return
    manual = {key: (given.amount, given.reason) for key, given in work.c.manual.items()}
    state = run(name, benefit.steps, work.facts, work.spent, manual)
    amount = round_line(state.x) if isinstance(state.x, Decimal) else ZERO
    if (state.stopped or amount == 0) and not state.waits:
        work.nothing.append(Nothing(name, state.stopped or "zero_amount", benefit.clause, tuple(state.rows)))
        return
    words = state.words or [f"定额 {show(amount)}"]
    if isinstance(state.x, Decimal) and amount != state.x:
        words.append(f"四舍五入到分 {show(amount)}")
        state.rows.append(Row(words[-1], None, (amount,), "yuan"))
    work.flags |= state.flags
    work.lines.append(Line(name, amount, benefit.clause, tuple(words), state.days, state.waits, state.ceiling,
                           tuple(state.rows)))
    if amount > 0:
        work.closed |= work.book.closed_by(name)


def _cut_to_total(work: _Work) -> None:
    total = work.book.total
    if total is None or not work.lines:
        return
    limit = number_of(total.cap, work.facts) or ZERO
    if total.times is not None:
        limit *= number_of(total.times, work.facts) or ZERO
    limit = round_line(limit)
    paid = ZERO
    if work.book.mode == "event" and total.over != "stay":
        paid = sum((item.amount for item in work.c.paid if total.over == "life" or not item.earlier), ZERO)
    left, kept = max(ZERO, limit - paid), list[Line]()
    for line in work.lines:
        amount = min(line.amount, left)
        left -= amount
        if amount == line.amount:
            kept.append(line)
            continue
        if total.flag and all(holds(condition, work.facts.get(condition.fact)) for condition in total.flag_when):
            work.flags.add(total.flag)
        used = f"，已付 {show(paid)}" if paid else ""
        words = f"合计上限 {show(limit)}{used}，给付 {show(amount)}"
        rows = (*line.rows, Row(words, total, (amount,), "yuan", limit, paid))
        if amount == 0:
            work.nothing.append(Nothing(line.benefit, "cap_reached", total.clause, rows))
            continue
        kept.append(replace(line, amount=amount, steps=(*line.steps, words), rows=rows))
    work.lines = kept


def _flag(work: _Work, report_due: date | None) -> None:
    c, book, facts = work.c, work.book, work.facts
    raised = {
        "borderline_waiting": facts.band.borderline,
        "late_report": _late(book, c, facts, report_due),
        "unverified_list": any(_leans_on_unverified(book, benefit, facts) for benefit in book.benefits.values()),
        "exclusion_suspected": "suspected" in c.exclusions.values(),
        "behaviour_assumed": facts.behaviour_assumed and any(rule.behaviour for rule in book.lists.values()),
        "code_conflict": bool(book.lists) and _code_conflicts(c.event),
        "stay_outside_cover": _days_on_no_cover(work),
        "severity_conflict": _severity_conflicts(c.event.severity, facts.get("event.behaviour")),
    }
    work.flags |= {code for code, stands in raised.items() if stands}
    work.flags |= {flag.code for flag in book.flags
                   if all(holds(condition, facts.get(condition.fact)) for condition in flag.when)}


def _days_on_no_cover(work: _Work) -> bool:
    """A benefit pays by the day, a stay reaches outside the cover, and what dates the plan is not the stay: no other cover will answer."""
    ran = {*(line.benefit for line in work.lines), *(item.benefit for item in work.nothing if item.rows)}
    by_day = any(getattr(work.book.benefits[name].steps[0], "take", None) == FactRef(fact="event.stays.days") for name in ran)
    return by_day and work.book.dated_by[0] != "event.stays.from" and reaches_outside(work.c.event.stays, work.c.cover)


def _severity_conflicts(severity: str | None, behaviour: object) -> bool:
    """ICD-O-3: behaviour 2 is in situ and nothing else is; without a stated one the code's chapter speaks."""
    return behaviour is not None and severity in ("in_situ", "malignant") and (severity == "in_situ") != (behaviour == "2")


def _code_conflicts(event: Event) -> bool:
    """The stated behaviour is not the one that the code's chapter implies; ICD-O-3 prevails."""
    return event.behaviour is not None and assumed_behaviour(event.icd10) not in (None, event.behaviour)


def _late(book: RuleBook, c: Computation, facts: Facts, due: date | None) -> bool:
    clock = book.clocks.get("report")
    if c.reported_on is None or clock is None:
        return False
    known_on = report_day(book, c.event, known_day(c.event) or facts.decisive)
    if due is None and clock.kind == "working":
        due = add_working(known_on, clock.days).due
    return c.reported_on > (due or known_on + timedelta(days=clock.days))


def _leans_on_unverified(book: RuleBook, benefit: Benefit, facts: Facts) -> bool:
    """The benefit would be owed but for a disease list that no source gives."""
    lists: list[ListRule] = [book.lists[name] for condition in benefit.when if condition.fact == "list"
                             for name in condition.any_of]
    others = all(holds(condition, facts.get(condition.fact)) for condition in benefit.when if condition.fact != "list")
    used = [rule for rule in lists if in_list(rule, facts)] or lists
    return others and bool(used) and all(not rule.verified for rule in used)


def _result(work: _Work) -> Result:
    book, facts = work.book, work.facts
    due = sum((line.amount for line in work.lines), ZERO)
    if book.mode == "year_to_date":
        due -= sum((item.amount for item in work.c.paid if not item.earlier), ZERO)
    paying = {line.benefit for line in work.lines}
    answered = {name for group in book.one_of if paying & set(group.benefits) for name in group.benefits}
    refund = _refund(work)
    outcome: Outcome = ("manual" if any(line.manual for line in work.lines) else "refund" if refund
                        else "pay" if due > 0 else "nothing")
    order = list(book.benefits)
    return Result(
        plan=book.plan, version=book.version, outcome=outcome, total=round_line(max(ZERO, due)),
        lines=tuple(work.lines), flags=tuple(sorted(work.flags)), refund=round_line(refund),
        nothing=tuple(sorted((item for item in work.nothing if item.benefit not in answered),
                             key=lambda item: order.index(item.benefit))),
        receivable=round_line(max(ZERO, -due)), band=facts.band.band, day=facts.band.day)


def _refund(work: _Work) -> Decimal:
    """The premium back when a covered disease fell inside the waiting period (reading A-13)."""
    rule = work.book.waiting
    if rule is None or rule.outcome != "refund" or rule.amount is None or work.facts.band.band != WAITING:
        return ZERO
    waited = any(item.reason == "waiting_period" for item in work.nothing)
    return (number_of(rule.amount, work.facts) or ZERO) if waited and not work.lines else ZERO
