"""Bytes go after the commit that let go of their rows, never before it; and what something still rests on stays."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import NotPermitted
from services.core.settings import settings
from services.evidence import resting
from services.evidence.papers import hold_bytes
from services.outbox import service as outbox
from services.outbox.service import Work
from services.storage import service as storage

TOPIC = "bytes.remove"
# Only now: until then a paper of the same bytes whose pages are not drawn yet is known to need these pictures (`resting`).
_BARE = sa.text("""
    UPDATE paper_page g SET view_sha256 = NULL, thumb_sha256 = NULL, former = NULL, grain = NULL FROM paper p
    WHERE p.id = g.paper_id AND p.removed_at IS NOT NULL AND p.claim_id = :claim""")


@dataclass(frozen=True, slots=True)
class Leaving:
    """Hashes that an organisation's rows no longer need; with `claim_id`, those of that claim's destroyed papers."""

    org_key: str
    hashes: Collection[str]
    claim_id: uuid.UUID | None = None


def owe(session: Session, leaving: Sequence[Leaving], *, now: datetime) -> None:
    """Owe the removal in the transaction that lets go of the rows: taken back with it, or done after it, however often a process dies."""
    outbox.add(session, [Work(TOPIC, one.org_key, one.claim_id, None, {
        "hashes": sorted(one.hashes), "claim": str(one.claim_id) if one.claim_id else None}) for one in leaving if one.hashes], now=now)


def remove(session: Session, *, hashes: Collection[str], claim_id: uuid.UUID | None) -> None:
    """Take away what nothing rests on by now. Again: nothing. NotPermitted but over all organisations; StoreDown: to be done again."""
    if session.execute(sa.text("SELECT current_setting('app.org_path')")).scalar_one() != settings().root_org:
        raise NotPermitted("scope_part", "销毁文件须看得见全部组织，以免误删他处仍在使用的文件", remedy="由系统在根组织办理")
    for sha256 in sorted(hashes):       # whoever hands the same bytes in waits, and then lays them anew
        hold_bytes(session, sha256, alone=True)
    for sha256 in sorted(set(hashes) - resting.still(session, hashes)):
        storage.remove(sha256)
    if claim_id:
        session.execute(_BARE, {"claim": claim_id})
