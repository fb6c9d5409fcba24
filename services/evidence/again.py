"""Papers read again: because somebody asked, or because another machine (or another rule of ours) reads now. Answers stay."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.errors import Conflict, NotFound
from services.evidence.answers import locked_claim, record
from services.evidence.papers import CHECKED_AGAIN, VERIFIERS, owe_check, still_here
from services.evidence.recognition import engine
from services.models import Paper
from services.outbox import service as outbox
from services.outbox.service import Work
from statemachines.states import ClaimState

# What nobody answered goes; the kind of sheet that a person's answers speak of stays; the reading counts as left to hands, so that
# the next machine reads it over (reader.unread, readings.keep).
_FORGET = sa.text("""
    WITH gone AS (DELETE FROM paper_field f WHERE f.paper_id = ANY(:papers) AND f.state = 'read' AND f.source <> 'person')
    UPDATE paper_reading r SET source = 'hand', engine = '', fault = NULL, sheets = coalesce((
        SELECT jsonb_object_agg(s.key, s.value) FROM jsonb_each(r.sheets) s WHERE EXISTS (
            SELECT FROM paper_field f WHERE f.paper_id = r.paper_id AND f.page::text = s.key
            AND (f.state <> 'read' OR f.source = 'person'))), '{}')
    WHERE r.paper_id = ANY(:papers)""").bindparams(sa.bindparam("papers", type_=sa.ARRAY(sa.Uuid())))
_OUTDATED = sa.text("""
    SELECT p.id FROM paper p JOIN paper_reading r ON r.paper_id = p.id JOIN claim c ON c.id = p.claim_id
    WHERE p.claim_id = ANY(:claims) AND p.removed_at IS NULL AND c.state = ANY(:states)
        AND r.source <> 'hand' AND r.engine <> :engine
        AND NOT EXISTS (SELECT FROM paper_field f WHERE f.paper_id = p.id AND (f.state <> 'read' OR f.source = 'person'))
    ORDER BY p.id""").bindparams(sa.bindparam("claims", type_=sa.ARRAY(sa.Uuid())), sa.bindparam("states", type_=sa.ARRAY(sa.Text())))
# Whoever answers fields holds the claim: what is answered in this moment is seen.
_HOLD = sa.text("SELECT id FROM claim WHERE id = ANY(:claims) ORDER BY id FOR KEY SHARE").bindparams(
    sa.bindparam("claims", type_=sa.ARRAY(sa.Uuid())))
_UNSHOWN = sa.text("DELETE FROM paper_page WHERE paper_id = :paper AND view_sha256 IS NULL RETURNING number")

# Of bytes that are there again: the pages that stood for their lack go, the paper is drawn as if it had just come in.
_HERE_AGAIN = "p.removed_at IS NULL AND p.sha256 <> ALL(:missing) AND g.fault IN ('object_missing', 'object_damaged')"
_LOST_CLAIMS = sa.text(f"""
    SELECT DISTINCT p.claim_id FROM paper p JOIN paper_page g ON g.paper_id = p.id WHERE {_HERE_AGAIN} ORDER BY p.claim_id""")
_UNDRAWN = sa.text(f"""
    WITH gone AS (DELETE FROM paper_page g USING paper p WHERE p.id = g.paper_id AND {_HERE_AGAIN} RETURNING p.id)
    UPDATE paper p SET pages = NULL FROM gone WHERE p.id = gone.id""")


def brought_back(session: Session, *, missing: Sequence[str], now: datetime) -> int:
    """The store has lost bytes no more, but for these hashes: papers that could not be drawn for it are owed anew. How many claims."""
    given = {"missing": list(missing)}
    claims = list(session.scalars(_LOST_CLAIMS, given))
    session.execute(_HOLD, {"claims": claims})
    session.execute(_UNDRAWN, given)
    owe_check(session, claims, now=now)
    return len(claims)


def read_again(session: Session, *, paper_id: uuid.UUID, actor: Actor, now: datetime) -> Paper:
    """The machine reads the paper anew, and pages that could not be drawn are drawn anew. What people answered stays as it is.

    NotFound; Conflict: destroyed in time, no machine reads here and every page was drawn, or the claim is past such work.
    """
    actor.require(*VERIFIERS, what="核对材料")
    paper = session.get(Paper, paper_id)
    if paper is None:
        raise NotFound("paper_missing", "没有这一材料，或不在您的管辖范围内", remedy="核对编号")
    claim = locked_claim(session, paper.claim_id, actor)
    session.refresh(paper, with_for_update=True)
    still_here(paper)
    unshown = list(session.scalars(_UNSHOWN, {"paper": paper.id}))
    if unshown:
        paper.pages = None
        session.add(paper)
        session.flush()
    elif not engine.name():
        raise Conflict("nobody_reads", "这里没有识别机器", remedy="照原件填写")
    if engine.name():
        session.execute(_FORGET, {"papers": [paper.id]})
        session.expire_all()
    record(session, claim, paper.id, "read_again", {"pages_drawn_again": unshown}, actor, now)
    outbox.add(session, [Work(CHECKED_AGAIN, claim.org_key, claim.id, paper.id)], now=now)
    return paper


def outdated(session: Session, claim_ids: Sequence[uuid.UUID]) -> int:
    """Papers that another machine read, in claims still being verified, of which nobody answered anything: to be read anew. How many."""
    if not engine.name():
        return 0
    session.execute(_HOLD, {"claims": list(claim_ids)})
    papers = list(session.scalars(_OUTDATED, {"claims": list(claim_ids), "engine": engine.name(),
                                              "states": [ClaimState.REPORTED, ClaimState.SUPPLEMENTING]}))
    if papers:
        session.execute(_FORGET, {"papers": papers})
    return len(papers)
