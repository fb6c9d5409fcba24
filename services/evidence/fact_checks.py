"""The dates, stays and amounts on papers against the event's facts, the cover and its waiting bands. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.core.money import show
from services.core.words import date_cn
from services.engine.facts import gather
from services.engine.telling.words import days_of
from services.evidence.readings import FieldView
from services.evidence.recognition.vocabulary import SHEETS
from services.evidence.rules import NOTE, SERIOUS, Finding
from services.evidence.sheet_checks import PaperRead, at
from services.rulebook.computation import Computation, Stay
from services.rulebook.dating import stated_date
from services.rulebook.facts import FACTS
from services.rulebook.schema import RuleBook
from services.rulebook.waiting import BEFORE, COVERED, WAITING

FROM, TO, DAYS = "event.stays.from", "event.stays.to", "event.stays.days"
# Facts that one number of the event states for all sheets together, and those of which each sheet is one.
SUMS, LISTED = ("event.own_payment", "event.pool_fund_paid"), ("event.stays_own_1",)


@dataclass(frozen=True, slots=True)
class Facts:
    """The event as stated under its cover and plan, and the sure fields of its papers."""

    words: Computation
    book: RuleBook
    last_day: date
    papers: Mapping[uuid.UUID, PaperRead]
    fields: Sequence[FieldView]

    def name(self, field: FieldView) -> str:
        """Of the paper a field stands on."""
        return self.papers[field.paper_id].name


def fact_of(field: FieldView) -> str:
    """The event's fact that a field proves; empty for none."""
    specs = SHEETS[field.sheet].fields if field.sheet in SHEETS else ()
    return next((spec.fact for spec in specs if spec.name == field.name), "")


def of_kind(fact: str, kind: str) -> bool:
    """Whether an event of this kind states the fact at all."""
    known = FACTS.get("event.stays" if fact.startswith("event.stays.") else fact)
    return known is not None and (not known.kinds or kind in known.kinds)


def of_facts(facts: Facts) -> list[Finding]:
    """What the papers say of the facts otherwise, and what their decisive day means under the cover."""
    return [*_dates(facts), *_stays(facts), *_amounts(facts), *_decisive(facts)]


def grouped(fields: Sequence[FieldView]) -> list[dict[str, FieldView]]:
    """The fields of each stay by fact: of one page and place, with `from`, `to` or `days` among them."""
    found: dict[tuple[uuid.UUID, int, int], dict[str, FieldView]] = {}
    for field in fields:
        if (fact := fact_of(field)) in (FROM, TO, DAYS):
            found.setdefault((field.paper_id, field.page, field.place), {})[fact] = field
    return list(found.values())


def _dates(facts: Facts) -> Iterator[Finding]:
    """A date beside the one stated. One sheet may be of another day (a second certificate) where one agrees: then a note."""
    kind, dating = facts.words.event.kind, _dating(facts)
    for fact in ("event.specimen_on", "event.diagnosed_on", "event.settled_on", "event.on"):
        told = stated_date(facts.words, fact)
        read = [field for field in facts.fields if fact_of(field) == fact]
        if told is None or not of_kind(fact, kind):
            continue
        agreed = any(field.value == told.isoformat() for field in read)
        for field in read:
            if field.value != told.isoformat():
                words = f"“{facts.name(field)}”上的{FACTS[fact].label} {written(field)} 与所报 {date_cn(told)} 不符"
                yield at("date_differs", words, field, fact, str(field.value), told.isoformat(),
                         severity=SERIOUS if fact == dating and not agreed else NOTE)


def written(field: FieldView) -> str:
    """A date as letters write it."""
    return date_cn(date.fromisoformat(str(field.value)))


def _dating(facts: Facts) -> str:
    """The stated fact that dates the plan; empty while none is stated."""
    return next((fact for fact in facts.book.dated_by if stated_date(facts.words, fact)), "")


def _stays(facts: Facts) -> Iterator[Finding]:
    """Stays on paper against those stated, transfers joined (A-17); where only days are stated, their count."""
    stated = facts.words.event.stays
    groups = grouped(facts.fields)
    if not stated or not of_kind("event.stays", facts.words.event.kind):
        return
    told = joined([(stay.from_, stay.to) for stay in stated if stay.from_ and stay.to])
    counts = [stay.days for stay in stated if stay.days is not None]
    dated = [(group, span) for group in groups if (span := span_of(group))]
    for start, end in joined([span for _, span in dated]):
        if (start, end) in told or (not told and max(1, (end - start).days) in counts):
            continue
        group = next(group for group, span in dated if start <= span[0] and span[1] <= end)
        words = f"“{facts.name(group[FROM])}”上的住院 {date_cn(start)} 至 {date_cn(end)} 与所报住院（{_told(stated, date_cn)}）不符"
        yield at("stay_differs", words, group[FROM], str(start), str(end), _told(stated, str), severity=SERIOUS)


def span_of(group: Mapping[str, FieldView]) -> tuple[date, date] | None:
    """Admission and discharge of a stay where both were read and in order."""
    if FROM not in group or TO not in group:
        return None
    start, end = date.fromisoformat(str(group[FROM].value)), date.fromisoformat(str(group[TO].value))
    return (start, end) if start <= end else None


