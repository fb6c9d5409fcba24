"""Pay runs: made by one person, released by another, written as one file to the bank."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.clock import business_day
from services.core.errors import InputError, NotFound, NotPermitted
from services.core.ids import uuidv7
from services.core.settings import settings
from services.enrolment.numbers import draw
from services.enrolment.queries import card_number
from services.lifecycle.create import create
from services.lifecycle.facts import PAYMENT, RUN_DIGEST, bound
from services.lifecycle.service import Move, fire
from services.models import BankCard, BankLine, PaymentRun
from services.payment.banks import layout_of
from services.payment.port import Batch, Order
from services.storage import service as storage
from statemachines.states import PaymentRunState

_PURPOSES = {"benefit": "互助金", "refund": "退费", "advance": "先予支付", "difference": "补差"}
_DECIDED, _PAYEES_READY = bound(PAYMENT["actor_decided_before"]), bound(PAYMENT["payees_ready"])
# Exactly the guards' own expressions, so that what is picked can also be included.
_READY = sa.text(f"""
    SELECT r.id FROM payment r JOIN claim c ON c.id = r.claim_id
    WHERE r.state = 'planned' AND r.channel = 'bank' AND r.bank_card_id IS NOT NULL AND c.plan = :plan
    AND c.state IN ('payable', 'paid', 'closed') AND NOT {PAYMENT["superseded"]} AND {_PAYEES_READY}
    AND NOT {PAYMENT["held"]} AND {PAYMENT["bank_allowed"]} AND NOT {_DECIDED}
    ORDER BY c.id, r.id FOR UPDATE OF c, r""")
# A planned payment without an account, or with one its plan does not pay to, takes the payee's present one.
_FILL_CARDS = sa.text("""
    UPDATE payment p SET bank_card_id = y.bank_card_id FROM payee y, claim c WHERE y.id = p.payee_id
    AND c.id = p.claim_id AND c.plan = :plan AND p.state = 'planned' AND y.bank_card_id IS NOT NULL
    AND (p.bank_card_id IS NULL OR NOT (c.banks = '[]'::jsonb OR EXISTS (SELECT 1 FROM bank_card b
         WHERE b.id = p.bank_card_id AND c.banks ? b.bank)))""")
_PAYMENTS = sa.text("SELECT id FROM payment WHERE run_id = :run AND state = :state ORDER BY claim_id, id")
_TOTALS = sa.text(f"""
    UPDATE payment_run n SET digest = {RUN_DIGEST}, count = t.count, total_fen = t.fen
    FROM (SELECT count(*) AS count, coalesce(sum(amount_fen), 0) AS fen FROM payment WHERE run_id = :run) t
    WHERE n.id = :run""")


def run_of(session: Session, run_id: uuid.UUID) -> PaymentRun:
    """The run as it is now. Raises NotFound, also when it is out of scope."""
    run = session.get(PaymentRun, run_id, populate_existing=True)
    if run is None:
        raise NotFound("not_found", "没有这一付款批次，或不在您的管辖范围内", remedy="核对批次编号")
    return run


def build_run(session: Session, *, plan: str, bank: str, actor: Actor, now: datetime) -> PaymentRun:
    """A draft with every payment of the plan that is ready; `bank` is the bank we pay from and names the file's layout.

    Payments on hold, without a ready payee (an heir's papers accepted, a minor not grown up since), or of a claim this maker
    decided on are left for later. Raises InputError when nothing is ready or the plan has no fund.
    """
    layout_of(bank)
    if actor.account_id is None or actor.person_id is None:
        raise NotPermitted("maker_unnamed", "制单人须为实名人员", remedy="请由财务制单人员办理")
    if session.execute(sa.text("SELECT 1 FROM fund WHERE plan = :plan"), {"plan": plan}).first() is None:
        raise InputError("fund_missing", f"计划“{plan}”没有专户", remedy="先登记该计划的专户资金", field="plan")
    session.execute(_FILL_CARDS, {"plan": plan})
    ready = list(session.execute(_READY, {"plan": plan, "persons": list(actor.persons), "today": business_day(now)}).scalars())
    if not ready:
        raise InputError("run_empty", "没有可以付款的款项", remedy="等待案件核定，或补齐领款人账户后再制单", field="plan")
    year = business_day(now).year
    serial = draw(session, "payment_run", year)[0]
    run = PaymentRun(id=uuidv7(), org_key=actor.org_key, state=PaymentRunState.DRAFT, run_no=f"P{year}{serial:06d}",
                     plan=plan, bank=bank, made_by=actor.account_id, made_person=actor.person_id, made_at=now)
    create(session, "payment_run", [run], actor=actor, now=now, details={run.id: {"plan": plan, "bank": bank}})
    session.execute(sa.text("UPDATE payment SET run_id = :run WHERE id = ANY(CAST(:ids AS uuid[]))"),
                    {"run": run.id, "ids": ready})
    fire(session, "payment", "include", [Move(payment, details={"run": run.run_no}) for payment in ready],
         actor=actor, now=now)
    session.execute(_TOTALS, {"run": run.id})
    return run_of(session, run.id)


def exclude(session: Session, *, payment_ids: Sequence[uuid.UUID], reason: str, actor: Actor, now: datetime) -> None:
    """Take payments out of their runs; a run already submitted then no longer equals its digest and must be resubmitted."""
    fire(session, "payment", "exclude", [Move(payment, reason=reason) for payment in payment_ids], actor=actor, now=now)
    session.execute(sa.text("UPDATE payment SET run_id = NULL WHERE id = ANY(CAST(:ids AS uuid[]))"),
                    {"ids": list(payment_ids)})


def submit(session: Session, *, run_id: uuid.UUID, version: int | None = None, actor: Actor,
           now: datetime) -> PaymentRun:
    """Draft → submitted: count, total and digest are fixed as the maker saw them. Only its maker may."""
    if run_of(session, run_id).made_person != actor.person_id:
        raise NotPermitted("not_the_maker", "付款批次由制单人本人提交", remedy="请由原制单人办理")
    fire(session, "payment_run", "submit", [Move(run_id, version)], actor=actor, now=now)
    session.execute(_TOTALS, {"run": run_id})
    return run_of(session, run_id)


def send_back(session: Session, *, run_id: uuid.UUID, version: int | None = None, reason: str, actor: Actor,
              now: datetime) -> PaymentRun:
    """Submitted → draft, with a reason: the checker gives it back to its maker."""
    fire(session, "payment_run", "send_back", [Move(run_id, version, reason=reason)], actor=actor, now=now)
    return run_of(session, run_id)


def release(session: Session, *, run_id: uuid.UUID, version: int | None = None, actor: Actor,
            now: datetime) -> PaymentRun:
    """Submitted → released, the run and each payment. Raises GuardFailed: `maker_not_separate`, `actor_decided_before`,
    `fund_short`, `run_changed`, `on_hold`, `payees_not_ready`.
    """
    if actor.account_id is None or actor.person_id is None:
        raise NotPermitted("checker_unnamed", "复核人须为实名人员", remedy="请由财务复核人员办理")
    fire(session, "payment_run", "release", [Move(run_id, version)], actor=actor, now=now)
    batched = session.execute(_PAYMENTS, {"run": run_id, "state": "batched"}).scalars()
    fire(session, "payment", "release", [Move(payment) for payment in batched], actor=actor, now=now)
    session.execute(sa.text("UPDATE payment_run SET checked_by = :account, checked_person = :person, released_at = :at"
                            " WHERE id = :run"),
                    {"account": actor.account_id, "person": actor.person_id, "at": now, "run": run_id})
    return run_of(session, run_id)


_ORDERS = sa.text("""
    SELECT p.id, p.org_key, p.attempt, p.amount_fen, p.purpose, c.claim_no, b.id AS card_id
    FROM payment p JOIN claim c ON c.id = p.claim_id JOIN payee y ON y.id = p.payee_id
    JOIN bank_card b ON b.id = p.bank_card_id
    WHERE p.run_id = :run AND p.state = 'released' ORDER BY c.claim_no, y.ordinal, p.id""")


def cards_by_id(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, BankCard]:
    """Bank cards, also replaced ones."""
    return {card.id: card for card in session.exec(select(BankCard).where(col(BankCard.id).in_(list(ids))))}


def reference_of(run_no: str, line: int) -> str:
    """The reference of one line of one run: never used twice, so an answer names one attempt of one payment."""
    return f"{run_no}-{line:05d}"


def write_file(session: Session, *, run_id: uuid.UUID, actor: Actor, now: datetime) -> Path:
    """Released → sent: the file is stored, laid for the bank's client software, and each line kept as proof.

    The bytes depend on the run alone, so after a crash between laying and commit the next call lays the same file
    again. A run already sent only has its file laid again when it is missing.
    """
    session.execute(sa.text("SELECT 1 FROM payment_run WHERE id = :run FOR UPDATE"), {"run": run_id})
    run = run_of(session, run_id)
    if run.file_sha256 and run.file_name and run.state != PaymentRunState.RELEASED:
        return _lay(run.file_name, storage.get(run.file_sha256))
    if run.released_at is None or run.state != PaymentRunState.RELEASED:
        raise InputError("run_not_released", "付款批次尚未复核放行", remedy="先由复核人放行", field="run_id")
    rows = session.execute(_ORDERS, {"run": run_id}).all()
    cards = cards_by_id(session, [row.card_id for row in rows])
    orders = [Order(reference_of(run.run_no, line), row.amount_fen, cards[row.card_id].bank,
                    card_number(cards[row.card_id]), cards[row.card_id].holder, f"{_PURPOSES[row.purpose]} {row.claim_no}")
              for line, row in enumerate(rows, 1)]
    layout = layout_of(run.bank)
    batch = Batch(run.run_no, run.released_at, orders)
    content = layout.write(batch)
    sha256 = storage.put(content)
    path = _lay(layout.file_name(batch), content)
    session.add_all([BankLine(org_key=row.org_key, payment_id=row.id, run_id=run_id, kind="sent", attempt=row.attempt,
                              reference=order.reference, amount_fen=row.amount_fen, file_sha256=sha256, line_no=line, at=now)
                     for line, (row, order) in enumerate(zip(rows, orders, strict=True), 1)])
    session.execute(sa.text("UPDATE payment_run SET file_sha256 = :sha, file_name = :name, sent_at = :at WHERE id = :run"),
                    {"sha": sha256, "name": path.name, "at": now, "run": run_id})
    fire(session, "payment", "send", [Move(row.id, details={"reference": order.reference, "file": sha256})
                                      for row, order in zip(rows, orders, strict=True)], actor=actor, now=now)
    fire(session, "payment_run", "send", [Move(run_id, details={"file": sha256, "count": len(rows)})],
         actor=actor, now=now)
    return path


def _lay(name: str, content: bytes) -> Path:
    """The file in the bank's directory, whole or not at all."""
    directory = settings().bank_dir
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    if not path.exists() or path.read_bytes() != content:
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(path)
    return path
