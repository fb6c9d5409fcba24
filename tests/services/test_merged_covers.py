"""Covers of two records that become one: what follows to the day is a renewal; what was claimed since stops the way back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict
from services.enrolment import cover_queries, queries, service
from services.intake import service as intake
from services.models import Claim, Cover, PersonMerge
from services.reporting import checks
from services.review import amendment
from services.review import service as review
from tests.services.after_world import concluded, decided, routed
from tests.services.merging_world import CN, enrol, merge, mistyped, split
from tests.services.premium_world import end, premium_of, receive
from tests.services.review_world import MALIGNANT, claim_row, digest, passes, report
from tests.support.road import pay
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def covers(world: World, person: uuid.UUID) -> Sequence[Cover]:
    """Oldest first."""
    with world.db.view(CN) as session:
        return sorted(queries.covers_of(session, person), key=lambda cover: cover.effective)


def changes(world: World, cover: Cover) -> list[str]:
    """What its endorsements say."""
    with world.db.view(CN) as session:
        return [row.text for row in cover_queries.endorsements(session, cover)]


@pytest.mark.parametrize(("kept_first", "day"), [(True, date(2027, 1, 1)), (False, date(2025, 1, 1))])
def test_what_follows_the_other_records_cover_is_a_renewal_until_it_is_undone(world: World, now: datetime, kept_first: bool,
                                                                              day: date) -> None:
    """The kept record's cover runs through 2026; the mistyped one has the year after it, or the year before."""
    kept = world.member(2, "xj").person_id
    dropped = enrol(world, mistyped(world, 2, 412), day, now)
    made = merge(world, kept, dropped, now)
    first, second = covers(world, kept)
    assert (first.renewal, second.renewal) == (False, True)
    assert "按续保" in changes(world, second)[-1] and changes(world, first) == []
    split(world, made, now)
    (other,), (own,) = covers(world, dropped), covers(world, kept)
    later = other if kept_first else own
    assert (own.renewal, other.renewal, later.id) == (False, False, second.id)
    assert "按中断后参保" in changes(world, later)[-1]


@pytest.mark.parametrize(("received", "renewal"), [(date(2025, 12, 31), True), (date(2026, 1, 1), False)])
def test_paid_after_it_had_begun_it_stays_a_new_joining(world: World, now: datetime, received: date, renewal: bool) -> None:
    kept = world.member(2, "xj").person_id
    dropped = enrol(world, mistyped(world, 2, 413), date(2025, 1, 1), now)
    (cover,) = covers(world, kept)
    assert receive(world, "50.00", now, on=received, certificates=[cover.certificate_no]).prepaid_fen == 0
    merge(world, kept, dropped, now)
    assert covers(world, kept)[1].renewal is renewal


@pytest.mark.parametrize(("received", "renewal"), [(date(2026, 12, 31), True), (date(2027, 1, 1), False)])
def test_money_that_lay_there_before_the_roster_is_of_the_day_it_came(world: World, received: date, renewal: bool) -> None:
    """What the unit owes is 350.00; the rest pays the mistyped one's cover from 2027-01-01, entered in February."""
    february = at_hour(date(2027, 2, 10))
    assert receive(world, "375.00", february, on=received).prepaid_fen == 2_500
    kept, dropped = world.member(2, "xj").person_id, enrol(world, mistyped(world, 2, 421), date(2027, 1, 1), february)
    assert premium_of(world, covers(world, dropped)[0]).open_fen == 0
    merge(world, kept, dropped, february)
    assert covers(world, kept)[1].renewal is renewal


@pytest.mark.parametrize("last", [date(2025, 12, 30), date(2024, 12, 31)])
def test_a_gap_before_it_is_no_renewal(world: World, now: datetime, last: date) -> None:
    """The former cover ended a day early, or was taken back as a whole."""
    kept = world.member(2, "xj").person_id
    dropped = enrol(world, mistyped(world, 2, 414), date(2025, 1, 1), now)
    end(world, covers(world, dropped)[0].certificate_no, last, now)
    merge(world, kept, dropped, now)
    assert [cover.renewal for cover in covers(world, kept)] == [False, False]


def test_after_a_premium_given_back_whoever_joins_again_waits_again(world: World, now: datetime) -> None:
    """A-13; undone when the refund is."""
    kept = world.member(2, "xj").person_id
    claim = report(world, 2, now)
    dropped = enrol(world, mistyped(world, 2, 420), date(2027, 1, 1), now)
    with world.db.unit_of_work(CN) as session:
        session.execute(sa.text("""
            INSERT INTO reservation (id, org_key, cover_id, claim_id, round, benefit, amount_fen, days, state, made_at)
            SELECT uuidv7(), org_key, cover_id, id, 1, 'premium_refund', 5000, 0, 'reserved', :now FROM claim WHERE id = :claim"""),
            {"claim": claim, "now": now})
    split(world, merge(world, kept, dropped, now), now)
    assert covers(world, dropped)[0].renewal is False and changes(world, covers(world, dropped)[0]) == []
    with world.db.unit_of_work(CN) as session:
        session.execute(sa.text("UPDATE reservation SET state = 'released'"))
    merge(world, kept, dropped, now)
    assert covers(world, kept)[1].renewal is True


def moved(world: World, now: datetime, serial: int) -> tuple[uuid.UUID, PersonMerge]:
    """Member 3's record with her cover goes into an empty one."""
    typed = mistyped(world, 3, serial)
    with world.db.unit_of_work(CN) as session:
        kept = service.add_person(session, name=typed.name, id_number=typed.id_number, actor=ROOT, now=now).id
    return kept, merge(world, kept, world.member(3, "xj").person_id, now)


