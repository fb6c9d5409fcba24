"""Random computations of any rule-book: values for every fact its plan reads, near the plan's own numbers and far off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from pydantic import BaseModel

from services.engine import frame
from services.rulebook.facts import FACTS
from services.rulebook.forms import event_facts, form_fields
from services.rulebook.schema import RuleBook
from services.rulebook.steps import Manual, ScaleBy
from services.rulebook.values import Table

EFFECTIVE = date(2026, 1, 1)
Words = dict[str, object]
# Anywhere around the cover, and often where waiting periods turn.
DAY = (st.integers(-3, 400) | st.integers(28, 63)).map(lambda days: (EFFECTIVE + timedelta(days=days)).isoformat())
OTHER_CODES = ("C50.900", "C53.900", "C57.100", "C16.900", "C79.600", "D05.900", "D06.900", "D39.100", "I21.900")
PERSON: st.SearchStrategy[Words] = st.fixed_dictionaries({}, optional={
    "sex": st.sampled_from(["F", "F", "F", "M"]), "high_risk_work": st.booleans(),
    "category": st.sampled_from(["normal", "model_worker", "specially_poor", "hardship"]),
    "born": st.sampled_from(["1961-06-01", "1965-01-02", "1966-01-01", "1985-03-07", "2010-01-01", "2009-12-31"])})


def yuan(fen: int) -> str:
    """`12.30` of 1230."""
    return f"{fen // 100}.{fen % 100:02d}"


def numbers_of(part: object) -> Iterator[Decimal]:
    """Every number of a rule-book's part: where its rules turn."""
    if isinstance(part, Decimal):
        yield part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from numbers_of(getattr(part, name))
    elif isinstance(part, dict):
        for value in part.values():
            yield from numbers_of(value)
    elif isinstance(part, tuple):
        for value in part:
            yield from numbers_of(value)


def money(book: RuleBook) -> st.SearchStrategy[str]:
    """Amounts around the plan's own numbers, and any."""
    turns = sorted({int(number * 100) for number in numbers_of(tuple(book.benefits.values()))
                    if number.is_finite() and number >= 1})
    near = st.tuples(st.sampled_from(turns or [100]), st.integers(-2, 2)).map(lambda pair: max(0, pair[0] + pair[1]))
    return (near | st.integers(0, 3_000_000) | st.integers(0, 40_000_000)).map(yuan)


def stays() -> st.SearchStrategy[list[Words]]:
    """Stays in days or dates, across the ends of the cover too."""
    plain: st.SearchStrategy[Words] = st.integers(0, 200).map(lambda days: {"days": days})
    dated: st.SearchStrategy[Words] = st.tuples(st.integers(-20, 380), st.integers(0, 200)).map(
        lambda pair: {"from": (EFFECTIVE + timedelta(days=pair[0])).isoformat(),
                      "to": (EFFECTIVE + timedelta(days=pair[0] + pair[1])).isoformat()})
    return st.lists(plain | dated, max_size=4)


def codes(book: RuleBook) -> st.SearchStrategy[str]:
    """Codes of the plan's lists and others."""
    prefixes = [prefix for rule in book.lists.values() for prefix in rule.icd10]
    own = [prefix if "." in prefix else f"{prefix}.900" for prefix in prefixes if len(prefix) >= 3]
    return st.sampled_from([*own, *own, *OTHER_CODES])


def diseases(book: RuleBook) -> st.SearchStrategy[str]:
    """Listed names and one that no plan lists."""
    return st.sampled_from(["感冒", *(name for rule in book.lists.values() for name in rule.diseases)])


