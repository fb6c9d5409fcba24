"""The bank sends money back after the claim was paid: said as it is, paid once more by two persons to another account."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from services.core.db import Database
from services.models import Claim, Person
from services.payment import queries
from services.payment import service as payment
from services.reporting import attached
from services.simulate.synthetic import synthetic_card
from tests.services.api_world import Api
from tests.services.letters_reader import Reader
from tests.services.paying_world import made, read, returned_file, sent, states
from tests.support.signed_in import sign_in
from tests.support.world import ROOT

SUM = 1_500_000


def owed(session: Session, claim: Claim) -> int:
    """What is decided and not credited, as the machine of the claim would count it; fen."""
    credited = sum(row.amount_fen for row in queries.payments_of(session, claim.id) if row.state == "credited")
    return (claim.amount_fen or 0) - credited


def test_a_return_after_paid_is_said_and_paid_again_once(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    world = api.world
    (claim,) = made(world, now, SUM)
    run = sent(world, now)
    read(world, returned_file(world, run, "credited"), now)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=now) == [claim]
    reader = Reader(world)
    assert reader.new(claim, now) == [("payment", "member")]
    later = now + timedelta(days=6)
    read(world, returned_file(world, run, "returned", serial="R1"), later)
    assert states(world, claim) == [("returned", SUM, 1)]
    assert reader.new(claim, later) == [("account", "member")]
    with world.db.unit_of_work(ROOT.scope) as session:
        row = session.get_one(Claim, claim)
        assert (row.state, owed(session, row)) == ("paid", SUM), "paid is what happened; what is open the payment says"
        [shown] = attached.payments(session, state="returned")
        assert (shown.claim_no, shown.return_reason, shown.credited_at, shown.serial) == (row.claim_no, "账户已销户", None, None)
        number, holder = row.claim_no, session.get_one(Person, row.person_id).name
        # Asked again, the house neither settles nor plans a second obligation.
        assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=later) == []
        assert payment.plan(session, claim_ids=[claim], actor=ROOT, now=later) == []
        paid = queries.payments_of(session, claim)[0].id
    maker = sign_in(api.app, api.db, world, "xj.maker", now)
    desk = maker.get("/runs").text
    assert "被银行退回的款项" in desk and number in desk and "账户已销户" in desk
    office = sign_in(api.app, api.db, world, "xj.office1", now)
    assert "被退回" in office.get(f"/claims/{number}").text, "the claim's page does not call the money arrived"
    clerk, finance = world.actor("xj.clerk"), world.actor("xj.maker")
    with world.db.unit_of_work(clerk.scope) as session:
        payment.propose_card(session, payment_id=paid, bank="CCB", number=synthetic_card("CCB", 7101), holder=holder, actor=clerk,
                             now=later)
    with world.db.unit_of_work(finance.scope) as session:
        payment.confirm_card(session, payment_id=paid, actor=finance, now=later)
    second = sent(world, later)
    read(world, returned_file(world, second, "credited", serial="B9"), later)
    assert states(world, claim) == [("credited", SUM, 2)]
    with world.db.unit_of_work(ROOT.scope) as session:
        for _ in range(2):
            assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=later) == []
        row = session.get_one(Claim, claim)
        assert (row.state, owed(session, row)) == ("paid", 0)
    assert reader.new(claim, later) == [("payment", "member")], "as the letter on the account said, with its own day"
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.settle(session, claim_ids=[claim], actor=ROOT, now=later)
        told = session.execute(sa.text("SELECT context ->> 'bank_serial' AS serial, context ->> 'credited_on' AS day FROM notice"
                                       " WHERE claim_id = :id AND code = 'payment' ORDER BY serial"), {"id": claim}).all()
        assert [tuple(row) for row in told] == [("B1", "2026-03-24"), ("B9", "2026-03-24")]
    assert reader.new(claim, later) == []
