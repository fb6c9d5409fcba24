"""The daily proof of an office's money, by person and fen: approved = sent = credited, or open with its age, or a breach.

Everything is read in the office's own scope. The report is kept by its digest, signed with the key of the record, and
remembers the digest of what was booked that day, so that a booking changed later is named by its day.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services.audit import chain
from services.core.clock import at_hour, business_day
from services.core.crypto import key_ring
from services.core.errors import HuzhuError, NotFound, OutsideError
from services.core.ids import uuidv7
from services.core.money import show, to_yuan
from services.models import MoneyProof
from services.payment.queries import answered_in
from services.reporting import checks
from services.storage import service as storage

PROMISES = ("paid_once", "money_equal", "premium_in_ledger", "claims_in_ledger", "closed_stays", "settled_once", "settled_equal",
            "settled_whole", "proofs_whole")
_OPEN_SHOWN = 20_000
_FEN = re.compile(r"(-?\d+) 分")
_LOOKED_BACK = 31   # kept reports whose signature is looked at again every morning

OFFICES = sa.text("SELECT org_key, name FROM organisation WHERE office IS NOT NULL ORDER BY org_key")
# By claim and person: what the payments give each, and what of the decision nobody has been given yet (the member's line).
_PEOPLE = sa.text("""
    WITH decided AS (
        SELECT d.claim_id, sum(d.amount_fen)::bigint - (SELECT coalesce(sum(q.lapsed_fen), 0)::bigint FROM reopening q
            WHERE q.claim_id = d.claim_id) AS fen, max(d.at) AS at FROM decision d GROUP BY d.claim_id),
    paid AS (
        SELECT p.claim_id, p.person_id, sum(p.amount_fen)::bigint AS approved,
               coalesce(sum(p.amount_fen) FILTER (WHERE p.state IN ('sent', 'credited')), 0)::bigint AS sent,
               coalesce(sum(p.amount_fen) FILTER (WHERE p.state = 'credited'), 0)::bigint AS credited,
               string_agg(DISTINCT p.state, ' ' ORDER BY p.state) FILTER (WHERE p.state <> 'credited') AS states
        FROM payment p WHERE p.state <> 'cancelled' GROUP BY p.claim_id, p.person_id),
    rest AS (
        SELECT d.claim_id, c.person_id,
               d.fen - coalesce((SELECT sum(y.approved)::bigint FROM paid y WHERE y.claim_id = d.claim_id), 0)
               + (SELECT coalesce(sum(v.amount_fen), 0)::bigint FROM receivable v
                 WHERE v.claim_id = d.claim_id AND v.why = 'advance') AS fen
        FROM decided d JOIN claim c ON c.id = d.claim_id)
    SELECT c.claim_no, c.plan, q.name AS person, x.approved, x.sent, x.credited, coalesce(x.states, '') AS states, d.at
    FROM (SELECT * FROM paid UNION ALL SELECT claim_id, person_id, fen, 0, 0, 'unplanned' FROM rest WHERE fen <> 0) x
    JOIN claim c ON c.id = x.claim_id JOIN person q ON q.id = x.person_id LEFT JOIN decided d ON d.claim_id = c.id
    ORDER BY c.claim_no, q.name, x.approved""")
# A settlement's lines by the run they are in; one by one they are proven by the promises, which name what differs.
_SETTLED = sa.text("""
    SELECT coalesce(n.run_no, format('%s年%s季度结算', s.year, s.quarter)) AS claim_no, s.plan, count(*) || '人' AS person,
           sum(p.amount_fen)::bigint AS approved,
           coalesce(sum(p.amount_fen) FILTER (WHERE p.state IN ('sent', 'credited')), 0)::bigint AS sent,
           coalesce(sum(p.amount_fen) FILTER (WHERE p.state = 'credited'), 0)::bigint AS credited,
           coalesce(string_agg(DISTINCT p.state, ' ' ORDER BY p.state) FILTER (WHERE p.state <> 'credited'), '') AS states, s.ended_at AS at
    FROM settlement_payment p JOIN settlement s ON s.id = p.settlement_id LEFT JOIN payment_run n ON n.id = p.run_id
    WHERE p.state <> 'cancelled' AND s.state = 'settled' GROUP BY s.id, n.run_no ORDER BY 1, s.id""")
_MANUAL = sa.text("""
    SELECT coalesce(q.name, '') AS person, count(DISTINCT c.id) AS claims, array_agg(DISTINCT c.claim_no ORDER BY c.claim_no) AS numbers,
           coalesce(sum((SELECT e.amount_fen FROM decision e WHERE e.claim_id = c.id AND e.round = a.round)), 0)::bigint AS fen
    FROM (SELECT DISTINCT claim_id, round, person_id FROM deciding_act WHERE act = 'amount') a    -- several amounts of one claim
    JOIN claim c ON c.id = a.claim_id LEFT JOIN person q ON q.id = a.person_id
    WHERE EXISTS (SELECT 1 FROM decision d WHERE d.claim_id = c.id AND d.round = a.round
        AND (d.at AT TIME ZONE 'Asia/Shanghai')::date = :day)
    GROUP BY q.id, q.name ORDER BY 1""")
_BOOKS = sa.text("""
    SELECT (t.at AT TIME ZONE 'Asia/Shanghai')::date AS day, encode(sha256(convert_to(string_agg(concat_ws('|', e.id, t.id, t.plan, t.kind,
        t.booked_on, t.fact_on, e.account, e.amount_fen, e.source_id, e.step, e.attempt), ',' ORDER BY e.id), 'UTF8')), 'hex') AS digest
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
    WHERE (t.at AT TIME ZONE 'Asia/Shanghai')::date = ANY(CAST(:days AS date[])) GROUP BY 1""")
_FILES = sa.text("""
    SELECT DISTINCT l.file_sha256 AS sha, l.kind = 'sent' AS sent, n.run_no AS named FROM bank_line l JOIN payment_run n ON n.id = l.run_id
        WHERE (l.at AT TIME ZONE 'Asia/Shanghai')::date = :day
    UNION SELECT h.package_sha256, true, c.claim_no FROM handoff h JOIN claim c ON c.id = h.claim_id
        WHERE h.package_sha256 IS NOT NULL AND (h.sent_at AT TIME ZONE 'Asia/Shanghai')::date = :day ORDER BY 3, 1""")
_MOVED = sa.text("""
    SELECT max(at) FROM organisation_change WHERE kind IN ('moved', 'merged') AND from_key IS NOT NULL
    AND starts_with(from_key, :key) <> starts_with(to_key, :key)""")
_LINES = sa.text("SELECT line_no, reference, amount_fen FROM bank_line WHERE file_sha256 = :sha AND kind <> 'sent' ORDER BY line_no")
_EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """A report as it was kept, and whether it still holds: its signature, and the list's row agrees with it."""

    proof: MoneyProof
    report: dict[str, Any]
    holds: bool