def refused(world: World, made: PersonMerge, claim: uuid.UUID, now: datetime) -> str:
    """The undoing is refused, naming the claim, and nothing of it is left; gives the refusal's words."""
    with pytest.raises(Conflict) as stopped:
        split(world, made, now)
    assert stopped.value.code == "split_claims_since" and claim_row(world.db, claim).claim_no in stopped.value.message
    assert covers(world, world.member(3, "xj").person_id) == []
    return f"{stopped.value.message}；{stopped.value.remedy}"


def corrected(world: World, claim: uuid.UUID, now: datetime) -> None:
    """A new round, by two persons."""
    first, second = world.actor("xj.office2"), world.actor("xj.head")
    with world.db.unit_of_work(first.scope) as session:
        amendment.ask_amendment(session, claim_id=claim, kind="other", why="被保障人认错", actor=first, now=now,
                                changes=[{"what": "被保障人", "old": "本人", "new": "另一人"}])
    with world.db.unit_of_work(second.scope) as session:
        amendment.confirm_amendment(session, claim_id=claim, actor=second, now=now)


def cancelled(world: World, claim: uuid.UUID, now: datetime) -> None:
    """A mistake, by two persons."""
    first, second = world.actor("xj.office1"), world.actor("xj.office2")
    with world.db.unit_of_work(first.scope) as session:
        intake.ask_cancel(session, claim_id=claim, ground="mistake", reason="被保障人认错", actor=first, now=now)
    with world.db.unit_of_work(second.scope) as session:
        intake.confirm_cancel(session, claim_id=claim, actor=second, now=now)


def taken(world: World, claim: uuid.UUID) -> list[tuple[int, str]]:
    """Fen and state of what the claim takes of its cover, by round."""
    with world.db.view(CN) as session:
        return [(row.amount_fen, row.state) for row in session.execute(sa.text(
            "SELECT amount_fen, state FROM reservation WHERE claim_id = :claim ORDER BY round, benefit"), {"claim": claim})]


def parted(world: World, made: PersonMerge, kept: uuid.UUID, claim: uuid.UUID, now: datetime) -> None:
    """The cover goes back; the claim stays with who reported it."""
    split(world, made, now)
    assert len(covers(world, world.member(3, "xj").person_id)) == 1 and covers(world, kept) == []
    with world.db.view(CN) as session:
        assert session.get_one(Claim, claim).person_id == kept
        assert checks.run(session) == []


def test_a_claim_made_since_stops_the_undoing_until_it_is_cancelled(world: World, now: datetime) -> None:
    kept, made = moved(world, now, 415)
    claim = report(world, 3, now)
    said = refused(world, made, claim, now)
    assert "（已报案）" in said and "尚在办理的，撤回或作废" in said and "更正" not in said
    cancelled(world, claim, now)
    parted(world, made, kept, claim, now)


def test_a_claim_that_came_with_its_cover_goes_back_with_it(world: World, now: datetime) -> None:
    member = world.member(3, "xj").person_id
    claim = report(world, 3, now)
    _, made = moved(world, now, 416)
    split(world, made, now)
    with world.db.view(CN) as session:
        assert session.get_one(Claim, claim).person_id == member


def test_a_decided_claim_made_since_is_corrected_and_cancelled_first(world: World, now: datetime) -> None:
    """What it had reserved is her own again, whose cover it is."""
    kept, made = moved(world, now, 417)
    claim = decided(world, 3, now, event=MALIGNANT)
    assert "（待付款）" in (said := refused(world, made, claim, now)) and "已决定的，由两人更正" in said
    corrected(world, claim, now)
    assert "尚在办理的" in refused(world, made, claim, now)
    cancelled(world, claim, now)
    parted(world, made, kept, claim, now)
    assert taken(world, claim) == [(1_500_000, "released")]


def test_a_paid_claim_made_since_is_asked_back_first(world: World, now: datetime) -> None:
    kept, made = moved(world, now, 418)
    claim = decided(world, 3, now, event=MALIGNANT)
    pay(world, [claim], now)
    assert "（已付款）" in (said := refused(world, made, claim, now)) and "已付款的，由两人更正，新一轮决定不予给付" in said
    corrected(world, claim, now)
    assert "已付款的" in refused(world, made, claim, now)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    office = world.actor("xj.office1")
    with world.db.unit_of_work(office.scope) as session:
        review.refuse(session, claim_id=claim, seen=digest(world.db, claim), reason="not_in_list", clause="第九条", actor=office, now=now)
    assert [done.receivable_fen for done in concluded(world, claim, now)] == [1_500_000]
    assert "已决定的" in refused(world, made, claim, now)
    corrected(world, claim, now)
    cancelled(world, claim, now)
    parted(world, made, kept, claim, now)
    assert taken(world, claim) == [(1_500_000, "released")]


def test_past_the_limitation_a_paid_claim_stops_nothing(world: World, now: datetime) -> None:
    """Diagnosed on 2026-03-16: it can be taken up again through 2028-03-16, and never after."""
    kept, made = moved(world, now, 419)
    claim = decided(world, 3, now, event=MALIGNANT)
    pay(world, [claim], now)
    refused(world, made, claim, at_hour(date(2028, 3, 16)))
    parted(world, made, kept, claim, at_hour(date(2028, 3, 17)))
    assert taken(world, claim) == [(1_500_000, "paid")]
