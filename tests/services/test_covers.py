"""A cover from its first day to its end: renewal paid in time or late, shares, endorsements, benefits ended, the summary."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, datetime, timedelta

import psycopg
import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.enrolment import cover_queries, covers, group_summary
from services.enrolment import service as enrolment
from services.enrolment.queries import covers_of
from services.ledger.queries import Premium
from services.models import Cover
from services.rulebook import registry, waiting
from services.simulate.synthetic import roster_xlsx
from tests.services.paying_world import decided
from tests.services.premium_world import XJ_UNIT, cover_of, end, premium_of, receive, unproven_in
from tests.services.review_world import in_review, passes
from tests.support.road import decided as decided_by_chain
from tests.support.road import pay
from tests.support.world import NX_PLAN, ROOT, XJ_PLAN, World, build_world

DECEMBER = at_hour(date(2026, 12, 10))
RENEWED = date(2027, 1, 1)          # the world's covers end on 2026-12-31
LAST = date(2026, 12, 31)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def enrol(world: World, n: int, effective: date, now: datetime, *, shares: int = 1) -> Cover:
    """Member `n` of Xinjiang again, from another day."""
    person = replace(world.member(n, "xj").synthetic, shares=shares)
    with world.db.unit_of_work(ROOT.scope) as session:
        done = enrolment.enrol(session, content=roster_xlsx([person], unit="天山区示例一厂工会"), file_name="r.xlsx", plan=XJ_PLAN,
                               org_id=world.org("cn.xj.wlmq.tsd.u001."), effective=effective, payer_kind="self", actor=ROOT, now=now)
        assert done.accepted == 1, done.faults
    return cover_of(world, n)


def waits(cover: Cover) -> bool:
    """Whether a disease on the tenth day still falls into the waiting period."""
    return waiting.band(registry.version(cover.plan, cover.plan_from), cover.effective, cover.effective + timedelta(days=9),
                        cover.renewal).band == "none"


def starts(world: World, cover: Cover) -> date:
    with world.db.view(ROOT.scope) as session:
        return cover_queries.waiting_start(cover, covers_of(session, cover.person_id))


@pytest.mark.parametrize(("paid_on", "unbroken"), [(date(2026, 12, 30), True), (LAST, True), (RENEWED, False), (date(2027, 1, 2), False)])
def test_a_renewal_is_paid_before_the_former_cover_ends(world: World, paid_on: date, unbroken: bool) -> None:
    """plans.md: unbroken is what is paid for before the last covered day ends."""
    cover = enrol(world, 3, RENEWED, DECEMBER)
    assert cover.renewal and not waits(cover)
    done = receive(world, "25.00", at_hour(date(2027, 1, 5)), on=paid_on, certificates=[cover.certificate_no])
    after = cover_of(world, 3)
    assert (after.renewal, waits(after)) == (unbroken, not unbroken)
    assert done.broken == (() if unbroken else (cover.certificate_no,))
    assert starts(world, after) == (date(2026, 1, 1) if unbroken else RENEWED)
    with world.db.view(ROOT.scope) as session:
        assert len(cover_queries.endorsements(session, after)) == (0 if unbroken else 1)


NOVEMBER, DISTRICT = date(2026, 11, 20), "cn.xj.wlmq.tsd."


@pytest.mark.parametrize(("org", "slips", "unbroken"), [
    (XJ_UNIT, {"375.00": NOVEMBER}, True), (XJ_UNIT, {"375.00": LAST}, True), (XJ_UNIT, {"375.00": RENEWED}, False),
    (XJ_UNIT, {"374.99": NOVEMBER, "0.01": RENEWED}, False), (XJ_UNIT, {"375.00": NOVEMBER, "0.01": RENEWED}, True),
    (DISTRICT, {"375.00": NOVEMBER}, True), (DISTRICT, {"375.00": RENEWED}, False)])
def test_money_before_the_roster_is_placed_with_it(world: World, org: str, slips: dict[str, date], unbroken: bool) -> None:
    """350 are due for this year. A cover is paid on its slip's day, whatever the next slip is for; a district's with its next slip."""
    for yuan, on in slips.items():
        receive(world, yuan, at_hour(date(2027, 1, 4)), org=org, on=on)
    cover = enrol(world, 3, RENEWED, at_hour(date(2027, 1, 5)))
    assert premium_of(world, cover).open_fen == (0 if org == XJ_UNIT else 2500)
    assert cover.renewal is (unbroken or org == DISTRICT)
    receive(world, "25.00", at_hour(date(2027, 2, 5)), org=org, on=date(2027, 2, 3))
    assert (cover_of(world, 3).renewal, premium_of(world, cover).open_fen) == (unbroken, 0)
    with world.db.view(ROOT.scope) as session:
        assert [row.dated_on for row in cover_queries.endorsements(session, cover)] == ([] if unbroken else [RENEWED])


def test_a_part_in_time_is_not_paid(world: World) -> None:
    cover = enrol(world, 3, RENEWED, DECEMBER, shares=2)
    for yuan, day, renewal in (("49.99", LAST, True), ("0.01", RENEWED, False)):
        receive(world, yuan, at_hour(date(2027, 1, 5)), on=day, certificates=[cover.certificate_no])
        assert cover_of(world, 3).renewal is renewal


def test_a_first_cover_paid_late_is_no_broken_renewal(world: World, now: datetime) -> None:
    assert receive(world, "350.00", now).broken == ()


@pytest.mark.parametrize(("effective", "renewal"), [(RENEWED, True), (date(2027, 1, 2), False)])
def test_a_day_between_breaks_the_chain(world: World, effective: date, renewal: bool) -> None:
    cover = enrol(world, 4, effective, DECEMBER)
    assert (cover.renewal, waits(cover)) == (renewal, not renewal)
    assert starts(world, cover) == (date(2026, 1, 1) if renewal else effective)


def test_two_renewals_wait_from_the_first(world: World) -> None:
    enrol(world, 4, RENEWED, DECEMBER)
    assert starts(world, enrol(world, 4, date(2028, 1, 1), DECEMBER)) == date(2026, 1, 1)


def test_after_an_early_end_one_waits_again(world: World) -> None:
    end(world, cover_of(world, 4).certificate_no, date(2026, 12, 30), DECEMBER, reason="transfer")
    cover = enrol(world, 4, date(2026, 12, 31), DECEMBER)
    assert (cover.renewal, waits(cover), starts(world, cover)) == (False, True, date(2026, 12, 31))


@pytest.mark.parametrize(("last_day", "code"), [
    (date(2025, 12, 30), "last_day"), (date(2025, 12, 31), None), (date(2026, 1, 1), None), (date(2026, 12, 30), None),
    (date(2026, 12, 31), "last_day")])
def test_a_cover_ends_inside_its_days_or_is_taken_back(world: World, now: datetime, last_day: date, code: str | None) -> None:
    number = cover_of(world, 0).certificate_no
    if code:
        with pytest.raises(InputError, match=code):
            end(world, number, last_day, now)
        assert cover_of(world, 0).ended_on is None
        return
    done = end(world, number, last_day, now, reason="retirement")
    assert (done.ended_on, done.end_reason) == (last_day, "retirement")
    with pytest.raises(Conflict, match="cover_ended"):
        end(world, number, last_day, now)


def test_a_part_of_a_year_keeps_its_premium(world: World, now: datetime) -> None:
    cover = cover_of(world, 0)
    end(world, cover.certificate_no, date(2026, 6, 30), now, reason="death")
    assert premium_of(world, cover) == Premium(due_fen=10000, open_fen=10000)


@pytest.mark.parametrize(("last_day", "allowed"), [(date(2026, 3, 18), False), (date(2026, 3, 19), True), (date(2026, 3, 20), True)])
def test_the_unit_ends_from_yesterday_on(world: World, now: datetime, last_day: date, allowed: bool) -> None:
    number = cover_of(world, 0).certificate_no
    if allowed:
        assert end(world, number, last_day, now, login="xj.clerk").ended_on == last_day
    else:
        with pytest.raises(InputError, match="last_day_past"):
            end(world, number, last_day, now, login="xj.clerk")


@pytest.mark.parametrize(("login", "refusal"), [("xj.clerk2", NotFound), ("nx.office1", NotFound), ("xj.auditor", NotPermitted),
                                                ("xj.m0", NotPermitted), ("xj.maker", NotPermitted)])
def test_who_may_not_end_a_cover(world: World, now: datetime, login: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        end(world, cover_of(world, 0).certificate_no, date(2026, 3, 20), now, login=login)


def test_a_taken_back_cover_leaves_its_days_free(world: World, now: datetime) -> None:
    end(world, cover_of(world, 0).certificate_no, date(2025, 12, 31), now)
    again = enrol(world, 0, date(2026, 6, 1), now)
    assert (again.renewal, again.premium_fen) == (False, 2500)
    assert unproven_in(world) == []


def test_the_database_refuses_the_second_cover_of_a_day(world: World, now: datetime,
                                                        superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    copy = """INSERT INTO cover SELECT (jsonb_populate_record(v, jsonb_build_object('id', gen_random_uuid(), 'certificate_no', %s::text,
              'effective', %s::date, 'until', '2027-12-31', 'ended_on', %s::date))).* FROM cover v WHERE certificate_no = %s"""
    number = cover_of(world, 0).certificate_no
    with pytest.raises(psycopg.errors.ExclusionViolation):
        superuser.execute(copy, ("A", "2026-12-31", None, number))
    superuser.execute(copy, ("B", "2026-12-31", "2026-12-30", number))         # taken back: covers no day
    superuser.execute(copy, ("C", "2027-01-01", None, number))


def test_money_for_an_event_after_the_day_stands_in_the_way(world: World, now: datetime) -> None:
    decided_by_chain(world, 1, now)                                            # diagnosed on 2026-03-16
    number = cover_of(world, 1).certificate_no
    with pytest.raises(Conflict, match="cover_has_claims"):
        end(world, number, date(2026, 3, 15), now)
    assert end(world, number, date(2026, 3, 16), now).ended_on == date(2026, 3, 16)


IN_SITU = {"kind": "diagnosis", "icd10": "D05.100", "behaviour": "2", "severity": "in_situ", "diagnosed_on": "2026-03-16",
           "specimen_on": "2026-03-12"}


def liabilities(world: World, cover: Cover) -> dict[str, tuple[str, str | None]]:
    with world.db.view(ROOT.scope) as session:
        return {row.benefit: (row.state, row.by_benefit) for row in cover_queries.liabilities(session, cover)}


def test_benefits_end_one_by_one(world: World, now: datetime) -> None:
    """xj-women: a carcinoma in situ ends its own benefit, first when decided, then when paid; the others go on."""
    cover, open_ = cover_of(world, 1), ("open", None)
    assert liabilities(world, cover) == {"consolation": open_, "in_situ": open_, "malignant": open_}
    claim = in_review(world, 1, now, event=IN_SITU)
    for login in ("clerk", "district", "office1"):
        passes(world, claim, f"xj.{login}", now)
    assert liabilities(world, cover) == {"consolation": open_, "in_situ": ("ending", "in_situ"), "malignant": open_}
    pay(world, [claim], now)
    assert liabilities(world, cover) == {"consolation": open_, "in_situ": ("ended", "in_situ"), "malignant": open_}
    with pytest.raises(InputError, match="benefits_open"):
        end(world, cover.certificate_no, date(2026, 6, 30), now, reason="benefit")


def test_a_benefit_that_ends_all_ends_the_cover(world: World, now: datetime,
                                                superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    """xj-critical-illness: a severe disease ends everything (A-26)."""
    claim = decided_by_chain(world, 1, now)
    superuser.execute("UPDATE cover SET plan = 'xj-critical-illness', plan_from = '2024-01-01' WHERE id = (SELECT cover_id FROM"
                      " claim WHERE id = %s)", (claim,))
    superuser.execute("UPDATE reservation SET benefit = 'severe', state = 'paid'")
    with world.db.view(ROOT.scope) as session:
        [cover] = covers_of(session, world.member(1, "xj").person_id)
    assert set(liabilities(world, cover).values()) == {("ended", "severe")}
    done = end(world, cover.certificate_no, date(2026, 3, 20), now, reason="benefit")
    assert (done.end_reason, done.ended_on) == ("benefit", date(2026, 3, 20))


@pytest.mark.parametrize(("shares", "due", "paid", "expected"), [
    (4, 10000, "0.01", Premium(due_fen=10000, paid_fen=1, open_fen=9999)),
    (1, 2500, "50.00", Premium(due_fen=2500, paid_fen=5000, owed_back_fen=2500)),
    (1, 2500, "25.00", Premium(due_fen=2500, paid_fen=2500)), (1, 2500, "30.00", Premium(due_fen=2500, paid_fen=3000, owed_back_fen=500)),
    (2, 5000, "50.00", Premium(due_fen=5000, paid_fen=5000))])
def test_shares_change_before_the_first_day(world: World, now: datetime, shares: int, due: int, paid: str, expected: Premium) -> None:
    cover = enrol(world, 3, RENEWED, DECEMBER, shares=2)
    receive(world, paid, DECEMBER, certificates=[cover.certificate_no])
    with world.db.unit_of_work(world.actor("xj.clerk").scope) as session:
        done = covers.change_shares(session, certificate_no=cover.certificate_no, shares=shares, actor=world.actor("xj.clerk"),
                                    now=DECEMBER)
        assert (done.shares, done.premium_fen) == (shares, due)
    assert premium_of(world, cover) == expected
    assert unproven_in(world) == []


@pytest.mark.parametrize(("shares", "when", "code"), [(0, DECEMBER, "shares"), (5, DECEMBER, "shares"),
                                                      (3, at_hour(RENEWED), "cover_begun"), (3, at_hour(LAST), None)])
def test_shares_within_the_plan_and_in_time(world: World, shares: int, when: datetime, code: str | None) -> None:
    cover, actor = enrol(world, 3, RENEWED, DECEMBER), world.actor("xj.clerk")
    try:
        with world.db.unit_of_work(actor.scope) as session:
            covers.change_shares(session, certificate_no=cover.certificate_no, shares=shares, actor=actor, now=when)
    except (InputError, Conflict) as error:
        assert error.code == code
        return
    assert code is None


def test_endorsements_are_kept_and_told_to_open_claims(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000_000, now=now, office="nx")
    numbers, office = [cover_of(world, n, "nx").certificate_no for n in range(6)], world.actor("nx.office1")
    with world.db.unit_of_work(office.scope) as session:
        assert covers.endorse(session, certificates=numbers, kind="add", on=date(2026, 3, 20), text="承保清单", number="PD-1",
                              policy_no="P-88", actor=office, now=now) == 6
    with world.db.view(ROOT.scope) as session:
        cover = cover_queries.by_certificate(session, numbers[0])
        [made] = cover_queries.endorsements(session, cover)
        told = session.execute(sa.text("SELECT record FROM audit_record WHERE chain_id = :id AND event = 'endorse'"),
                               {"id": claim.id}).scalars().all()
    assert (cover.policy_no, made.number, made.kind, made.text) == ("P-88", "PD-1", "add", "承保清单（保单号 P-88）")
    assert (made.account_id, made.person_id) == (office.account_id, office.person_id)
    assert [row["details"]["number"] for row in told] == ["PD-1"]


@pytest.mark.parametrize(("words", "code"), [
    ({"certificates": []}, "cover_missing"), ({"certificates": ["X"]}, "cover_missing"), ({"kind": "gone"}, "endorsement_kind"),
    ({"text": " "}, "endorsement_text"), ({"on": date(2026, 3, 21)}, "endorsement_future")])
def test_a_wrong_endorsement_is_refused(world: World, now: datetime, words: dict[str, object], code: str) -> None:
    given: dict[str, object] = {"certificates": [cover_of(world, 0, "nx").certificate_no], "kind": "add", "on": date(2026, 3, 20),
                                "text": "增人", **words}
    with pytest.raises((InputError, NotFound), match=code), world.db.unit_of_work(ROOT.scope) as session:
        covers.endorse(session, **given, actor=ROOT, now=now)  # type: ignore[arg-type]


def test_the_summary_to_the_region(world: World, now: datetime) -> None:
    receive(world, "100.00", now)
    end(world, cover_of(world, 1).certificate_no, date(2025, 12, 31), now)      # 4 shares: taken back, counts for nothing
    enrol(world, 3, RENEWED, DECEMBER)
    with world.db.view(ROOT.scope) as session:
        rows = group_summary.summary(session, org_key="cn.xj.")
        assert [(row.unit, row.plan, row.covers, row.people, row.renewals, row.shares) for row in rows] == [
            ("天山区示例一厂工会", XJ_PLAN, 6, 5, 1, 11)]
        assert (rows[0].due_fen, rows[0].paid_fen, rows[0].refunded_fen) == (27500, 10000, 0)
        early = group_summary.summary(session, org_key="cn.", first=date(2026, 1, 1), last=date(2026, 12, 31))
        assert [(row.plan, row.covers) for row in early] == [(NX_PLAN, 6), (XJ_PLAN, 5)]
        assert group_summary.summary(session, org_key="cn.xj.wlmq.tsd.u002.") == []
        content = group_summary.workbook(early, title="参保汇总表")
    table = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert table[1] == list(group_summary.HEADINGS)
    assert table[2][2:9] == [6, 6, 0, 6, 600.0, 0.0, 0.0]
    assert table[4][:9] == ["合计", "", 11, 11, 0, 16, 850.0, 100.0, 0.0]
    assert len(table) == 5
