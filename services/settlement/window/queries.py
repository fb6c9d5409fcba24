"""What the window answers and what its pages show: a bill with its lines, a hospital's day, the differences of a day."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import NotFound
from services.rulebook import registry
from services.rulebook.reasons import REASONS
from services.settlement.window.rules import REASON_WORDS


@dataclass(frozen=True, slots=True)
class Line:
    """What one benefit gives, yuan as text, with its clause and its steps in words."""

    benefit: str
    name: str
    amount: str
    clause: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BillView:
    """A bill as it stands."""

    id: uuid.UUID
    setl_id: str
    state: str
    version: int
    correction_no: int
    counts_on: date
    share_fen: int
    outcome: str
    reason: str | None
    plan: str
    plan_from: date
    flags: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def reason_text(self) -> str | None:
        """Why nothing, for people."""
        return None if self.reason is None else REASON_WORDS.get(self.reason) or REASONS.get(self.reason, self.reason)


# The newest version that was computed says how; what counts is the day of the newest of all.
_BILL = """
    SELECT b.*, v.output, v.counts_on FROM window_bill b
    JOIN LATERAL (SELECT v.output, v.counts_on FROM window_version v WHERE v.bill_id = b.id AND v.why <> 'superseded'
        ORDER BY v.seq DESC LIMIT 1) v ON true
    WHERE b.hospital_id = :hospital AND b.{} = :value"""
_BY = {name: sa.text(_BILL.format(name)) for name in ("id", "setl_id")}


def bill(session: Session, hospital_id: uuid.UUID, *, by: str, value: object) -> BillView:
    """One bill of this hospital by `id` or `setl_id`. NotFound for another's as for none."""
    row = session.execute(_BY[by], {"hospital": hospital_id, "value": value}).one_or_none()
    if row is None:
        raise NotFound("setl_missing", "没有这一结算ID的结算", remedy="核对结算ID", field="setl_id")
    book = registry.version(row.plan, row.plan_from)
    names = {code: benefit.name for code, benefit in book.benefits.items()}
    lines = tuple(Line(line["benefit"], names[line["benefit"]], line["amount"], line["clause"], tuple(line["steps"]))
                  for line in row.output.get("lines", []))
    return BillView(row.id, row.setl_id, row.state, row.version, row.correction_no, row.counts_on, row.share_fen, row.outcome, row.reason,
                    row.plan, row.plan_from, tuple(row.flags), lines)


@dataclass(frozen=True, slots=True)
class DayLine:
    """What one settlement came to in a hospital's day, all its versions of that day together."""

    setl_id: str
    share_fen: int
    state: str
    whys: tuple[str, ...]


_DAY = sa.text("""
    SELECT b.setl_id, sum(v.change_fen)::bigint AS share_fen, b.state, array_agg(DISTINCT v.why) AS whys
    FROM window_version v JOIN window_bill b ON b.id = v.bill_id
    WHERE v.hospital_id = :hospital AND v.counts_on = :day AND v.why <> 'superseded' AND b.setl_id > :after
    GROUP BY b.id, b.setl_id, b.state ORDER BY b.setl_id LIMIT :limit""")


def day_lines(session: Session, *, hospital_id: uuid.UUID, day: date, after: str = "", limit: int = 500) -> list[DayLine]:
    """A page of a hospital's day as we have it, by number."""
    rows = session.execute(_DAY, {"hospital": hospital_id, "day": day, "after": after, "limit": limit})
    return [DayLine(row.setl_id, row.share_fen, row.state, tuple(sorted(row.whys))) for row in rows]


@dataclass(frozen=True, slots=True)
class Difference:
    """One settlement on which the two lists of a day differ; fen, none: not in that list. `kind` is a code of DIFFERENCES."""

    setl_id: str
    kind: str
    theirs_fen: int | None
    ours_fen: int | None


DIFFERENCES: Mapping[str, str] = {
    "only_theirs": "只在医院的清单中", "only_ours": "只在我方账上", "amount": "金额不同", "reversed": "我方已冲正，医院仍计入",
    "other_day": "我方计入另一日"}
