"""Where the files handed to the insurer stand: how old, who looks after them, what was asked and answered, what is owed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import OFFICE, Actor
from services.core.clock import business_day
from services.core.money import to_fen
from services.insurer import ageing
from services.rulebook.registry import version as wording


@dataclass(frozen=True, slots=True)
class Part:
    """One liability of an open file: its name, fen of our newest worksheet (None: none yet) and of the insurer (None: not answered)."""

    name: str
    ours_fen: int | None
    theirs_fen: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class HandoffRow:
    """A file at the insurer. `due_on`: the clock that runs there, `heard_by` until its receipt must be confirmed.

    `question`: what was asked last, item by item; `policy_no` and `endorsements`: the insurer's numbers of the cover.
    """

    claim_no: str
    plan: str
    plan_from: date
    state: str
    package: int
    report_no: str | None
    case_no: str | None
    sent_at: datetime | None
    complete_at: datetime | None
    flags: list[str]
    question: list[dict[str, object]]
    recall_reason: str | None
    due_on: date | None
    version: int
    owner_id: uuid.UUID | None
    owner: str | None
    answers: list[dict[str, object]]
    lines: list[dict[str, object]] | None
    policy_no: str | None
    endorsements: list[str]
    disagreements: int

    def days(self, today: date) -> int | None:
        """Calendar days since it was sent."""
        return (today - business_day(self.sent_at)).days if self.sent_at else None

    def band(self, today: date) -> str:
        """Its age band (`insurer.ageing.BANDS`)."""
        return ageing.band(self.days(today))

    @property
    def heard_by(self) -> date | None:
        """The last day on which the insurer should have confirmed it, while it has not."""
        if self.state != "sent" or self.sent_at is None:
            return None
        return ageing.heard_by(business_day(self.sent_at))

    def late(self, today: date) -> bool:
        """A day of the insurer's, or of its confirmation, has passed."""
        return any(day is not None and day < today for day in (self.due_on, self.heard_by))

    def parts(self) -> list[Part]:
        """Liability by liability, once the insurer has answered at least one."""
        if not self.answers:
            return []
        ours = {str(line["benefit"]): None if line.get("manual") else _fen(line["amount"]) for line in self.lines or ()}
        told = {str(item["liability"]): item for item in self.answers}
        benefits = wording(self.plan, self.plan_from).benefits
        return [Part(benefits[code].name, ours.get(code, None if self.lines is None else 0),
                     _fen(told[code]["amount"]) if code in told else None,
                     str(told[code]["reason"]) if code in told and told[code].get("reason") else None) for code in benefits]


def _fen(yuan: object) -> int:
    return to_fen(Decimal(str(yuan)))


CLOCKS = "('assessment', 'insurer_pay', 'refusal_letter', 'agreement')"
_OWNER = """LEFT JOIN LATERAL (SELECT o.owner FROM handoff_owner o WHERE o.handoff_id = h.id ORDER BY o.at DESC, o.id DESC LIMIT 1) w
    ON true LEFT JOIN account a ON a.id = w.owner"""
_DUE = f"""(SELECT min(k.due_on) FROM sla_clock k WHERE k.claim_id = c.id AND k.round = c.round AND k.state = 'running'
            AND k.kind IN {CLOCKS})"""
_ROWS = sa.text(f"""
    SELECT c.claim_no, c.plan, c.plan_from, h.state, h.package, h.report_no, h.case_no, h.sent_at, h.complete_at, h.flags,
           coalesce(h.question->'items', '[]'::jsonb) AS question, h.recall_reason, {_DUE} AS due_on, c.version,
           w.owner AS owner_id, a.name AS owner, h.answers,
           (SELECT s.output->'lines' FROM worksheet s WHERE s.claim_id = c.id AND s.round = c.round ORDER BY s.seq DESC LIMIT 1) AS lines,
           v.policy_no, ARRAY(SELECT DISTINCT e.number FROM endorsement e WHERE e.cover_id = v.id AND e.number IS NOT NULL
                              ORDER BY e.number) AS endorsements,
           (SELECT count(*) FROM disagreement d WHERE d.claim_id = c.id AND d.closed_at IS NULL) AS disagreements
    FROM handoff h JOIN claim c ON c.id = h.claim_id AND c.round = h.round LEFT JOIN cover v ON v.id = c.cover_id {_OWNER}
    WHERE (:state = '' AND h.state NOT IN ('settled', 'recalled') OR h.state = :state) AND (:after = '' OR c.claim_no > :after)
      AND (CAST(:sent_from AS date) IS NULL OR CAST(h.sent_at AT TIME ZONE 'Asia/Shanghai' AS date) BETWEEN :sent_from AND :sent_until)
      AND (CAST(:owner AS uuid) IS NULL OR w.owner = :owner)
    ORDER BY c.claim_no LIMIT :limit""").bindparams(
    sa.bindparam("sent_from", type_=sa.Date), sa.bindparam("sent_until", type_=sa.Date), sa.bindparam("owner", type_=sa.Uuid))


def handoffs(session: Session, *, state: str = "", after: str = "", limit: int = 100, band: str = "", owner: uuid.UUID | None = None,
             today: date | None = None) -> list[HandoffRow]:
    """Files of the present round in the caller's sight: the open ones, or those of a state, an age band (with `today`) or an owner;
    `after` is the last claim number."""
    span = ageing.sent_between(band, today) if today else None
    first, last = span or (None, None)
    return [HandoffRow(**row._mapping) for row in session.execute(_ROWS, {
        "state": state, "after": after, "limit": limit, "owner": owner, "sent_from": first, "sent_until": last})]


_BANDS = sa.text(f"""
    SELECT CAST(:today AS date) - CAST(h.sent_at AT TIME ZONE 'Asia/Shanghai' AS date) AS days, ({_DUE} < :today OR h.state = 'sent'
           AND CAST(h.sent_at AT TIME ZONE 'Asia/Shanghai' AS date) <= :unheard) AS late, count(*) AS files
    FROM handoff h JOIN claim c ON c.id = h.claim_id AND c.round = h.round WHERE h.state NOT IN ('settled', 'recalled') GROUP BY 1, 2""")


def bands(session: Session, today: date) -> dict[str, tuple[int, int]]:
    """By age band how many files are open, and how many of them past a day of the insurer's, or of its confirmation."""
    found = dict.fromkeys(("none", *(name for name, _ in ageing.BANDS)), (0, 0))
    for row in session.execute(_BANDS, {"today": today, "unheard": ageing.unheard_on(today)}):
        name = ageing.band(row.days)
        files, late = found[name]
        found[name] = files + row.files, late + (row.files if row.late else 0)
    return found


_OFFICERS = sa.text("""
    SELECT a.id, a.name FROM account a WHERE a.active AND a.org_key = :org AND EXISTS (
        SELECT 1 FROM role_grant g WHERE g.account_id = a.id AND g.role = ANY(CAST(:roles AS text[]))) ORDER BY a.name, a.id""")


def officers(session: Session, actor: Actor) -> list[tuple[uuid.UUID, str]]:
    """Whom the head may ask to look after a file: those of the own office."""
    return [(row.id, row.name) for row in session.execute(_OFFICERS, {"org": actor.org_key, "roles": sorted(OFFICE)})]
