"""Two reports that become one bring their consents along: what was taken back at either is taken back, and is given again by her."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa

from services.audit.verify import verify as verify_audit
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed
from services.intake import queries, service
from services.models import Case, Consent
from services.review import service as review
from tests.services.test_joining import CN, two
from tests.support.claims import XJ_EVENT, report
from tests.support.world import EFFECTIVE, NX_PLAN, ROOT, World, build_world, enrol_members


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def words_after(world: World, into: Case) -> tuple[list[str], list[tuple[bool, str | None]]]:
    """The purposes in force at the case that stays, and its claims' holds."""
    with world.db.view(CN) as session:
        found = session.execute(sa.text("SELECT purpose FROM consent WHERE case_id = :id AND withdrawn_at IS NULL ORDER BY 1"),
                                {"id": into.id})
        return list(found.scalars()), [(one.held, one.hold_reason) for one in queries.claims_of(session, into.id)]


@pytest.mark.parametrize(("words", "in_force", "held"), [
    ("A+insurer B+insurer B-insurer", [], False), ("A+processing B+processing B-processing", [], True),
    ("A+processing A-processing B+processing", [], True), ("B+processing B-processing", [], True),
    ("A+processing A-processing A+processing B+insurer", ["insurer", "processing"], False)])
def test_a_consent_taken_back_at_either_report_is_taken_back_for_the_joined_case(
        world: World, now: datetime, words: str, in_force: list[str], held: bool) -> None:
    member, clerk = world.member(0, "xj"), world.actor("xj.clerk")
    with world.db.unit_of_work(CN) as session:
        first, _ = report(session, world, member, XJ_EVENT, now)
        enrol_members(session, world, "nx", NX_PLAN, [replace(member.synthetic, shares=1)], EFFECTIVE, now)
        second = service.report(session, person_id=member.person_id, event=XJ_EVENT, channel="clerk", actor=ROOT, now=now)
        for word in words.split():
            act = service.record_consent if word[1] == "+" else service.withdraw_consent
            act(session, case_id={"A": first, "B": second}[word[0]].id, purpose=word[2:], actor=member.actor, now=now)
        service.join(session, case_id=second.id, into_id=first.id, reason="同一事件", actor=clerk, now=now)
        assert verify_audit(session) == []
    stopped = [(True, "consent_withdrawn")] * 2
    assert words_after(world, first) == (in_force, stopped if held else [(False, None)] * 2)
    with world.db.unit_of_work(CN) as session:
        if held:            # her word alone lets it go on
            claim = queries.claims_of(session, first.id)[0]
            with pytest.raises(GuardFailed, match="consent_withdrawn"):
                review.unhold(session, claim_id=claim.id, actor=world.actor("xj.head"), now=now)
        with pytest.raises(Conflict, match="case_joined"):
            service.record_consent(session, case_id=second.id, purpose="processing", actor=member.actor, now=now)
        service.record_consent(session, case_id=first.id, purpose="processing", actor=member.actor, now=now)
        assert verify_audit(session) == []
    assert words_after(world, first) == (sorted({*in_force, "processing"}), [(False, None)] * 2)


def test_two_consents_that_met_are_taken_back_together(world: World, now: datetime) -> None:
    first, _, second, _ = two(world, now)
    member, clerk, office = world.member(0, "xj").actor, world.actor("xj.clerk"), world.actor("xj.office1")
    with world.db.unit_of_work(CN) as session:
        for case in (first, second):
            service.record_consent(session, case_id=case.id, purpose="processing", actor=member, now=now)
        service.join(session, case_id=second.id, into_id=first.id, reason="同一次确诊", actor=clerk, now=now)
    with world.db.unit_of_work(CN) as session:
        service.confirm_join(session, case_id=second.id, actor=office, now=now)
        assert [row.case_id for row in session.scalars(sa.select(Consent))] == [first.id, first.id]
    assert words_after(world, first)[0] == ["processing", "processing"]
    with world.db.unit_of_work(CN) as session:
        service.withdraw_consent(session, case_id=first.id, purpose="processing", actor=member, now=now)
    assert words_after(world, first) == ([], [(True, "consent_withdrawn")])
