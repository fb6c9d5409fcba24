"""Look for stuck work, keep what was found, owe work anew, put a line off and take that back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor, Role
from services.audit import service as audit
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotFound
from services.core.ids import uuidv7s
from services.core.settings import Settings, settings
from services.lifecycle.topics import TIMETABLES
from services.models import StuckWork
from services.outbox import service as outbox
from services.outbox.service import Work
from services.reporting.stuck import of_backup, of_claims, of_money, of_places, of_programs, of_trust
from services.reporting.stuck.condition import Condition
from services.storage import space

CONDITIONS: tuple[Condition, ...] = (*of_programs.CONDITIONS, *of_claims.CONDITIONS, *of_money.CONDITIONS, *of_trust.CONDITIONS,
                                     *of_backup.CONDITIONS, *of_places.CONDITIONS)
BY_CODE = {condition.code: condition for condition in CONDITIONS}
LOOKERS = (Role.HEAD, Role.SENIOR_REVIEWER, Role.ADMINISTRATOR, Role.AUDITOR)
MENDERS = (Role.HEAD, Role.SENIOR_REVIEWER, Role.ADMINISTRATOR)
MOST_DAYS = 30          # that a line may be put off
HELD_SECONDS = 60       # that a save may wait for another session; real ones last milliseconds
_OUTBOX = "outbox"      # the topic of conditions about a row of work itself


@dataclass(frozen=True, slots=True)
class Stuck:
    """One thing that stands still. `row_id`: of the row that the condition's work is owed for."""

    condition: Condition
    subject: str
    org_key: str
    claim_id: uuid.UUID | None
    row_id: uuid.UUID | None
    since: datetime
    said: str

    @property
    def remedy(self) -> str:
        """The command or page, for this very thing."""
        return self.condition.remedy.format(code=self.condition.code, subject=self.subject)


def look(session: Session, *, now: datetime, only: Condition | None = None) -> list[Stuck]:
    """Everything in the session's scope that stands still now, condition by condition, oldest first."""
    wanted = [only] if only else CONDITIONS
    config = settings()
    given = {"now": now, "held_seconds": HELD_SECONDS, "today": business_day(now), "audit_place": config.audit_place,
             "space_low_mb": str(config.space_low_mb),
             "places": _places(config) if any(":places" in condition.statement for condition in wanted) else "[]"}
    return [Stuck(condition, *row) for condition in wanted
            for row in sorted(session.execute(_statement(condition), given), key=lambda row: row[4])]


def _places(config: Settings) -> str:
    """What the disks say now, for `:places`."""
    return json.dumps([{"n": n, "bucket": place.bucket, **asdict(place)} for n, place in enumerate(space.places(config))])


def _statement(condition: Condition) -> sa.TextClause:
    return sa.text(f"SELECT * FROM ({condition.statement}) AS s (subject, org_key, claim_id, row_id, since, said)"
                   " WHERE subject IS NOT NULL")


_KEEP = sa.text("""
    INSERT INTO stuck_work AS s (id, org_key, condition, subject, claim_id, said, since, found_at, seen_at)
    SELECT r.id, r.org_key, r.condition, r.subject, r.claim_id, r.said, r.since, :now, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:orgs AS text[]), CAST(:conditions AS text[]), CAST(:subjects AS text[]),
                CAST(:claims AS uuid[]), CAST(:said AS text[]), CAST(:since AS timestamptz[]))
         AS r(id, org_key, condition, subject, claim_id, said, since)
    ON CONFLICT ON CONSTRAINT stuck_work_once DO UPDATE SET said = EXCLUDED.said, since = EXCLUDED.since, seen_at = EXCLUDED.seen_at,
        org_key = EXCLUDED.org_key, found_at = CASE WHEN s.gone_at IS NULL THEN s.found_at ELSE EXCLUDED.found_at END, gone_at = NULL""")
_GONE = sa.text("UPDATE stuck_work SET gone_at = :now WHERE gone_at IS NULL AND seen_at < :now")


def keep(session: Session, *, now: datetime) -> list[Stuck]:
    """Look, and let the list say what was found: new lines come, others are seen again, and what goes on again is gone."""
    found = look(session, now=now)
    lines = _lines(found)
    if lines:
        session.execute(_KEEP, {
            "now": now, "ids": uuidv7s(len(lines)), "orgs": [one.org_key for one in lines],
            "conditions": [one.condition.code for one in lines], "subjects": [one.subject for one in lines],
            "claims": [one.claim_id for one in lines], "said": [one.said for one in lines], "since": [one.since for one in lines]})
    session.execute(_GONE, {"now": now})
    return found


