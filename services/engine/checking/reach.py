"""Which facts a rule-book reads, and which of its benefits no event can ever reach."""

from __future__ import annotations

from collections.abc import Iterator

from services.rulebook.facts import DEFAULTS, FACTS
from services.rulebook.flow import facts_in
from services.rulebook.forms import event_facts
from services.rulebook.parts import Benefit
from services.rulebook.schema import RuleBook
from services.rulebook.steps import ScaleBy, Take
from services.rulebook.values import Condition, Table, nearest

# An identity card proves who the person is, whether or not this plan asks for age or sex.
_PERSON = ("person.born", "person.sex", "person.relation")


def facts_read(book: RuleBook) -> frozenset[str]:
    """Every fact that can change what this book pays, refuses or dates, and the person's own."""
    found = {*event_facts(book), *book.dated_by, *_PERSON, "event.kind"}
    if book.lists:
        found |= {"event.icd10", "event.disease"}
    if set(book.kinds) & {"accident", "property", "death"}:
        found.add("event.on")   # the report is counted from it
    found |= {condition.fact for condition in _conditions(book)}
    for benefit in book.benefits.values():
        for step in benefit.steps:
            for name in type(step).model_fields:
                found |= set(facts_in(getattr(step, name)))
    for value in (book.fee.amount, book.fee.high_risk, *((book.total.cap, book.total.times) if book.total else ())):
        found |= set(facts_in(value))
    if book.fee.high_risk is not None:
        found.add("person.high_risk_work")
    found |= {"cover.effective", "cover.until", "cover.renewal", "cover.premium_paid", "cover.shares"}
    stays = {"event.stays", "event.stays.days", "event.stays.from"}
    return frozenset(found | (stays if found & stays else set()))


def _conditions(book: RuleBook) -> Iterator[Condition]:
    for part in (*book.benefits.values(), book.eligible, book.waiting, book.bands, *book.flags, *book.papers):
        yield from (part.when or ()) if part else ()
    yield from book.total.flag_when if book.total else ()


def unreachable(book: RuleBook) -> Iterator[tuple[str, str]]:
    """Benefits no event of the plan's kinds can reach, with why; `book` without its bundle's parts."""
    for name, benefit in book.benefits.items():
        why = next(_out_of_reach(book, benefit), None)
        if why:
            yield name, why


def _out_of_reach(book: RuleBook, benefit: Benefit) -> Iterator[str]:
    kinds = set(book.kinds)
    for condition in benefit.when:
        yield from _never(book, condition)
        if condition.fact == "event.kind":
            kinds &= set(condition.any_of)
        if condition.fact == "list" and all(book.lists[name].verified for name in condition.any_of):
            kinds &= set(FACTS["event.icd10"].kinds)
    if not kinds:
        yield f"计划不受理这种事件，受理的是 {'、'.join(book.kinds)}"
    for fact, stated in _needed(benefit):
        kinds &= set(_stated_in(fact, stated) or kinds)
        if not kinds:
            yield f"受理的事件没有事实 {fact}（属于 {'、'.join(FACTS[fact].kinds)}）"


def unanswered(book: RuleBook) -> Iterator[str]:
    """Kinds of event the plan says it answers and no benefit does; `book` with its bundle's parts."""
    for kind in book.kinds:
        alone = book.model_copy(update={"kinds": (kind,)})
        if all(next(_out_of_reach(alone, benefit), None) for benefit in book.benefits.values()):
            yield f"没有一项待遇能对 {kind} 给付"


def strangers(book: RuleBook) -> Iterator[tuple[tuple[str, ...], str]]:
    """Rows of tables for a value that their fact never has."""
    tables: list[tuple[tuple[str, ...], object]] = [(("fee", "amount"), book.fee.amount), (("fee", "high_risk"), book.fee.high_risk)]
    tables += [(("benefits", name, "steps", str(index), key), getattr(step, key, None)) for name, benefit in book.benefits.items()
               for index, step in enumerate(benefit.steps) for key in ("take", "less", "times", "cap", "manual")]
    tables += [(("total", key), getattr(book.total, key)) for key in ("cap", "times") if book.total]
    for key, table in tables:
        if isinstance(table, Table):
            yield from ((key, said) for said in _never(book, Condition(fact=table.by, any_of=tuple(table.cases))))


def _never(book: RuleBook, condition: Condition) -> Iterator[str]:
    """A value its fact never has."""
    if condition.fact == "list":
        return
    choices = ("true", "false") if FACTS[condition.fact].type == "bool" else FACTS[condition.fact].choices
    if condition.fact == "band":
        choices = tuple(book.bands.ranges) if book.bands else ("covered",)
    wrong = [word for word in condition.any_of if choices and word not in choices]
    if wrong:
        near = nearest(wrong[0], list(choices))
        yield f"{condition.fact} 没有“{wrong[0]}”" + (f"，最接近的是 {near}" if near else f"，应为 {'、'.join(choices)}")


def _needed(benefit: Benefit) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Facts without which it pays nothing, with the values they must have: its conditions', and the one it starts from."""
    for condition in benefit.when:
        if condition.fact != "list" and condition.fact not in DEFAULTS:
            yield condition.fact, condition.any_of
    for step in benefit.steps:
        if isinstance(step, ScaleBy):
            yield step.scale.fact, ()
        if isinstance(step, Take) and not isinstance(step.take, Table):
            yield from ((fact, ()) for fact in facts_in(step.take))


def _stated_in(fact: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds of event that can state the fact; a sudden death is a severity that its own fact states."""
    sudden = FACTS["event.sudden_death"].kinds if fact == "event.severity" and "sudden_death" in values else ()
    return (*FACTS[fact].kinds, *sudden)
