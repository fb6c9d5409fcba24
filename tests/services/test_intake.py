"""A report: covers found, days counted (scenarios.csv), who may, what may be amended and withdrawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from services.audit.verify import verify as verify_audit
from services.core.clock import at_hour
from services.core.db import Database, Scope
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.enrolment import service as enrolment
from services.evidence import service as evidence
from services.intake import queries, service
from services.intake.reports import PhoneCall
from services.models import Payee, Person, SlaClock
from services.reporting.claims import locate
from services.simulate.synthetic import REGIONS, synthetic_person
from tests.support.claims import NX_EVENT, XJ_EVENT, picture, report
from tests.support.world import EFFECTIVE, NX_PLAN, ROOT, build_world, enrol_members

CN = Scope("cn")


@pytest.mark.parametrize(("diagnosed", "specimen", "reported", "last", "late"), [
    ("2026-03-16", "2026-03-10", "2026-03-20", date(2026, 3, 26), False),     # S01
    ("2026-02-05", "2026-02-03", "2026-03-02", date(2026, 2, 24), True),      # S02: over the Spring Festival
    ("2026-03-18", "2026-03-12", "2026-03-23", date(2026, 3, 30), False),     # S03: rolls off a Saturday
    ("2026-04-24", "2026-04-20", "2026-04-28", date(2026, 5, 6), False),      # S07: over Labour Day
])
def test_the_ten_days_of_the_scenarios(db: Database, now: datetime, diagnosed: str, specimen: str, reported: str, last: date,
                                       late: bool) -> None:
    world = build_world(db, now)
    event = NX_EVENT | {"diagnosed_on": diagnosed, "specimen_on": specimen}
    today = at_hour(date.fromisoformat(reported))
    with db.unit_of_work(CN) as session:
        case, claims = report(session, world, world.member(0), event, today, late_reason="在外地治疗")
        clock = session.scalars(sa.select(SlaClock).where(SlaClock.kind == "report")).one()  # type: ignore[arg-type]
    assert (case.last_timely_day, case.late) == (last, late)
    assert case.late_reason == ("在外地治疗" if late else None)
    assert (clock.due_on, clock.kept, clock.state) == (last, not late, "stopped")
    assert "次日起算" in case.count_words
    assert [claim.plan for claim in claims] == [NX_PLAN]


def test_a_late_report_without_reason_names_the_field(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    event = NX_EVENT | {"diagnosed_on": "2026-02-05", "specimen_on": "2026-02-03"}
    with db.unit_of_work(CN) as session, pytest.raises(InputError) as refused:
        report(session, world, world.member(0), event, now)
    assert refused.value.field == "late_reason"


def test_a_claim_carries_what_its_rule_book_says(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    member = world.member(1)
    with db.unit_of_work(CN) as session:
        case, (claim,) = report(session, world, member, NX_EVENT | {"stays": [{"days": 10}]}, now)
        payee = session.scalars(sa.select(Payee)).one()
    assert (claim.state, claim.route, claim.plan_from) == ("reported", "insurer", date(2019, 1, 3))
    assert claim.required == ["policy_copy", "id_card", "diagnosis", "pathology", "bank_card", "hospital"]
    assert claim.banks == ["ICBC", "CCB"]
    assert claim.claim_no.startswith("NX2026-")
    assert case.case_no.startswith("BANX2026-")
    assert (payee.person_id, payee.relation, payee.bank_card_id is not None) == (member.person_id, "self", True)
    assert case.committee_told_at == now


def test_one_report_finds_every_cover(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    both = world.member(0, "xj")
    with db.unit_of_work(CN) as session:
        enrol_members(session, world, "nx", NX_PLAN, [replace(both.synthetic, shares=1)], EFFECTIVE, now)
        case = service.report(session, person_id=both.person_id, event=XJ_EVENT, channel="clerk", actor=ROOT, now=now)
        claims = queries.claims_of(session, case.id)
        ids = [claim.id for claim in claims]
        assert queries.claim_numbers(session, ids[::-1]) == [claim.claim_no for claim in claims[::-1]]
    assert sorted((claim.plan, claim.route) for claim in claims) == [("nx-ankangbao", "insurer"), ("xj-women", "office")]
    assert len({claim.claim_no for claim in claims}) == 2


def test_the_same_event_is_reported_once(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    with db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, world.member(0), NX_EVENT, now)
    with db.unit_of_work(CN) as session, pytest.raises(Conflict, match=claim.claim_no):
        report(session, world, world.member(0), NX_EVENT, now, by="nx.clerk")


def test_a_member_reports_for_herself_and_known_relatives_only(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    me, other = world.member(0), world.member(1)
    with db.unit_of_work(me.actor.scope) as session:
        with pytest.raises(NotPermitted):
            service.report(session, id_number=other.synthetic.id_number, event=NX_EVENT, channel="member", actor=me.actor, now=now)
        stranger = synthetic_person(77, region=REGIONS["ningxia"])
        with pytest.raises(NotPermitted):      # the same answer for somebody not on record
            service.report(session, id_number=stranger.id_number, event=NX_EVENT, channel="member", actor=me.actor, now=now)
        with pytest.raises(InputError, match="report_backdated"):
            service.report(session, event=NX_EVENT, channel="member", reported_on=date(2026, 3, 18), actor=me.actor, now=now)
        with pytest.raises(NotPermitted):      # a tie opens the other's claims: nobody makes one for herself
            enrolment.add_kin(session, person_id=me.person_id, relative_id=other.person_id, relation="sibling",
                              actor=me.actor, now=now)
        enrolment.add_kin(session, person_id=me.person_id, relative_id=other.person_id, relation="sibling",
                          actor=world.actor("nx.clerk"), now=now)
        case = service.report(session, id_number=other.synthetic.id_number, event=NX_EVENT, channel="member", actor=me.actor, now=now)
    assert case.person_id == other.person_id


def test_a_member_sees_no_foreign_claim_of_the_same_unit(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    with db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, world.member(0), NX_EVENT, now)
    other = world.member(1).actor
    with db.unit_of_work(other.scope) as session:
        assert locate(session, claim.claim_no).id == claim.id      # row security reaches the unit only
        with pytest.raises(NotFound):
            queries.claim_for(session, claim.id, other)
        with pytest.raises(NotFound):
            service.withdraw(session, claim_id=claim.id, reason="x", actor=other, now=now)
    with db.view(world.actor("xj.head").scope) as session, pytest.raises(NotFound):
        locate(session, claim.claim_no)


@pytest.mark.parametrize(("event", "code", "field"), [
    (NX_EVENT | {"diagnosed_on": "2025-12-20", "specimen_on": "2025-12-15"}, "no_cover", "id_number"),
    (NX_EVENT | {"icd": "C50"}, "unknown_key", "event.icd"),
    (NX_EVENT | {"diagnosed_on": "2026-03-25"}, "event_future", "event.diagnosed_on"),
    ({"kind": "diagnosis", "icd10": "C50.900", "specimen_on": "2026-03-10"}, "missing_key", "event.diagnosed_on"),
    (NX_EVENT | {"kind": "diagnose"}, "wrong_value", "event.kind"),
])
def test_wrong_reports_name_the_key(db: Database, now: datetime, event: dict[str, object], code: str, field: str) -> None:
    world = build_world(db, now)
    with db.unit_of_work(CN) as session, pytest.raises(InputError) as refused:
        report(session, world, world.member(0), event, now, late_reason="原因")
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_report_to_the_insurer_in_time_is_in_time(db: Database, now: datetime) -> None:
    """Reading A-15: either addressee counts."""
    world = build_world(db, now)
    today = at_hour(date(2026, 4, 2))
    with db.unit_of_work(CN) as session:
        case = service.report(session, person_id=world.member(0).person_id, event=NX_EVENT, channel="clerk",
                              insurer_told_at=at_hour(date(2026, 3, 25)), actor=world.actor("nx.clerk"), now=today)
    assert (case.late, case.reported_on, case.last_timely_day) == (False, date(2026, 3, 25), date(2026, 3, 26))


def test_the_specimen_day_may_come_with_the_papers(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    known = {name: value for name, value in NX_EVENT.items() if name != "specimen_on"}
    clerk = world.actor("nx.clerk")
    with db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, world.member(0), known, now)
        found = evidence.check(session, claim_ids=[claim.id], actor=ROOT, now=now)[claim.id]
        assert "fact_missing" in [finding["code"] for finding in found]
        with pytest.raises(InputError) as refused:
            evidence.verify(session, claim_id=claim.id, actor=clerk, now=now)
        assert refused.value.field == "event.specimen_on"
        before = claim.digest
        with pytest.raises(InputError, match="not_in_cover"):
            service.amend(session, claim_id=claim.id, event=known | {"specimen_on": "2025-12-30"}, reason="病理报告", actor=clerk, now=now)
        with pytest.raises(InputError, match="event_differs"):
            service.amend(session, claim_id=claim.id, event=NX_EVENT | {"diagnosed_on": "2026-03-17"}, reason="误录", actor=clerk,
                          now=now)
        service.amend(session, claim_id=claim.id, event=NX_EVENT, reason="病理报告", actor=clerk, now=now)
    assert claim.event["specimen_on"] == "2026-03-10"
    assert claim.digest != before


def test_withdrawal_needs_the_signed_paper_and_stops_everything(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    member = world.member(5, "xj")
    with db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, member, XJ_EVENT, now)
    with db.unit_of_work(member.actor.scope) as session, pytest.raises(GuardFailed, match="withdrawal_unproved"):
        service.withdraw(session, claim_id=claim.id, reason="本人撤回", actor=member.actor, now=now)
    with db.unit_of_work(member.actor.scope) as session:
        evidence.upload(session, claim_id=claim.id, kind="withdrawal", file_name="撤回.png", content=picture(), actor=member.actor,
                        now=now)
        service.withdraw(session, claim_id=claim.id, reason="本人撤回", actor=member.actor, now=now + timedelta(days=1))
        gone = queries.claim_for(session, claim.id, member.actor)
        running = session.execute(sa.text("SELECT count(*) FROM sla_clock WHERE state <> 'stopped'")).scalar_one()
    assert (gone.state, gone.outcome, running) == ("cancelled", "withdrawn", 0)
    with db.unit_of_work(CN) as session:      # a withdrawn event may be reported anew
        report(session, world, member, XJ_EVENT, now)
        assert verify_audit(session) == []


def test_consent_is_recorded_once_and_can_be_taken_back(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    member = world.member(0)
    with db.unit_of_work(member.actor.scope) as session:
        case, _ = report(session, world, member, NX_EVENT, now)
        first = service.record_consent(session, case_id=case.id, purpose="insurer", actor=member.actor, now=now)
        again = service.record_consent(session, case_id=case.id, purpose="insurer", actor=member.actor, now=now)
        assert first.id == again.id
        with pytest.raises(NotFound):
            service.record_consent(session, case_id=case.id, purpose="processing", actor=world.member(1).actor, now=now)
        service.withdraw_consent(session, case_id=case.id, purpose="insurer", actor=member.actor, now=now)
        assert queries.consent_in_force(session, case.id, "insurer") is None


def test_whose_word_is_a_relative_s_consent(db: Database, now: datetime) -> None:
    """The parent's for a child until the day she is eighteen, kin's for the dead, a proxy's; never a living adult's kin's."""
    world, today = build_world(db, now), date(2026, 3, 20)
    me, proxy = world.member(0).actor, world.member(1, "xj").actor
    assert me.person_id
    kin = [("child", date(2008, 3, 21), None, True), ("child", date(2008, 3, 20), None, False),
           ("sibling", date(2015, 1, 1), None, False), ("husband", date(1980, 1, 1), None, False),
           ("husband", date(1980, 1, 1), today, True)]
    for n, (relation, born, died, may) in enumerate(kin, 1):
        with db.unit_of_work(CN) as session:
            case, _ = report(session, world, world.member(n), NX_EVENT, now)
            enrolment.add_kin(session, person_id=me.person_id, relative_id=case.person_id, relation=relation, actor=ROOT, now=now)
            whose = session.get_one(Person, case.person_id)
            whose.born, whose.died_on = born, died
            session.flush()
            said = {}
            for actor in (me, replace(proxy, acts_for=frozenset({whose.id}))):
                for verb in (service.record_consent, service.withdraw_consent):
                    try:
                        verb(session, case_id=case.id, purpose="insurer", actor=actor, now=now)
                    except (NotPermitted, NotFound) as refused:
                        said[actor.person_id] = refused.code
        assert said == ({} if may else {me.person_id: "consent_own"}) | ({proxy.person_id: "claim_missing"} if died else {}), relation


def test_nobody_backdates_her_own_report(db: Database, now: datetime) -> None:
    """Neither by another channel, nor by a telephone note, nor as the clerk of her own unit."""
    world = build_world(db, now)
    me, clerk, earlier = world.member(1, "xj"), world.actor("xj.clerk"), date(2026, 3, 18)
    call = PhoneCall(line="95511", caller="本人", called_at=at_hour(earlier), number_called="95511", said="确诊")
    own = replace(clerk, person_id=me.person_id)
    with db.unit_of_work(CN) as session:
        for channel, note in (("phone", call), ("insurer", None), ("clerk", None)):
            with pytest.raises(InputError, match="report_channel"):
                service.report(session, person_id=me.person_id, event=XJ_EVENT, channel=channel, call=note, actor=me.actor, now=now)
        for channel, note, day in (("phone", call, None), ("clerk", None, earlier)):
            with pytest.raises(InputError, match="report_backdated"):
                service.report(session, person_id=me.person_id, event=XJ_EVENT, channel=channel, call=note, reported_on=day, actor=own,
                               now=now)
        case = service.report(session, person_id=me.person_id, event=XJ_EVENT, channel="phone", call=call, actor=clerk, now=now)
    assert case.reported_on == earlier
