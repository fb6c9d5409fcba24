"""How long claims took from entering a stage to the end of a promise, as histograms that add up.

A row of `forecast_days`: so many claims of an office, alike in promise, plan, stage and level, whose promise ended in a month,
needed so many working days from entering the stage to that end. Days are the office's own calendar's, pauses of the promise are
out. Claims withdrawn or given up are no likes: nobody finished them. What ended today is a like from tomorrow on: during a day the
histograms stand still. Whole months are replaced, so a refresh costs the months it names and two years at any day are a sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.core.months import months_on
from services.reporting.forecast.rules import Counted, Like
from services.sla.calendars import calendar_for, day_numbers

PROMISES = ("pay", "insurer_pay", "verification")
STAGES = ("reported", "supplementing", "verified", "in_review", "with_insurer", "payable")
MONTHS = 24                         # likes are of the past two years

_OFFICES = sa.text("SELECT org_key FROM organisation WHERE kind IN ('office', 'nation') ORDER BY org_key")
_DAY_TABLE = """
    CREATE TEMP TABLE IF NOT EXISTS forecast_day (office text COLLATE "C", day date, number int, PRIMARY KEY (office, day)) ON COMMIT DROP;
    CREATE TEMP TABLE IF NOT EXISTS forecast_office (org_key text COLLATE "C" PRIMARY KEY, office text COLLATE "C") ON COMMIT DROP"""
_NUMBERS = sa.text("""
    INSERT INTO forecast_day SELECT CAST(:office AS text), d.day, d.number
    FROM unnest(CAST(:days AS date[]), CAST(:numbers AS int[])) AS d(day, number)""")
# The office of each organisation: the nearest above it that is one, else the nation.
_OFFICE_OF = sa.text("""
    INSERT INTO forecast_office SELECT u.org_key, max(o.org_key COLLATE "C") FROM organisation u
    JOIN organisation o ON o.kind IN ('office', 'nation') AND starts_with(u.org_key, o.org_key) GROUP BY u.org_key""")


def prepare(session: Session) -> None:
    """Working days by running number for every office, and every organisation's office, until the transaction ends."""
    if session.execute(sa.text("SELECT to_regclass('pg_temp.forecast_day')")).scalar_one() is not None:
        return
    session.connection().exec_driver_sql(_DAY_TABLE)
    for office in session.execute(_OFFICES).scalars():
        days, numbers = day_numbers(calendar_for(session, office))
        session.execute(_NUMBERS, {"office": office, "days": days, "numbers": numbers})
    session.execute(_OFFICE_OF)
    session.connection().exec_driver_sql("ANALYZE forecast_day; ANALYZE forecast_office")


def number(day: str) -> str:
    """A day's running number in the calendar of `x.office`, in SQL: looked up by its key, whatever expression the day is."""
    return f"(SELECT o.number FROM forecast_day o WHERE o.office = x.office AND o.day = {day})"


def paused(first: str, last: str) -> str:
    """Working days of the pauses of clock `k` between two days, in SQL; `x.office` must be in reach."""
    begin, end = number(f"greatest((p ->> 0)::date, {first})"), number(f"least(coalesce((p ->> 1)::date, {last}), {last})")
    return f"""CASE WHEN k.pauses = '[]'::jsonb THEN 0 ELSE (SELECT coalesce(sum(greatest(0, {end} - {begin})), 0)
        FROM jsonb_array_elements(k.pauses) AS p)::int END"""


def china(column: str) -> str:
    """The business day of an instant, in SQL."""
    return f"({column} AT TIME ZONE 'Asia/Shanghai')::date"


_OF_CLOCK = f"""v.claim_id = k.claim_id AND v.round = k.round AND v.stage = ANY(CAST(:stages AS text[]))
    AND ({china("v.entered_at")} >= k.start_on OR v.left_at IS NULL OR {china("v.left_at")} > k.start_on)"""
_ENDED = f"""
    SELECT x.office, k.kind, v.plan, v.stage, v.level, date_trunc('month', k.stopped_on)::date,
           b.number - a.number - {paused(china("v.entered_at"), "k.stopped_on")} AS days
    FROM sla_clock k
    JOIN stage_visit v ON {_OF_CLOCK} AND {china("v.entered_at")} <= k.stopped_on
    JOIN forecast_office x ON x.org_key = k.org_key
    JOIN forecast_day a ON a.office = x.office AND a.day = {china("v.entered_at")}
    JOIN forecast_day b ON b.office = x.office AND b.day = k.stopped_on
    WHERE k.state = 'stopped' AND k.kept IS NOT NULL AND k.kind = ANY(CAST(:promises AS text[])) AND k.subject = ''
      AND k.stopped_on >= CAST(:first AS date) AND k.stopped_on < CAST(:until AS date)
      AND NOT EXISTS (SELECT 1 FROM stage_visit w WHERE w.claim_id = k.claim_id AND w.round = k.round
          AND w.event IN ('cancel', 'lapse') AND {china("w.left_at")} = k.stopped_on
          AND w.left_at >= (CAST(:first AS timestamp) AT TIME ZONE 'Asia/Shanghai'))"""
_FILL = sa.text(f"""
    INSERT INTO forecast_days (org_key, promise, plan, stage, level, month, days, n)
    SELECT e.office, e.kind, e.plan, e.stage, e.level, e.month, greatest(e.days, 0), count(*)
    FROM ({_ENDED}) AS e(office, kind, plan, stage, level, month, days) GROUP BY 1, 2, 3, 4, 5, 6, 7""")
_EMPTY = sa.text("DELETE FROM forecast_days WHERE month >= CAST(:first AS date)")
_FORGET = sa.text("DELETE FROM forecast_days WHERE month < CAST(:first AS date)")
_READ = sa.text("""
    SELECT promise, org_key, plan, stage, level, days, sum(n)::int FROM forecast_days
    WHERE month >= CAST(:first AS date) AND month <= CAST(:last AS date) GROUP BY 1, 2, 3, 4, 5, 6""")
_ANY = sa.text("SELECT max(month) FROM forecast_days")


def fill(session: Session, *, first: date, until: date) -> None:
    """Replace all months from `first` (the first of a month) on by what ended before `until`."""
    prepare(session)
    session.execute(_EMPTY, {"first": first})
    session.execute(_FILL, {"first": first, "until": until, "promises": list(PROMISES), "stages": list(STAGES)})


def refresh(session: Session, *, today: date, whole: bool = False) -> None:
    """This month, up to yesterday, and the last one anew; everything when nothing is there or when asked; older than two years is
    forgotten.
    """
    newest, oldest = None if whole else session.execute(_ANY).scalar_one(), months_on(today, -MONTHS)
    since = oldest if newest is None else max(oldest, min(newest, months_on(today, -1)))
    fill(session, first=since, until=today)
    session.execute(_FORGET, {"first": oldest})


def read(session: Session, *, today: date) -> Iterable[Counted]:
    """The histograms of the two years before a day."""
    rows = session.execute(_READ, {"first": months_on(today, -MONTHS), "last": today})
    return [Counted(Like(*row[:5]), row[5], row[6]) for row in rows]
