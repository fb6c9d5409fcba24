"""What anybody may learn of a letter from its check code or its very bytes: whose it is, its number, day, digest, whether it stands.

No addressee, no claim, no kind of letter: whoever finds one learns only whether it is genuine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.notice.checks import normal

STATES = ("valid", "replaced", "voided")

_LETTERS = """
    SELECT n.number, n.context->>'office_name' AS issuer, n.issued_on, n.sha256, n.certificate IS NOT NULL AS sealed,
        CASE n.state WHEN 'replaced' THEN 'replaced' WHEN 'voided' THEN 'voided' ELSE 'valid' END AS state,
        (SELECT s.number FROM notice s WHERE s.replaces = n.id AND s.number IS NOT NULL ORDER BY s.issued_at DESC LIMIT 1) AS successor
    FROM notice n WHERE n.{column} = :value AND n.sha256 IS NOT NULL
    UNION ALL
    SELECT o.number, o.context->>'office_name', o.issued_on, o.sha256, true,
        CASE WHEN o.voided_at IS NOT NULL THEN 'voided' WHEN o.replaced_by IS NOT NULL THEN 'replaced' ELSE 'valid' END,
        (SELECT s.number FROM office_letter s WHERE s.id = o.replaced_by)
    FROM office_letter o WHERE o.{column} = :value LIMIT 1"""
_BY_CODE, _BY_DIGEST = sa.text(_LETTERS.format(column="check_code")), sa.text(_LETTERS.format(column="sha256"))


@dataclass(frozen=True, slots=True)
class Standing:
    """A letter as the public sees it. `sha256` of the file in hex; `successor`: the number that took its place."""

    number: str
    issuer: str
    issued_on: date
    sha256: str
    sealed: bool
    state: str
    successor: str | None


def by_code(session: Session, code: str) -> Standing | None:
    """The letter with this code, as people type it. What cannot be a code is looked up like any other and found as little."""
    return _one(session, _BY_CODE, normal(code))


def by_digest(session: Session, sha256: str) -> Standing | None:
    """The letter whose bytes have this digest; one issued before there were codes and seals, too."""
    return _one(session, _BY_DIGEST, sha256.lower())


def _one(session: Session, query: sa.TextClause, value: str) -> Standing | None:
    row = session.execute(query, {"value": value}).one_or_none()
    return Standing(*row) if row else None
