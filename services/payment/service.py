"""The verbs of paying. Planning and heirs are here; runs, returns, corrections and proofs of credit in their own files."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor, system
from services.core.clock import business_day
from services.core.errors import InputError, NotFound, NotPermitted
from services.core.ids import uuidv7
from services.core.settings import settings
from services.enrolment import queries as enrolment_queries
from services.enrolment import service as enrolment
from services.lifecycle.create import create
from services.lifecycle.service import Move, fire
from services.models import Claim, Payee, Payment
from services.payment.cards import confirm_card, propose_card
from services.payment.insured import announce
from services.payment.returns import ReturnSummary, read_return
from services.payment.rules import HEIR_RELATIONS, purpose_of, share_of, split, whole
from services.payment.runs import build_run, exclude, release, send_back, submit, write_file
from services.payment.settling import settle
from statemachines.states import PaymentState

__all__ = ["ReturnSummary", "announce", "build_run", "confirm_card", "exclude", "note_death", "plan", "propose_card",
           "read_return", "release", "send_back", "settle", "submit", "write_file"]


@dataclass(frozen=True, slots=True)
class _Owed:
    """What a claim still owes; fen."""

    id: uuid.UUID
    org_key: str
    round: int
    route: str
    kind: str
    fen: int


_LOCK = sa.text("SELECT id FROM claim WHERE id = ANY(CAST(:ids AS uuid[])) AND state IN ('payable', 'paid', 'closed')"
                " ORDER BY id FOR UPDATE")
# Over all rounds: what an earlier one decided and a reopening cancelled before it was paid is still owed.
_OWED = sa.text("""
    SELECT c.id, c.org_key, c.round, c.route, d.kind, (SELECT sum(e.amount_fen)::bigint FROM decision e
        WHERE e.claim_id = c.id) - coalesce((SELECT sum(p.amount_fen)::bigint FROM payment p
        WHERE p.claim_id = c.id AND p.state <> 'cancelled'), 0) AS fen
    FROM claim c JOIN decision d ON d.claim_id = c.id AND d.round = c.round
    WHERE c.id = ANY(CAST(:ids AS uuid[])) ORDER BY c.id""")
_PAYEES = sa.text("""
    SELECT claim_id, id, person_id, share_num, share_den, bank_card_id FROM payee
    WHERE active AND claim_id = ANY(CAST(:ids AS uuid[])) ORDER BY claim_id, ordinal, added_at, id""")
_SUPERSEDED = sa.text("""
    SELECT p.id FROM payment p JOIN claim c ON c.id = p.claim_id JOIN payee y ON y.id = p.payee_id
    WHERE p.claim_id = ANY(CAST(:ids AS uuid[])) AND p.state IN ('planned', 'returned')
    AND (c.round > p.round OR NOT y.active) ORDER BY p.claim_id, p.id""")


def plan(session: Session, *, claim_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> list[Payment]:
    """Payments of each claim's decision, one per active payee, split by fen; what another obligation replaced is cancelled.

    Whatever is already planned, sent or credited is taken off first, so calling again adds nothing. Claims that
    are not payable, or wait for their heirs, are left out. Returns the new payments.
    """
    locked = list(session.execute(_LOCK, {"ids": list(claim_ids)}).scalars())
    if not locked:
        return []
    stale = session.execute(_SUPERSEDED, {"ids": locked}).scalars()
    fire(session, "payment", "cancel", [Move(payment, details={"why": "superseded"}) for payment in stale],
         actor=system(settings().root_org), now=now)
    # After the lock, in a statement of its own: only so it sees what the former holder of the lock planned.
    owed = [_Owed(*row) for row in session.execute(_OWED, {"ids": locked}).all() if row.fen > 0]
    payees: dict[uuid.UUID, list[sa.Row[tuple[object, ...]]]] = {}
    for row in session.execute(_PAYEES, {"ids": [claim.id for claim in owed]}):
        payees.setdefault(row.claim_id, []).append(row)
    rows = [payment for claim in owed if claim.id in payees for payment in _parts(claim, payees[claim.id], now)]
    create(session, "payment", rows, actor=actor, now=now,
           details={row.id: {"amount_fen": row.amount_fen, "purpose": row.purpose} for row in rows})
    return rows


def _parts(claim: _Owed, payees: Sequence[sa.Row[tuple[object, ...]]], now: datetime) -> list[Payment]:
    shares = [Fraction(payee.share_num, payee.share_den) for payee in payees]
    whole(shares)
    return [Payment(claim_id=claim.id, org_key=claim.org_key, state=PaymentState.PLANNED, round=claim.round,
                    payee_id=payee.id, person_id=payee.person_id, purpose=purpose_of(claim.kind, claim.round),
                    channel="insurer" if claim.route == "insurer" else "bank", amount_fen=fen,
                    bank_card_id=payee.bank_card_id, created_at=now)
            for payee, fen in zip(payees, split(claim.fen, shares), strict=True) if fen]


_BATCHED = sa.text("""
    SELECT p.id FROM payment p JOIN payee y ON y.id = p.payee_id WHERE p.claim_id = :claim AND p.state = 'batched'
    AND NOT y.active ORDER BY p.id""")


def note_death(session: Session, *, claim_id: uuid.UUID, version: int | None = None, died_on: date,
               heirs: Sequence[Mapping[str, object]], actor: Actor, now: datetime) -> list[Payee]:
    """Heirs take the place of the payee: `{"name", "id_number", "relation", "share": [n, d], "bank", "account"}` each.

    Needs the paper `death_proof`. Money already at the bank stays there; what is still ours is cancelled and, when
    the claim is payable, planned anew for the heirs. Raises InputError naming the heir's field.
    """
    shares = _checked(heirs, died_on, business_day(now))
    _not_for_oneself(session, claim_id, heirs, actor)
    fire(session, "claim", "note_death", [Move(claim_id, version, details={
        "died_on": died_on.isoformat(), "heirs": len(heirs)})], actor=actor, now=now)
    claim = session.get(Claim, claim_id, populate_existing=True)
    if claim is None:
        raise NotFound("not_found", "没有这一案件，或不在您的管辖范围内", remedy="核对编号")
    session.execute(sa.text("UPDATE claim SET died = true WHERE id = :id"), {"id": claim_id})
    session.execute(sa.text("UPDATE person SET died_on = :day WHERE id = :id"),
                    {"day": died_on, "id": claim.person_id})
    session.execute(sa.text("UPDATE payee SET active = false WHERE claim_id = :id AND active"), {"id": claim_id})
    proof = session.execute(sa.text("SELECT sha256 FROM paper WHERE claim_id = :id AND kind = 'death_proof'"
                                    " ORDER BY uploaded_at DESC, id DESC LIMIT 1"), {"id": claim_id}).scalar_one()
    payees = [_heir(session, claim, heir, share, ordinal, proof, actor=actor, now=now)
              for ordinal, (heir, share) in enumerate(zip(heirs, shares, strict=True), 1)]
    session.add_all(payees)
    session.flush()
    batched = list(session.execute(_BATCHED, {"claim": claim_id}).scalars())
    if batched:
        exclude(session, payment_ids=batched, reason="payee_died", actor=system(settings().root_org), now=now)
    plan(session, claim_ids=[claim_id], actor=system(settings().root_org), now=now)
    return payees


def _not_for_oneself(session: Session, claim_id: uuid.UUID, heirs: Sequence[Mapping[str, object]], actor: Actor) -> None:
    """Who names the heirs is neither one of them nor kin of the member: nobody turns money to the own account."""
    known = [enrolment_queries.person_by_number(session, str(heir["id_number"])) for heir in heirs]
    member = session.execute(sa.text("SELECT person_id FROM claim WHERE id = :id"), {"id": claim_id}).scalar()
    side = [member, *(heir.id for heir in known if heir)]
    if any(person and enrolment_queries.is_kin(session, actor.person_id, person) for person in side):
        raise NotPermitted("actor_on_claimant_side", "经办人是会员、继承人或其家属，须回避", remedy="由同级其他人员或上级办理")


def _checked(heirs: Sequence[Mapping[str, object]], died_on: date, today: date) -> list[Fraction]:
    if died_on > today:
        raise InputError("died_on_future", f"死亡日期 {died_on} 晚于今天", remedy="核对死亡证明", field="died_on")
    for heir in heirs:
        for name in ("name", "id_number", "relation", "bank", "account"):
            if not isinstance(heir.get(name), str) or not heir[name]:
                raise InputError("heir_field", f"继承人缺少“{name}”", remedy="逐项填写继承人信息", field=f"heirs.{name}")
        if heir["relation"] not in HEIR_RELATIONS:
            raise InputError("heir_relation", f"不认识的关系“{heir['relation']}”",
                             remedy=f"可用：{'、'.join(HEIR_RELATIONS)}", field="heirs.relation")
    shares = [share_of(heir.get("share")) for heir in heirs]
    whole(shares)
    return shares


def _heir(session: Session, claim: Claim, heir: Mapping[str, object], share: Fraction, ordinal: int, proof: str, *,
          actor: Actor, now: datetime) -> Payee:
    name, relation = str(heir["name"]), str(heir["relation"])
    person = enrolment.add_person(session, name=name, id_number=str(heir["id_number"]), actor=actor, now=now)
    if person.id == claim.person_id:
        raise InputError("heir_is_member", "继承人不能是已故会员本人", remedy="核对身份证号", field="heirs.id_number")
    enrolment.add_kin(session, person_id=claim.person_id, relative_id=person.id, relation=relation, actor=actor, now=now)
    card = enrolment.add_bank_card(session, person_id=person.id, bank=str(heir["bank"]), number=str(heir["account"]),
                                   holder=name, actor=actor, now=now)
    return Payee(id=uuidv7(), claim_id=claim.id, org_key=claim.org_key, person_id=person.id, relation=relation,
                 ordinal=ordinal, share_num=share.numerator, share_den=share.denominator, bank_card_id=card.id,
                 proof_sha256=proof, added_at=now)
