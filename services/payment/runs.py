"""Pay runs: made by one person, released by another, written as one file to the bank."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.files import synced
from services.core.ids import uuidv7
from services.core.settings import settings
from services.enrolment.numbers import draw
from services.ledger import service as ledger
from services.lifecycle.create import create
from services.lifecycle.facts import RUN_DIGEST
from services.lifecycle.service import Move, fire
from services.models import PaymentRun
from services.payment import settled
from services.payment.banks import layout_of
from services.payment.bulk import in_bulk
from services.payment.funds import fund_account, require_whole_fund
from services.payment.limits import allow_over as allow
from services.payment.limits import require_within
from services.payment.lines import Kept, keep
from services.payment.picking import Line, orders, pick
from services.payment.port import Batch, Order
from services.storage import service as storage
from statemachines.states import PaymentRunState

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


@in_bulk
def build_run(session: Session, *, plan: str, bank: str, actor: Actor, now: datetime) -> PaymentRun:
    """A draft with every payment of the plan that is ready; `bank` is the bank we pay from and names the file's layout.

    Payments on hold, without a ready payee (an heir's papers accepted, a minor not grown up since), or of a claim this maker
    decided on are left for later; one that the bank's file cannot carry is left out with its reason (`left_out`). Raises
    InputError when nothing is ready, the plan has no fund, or the layout needs the fund's account and none is registered;
    NotPermitted below an office.
    """
    layout = layout_of(bank)
    if actor.account_id is None or actor.person_id is None:
        raise NotPermitted("maker_unnamed", "制单人须为实名人员", remedy="请由财务制单人员办理")
    require_whole_fund(actor)
    if session.execute(sa.text("SELECT 1 FROM fund WHERE plan = :plan"), {"plan": plan}).first() is None:
        raise InputError("fund_missing", f"计划“{plan}”没有专户", remedy="先登记该计划的专户资金", field="plan")
    if layout.needs_payer and fund_account(session, plan, at=now) is None:
        raise InputError("payer_account_missing", "该计划专户的账号尚未登记，不能用这一银行付款", remedy="先登记专户的户名和账号",
                         field="bank")
    year = business_day(now).year
    run_no = f"P{year}{draw(session, 'payment_run', year)[0]:06d}"
    ready, left_out = pick(session, plan=plan, layout=layout, reference=partial(reference_of, run_no), actor=actor,
                           today=business_day(now))
    if not ready:
        raise _nothing(left_out)
    run = PaymentRun(id=uuidv7(), org_key=actor.org_key, state=PaymentRunState.DRAFT, run_no=run_no,
                     plan=plan, bank=bank, made_by=actor.account_id, made_person=actor.person_id, made_at=now)
    create(session, "payment_run", [run], actor=actor, now=now,
           details={run.id: {"plan": plan, "bank": bank} | ({"left_out": len(left_out)} if left_out else {})})
    fire(session, "payment", "include", [Move(payment, details={"run": run.run_no}, sets={"run_id": run.id}) for payment in ready],
         actor=actor, now=now)
    session.execute(_TOTALS, {"run": run.id})
    return run_of(session, run.id)


def _nothing(left_out: Sequence[str]) -> InputError:
    """Reasons are kept only with a run; without one the first of them is told."""
    if left_out:
        return InputError("run_empty", f"可付款的 {len(left_out)} 笔都不能写入该银行的文件：{left_out[0]}",
                          remedy="换一家付款银行，或更正后再制单", field="bank")
    return InputError("run_empty", "没有可以付款的款项", remedy="等待案件核定，或补齐领款人账户后再制单", field="plan")


def exclude(session: Session, *, payment_ids: Sequence[uuid.UUID], reason: str, actor: Actor, now: datetime) -> None:
    """Take payments out of their runs; a run already submitted then no longer equals its digest and must be resubmitted."""
    of_settlements, of_claims = settled.split(session, payment_ids)
    settled.exclude(session, payment_ids=of_settlements, reason=reason, actor=actor, now=now)
    fire(session, "payment", "exclude", [Move(payment, reason=reason, sets={"run_id": None}) for payment in of_claims],
         actor=actor, now=now)


@in_bulk
def submit(session: Session, *, run_id: uuid.UUID, version: int | None = None, actor: Actor,
           now: datetime) -> PaymentRun:
    """Draft → submitted: count, total and digest are fixed as the maker saw them. Only its maker may."""
    run = run_of(session, run_id)
    if run.made_person != actor.person_id:
        raise NotPermitted("not_the_maker", "付款批次由制单人本人提交", remedy="请由原制单人办理")
    fire(session, "payment_run", "submit", [Move(run_id, version)], actor=actor, now=now)
    if run.settlement_id:
        settled.seal(session, run, layout_of(run.bank), partial(reference_of, run.run_no), actor=actor, now=now)
    else:
        session.execute(_TOTALS, {"run": run_id})
    return run_of(session, run_id)


def send_back(session: Session, *, run_id: uuid.UUID, version: int | None = None, reason: str, actor: Actor,
              now: datetime) -> PaymentRun:
    """Submitted → draft, with a reason: the checker gives it back to its maker."""
    fire(session, "payment_run", "send_back", [Move(run_id, version, reason=reason)], actor=actor, now=now)
    return run_of(session, run_id)


@in_bulk
def release(session: Session, *, run_id: uuid.UUID, version: int | None = None, actor: Actor,
            now: datetime) -> PaymentRun:
    """Submitted → released, the run and each payment. Raises GuardFailed: `maker_not_separate`, `actor_decided_before`,
    `fund_short`, `run_changed`, `on_hold`, `payees_not_ready`; Conflict `limit_exceeded` (see limits.py); NotPermitted below an office.
    """
    if actor.account_id is None or actor.person_id is None:
        raise NotPermitted("checker_unnamed", "复核人须为实名人员", remedy="请由财务复核人员办理")
    require_whole_fund(actor)
    fire(session, "payment_run", "release", [Move(run_id, version)], actor=actor, now=now)
    run = run_of(session, run_id)
    if run.settlement_id:
        settled.require_whole(session, run)
        settled.require_living(session, run)
    require_within(session, run, actor=actor, now=now)
    batched = session.execute(_PAYMENTS, {"run": run_id, "state": "batched"}).scalars()
    fire(session, "payment", "release", [Move(payment) for payment in batched], actor=actor, now=now)
    session.execute(sa.text("UPDATE payment_run SET checked_by = :account, checked_person = :person, released_at = :at"
                            " WHERE id = :run"),
                    {"account": actor.account_id, "person": actor.person_id, "at": now, "run": run_id})
    return run_of(session, run_id)


def allow_over(session: Session, *, run_id: uuid.UUID, version: int | None = None, reason: str, actor: Actor,
               now: datetime) -> PaymentRun:
    """The head's word on a submitted run above its limits (limits.py). Conflict `stale_version` when it is not as it was seen."""
    session.execute(sa.text("SELECT 1 FROM payment_run WHERE id = :run FOR UPDATE"), {"run": run_id})
    run = run_of(session, run_id)
    if version is not None and version != run.version:
        raise Conflict("stale_version", "批次已被他人更新", remedy="刷新后核对再办理")
    return allow(session, run=run, reason=reason, actor=actor, now=now)


def reference_of(run_no: str, line: int) -> str:
    """The reference of one line of one run: never used twice, so an answer names one attempt of one payment."""
    return f"{run_no}-{line:05d}"


@in_bulk
def write_file(session: Session, *, run_id: uuid.UUID, actor: Actor, now: datetime) -> Path:
    """Released → sent: the file is stored, laid for the bank's client software, and each line kept as proof.

    The bytes depend on the run alone, so after a crash between laying and commit the next call lays the same file
    again. That of a run already sent is never laid again: the bank may have taken it away to pay.
    """
    session.execute(sa.text("SELECT 1 FROM payment_run WHERE id = :run FOR UPDATE"), {"run": run_id})
    run = run_of(session, run_id)
    if run.file_sha256 and run.file_name and run.state != PaymentRunState.RELEASED:
        return settings().bank_dir / run.file_name
    if run.released_at is None or run.state != PaymentRunState.RELEASED:
        raise InputError("run_not_released", "付款批次尚未复核放行", remedy="先由复核人放行", field="run_id")
    if run.settlement_id:
        settled.require_whole(session, run)
    lines = _lines(session, run)
    layout, payer = layout_of(run.bank), fund_account(session, run.plan, at=run.released_at)
    batch = Batch(run.run_no, run.released_at, [order for _, order in lines], payer.holder if payer else "",
                  payer.number if payer else "")
    content = layout.write(batch)
    sha256 = storage.put(content)
    path = _lay(layout.file_name(batch), content)
    of_claim = run.settlement_id is None
    keep(session, [Kept(row.org_key, row.id if of_claim else None, run_id, row.attempt, order.reference, row.amount_fen, line,
                        settlement_payment_id=None if of_claim else row.id)
                   for line, (row, order) in enumerate(lines, 1)], file_sha256=sha256, now=now)
    session.execute(sa.text("UPDATE payment_run SET file_sha256 = :sha, file_name = :name, sent_at = :at WHERE id = :run"),
                    {"sha": sha256, "name": path.name, "at": now, "run": run_id})
    if of_claim:
        fire(session, "payment", "send", [Move(row.id, details={"reference": order.reference, "file": sha256})
                                          for row, order in lines], actor=actor, now=now)
        ledger.follow(session, payment_ids=[row.id for row, _ in lines], steps=("sent",), now=now)
    else:
        settled.send(session, run)
        ledger.follow_file(session, file_sha256=sha256, steps=("sent",), now=now)
    fire(session, "payment_run", "send", [Move(run_id, details={"file": sha256, "count": len(lines)})],
         actor=actor, now=now)
    return path


def _lines(session: Session, run: PaymentRun) -> Sequence[tuple[Line | settled.Line, Order]]:
    reference = partial(reference_of, run.run_no)
    if run.settlement_id:
        return settled.orders(session, run, reference)
    return orders(session, session.execute(_PAYMENTS, {"run": run.id, "state": "released"}).scalars().all(), reference)


def _lay(name: str, content: bytes) -> Path:
    """The file in the bank's directory, whole or not at all, and there after a power cut: the run will say that it was sent."""
    directory = settings().bank_dir
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    if not path.exists() or path.read_bytes() != content:
        part = path.with_suffix(".part")
        part.write_bytes(content)
        synced(part)
        part.replace(path)
    synced(directory)
    return path
