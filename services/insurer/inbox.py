"""The inbox: every message is kept first, then applied in order; one that comes too early waits and is tried again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import insurer, system
from services.core.errors import Conflict, HuzhuError, InputError
from services.core.settings import settings
from services.insurer.applying import HANDLERS, Case
from services.insurer.messages import InboundMessage, Unread
from services.rulebook.registry import version
from statemachines.words import state_words

_KEEP = sa.text("""
    INSERT INTO insurer_message (message_id, org_key, claim_no, seq, kind, handoff_id, round, version, digest, sent_at,
                                 body, received_at, state, tries, fault)
    SELECT :message_id, coalesce(c.org_key, :root), :claim_no, :seq, :kind, :handoff_id, :round, :version, :digest,
           :sent_at, CAST(:body AS jsonb), :now, CASE WHEN f.fault IS NULL THEN 'waiting' ELSE 'rejected' END, 0, f.fault
    FROM (SELECT 1) one LEFT JOIN claim c ON c.claim_no = :claim_no
    CROSS JOIN LATERAL (SELECT CASE WHEN c.id IS NULL THEN 'unknown_claim' ELSE CAST(:unread AS text) END AS fault) f
    ON CONFLICT (message_id) DO NOTHING RETURNING message_id""")


def receive(session: Session, *, message: InboundMessage, now: datetime) -> bool:
    """Keep a message; False when it was kept before. Conflict when the same id comes with another content.

    A message about a claim nobody knows, or with a body that cannot be read, is kept as rejected, so that the insurer's numbering
    stays without gaps.
    """
    new = session.execute(_KEEP, {
        "message_id": str(message.message_id), "root": f"{settings().root_org}.", "claim_no": message.claim_no,
        "seq": message.seq, "kind": message.kind, "handoff_id": message.handoff_id, "round": message.round,
        "version": message.version, "digest": message.digest, "sent_at": message.at,
        "body": message.body.model_dump_json(), "now": now,
        "unread": message.body.fault if isinstance(message.body, Unread) else None}).first()
    if new is not None:
        return True
    kept = session.execute(sa.text("SELECT digest FROM insurer_message WHERE message_id = :id"),
                           {"id": str(message.message_id)}).scalar_one()
    if kept != message.digest:
        raise Conflict("message_differs", "同一消息编号先后内容不同", remedy="请保险公司换用新的消息编号", field="message_id")
    return False


@dataclass(frozen=True, slots=True)
class Kept:
    """A waiting message, read back."""

    message: InboundMessage

    @property
    def id(self) -> str:
        """The key of its row."""
        return str(self.message.message_id)


def apply(session: Session, *, claim_nos: Collection[str], now: datetime) -> int:
    """Apply the waiting messages of these claims in the insurer's order; gives how many were applied.

    After each one the earlier ones that still wait are tried again. What can never apply any more is set aside
    with its fault; what only comes too early stays.
    """
    applied = 0
    for claim_no in sorted(set(claim_nos)):
        session.flush()
        session.execute(sa.text("SELECT 1 FROM claim WHERE claim_no = :no FOR UPDATE"), {"no": claim_no})
        waiting = _waiting(session, claim_no)
        while done := next((kept for kept in waiting if _try(session, kept, now)), None):
            applied += 1
            waiting = [kept for kept in _waiting(session, claim_no) if kept.id != done.id]
    return applied


_FIELDS = "message_id, handoff_id, claim_no, round, version, sent_at AS at, seq, kind, body"


def _waiting(session: Session, claim_no: str) -> Sequence[Kept]:
    rows = session.execute(sa.text(f"SELECT {_FIELDS} FROM insurer_message WHERE claim_no = :no AND state = 'waiting'"
                                   " ORDER BY seq"), {"no": claim_no})
    return [Kept(InboundMessage.model_validate(dict(row._mapping))) for row in rows]


def _try(session: Session, kept: Kept, now: datetime) -> bool:
    """Apply one message in a savepoint. False: it waits, or is set aside."""
    try:
        with session.begin_nested():
            case = _case(session, kept.message, now)
            HANDLERS[kept.message.kind](case)
            session.flush()
    except InputError as error:
        _note(session, kept, "rejected", error)
        return False
    except HuzhuError as error:         # too early, or refused for now: no claim's message keeps another's waiting
        _note(session, kept, "waiting", error)
        return False
    session.execute(sa.text("UPDATE insurer_message SET state = 'applied', tries = tries + 1, fault = NULL"
                            " WHERE message_id = :id"), {"id": kept.id})
    return True


def _note(session: Session, kept: Kept, state: str, error: HuzhuError) -> None:
    session.execute(sa.text("UPDATE insurer_message SET state = :state, tries = tries + 1, fault = :fault"
                            " WHERE message_id = :id"), {"state": state, "fault": str(error)[:500], "id": kept.id})


_ROWS = sa.text("""
    SELECT h.id, h.claim_id, h.org_key, h.round, h.package, h.state, h.liabilities, h.answers, c.round AS now_round, c.plan, c.plan_from
    FROM handoff h JOIN claim c ON c.id = h.claim_id WHERE h.id = :handoff AND c.claim_no = :no FOR UPDATE OF c, h""")
_OVER = ("settled", "recalled")


def _case(session: Session, message: InboundMessage, now: datetime) -> Case:
    """The rows a message is about. InputError when it can never apply: another handoff, an older version, all over."""
    row = session.execute(_ROWS, {"handoff": message.handoff_id, "no": message.claim_no}).one_or_none()
    if row is None:
        raise InputError("unknown_handoff", "消息所指的移送不存在", remedy="请保险公司核对移送编号", field="handoff_id")
    if row.round != row.now_round or message.round != row.round or message.version != row.package:
        raise InputError("superseded", "消息针对的是已被取代的案卷", remedy="无须处理", field="version")
    if row.state in _OVER and not (row.state == "settled" and message.kind == "file"):      # the number of a file may be overtaken
        raise InputError("handoff_over", f"移送已处于“{state_words('handoff', row.state)}”，消息不再适用", remedy="无须处理")
    book = version(row.plan, row.plan_from)
    return Case(session=session, message=message, handoff_id=row.id, claim_id=row.claim_id, org_key=row.org_key,
                round=row.round, package=row.package, liabilities=frozenset(row.liabilities),
                answered=frozenset(str(item["liability"]) for item in row.answers),
                insurer=insurer(row.org_key, book.insurer or "保险公司"), root=system(settings().root_org), now=now)
