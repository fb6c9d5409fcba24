"""Boards against a plain reading of claims, clocks and the record in a simulated house: unit, district, office, root."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache

import pytest
import sqlalchemy as sa

from services.core.clock import business_day
from services.core.db import Scope
from services.core.errors import NotFound
from services.reporting.boards import behind, queries
from services.reporting.boards.views import WHOLE, Cut, Spread, TimeBy, Which
from services.reporting.figures.service import refresh
from services.workdays.calendar import calendar
from tests.support.databases import Fresh
from tests.support.simulated import NOW, ROOT, SMALL, fill

OCTOBER, TODAY = date(2026, 10, 1), business_day(NOW)
FIGURES = ("stage_visit", "day_tally", "month_tally", "open_tally")
PLACES = ("unit", "district", "office", "nation")


@pytest.fixture(scope="module")
def house(server: str) -> Iterator[Fresh]:
    db = Fresh(server)
    fill(db, replace(SMALL, members=150, claims=200))
    with db.unit_of_work(ROOT) as session:
        found = refresh(session, now=NOW)
    assert found is not None
    assert found.whole
    yield db
    db.drop()


@pytest.fixture(scope="module")
def places(house: Fresh) -> dict[str, str]:
    """The unit with most claims and what lies above it."""
    with house.view(ROOT) as session:
        unit = session.execute(sa.text("SELECT c.org_key FROM claim c JOIN organisation o ON o.org_key = c.org_key AND o.kind = 'unit'"
                                       " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1")).scalar_one()
        rows = session.execute(sa.text("SELECT kind, org_key FROM organisation WHERE starts_with(:unit, org_key)"), {"unit": unit}).all()
    found = {"district" if row.kind == "industry" else row.kind: row.org_key for row in rows}
    assert set(found) >= set(PLACES)
    return found


@dataclass(frozen=True, slots=True)
class Stay:
    """One visit or stay as told by hand: when it ended, and its length in calendar and in working days."""

    org_key: str
    plan: str
    stage: str
    level: str
    ended: date
    days: int
    workdays: int


@cache
def working(first: date, last: date) -> int:
    return sum(calendar().is_workday(first + timedelta(days=step)) for step in range(1, (last - first).days + 1))


@pytest.fixture(scope="module")
def told(house: Fresh) -> tuple[list[Stay], Counter[tuple[str, date, str]]]:
    """Every claim's record walked through by hand: stays, and what happened first in which month."""
    with house.view(ROOT) as session:
        rows = session.execute(sa.text("""
            SELECT a.chain_id, c.org_key, c.plan, a.at, a.machine, a.event, a.record->>'from' AS source, a.record->>'to' AS target, s.level
            FROM audit_record a JOIN claim c ON c.id = a.chain_id LEFT JOIN review_step s ON s.id = a.subject_id
            WHERE a.machine IN ('claim', 'review_step') ORDER BY a.chain_id, a.seq""")).all()
    chains = defaultdict(list)
    for row in rows:
        chains[row.chain_id].append(row)
    stays: list[Stay] = []
    happened: Counter[tuple[str, date, str]] = Counter()
    for chain in chains.values():
        _walk(chain, stays, happened)
    return stays, happened


def _walk(chain: list[sa.Row[tuple[object, ...]]], stays: list[Stay], happened: Counter[tuple[str, date, str]]) -> None:
    org_key, plan, began, stage, since = chain[0].org_key, chain[0].plan, business_day(chain[0].at), "", chain[0].at
    level, level_since, asked = "", chain[0].at, 0
    once: set[str] = set()

    def end(stage: str, level: str, since: datetime, at: datetime) -> None:
        first, last = business_day(since), business_day(at)
        stays.append(Stay(org_key, plan, stage, level, last, (last - first).days, working(first, last)))

    def first(what: str) -> bool:
        fresh = what not in once
        once.add(what)
        return fresh

    for row in chain:
        month = business_day(row.at).replace(day=1)
        if row.machine == "review_step" and row.event == "open":
            if level:
                end("in_review", level, level_since, row.at)
            level, level_since = row.level, row.at
        if row.machine != "claim" or row.target in (None, row.source):
            continue
        if level:
            end("in_review", level, level_since, row.at)
        if stage:
            end(stage, "", since, row.at)
        level, stage, since = "", row.target, row.at
        asked += row.event == "ask"
        said = []
        if row.event == "verify" and first("verify"):
            said += ["verified"] + ["complete"] * (not asked)
        if row.event in ("approve", "refuse", "insurer_pay", "insurer_refuse") and first("decision"):
            said += ["decided"] + ["asked"] * bool(asked) + ["refused"] * (row.target == "refused")
            happened[org_key, month, "rounds"] += asked
        if row.event in ("settle", "refuse", "insurer_refuse") and first("outcome"):
            stays.append(Stay(org_key, plan, WHOLE, "", business_day(row.at), (business_day(row.at) - began).days,
                              working(began, business_day(row.at))))
        happened.update((org_key, month, what) for what in said + ["paid"] * (row.event == "settle"))


