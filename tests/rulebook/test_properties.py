"""What must hold for every plan, whatever the facts: no negative sums, caps kept, more never pays less."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, assume, find, given, settings
from hypothesis import strategies as st

from services.core.errors import InputError
from services.core.money import to_fen
from services.engine import one
from services.engine.ceiling import ceiling
from services.rulebook import registry
from services.rulebook.facts import FACTS
from services.rulebook.flow import is_each, shapes
from services.rulebook.forms import event_facts
from services.rulebook.results import Result
from services.rulebook.schema import RuleBook
from services.rulebook.steps import Cap
from services.rulebook.values import Const, FactRef, Value
from services.rulebook.vocabulary import parse
from tests.support.computations import Words, words, yuan

BOOKS = registry.plans()


def those(holds: Callable[[RuleBook], bool] = lambda book: True) -> pytest.MarkDecorator:
    """Every wording of every plan for which this holds."""
    return pytest.mark.parametrize("book", [book for book in BOOKS if holds(book)],
                                   ids=lambda book: f"{book.plan}-{book.version}")


def own_payments(book: RuleBook) -> list[str]:
    """What the member paid, as this plan reads it."""
    return [name for name in OWN_PAYMENTS if f"event.{name}" in event_facts(book)]


def values(book: RuleBook) -> Iterator[Value]:
    """The value of every step."""
    for benefit in book.benefits.values():
        for step in benefit.steps:
            yield from (value for key in ("take", "less", "times", "cap") if (value := getattr(step, key, None)) is not None)


def sums_stays(book: RuleBook) -> bool:
    """Reads a list of stays and treats all of them alike."""
    lists = [value for value in values(book) if isinstance(value, FactRef) and FACTS[value.fact].is_list]
    return bool(lists) and not any(is_each(value) for value in values(book))


EVERY_PLAN = those()
RELAXED = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
REACHING = settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
OWN_PAYMENTS = ("own_payment", "medical_own_payment", "outpatient_own_1", "over_cap_own_1", "pool_own", "large_own", "loss",
                "amount")


def computed(book: RuleBook, data: Words) -> Result | None:
    """The result, or None when the facts are refused (by name: an InputError)."""
    try:
        return one.compute(book, parse(data))
    except InputError:
        return None


def changed(data: Words, part: str, **values: object) -> Words:
    """The same words with other values in one part."""
    other = copy.deepcopy(data)
    inner = other[part]
    assert isinstance(inner, dict)
    inner.update(values)
    return other


def due(result: Result) -> Decimal:
    return result.total + result.refund


@EVERY_PLAN
@RELAXED
@given(data=st.data())
def test_nothing_negative_and_no_cap_passed(book: RuleBook, data: st.DataObject) -> None:
    drawn = data.draw(words(book))
    result = computed(book, drawn)
    assume(result is not None)
    assert result is not None
    assert min(result.total, result.refund, result.receivable, *(line.amount for line in result.lines), Decimal(0)) >= 0
    c = parse(drawn)
    for line in result.lines:
        most = ceiling(book, line.benefit, Decimal(c.cover.shares))
        before = sum((item.amount for item in c.paid if item.benefit == line.benefit and not item.earlier), Decimal(0))
        assert most is None or line.amount <= most
        for limit in yuan_a_period(book, line.benefit, c.cover.shares):
            assert line.amount <= max(Decimal(0), limit - before)


def yuan_a_period(book: RuleBook, benefit: str, shares: int) -> Iterator[Decimal]:
    """The caps in yuan under which earlier payments of the period count."""
    steps = book.benefits[benefit].steps
    for step, shape in zip(steps, shapes(steps), strict=True):
        if (book.mode == "event" and isinstance(step, Cap) and step.over != "stay" and shape.unit == "yuan"
                and isinstance(step.cap, Const) and (step.times is None or isinstance(step.times, FactRef))):
            yield step.cap.number * (shares if step.times else 1)


@those(lambda book: book.shares.max > 1)
@RELAXED
@given(data=st.data())
def test_more_shares_never_pay_less(book: RuleBook, data: st.DataObject) -> None:
    drawn = data.draw(words(book))
    fewer = data.draw(st.integers(1, book.shares.max - 1))
    less, more = (computed(book, changed(drawn, "cover", shares=shares)) for shares in (fewer, book.shares.max))
    assume(less is not None and more is not None)
    assert less is not None and more is not None and due(more) >= due(less)


@those(own_payments)
@RELAXED
@given(data=st.data())
def test_more_own_payment_never_pays_less(book: RuleBook, data: st.DataObject) -> None:
    drawn = data.draw(words(book))
    event = drawn["event"]
    assert isinstance(event, dict)
    stated = [name for name in own_payments(book) if name in event]
    assume(stated)
    name = data.draw(st.sampled_from(stated))
    extra = data.draw(st.integers(1, 5_000_000))
    raised = yuan(to_fen(Decimal(str(event[name]))) + extra)
    less, more = computed(book, drawn), computed(book, changed(drawn, "event", **{name: raised}))
    assume(less is not None and more is not None)
    assert less is not None and more is not None and due(more) - more.receivable >= due(less) - less.receivable


def _open(result: Result) -> set[str]:
    return {line.benefit for line in result.lines if line.manual}


@those(lambda book: book.waiting is not None or book.bands is not None)
@RELAXED
@given(data=st.data())
def test_renewal_never_pays_less_than_new(book: RuleBook, data: st.DataObject) -> None:
    drawn = data.draw(words(book, with_paid=False))
    new, renewed = (computed(book, changed(drawn, "cover", renewal=renewal)) for renewal in (False, True))
    assume(new is not None and renewed is not None)
    assert new is not None and renewed is not None
    # Papers that contradict one another or do not say how ill the member is, or an illness that only a reviewer can place: settled by
    # a reviewer first.
    assume(not {"severity_conflict", "unverified_list"} & set(new.flags))
    assume("not_claimed" not in {item.reason for item in renewed.nothing})
    # An amount that a reviewer has still to say is open, not less.
    assume(_open(renewed) <= _open(new))
    assert due(renewed) >= due(new)


@those(sums_stays)
@RELAXED
@given(data=st.data())
def test_order_of_stays_matters_only_where_the_plan_says_so(book: RuleBook, data: st.DataObject) -> None:
    drawn = data.draw(words(book))
    event = drawn["event"]
    assert isinstance(event, dict)
    assume(event.get("stays"))
    shuffled = data.draw(st.permutations(event["stays"]))
    first, second = computed(book, drawn), computed(book, changed(drawn, "event", stays=shuffled))
    assert (first and first.total) == (second and second.total)


@EVERY_PLAN
def test_generated_facts_reach_every_benefit(book: RuleBook) -> None:
    reached: set[str] = set()

    def all_reached(data: Words) -> bool:
        result = computed(book, data)
        reached.update(line.benefit for line in (result.lines if result else ()))
        return reached == set(book.benefits)

    find(words(book), all_reached, settings=REACHING)
