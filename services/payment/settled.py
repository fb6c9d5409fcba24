"""Lines of a settlement in a run (城市结算批次): taken out, sealed, written for the bank; by the run, never one by one.

A line stands where its run stands until the bank answers: the run's guards are its guards, the run's chain is its record.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.access.permits import permit
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.db import driver_cursor
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.core.texts import written
from services.lifecycle.facts import ACTOR, RUN_DIGEST, bound
from services.lifecycle.settled_facts import kin
from services.models import PaymentRun, Settlement
from services.payment.contradicted import require_lines_clear
from services.payment.funds import fund_account
from services.payment.picking import accounts, layout_refusal
from services.payment.port import BankFormat, Order
from services.rulebook import registry

_LINES = """
    SELECT p.id, p.org_key, p.attempt, p.amount_fen, p.line, p.card_id, s.year, s.quarter
    FROM settlement_payment p JOIN settlement s ON s.id = p.settlement_id
    WHERE p.run_id = %(run)s AND p.state = 'batched' ORDER BY p.line"""
_OUT = """
    WITH gone AS (SELECT q.id, q.run_id, q.line, q.amount_fen FROM settlement_payment q {found} AND q.state = 'batched'
                  ORDER BY q.id FOR UPDATE OF q)
    UPDATE settlement_payment p SET state = 'planned', run_id = NULL, line = NULL, left_out = {words}, version = p.version + 1
    FROM gone WHERE p.id = gone.id RETURNING gone.run_id, gone.line, gone.amount_fen"""
_NOW = "d.id = coalesce(w.merged_into, w.id)"      # the record of a person that stands, after a merging
_OUT_CHOSEN = sa.text(_OUT.format(found="WHERE q.id IN (SELECT unnest(CAST(:ids AS uuid[])))", words=":why"))
_OUT_DEAD = sa.text(_OUT.format(
    found=f"JOIN person w ON w.id = q.person_id JOIN person d ON {_NOW} AND d.died_on IS NOT NULL WHERE q.run_id = :run", words=":why"))
_OUT_REFUSED = sa.text(_OUT.format(
    found="""JOIN unnest(CAST(:ids AS uuid[]), CAST(:words AS text[])) AS w(id, words) ON w.id = q.id WHERE true""",
    words="(SELECT w.words FROM unnest(CAST(:ids AS uuid[]), CAST(:words AS text[])) AS w(id, words) WHERE w.id = p.id)"))
# A card replaced while the run was a draft: the present one, where the plan pays to its bank.
_RENEW = sa.text("""
    UPDATE settlement_payment q SET card_id = b.id, version = q.version + 1 FROM bank_card o, bank_card b WHERE q.run_id = :run
    AND q.state = 'batched' AND o.id = q.card_id AND o.replaced_at IS NOT NULL AND b.person_id = o.person_id AND b.replaced_at IS NULL
    AND (:any OR b.bank IN (SELECT unnest(CAST(:banks AS text[]))))""")
_COUNT = sa.text("""
    UPDATE payment_run n SET count = t.count, total_fen = t.fen FROM (SELECT count(*) AS count, coalesce(sum(amount_fen), 0)::bigint AS fen
        FROM settlement_payment WHERE run_id = :run) t WHERE n.id = :run""")
_SEAL = sa.text(f"UPDATE payment_run n SET digest = {RUN_DIGEST} WHERE n.id = :run RETURNING n.count AS lines, n.total_fen, n.digest")
# As submitted, by the record too, which nobody can write anew; and everybody in it lives.
_HOLDS = sa.text(f"""
    SELECT n.digest = {RUN_DIGEST} AND n.digest = (SELECT a.record->'details'->>'digest' FROM audit_record a WHERE a.chain_id = n.id
        AND a.machine = 'payment_run' AND a.event = 'seal' ORDER BY a.seq DESC LIMIT 1)
        AND n.count = (SELECT count(*) FROM settlement_payment p WHERE p.run_id = n.id AND p.state = 'batched')
    FROM payment_run n WHERE n.id = :run""")
_DEAD = sa.text(f"""
    SELECT q.line FROM settlement_payment q JOIN person w ON w.id = q.person_id JOIN person d ON {_NOW} AND d.died_on IS NOT NULL
    WHERE q.run_id = :run ORDER BY q.line LIMIT 5""")
_SEND = sa.text("UPDATE settlement_payment SET state = 'sent' WHERE run_id = :run AND state = 'batched'")
_RUNS = sa.text("""
    SELECT n.id, n.org_key, n.state FROM payment_run n WHERE n.id IN (SELECT run_id FROM settlement_payment
        WHERE id IN (SELECT unnest(CAST(:ids AS uuid[])))) ORDER BY n.id FOR UPDATE""")
_KNOWN = sa.text("SELECT id FROM settlement_payment WHERE id IN (SELECT unnest(CAST(:ids AS uuid[])))")
_OWN = sa.text(bound(f"""SELECT EXISTS (SELECT 1 FROM settlement_payment q WHERE q.run_id = :run AND q.person_id IN {kin(ACTOR)})"""))
DEAD = "会员已去世，由继承人凭证明办理"
Row = sa.Row[tuple[object, ...]]


class Line(NamedTuple):
    """A line of a run as its file carries it; fen."""

    id: uuid.UUID
    org_key: str
    attempt: int
    amount_fen: int


def orders(session: Session, run: PaymentRun, reference: Callable[[int], str]) -> list[tuple[Line, Order]]:
    """The run's lines in order, each with what the bank is told; `reference` of a line's number, which stays its own."""
    rows = driver_cursor(session).execute(_LINES, {"run": run.id}, binary=True).fetchall()
    found = accounts(session, [row[5] for row in rows])
    return [(Line(*row[:4]), Order(reference(row[4]), row[3], account.bank, account.number, account.holder,
                                   f"互助金 {row[6]}年{row[7]}季度")) for row in rows for account in (found[row[5]],)]


def seal(session: Session, run: PaymentRun, layout: BankFormat, reference: Callable[[int], str], *, actor: Actor, now: datetime) -> None:
    """At submission: what cannot be paid is taken out with its reason, then count, sum and digest are fixed.

    InputError `payer_account_missing` when the layout needs the fund's account and none is registered; `run_empty`.
    """
    if layout.needs_payer and fund_account(session, run.plan, at=now) is None:
        raise InputError("payer_account_missing", "该计划专户的账号尚未登记，不能用这一银行付款",
                         remedy="先登记专户的户名和账号", field="bank")
    settlement = session.get_one(Settlement, run.settlement_id)
    allowed = registry.version(settlement.plan, settlement.plan_from).banks.allow
    session.execute(_RENEW, {"run": run.id, "any": not allowed, "banks": list(allowed)})
    out = list(session.execute(_OUT_DEAD, {"run": run.id, "why": DEAD}).all())
    refused = {line.id: words for line, order in orders(session, run, reference) if (words := layout_refusal(layout, order))}
    if refused:
        out += session.execute(_OUT_REFUSED, {"ids": list(refused), "words": list(refused.values())}).all()
    note(session, run.id, run.org_key, "exclude_lines", {"why": "unpayable", **summed(out)} if out else {}, actor=actor, now=now)
    session.execute(_COUNT, {"run": run.id})
    sealed = session.execute(_SEAL, {"run": run.id}).one()
    if not sealed.lines:
        raise InputError("run_empty", "这一批的款项都不能付款", remedy="逐笔看明原因，更正后再制单", field="run_id")
    note(session, run.id, run.org_key, "seal", {"count": sealed.lines, "fen": sealed.total_fen, "digest": sealed.digest}, actor=actor,
         now=now)


def split(session: Session, payment_ids: Sequence[uuid.UUID]) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    """Which of the ids are lines of settlements, and the others."""
    known = set(session.execute(_KNOWN, {"ids": list(payment_ids)}).scalars())
    return [one for one in payment_ids if one in known], [one for one in payment_ids if one not in known]


def exclude(session: Session, *, payment_ids: Sequence[uuid.UUID], reason: str, actor: Actor, now: datetime) -> None:
    """Take lines out of their runs, which wait for another; a run already submitted then no longer equals its digest.

    Raises Conflict `line_not_in_run` when one is in no run that is still to be released.
    """
    if not payment_ids:
        return
    why = written(reason, "reason")
    runs = {row.id: row for row in session.execute(_RUNS, {"ids": list(payment_ids)})}
    permit(actor, "payment", "exclude", [row.org_key for row in runs.values()])
    gone = session.execute(_OUT_CHOSEN, {"ids": list(payment_ids), "why": why}).all()
    if len(gone) != len(set(payment_ids)) or any(run.state not in ("draft", "submitted") for run in runs.values()):
        raise Conflict("line_not_in_run", "有款项已不在待放行的批次里", remedy="刷新后核对")
    for run in runs.values():
        mine = [row for row in gone if row.run_id == run.id]
        note(session, run.id, run.org_key, "exclude_lines", {"reason": why, **summed(mine)}, actor=actor, now=now)
        if run.state == "draft":
            session.execute(_COUNT, {"run": run.id})


def summed(rows: Sequence[Row]) -> dict[str, object]:
    """Count, sum and the first numbers of lines, for the record."""
    return {"count": len(rows), "fen": sum(int(str(row.amount_fen)) for row in rows), "lines": sorted(row.line for row in rows)[:500]}


def send(session: Session, run: PaymentRun) -> None:
    """Its lines are with the bank; `fire` has moved, or is about to move, the run itself in the same transaction."""
    session.execute(_SEND, {"run": run.id})


def require_whole(session: Session, run: PaymentRun) -> None:
    """GuardFailed `run_changed` when the run is not, line by line, what its maker submitted."""
    if not session.execute(_HOLDS, {"run": run.id}).scalar_one():
        raise GuardFailed("run_changed", "付款批次在提交后有改动", remedy="退回制单人核对后重新提交；已放行的不送银行，请查明原因")


def require_living(session: Session, run: PaymentRun) -> None:
    """GuardFailed `payees_not_ready` for somebody who died since the run was submitted, `credit_contradicts` for whom the bank by
    now says that the money sent before arrived.
    """
    dead = session.execute(_DEAD, {"run": run.id}).scalars().all()
    if dead:
        raise GuardFailed("payees_not_ready", f"第 {'、'.join(map(str, dead))} 行的会员已去世", remedy="退回制单人重新提交，该笔会被剔除")
    require_lines_clear(session, run)


def require_apart(session: Session, run: PaymentRun, actor: Actor) -> None:
    """NotPermitted for somebody who is paid by the run, or whose family is."""
    if session.execute(_OWN, {"run": run.id, "persons": list(actor.persons)}).scalar_one():
        raise NotPermitted("actor_on_claimant_side", "这一批里有经办人本人或其家属的款项，须回避", remedy="先把该笔剔除，或由其他人员办理")


def note(session: Session, run_id: uuid.UUID, org_key: str, event: str, details: dict[str, object], *, actor: Actor, now: datetime,
         subject: uuid.UUID | None = None) -> None:
    """On the run's chain; nothing for no details."""
    if details:
        audit.append(session, [Entry(run_id, org_key, "payment_run", subject or run_id, event, details=details)],
                     account=actor.account_id, person=actor.person_id, at=now)