def _lines(found: Sequence[Stuck]) -> list[Stuck]:
    """One of each name, which the list has once: the oldest, with the words of all. A claim may have two of a thing that stands still."""
    named: dict[tuple[str, str], list[Stuck]] = {}
    for one in found:
        named.setdefault((one.condition.code, one.subject), []).append(one)
    return [replace(same[0], said="；".join(dict.fromkeys(one.said for one in same))) for same in named.values()]


def condition_of(code: str) -> Condition:
    """By its name. InputError names those there are."""
    if code not in BY_CODE:
        raise InputError("condition_unknown", f"没有“{code}”这一情形", remedy=f"可用：{'、'.join(BY_CODE)}", field="CONDITION")
    return BY_CODE[code]


def again(session: Session, *, code: str, subject: str = "", actor: Actor, now: datetime) -> list[Stuck]:
    """Owe the work of what stands still anew: of one subject, or of all. Each flow finds what is done already, so nothing is doubled.

    InputError where owing is no remedy; NotFound when nothing of that name stands still any more.
    """
    actor.require(*MENDERS, Role.SYSTEM, what="重新安排停下的工作")
    condition = condition_of(code)
    if not condition.topic:
        raise InputError("not_owed", f"“{condition.words}”不能由程序重新安排", field="CONDITION",
                         remedy=condition.remedy.format(code=code, subject=subject or "…"))
    found = [one for one in look(session, now=now, only=condition) if subject in ("", one.subject)]
    if not found:
        raise NotFound("not_stuck", f"“{condition.words}”中没有 {subject or '任何一项'}：已经办理，或不在您的管辖范围内",
                       remedy="运行 huzhu stuck 看现在的情形", field="SUBJECT")
    if condition.topic == _OUTBOX:
        outbox.free(session, [int(one.subject) for one in found])
    else:
        outbox.add(session, [Work(condition.topic, one.org_key, one.claim_id, one.row_id) for one in found], now=now)
    return found


def owe(session: Session, *, topic: str, actor: Actor, now: datetime) -> None:
    """One pass of a timetable's work now. InputError names the timetables there are."""
    actor.require(*MENDERS, Role.SYSTEM, what="立即运行定时工作")
    if topic not in TIMETABLES:
        raise InputError("timetable_unknown", f"没有“{topic}”这一定时工作", remedy=f"可用：{'、'.join(TIMETABLES)}", field="TOPIC")
    outbox.add(session, [Work(topic, actor.org_key)], now=now)


def put_off(session: Session, *, stuck_id: uuid.UUID | None, until: date | None, why: str, actor: Actor, now: datetime) -> StuckWork:
    """Keep a line off the list until a day, with the reason; `until` None takes that back. The line stays counted."""
    actor.require(*MENDERS, what="搁置停下的工作")
    row = one(session, stuck_id)
    today = business_day(now)
    if until is not None and not today < until <= today + timedelta(days=MOST_DAYS):
        raise InputError("until_wrong", f"搁置的日期须在明天到 {MOST_DAYS} 天之内", remedy="改为其中的一天", field="until")
    if until is not None and not why.strip():
        raise InputError("missing_key", "请写明搁置的理由", remedy="一句话即可，如“银行已答复，周五回盘”", field="why")
    if until is None and row.put_off_until is None:
        raise Conflict("not_put_off", "这一项没有搁置", remedy="刷新后核对")
    row.put_off_until, row.put_off_why = until, why.strip() or None
    row.put_off_by = actor.account_id if until else None
    session.add(row)
    if actor.account_id is not None:
        audit.looked(session, org_key=row.org_key, account=actor.account_id, claim_id=row.claim_id,
                     what="stuck.put_off" if until else "stuck.taken_back", reason=why.strip() or None, at=now)
    return row


def listed(session: Session, *, today: date) -> tuple[Sequence[StuckWork], Sequence[StuckWork]]:
    """The kept list, oldest first: what is to be mended, and what is put off until a later day."""
    rows = session.exec(select(StuckWork).where(col(StuckWork.gone_at).is_(None)).order_by(col(StuckWork.since), col(StuckWork.id))).all()
    off = [row for row in rows if row.put_off_until is not None and row.put_off_until > today]
    return [row for row in rows if row not in off], off


def one(session: Session, stuck_id: uuid.UUID | None) -> StuckWork:
    """A line that still stands. NotFound when it is gone or out of sight."""
    row = session.exec(select(StuckWork).where(StuckWork.id == stuck_id, col(StuckWork.gone_at).is_(None))).first()
    if row is None:
        raise NotFound("not_stuck", "没有这一项，或已经办理", remedy="刷新后核对")
    return row


def last_look(session: Session) -> datetime | None:
    """When it was last looked for stuck work, in real time; None: never yet."""
    found: datetime | None = session.execute(sa.text("SELECT at FROM timetable_run WHERE topic = 'timetable.stuck'")).scalar()
    return found
