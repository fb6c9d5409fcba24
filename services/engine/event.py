"""An event's own day, the day its report counts from, the day that dates a plan, the event in plain words, the last day of a cover."""

from __future__ import annotations

from datetime import date, timedelta

from services.core.errors import InputError
from services.rulebook.computation import Computation, Event
from services.rulebook.dating import decisive_date, stated_date
from services.rulebook.schema import RuleBook


def known_day(event: Event) -> date | None:
    """The day of the event itself, where it is stated: a stay's is the discharge, a year's its last day."""
    stays = [day for stay in event.stays if (day := stay.to or stay.from_)]
    year_end = date(event.year, 12, 31) if event.year else None
    return event.diagnosed_on or event.on or event.settled_on or max(stays, default=None) or year_end


def event_day(event: Event) -> date:
    """The day of the event itself: what identifies it, and what most plans' report counts from. InputError names the missing fact."""
    day = known_day(event)
    if day is None:
        raise _no_day(event)
    return day


def report_day(book: RuleBook, event: Event, day: date) -> date:
    """The day that the plan's days of the report count from: the event's own `day`, but a plan that the stay dates counts from the
    discharge (住院治疗结束10日（含）内, A-14), also where the stay is told with an illness or an accident of an earlier day.
    """
    return max([day, *(stay.to for stay in event.stays if stay.to)]) if book.dated_by[0] == "event.stays.from" else day


def _no_day(event: Event) -> InputError:
    fact = {"diagnosis": "event.diagnosed_on", "inpatient": "event.stays", "medical_year": "event.year",
            "settlement": "event.settled_on"}.get(event.kind, "event.on")
    return InputError("missing_key", f"{fact}：报案须写明事件日期", remedy=f"补上 {fact}", field=fact)


# The days an event may state, in the order in which one stands in for a decisive date that nobody knows yet.
_DAYS = ("event.diagnosed_on", "event.on", "event.settled_on", "event.stays.from", "event.year")


def dating_fact(book: RuleBook, c: Computation) -> str:
    """The event's fact that dates it under this plan.

    While the reporter does not know the plan's own yet (the specimen's day), the event's day stands in. A plan's last
    resort outside the event (`cover.effective`) would put every event into the cover, and is passed over.
    """
    found = next((fact for fact in (*book.dated_by, *_DAYS) if fact.startswith("event.") and stated_date(c, fact)), None)
    if found is None:
        raise _no_day(c.event)
    return found


def dated(book: RuleBook, c: Computation) -> date:
    """The decisive date of a report; verification asks for the plan's own fact (`evidence.verify`)."""
    return decisive_date(book.model_copy(update={"dated_by": (dating_fact(book, c),)}), c)


def plain_event(event: Event) -> dict[str, object]:
    """The event in the words of `vocabulary.md`, normalised, without what was not stated."""
    raw = event.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {name: value for name, value in raw.items() if value != []}


def last_day(effective: date, years: int) -> date:
    """The last covered day of a cover of whole years; 29 February ends on 28 February."""
    try:
        return effective.replace(year=effective.year + years) - timedelta(days=1)
    except ValueError:
        return date(effective.year + years, 2, 28)
