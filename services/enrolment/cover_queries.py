"""Reads of covers: by certificate, since when unbroken, which benefits a payment has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.errors import NotFound
from services.engine.ceiling import PREMIUM_REFUND
from services.models import Cover, Endorsement
from services.rulebook import registry


def by_certificate(session: Session, certificate_no: str, *, lock: bool = False) -> Cover:
    """The cover of a certificate in the caller's region. NotFound otherwise."""
    query = select(Cover).where(Cover.certificate_no == certificate_no).execution_options(populate_existing=True)
    found = session.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise unknown(certificate_no)
    return found


def unknown(certificate_no: str) -> NotFound:
    """No such certificate and one out of sight are not told apart."""
    return NotFound("cover_missing", f"没有凭证 {certificate_no}，或不在您的管辖范围内", remedy="核对凭证号", field="certificate_no")


def waiting_start(cover: Cover, covers: Sequence[Cover]) -> date:
    """The first day of the unbroken chain that ends in this cover: its waiting period is counted from there.

    `covers`: the person's covers in sight, of any plan. A renewal that was paid late stands as none and begins anew.
    """
    before = {(earlier.ended_on or earlier.until): earlier for earlier in covers
              if earlier.plan == cover.plan and earlier.ended_on in (None, earlier.until)}
    first = cover
    while first.renewal and (former := before.get(first.effective - timedelta(days=1))) is not None:
        first = former
    return first.effective


def endorsements(session: Session, cover: Cover) -> list[Endorsement]:
    """A cover's changes, oldest first."""
    return list(session.exec(select(Endorsement).where(Endorsement.cover_id == cover.id)
                             .order_by(col(Endorsement.at), col(Endorsement.id))).all())


@dataclass(frozen=True, slots=True)
class Liability:
    """One benefit of a cover: `open`, `ending` (a decided payment will end it) or `ended`, and by what."""

    benefit: str
    name: str
    clause: str
    state: str
    by_benefit: str | None = None
    claim_no: str | None = None


_TAKEN = sa.text("""
    SELECT r.benefit, r.state, c.claim_no FROM reservation r JOIN claim c ON c.id = r.claim_id
    WHERE r.cover_id = :cover AND r.state <> 'released' AND r.amount_fen > 0 ORDER BY r.state <> 'paid', r.made_at, r.id""")


def liabilities(session: Session, cover: Cover) -> list[Liability]:
    """Each benefit of the cover's pinned wording, and which payment ended it: benefits end one by one, with the premium given back all
    of them (A-13).
    """
    book = registry.version(cover.plan, cover.plan_from)
    ended: dict[str, tuple[str, str, str]] = {}
    for row in session.execute(_TAKEN, {"cover": cover.id}):
        for benefit in book.benefits if row.benefit == PREMIUM_REFUND else book.closed_by(row.benefit):
            ended.setdefault(benefit, ("ended" if row.state == "paid" else "ending", row.benefit, row.claim_no))
    return [Liability(name, rule.name, rule.clause, *ended.get(name, ("open",))) for name, rule in book.benefits.items()]