_DIFFERENCES = sa.text("""
    WITH ours AS (
        SELECT b.setl_id, b.state, sum(v.change_fen)::bigint AS fen FROM window_version v JOIN window_bill b ON b.id = v.bill_id
        WHERE v.hospital_id = :hospital AND v.counts_on = :day AND v.why <> 'superseded' GROUP BY b.id, b.setl_id, b.state),
    theirs AS (SELECT l.setl_id, l.share_fen AS fen FROM window_listed l JOIN window_day d ON d.id = l.day_id
        WHERE d.hospital_id = :hospital AND d.day = :day)
    SELECT coalesce(o.setl_id, t.setl_id) AS setl_id, t.fen AS theirs, o.fen AS ours,
        CASE WHEN o.setl_id IS NULL AND EXISTS (SELECT 1 FROM window_bill b WHERE b.hospital_id = :hospital AND b.setl_id = t.setl_id)
                 THEN 'other_day'
             WHEN o.setl_id IS NULL THEN 'only_theirs' WHEN t.setl_id IS NULL THEN 'only_ours'
             WHEN o.state = 'reversed' AND t.fen <> 0 THEN 'reversed' ELSE 'amount' END AS kind
    FROM ours o FULL JOIN theirs t ON t.setl_id = o.setl_id
    WHERE o.fen IS DISTINCT FROM t.fen AND NOT (t.setl_id IS NULL AND o.fen = 0) AND NOT (o.setl_id IS NULL AND t.fen = 0)
    ORDER BY 1 LIMIT :limit""")


def differences(session: Session, *, hospital_id: uuid.UUID, day: date, limit: int = 1000) -> list[Difference]:
    """Settlement by settlement where the hospital's list and ours differ. A settlement of nothing need not be listed."""
    rows = session.execute(_DIFFERENCES, {"hospital": hospital_id, "day": day, "limit": limit})
    return [Difference(row.setl_id, row.kind, row.theirs, row.ours) for row in rows]


@dataclass(frozen=True, slots=True)
class Day:
    """A hospital's day: ours as it stands, theirs as it was listed (none: not listed yet). Fen."""

    id: uuid.UUID | None
    hospital_id: uuid.UUID
    hospital: str
    code: str
    pay_to: str
    plan: str
    day: date
    our_bills: int
    our_fen: int
    their_bills: int | None
    their_fen: int | None
    differences: int | None
    state: str
    reference: str | None
    paid_on: date | None
    made_person: uuid.UUID | None
    listed_at: datetime | None


_DAYS = sa.text("""
    WITH ours AS (
        SELECT v.hospital_id, v.counts_on AS day, count(DISTINCT v.bill_id)::int AS bills, sum(v.change_fen)::bigint AS fen
        FROM window_version v WHERE v.why <> 'superseded' AND v.counts_on BETWEEN :first AND :last
        AND (CAST(:hospital AS uuid) IS NULL OR v.hospital_id = :hospital) GROUP BY 1, 2),
    listed AS (SELECT * FROM window_day d WHERE d.day BETWEEN :first AND :last
        AND (CAST(:hospital AS uuid) IS NULL OR d.hospital_id = :hospital))
    SELECT d.id, h.id AS hospital_id, h.name AS hospital, h.code, h.pay_to, h.plan, coalesce(d.day, o.day) AS day,
           CASE WHEN d.state IN ('agreed', 'paying', 'paid') THEN d.our_bills ELSE coalesce(o.bills, 0) END AS our_bills,
           CASE WHEN d.state IN ('agreed', 'paying', 'paid') THEN d.our_fen ELSE coalesce(o.fen, 0) END AS our_fen,
           d.their_bills, d.their_fen, d.differences, coalesce(d.state, 'open') AS state, d.reference, d.paid_on, d.made_person, d.listed_at
    FROM ours o FULL JOIN listed d ON d.hospital_id = o.hospital_id AND d.day = o.day
    JOIN hospital h ON h.id = coalesce(d.hospital_id, o.hospital_id) ORDER BY 7 DESC, h.name, h.id""")


def days(session: Session, *, first: date, last: date, hospital_id: uuid.UUID | None = None) -> list[Day]:
    """Every hospital's days in sight with something on them, the newest first."""
    given = {"first": first, "last": last, "hospital": hospital_id}
    return [Day(*row) for row in session.execute(_DAYS.bindparams(sa.bindparam("hospital", type_=sa.Uuid)), given)]


def one_day(session: Session, day_id: uuid.UUID) -> Day:
    """One listed day. NotFound when it is not in sight."""
    row = session.execute(sa.text("SELECT hospital_id, day FROM window_day WHERE id = :id"), {"id": day_id}).one_or_none()
    if row is None:
        raise NotFound("window_day_missing", "没有这一对账日，或不在您的管辖范围内", remedy="核对编号")
    return next(one for one in days(session, first=row.day, last=row.day, hospital_id=row.hospital_id))
