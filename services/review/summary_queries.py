"""Reads of summary sheets: what could go on one, what stands on one, and what left it after the signature."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import REVIEWERS, Actor
from services.core.errors import NotFound
from services.models import SummaryLine, SummarySheet
from services.rulebook.forms import CHOICES
from services.rulebook.reasons import FLAGS


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open level with what a sheet's line says of its claim."""

    claim_id: uuid.UUID
    claim_no: str
    round: int
    step_id: uuid.UUID
    level: str
    level_name: str
    digest: str
    name: str
    event: str
    total_fen: int
    checks: tuple[str, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SheetHead:
    """A sheet in a list. Sums are fen; `off` counts lines that left it after the signature, which `standing_fen` lacks."""

    id: uuid.UUID
    sheet_no: str
    org_key: str
    org_name: str
    plan: str
    month: date
    level: str
    level_name: str
    status: str
    version: int
    made_by: str | None
    made_at: datetime
    signed_by: str | None
    signed_at: datetime | None
    received_by: str | None
    received_at: datetime | None
    digest: str | None
    lines: int
    off: int
    total_fen: int
    standing_fen: int


@dataclass(frozen=True, slots=True)
class Left:
    """How a claim left a signed sheet: what happened, why (reason code), by whom and when."""

    event: str
    words: str
    reason: str | None
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One claim of a sheet. `changed`: its facts moved on since it was put on the draft. `state` and `at_level` say where
    it is now; `below`: the sheet on which the level below handed it up.
    """

    position: int
    claim_id: uuid.UUID
    claim_no: str
    name: str
    event: str
    total_fen: int
    checks: tuple[str, ...]
    flags: tuple[str, ...]
    facts_digest: str
    changed: bool
    decided_fen: int | None
    state: str
    at_level: str | None
    below: str | None
    left: Left | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with its lines. `intact`: head and lines are still what was signed; None for a draft."""

    head: SheetHead
    lines: tuple[Line, ...]
    intact: bool | None


_CANDIDATES = sa.text("""
    SELECT s.id AS step_id, s.claim_id, s.level, s.name AS level_name, c.claim_no, c.round, c.digest, c.identity_matched,
           c.findings, c.event, jsonb_array_length(c.required) AS asked, p.name AS person, k.event_kind, k.diagnosed_on, k.late,
           k.late_reason, w.outcome, w.facts_digest, w.output -> 'flags' AS flags,
           coalesce(w.total_fen + w.refund_fen, 0) AS total_fen,
           (SELECT count(*) FROM jsonb_array_elements_text(c.required) r WHERE EXISTS (SELECT 1 FROM paper q
               WHERE q.claim_id = c.id AND q.kind = r AND q.verdict = 'accepted')) AS accepted
    FROM review_step s JOIN claim c ON c.id = s.claim_id AND c.round = s.round JOIN person p ON p.id = c.person_id
    JOIN case_file k ON k.id = c.case_id
    LEFT JOIN LATERAL (SELECT * FROM worksheet w WHERE w.claim_id = c.id AND w.round = c.round ORDER BY w.seq DESC LIMIT 1) w ON true
    WHERE s.state = 'open' AND c.state = 'in_review' AND c.plan = :plan AND s.role = ANY(CAST(:roles AS text[]))
      AND s.duty_key >= :low AND s.duty_key < :high AND (CAST(:level AS text) IS NULL OR s.level = :level)
      AND (CAST(:numbers AS text[]) IS NULL OR c.claim_no = ANY(CAST(:numbers AS text[])))
      AND (CAST(:numbers AS text[]) IS NOT NULL OR coalesce(c.verified_on, k.reported_on) <= :until)
      AND NOT EXISTS (SELECT 1 FROM summary_line l JOIN summary_sheet h ON h.id = l.sheet_id WHERE l.step_id = s.id
                      AND h.status = 'drafted' AND h.id IS DISTINCT FROM CAST(:but AS uuid))
    ORDER BY coalesce(c.verified_on, k.reported_on), c.claim_no LIMIT :limit""")


def candidates(session: Session, *, actor: Actor, plan: str, until: date, level: str | None = None,
               claim_nos: Sequence[str] | None = None, but: uuid.UUID | None = None, limit: int = 200) -> list[Candidate]:
    """Open levels of the actor's own roles and area: files complete up to `until`, or just the named claims.

    Claims on another draft (than `but`) are left out. Whether the actor may pass them is not asked here.
    """
    rows = session.execute(_CANDIDATES, {
        "plan": plan, "roles": sorted(actor.roles & REVIEWERS), "low": actor.org_key, "high": actor.org_key.rstrip(".") + "/",
        "level": level, "numbers": list(claim_nos) if claim_nos is not None else None, "until": until, "but": but,
        "limit": limit})
    return [_candidate(row) for row in rows]


def _candidate(row: sa.Row[tuple[object, ...]]) -> Candidate:
    passed = [(f"材料齐全（{row.accepted}/{row.asked}）", row.accepted == row.asked), ("身份相符", row.identity_matched),
              ("按期报案", not row.late), ("核算表与现有事实一致", row.facts_digest == row.digest)]
    flags = [f"未通过：{words}" for words, stands in passed if not stands]
    flags += [str(found["words"]) for found in row.findings]
    flags += [FLAGS.get(code, code) for code in row.flags or []]
    flags += ["有待遇须核定金额"] if row.outcome == "manual" else []
    flags += [f"迟报原因：{row.late_reason}"] if row.late_reason else []
    code = row.event.get("icd10")
    event = " ".join(filter(None, (CHOICES.get(row.event_kind, row.event_kind), row.diagnosed_on.isoformat(), code)))
    return Candidate(row.claim_id, row.claim_no, row.round, row.step_id, row.level, row.level_name, row.digest,
                     masked_name(row.person), event, row.total_fen,
                     tuple(words for words, stands in passed if stands), tuple(dict.fromkeys(flags)))


def masked_name(name: str) -> str:
    """The family name's first character, the rest as stars: 张**."""
    return name[:1] + "*" * max(1, len(name) - 1)


# A return recorded after the signature takes the claim off; who returned it is the last person on the record up to there.
_LEFT = """
    LEFT JOIN LATERAL (
        SELECT a.event, a.at, coalesce(a.record ->> 'reason', w.reason) AS reason, w.person_id FROM audit_record a
        LEFT JOIN LATERAL (SELECT b.person_id, b.record ->> 'reason' AS reason FROM audit_record b WHERE b.chain_id = a.chain_id
            AND b.seq > l.signed_seq AND b.seq <= a.seq AND b.person_id IS NOT NULL ORDER BY b.seq DESC LIMIT 1) w ON true
        WHERE a.chain_id = l.claim_id AND a.seq > l.signed_seq
          AND ((a.machine = 'review_step' AND a.subject_id = l.step_id AND a.event IN ('reopen', 'reset'))
               OR (a.machine = 'claim' AND a.event IN ('send_back', 'cancel')))
        ORDER BY a.seq LIMIT 1) d ON l.signed_seq IS NOT NULL"""
_LEFT_WORDS = {"reopen": "退回本级", "reset": "事实有变动，须重新审核", "send_back": "退回材料环节", "cancel": "案件已撤销"}

_HEADS = f"""
    SELECT h.id, h.sheet_no, h.org_key, o.name AS org_name, h.plan, h.month, h.level, h.level_name, h.status, h.version,
           m.name AS made_by, h.made_at, s.name AS signed_by, h.signed_at, r.name AS received_by, h.received_at, h.digest,
           t.lines, t.off, t.total_fen, t.standing_fen
    FROM summary_sheet h LEFT JOIN organisation o ON o.org_key = h.org_key LEFT JOIN account m ON m.id = h.made_by
    LEFT JOIN account s ON s.id = h.signed_by LEFT JOIN account r ON r.id = h.received_by
    CROSS JOIN LATERAL (SELECT count(*) AS lines, count(d.event) AS off, coalesce(sum(l.total_fen), 0)::bigint AS total_fen,
        coalesce(sum(l.total_fen) FILTER (WHERE d.event IS NULL), 0)::bigint AS standing_fen
        FROM summary_line l {_LEFT} WHERE l.sheet_id = h.id) t"""
_LISTED = sa.text(_HEADS + """
    WHERE (CAST(:plan AS text) IS NULL OR h.plan = :plan) AND (CAST(:month AS date) IS NULL OR h.month = :month)
      AND (cardinality(CAST(:statuses AS text[])) = 0 OR h.status = ANY(CAST(:statuses AS text[])))
      AND (CAST(:after AS uuid) IS NULL OR h.id < :after)
    ORDER BY h.id DESC LIMIT :limit""")
_ONE = sa.text(_HEADS + " WHERE h.id = :id")
_LINES = sa.text(f"""
    SELECT l.position, l.claim_id, l.claim_no, l.name, l.event, l.total_fen, l.checks, l.flags, l.facts_digest,
           l.signed_seq IS NULL AND (c.digest <> l.facts_digest OR c.round <> l.round) AS changed, l.decided_fen, c.state,
           (SELECT o.name FROM review_step o WHERE o.claim_id = c.id AND o.round = c.round AND o.state = 'open'
            AND c.state = 'in_review' ORDER BY o.ordinal LIMIT 1) AS at_level,
           (SELECT b.sheet_no FROM summary_line k JOIN summary_sheet b ON b.id = k.sheet_id WHERE k.claim_id = l.claim_id
            AND k.round = l.round AND k.signed_seq IS NOT NULL AND (l.signed_seq IS NULL OR k.signed_seq < l.signed_seq)
            AND k.step_id <> l.step_id ORDER BY k.signed_seq DESC LIMIT 1) AS below,
           d.event AS left_event, d.reason AS left_reason, p.name AS left_by, d.at AS left_at
    FROM summary_line l JOIN claim c ON c.id = l.claim_id {_LEFT} LEFT JOIN person p ON p.id = d.person_id
    WHERE l.sheet_id = :id ORDER BY l.position""")


def listed(session: Session, *, plan: str | None = None, month: date | None = None, statuses: Collection[str] = (),
           after: uuid.UUID | None = None, limit: int = 50) -> list[SheetHead]:
    """Sheets of the caller's area, newest first; `after`: the last id of the page before."""
    rows = session.execute(_LISTED, {"plan": plan, "month": month, "statuses": sorted(statuses), "after": after, "limit": limit})
    return [SheetHead(*row) for row in rows]


def sheet(session: Session, sheet_id: uuid.UUID) -> Sheet:
    """One sheet with its lines. NotFound when it is not in the caller's area."""
    session.flush()
    row = session.execute(_ONE, {"id": sheet_id}).first()
    if row is None:
        raise missing()
    head = SheetHead(*row)
    lines = tuple(_line(found) for found in session.execute(_LINES, {"id": sheet_id}))
    intact = None
    if head.digest is not None:
        stored = session.get_one(SummarySheet, sheet_id, populate_existing=True)
        intact = digest_of(stored, stored_lines(session, sheet_id)) == head.digest
    return Sheet(head, lines, intact)


def _line(row: sa.Row[tuple[object, ...]]) -> Line:
    left = None
    if row.left_event is not None:
        left = Left(row.left_event, _LEFT_WORDS[row.left_event], row.left_reason, row.left_by, row.left_at)
    return Line(row.position, row.claim_id, row.claim_no, row.name, row.event, row.total_fen, tuple(row.checks), tuple(row.flags),
                row.facts_digest, row.changed, row.decided_fen, row.state, row.at_level, row.below, left)


def stored_lines(session: Session, sheet_id: uuid.UUID) -> list[SummaryLine]:
    """The rows of a sheet's lines, in order."""
    return list(session.execute(sa.select(SummaryLine).where(sa.column("sheet_id") == sheet_id)
                                .order_by(sa.column("position")).execution_options(populate_existing=True)).scalars())


def digest_of(sheet: SummarySheet, lines: Sequence[SummaryLine]) -> str:
    """SHA-256 over what the signature stands for: the sheet's head and every line as shown."""
    words = [sheet.sheet_no, sheet.plan, sheet.month.isoformat(), sheet.level,
             [[line.position, line.claim_no, line.round, line.name, line.event, line.total_fen, line.checks, line.flags,
               line.facts_digest] for line in lines]]
    return hashlib.sha256(json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def missing() -> NotFound:
    """Not there and not in sight are not told apart."""
    return NotFound("sheet_missing", "没有这一汇总表，或不在您的管辖范围内", remedy="核对汇总表编号")
