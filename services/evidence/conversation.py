"""The conversation inside a claim: what member and office write to each other, and the office's own notes.

The member sees only what is addressed to her; notes never leave the office, and every reading by staff is recorded. Words
are plain text of bounded length, sealed in the table; the claim's chain keeps who wrote when, and the words' hash.
"""

from __future__ import annotations

import hashlib
import unicodedata
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import REVIEWERS, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.crypto import key_ring
from services.core.errors import InputError, NotFound, NotPermitted
from services.core.ids import uuidv7
from services.intake.queries import acts_for_self, claim_for
from services.lifecycle.apart import on_side, require_apart
from services.models import Claim, ClaimMessage, Paper

LONGEST = 2000                      # characters of one message
MOST_PAPERS = 10
WORDS = "claim_message.words"       # the sealed field's name
_STAFF = (Role.UNIT_CLERK, *sorted(REVIEWERS))
_NOTERS = tuple(sorted(REVIEWERS))
_READERS = (Role.MEMBER, Role.AUDITOR, *_STAFF)
_SEES_NOTES = (Role.AUDITOR, *_NOTERS)


@dataclass(frozen=True, slots=True)
class Line:
    """One message as its reader sees it. `mine`: the reader's own side wrote it; `unread`: new to the reader's side.

    A member sees “经办人” for whoever of the office wrote.
    """

    id: uuid.UUID
    side: str
    internal: bool
    author: str
    words: str
    papers: tuple[uuid.UUID, ...]
    at: datetime
    mine: bool
    unread: bool


def say(session: Session, *, claim_id: uuid.UUID, words: str, papers: Collection[uuid.UUID] = (), actor: Actor,
        now: datetime) -> ClaimMessage:
    """Write to the other side. A member writes to the office, staff to the member.

    `papers`: ids of papers already on this claim's file. InputError: empty, too long, a foreign paper.
    """
    actor.require(Role.MEMBER, *_STAFF, what="在案件内留言")
    claim = claim_for(session, claim_id, actor)
    return _write(session, claim, side_of(actor), words, papers, internal=False, actor=actor, now=now)


def note(session: Session, *, claim_id: uuid.UUID, words: str, papers: Collection[uuid.UUID] = (), actor: Actor,
         now: datetime) -> ClaimMessage:
    """A note for colleagues only: neither member nor unit ever sees it, nor a reviewer on the claimant's side."""
    actor.require(*_NOTERS, what="写内部备注")
    claim = claim_for(session, claim_id, actor)
    require_apart(session, [claim.id], actor)
    return _write(session, claim, "office", words, papers, internal=True, actor=actor, now=now)


def read(session: Session, *, claim_id: uuid.UUID, actor: Actor, now: datetime) -> list[Line]:
    """The conversation as this reader may see it, oldest first; what the other side wrote counts as read from now on.

    A reading by staff is recorded; an auditor reads without marking anything as read.
    """
    actor.require(*_READERS, what="查看案件留言")
    claim = claim_for(session, claim_id, actor)
    side = side_of(actor)
    seen = _read_until(session, claim.id, side)
    rows = session.exec(select(ClaimMessage).where(ClaimMessage.claim_id == claim.id).order_by(
        col(ClaimMessage.at), col(ClaimMessage.id))).all()
    sees_notes = actor.has(*_SEES_NOTES) and not on_side(session, [claim.id], actor)
    shown = [row for row in rows if not row.internal or sees_notes]
    if side == "office" and actor.account_id and actor.person_id != claim.person_id:
        audit.looked(session, org_key=claim.org_key, account=actor.account_id, claim_id=claim.id, what="conversation",
                     reason=None, at=now)
    if not actor.has(Role.AUDITOR):
        _mark(session, claim, side, actor, now)
    session.flush()
    return [_line(row, side, seen) for row in shown]


def unread(session: Session, *, claim_ids: Sequence[uuid.UUID], actor: Actor) -> dict[uuid.UUID, int]:
    """How many messages of the other side the reader's side has not read, by claim; claims without are left out."""
    rows = session.execute(sa.text("""
        SELECT m.claim_id, count(*) AS unread FROM claim_message m LEFT JOIN message_mark k ON k.claim_id = m.claim_id AND k.side = :side
        WHERE m.claim_id = ANY(CAST(:ids AS uuid[])) AND m.side <> :side AND NOT m.internal
        AND m.at > coalesce(k.read_until, '-infinity') GROUP BY m.claim_id"""),
        {"ids": list(claim_ids), "side": side_of(actor)})
    return {row.claim_id: row.unread for row in rows}