def joined(spans: Sequence[tuple[date, date]]) -> list[tuple[date, date]]:
    """Stays in order, one that begins within or on the last day of another joined to it."""
    found: list[tuple[date, date]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _told(stays: Sequence[Stay], day: Callable[[date], str]) -> str:
    def one(stay: Stay) -> str:
        if stay.from_ is None:
            return f"{stay.days} 天"
        return f"{day(stay.from_)} 至 {day(stay.to)}" if stay.to else f"{day(stay.from_)} 起"
    return "、".join(map(one, stays))


def _amounts(facts: Facts) -> Iterator[Finding]:
    """Amounts of settlement sheets against the stated: one of them or their sum; of a year, one for each stay."""
    kind = facts.words.event.kind
    for fact in (*SUMS, *LISTED):
        read = one_a_sheet(facts.fields, fact)
        told = getattr(facts.words.event, fact.removeprefix("event."))
        if not read or not told or not of_kind(fact, kind):
            continue
        listed = set(told) if fact in LISTED else {told}
        values = {field.id: Decimal(str(field.value)) for field in read}
        if fact in SUMS and sum(values.values(), Decimal(0)) in listed:
            continue
        for field in read:
            if values[field.id] not in listed:
                said = "、".join(show(amount) for amount in sorted(listed))
                words = f"“{facts.name(field)}”上的{FACTS[fact].label} {show(values[field.id])} 与所报 {said} 不符"
                yield at("amount_differs", words, field, fact, show(values[field.id]), said, severity=SERIOUS)


def one_a_sheet(fields: Sequence[FieldView], fact: str) -> list[FieldView]:
    """The fields of an amount, each settlement once: the same sheet handed in twice bears one number."""
    numbers = {(field.paper_id, field.page): str(field.value) for field in fields
               if (field.sheet, field.name) == ("settlement", "number")}
    found: dict[tuple[object, ...], FieldView] = {}
    for field in fields:
        if fact_of(field) == fact:
            sheet = numbers.get((field.paper_id, field.page))
            found.setdefault((sheet, field.place) if sheet else (field.paper_id, field.page, field.place), field)
    return list(found.values())


def _decisive(facts: Facts) -> Iterator[Finding]:
    """The day that dates the plan, as the papers have it: outside the cover, or inside a waiting band."""
    fact = next((fact for fact in facts.book.dated_by if any(fact_of(field) == fact for field in facts.fields)), "")
    if not fact or not of_kind(fact, facts.words.event.kind):
        return
    cover = facts.words.cover
    for field in facts.fields:
        words = _with(facts, field) if fact_of(field) == fact else None
        day = stated_date(words, fact) if words else None
        if words is None or day is None:
            continue
        label = f"“{facts.name(field)}”上的{FACTS[fact].label} {written(field)}"
        if not cover.effective <= day <= facts.last_day:
            yield at("date_outside_cover", f"{label} 不在保障期（{date_cn(cover.effective)}至{date_cn(facts.last_day)}）内", field,
                     str(field.value), str(cover.effective), str(facts.last_day), severity=SERIOUS)
            continue
        if said := _waits(facts.book, words):
            yield at("date_in_waiting", f"{label} {said}", field, str(field.value), str(cover.effective))


def _with(facts: Facts, field: FieldView) -> Computation | None:
    """The computation with this date in place of the stated; a stay with its own discharge. None when the stay has no end."""
    day = date.fromisoformat(str(field.value))
    fact, event = fact_of(field), facts.words.event
    change: dict[str, object] = {fact.removeprefix("event."): day}
    if fact == FROM:
        span = span_of(next(group for group in grouped(facts.fields) if group.get(FROM) is field))
        if span is None:
            return None
        change = {"stays": (Stay.model_validate({"from": span[0], "to": span[1]}),)}
    return facts.words.model_copy(update={"event": event.model_copy(update=change)})


def _waits(book: RuleBook, words: Computation) -> str:
    """Which day of the cover it is and which waiting band that day lies in; empty when it lies in none."""
    found = gather(book, words).band
    if found.band in (COVERED, BEFORE):
        return ""
    span = book.bands.ranges.get(found.band) if book.bands else book.waiting.days if book.waiting and found.band == WAITING else None
    if span is None or span.high is None:
        return ""
    return f"是保障生效后第 {found.day} 天，在{days_of(span)}的观察期内"


_LOOSE = re.compile(r"原发性|继发性|恶性|性|子(?=宫)|[\s（）()、，,]")


def names_of(book: RuleBook) -> list[str]:
    """The names of diseases in the plan's lists."""
    return list(dict.fromkeys(name for rule in book.lists.values() for name in rule.diseases))


def close(listed: str, said: str) -> bool:
    """Whether a diagnosis speaks of a listed disease: its characters stand in the diagnosis in this order (右乳腺浸润性癌: 乳腺癌)."""
    wanted, rest = _plain(listed), iter(_plain(said))
    return bool(wanted) and all(sign in rest for sign in wanted)


def _plain(disease: str) -> str:
    """Without what lists and doctors write or leave out."""
    return _LOOSE.sub("", disease.replace("恶性肿瘤", "癌"))