def prove(session: Session, *, org_key: str, office: str, day: date, now: datetime) -> MoneyProof | None:
    """The proof of a day that is over, in the office's scope; None when it is there already."""
    if session.exec(select(MoneyProof.id).where(MoneyProof.org_key == org_key, MoneyProof.day == day)).first():
        return None
    people = session.execute(_PEOPLE).all()
    rows = [*people, *session.execute(_SETTLED)]
    lines = [_line(row, business_day(now)) for row in rows if not row.approved == row.sent == row.credited]
    wrong = [f"{line['claim_no']} {line['person']}：核定 {_yuan(line['approved_fen'])}，发送 {_yuan(line['sent_fen'])}，"
             f"到账 {_yuan(line['credited_fen'])}"
             for line in lines if not line["approved_fen"] >= line["sent_fen"] >= line["credited_fen"] >= 0]
    breaches = [*wrong, *_promises(session), *_files(session, day), *_changed_books(session, org_key), *_changed_reports(session, day)]
    books = _books(session, [day]).get(day, _EMPTY)
    report = {
        "office": office, "day": day.isoformat(), "made_at": now.isoformat(), "claims": len({row.claim_no for row in people}),
        "approved_fen": sum(row.approved for row in rows), "sent_fen": sum(row.sent for row in rows),
        "credited_fen": sum(row.credited for row in rows), "open": lines[:_OPEN_SHOWN], "open_count": len(lines),
        "breaches": breaches, "books": books,
        "manual": [{"person": row.person, "claims": row.claims, "claim_numbers": list(row.numbers), "decided_fen": row.fen}
                   for row in session.execute(_MANUAL, {"day": day})]}
    content = json.dumps(report, ensure_ascii=False, indent=1, sort_keys=True).encode()
    made = MoneyProof(id=uuidv7(), org_key=org_key, day=day, office=office, claims=len({row.claim_no for row in people}), open=len(lines),
                      breaches=len(breaches), sha256=storage.put(content), signature=signed(org_key, day, content), books=books,
                      made_at=now)
    session.add(made)
    session.flush()
    return made


def signed(org_key: str, day: date, content: bytes) -> bytes:
    """The report's signature, with the key that seals the record's days."""
    before = hashlib.sha256(f"money:{org_key}:{day.isoformat()}".encode()).digest()
    return chain.digest(key_ring().audit_key_at(at_hour(day)), before, content.decode())


def listed(session: Session, *, limit: int = 62) -> list[MoneyProof]:
    """The newest proofs in sight."""
    return list(session.exec(select(MoneyProof).order_by(col(MoneyProof.day).desc(), col(MoneyProof.org_key)).limit(limit)))


def kept(session: Session, day: date) -> list[Kept]:
    """A day's reports in sight, office by office. NotFound when there is none, or one is lost."""
    rows = session.exec(select(MoneyProof).where(MoneyProof.day == day).order_by(col(MoneyProof.org_key))).all()
    if not rows:
        raise NotFound("proof_missing", "这一天没有资金核对报告", remedy="核对日期")
    return [_kept(row) for row in rows]