def side_of(actor: Actor) -> str:
    """On whose side somebody speaks here."""
    return "member" if acts_for_self(actor) else "office"


def plain(words: str) -> str:
    """Plain text within bounds: line ends kept, control signs refused. InputError otherwise."""
    text = words.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise InputError("words_empty", "留言没有内容", remedy="写上要说的话", field="words")
    if len(text) > LONGEST:
        raise InputError("words_long", f"留言 {len(text)} 字，最多 {LONGEST} 字", remedy="分几次写，或作为材料上传", field="words")
    strange = next((sign for sign in text if sign not in "\n\t" and unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn")), None)
    if strange:
        raise InputError("words_sign", f"留言里有不能显示的字符 U+{ord(strange):04X}", remedy="删去后再发", field="words")
    return text


def _write(session: Session, claim: Claim, side: str, words: str, papers: Collection[uuid.UUID], *, internal: bool, actor: Actor,
           now: datetime) -> ClaimMessage:
    text = plain(words)
    attached = _papers(session, claim.id, papers)
    if actor.account_id is None:
        raise NotPermitted("account_missing", "留言须由登录的人员写", remedy="请登录后办理")
    row = ClaimMessage(id=uuidv7(), org_key=claim.org_key, claim_id=claim.id, side=side, internal=internal,
                       account_id=actor.account_id, person_id=actor.person_id, author_name=actor.name,
                       words_sealed=key_ring().seal(text, field=WORDS), papers=attached, at=now)
    session.add(row)
    session.flush()
    audit.append(session, [Entry(claim.id, claim.org_key, "message", row.id, "noted" if internal else "said", details={
        "side": side, "sha256": hashlib.sha256(text.encode()).hexdigest(), "papers": attached})],
        account=actor.account_id, person=actor.person_id, at=now)
    return row


def _papers(session: Session, claim_id: uuid.UUID, papers: Collection[uuid.UUID]) -> list[str]:
    wanted = list(dict.fromkeys(papers))
    if len(wanted) > MOST_PAPERS:
        raise InputError("papers_many", f"一次最多附 {MOST_PAPERS} 份材料", remedy="分几次发送", field="papers")
    known = set(session.exec(select(Paper.id).where(Paper.claim_id == claim_id, col(Paper.id).in_(wanted))).all())
    if missing := [paper for paper in wanted if paper not in known]:
        raise NotFound("paper_missing", f"本案没有材料 {missing[0]}", remedy="先在本案上传，再附上", field="papers")
    return [str(paper) for paper in wanted]


def _read_until(session: Session, claim_id: uuid.UUID, side: str) -> datetime | None:
    found: datetime | None = session.execute(sa.text(
        "SELECT read_until FROM message_mark WHERE claim_id = :claim AND side = :side"),
        {"claim": claim_id, "side": side}).scalar_one_or_none()
    return found


def _mark(session: Session, claim: Claim, side: str, actor: Actor, now: datetime) -> None:
    session.execute(sa.text("""
        INSERT INTO message_mark (id, org_key, claim_id, side, account_id, read_until)
        VALUES (:id, :org, :claim, :side, CAST(:account AS uuid), :now)
        ON CONFLICT (claim_id, side) DO UPDATE SET read_until = greatest(message_mark.read_until, excluded.read_until),
            account_id = excluded.account_id"""),
        {"id": uuidv7(), "org": claim.org_key, "claim": claim.id, "side": side, "account": actor.account_id, "now": now})


def _line(row: ClaimMessage, side: str, seen: datetime | None) -> Line:
    mine = row.side == side
    author = "经办人" if side == "member" and row.side == "office" else row.author_name
    return Line(row.id, row.side, row.internal, author, key_ring().open(bytes(row.words_sealed), field=WORDS),
                tuple(uuid.UUID(paper) for paper in row.papers), row.at, mine,
                not mine and not row.internal and (seen is None or row.at > seen))
