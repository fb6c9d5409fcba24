"""Facts of a claim that was decided already, put right: for the round that decides anew (see `review.amendment`)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from services.core.errors import InputError
from services.engine.event import dated
from services.enrolment import queries as enrolment
from services.intake import rules
from services.intake.queries import present_digest
from services.models import Claim, Cover
from services.rulebook import registry
from services.rulebook.computation import Computation


def checked(session: Session, claim: Claim, event: Mapping[str, object]) -> dict[str, object]:
    """The corrected event, normalised. InputError: another kind, day or year of event, or a decisive date outside the cover."""
    cover = session.get_one(Cover, claim.cover_id)
    words, before = enrolment.computation_of(cover, event), enrolment.computation_of(cover, claim.event)
    if is_another(words, before):
        raise InputError("event_differs", "事件类别、日期和年度不能更正", remedy="确属另一事件的，请重新报案", field="event")
    if not enrolment.answers(cover, event):
        raise InputError("not_in_cover", "决定日期不在保障期内", remedy="核对日期；应不予给付的，按其他更正办理", field="event")
    return rules.plain_event(words)


def is_another(one: Computation, other: Computation) -> bool:
    """Whether the one tells of another event than the other did: its kind or day, or the year where one was stated (apart from it)."""
    return (one.event.kind != other.event.kind or enrolment.event_day(one) != enrolment.event_day(other)
            or other.event.year not in (None, one.event.year))


def put_right(session: Session, claim: Claim, event: Mapping[str, object]) -> None:
    """Write the corrected facts with the wording, route, banks and papers that follow from them; a waived paper stays waived."""
    plain = checked(session, claim, event)
    words = enrolment.computation_of(session.get_one(Cover, claim.cover_id), plain)
    book = registry.resolve(claim.plan, dated(registry.latest(claim.plan), words))
    waived = rules.waived_kinds(registry.version(claim.plan, claim.plan_from), claim)
    claim.event, claim.plan_from, claim.route, claim.banks = plain, book.from_, book.route, list(book.banks.allow)
    claim.required = [kind for kind in rules.required_kinds(book, plain) if kind not in waived]
    claim.digest = present_digest(session, claim)
    session.add(claim)
    session.flush()
