"""Lines of files to and from a bank, kept as proof: written together, however many a file has."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.types.numeric import Int4
from sqlmodel import Session

from services.core.db import driver_cursor
from services.core.ids import uuidv7s

_PART = 200          # lines written with one statement (see services.lifecycle.service)


class Kept(NamedTuple):
    """One line of a file; the columns of `BankLine` that differ from line to line."""

    org_key: str
    payment_id: uuid.UUID | None
    run_id: uuid.UUID | None
    attempt: int
    reference: str
    amount_fen: int
    line_no: int
    kind: str = "sent"
    serial: str | None = None
    bank_time: datetime | None = None
    reason: str | None = None
    fault: str | None = None
    settlement_payment_id: uuid.UUID | None = None      # instead of a claim's payment


_INSERT = """
    INSERT INTO bank_line (id, org_key, payment_id, settlement_payment_id, run_id, kind, attempt, reference, amount_fen, serial, bank_time,
                           reason, fault, file_sha256, line_no, at)
    SELECT r.id, r.org_key, r.payment_id, r.settled_id, r.run_id, r.kind, r.attempt, r.reference, r.amount_fen, r.serial, r.bank_time,
           r.reason, r.fault, %(sha)s, r.line_no, %(at)s
    FROM unnest(%(ids)s::uuid[], %(orgs)s::text[], %(payments)s::uuid[], %(runs)s::uuid[], %(kinds)s::text[], %(attempts)s::int4[],
                %(references)s::text[], %(fens)s::int8[], %(serials)s::text[], %(times)s::timestamptz[], %(reasons)s::text[],
                %(faults)s::text[], %(numbers)s::int4[], %(settled)s::uuid[])
         AS r(id, org_key, payment_id, run_id, kind, attempt, reference, amount_fen, serial, bank_time, reason, fault, line_no,
              settled_id)"""


def keep(session: Session, lines: Sequence[Kept], *, file_sha256: str, now: datetime) -> None:
    """Write the lines of one file, part by part: while the server writes one, the next is spelled out here. A line of it that is there
    already is an error of the caller's (`bank_line_once`).
    """
    ids = uuidv7s(len(lines))           # all at once, so that they ascend
    parts = (slice(begin, begin + _PART) for begin in range(0, len(lines), _PART))
    driver_cursor(session).executemany(
        _INSERT, ({"sha": file_sha256, "at": now, "ids": ids[part], **_columns(lines[part])} for part in parts))


def _columns(lines: Sequence[Kept]) -> dict[str, list[object]]:
    return {
        "orgs": [line.org_key for line in lines],
        "payments": [line.payment_id for line in lines], "runs": [line.run_id for line in lines],
        "kinds": [line.kind for line in lines], "attempts": [Int4(line.attempt) for line in lines],
        "references": [line.reference for line in lines], "fens": [line.amount_fen for line in lines],
        "serials": [line.serial for line in lines], "times": [line.bank_time for line in lines],
        "reasons": [line.reason for line in lines], "faults": [line.fault for line in lines],
        "numbers": [Int4(line.line_no) for line in lines], "settled": [line.settlement_payment_id for line in lines]}
