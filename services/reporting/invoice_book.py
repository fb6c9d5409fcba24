"""The invoice ledger as an office asks it: by number, amount or day, within its own scope; and what was used again elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.audit import service as audit
from services.core.errors import InputError
from services.evidence import matches
from services.evidence.matches import Match
from services.review.summary_queries import masked_name

MOST = 50
_DAYS = 92                      # of a search by days alone
_SHOWN = """
    SELECT i.id, i.claim_id, i.paper_id, i.page, i.sheet, i.code, i.number, i.issued_on, i.amount_fen AS fen, c.claim_no, c.plan,
        c.state, p.name AS person, coalesce(u.name, '') AS unit
    FROM (SELECT * FROM invoice i WHERE {where} ORDER BY i.id DESC LIMIT :limit) i
    JOIN claim c ON c.id = i.claim_id JOIN person p ON p.id = c.person_id LEFT JOIN organisation u ON u.org_key = c.org_key
    ORDER BY i.id DESC"""
# The claim went on before its paper came again elsewhere, so no finding of its own says so.
_LATER = sa.text("""
    SELECT DISTINCT ON (m.paper_id, m.page) m.claim_id, m.found_at FROM paper_match m JOIN claim c ON c.id = m.claim_id
    WHERE NOT (m.detail ->> 'first')::boolean AND c.state NOT IN ('reported', 'supplementing')
    ORDER BY m.paper_id DESC, m.page, m.found_at DESC LIMIT :limit""")
_CLAIMS = sa.text("""
    SELECT c.id, c.claim_no, c.plan, c.state, p.name AS person, coalesce(u.name, '') AS unit FROM claim c
    JOIN person p ON p.id = c.person_id LEFT JOIN organisation u ON u.org_key = c.org_key WHERE c.id = ANY(CAST(:claims AS uuid[]))""")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; at least a number, an amount or a day. `code` narrows a number; days are of issue or settlement."""

    number: str = ""
    code: str = ""
    amount_fen: int | None = None
    from_on: date | None = None
    until_on: date | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger with its claim, the person masked, and where the paper was seen besides."""

    id: uuid.UUID
    claim_id: uuid.UUID
    paper_id: uuid.UUID
    page: int
    sheet: str
    code: str
    number: str
    issued_on: date | None
    fen: int | None
    claim_no: str
    plan: str
    state: str
    person: str
    unit: str
    uses: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Later:
    """A claim of which a paper was used again in a later case."""

    claim_no: str
    plan: str
    state: str
    person: str
    unit: str
    uses: tuple[Match, ...]


def search(session: Session, asked: Asked) -> tuple[list[Entry], bool]:
    """The newest lines in sight, and whether there are more than `MOST`. InputError when nothing is asked, or the days are in disorder."""
    where, given = _where(asked)
    rows = session.execute(sa.text(_SHOWN.format(where=where)), {**given, "limit": MOST + 1}).all()
    uses = _uses(session, [row.claim_id for row in rows])
    return [Entry(**{**row._mapping, "person": masked_name(row.person), "uses": tuple(
        match for match in uses[row.claim_id] if (match.paper_id, match.page) == (row.paper_id, row.page))}) for row in rows[:MOST]], (
        len(rows) > MOST)


def _where(asked: Asked) -> tuple[str, Mapping[str, object]]:
    given: dict[str, object] = {"number": asked.number, "code": asked.code, "amount": asked.amount_fen, "since": asked.from_on,
                                "until": asked.until_on}
    parts = [words for words, there in (
        ("i.number = :number", asked.number), ("i.code = :code", asked.code), ("i.amount_fen = :amount", asked.amount_fen is not None),
        ("i.issued_on >= :since", asked.from_on), ("i.issued_on <= :until", asked.until_on)) if there]
    if not (asked.number or asked.amount_fen is not None or asked.from_on or asked.until_on):
        raise InputError("search_empty", "没有填写要查的内容", remedy="填写票据号码、金额或日期中的一项", field="number")
    since, until = asked.from_on or date.min, asked.until_on or date.max
    if since > until:
        raise InputError("days_disorder", "起日晚于止日", remedy="改正日期", field="from_on")
    if not (asked.number or asked.amount_fen is not None) and (until - since).days > _DAYS:
        raise InputError("days_many", f"只按日期查的，起止都要填，且不超过 {_DAYS} 天", remedy="缩短日期，或加填号码、金额",
                         field="until_on")
    return " AND ".join(parts), given


def _uses(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Match]]:
    return matches.shown(session, list(dict.fromkeys(claim_ids)))


def later(session: Session) -> list[Later]:
    """Claims in sight that are past verification and whose papers came again in a later case, the newest papers first."""
    ids = list(dict.fromkeys(row.claim_id for row in session.execute(_LATER, {"limit": MOST})))
    claims = {row.id: row for row in session.execute(_CLAIMS, {"claims": ids})}
    uses = _uses(session, ids)
    return [Later(row.claim_no, row.plan, row.state, masked_name(row.person), row.unit, tuple(one for one in uses[at] if not one.first))
            for at in ids if (row := claims.get(at))]


def looked(session: Session, found: Sequence[Entry], *, actor: Actor, now: datetime) -> None:
    """Who looked for invoices, and how many were found; never what was typed."""
    if actor.account_id:
        audit.looked(session, org_key=actor.org_key, account=actor.account_id, claim_id=found[0].claim_id if len(found) == 1 else None,
                     what=f"invoices:{len(found)}", reason=None, at=now)
