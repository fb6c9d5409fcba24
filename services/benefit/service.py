"""Compute for the reviewers, and freeze at the decision: recomputed and reserved under the cover's lock."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.audit import service as audit
from services.audit.chain import Entry
from services.benefit import queries
from services.benefit.queries import Basis
from services.benefit.rules import Taking, ahead, granted_takings, takings
from services.core.ids import uuidv7
from services.core.money import to_fen
from services.engine.one import compute
from services.models import Worksheet
from services.rulebook.results import Result

__all__ = ["freeze", "hold_ahead", "lock", "mark_paid", "preview", "release"]

ZERO = Decimal(0)


def preview(session: Session, *, claim_ids: Collection[uuid.UUID], why: str, actor: Actor,
            now: datetime) -> list[Worksheet]:
    """A worksheet for each claim from its present facts, in the order of `claim_ids`.

    A claim whose newest worksheet came from the same input and rules keeps it. InputError when a fact is missing.
    """
    wanted = list(dict.fromkeys(claim_ids))
    if not wanted:
        return []
    bases = {claim_id: _fitted(basis) for claim_id, basis in queries.bases(session, wanted).items()}
    newest = queries.latest(session, wanted)
    stale = [basis for basis in bases.values() if not _same(newest.get(basis.claim_id), basis)]
    made = [_worksheet(basis, _result(basis), _seq(newest.get(basis.claim_id)), why=why, now=now) for basis in stale]
    _keep(session, made, "worksheet", actor, now)
    newest |= {worksheet.claim_id: worksheet for worksheet in made}
    return [newest[claim_id] for claim_id in wanted]


def lock(session: Session, *, claim_ids: Collection[uuid.UUID]) -> None:
    """Lock the claims, then every cover of their persons under their plans, until the transaction ends.

    Whoever decides on one of these covers waits here, and then sees what the one before reserved.
    """
    ids = {"ids": list(claim_ids)}
    session.flush()
    session.execute(sa.text("SELECT 1 FROM claim WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE"), ids)
    session.execute(sa.text(
        "SELECT 1 FROM cover v WHERE EXISTS (SELECT 1 FROM claim c WHERE c.id = ANY(CAST(:ids AS uuid[]))"
        " AND c.person_id = v.person_id AND c.plan = v.plan) ORDER BY v.id FOR UPDATE"), ids)


def freeze(session: Session, *, claim_id: uuid.UUID, actor: Actor, now: datetime, pays: bool = True,
           granted: Mapping[str, Decimal] | None = None, refund: Decimal = ZERO) -> Worksheet:
    """The worksheet behind the decision, computed against what other claims reserved or were paid, and reserved.

    `pays` false: a refusal takes nothing. `granted` (yuan by liability) and `refund`: the insurer decided, and its
    amounts are what the cover loses; the worksheet stays the union's own computation.
    """
    lock(session, claim_ids=[claim_id])
    basis = _fitted(queries.bases(session, [claim_id])[claim_id])
    result = _result(basis)
    newest = queries.latest(session, [claim_id]).get(claim_id)
    worksheet = _worksheet(basis, result, _seq(newest), why="frozen at the decision", now=now, frozen=True)
    _keep(session, [worksheet], "freeze", actor, now)
    release(session, claim_ids=[claim_id], paid_too=pays)
    if granted is not None:
        _reserve(session, basis, granted_takings(granted, refund, result.lines), now)
    elif pays:
        _reserve(session, basis, _takings(basis, result), now)
    return worksheet


def hold_ahead(session: Session, *, claim_id: uuid.UUID, fen: int, now: datetime) -> None:
    """Reserve what is paid ahead of the decision, so that no other claim takes it; `freeze` puts the whole in its place.

    The cover is locked already (`lock`). A claim that ends undecided gives it back (`services.intake.reserved`).
    """
    basis = _fitted(queries.bases(session, [claim_id])[claim_id])
    release(session, claim_ids=[claim_id], paid_too=False)
    _reserve(session, basis, ahead(_takings(basis, _result(basis)), fen), now)


def release(session: Session, *, claim_ids: Collection[uuid.UUID], paid_too: bool = True) -> None:
    """Give back what these claims hold on their covers, reserved or (after a reopening, `paid_too`) paid: a new freeze
    follows. A refusal takes nothing more, but money that went out in an earlier round stays taken.
    """
    session.execute(sa.text(
        "UPDATE reservation r SET state = 'released' FROM claim c WHERE c.id = r.claim_id AND c.id = ANY(CAST(:ids AS uuid[]))"
        " AND (r.state = 'reserved' OR (:paid AND r.state = 'paid' AND r.round < c.round))"),
        {"ids": list(claim_ids), "paid": paid_too})


def mark_paid(session: Session, *, claim_ids: Collection[uuid.UUID]) -> None:
    """The money of these claims is credited: what was reserved is paid."""
    session.execute(sa.text(
        "UPDATE reservation SET state = 'paid' WHERE claim_id = ANY(CAST(:ids AS uuid[])) AND state = 'reserved'"),
        {"ids": list(claim_ids)})


def _result(basis: Basis) -> Result:
    return compute(basis.book, basis.computation, report_due=basis.report_due)


def _takings(basis: Basis, result: Result) -> list[Taking]:
    return takings(result, basis.before)


def _fitted(basis: Basis) -> Basis:
    """Without a reviewer's amount that no longer fits under its ceiling: another claim took from the cover meanwhile.

    The line then waits for an amount again instead of stopping the claim.
    """
    given = basis.words.get("manual")
    if not isinstance(given, dict):
        return basis
    ceilings = {line.benefit: line.ceiling for line in queries.waiting_lines(basis)}
    standing = {name: row for name, row in given.items()
                if (most := ceilings.get(name)) is None or basis.computation.manual[name].amount <= most}
    rest = {name: value for name, value in basis.words.items() if name != "manual"}
    return replace(basis, words={**rest, "manual": standing} if standing else rest)


def _same(worksheet: Worksheet | None, basis: Basis) -> bool:
    return (worksheet is not None and worksheet.input == basis.words and worksheet.facts_digest == basis.digest
            and worksheet.rule_digest == basis.book.digest)


def _seq(newest: Worksheet | None) -> int:
    return newest.seq + 1 if newest else 1


def _worksheet(basis: Basis, result: Result, seq: int, *, why: str, now: datetime, frozen: bool = False) -> Worksheet:
    return Worksheet(
        id=uuidv7(), org_key=basis.org_key, claim_id=basis.claim_id, round=basis.round, seq=seq, frozen=frozen,
        input=basis.words, output=result.to_dict(), outcome=result.outcome, total_fen=to_fen(result.total),
        refund_fen=to_fen(result.refund), facts_digest=basis.digest, rule_digest=basis.book.digest, why=why, made_at=now)


def _keep(session: Session, made: Sequence[Worksheet], event: str, actor: Actor, now: datetime) -> None:
    """Insert worksheets and say so on their claims' chains."""
    if not made:
        return
    session.add_all(made)
    session.flush()
    entries = [Entry(sheet.claim_id, sheet.org_key, "claim", sheet.claim_id, event, details={
        "worksheet": str(sheet.id), "outcome": sheet.outcome, "total_fen": sheet.total_fen,
        "refund_fen": sheet.refund_fen, "why": sheet.why}) for sheet in made]
    audit.append(session, entries, account=actor.account_id, person=actor.person_id, at=now)


_RESERVE = sa.text("""
    INSERT INTO reservation (id, org_key, cover_id, claim_id, round, benefit, amount_fen, days, state, made_at)
    SELECT r.id, :org, :cover, :claim, :round, r.benefit, r.amount, r.days, 'reserved', :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:benefits AS text[]), CAST(:amounts AS bigint[]), CAST(:days AS int[]))
         AS r(id, benefit, amount, days)
    ON CONFLICT (claim_id, round, benefit) DO UPDATE SET amount_fen = excluded.amount_fen, days = excluded.days,
        state = 'reserved', made_at = excluded.made_at""")


def _reserve(session: Session, basis: Basis, found: Sequence[Taking], now: datetime) -> None:
    if not found:
        return
    session.execute(_RESERVE, {
        "org": basis.org_key, "cover": basis.cover_id, "claim": basis.claim_id, "round": basis.round, "now": now,
        "ids": [uuidv7() for _ in found], "benefits": [taking.benefit for taking in found],
        "amounts": [taking.amount_fen for taking in found], "days": [taking.days for taking in found]})
