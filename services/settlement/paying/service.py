"""The verbs of paying a settlement: its runs are made, what waited goes into another run, whom to tell.

Submitting, releasing, the bank's files and answers, corrected accounts are the verbs of `services.payment`: a run is a run.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from services.access.actor import Actor
from services.core.clock import business_day
from services.core.db import driver_cursor
from services.core.errors import InputError, NotFound, NotPermitted
from services.core.ids import uuidv7
from services.enrolment.numbers import draw
from services.lifecycle.create import create
from services.lifecycle.facts import ACTOR, bound
from services.lifecycle.settled_facts import kin
from services.models import PaymentRun, Settlement
from services.payment import queries as payments
from services.payment.funds import require_whole_fund
from services.payment.settled_answers import SERIES
from services.rulebook import registry
from services.settlement.paying.rules import RUN_LINES, together
from services.settlement.paying.telling import tell_list
from statemachines.states import PaymentRunState

__all__ = ["build_again", "close_runs", "tell_list"]

OWN = "制单人本人或其家属的款项，须由另一人制单"
_OWN_OUT = sa.text(bound(f"""
    UPDATE settlement_payment q SET state = 'planned', run_id = NULL, line = NULL, left_out = :why WHERE q.settlement_id = :settlement
    AND q.state = 'batched' AND q.person_id IN {kin(ACTOR)} AND NOT EXISTS (SELECT 1 FROM payment_run n WHERE n.id = q.run_id)"""))
_COUNTS = sa.text("""
    SELECT q.run_id::text AS run, count(*) AS lines, max(q.line) AS last, sum(q.amount_fen)::bigint AS fen FROM settlement_payment q
    WHERE q.settlement_id = :settlement AND q.state = 'batched' AND NOT EXISTS (SELECT 1 FROM payment_run n WHERE n.id = q.run_id)
    GROUP BY q.run_id ORDER BY min(q.part), q.run_id""")
_MERGE = """
    UPDATE settlement_payment q SET run_id = m.target, line = q.line + m.held
    FROM unnest(%(runs)s::uuid[], %(intos)s::uuid[], %(helds)s::int8[]) AS m(run, target, held) WHERE q.run_id = m.run"""
# A line without an account, or with one replaced since, takes the person's present one at a bank the plan pays to.
_FILL = sa.text("""
    UPDATE settlement_payment q SET card_id = b.id FROM person w, bank_card b
    WHERE q.settlement_id = :settlement AND q.waiting AND q.state = 'planned' AND w.id = q.person_id
    AND b.person_id = coalesce(w.merged_into, w.id) AND b.replaced_at IS NULL
    AND (:any OR b.bank IN (SELECT unnest(CAST(:banks AS text[])))) AND q.card_id IS DISTINCT FROM b.id
    AND NOT EXISTS (SELECT 1 FROM bank_card o WHERE o.id = q.card_id AND o.replaced_at IS NULL)""")
_INCLUDE = sa.text(bound(f"""
    WITH ready AS (
        SELECT q.id FROM settlement_payment q JOIN person w ON w.id = q.person_id
        JOIN person d ON d.id = coalesce(w.merged_into, w.id) AND d.died_on IS NULL WHERE q.settlement_id = :settlement
        AND q.waiting AND q.state = 'planned' AND q.card_id IS NOT NULL AND q.person_id NOT IN {kin(ACTOR)}
        ORDER BY q.id LIMIT :most FOR UPDATE OF q),
    lined AS (SELECT id, row_number() OVER (ORDER BY id) AS line FROM ready)
    UPDATE settlement_payment q SET state = 'batched', run_id = :run, line = lined.line, left_out = NULL, version = q.version + 1
    FROM lined WHERE q.id = lined.id RETURNING q.amount_fen"""))


def bank_of(settlement: Settlement, bank: str | None = None) -> str:
    """The bank a settlement is paid from: the plan's own (京卡) where it has one. InputError when we have no file layout of it."""
    if bank is None:
        allowed = registry.version(settlement.plan, settlement.plan_from).banks.allow
        bank = next((code for code in allowed if code in payments.banks()), next(iter(payments.banks())))
    if bank not in payments.banks():
        raise InputError("bank_unknown", f"没有银行“{bank}”的付款文件格式", remedy=f"可用：{'、'.join(payments.banks())}", field="bank")
    return bank


