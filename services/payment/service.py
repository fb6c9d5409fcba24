"""The verbs of paying. Planning and heirs are here; runs, returns, corrections and proofs of credit in their own files."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor, system
from services.core.clock import business_day
from services.core.errors import InputError, NotFound
from services.core.ids import uuidv7
from services.core.settings import settings
from services.enrolment import service as enrolment
from services.enrolment.heirs import Heir, check_people, read_heirs, whole
from services.enrolment.heirs import record as record_heir
from services.intake import advances
from services.lifecycle.create import create
from services.lifecycle.service import Move, fire
from services.models import Claim, Payee, Payment
from services.payment.advance import confirm as confirm_advance
from services.payment.advance import drop as drop_advance
from services.payment.advance import propose as propose_advance
from services.payment.cards import confirm_card, propose_card
from services.payment.funds import register_account
from services.payment.insured import announce
from services.payment.picking import OWING
from services.payment.queries import papers_of
from services.payment.returns import ReturnSummary, read_return
from services.payment.rules import purpose_of, rest_of_each
from services.payment.runs import allow_over, build_run, exclude, release, send_back, submit, write_file
from services.payment.settled_heirs import give_to_heirs
from services.payment.settling import settle
from services.payment.unmatched import confirm as confirm_line
from services.payment.unmatched import propose_assign, propose_dismiss
from services.payment.unmatched import undo as undo_line
from statemachines.states import PaymentState

__all__ = ["ReturnSummary", "allow_over", "announce", "build_run", "confirm_advance", "confirm_card", "confirm_line", "drop_advance",
           "exclude", "give_to_heirs", "note_death", "plan", "propose_advance", "propose_assign", "propose_card", "propose_dismiss",
           "read_return", "register_account", "release", "send_back", "settle", "submit", "undo_line", "write_file"]

_Row = sa.Row[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class _Owed:
    """What a claim still owes; fen."""

    id: uuid.UUID
    org_key: str
    round: int
    route: str
    kind: str
    fen: int


_LOCK = sa.text(f"SELECT c.id FROM claim c WHERE c.id = ANY(CAST(:ids AS uuid[])) AND {OWING} ORDER BY c.id FOR UPDATE OF c")
# Over all rounds; what lapsed unpaid when the claim was reopened was decided anew. What was paid ahead counts as paid, less what of
# it is asked back.
_OWED = sa.text("""
    SELECT c.id, c.org_key, c.round, c.route, coalesce((SELECT e.kind FROM decision e WHERE e.claim_id = c.id AND e.amount_fen > 0
        ORDER BY e.round DESC LIMIT 1), d.kind) AS kind, (SELECT sum(e.amount_fen)::bigint FROM decision e
        WHERE e.claim_id = c.id) - (SELECT coalesce(sum(q.lapsed_fen), 0)::bigint FROM reopening q
        WHERE q.claim_id = c.id) - coalesce((SELECT sum(p.amount_fen)::bigint FROM payment p
        WHERE p.claim_id = c.id AND p.state <> 'cancelled'), 0) + (SELECT coalesce(sum(v.amount_fen), 0)::bigint
        FROM receivable v WHERE v.claim_id = c.id AND v.why = 'advance') AS fen
    FROM claim c JOIN decision d ON d.claim_id = c.id AND d.round = c.round
    WHERE c.id = ANY(CAST(:ids AS uuid[])) ORDER BY c.id""")
_PAYEES = sa.text("""
    SELECT y.claim_id, y.id, coalesce(q.merged_into, q.id) AS person_id, y.share_num, y.share_den, y.bank_card_id
    FROM payee y JOIN person q ON q.id = y.person_id WHERE y.active AND y.claim_id = ANY(CAST(:ids AS uuid[]))
    ORDER BY y.claim_id, y.ordinal, y.added_at, y.id""")
# What each person got or is about to get; `own`: the member's, or of one since dead, who can no longer be named.
_GOT = sa.text("""
    SELECT p.claim_id, k.id AS person_id, sum(p.amount_fen)::bigint AS fen,
           bool_or(y.relation = 'self') OR k.died_on IS NOT NULL AS own
    FROM payment p JOIN payee y ON y.id = p.payee_id JOIN person q ON q.id = p.person_id
    JOIN person k ON k.id = coalesce(q.merged_into, q.id)
    WHERE p.claim_id = ANY(CAST(:ids AS uuid[])) AND p.state <> 'cancelled' GROUP BY p.claim_id, k.id, k.died_on""")
# What a round pays each receiver already. More may fall to her later: what a former payee had on the way, and the bank sent back.
_IN_ROUND = sa.text("""
    SELECT payee_id, round, purpose, max(part) AS part FROM payment WHERE claim_id = ANY(CAST(:ids AS uuid[])) AND live
    GROUP BY payee_id, round, purpose""")
# Not an earlier round's: the reopening cancelled what was never paid, and what came back since is still owed.
_SUPERSEDED = sa.text("""
    SELECT p.id FROM payment p JOIN payee y ON y.id = p.payee_id
    WHERE p.claim_id = ANY(CAST(:ids AS uuid[])) AND p.state IN ('planned', 'returned')
    AND NOT y.active ORDER BY p.claim_id, p.id""")


def plan(session: Session, *, claim_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> list[Payment]:
    """Payments of each claim's decision, one per active payee, split by fen; what is still to go to a former payee is cancelled.

    Whatever is already planned, sent or credited is taken off its receiver's part first, so calling again adds nothing.
    Claims that owe nothing, or wait for their heirs, are left out. Returns the new payments. Conflict
    `heirs_overpaid` when heirs named anew do not fit what was paid already.
    """
    return _plan(session, claim_ids, actor, now, even_settled=False)


def _plan(session: Session, claim_ids: Sequence[uuid.UUID], actor: Actor, now: datetime, *, even_settled: bool) -> list[Payment]:
    """`even_settled`: also what nothing is owed on is held against the shares, for heirs who are just being named."""
    locked = list(session.execute(_LOCK, {"ids": list(claim_ids)}).scalars())
    if not locked:
        return []
    stale = session.execute(_SUPERSEDED, {"ids": locked}).scalars()
    fire(session, "payment", "cancel", [Move(payment, details={"why": "superseded"}) for payment in stale],
         actor=system(settings().root_org), now=now)
    # After the lock, in a statement of its own: only so it sees what the former holder of the lock planned.
    owed = [claim for row in session.execute(_OWED, {"ids": locked}).all() if (claim := _Owed(*row)).fen > 0 or even_settled]
    ids = {"ids": [claim.id for claim in owed]}
    payees, got = _by_claim(session.execute(_PAYEES, ids).all()), _by_claim(session.execute(_GOT, ids).all())
    parts = {(row.payee_id, row.round, row.purpose): row.part for row in session.execute(_IN_ROUND, ids)}
    rows = [payment for claim in owed if claim.id in payees
            for payment in _parts(claim, payees[claim.id], got.get(claim.id, []), parts, now)]
    create(session, "payment", rows, actor=actor, now=now,
           details={row.id: {"amount_fen": row.amount_fen, "purpose": row.purpose} for row in rows})
    return rows


def _by_claim(rows: Iterable[_Row]) -> dict[uuid.UUID, list[_Row]]:
    found: dict[uuid.UUID, list[_Row]] = {}
    for row in rows:
        found.setdefault(row.claim_id, []).append(row)
    return found


def _parts(claim: _Owed, payees: Sequence[_Row], got: Sequence[_Row], parts: Mapping[tuple[object, int, str], int],
           now: datetime) -> list[Payment]:
    """The whole is split, not what is left of it: heirs named twice keep their shares whoever was paid meanwhile."""
    purpose = purpose_of(claim.kind, claim.round)
    shares = [(payee.person_id, Fraction(payee.share_num, payee.share_den)) for payee in payees]
    whole([share for _, share in shares])
    named = {person for person, _ in shares}
    counted = [row for row in got if row.person_id in named or not row.own]     # else it is off the top, as the member's own
    fens = rest_of_each(claim.fen + sum(row.fen for row in counted), shares, {row.person_id: row.fen for row in counted})
    return [Payment(claim_id=claim.id, org_key=claim.org_key, state=PaymentState.PLANNED, round=claim.round,
                    payee_id=payee.id, person_id=payee.person_id, purpose=purpose,
                    part=1 + parts.get((payee.id, claim.round, purpose), 0), amount_fen=fen,
                    channel="insurer" if claim.route == "insurer" else "bank",
                    bank_card_id=payee.bank_card_id, created_at=now)
            for payee, fen in zip(payees, fens, strict=True) if fen]


_BATCHED = sa.text("""
    SELECT p.id FROM payment p JOIN payee y ON y.id = p.payee_id WHERE p.claim_id = :claim AND p.state = 'batched'
    AND NOT y.active ORDER BY p.id""")


def note_death(session: Session, *, claim_id: uuid.UUID, version: int | None = None, died_on: date,
               heirs: Sequence[Mapping[str, object]], basis: str = "law", left_out: str | None = None, actor: Actor,
               now: datetime) -> list[Payee]:
    """Heirs take the place of the payee: `{"name", "id_number", "relation", "share": [n, d], "bank", "account"}` each,
    for a minor with `"guardian": {"name", "id_number"}`, whose account it is. `basis`: `law` or `named`.

    Needs the paper `death_proof`, with a guardian also `guardianship`. Money already at the bank stays there; what is
    still ours is cancelled and, when the claim is payable, planned anew for the heirs. Raises InputError naming the
    heir's field (`heirs.0.share`).
    """
    today = business_day(now)
    if died_on > today:
        raise InputError("died_on_future", f"死亡日期 {died_on} 晚于今天", remedy="核对死亡证明", field="died_on")
    found = read_heirs(heirs, basis=basis, today=today)
    member = session.execute(sa.text("SELECT person_id FROM claim WHERE id = :id"), {"id": claim_id}).scalar()
    if member is None:
        raise NotFound("not_found", "没有这一案件，或不在您的管辖范围内", remedy="核对编号")
    check_people(session, member, found, basis=basis, left_out=left_out, actor=actor)
    proofs = papers_of(session, claim_id)
    for place, heir in enumerate(found):
        if heir.guardian and "guardianship" not in proofs:
            raise InputError("guardian_unproved", f"{heir.name}的监护人没有证明", remedy="先上传监护关系证明（guardianship）",
                             field=f"heirs.{place}.guardian")
    fire(session, "claim", "note_death", [Move(claim_id, version, details={
        "died_on": died_on.isoformat(), "heirs": len(found), "basis": basis} | ({"left_out": left_out} if left_out else {}))],
        actor=actor, now=now)
    claim = session.get_one(Claim, claim_id, populate_existing=True)
    session.execute(sa.text("UPDATE claim SET died = true WHERE id = :id"), {"id": claim_id})
    enrolment.note_died(session, person_id=member, died_on=died_on, actor=actor, now=now)
    session.execute(sa.text("UPDATE payee SET active = false WHERE claim_id = :id AND active"), {"id": claim_id})
    payees = [_payee(session, claim, heir, ordinal, basis, proofs, actor, now) for ordinal, heir in enumerate(found, 1)]
    session.add_all(payees)
    session.flush()
    batched = list(session.execute(_BATCHED, {"claim": claim_id}).scalars())
    if batched:
        exclude(session, payment_ids=batched, reason="payee_died", actor=system(settings().root_org), now=now)
    advances.drop_of_former(session, claim_id, now)
    _plan(session, [claim_id], system(settings().root_org), now, even_settled=True)
    return payees


def _payee(session: Session, claim: Claim, heir: Heir, ordinal: int, basis: str, proofs: Mapping[str, str], actor: Actor,
           now: datetime) -> Payee:
    person, guardian, card = record_heir(session, claim.person_id, heir, actor=actor, now=now)
    return Payee(id=uuidv7(), claim_id=claim.id, org_key=claim.org_key, person_id=person.id, relation=heir.relation,
                 ordinal=ordinal, share_num=heir.share.numerator, share_den=heir.share.denominator, bank_card_id=card,
                 basis=basis, guardian_id=guardian.id if guardian else None,
                 proof_sha256=proofs["guardianship" if guardian else "death_proof"], added_at=now)
