"""Stock phrases: words an organisation uses with a reason code, offered to itself and to every organisation below."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import REVIEWERS, Actor, Role
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.ids import uuidv7
from services.models import StockPhrase
from services.review.ladder import prefixes
from services.review.rules import REASONS, check_reason

LONGEST = 500
_HEADS = (Role.SENIOR_REVIEWER, Role.HEAD)


@dataclass(frozen=True, slots=True)
class Phrase:
    """`own`: of the reader's own organisation; else of one above."""

    id: uuid.UUID
    reason: str
    words: str
    organisation: str
    own: bool


def phrases(session: Session, actor: Actor, *, reason: str | None = None) -> list[Phrase]:
    """The phrases in use at the actor's organisation and above, own ones first; of one reason code, or of all."""
    rows = session.execute(sa.text("""
        SELECT p.id, p.reason, p.words, o.name, p.org_key = :own AS own FROM stock_phrase p
        JOIN organisation o ON o.org_key = p.org_key WHERE p.org_key = ANY(CAST(:keys AS text[])) AND p.retired_at IS NULL
        AND (CAST(:reason AS text) IS NULL OR p.reason = :reason) ORDER BY p.reason, length(p.org_key) DESC, p.made_at, p.id"""),
        {"own": actor.org_key, "keys": prefixes(actor.org_key), "reason": reason})
    return [Phrase(*row) for row in rows]


def add_phrase(session: Session, *, reason: str, words: str, actor: Actor, now: datetime) -> Phrase:
    """A phrase of the actor's organisation. InputError: unknown reason code, empty, too long. Conflict: it exists."""
    actor.require(*sorted(REVIEWERS), what="维护常用语")
    check_reason(reason, REASONS)
    said = " ".join(words.split())
    if not said or len(said) > LONGEST:
        raise InputError("phrase_length", f"常用语须为1至{LONGEST}字", remedy="改短后再保存", field="words")
    if any(phrase.words == said for phrase in phrases(session, actor, reason=reason)):
        raise Conflict("phrase_exists", "已有相同的常用语", remedy="直接使用已有的", field="words")
    if actor.account_id is None or actor.person_id is None:
        raise NotPermitted("person_unknown", "常用语须由具体人员维护", remedy="用本人账号办理")
    made = StockPhrase(id=uuidv7(), org_key=actor.org_key, reason=reason, words=said, made_by=actor.account_id,
                       made_person=actor.person_id, made_at=now)
    session.add(made)
    session.flush()
    return next(phrase for phrase in phrases(session, actor, reason=reason) if phrase.id == made.id)


def retire_phrase(session: Session, *, phrase_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Offer a phrase no more; what was written with it stays. By who made it, or a senior of its organisation or above.

    NotFound: unknown, of another branch, or of an organisation above. Retiring twice changes nothing.
    """
    actor.require(*sorted(REVIEWERS), what="维护常用语")
    found = session.get(StockPhrase, phrase_id, populate_existing=True)
    if found is None or not found.org_key.startswith(actor.org_key):
        raise NotFound("phrase_missing", "没有这一常用语，或不由您的组织维护", remedy="核对常用语")
    if found.made_by != actor.account_id and not actor.has(*_HEADS):
        raise NotPermitted("phrase_of_another", "他人维护的常用语由负责人停用", remedy="请负责人办理")
    if found.retired_at is None:
        found.retired_by, found.retired_at = actor.account_id, now
        session.add(found)
        session.flush()
