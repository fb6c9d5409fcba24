"""What lies above the cap is not settled by the quarter: at the year's end it becomes a claim with papers (A-06).

Opened by intake's own verbs as a report of the system, once a member, plan and year: whoever has a claim about it already gets
none. A claim of the year that is about less does not stand in the way.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import polars as pl
import sqlalchemy as sa
import structlog
from psycopg import sql
from sqlmodel import Session

from services.access.actor import system
from services.benefit.settled import lying
from services.core.errors import HuzhuError
from services.intake import opening as intake
from services.intake.reports import NewReport
from services.models import Settlement
from services.settlement.city.copying import Schema, copy_out
from services.settlement.city.rules import year_to_date
from services.settlement.city.telling import yuan

BATCH = 200
WHY_LATE = "医保数据年度结算时立案"
WHY_APART = "本年度封顶线以上部分另案办理"
log = structlog.get_logger()
_BILLS: Schema = {
    "person_id": pl.String(), "year": pl.Int16(), "setl_id": pl.String(), "setl_at": pl.Int64(), "kind": pl.String(),
    "own_1": pl.Int64(), "over_cap": pl.Int64(), "other_reimb": pl.Int64(), "apart": pl.String()}
_NEXT = f"""
    WITH above AS (
        SELECT DISTINCT coalesce(p.merged_into, p.id) AS id FROM bill b JOIN feed_file f ON f.id = b.feed_id AND f.plan = %(plan)s
        JOIN person p ON p.id = b.person_id
        WHERE b.year = %(year)s AND b.over_cap > 0 AND NOT b.superseded AND NOT b.reversed),
    next AS (
        SELECT id FROM above a WHERE id > %(after)s AND NOT EXISTS (SELECT FROM claim c WHERE c.person_id = a.id AND c.plan = %(plan)s
            AND c.event ->> 'year' = %(words)s AND c.event ? 'over_cap_own_1' AND c.state <> 'cancelled')
        ORDER BY id LIMIT %(size)s),
    theirs AS (
        SELECT n.id AS kept, w.id, w.part FROM next n CROSS JOIN LATERAL {lying("n.id")} w)
    SELECT t.kept, b.year, b.setl_id, (extract(epoch FROM b.setl_at) * 1000000)::bigint, b.kind, b.own_1, b.over_cap, b.other_reimb,
        EXISTS (SELECT FROM claim c WHERE c.person_id = t.kept AND c.plan = %(plan)s AND c.event ->> 'year' = %(words)s
            AND c.state <> 'cancelled')
    FROM theirs t JOIN bill b ON b.year = %(year)s AND b.part = t.part AND b.person_id = t.id
    JOIN feed_file f ON f.id = b.feed_id AND f.plan = %(plan)s WHERE NOT b.superseded AND NOT b.reversed"""
_LATE_YEARS = sa.text("SELECT DISTINCT year FROM settlement_line WHERE settlement_id = :settlement AND year < :year ORDER BY year")


def years(session: Session, settlement: Settlement) -> list[int]:
    """The years that are over: this one with its last quarter, and earlier ones that late bills touched."""
    late = list(session.execute(_LATE_YEARS, {"settlement": settlement.id, "year": settlement.year}).scalars())
    return [*late, settlement.year] if settlement.quarter == 4 else late


def open_next(session: Session, *, settlement: Settlement, year: int, after: uuid.UUID, now: datetime) -> tuple[int, uuid.UUID | None]:
    """Claims for the next members above the cap, in order of their ids; gives how many were opened and the last member looked at."""
    given = {"plan": settlement.plan, "year": year, "words": str(year), "after": after, "size": BATCH}
    bills = copy_out(session, sql.SQL(_NEXT), given, _BILLS)
    found = year_to_date(bills)
    if found.is_empty():
        return 0, None
    apart = frozenset(bills.filter(pl.col("apart") == "t")["person_id"])
    made = intake.report_all(session, reports=_reports(found, apart), actor=system(settlement.org_key), now=now)
    opened = sum(not isinstance(one, HuzhuError) for one in made)
    for person_id, one in zip(found["person_id"], made, strict=True):
        if isinstance(one, HuzhuError):     # the summary shows fewer claims than members above the cap; here is who, and why
            log.error("annual_claim_refused", settlement=str(settlement.id), person=person_id, year=year, code=one.code, why=one.message)
    session.execute(sa.text("UPDATE settlement SET claims = claims + :opened WHERE id = :id"), {"opened": opened, "id": settlement.id})
    return opened, uuid.UUID(str(found["person_id"].max()))


def _reports(found: pl.DataFrame, apart: frozenset[str]) -> Sequence[NewReport]:
    """The whole year of each, so that the claim's worksheet sees all that the maximum is counted of."""
    return [NewReport(person_id=uuid.UUID(row["person_id"]), channel="api", late_reason=WHY_LATE,
                      apart=WHY_APART if row["person_id"] in apart else None, event={
        "kind": "medical_year", "year": row["year"], "over_cap_own_1": yuan(row["over_cap"]),
        **({"outpatient_own_1": yuan(row["outpatient_own_1"])} if row["outpatient_own_1"] is not None else {}),
        **({"stays_own_1": [yuan(stay) for stay in row["stays_own_1"]]} if row["stays_own_1"] else {}),
        **({"other_reimbursed": yuan(row["other_reimb"])} if row["other_reimb"] else {})}) for row in found.iter_rows(named=True)]