def close_runs(session: Session, settlement: Settlement, *, bank: str | None = None, actor: Actor, now: datetime) -> list[PaymentRun]:
    """After the last partition: what pays is in draft runs of this maker, small ones put together. Again: nothing new.

    Lines of the maker and of the maker's family are taken out and wait for another maker. Raises NotPermitted for somebody who may
    not make runs, InputError for a plan without a fund.
    """
    _require_fund(session, settlement.plan, actor)
    session.execute(sa.text("SELECT 1 FROM settlement WHERE id = :id FOR UPDATE"), {"id": settlement.id})
    session.execute(_OWN_OUT, {"settlement": settlement.id, "persons": list(actor.persons), "why": OWN})
    moves = together([(row.run, row.last) for row in session.execute(_COUNTS, {"settlement": settlement.id})])
    if moves:
        driver_cursor(session).execute(_MERGE, {"runs": [run for run, _, _ in moves], "intos": [into for _, into, _ in moves],
                                                "helds": [held for _, _, held in moves]})
    found = session.execute(_COUNTS, {"settlement": settlement.id}).all()
    paid_from = bank_of(settlement, bank)
    numbers = _numbers(session, business_day(now), len(found))
    runs = [_run(settlement, paid_from, number, actor, now, id_=uuid.UUID(row.run), count=row.lines, fen=row.fen)
            for row, number in zip(found, numbers, strict=True)]
    _create(session, runs, actor, now)
    return runs


def build_again(session: Session, *, settlement_id: uuid.UUID, bank: str | None = None, actor: Actor, now: datetime) -> PaymentRun:
    """A draft with what waits: returned and corrected, taken out of another run, without an account until now; at most RUN_LINES.

    Lines of this maker, of the maker's family and of the dead stay. Raises InputError `run_empty`.
    """
    settlement = session.exec(select(Settlement).where(Settlement.id == settlement_id).with_for_update()).first()
    if settlement is None:
        raise NotFound("not_found", "没有这一结算，或不在您的管辖范围内", remedy="核对编号")
    _require_fund(session, settlement.plan, actor)
    allowed = registry.version(settlement.plan, settlement.plan_from).banks.allow
    session.execute(_FILL, {"settlement": settlement_id, "any": not allowed, "banks": list(allowed)})
    run = _run(settlement, bank_of(settlement, bank), _numbers(session, business_day(now), 1)[0], actor, now)
    fens = list(session.execute(_INCLUDE, {"settlement": settlement_id, "persons": list(actor.persons), "most": RUN_LINES,
                                           "run": run.id}).scalars())
    if not fens:
        raise InputError("run_empty", "这次结算没有可以付款的款项", remedy="等待会员登记京卡，或更正退汇的账户后再制单",
                         field="settlement_id")
    run.count, run.total_fen = len(fens), sum(fens)
    _create(session, [run], actor, now)
    return run


def _require_fund(session: Session, plan: str, actor: Actor) -> None:
    if actor.account_id is None or actor.person_id is None:
        raise NotPermitted("maker_unnamed", "制单人须为实名人员", remedy="请由财务制单人员办理")
    require_whole_fund(actor)
    if session.execute(sa.text("SELECT 1 FROM fund WHERE plan = :plan"), {"plan": plan}).first() is None:
        raise InputError("fund_missing", f"计划“{plan}”没有专户", remedy="先登记该计划的专户资金", field="plan")


def _numbers(session: Session, day: date, count: int) -> list[str]:
    return [f"{SERIES}{day.year}{serial:06d}" for serial in draw(session, "settlement_run", day.year, count)] if count else []


def _run(settlement: Settlement, bank: str, number: str, actor: Actor, now: datetime, *, id_: uuid.UUID | None = None, count: int = 0,
         fen: int = 0) -> PaymentRun:
    assert actor.account_id is not None and actor.person_id is not None
    return PaymentRun(id=id_ or uuidv7(), org_key=actor.org_key, state=PaymentRunState.DRAFT, run_no=number, plan=settlement.plan,
                      bank=bank, settlement_id=settlement.id, made_by=actor.account_id, made_person=actor.person_id, made_at=now,
                      count=count, total_fen=fen)


def _create(session: Session, runs: Sequence[PaymentRun], actor: Actor, now: datetime) -> None:
    create(session, "payment_run", runs, actor=actor, now=now, details={
        run.id: {"plan": run.plan, "bank": run.bank, "settlement": str(run.settlement_id), "count": run.count, "fen": run.total_fen}
        for run in runs})
