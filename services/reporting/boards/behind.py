"""The claims behind a number, from live rows, a page at a time."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import InputError
from services.reporting.boards.area import OF_KINDS, OF_PLANS, Area, area, span
from services.reporting.boards.standing_open import days
from services.reporting.boards.views import BANDS, WHOLE, Behind, Cut, Page, Which
from services.reporting.figures.tallies import MANUAL, OPEN, STOPPED
from services.reporting.figures.visits import DECISIONS

# With more open clocks than this an area is read along the days, with fewer from its claims.
_MANY = 3_000
# A page of rows: a second process costs more than it helps, and has the planner read the whole table only to be able to share it.
_ALONE = sa.text("SELECT set_config('max_parallel_workers_per_gather', '0', true)")
_HOW_MANY = sa.text("SELECT coalesce(sum(n), 0) FROM open_tally WHERE org_key = :key AND side = 'due'")
_HERE = "{0}.org_key >= :low AND {0}.org_key < :high"
# What is shown of a claim is looked up for the rows of the page alone: joined before they are cut off, it would be for every row.
_SHOWN = """
    SELECT c.id AS claim_id, c.claim_no, c.plan, c.state, c.org_key, (SELECT o.name FROM organisation o WHERE o.org_key = c.org_key) AS org,
           x.kind, x.due_on, x.days, {fen} AS fen, x.place, x.row
    FROM ({rows} LIMIT :limit) x JOIN claim c ON c.id = x.claim_id ORDER BY x.place, x.row"""
_RUNNING = "k.state = 'running' AND "
_CLOCKS = {
    "open": "true", "due_today": f"{_RUNNING} k.due_on = :today", "soon": f"{_RUNNING} k.due_on > :today AND k.due_on <= :soon",
    "late": f"{_RUNNING} k.due_on < :today", "paused": "k.state = 'paused'", "band": "k.start_on >= :band_from AND k.start_on < :band_past"}
_VERDICTS = {"kept": "k.kept", "missed": "NOT k.kept"}
_VISITS = {
    "time": f"""CASE WHEN :stage = '{WHOLE}' THEN v.whole_days IS NOT NULL WHEN :level <> '' THEN v.level = :level
        ELSE v.stay_days IS NOT NULL AND (:stage = '' OR v.stage = :stage) END""",
    "verified": "v.event = 'verify' AND v.first", "complete": "v.event = 'verify' AND v.first AND v.asked = 0",
    "decided": f"v.event IN {DECISIONS} AND v.first", "asked": f"v.event IN {DECISIONS} AND v.first AND v.asked > 0",
    "returned": f"v.event IN {DECISIONS} AND v.first AND v.returned > 0",
    "refused": "v.event IN ('refuse', 'insurer_refuse') AND v.first", "paid": "v.event = 'settle'"}
_DAYS = f"CASE WHEN :stage = '{WHOLE}' THEN v.whole_days WHEN :level <> '' THEN v.days ELSE v.stay_days END"


def _shown(rows: str, fen: str = "c.amount_fen") -> sa.TextClause:
    return sa.text(_SHOWN.format(rows=rows, fen=fen))


def _clocks(condition: str, place: str, where: str, *, along: bool) -> sa.TextClause:
    """`place`: the day by which they come; `along`: read by that day, for an area with very many."""
    rows = f"""
        SELECT k.claim_id, k.kind, k.due_on, NULL::int AS days, {place} AS place, k.id AS row FROM sla_clock k
        JOIN claim c ON c.id = k.claim_id AND {_HERE.format("c")} AND {OF_PLANS.format("c")}
        WHERE {where} AND {condition} AND {_HERE.format("k")} AND {OF_KINDS.format("k")} AND (:kind = '' OR k.kind = :kind)
          AND ({place}, k.id) > (CAST(:place AS date), CAST(:row AS uuid))"""
    return _shown(f"{rows} ORDER BY {place}, k.id" if along else f"SELECT * FROM ({rows} OFFSET 0) y ORDER BY place, row")


_IN_MONTHS = f"{STOPPED} AND k.stopped_on >= :first_day AND k.stopped_on < :past_day"
_QUERIES: dict[tuple[str, bool], sa.TextClause] = {}
for _along in (False, True):
    for _name, _condition in _CLOCKS.items():
        _open = "" if _along else " AND c.state NOT IN ('closed', 'cancelled')"
        _QUERIES[_name, _along] = _clocks(f"{_condition}{_open}", "k.due_on", OPEN, along=_along)
    for _name, _condition in _VERDICTS.items():
        _QUERIES[_name, _along] = _clocks(_condition, "k.stopped_on", _IN_MONTHS, along=_along)
    for _name, _condition in _VISITS.items():
        _QUERIES[_name, _along] = _shown(f"""
            SELECT v.claim_id, CASE WHEN v.level <> '' THEN v.level ELSE v.stage END AS kind, NULL::date AS due_on, {_DAYS} AS days,
                   v.left_at AS place, v.claim_id AS row
            FROM stage_visit v
            WHERE {_HERE.format("v")} AND v.left_at >= :first AND v.left_at < :past AND {OF_PLANS.format("v")} AND {_condition}
              AND (v.left_at, v.claim_id) > (CAST(:place AS timestamptz), CAST(:row AS uuid))
            ORDER BY v.left_at, v.claim_id""")
    _QUERIES["manual", _along] = _shown(f"""
        SELECT c.id AS claim_id, s.level AS kind, NULL::date AS due_on, NULL::int AS days, DATE '0001-01-01' AS place, c.id AS row
        FROM claim c JOIN review_step s ON s.claim_id = c.id AND s.round = c.round AND s.state = 'open'
        WHERE {_HERE.format("c")} AND {OF_PLANS.format("c")} AND (:level = '' OR s.level = :level) AND {MANUAL}
          AND c.id > CAST(:row AS uuid) ORDER BY c.id""", "NULL::bigint")


def claims(session: Session, cut: Cut, which: Which, *, after: str = "", limit: int = 50, now: datetime) -> Page:
    """The claims behind a number, oldest day first (of clocks the day they are due or stopped, of visits the moment they ended).

    InputError: a wrong `after`. NotFound: no such organisation in sight.
    """
    session.execute(_ALONE)
    found = area(session, cut, now)
    months = _months(found, which)
    place, row = _cursor(after, which, months)
    values = {**found.values(by_part=False), **months, **_days(session, found, which), "kind": which.kind, "stage": which.stage,
              "level": which.level, "place": place, "row": row, "limit": limit + 1}
    rows = session.execute(_QUERIES[which.number, _many(session, found)], values).all()
    shown = rows[:limit]
    last = f"{shown[-1].place.isoformat()}/{shown[-1].row}" if len(rows) > limit else ""
    return Page(tuple(Behind(one.claim_id, one.claim_no, one.plan, one.state, one.org_key, one.org or one.org_key, one.kind, one.due_on,
                             one.days, one.fen) for one in shown), last)


def _many(session: Session, found: Area) -> bool:
    return found.has_tallies and session.execute(_HOW_MANY, {"key": found.key}).scalar_one() > _MANY


def _months(found: Area, which: Which) -> dict[str, object]:
    return span(which.month, which.month) if which.month else found.months


def _days(session: Session, found: Area, which: Which) -> dict[str, object]:
    """Today, the last day that is soon, and from which day to before which one the band's clocks started."""
    told = days(session, found.key, found.today)
    band = which.band or 0
    start = date.min if band == len(BANDS) - 1 else told.bands[band]
    return {"today": told.today, "soon": told.soon, "band_from": start, "band_past": told.bands[band - 1] if band else date.max}


def _cursor(after: str, which: Which, months: dict[str, object]) -> tuple[date | datetime, uuid.UUID]:
    """The row behind which the page begins; the first page with the months: an index is read from the row that is named, whatever
    day is said besides.
    """
    moment = which.number in _VISITS
    if not after:
        begin = months["first"] if moment else months["first_day"] if which.number in _VERDICTS else date.min
        assert isinstance(begin, date)
        return begin, uuid.UUID(int=0)
    try:
        place, row = after.split("/")
        return (datetime.fromisoformat(place) if moment else date.fromisoformat(place)), uuid.UUID(row)
    except ValueError:
        raise InputError("cursor_wrong", "翻页位置不对", remedy="从第一页重新开始", field="after") from None
