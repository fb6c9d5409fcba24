"""The list of short messages of a run (短信清单): members are told before the money comes (reading A-06).

On screen names and telephones are masked; the whole list is taken away with a reason, and who took it is recorded. A message names
no sum, illness or plan: a telephone may be in other hands.
"""

from __future__ import annotations

import csv
import hashlib
import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import xlsxwriter
from sqlmodel import Session, col, select

from services.access.actor import Actor, Role
from services.audit import service as audit
from services.core.crypto import key_ring
from services.core.db import driver_cursor
from services.core.errors import Conflict, NotFound, NotPermitted
from services.core.texts import written
from services.enrolment.people import PHONE
from services.models import PaymentRun, SettlementTelling
from services.review.summary_queries import masked_name

TEXT = "【工会互助】您好，您有一笔互助金将于近日汇入您登记的银行账户。如有疑问，请联系所在单位工会。"
HEADINGS = ("序号", "称呼", "手机号", "短信内容")
Format = Literal["xlsx", "csv"]
_LINES = """
    SELECT p.line, q.name, q.phone_sealed FROM settlement_payment p JOIN person q ON q.id = p.person_id
    WHERE p.run_id = %(run)s AND p.line > %(after)s ORDER BY p.line LIMIT %(limit)s"""
_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Told:
    """One member of the list; `phone` is None when none is known."""

    line: int
    name: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """The list as a file."""

    name: str
    content: bytes
    lines: int
    without_phone: int


def preview(session: Session, run_id: uuid.UUID, *, after: int = 0, limit: int = 50) -> list[Told]:
    """A page of the list, masked."""
    return [Told(one.line, masked_name(one.name), _masked(one.phone)) for one in _read(session, run_id, after, limit)]


def tellings(session: Session, run_id: uuid.UUID) -> list[SettlementTelling]:
    """Who took the list of a run, or sent it, oldest first."""
    return list(session.exec(select(SettlementTelling).where(SettlementTelling.run_id == run_id).order_by(col(SettlementTelling.at))))


def tell_list(session: Session, *, run_id: uuid.UUID, form: Format, reason: str, actor: Actor, now: datetime) -> Taken:
    """The whole list with telephones in full. Recorded with its reason; raises NotPermitted, InputError `reason`, Conflict."""
    actor.require(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, what="导出短信清单")
    if actor.account_id is None:
        raise NotPermitted("teller_unnamed", "短信清单须由实名人员导出", remedy="请由财务人员办理")
    run = session.get(PaymentRun, run_id)
    if run is None or run.settlement_id is None:
        raise NotFound("not_found", "没有这一结算付款批次，或不在您的管辖范围内", remedy="核对批次编号")
    why = written(reason, "reason")
    rows = _read(session, run_id, 0, _ALL)
    if not rows:
        raise Conflict("nobody_to_tell", "这一批里没有款项", remedy="核对批次")
    named = [(row.line, masked_name(row.name), row.phone or "", TEXT) for row in rows]
    content = _workbook(named) if form == "xlsx" else _text(named)
    audit.looked(session, org_key=run.org_key, account=actor.account_id, claim_id=None, what=f"settlement_sms:{run.run_no}", reason=why,
                 at=now)
    session.add(SettlementTelling(org_key=run.org_key, run_id=run_id, channel="list", lines=len(rows), reason=why,
                                  sha256=hashlib.sha256(content).hexdigest(), account_id=actor.account_id, person_id=actor.person_id,
                                  at=now))
    session.flush()
    return Taken(f"短信清单_{run.run_no}.{form}", content, len(rows), sum(row.phone is None for row in rows))


def _read(session: Session, run_id: uuid.UUID, after: int, limit: int) -> list[Told]:
    ring = key_ring()
    rows = driver_cursor(session).execute(_LINES, {"run": run_id, "after": after, "limit": limit}, binary=True).fetchall()
    return [Told(line, name, ring.open(bytes(sealed), field=PHONE) if sealed else None) for line, name, sealed in rows]


def _masked(phone: str | None) -> str | None:
    return f"{phone[:3]}{'*' * max(0, len(phone) - 7)}{phone[-4:]}" if phone else None


def _text(rows: Sequence[Sequence[object]]) -> bytes:
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(HEADINGS)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return held.getvalue().encode("utf-8-sig")       # Excel takes a file without the mark for GBK


def _plain(value: object) -> object:
    """A name that begins like a formula is words to a table's program too."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _workbook(rows: Sequence[Sequence[object]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "constant_memory": True, "strings_to_formulas": False,
                                      "strings_to_numbers": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("短信清单")
        sheet.set_column(0, 0, 8)
        sheet.set_column(1, 2, 16)
        sheet.set_column(3, 3, 80)
        sheet.write_row(0, 0, HEADINGS, book.add_format({"bold": True}))
        for place, row in enumerate(rows, 1):
            sheet.write_row(place, 0, row)
    return buffer.getvalue()
