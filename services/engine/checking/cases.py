"""The five questions an example may ask a rule-book, and how the answer differs from what the example expects.

`input` asks a computation, `unit` how many of a unit must join, `enrol` the last day and the fee of a cover,
`clocks` the day each clock and level runs to, `chain` the levels an amount passes. A worked case has exactly one.
The expectation comes from the source document; what it does not name is not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from services.core.errors import HuzhuError, InputError
from services.engine import one
from services.rulebook import registry
from services.rulebook.dating import decisive_date
from services.rulebook.parts import ClockRule
from services.rulebook.results import Result
from services.rulebook.schema import RuleBook
from services.rulebook.values import MOST, nearest, read_day, written
from services.rulebook.vocabulary import Computation, parse
from services.workdays.count import add_calendar, add_working

Words = Mapping[str, object]
Answer = Callable[[RuleBook], dict[str, object]]

MONEY = ("total", "refund", "receivable", "fee")
# What each question may be asked with, and what may be expected of it.
KEYS: dict[str, tuple[str, ...]] = {
    "unit": ("staff", "women", "parents"), "enrol": ("effective", "shares", "tier", "high_risk_work"), "clocks": ("start",),
    "chain": ("amount",), "input": ()}
EXPECT: dict[str, tuple[str, ...]] = {
    "input": ("outcome", "total", "refund", "receivable", "lines", "nothing", "flags", "error"),
    "unit": ("required", "error"), "enrol": ("until", "fee", "error"), "clocks": (), "chain": ("levels", "error")}
AROUND = ("case", "source", "expect", "report_due")


@dataclass(frozen=True, slots=True)
class Question:
    """One worked case, read once and asked of as many rule-books as one likes. `wrong`: why it cannot be asked."""

    name: str
    expect: Words
    ask: Answer
    wrong: tuple[str, ...] = ()

    def differences(self, book: RuleBook) -> tuple[str, ...]:
        """How this book's answer differs from the expectation, empty when it does not."""
        if self.wrong:
            return self.wrong
        try:
            actual = self.ask(book)
        except HuzhuError as error:
            wanted = str(self.expect.get("error", ""))
            # `manual.burst_pipe` also means the amount inside it.
            named = error.field == wanted or (error.field or "").startswith(f"{wanted}.")
            return () if wanted and named else (error.message,)
        return tuple(difference for key, wanted in self.expect.items() if _plain(key, wanted) != actual.get(key)
                     for difference in _differences(key, wanted, actual))


def _differences(key: str, wanted: object, actual: Words) -> list[str]:
    """One sentence, or one for each benefit where they are expected by benefit."""
    expected, got = _plain(key, wanted), actual.get(key)
    if not isinstance(expected, dict) or not isinstance(got, dict):
        return [_difference(key, wanted, actual)]
    return [f"{key}.{name} 应为 {expected.get(name, '（没有）')}，算得 {got.get(name, '（没有）')}"
            for name in [*expected, *(name for name in got if name not in expected)] if expected.get(name) != got.get(name)]


def _difference(key: str, wanted: object, actual: Words) -> str:
    if key in actual or key == "error":
        return f"{key} 应为 {written(_plain(key, wanted))}，算得 {written(actual.get(key, '结果，没有出错'))}"
    near = nearest(key, list(actual))
    return f"expect.{key} 不认识" + (f"，最接近的是 {near}" if near else f"，应为 {'、'.join(actual)}")


def question(case: object, plan: str) -> Question:
    """Read one case of an examples file; what is wrong with it stands in `wrong`, with the nearest known word."""
    if not isinstance(case, dict):
        return Question("（无名算例）", {}, lambda book: {}, ("每个算例应是映射",))
    name, expect = str(case.get("case", "（无名算例）")), case.get("expect")
    forms = [form for form in EXPECT if form in case]
    wrong = [_unknown("", key, (*AROUND, *EXPECT)) for key in case if key not in (*AROUND, *EXPECT)]
    if len(forms) != 1:
        wrong.append(f"要写且只写一种问法：{'、'.join(EXPECT)}")
    if not isinstance(expect, dict) or not expect:
        wrong.append("要有 expect，写明应得的结果")
    if "case" not in case:
        wrong.append("要有 case，用一句话说明")
    if wrong or not isinstance(expect, dict):
        return Question(name, {}, lambda book: {}, tuple(wrong))
    form, given = forms[0], case[forms[0]]
    if not isinstance(given, dict):
        return Question(name, {}, lambda book: {}, (f"{form} 应是映射",))
    if KEYS[form]:
        wrong += [_unknown(form, key, KEYS[form]) for key in given if key not in KEYS[form]]
    if EXPECT[form]:
        wrong += [_unknown("expect", key, EXPECT[form]) for key in expect if key not in EXPECT[form]]
    return Question(name, expect, _answer(form, given, plan, case.get("report_due")), tuple(wrong))


def _unknown(where: str, key: object, known: tuple[str, ...]) -> str:
    near = nearest(str(key), list(known))
    return f"{where}{'.' if where else ''}{key} 不认识" + (f"，最接近的是 {near}" if near else f"，应为 {'、'.join(known)}")


