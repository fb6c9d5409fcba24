"""Letters on their way: by which way first, by which next, and who stops at none. The calls themselves are in `carrying`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor, system
from services.core.clock import at_hour, business_day
from services.core.errors import Conflict, InputError
from services.core.ids import uuidv7
from services.core.texts import written
from services.lifecycle.service import Move, fire
from services.models import DeliveryAttempt, Notice
from services.models.delivery import CHANNELS, MESSAGES
from services.notice import attempts
from services.notice.channels import PAPER, PORTAL, WORDS, next_way, order_of, orders, switched_on
from services.notice.issuing import fresh, locked
from services.outbox import service as outbox
from services.outbox.service import Work
from statemachines.states import NoticeState

CARRY = "letter.carry"          # the outbox topic of a message that is to be sent
TO_A_PERSON = ("member", "heir")
LATEST = 500                    # letters that one pass takes from the portal to paper


@dataclass(frozen=True, slots=True)
class _Way:
    """The way a letter goes now; `contact` and its masked address for a message."""

    notice: Notice
    channel: str
    contact: uuid.UUID | None = None
    shown: str = ""


def dispatch(session: Session, *, notice_ids: Sequence[uuid.UUID], channel: str | None = None, why: str = "", actor: Actor,
             now: datetime, by: uuid.UUID | None = None) -> list[Notice]:
    """Issued → dispatched by the first way that can be gone and was not; the portal shows a letter from this moment.

    `channel`: this way and no other, chosen by a person (`by`) for a reason. A letter with no way left stays issued, for the
    clerk; letters in other states are left as they are. Messages are owed to the outbox, so that none leaves before the commit.
    """
    rows = locked(session, notice_ids, NoticeState.ISSUED)
    ways = _ways(session, rows, channel, business_day(now))
    if not ways:
        return fresh(session, [row.id for row in rows])
    session.execute(sa.text("""
        UPDATE notice n SET channel = w.channel, attempt = n.attempt + 1, dispatched_at = :now
        FROM unnest(CAST(:ids AS uuid[]), CAST(:channels AS text[])) AS w(id, channel) WHERE n.id = w.id"""),
        {"now": now, "ids": [way.notice.id for way in ways], "channels": [way.channel for way in ways]})
    made = [DeliveryAttempt(id=uuidv7(), org_key=way.notice.org_key, notice_id=way.notice.id, n=way.notice.attempt + 1,
                            channel=way.channel, contact_id=way.contact, shown=way.shown, why=why, account_id=by, at=now)
            for way in ways]
    session.execute(sa.insert(DeliveryAttempt), [row.model_dump() for row in made])
    fire(session, "notice", "dispatch", [Move(way.notice.id, details={"channel": way.channel}) for way in ways], actor=actor, now=now)
    outbox.add(session, [Work(CARRY, way.notice.org_key, way.notice.claim_id, row.id)
                         for way, row in zip(ways, made, strict=True) if way.channel in MESSAGES], now=now)
    return fresh(session, [row.id for row in rows])


_ABLE = sa.text("""
    SELECT n.id, n.person_id, ARRAY(SELECT a.channel FROM delivery_attempt a WHERE a.notice_id = n.id) AS tried,
        EXISTS (SELECT FROM account a JOIN role_grant g ON g.account_id = a.id AND g.role = 'member' WHERE a.active
            AND (a.person_id = n.person_id OR a.person_id IN (SELECT x.proxy_id FROM proxy x WHERE x.person_id = n.person_id
                AND x.ended_at IS NULL AND CAST(:today AS date) BETWEEN x.from_on AND x.until_on))) AS signs_in
    FROM notice n WHERE n.id = ANY(CAST(:ids AS uuid[]))""")
_CONTACTS = sa.text("""
    SELECT k.person_id, k.channel, k.id, k.shown FROM letter_contact k
    WHERE k.person_id = ANY(CAST(:people AS uuid[])) AND k.withdrawn_at IS NULL ORDER BY k.place""")


def _ways(session: Session, rows: Sequence[Notice], wanted: str | None, today: date) -> list[_Way]:
    found = {row.id: row for row in session.execute(_ABLE, {"ids": [row.id for row in rows], "today": today})}
    people = {row.person_id for row in rows if row.person_id}
    known: dict[uuid.UUID, dict[str, tuple[uuid.UUID, str]]] = {}
    for held in session.execute(_CONTACTS, {"people": sorted(people)}):
        known.setdefault(held.person_id, {})[held.channel] = (held.id, held.shown)
    entries, messages = orders(), switched_on()
    ways = []
    for row in rows:
        facts, contacts = found[row.id], known.get(row.person_id, {}) if row.person_id else {}
        told = {way for way in contacts if way in messages}
        able = {PORTAL} if row.person_id is None else told | {PAPER} | ({PORTAL} if facts.signs_in else set())
        if wanted is not None and wanted not in able:
            raise InputError("channel_not_able", f"不能用“{WORDS.get(wanted, wanted)}”送达这一文书", field="channel",
                             remedy=f"可用：{'、'.join(WORDS[way] for way in CHANNELS if way in able)}")
        way = wanted or next_way(order_of(row.org_key, row.code, entries).ways if row.person_id else (PORTAL,), able=able,
                                 tried=facts.tried, wishes=list(contacts))
        if way:
            ways.append(_Way(row, way, *contacts.get(way, (None, ""))))
    return ways


def go_on(session: Session, *, notice_id: uuid.UUID, reason: str, channel: str | None = None, actor: Actor, now: datetime) -> Notice:
    """This way led nowhere: dispatched → issued, and on by the next way (or by `channel`). With none left the letter is the clerk's.

    Raises Conflict when the letter is not on its way (delivered meanwhile, replaced).
    """
    row = next(iter(locked(session, [notice_id], NoticeState.DISPATCHED)), None)
    if row is None:
        raise Conflict("letter_not_on_its_way", "文书不在送达途中，本次没有写入", remedy="刷新后核对文书的状态")
    fire(session, "notice", "bounce", [Move(row.id, reason=reason, details={"channel": row.channel})], actor=actor, now=now)
    [out] = dispatch(session, notice_ids=[row.id], channel=channel, why=reason if channel else "", by=actor.account_id if channel else None,
                     actor=_system(actor), now=now)
    return out


def _system(actor: Actor) -> Actor:
    """The next way is the system's to go: it follows the office's order, not the reader of the news."""
    return system(actor.org_key)


# --- what a clerk writes down -------------------------------------------------------------------------------------------

def resend(session: Session, *, notice_id: uuid.UUID, channel: str, reason: str, actor: Actor, now: datetime) -> Notice:
    """By the clerk's own choice of way, tried before or not, from on its way or from where no way was left."""
    why = written(reason, "reason")
    if not channel:
        raise InputError("choice_missing", "没有选择送达方式", remedy="选择一种方式后再提交", field="channel")
    waiting = locked(session, [notice_id], NoticeState.ISSUED)
    if not waiting:
        return go_on(session, notice_id=notice_id, reason=why, channel=channel, actor=actor, now=now)
    [out] = dispatch(session, notice_ids=[notice_id], channel=channel, why=why, by=actor.account_id, actor=_system(actor), now=now)
    return out


