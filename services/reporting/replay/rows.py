"""The closed claims of a plan with their frozen worksheets, in one read."""

from __future__ import annotations

import polars as pl
from sqlmodel import Session

from services.access.actor import Actor
from services.core.db import driver_cursor

# The worksheet of the present round stands behind the decision; a claim closed without one was withdrawn or not pursued.
_CLOSED = """
    SELECT c.claim_no, c.person_id::text, c.round, c.plan_from, w.input::text, w.total_fen + w.refund_fen, (w.output -> 'lines')::text,
           w.refund_fen, w.made_at, d.amount_fen, d.source, d.kind, extract(year FROM d.at AT TIME ZONE 'Asia/Shanghai')::int
    FROM claim c LEFT JOIN worksheet w ON w.claim_id = c.id AND w.round = c.round AND w.frozen
    LEFT JOIN decision d ON d.claim_id = c.id AND d.round = c.round
    WHERE c.plan = %s AND c.state IN ('paid', 'closed') AND c.org_key >= %s AND c.org_key < %s"""
_SCHEMA: dict[str, pl.DataType] = {
    "claim_no": pl.String(), "person": pl.String(), "round": pl.Int64(), "plan_from": pl.Date(), "words": pl.String(),
    "before": pl.Int64(), "lines": pl.String(), "refunded": pl.Int64(), "made_at": pl.Datetime("us", "UTC"), "decided": pl.Int64(),
    "source": pl.String(), "kind": pl.String(), "year": pl.Int64()}


def closed(session: Session, plan: str, *, actor: Actor) -> pl.DataFrame:
    """One row a paid or closed claim of the plan in the actor's tree; `words` (the stored input) null without a frozen worksheet.

    Fen; `lines` is the JSON of the worksheet's lines, `decided`, `source` and `year` null where nothing was decided.
    """
    key = actor.org_key
    cursor = driver_cursor(session)
    cursor.execute(_CLOSED, (plan, key, f"{key.rstrip('.')}/"))
    return pl.DataFrame(cursor.fetchall(), schema=_SCHEMA, orient="row")
