"""The invoice ledger: what was read or typed of each invoice and settlement sheet, one line a page, across units, plans and years."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import sqlalchemy as sa
from sqlmodel import Session

from services.core.ids import uuidv7
from services.evidence.papers import CHECKED_AGAIN
from services.evidence.readings import FieldView, fields_of
from services.outbox import service as outbox
from services.outbox.service import Work

# sheet → the ledger's column → the sheet's field (services/evidence/recognition/vocabulary.py)
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "invoice": {"code": "code", "number": "number", "issued_on": "issued_on", "amount": "amount"},
    "settlement": {"number": "number", "issued_on": "settled_on", "amount": "total"},
}
_LONGEST = 64

_GONE = sa.text("""
    DELETE FROM invoice i WHERE i.claim_id = ANY(CAST(:claims AS uuid[])) AND NOT EXISTS (
        SELECT FROM unnest(CAST(:papers AS uuid[]), CAST(:pages AS int[])) AS r(paper, page)
        WHERE r.paper = i.paper_id AND r.page = i.page)
    RETURNING i.claim_id, i.org_key""")
_KEEP = sa.text("""
    INSERT INTO invoice (id, org_key, claim_id, paper_id, page, sheet, code, number, issued_on, amount_fen)
    SELECT r.id, p.org_key, p.claim_id, p.id, r.page, r.sheet, r.code, r.number, r.issued_on, r.amount
    FROM unnest(CAST(:ids AS uuid[]), CAST(:papers AS uuid[]), CAST(:pages AS int[]), CAST(:sheets AS text[]), CAST(:codes AS text[]),
                CAST(:numbers AS text[]), CAST(:days AS date[]), CAST(:amounts AS bigint[]))
         AS r(id, paper, page, sheet, code, number, issued_on, amount)
    JOIN paper p ON p.id = r.paper
    ON CONFLICT (paper_id, page) DO UPDATE SET sheet = EXCLUDED.sheet, code = EXCLUDED.code, number = EXCLUDED.number,
        issued_on = EXCLUDED.issued_on, amount_fen = EXCLUDED.amount_fen
    WHERE (invoice.sheet, invoice.code, invoice.number, invoice.issued_on, invoice.amount_fen)
        IS DISTINCT FROM (EXCLUDED.sheet, EXCLUDED.code, EXCLUDED.number, EXCLUDED.issued_on, EXCLUDED.amount_fen)
    RETURNING claim_id, org_key""")


@dataclass(frozen=True, slots=True)
class Line:
    """One line as read: `number` and `code` in capitals without spaces, empty when unread; `amount_fen` in fen."""

    paper_id: uuid.UUID
    page: int
    sheet: str
    code: str
    number: str
    issued_on: date | None
    amount_fen: int | None


def note(session: Session, claim_ids: Sequence[uuid.UUID], *, now: datetime, again: bool = True) -> frozenset[uuid.UUID]:
    """Bring the ledger in line with the claims' fields, as read or as a person corrected them; the claims whose lines changed.

    A correction made at a desk sees only the desk's own claims: with `again`, changed claims are compared anew over all offices by
    the flow `check_evidence`, which itself says `again=False`. Done twice, the second finds nothing to change.
    """
    ids = list(dict.fromkeys(claim_ids))
    lines = lines_of(view for views in fields_of(session, ids).values() for view in views)
    gone = session.execute(_GONE, {"claims": ids, "papers": [line.paper_id for line in lines], "pages": [line.page for line in lines]})
    changed = {(row.claim_id, row.org_key) for row in gone}
    kept = session.execute(_KEEP, {
        "ids": [uuidv7() for _ in lines], "papers": [line.paper_id for line in lines], "pages": [line.page for line in lines],
        "sheets": [line.sheet for line in lines], "codes": [line.code for line in lines], "numbers": [line.number for line in lines],
        "days": [line.issued_on for line in lines], "amounts": [line.amount_fen for line in lines]})
    changed |= {(row.claim_id, row.org_key) for row in kept}
    if again and changed:
        outbox.add(session, [Work(CHECKED_AGAIN, org_key, claim_id, claim_id) for claim_id, org_key in sorted(changed)], now=now)
    return frozenset(claim_id for claim_id, _ in changed)


def lines_of(views: Iterable[FieldView]) -> list[Line]:
    """The ledger's lines of some fields, one for each page that holds a number, a day or an amount. Pure."""
    pages: dict[tuple[uuid.UUID, int, str], dict[str, str]] = {}
    for view in views:
        if view.sheet in COLUMNS and view.place == 0 and view.value and view.state != "unreadable":
            pages.setdefault((view.paper_id, view.page, view.sheet), {})[view.name] = view.value
    lines: dict[tuple[uuid.UUID, int], Line] = {}
    for (paper_id, page, sheet), values in sorted(pages.items()):
        said = {column: values.get(name, "") for column, name in COLUMNS[sheet].items()}
        line = Line(paper_id, page, sheet, _sign(said.get("code", "")), _sign(said["number"]), _day(said["issued_on"]),
                    _fen(said["amount"]))
        if line.number or line.issued_on or line.amount_fen is not None:
            lines.setdefault((paper_id, page), line)
    return list(lines.values())


def _sign(text: str) -> str:
    return "".join(text.split()).upper()[:_LONGEST]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:      # a day that nobody can read is no day; the desk shows the words
        return None


def _fen(text: str) -> int | None:
    try:
        fen = Decimal(text) * 100
    except InvalidOperation:
        return None
    return int(fen) if fen.is_finite() and fen == fen.to_integral_value() and abs(fen) < 10 ** 15 else None