def _share(lengths: list[int]) -> Spread:
    """Python's own: of the sorted list the first place that has the share behind it."""
    ordered = sorted(lengths)
    return Spread(*(ordered[math.ceil(len(ordered) * share / 100) - 1] for share in (50, 90, 95)))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("month", [None, OCTOBER])
def test_lengths_are_those_of_the_record(house: Fresh, places: dict[str, str], told: tuple[list[Stay], object], place: str,
                                         month: date | None) -> None:
    key = places[place]
    first, past = (month, date(2026, 11, 1)) if month else (date(2025, 12, 1), date(2026, 12, 1))
    within = [stay for stay in told[0] if stay.org_key.startswith(key) and first <= stay.ended < past]
    with house.view(Scope(key.rstrip("."))) as session:
        groups: tuple[tuple[TimeBy, str, Callable[[Stay], tuple[str, str] | None]], ...] = (
                ("stage", WHOLE, lambda stay: None if stay.level else (stay.stage, stay.stage)),
                ("level", WHOLE, lambda stay: (stay.level, "in_review") if stay.level else None),
                ("plan", WHOLE, lambda stay: (stay.plan, WHOLE) if stay.stage == WHOLE else None),
                ("plan", "reported", lambda stay: (stay.plan, "reported") if stay.stage == "reported" else None),
                ("org", "payable", lambda stay: (_below(stay.org_key, key), "payable") if stay.stage == "payable" else None))
        for by, stage, group in groups:
            expected = defaultdict(list)
            for stay in within:
                if (name := group(stay)) is not None:
                    expected[name].append(stay)
            found = queries.turnaround(session, Cut(key, month=month), by=by, stage=stage, now=NOW)
            assert {(row.key, row.stage): (row.n, row.days, row.workdays) for row in found.rows} == {
                name: (len(stays), _share([one.days for one in stays]), _share([one.workdays for one in stays]))
                for name, stays in expected.items()}, by
    assert within or month


def _below(org_key: str, key: str) -> str:
    rest = org_key[len(key):]
    return key + rest[:rest.index(".") + 1] if rest else key


@pytest.mark.parametrize("place", PLACES)
def test_open_clocks_are_those_of_the_table(house: Fresh, places: dict[str, str], place: str) -> None:
    key = places[place]
    with house.view(ROOT) as session:
        clocks = session.execute(sa.text("SELECT k.kind, c.plan, k.org_key, k.state, k.due_on, k.start_on FROM sla_clock k"
                                         " JOIN claim c ON c.id = k.claim_id WHERE k.state IN ('running', 'paused')"
                                         " AND k.kind <> 'objection' AND starts_with(k.org_key, :key)"), {"key": key}).all()
    assert clocks
    with house.view(Scope(key.rstrip("."))) as session:
        for by in ("kind", "plan", "org"):
            expected: dict[str, Counter[str]] = defaultdict(Counter)
            for one in clocks:
                group = expected[_below(one.org_key, key) if by == "org" else getattr(one, by)]
                age = working(one.start_on, TODAY)
                group.update(["open", f"age {next(band for band, last in enumerate((5, 10, 15, 30, 10**6)) if age <= last)}"])
                if one.state == "paused":
                    group.update(["paused"])
                elif one.due_on <= TODAY:
                    group.update(["late" if one.due_on < TODAY else "due today"])
                elif working(TODAY, one.due_on) <= 3:
                    group.update(["soon"])
            found = queries.open_now(session, Cut(key), by=by, now=NOW)
            assert {row.key: Counter({"open": row.open, "due today": row.due_today, "soon": row.soon, "late": row.late,
                                      "paused": row.paused, **{f"age {band}": n for band, n in enumerate(row.ages)}})
                    for row in found.rows} == expected
            assert found.total.open == len(clocks) == sum(found.total.ages)