def _answer(form: str, given: Words, plan: str, report_due: object) -> Answer:
    if form == "input":
        return _computed(given, plan, report_due)
    return {"unit": lambda book: _unit(book, given), "enrol": lambda book: _enrol(book, given),
            "clocks": lambda book: _clocks(book, given), "chain": lambda book: _chain(book, given)}[form]


def _computed(given: Words, plan: str, report_due: object) -> Answer:
    due = report_due if isinstance(report_due, date) else None
    try:
        computation: Computation | HuzhuError = parse({"plan": plan, **given})
    except HuzhuError as refused:
        computation = refused

    def ask(book: RuleBook) -> dict[str, object]:
        if isinstance(computation, HuzhuError):
            raise computation
        if book.until is not None:
            registry.require_open(book, decisive_date(book, computation))
        return _shown(one.compute(book, computation, report_due=due))

    return ask


def _shown(result: Result) -> dict[str, object]:
    return {"outcome": result.outcome, "total": f"{result.total:.2f}", "refund": f"{result.refund:.2f}",
            "receivable": f"{result.receivable:.2f}", "flags": sorted(result.flags),
            "lines": {line.benefit: f"{line.amount:.2f}" for line in result.lines},
            "nothing": {item.benefit: item.reason for item in result.nothing}}


def _unit(book: RuleBook, given: Words) -> dict[str, object]:
    """`unit: {staff: 100}`: how many of them must join."""
    if book.participation is None:
        raise InputError("no_participation", "本计划没有参加比例", remedy="删去这个算例", field="unit")
    asked = book.participation.of
    if set(given) != {asked}:
        raise InputError("wrong_value", f"unit：参加比例按 {asked} 计算，要写 {asked}", remedy=f"写成 {asked}: 人数", field="unit")
    return {"required": str(book.participation.required(_whole(f"unit.{asked}", given[asked])))}


def _enrol(book: RuleBook, given: Words) -> dict[str, object]:
    """`enrol: {effective, shares, tier, high_risk_work}`: the last covered day and the fee of that cover."""
    effective, tier = _day("enrol.effective", given.get("effective")), given.get("tier")
    registry.require_open(book, effective)
    shares = _whole("enrol.shares", given.get("shares", 1))
    if not 1 <= shares <= book.shares.max:
        raise InputError("wrong_value", f"cover.shares：{shares} 份" + (
            f"超过每人 {book.shares.max} 份" if shares > 0 else "，至少 1 份"),
                         remedy=f"应为 1 至 {book.shares.max}", field="cover.shares")
    fee = book.fee_due(shares, None if tier is None else str(tier), given.get("high_risk_work") is True)
    until = years_later(effective, book.term.years)
    # A year from 29 February has its last day on 28 February, not on the 27th.
    ends = until if (until.month, until.day) != (effective.month, effective.day) else until - timedelta(days=1)
    return {"until": ends.isoformat(), "fee": f"{fee:.2f}"}


def _clocks(book: RuleBook, given: Words) -> dict[str, object]:
    """`clocks: {start}`: the day every clock runs to, and every level that has days (`chain.unit`)."""
    start = _day("clocks.start", given.get("start"))
    found: dict[str, object] = {name: due(rule, start).isoformat() for name, rule in book.clocks.items()}
    return found | {f"chain.{level.level}": add_working(start, level.days).due.isoformat()
                    for level in book.chain if level.days}


def due(rule: ClockRule, start: date) -> date:
    """The last day of a clock, counted as the running system counts it: years whole, days by the calendar of the State Council."""
    if rule.years:
        return years_later(start, rule.years)
    return (add_working if rule.kind == "working" else add_calendar)(start, rule.days).due


def years_later(day: date, years: int) -> date:
    """The same day of a later year; 29 February becomes 28 February where that year has none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 2, 28)


def _chain(book: RuleBook, given: Words) -> dict[str, object]:
    """`chain: {amount}`: the levels that certify or review a claim of this amount."""
    amount = _yuan(given.get("amount"))
    if amount is None:
        raise InputError("wrong_value", f"chain.amount：“{given.get('amount')}”不是金额", remedy="写成 \"20000.00\"", field="chain.amount")
    return {"levels": [level.level for level in book.levels_for(amount)]}


def _whole(key: str, raw: object) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise InputError("wrong_value", f"{key}：“{written(raw)}”不是整数", remedy="写成整数", field=key)
    if not 0 <= raw <= 10_000_000:
        raise InputError("wrong_value", f"{key}：{raw} 不在 0 至一千万之内", remedy="改正这个数", field=key)
    return raw


def _day(key: str, raw: object) -> date:
    try:
        return read_day(raw)
    except ValueError as error:
        raise InputError("wrong_value", f"{key}：{error}", remedy="写成 2026-03-01", field=key) from None


def _yuan(raw: object) -> Decimal | None:
    try:
        amount = Decimal(str(raw))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) <= MOST else None


def _plain(key: str, value: object) -> object:
    """An expectation as the answers write it: money with two decimals, dates and numbers as text, flags sorted."""
    if isinstance(value, dict):
        return {str(name): _plain("total" if key == "lines" else "", item) for name, item in value.items()}
    if isinstance(value, list):
        words = [str(item) for item in value]
        return words if key == "levels" else sorted(words)
    amount = _yuan(value) if key in MONEY else None
    return str(value) if amount is None else f"{amount:.2f}"