def value_of(book: RuleBook, fact: str) -> st.SearchStrategy[object]:
    """Values of one event fact."""
    scale = next((step.scale for benefit in book.benefits.values() for step in benefit.steps
                  if isinstance(step, ScaleBy) and step.scale.fact == fact), None)
    if scale or FACTS[fact].type == "list_int":
        return st.lists(st.sampled_from(sorted(scale.items) if scale else range(1, 11)), max_size=4)
    special: dict[str, st.SearchStrategy[object]] = {
        "event.icd10": codes(book), "event.disease": diseases(book), "event.stays": stays(),
        "event.year": st.sampled_from([2025, 2026]), "event.stays_own_1": st.lists(money(book), max_size=4)}
    if fact in special:
        return special[fact]
    spec = FACTS[fact]
    if spec.choices:
        offered = next(field.choices for field in form_fields(book) if f"event.{field.name}" == fact)
        return st.sampled_from([word for word, _ in offered])
    plain: dict[str, st.SearchStrategy[object]] = {
        "date": DAY, "money": money(book), "bool": st.booleans(), "days": st.integers(0, 250), "int": st.integers(0, 250)}
    return plain[spec.type]


@st.composite
def events(draw: st.DrawFn, book: RuleBook) -> Words:
    """One event of a kind the plan answers, with some of the facts it reads."""
    kind = draw(st.sampled_from(book.kinds))
    asked = [fact for fact in event_facts(book) if not FACTS[fact].kinds or kind in FACTS[fact].kinds]
    dating = [fact for fact in book.dated_by if fact in asked]
    event: Words = {"kind": kind}
    for fact in asked:
        if fact in dating or draw(st.integers(0, 4)):
            event[fact.removeprefix("event.")] = draw(value_of(book, fact))
    if kind == "settlement" and "settled_on" not in event:
        event["settled_on"] = draw(DAY)
    return event


def paid(book: RuleBook) -> st.SearchStrategy[list[Words]]:
    """Payments before, in this period or an earlier one."""
    coded = {"icd10": codes(book)} if "diagnosis" in book.kinds else {}
    return st.lists(st.fixed_dictionaries(
        {"benefit": st.sampled_from(sorted(book.benefits)), "amount": st.integers(0, 3_000_000).map(yuan),
         "days": st.integers(0, 200), "earlier": st.booleans()}, optional=coded), max_size=3)


def tiers(book: RuleBook) -> list[str]:
    """The tiers the plan's fee or tables know."""
    tables = [book.fee.amount, *(getattr(step, key, None) for benefit in book.benefits.values() for step in benefit.steps
                                 for key in ("take", "times", "cap", "manual")), book.total.cap if book.total else None]
    return sorted({case for table in tables if isinstance(table, Table) and table.by == "cover.tier" for case in table.cases})


@st.composite
def covers(draw: st.DrawFn, book: RuleBook) -> Words:
    """One cover of a year."""
    cover: Words = {"effective": EFFECTIVE.isoformat(), "until": "2026-12-31", "renewal": draw(st.booleans()),
                    "shares": draw(st.integers(1, book.shares.max))}
    if tiers(book):
        cover["tier"] = draw(st.sampled_from(tiers(book)))
    return cover


@st.composite
def words(draw: st.DrawFn, book: RuleBook, *, with_paid: bool = True) -> Words:
    """The words of one computation of this plan."""
    data: Words = {"plan": book.plan, "cover": draw(covers(book)), "person": draw(PERSON), "event": draw(events(book))}
    if with_paid:
        data["paid"] = draw(paid(book))
    exclusions = frame.exclusion_ids(book)
    if exclusions and draw(st.integers(0, 3)) == 0:
        data["exclusions"] = {draw(st.sampled_from(exclusions)): draw(st.booleans())}
    if book.requires and draw(st.integers(0, 5)):
        data["covers"] = [book.requires.plan]
    by_hand = [name for name, benefit in book.benefits.items() if isinstance(benefit.steps[-1], Manual)]
    if by_hand and draw(st.booleans()):
        data["manual"] = {draw(st.sampled_from(by_hand)): {"amount": draw(money(book)), "reason": "核"}}
    return data
