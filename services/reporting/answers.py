"""Questions that need no database: a computation, a count of days, a waiting band, an amount in words, an ID number.

The command and the API give the same answers, so they stand here once, as plain JSON values.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.core.errors import InputError
from services.core.identity import REASONS, WARNINGS, check_identity
from services.core.words import uppercase
from services.engine import one
from services.engine.conditions import expand
from services.engine.event import known_day, report_day
from services.engine.one import Assessed
from services.engine.telling.words import DERIVED, label
from services.engine.telling.worksheet import worksheet
from services.rulebook import dating, registry
from services.rulebook.computation import Computation
from services.rulebook.exclusions import asked
from services.rulebook.facts import FACTS
from services.rulebook.forms import CHOICES, event_schema, facts_of_kind, form_fields, register_facts
from services.rulebook.results import Result
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse
from services.rulebook.waiting import band
from services.workdays.count import Count, add_calendar, add_working, report_deadline

Answer = dict[str, object]


def assess(words: object) -> Assessed:
    """One computation in the words of the vocabulary, with the facts behind its result. InputError names the wrong key."""
    computation = parsed(words)
    book = dating.for_computation(computation)
    return one.assess(book, computation, report_due=_report_due(book, computation))


def parsed(words: object) -> Computation:
    """The words of one computation. InputError; of a fact that is derived it names what is stated instead."""
    try:
        return parse(words)
    except InputError as error:
        origin = DERIVED.get(error.field or "") if error.code == "unknown_key" else None
        if error.field is None or origin is None:
            raise
        raise InputError("unknown_key", f"{error.field}：{label(error.field)}由{label(origin)}推出，不单独申报",
                         remedy=f"改写 {origin}", field=error.field) from None


def compute(words: object) -> Result:
    """What one computation pays."""
    return assess(words).result


def compute_worksheet(words: object) -> Answer:
    """What one computation pays, each step with clause, readings, inputs and papers, and what the member is told."""
    return worksheet(assess(words))


def _report_due(book: RuleBook, computation: Computation) -> date | None:
    """The last timely day of the report by the calendar, where the input says when it came in."""
    rule = book.clocks.get("report")
    start = known_day(computation.event)
    if computation.reported_on is None or rule is None or start is None:
        return None
    return add_calendar(report_day(book, computation.event, start), rule.days).due


def days_add(start: date, days: int, *, calendar_days: bool = False) -> Answer:
    """The due day of a budget that starts on `start` (day 0), and how it was counted."""
    return _counted(add_calendar(start, days) if calendar_days else add_working(start, days))


def days_report(diagnosed_on: date) -> Answer:
    """The last timely day of a report of this diagnosis."""
    return {**_counted(report_deadline(diagnosed_on)), "last_timely_day": report_deadline(diagnosed_on).due.isoformat()}


def _counted(count: Count) -> Answer:
    return {"due": count.due.isoformat(), "words": count.words, "provisional": count.provisional,
            "start": count.start.isoformat(), "days": count.days, "raw_last": count.raw_last.isoformat(),
            "calendar": count.version}


def days_waiting(plan: str, effective: date, event_on: date, *, renewal: bool = False) -> Answer:
    """Which band of covered days an event falls in, under the wording of the event's day."""
    found = band(registry.resolve(plan, event_on), effective, event_on, renewal)
    return {"plan": plan, "effective": effective.isoformat(), "event": event_on.isoformat(), "renewal": renewal,
            "band": found.band, "day": found.day, "borderline": found.borderline}


def amount_words(amount: Decimal) -> str:
    """人民币大写 of an amount in yuan."""
    return uppercase(amount)


def identity(number: str) -> Answer:
    """What an identity number says, with reasons when it is not valid."""
    found = check_identity(number)
    return {"number": found.number, "valid": found.valid, "born": found.born.isoformat() if found.born else None,
            "sex": found.sex, "region": found.region,
            "reasons": [{"code": code, "text": REASONS[code]} for code in found.reasons],
            "warnings": [{"code": code, "text": WARNINGS[code]} for code in found.warnings]}


def plan_list() -> list[Answer]:
    """Every version of every plan."""
    return [{"plan": book.plan, "version": book.version, "name": book.name, "office": book.office,
             "office_name": book.office_name, "route": book.route, "insurer": book.insurer, "kinds": list(book.kinds),
             "digest": book.digest, **_released(book)} for book in registry.plans()]


def _released(book: RuleBook) -> Answer:
    """Who proposed and who released a wording, on which day; None for one that came with the program."""
    found = registry.released(book)
    return {"proposed_by": found.proposed_by if found else None, "released_by": found.released_by if found else None,
            "released_on": found.released_on.isoformat() if found else None}


def book_of(plan: str, version: date | None = None) -> RuleBook:
    """One wording; the newest when no version is named."""
    return registry.version(plan, version) if version else registry.latest(plan)


def plan_show(plan: str, version: date | None = None) -> Answer:
    """The whole wording as JSON values."""
    return book_of(plan, version).model_dump(mode="json", by_alias=True)


def plan_schema(plan: str, version: date | None = None) -> Answer:
    """JSON Schema of the plan's event, the form's fields, the checklist of papers and the exclusions as questions."""
    book = book_of(plan, version)
    fields = [{"name": field.name, "label": field.label, "type": field.type, "required": field.required,
               "clause": field.clause, "choices": [{"value": value, "label": label} for value, label in field.choices]}
              for field in form_fields(book)]
    papers = [{"kind": paper.kind, "name": paper.name, "required": paper.required, "conditional": bool(paper.when),
               "clause": paper.clause} for paper in book.papers]
    kinds = [{"kind": kind, "label": CHOICES[kind],
              "facts": [{"fact": asked.fact, "label": FACTS[asked.fact].label, "need": asked.need}
                        for asked in facts_of_kind(book, kind)]} for kind in book.kinds]
    register = [{"fact": fact, "label": FACTS[fact].label} for fact in register_facts(book)]
    return {"plan": book.plan, "version": book.version, "event_schema": event_schema(book), "fields": fields,
            "kinds": kinds, "register": register, "papers": papers, "exclusions": _questions(book)}


def _questions(book: RuleBook) -> list[Answer]:
    """What a reviewer answers before this plan pays; `benefits` a yes closes, empty when it closes all of them."""
    closing: dict[str, list[str]] = {name: [] for name in expand(book.exclusions)}
    for benefit, rule in book.benefits.items():
        for name in expand(rule.exclusions):
            closing.setdefault(name, []).append(benefit)
    return [{**question, "benefits": closing[question["id"]]} for question in asked(book, closing)]
