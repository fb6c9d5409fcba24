"""Letters where something turned: the member died, several people read at different times, a later round, money given back."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.core.db import Database
from services.models import Claim, Notice
from services.notice import replacing
from services.notice import service as notice
from services.payment import service as payment
from services.review import objection
from services.sla import service as sla
from tests.services import after_world
from tests.services.paying_world import (
    CREDIT_DAY,
    LINES,
    decide,
    decided,
    heirs,
    prove_heirs,
    read,
    returned_file,
    sent,
)
from tests.services.review_world import MALIGNANT, passes
from tests.services.test_notice_letters import words, written
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.mark.parametrize("typed_in", [(0, 1), (1, 0)], ids=["as they were told", "the first receipt is typed in last"])
def test_the_days_of_objection_run_for_whoever_was_told_last(world: World, now: datetime, typed_in: tuple[int, int]) -> None:
    """15 days: of the heir told on 20 March until 7 April (清明), of the one who signed on 9 April until 24 April."""
    clerk, told = world.actor("xj.clerk"), (date(2026, 3, 20), date(2026, 4, 9))
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 3, 6_000_000, now=now).id
        prove_heirs(session, session.get_one(Claim, claim), now)
        payment.note_death(session, claim_id=claim, died_on=date(2026, 3, 15), heirs=heirs([1, 2], [1, 2]), actor=clerk, now=now)
        letters = [row.id for row in written(session, "claim.approve", claim, now)]
        notice.dispatch(session, notice_ids=letters, actor=ROOT, now=now)
        for place in typed_in:
            notice.deliver(session, notice_id=letters[place], proof="本人签收", on=told[place], actor=ROOT, now=at_hour(told[1]))
        clock = session.execute(sa.text("SELECT start_on, due_on FROM sla_clock WHERE kind = 'objection'")).one()
    assert clock == (told[1], date(2026, 4, 24))
    with world.db.unit_of_work(clerk.scope) as session:
        lodged = objection.lodge(session, claim_id=claim, grounds="病理会诊已更正", actor=clerk, now=at_hour(date(2026, 4, 14)))
        assert not lodged.late


def test_nobody_wishes_a_dead_member_recovery(world: World, now: datetime, tmp_path: Path) -> None:
    clerk = world.actor("nx.clerk")
    with world.db.unit_of_work(ROOT.scope) as session:
        living = decided(session, world, 1, 10_000_000, now=now, office="nx", answer="pay")
        [letter] = written(session, "claim.insurer_pay", living.id, now)
        said = words(session, letter, tmp_path)
        assert "祝早日康复" in said and "不幸去世" not in said
        claim = decided(session, world, 0, 10_000_000, now=now, office="nx", answer="pay")
        prove_heirs(session, claim, now)
        payment.note_death(session, claim_id=claim.id, died_on=date(2026, 3, 15), heirs=heirs([1, 1]), actor=clerk, now=now)
        [letter] = written(session, "claim.insurer_pay", claim.id, now)
        said = words(session, letter, tmp_path)
    assert "康复" not in said and "不幸去世" in said


def test_a_decision_letter_that_another_round_overtook_does_not_go_out(world: World, now: datetime, tmp_path: Path) -> None:
    """No card, then another decision: when the card is there, one letter with the decision that stands, under one number."""
    claim = after_world.decided(world, 3, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        card = session.execute(sa.text("SELECT bank_card_id FROM payee WHERE claim_id = :id"), {"id": claim}).scalar_one()
        session.execute(sa.text("UPDATE payee SET bank_card_id = NULL WHERE claim_id = :id"), {"id": claim})
        [first] = [row.id for row in notice.draft(session, topic="claim.approve", claim_ids=[claim], actor=ROOT, now=now)]
        assert replacing.issue_each(session, notice_ids=[first], actor=ROOT, now=now) == []
    after_world.accepted(world, after_world.lodged(world, claim, now), now)
    after_world.facts_become(world, claim, MALIGNANT)
    after_world.routed(world, claim, now)
    for login in ("xj.clerk", "xj.city", "xj.office2"):
        passes(world, claim, login, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        [second] = [row.id for row in notice.draft(session, topic="claim.approve", claim_ids=[claim], actor=ROOT, now=now)]
        assert replacing.issue_each(session, notice_ids=[second], actor=ROOT, now=now) == []
        session.execute(sa.text("UPDATE payee SET bank_card_id = :card WHERE claim_id = :id"), {"id": claim, "card": card})
        [letter] = replacing.issue_each(session, notice_ids=[first, second], actor=ROOT, now=now)
        assert (letter.id, letter.number) == (second, "新互通〔2026〕1号")
        assert "15000.00元" in words(session, letter, tmp_path)
        assert session.get_one(Notice, first, populate_existing=True).state == "voided"


def test_a_refund_by_the_office_is_of_a_fee(world: World, now: datetime, tmp_path: Path) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000, now=now, kind="refund").id
        [told] = written(session, "claim.approve", claim, now)
        assert "退还会费通知书" in words(session, told, tmp_path)
        payment.plan(session, claim_ids=[claim], actor=ROOT, now=now)
    read(world, returned_file(world, sent(world, now), "credited"), now)
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.settle(session, claim_ids=[claim], actor=ROOT, now=now)
        [letter] = written(session, "claim.settle", claim, CREDIT_DAY)
        said = words(session, letter, tmp_path)
    assert f"{told.number}《退还会费通知书》" in said


def test_a_credit_names_the_decision_of_its_own_round(world: World, now: datetime, tmp_path: Path) -> None:
    """The first round gave a fee back; what the second one pays rests on the second one's letter."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000, now=now, kind="refund")
        [first] = written(session, "claim.approve", claim.id, now)
        claim.round = 2
        session.flush()
        decide(session, world, claim, 6_000_000, LINES["xj"][0], "pay", None, None, now)
        sla.follow(session, "claim", "verify", {claim.id: (claim.id, date(2026, 3, 18))}, now=now)
        [second] = written(session, "claim.approve", claim.id, now)
        assert (first.code, second.code) == ("refund", "decision")
        payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=now)
    read(world, returned_file(world, sent(world, now), "credited"), now)
    with world.db.unit_of_work(ROOT.scope) as session:
        [letter] = written(session, "claim.settle", claim.id, CREDIT_DAY)
        said = words(session, letter, tmp_path)
    assert f"{second.number}《互助金给付决定通知书》" in said and str(first.number) not in said