@pytest.mark.parametrize("place", PLACES)
def test_months_are_those_of_the_record_the_clocks_and_the_payments(
        house: Fresh, places: dict[str, str], told: tuple[object, Counter[tuple[str, date, str]]], place: str) -> None:
    key = places[place]
    with house.view(ROOT) as session:
        stopped = session.execute(sa.text("""
            SELECT to_char(stopped_on, 'YYYY-MM') AS month, kind, sum(kept::int) AS kept, sum((NOT kept)::int) AS missed FROM sla_clock
            WHERE state = 'stopped' AND kept IS NOT NULL AND starts_with(org_key, :key) GROUP BY 1, 2"""), {"key": key}).all()
        paid = dict(session.execute(sa.text("""
            SELECT to_char(credited_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM'), sum(amount_fen)::bigint FROM payment
            WHERE state = 'credited' AND starts_with(org_key, :key) GROUP BY 1"""), {"key": key}).all())
    with house.view(Scope(key.rstrip("."))) as session:
        kept = queries.kept(session, Cut(key, month=OCTOBER), now=NOW)
        quality = queries.quality(session, Cut(key), now=NOW)
    for one in kept.kinds:
        for row in (one.now, one.last_month, one.last_year):
            plain = [(int(found.kept), int(found.missed)) for found in stopped
                     if (found.month, found.kind) == (f"{row.month:%Y-%m}", row.kind)]
            assert [(row.kept, row.missed)] == (plain or [(0, 0)])
    assert [row.month for row in (kept.total.now, kept.total.last_month, kept.total.last_year)] == [
        OCTOBER, date(2026, 9, 1), date(2025, 10, 1)]
    assert [(row.kept, row.missed) for row in kept.months] == [
        tuple(sum(int(getattr(found, what)) for found in stopped if found.month == f"{row.month:%Y-%m}") for what in ("kept", "missed"))
        for row in kept.months]
    happened: Counter[tuple[date, str]] = Counter()
    for (org_key, month, what), n in told[1].items():
        happened[month, what] += n * org_key.startswith(key)
    for rates in (*quality.months, quality.last_year):
        assert {name: getattr(rates, name) for name in ("verified", "complete", "decided", "asked", "rounds", "refused", "paid")} == {
            name: happened[rates.month, name] for name in ("verified", "complete", "decided", "asked", "rounds", "refused", "paid")}
        assert rates.paid_fen == paid.get(f"{rates.month:%Y-%m}", 0)
    assert quality.whole.decided == sum(rates.decided for rates in quality.months) > 0


@pytest.mark.parametrize("along", [False, True], ids=["from the claims", "along the days"])
@pytest.mark.parametrize("place", ["unit", "office"])
def test_behind_each_number_stand_as_many_rows(house: Fresh, places: dict[str, str], monkeypatch: pytest.MonkeyPatch, place: str,
                                               along: bool) -> None:
    monkeypatch.setattr(behind, "_MANY", -1 if along else 10**9)
    cut = Cut(places[place])
    with house.view(Scope(cut.org_key.rstrip("."))) as session:
        opened = queries.open_now(session, cut, by="kind", now=NOW)
        expected = [(Which(name), getattr(opened.total, name)) for name in ("open", "due_today", "soon", "late", "paused")]
        expected += [(Which("band", band=band), n) for band, n in enumerate(opened.total.ages)]
        expected += [(Which("open", kind=row.key), row.open) for row in opened.rows]
        expected += [(Which("time", stage=row.stage), row.n) for row in queries.turnaround(session, cut, by="stage", now=NOW).rows]
        expected += [(Which("time", level=row.key), row.n) for row in queries.turnaround(session, cut, by="level", now=NOW).rows]
        kept = queries.kept(session, cut, now=NOW)
        expected += [(Which(name, kind=row.now.kind, month=row.now.month), getattr(row.now, name))
                     for row in kept.kinds for name in ("kept", "missed")]
        whole = queries.quality(session, cut, now=NOW).whole
        expected += [(Which(name), getattr(whole, name)) for name in ("verified", "complete", "decided", "asked", "refused", "paid")]
        for which, n in expected:
            seen, after = [], ""
            while True:
                page = queries.claims(session, cut, which, after=after, limit=7 if place == "unit" else 60, now=NOW)
                seen += [(row.claim_id, row.kind, row.due_on, row.days) for row in page.rows]
                after = page.after
                if not after:
                    break
            assert len(seen) == n, which


def test_another_office_sees_nothing(house: Fresh, places: dict[str, str]) -> None:
    own = places["office"]
    with house.view(ROOT) as session:
        other = session.execute(sa.text("SELECT org_key FROM organisation WHERE kind = 'office' AND org_key <> :own LIMIT 1"),
                                {"own": own}).scalar_one()
    with house.view(Scope(other.rstrip("."))) as session:
        for table in FIGURES:
            keys = session.execute(sa.text(f"SELECT DISTINCT org_key FROM {table}")).scalars().all()
            assert keys, table
            assert all(key.startswith(other) for key in keys), table
        for cut in (Cut(own), Cut("cn.")):
            with pytest.raises(NotFound):
                queries.claims(session, cut, Which("open"), now=NOW)
