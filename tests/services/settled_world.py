"""A settlement that stands computed, so that paying it can be tried: its lines, payments, bookings and draft runs.

    settlement = settled(world, now, {0: 120_000, 1: 35_050})      fen by member of Xinjiang
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.ids import uuidv7
from services.enrolment.queries import card_number
from services.ledger import settled as ledger
from services.models import (
    BankCard,
    BankLine,
    Cover,
    FeedFile,
    PaymentRun,
    Person,
    Settlement,
    SettlementLine,
    SettlementPart,
    SettlementPayment,
)
from services.payment import service as payment
from services.payment.banks import layout_of
from services.payment.port import Answer
from services.settlement.city.copying import copy_in
from services.settlement.paying import rules
from services.settlement.paying import service as paying
from tests.services.paying_world import CREDIT_DAY
from tests.support.world import EFFECTIVE, ROOT, XJ_PLAN, World

OFFICE = "cn.xj."


def settled(world: World, now: datetime, due: Mapping[int, int], *, without_card: frozenset[int] = frozenset(), maker: str = "xj.maker",
            quarter: int = 3) -> uuid.UUID:
    """A quarter settled: members 0, 1, … are due these sums; two partitions. The runs are drafts of `maker`."""
    with world.db.unit_of_work(ROOT.scope) as session:
        settlement = _settlement(session, now, quarter)
        for part in sorted({member % 2 for member in due}):
            _part(session, world, settlement, part, {n: fen for n, fen in due.items() if n % 2 == part}, without_card, now)
        actor = world.actor(maker)
    with world.db.unit_of_work(actor.scope) as session:
        paying.close_runs(session, session.get_one(Settlement, settlement.id), actor=actor, now=now)
    return settlement.id


def _settlement(session: Session, now: datetime, quarter: int) -> Settlement:
    feed = FeedFile(org_key=OFFICE, plan=XJ_PLAN, year=2026, quarter=quarter, file_name="q.csv", sha256=uuid.uuid4().hex, size=1,
                    format="csv", state="settled", received_at=now)
    session.add(feed)
    session.flush()
    wording = session.exec(select(Cover).where(Cover.plan == XJ_PLAN)).all()[0].plan_from
    made = Settlement(id=uuidv7(), org_key=OFFICE, plan=XJ_PLAN, plan_from=wording, year=2026, quarter=quarter, feed_id=feed.id,
                      parts=2, rule_digest="r", state="settled", started_at=now, ended_at=now)
    session.add(made)
    session.flush()
    return made


def _part(session: Session, world: World, settlement: Settlement, part: int, due: Mapping[int, int], without_card: frozenset[int],
          now: datetime) -> None:
    rows = []
    for n, fen in due.items():
        cover = session.exec(select(Cover).where(Cover.person_id == world.member(n, "xj").person_id)).one()
        card = None if n in without_card else session.exec(select(BankCard).where(
            BankCard.person_id == cover.person_id, col(BankCard.replaced_at).is_(None))).one()
        session.add(SettlementLine(
            settlement_id=settlement.id, part=part, person_id=cover.person_id, year=2026, org_key=cover.org_key, cover_id=cover.id,
            effective=EFFECTIVE, until=date(2026, 12, 31), category="normal", over_cap=0, other_reimb=0, paid=[0], lines=[fen], took=[fen],
            total_fen=fen, due_fen=fen, receivable_fen=0, outcome="pay", flags=[], card_id=card.id if card else None))
        rows.append({"org_key": cover.org_key, "settlement_id": str(settlement.id), "part": part, "person_id": str(cover.person_id),
                     "amount_fen": fen, "card_id": str(card.id) if card else None, "left_out": None if card else "没有登记京卡"})
    session.flush()
    copy_in(session, rules.TABLE, rules.numbered(pl.DataFrame(rows, schema_overrides={"card_id": pl.String, "left_out": pl.String})))
    made = SettlementPart(id=uuidv7(), org_key=OFFICE, settlement_id=settlement.id, part=part, digest="d", lines=len(due), paying=len(due),
                          due_fen=sum(due.values()), buckets=[0], ended_at=now)
    session.add(made)
    session.flush()
    ledger.decided(session, plan=XJ_PLAN, org_key=OFFICE, part_id=made.id, fen=made.due_fen, actor=ROOT, now=now)


def runs(world: World, settlement_id: uuid.UUID) -> list[PaymentRun]:
    """The settlement's runs by number."""
    with world.db.view(ROOT.scope) as session:
        return list(session.exec(select(PaymentRun).where(PaymentRun.settlement_id == settlement_id).order_by(col(PaymentRun.run_no))))


def submitted(world: World, run_id: uuid.UUID, now: datetime, maker: str = "xj.maker") -> None:
    """Sealed by its maker."""
    with world.db.unit_of_work(world.actor(maker).scope) as session:
        payment.submit(session, run_id=run_id, actor=world.actor(maker), now=now)


def released(world: World, run_id: uuid.UUID, now: datetime, checker: str = "xj.checker") -> None:
    """By the checker."""
    with world.db.unit_of_work(world.actor(checker).scope) as session:
        payment.release(session, run_id=run_id, actor=world.actor(checker), now=now)


def sent(world: World, run_id: uuid.UUID, now: datetime) -> bytes:
    """Submitted, released and written: the bank's file."""
    submitted(world, run_id, now)
    released(world, run_id, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        return payment.write_file(session, run_id=run_id, actor=ROOT, now=now).read_bytes()


def lines(world: World, settlement_id: uuid.UUID) -> dict[uuid.UUID, SettlementPayment]:
    """The settlement's payments by person."""
    with world.db.view(ROOT.scope) as session:
        return {row.person_id: row for row in session.exec(select(SettlementPayment).where(
            SettlementPayment.settlement_id == settlement_id))}


def answered(world: World, run_id: uuid.UUID, status: Mapping[uuid.UUID, str], *, serial: str = "B", **other: object) -> bytes:
    """The bank's file over the run's lines sent: by person credited or returned; nothing of the others. `other`: what it says wrongly."""
    with world.db.view(ROOT.scope) as session:
        run, answers = session.get_one(PaymentRun, run_id), []
        rows = session.execute(
            sa.select(BankLine, SettlementPayment).join(SettlementPayment, col(SettlementPayment.id) == BankLine.settlement_payment_id)
            .where(col(BankLine.run_id) == run_id, col(BankLine.kind) == "sent").order_by(col(BankLine.line_no))).all()
        for line, paid in rows:
            if paid.person_id not in status:
                continue
            good, person = status[paid.person_id] == "credited", session.get_one(Person, paid.person_id)
            values = {"line_no": line.line_no, "reference": line.reference, "amount_fen": line.amount_fen, "status": status[paid.person_id],
                      "account": card_number(session.get_one(BankCard, paid.card_id)), "holder": person.name,
                      "serial": f"{serial}{line.line_no}", "bank_time": CREDIT_DAY, "reason": "" if good else "账户已销户"}
            answers.append(Answer(**(values | other)))
        return layout_of(run.bank).answer(run.run_no, answers)


def read(world: World, content: bytes, now: datetime) -> payment.ReturnSummary:
    """Finance reads the bank's file."""
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(maker.scope) as session:
        return payment.read_return(session, content=content, file_name="r.txt", actor=maker, now=now)
