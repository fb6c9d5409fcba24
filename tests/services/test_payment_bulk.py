"""Many payments in one run leave behind what each would leave alone: records, lines of proof, work owed, clocks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.audit.verify import verify
from services.core.db import Database
from services.lifecycle.service import Move, fire
from services.payment import service as payment
from services.payment.banks.text import gbk, instant
from tests.services.paying_world import made, read, returned_file, sent
from tests.support.world import ROOT, World, build_world

STATUS = ("credited", "returned", "credited")
_PAYMENT = """SELECT p.state, p.version, p.round, p.purpose, p.channel, p.amount_fen, p.attempt, p.bank_card_id IS NOT NULL,
    p.run_id IS NOT NULL, p.serial, p.credited_at, p.return_reason, p.left_out FROM payment p WHERE p.claim_id = :claim"""
_RECORDS = """SELECT seq, org_key, machine, event, account_id, person_id, at,
    record #- '{chain}' #- '{subject}' #- '{details,file}' #- '{details,reference}' #- '{details,line}' #- '{details,run}' AS record
    FROM audit_record WHERE chain_id = :claim ORDER BY seq"""
_LINES = """SELECT l.org_key, l.kind, l.attempt, l.amount_fen, l.serial, l.bank_time, l.reason, l.fault, l.run_id IS NOT NULL, l.at
    FROM bank_line l JOIN payment p ON p.id = l.payment_id WHERE p.claim_id = :claim ORDER BY l.at, l.kind DESC"""
_WORK = """SELECT o.org_key, o.topic, o.payload, o.created_at FROM outbox o WHERE o.claim_id = :claim ORDER BY o.id"""
_CLOCKS = """SELECT kind, state, stopped_on, kept, due_on FROM sla_clock WHERE claim_id = :claim ORDER BY kind"""


def left_behind(session: Session, claim: uuid.UUID) -> dict[str, Sequence[tuple[object, ...]]]:
    """Everything of a claim that paying wrote, without the ids and numbers that no two have in common."""
    return {name: [tuple(row) for row in session.execute(sa.text(statement), {"claim": claim})]
            for name, statement in (("payment", _PAYMENT), ("records", _RECORDS), ("lines", _LINES), ("work", _WORK),
                                    ("clocks", _CLOCKS))}


def paid(world: World, now: datetime, *status: str) -> None:
    """All that is ready, through the bank and back."""
    run = sent(world, now)
    summary = read(world, returned_file(world, run, *status), now + timedelta(days=5))
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.settle(session, claim_ids=summary.claim_ids, actor=ROOT, now=now + timedelta(days=5))


def test_one_run_of_many_is_many_runs_of_one(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    together = made(world, now, 200_000, 200_000, 200_000)
    paid(world, now, *STATUS)
    with world.db.view(ROOT.scope) as session:
        # Lines of a run stand in the order of the claims' numbers, which are random here.
        together.sort(key=lambda claim: str(session.execute(
            sa.text("SELECT claim_no FROM claim WHERE id = :id"), {"id": claim}).scalar_one()))
    alone = []
    for status in STATUS:
        alone += made(world, now, 200_000)
        paid(world, now, status)
    with world.db.view(ROOT.scope) as session:
        many = [left_behind(session, claim) for claim in together]
        ones = [left_behind(session, claim) for claim in alone]
        assert list(verify(session)) == []
    for name in many[0]:
        for a, b in zip(many, ones, strict=True):
            assert a[name] == b[name], name
    assert [[row[3] for row in one["records"]] for one in many] == [
        ["create", "include", "release", "send", "credit", "settle"],
        ["create", "include", "release", "send", "bounce"],
        ["create", "include", "release", "send", "credit", "settle"]]
    assert [row[1] for row in many[0]["lines"]] == ["sent", "credit"]
    assert [row[1] for row in many[0]["work"]] == ["payment.credit", "claim.settle"]
    assert [row[1] for row in many[1]["work"]] == ["payment.bounce"]
    assert ("pay", "stopped", now.date() + timedelta(days=4), True) in [row[:4] for row in many[0]["clocks"]]


def test_with_its_state_a_payment_sets_only_what_is_meant_for_it(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    claims = made(world, now, 200_000, 200_000)
    with db.view(ROOT.scope) as session:
        one, other = session.execute(sa.text("SELECT id FROM payment WHERE claim_id = ANY(:ids)"), {"ids": claims}).scalars()
    for moves in ([Move(one, sets={"amount_fen": 1})], [Move(one, sets={"run_id": None}), Move(other)]):
        with pytest.raises(TypeError, match="cannot be set"), db.unit_of_work(ROOT.scope) as session:
            fire(session, "payment", "include", moves, actor=world.actor("xj.maker"), now=now)


@pytest.mark.parametrize("text", ["２０２６０３２００００００", "2026032000000", "20261320000000", "20260320246000", "+0260320000000", ""])
def test_no_such_moment_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="bank_file_broken"):
        instant(text)


def test_a_control_character_is_refused_before_the_file() -> None:
    with pytest.raises(Exception, match="bank_file_character"):
        gbk("李\u200b示例", field="person.name")
