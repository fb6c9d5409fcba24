"""Papers go when the law's time for keeping them is over, and in no other way: nobody has a verb that deletes one.

The time (资料保管, 保险法 87): from the end of the cover, five years for a cover of a year or less, ten for a longer one; never before
the claim itself has ended, and longer when the office's setting says so. A hold (the office's or the law's), an open objection, money
still to come back, an original in the house or bytes that something else still rests on stop it. The row stays with the hash and the day
it went.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.errors import NotPermitted
from services.core.settings import settings
from services.evidence import leaving, resting
from services.evidence.holds import on_claim
from services.evidence.leaving import Leaving

SHORT, LONG = 5, 10             # 保险法 87: calendar years for a cover of a year or less, and for a longer one
CLAUSE = "保险法 第八十七条"
_BATCH = 50                     # claims of one transaction

_DUE = sa.text(f"""
    WITH ended AS (
        SELECT c.id, c.claim_no, c.org_key,
               greatest(coalesce(v.ended_on, v.until), (c.updated_at AT TIME ZONE 'Asia/Shanghai')::date) AS since,
               CASE WHEN v.until < (v.effective + interval '1 year')::date THEN :short ELSE :long END AS law
        FROM claim c JOIN cover v ON v.id = c.cover_id
        WHERE c.state IN ('closed', 'cancelled') AND NOT c.held AND NOT {on_claim("c")}
          AND EXISTS (SELECT FROM paper p WHERE p.claim_id = c.id AND p.removed_at IS NULL)
          AND NOT EXISTS (SELECT FROM objection o WHERE o.claim_id = c.id AND o.state IN ('lodged', 'accepted'))
          AND NOT EXISTS (SELECT FROM receivable r WHERE r.claim_id = c.id AND r.state IN ('open', 'agreed'))
          AND NOT EXISTS (SELECT FROM original_request q
                          WHERE q.claim_id = c.id AND q.dropped_at IS NULL AND q.returned_at IS NULL)),
    timed AS (SELECT id, claim_no, org_key, since, greatest(law, :more) AS years,
                     (since + make_interval(years => greatest(law, :more)))::date AS until FROM ended)
    SELECT id, claim_no, org_key, since, years, until,
           (SELECT count(*) FROM paper p WHERE p.claim_id = timed.id AND p.removed_at IS NULL) AS papers
    FROM timed WHERE until < :today ORDER BY until, id LIMIT :most""")

_PAPERS = sa.text("""
    SELECT id, claim_id, org_key, kind, sha256 FROM paper
    WHERE claim_id = ANY(CAST(:claims AS uuid[])) AND removed_at IS NULL ORDER BY id""")
_BYTES = sa.text("""
    SELECT p.claim_id, s.sha256 FROM paper p LEFT JOIN paper_page g ON g.paper_id = p.id,
        LATERAL unnest(ARRAY[p.sha256, g.view_sha256, g.thumb_sha256] || g.former) AS s(sha256)
    WHERE p.claim_id = ANY(CAST(:claims AS uuid[])) AND p.removed_at IS NULL AND s.sha256 IS NOT NULL
    UNION SELECT claim_id, dossier_sha256 FROM office_letter
    WHERE claim_id = ANY(CAST(:claims AS uuid[])) AND dossier_sha256 IS NOT NULL""")

# A closed claim's bound dossier holds the papers' pictures; bound anew, it says that they were destroyed (reporting/dossier.py).
_UNBOUND = sa.text("""
    UPDATE office_letter SET dossier_sha256 = NULL WHERE claim_id = ANY(CAST(:claims AS uuid[]))
        AND dossier_sha256 = ANY(CAST(:hashes AS text[]))""")

_GONE = sa.text("UPDATE paper SET removed_at = :now WHERE id = ANY(CAST(:papers AS uuid[]))")
_READ = sa.text("UPDATE paper_field SET value_sealed = NULL, read_sealed = NULL WHERE paper_id = ANY(CAST(:papers AS uuid[]))")


@dataclass(frozen=True, slots=True)
class Due:
    """A claim whose papers' time is over: counted from `since`, `years` long, kept until `until`."""

    claim_id: uuid.UUID
    claim_no: str
    org_key: str
    since: date
    years: int
    until: date
    papers: int


def due(session: Session, *, today: date, most: int = 1000) -> list[Due]:
    """Claims of the caller's scope whose papers are to go, longest over first."""
    rows = session.execute(_DUE, {"short": SHORT, "long": LONG, "more": settings().keep_papers_years, "today": today, "most": most})
    return [Due(*row) for row in rows]


def sweep(session: Session, *, actor: Actor, now: datetime, most: int = _BATCH) -> list[Due]:
    """Let go of the papers of a batch of claims; those it dealt with. The system's act alone, over all organisations.

    Their bytes are owed to `leaving`: they go after the commit, so that nothing is gone that is not on the record.
    """
    actor.require(Role.SYSTEM, what="按期限销毁材料")
    if session.execute(sa.text("SELECT current_setting('app.org_path')")).scalar_one() != settings().root_org:
        raise NotPermitted("scope_part", "销毁材料须看得见全部组织，以免误删他处仍在使用的文件", remedy="由系统在根组织办理")
    today = business_day(now)
    found = due(session, today=today, most=most)
    if not found:
        return []
    session.execute(sa.text("SELECT id FROM claim WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE"),
                    {"ids": [one.claim_id for one in found]})
    still = {one.claim_id for one in due(session, today=today, most=most)}
    found = [one for one in found if one.claim_id in still]
    _destroy(session, found, actor, now)
    return found


def _destroy(session: Session, found: Sequence[Due], actor: Actor, now: datetime) -> None:
    by_claim = {one.claim_id: one for one in found}
    papers = session.execute(_PAPERS, {"claims": list(by_claim)}).all()
    ids = [row.id for row in papers]
    wanted: dict[uuid.UUID, set[str]] = {claim_id: set() for claim_id in by_claim}
    for claim_id, sha256 in session.execute(_BYTES, {"claims": list(by_claim)}):
        wanted[claim_id].add(sha256)
    hashes = set().union(*wanted.values())
    session.execute(_GONE, {"papers": ids, "now": now})
    session.execute(_READ, {"papers": ids})
    session.execute(_UNBOUND, {"claims": list(by_claim), "hashes": sorted(hashes)})
    still = resting.still(session, hashes)
    audit.append(session, [Entry(row.claim_id, row.org_key, "paper", row.id, "destroy", reason="retention", details={
        "kind": row.kind, "sha256": row.sha256, "clause": CLAUSE, "since": by_claim[row.claim_id].since.isoformat(),
        "years": by_claim[row.claim_id].years, "kept_until": by_claim[row.claim_id].until.isoformat(),
        "shared": row.sha256 in still}) for row in papers], account=actor.account_id, person=actor.person_id, at=now)
    leaving.owe(session, [Leaving(one.org_key, wanted[one.claim_id], one.claim_id) for one in found], now=now)
    session.flush()
