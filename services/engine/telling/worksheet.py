"""The worksheet a reviewer signs: every step with clause, readings, inputs and the papers that prove them. Plain JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from services.core.money import show
from services.core.words import date_cn
from services.engine.conditions import in_list
from services.engine.one import Assessed
from services.engine.steps import ZERO
from services.engine.telling.explain import member
from services.engine.telling.why_not import dating_fact, facts_of, plan_name, waiting_word, who_may_join, why
from services.engine.telling.words import DERIVED, days_of, label, shown
from services.rulebook.exclusions import questions
from services.rulebook.parts import Benefit, Total, holds
from services.rulebook.reasons import FLAGS, REASONS
from services.rulebook.results import Line, Nothing, Row
from services.rulebook.schema import RuleBook
from services.rulebook.steps import Manual
from services.rulebook.values import Condition, Sourced

Json = dict[str, object]
_DISEASE = ("event.disease", "event.icd10", "event.behaviour")
OUTCOMES = {"pay": "给付", "nothing": "不给付", "refund": "退还保费", "manual": "须人工核定"}


def worksheet(found: Assessed) -> Json:
    """The whole worksheet as JSON values; money as strings in yuan.

    `version` and `digest` name the wording; `checks[]` are what the whole plan asks, `lines[].rows[]` the steps,
    `total_rows` the way from lines to the total, `nothing[]` says for each unpaid benefit what decided, `explanation`
    is what the member is told.
    """
    book, result, sheet = found.book, found.result, _Sheet(found)
    return {
        "plan": book.plan, "plan_name": book.name, "office_name": book.office_name, "version": book.version,
        "digest": book.digest, "source": book.source,
        "dated_by": {**sheet.input(dating_fact(found)), "clause": book.dated_clause}, "band": sheet.band(),
        "checks": sheet.checks(), "outcome": result.outcome, "outcome_words": OUTCOMES[result.outcome], "total": show(result.total),
        "refund": show(result.refund), "receivable": show(result.receivable),
        "lines": [sheet.line(line) for line in result.lines], "total_rows": sheet.total_rows(),
        "nothing": [sheet.nothing(item) for item in result.nothing],
        "flags": [{"flag": flag, "words": FLAGS[flag]} for flag in result.flags], "explanation": list(member(found))}


class _Sheet:
    """One worksheet being written; an input's JSON and its papers are found once."""

    def __init__(self, found: Assessed) -> None:
        self._found = found
        self._inputs: dict[str, Json] = {}
        self._proofs: dict[str, list[str]] = {}
        for paper in found.book.papers:
            if all(holds(condition, found.facts.get(condition.fact)) for condition in paper.when or ()):
                for fact in paper.proves:
                    self._proofs.setdefault(fact, []).append(paper.name)

    def input(self, fact: str) -> Json:
        """A fact with its value and the papers that prove it; what the register of covers holds needs none."""
        known = self._inputs.get(fact)
        if known is None:
            value = self._found.facts.get(fact)
            proved = self._proofs.get(fact) or self._proofs.get(DERIVED.get(fact, ""), [])
            if fact == "event.behaviour" and self._found.facts.behaviour_assumed:
                proved = []         # the code implies it, no paper states it
            known = {"fact": fact, "label": label(fact), "value": _json(value), "shown": self._shown(fact, value),
                     "proved_by": ["参保登记"] if fact.startswith("cover.") and not proved else proved}
            self._inputs[fact] = known
        return known

    def _shown(self, fact: str, value: object) -> str:
        bands = self._found.book.bands
        return days_of(bands.ranges[str(value)]) if fact == "band" and bands else shown(fact, value)

    def _inputs_of(self, facts: Iterable[str]) -> list[Json]:
        return [self.input(fact) for fact in facts]

    def band(self) -> Json:
        """The day of cover the event fell on, and the span of days it lies in."""
        found = self._found.facts.band
        bands = self._found.book.bands
        span = bands.ranges.get(found.band) if bands else None
        return {"band": found.band, "day": found.day, "words": days_of(span) if span else f"第{found.day}天"}

    def checks(self) -> list[Json]:
        """What holds for every benefit: the day inside the cover, the waiting period, who may be covered, other plans."""
        book, facts, cover = self._found.book, self._found.facts, self._found.c.cover
        on = [dating_fact(self._found), "cover.effective", "cover.until"]
        rows = [_row("cover", f"保障期 {date_cn(cover.effective)} 至 {date_cn(cover.until)}，生效后第{facts.band.day}天",
                     book.term, book.term, self._inputs_of(on))]
        rule = book.bands or book.waiting
        if rule is not None:
            spans = book.bands.ranges.values() if book.bands else [book.waiting.days] if book.waiting else []
            words = f"{waiting_word(self._found)}{'、'.join(days_of(span) for span in spans)}"
            binds = all(holds(condition, facts.get(condition.fact)) for condition in rule.when)
            read = ["cover.renewal", *(condition.fact for condition in rule.when)]
            rows.append(_row("waiting", words if binds else f"{words}，不适用于本次事件", rule, rule, self._inputs_of(read)))
        asked = who_may_join(book.eligible, renewal=cover.renewal)
        if asked:
            rows.append(_row("eligible", f"限{'、'.join(asked.values())}", book.eligible, book.eligible,
                             self._inputs_of(asked)))
        if book.requires is not None:
            rows.append(_row("requires", f"须先参加{plan_name(book.requires.plan)}", book.requires, book.requires, []))
        return [*rows, *(_answered(self._found.book, name, answer) for name, answer in self._found.c.exclusions.items())]

    def line(self, line: Line) -> Json:
        """One benefit: why it is owed, then its steps."""
        benefit = self._found.book.benefits[line.benefit]
        head: Json = {"benefit": line.benefit, "name": benefit.name, "amount": show(line.amount), "clause": line.clause,
                      "origin": benefit.origin, "read": list(benefit.read), "manual": line.manual,
                      "ceiling": None if line.ceiling is None else show(line.ceiling)}
        return {**head, "rows": [*self._owed(benefit), *(self._row(benefit, row) for row in line.rows)]}

    def _owed(self, benefit: Benefit) -> list[Json]:
        """The conditions the event met, one row each."""
        return [self._condition(benefit, condition) for condition in benefit.when]

    def _condition(self, benefit: Benefit, condition: Condition) -> Json:
        book, facts = self._found.book, self._found.facts
        rule: Sourced = benefit
        read: tuple[str, ...] = (condition.fact,)
        words = f"{label(condition.fact)}：{self._shown(condition.fact, facts.get(condition.fact))}"
        if condition.fact == "list":
            rule = next((book.lists[name] for name in condition.any_of if in_list(book.lists[name], facts)), benefit)
            words = f"病种：{getattr(rule, 'name', '') or '符合'}"
            read = tuple(fact for fact in _DISEASE if facts.get(fact) is not None)
        elif condition.fact == "band" and book.bands:
            rule = book.bands
            words = f"保障生效后第{facts.band.day}天，属{self._shown('band', facts.band.band)}一段"
            read = (dating_fact(self._found), "cover.effective", "cover.renewal")
        return _row("when", words, benefit, rule, self._inputs_of(read))

    def _row(self, benefit: Benefit, row: Row) -> Json:
        if row.rule is None:
            return {"step": "round", "words": row.words, "clause": "", "origin": "reading", "read": ["A-50"], "inputs": []}
        if isinstance(row.rule, Total):
            return _row("total", row.words, row.rule, row.rule, self._inputs_of(facts_of(row)))
        step = type(row.rule).__name__.lower().removesuffix("by")
        # What a reviewer sets an amount from is an input too, though no step reads it.
        asked = benefit.asks if isinstance(row.rule, Manual) else ()
        return _row(step, row.words, benefit, row.rule, self._inputs_of((*facts_of(row), *asked)))

    def total_rows(self) -> list[Json]:
        """From the lines to what is paid now: the sum, the joint cap, what the year has paid, the premium back."""
        book, result = self._found.book, self._found.result
        amounts = [line.amount for line in result.lines if line.amount]
        due = sum(amounts, ZERO)
        rows: list[Json] = []
        if book.total is not None:
            read = facts_of(Row("", book.total, (), "yuan"))
            rows.append(_row("total", self._joint_cap(book.total), book.total, book.total, self._inputs_of(read)))
        if amounts:
            parts = f"{' + '.join(show(amount) for amount in amounts)} = " if len(amounts) > 1 else "合计 "
            rows.append(_own("sum", f"{parts}{show(due)}"))
        if book.mode == "year_to_date" and due != result.total:
            paid = due - result.total + result.receivable
            rest = f"多付 {show(result.receivable)}，应收回" if result.receivable else f"本次 {show(result.total)}"
            rows.append(_own("paid", f"本年度应付 {show(due)} - 已付 {show(paid)}：{rest}"))
        if result.refund and book.waiting:
            rows.append(_row("refund", f"退还所交费用 {show(result.refund)}", book.waiting, book.waiting,
                             self._inputs_of(["cover.premium_paid"])))
        return rows

    def _joint_cap(self, total: Total) -> str:
        """What the joint cap left, where it cut a line."""
        result = self._found.result
        steps = [*(line.rows for line in result.lines), *(item.rows for item in result.nothing)]
        cut = next((row for rows in steps for row in rows if row.rule is total), None)
        if cut is None or cut.limit is None:
            return "未超过各项合计上限"
        used = f"，已付 {show(cut.used)}" if cut.used else ""
        return f"各项合计上限 {show(cut.limit)}{used}，余 {show(max(ZERO, cut.limit - cut.used))}"

    def nothing(self, item: Nothing) -> Json:
        """A benefit that paid nothing: the code, what decided and the steps it went through."""
        benefit, reason = self._found.book.benefits[item.benefit], why(self._found, item)
        return {"benefit": item.benefit, "name": benefit.name, "reason": item.reason, "reason_words": REASONS[item.reason],
                "why": reason.words, "clause": reason.clause, "inputs": self._inputs_of(reason.facts),
                "rows": [self._row(benefit, row) for row in item.rows]}


def _row(step: str, words: str, around: Sourced, rule: Sourced, inputs: list[Json]) -> Json:
    """A rule without its own clause stands under the benefit's."""
    return {"step": step, "words": words, "clause": rule.clause or around.clause,
            "origin": rule.origin if "origin" in rule.model_fields_set else around.origin, "read": list(rule.read), "inputs": inputs}


def _answered(book: RuleBook, name: str, answer: object) -> Json:
    """An exclusion with the reviewer's answer."""
    asked = questions(book).get(name)
    words = {"True": "是", "False": "否"}.get(str(answer), "疑似")
    return {**_own("exclusion", f"{asked.question if asked else name} {words}"), "clause": asked.clause if asked else ""}


def _own(step: str, words: str) -> Json:
    return {"step": step, "words": words, "clause": "", "origin": "", "read": [], "inputs": []}


def _json(value: object) -> object:
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    if isinstance(value, Decimal):
        return show(value)
    return value.isoformat() if isinstance(value, date) else value