def _kept(row: MoneyProof) -> Kept:
    try:
        content = storage.get(row.sha256)
    except (NotFound, OutsideError) as error:
        return Kept(row, _lost(row, storage.fault_of(error)), holds=False)
    report = json.loads(content)
    return Kept(row, report, signed(row.org_key, row.day, content) == row.signature and _agrees(row, report))


def _agrees(row: MoneyProof, report: dict[str, Any]) -> bool:
    """What the list says of the day is what was signed."""
    return (row.office, row.claims, row.open, row.breaches, row.books) == (
        report["office"], report["claims"], report["open_count"], len(report["breaches"]), report["books"])


def _lost(row: MoneyProof, fault: str) -> dict[str, Any]:
    """In the place of a report that cannot be read."""
    return {"office": row.office, "day": row.day.isoformat(), "claims": row.claims, "open": [], "open_count": row.open, "books": row.books,
            "manual": [], "breaches": [f"{row.day} 的核对报告 {row.sha256[:12]}…：{fault}"]}


def _changed_reports(session: Session, day: date) -> Iterable[str]:
    """Reports of the days before that no longer hold."""
    rows = session.exec(select(MoneyProof).where(MoneyProof.day < day, MoneyProof.day >= day - timedelta(days=_LOOKED_BACK)).order_by(
        col(MoneyProof.day), col(MoneyProof.org_key))).all()
    yield from (f"{row.office} {row.day} 的核对报告与当日签名不符" for row in rows if not _kept(row).holds)


def unproven(session: Session, *, org_key: str, until: date) -> list[date]:
    """The days up to `until` that an office's money was not proven for since the newest proof, oldest first; `until` when there is none."""
    newest = session.exec(select(sa.func.max(col(MoneyProof.day))).where(MoneyProof.org_key == org_key)).one()
    first = until if newest is None else max(newest + timedelta(days=1), until - timedelta(days=checks.MISSED))
    return [first + timedelta(days=n) for n in range((until - first).days + 1)]


def differing(session: Session) -> list[MoneyProof]:
    """Of each office in sight the newest proof, where it named something: it is the head's to clear up until a proof is whole again."""
    other = aliased(MoneyProof)
    newest = select(sa.func.max(col(other.day))).where(other.org_key == MoneyProof.org_key).scalar_subquery()
    return list(session.exec(select(MoneyProof).where(MoneyProof.day == newest, MoneyProof.breaches > 0).order_by(col(MoneyProof.org_key))))


def _line(row: sa.Row[tuple[object, ...]], today: date) -> dict[str, Any]:
    return {"claim_no": row.claim_no, "plan": row.plan, "person": row.person, "approved_fen": row.approved, "sent_fen": row.sent,
            "credited_fen": row.credited, "states": row.states.split(), "days": (today - business_day(row.at)).days if row.at else None}


def _promises(session: Session) -> Iterable[str]:
    for check in checks.CHECKS:
        if check.code in PROMISES:
            yield from (f"{number}：{_FEN.sub(lambda fen: _yuan(int(fen[1])), what)}" for number, what in check.find(session))


def _yuan(fen: int) -> str:
    """As an office says it."""
    return f"{show(to_yuan(fen))}元"


def _files(session: Session, day: date) -> Iterable[str]:
    """Files to and from the bank and packages to the insurer of a day: their bytes give their digest, their lines are the kept ones."""
    for row in session.execute(_FILES, {"day": day}).all():
        try:
            content = storage.get(row.sha)
        except (NotFound, OutsideError) as error:
            yield f"{row.named} 的文件 {row.sha[:12]}…：{storage.fault_of(error)}"
            continue
        if not row.sent:
            yield from _file_lines(session, row.named, row.sha, content)


def _file_lines(session: Session, named: str, sha256: str, content: bytes) -> Iterable[str]:
    try:
        said = answered_in(content)
    except HuzhuError as error:
        yield f"{named} 的回盘文件读不出：{error.message}"
        return
    held = {tuple(line) for line in session.execute(_LINES, {"sha": sha256})}
    yield from (f"{named} 回盘文件第 {line} 行与登记不符：{reference} {_yuan(fen)}" for line, reference, fen in sorted(said ^ held))


def _books(session: Session, days: list[date]) -> dict[date, str]:
    return {row.day: row.digest for row in session.execute(_BOOKS, {"days": days})}


def _changed_books(session: Session, org_key: str) -> Iterable[str]:
    """Days proven before whose bookings are no longer what they were. Since an organisation came to the office or left it, others are
    in its sight: only what was proven afterwards is compared.
    """
    since = session.execute(_MOVED, {"key": org_key}).scalar_one()
    proven = select(MoneyProof).where(MoneyProof.org_key == org_key)
    before = {row.day: row.books for row in session.exec(proven.where(MoneyProof.made_at > since) if since else proven)}
    present = _books(session, sorted(before))
    yield from (f"{day} 的分录与当日核对时不一致" for day, books in sorted(before.items()) if present.get(day, _EMPTY) != books)