def posted(session: Session, *, notice_id: uuid.UUID, tracking: str, on: date | None = None, actor: Actor, now: datetime) -> Notice:
    """A paper letter left: the parcel's number, or who carries it. Written down again it counts anew, the older stays readable."""
    number, (row, attempt) = written(tracking, "tracking"), _paper(session, notice_id)
    attempts.posted(session, attempt, number=number, account=actor.account_id, happened_at=_day(on, row, now), now=now)
    return fresh(session, [notice_id])[0]


def came_back(session: Session, *, notice_id: uuid.UUID, reason: str, on: date | None = None, actor: Actor, now: datetime) -> Notice:
    """A paper letter came back: why, and on by the next way; after the last it waits at the clerk's desk."""
    why, (row, attempt) = written(reason, "reason"), _paper(session, notice_id)
    attempts.record(session, attempt, "returned", words=why, account=actor.account_id, happened_at=_day(on, row, now), now=now)
    return go_on(session, notice_id=notice_id, reason=why, actor=actor, now=now)


def _paper(session: Session, notice_id: uuid.UUID) -> tuple[Notice, uuid.UUID]:
    row = next(iter(locked(session, [notice_id], NoticeState.DISPATCHED)), None)
    attempt = attempts.current(session, notice_id)
    if row is None or row.channel != PAPER or attempt is None:
        raise Conflict("letter_not_on_paper", "文书现在不是纸质送达", remedy="刷新后核对；改用纸质送达的，先办理“改用其他方式”")
    return row, attempt


def _day(on: date | None, row: Notice, now: datetime) -> datetime:
    today = business_day(now)
    if on and on > today:
        raise InputError("delivery_future", f"日期 {on} 晚于今天", remedy="核对日期", field="on")
    if on and row.issued_on and on < row.issued_on:
        raise InputError("delivery_early", f"日期 {on} 早于文书签发的 {row.issued_on}", remedy="核对日期", field="on")
    return at_hour(on) if on and on != today else now


# --- what nobody opened -------------------------------------------------------------------------------------------------

_UNOPENED = sa.text("""
    SELECT n.id, n.org_key, n.code, n.dispatched_at FROM notice n WHERE n.state = 'dispatched' AND n.channel <> 'paper'
        AND n.recipient = ANY(:persons) AND n.dispatched_at <= :until
        AND (n.dispatched_at, n.id) > (CAST(:after AS timestamptz), CAST(:last AS uuid))
        AND NOT EXISTS (SELECT FROM delivery_attempt a WHERE a.notice_id = n.id AND a.channel = 'paper')
    ORDER BY n.dispatched_at, n.id LIMIT :most""").bindparams(sa.bindparam("persons", type_=sa.ARRAY(sa.Text())))


def on_paper(session: Session, *, actor: Actor, now: datetime) -> list[Notice]:
    """Letters that nobody opened in the office's days go on paper, the oldest first; the portal keeps showing them.

    At most `LATEST` of them: as many mean that there may be more. Letters whose days are longer hold nobody up.
    """
    entries = orders()
    asked = {"persons": list(TO_A_PERSON), "until": now - timedelta(days=min(entry.unopened for entry in entries)), "most": LATEST,
             "after": "-infinity", "last": uuid.UUID(int=0)}
    moved: list[Notice] = []
    while len(moved) < LATEST and (rows := session.execute(_UNOPENED, asked).all()):
        asked |= {"after": rows[-1].dispatched_at.isoformat(), "last": rows[-1].id}
        days = {row.id: order_of(row.org_key, row.code, entries).unopened for row in rows}
        due = [row.id for row in rows if row.dispatched_at <= now - timedelta(days=days[row.id])][:LATEST - len(moved)]
        # One that was opened, or went on, since it was looked up is no longer among those locked.
        moved += [_unopened(session, row, days[row.id], actor, now) for row in locked(session, due, NoticeState.DISPATCHED)
                  if row.channel != PAPER]
    return moved


def _unopened(session: Session, row: Notice, days: int, actor: Actor, now: datetime) -> Notice:
    why = f"发出满 {days} 日未打开"
    if attempt := attempts.current(session, row.id):
        attempts.record(session, attempt, "unopened", words=why, now=now)
    return go_on(session, notice_id=row.id, reason=why, channel=PAPER, actor=actor, now=now)
