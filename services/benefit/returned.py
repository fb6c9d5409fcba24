"""The money of a claim's decisions came back: its cover is free for other claims of what nobody holds any more."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.benefit.rules import takings
from services.benefit.service import lock, release
from services.core.ids import uuidv7
from services.core.money import to_fen
from services.engine.one import compute
from services.rulebook import registry
from services.rulebook.results import Result
from services.rulebook.vocabulary import parse

# Claims whose concluded later round gave nothing more, and who hold, or are to be sent anew, exactly what that round left them: all
# else came back. By the decisions, not the payments, which may be planned after this. A year that is reckoned as a whole is left as
# it is when some of it stands, because other claims of the year were set off against it.
_EVEN = sa.text("""
    SELECT c.id, c.org_key, c.cover_id, c.round, c.plan, c.plan_from, q.after_fen, w.input, k.last_timely_day
    FROM claim c JOIN reopening q ON q.claim_id = c.id AND q.round = c.round AND q.concluded_at IS NOT NULL
    JOIN decision d ON d.claim_id = c.id AND d.round = c.round AND d.amount_fen = 0
    JOIN worksheet w ON w.id = d.worksheet_id JOIN case_file k ON k.id = c.case_id
    WHERE c.id IN (SELECT unnest(CAST(:ids AS uuid[]))) AND c.route = 'office' AND c.state IN ('refused', 'closed')
    AND q.after_fen = (SELECT sum(e.amount_fen) FROM decision e WHERE e.claim_id = c.id)
        - (SELECT sum(o.lapsed_fen) FROM reopening o WHERE o.claim_id = c.id)
        - (SELECT coalesce(sum(v.received_fen - CASE v.why WHEN 'advance' THEN v.amount_fen ELSE 0 END), 0)
            FROM receivable v WHERE v.claim_id = c.id)
    ORDER BY c.id""")
_STANDS = sa.text("""
    INSERT INTO reservation (id, org_key, cover_id, claim_id, round, benefit, amount_fen, days, state, made_at)
    VALUES (:id, :org, :cover, :claim, :round, :benefit, :fen, :days, 'paid', :now)
    ON CONFLICT (claim_id, round, benefit) DO UPDATE SET amount_fen = excluded.amount_fen, days = excluded.days,
        state = 'paid', made_at = excluded.made_at""")


def let_go(session: Session, *, claim_ids: Collection[uuid.UUID], now: datetime) -> None:
    """Release what earlier rounds were paid on the cover, once all that the last round asked back is there again.

    What that round let stand stays taken, as its own worksheet says. Claims that still owe, or are owed, are left as they are. The
    caller has locked the claims.
    """
    ids = {"ids": list(claim_ids)}
    if not session.execute(_EVEN, ids).first():
        return
    lock(session, claim_ids=claim_ids)
    for row in session.execute(_EVEN, ids).all():
        standing = _standing(row) if row.after_fen else []
        if standing is None:
            continue
        release(session, claim_ids=[row.id])
        if standing:
            session.execute(_STANDS, [{"org": row.org_key, "cover": row.cover_id, "claim": row.id, "round": row.round, "now": now} | one
                                      for one in standing])


def _standing(row: Any) -> list[dict[str, object]] | None:
    """What stands line by line; None when the worksheet alone does not say it (a whole year, a sum that was given up)."""
    book = registry.version(row.plan, row.plan_from)
    if book.mode == "year_to_date":
        return None
    result: Result = compute(book, parse(row.input), report_due=row.last_timely_day)
    if to_fen(result.total) + to_fen(result.refund) != row.after_fen:
        return None
    return [{"id": uuidv7(), "benefit": one.benefit, "fen": one.amount_fen, "days": one.days} for one in takings(result, {})]
