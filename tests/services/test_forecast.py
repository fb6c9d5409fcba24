"""The forecast over a simulated house: what is counted, what is told of open promises, and that nothing of the future is known."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import business_day
from services.core.db import Database, Scope
from services.reporting.boards.views import Cut
from services.reporting.figures import service as figures
from services.reporting.forecast import backtest, histograms, queries, service
from services.reporting.forecast.backtest import Then, in_first_tenth
from services.reporting.forecast.rules import LATE, OUTLASTS
from services.simulate.years.size import Size
from services.workdays.calendar import calendar
from services.workdays.count import add_working
from tests.support.databases import Fresh
from tests.support.simulated import NOW, ROOT, fill

TODAY = date(2026, 11, 20)
Like = tuple[str, str, str, str, str]           # office, promise, plan, stage, level
Counted = tuple[str, str, str, str, str, int]   # and the working days from entering the stage
Standing = tuple[Like, int, int, bool]          # days gone by there, days left with today, late
_CASES = """SELECT promise, org_key, plan, stage, level, days, sum(n)::int FROM forecast_days WHERE month < :until GROUP BY 1, 2, 3, 4, 5, 6
            ORDER BY 1, 2, 3, 4, 5, 6"""


@pytest.fixture(scope="module")
def house(server: str) -> Iterator[Database]:
    """Who writes here takes it back."""
    db = Fresh(server)
    db.make()
    fill(db, Size(members=90, claims=120, orgs=3, seed=7, now=NOW))
    with db.unit_of_work(ROOT) as session:
        figures.refresh(session, now=NOW)
    yield db
    db.drop()


def rows(session: Session, query: str, **values: object) -> list[Any]:
    return list(session.execute(sa.text(query), values).all())


def worked(first: date, last: date, pauses: list[tuple[date, date]]) -> int:
    """Working days after one day up to and including another that no pause takes out; below nothing the other way round."""
    if last < first:
        return -worked(last, first, [])
    days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    return sum(calendar().is_workday(day) and not any(begin < day <= end for begin, end in pauses) for day in days)


def reckoned(session: Session) -> tuple[Counter[Counted], dict[tuple[uuid.UUID, str], Standing]]:
    """Day by day from clocks and stays: what is counted of promises that ended, and where open ones stand."""
    stays, ended, still = defaultdict(list), Counter[Counted](), {}
    for stay in rows(session, "SELECT * FROM stage_visit"):
        stays[stay.claim_id, stay.round].append(stay)
    for clock in rows(session, "SELECT * FROM sla_clock WHERE kind IN ('pay', 'verification', 'insurer_pay')"):
        own, last = stays[clock.claim_id, clock.round], clock.stopped_on or clock.due_on
        given_up = any(stay.event in ("cancel", "lapse") and business_day(stay.left_at) == last for stay in own)
        pauses = [(date.fromisoformat(begin), date.fromisoformat(end) if end else last) for begin, end in clock.pauses]
        for stay in own:
            like = (f"cn.{clock.org_key.split('.')[1]}.", clock.kind, stay.plan, stay.stage, stay.level)
            since = business_day(stay.entered_at)
            over = stay.left_at is not None and business_day(stay.left_at) <= clock.start_on and since < clock.start_on
            if stay.stage not in histograms.STAGES or over:
                continue
            if clock.state == "stopped" and since <= last < TODAY and not given_up:
                ended[(*like, worked(since, last, pauses))] += 1
            if clock.state != "stopped" and stay.left_at is None:
                halted = [date.fromisoformat(begin) for begin, end in clock.pauses if end is None and begin < TODAY.isoformat()]
                until = halted[0] if halted else max(TODAY - timedelta(days=1), since - timedelta(days=1))
                closed = [pause for pause in pauses if pause[0] not in halted]
                left = worked(until, clock.due_on, closed)
                still[clock.claim_id, clock.kind] = (like, worked(since, until, closed), left, left < (0 if halted else 1))
    return ended, still


def test_every_row_is_that_of_a_plain_reckoning(house: Database) -> None:
    with house.view(ROOT) as session:
        ended, still = reckoned(session)
        counted = Counter[Counted]()
        for *like, n in rows(session, "SELECT org_key, promise, plan, stage, level, days, n FROM forecast_days"):
            counted[tuple(like)] += n
        assert counted == ended and ended.total() > 500
        told = {(row.claim_id, row.promise): row for row in rows(session, "SELECT * FROM claim_risk")}
    assert told.keys() == still.keys() and len(told) > 20
    widths = Counter[str]()
    for key, ((office, promise, plan, stage, level), elapsed, left, late) in still.items():
        compared: tuple[str, int, int] = ("nation", 0, 0)
        for width, same in (("level", (office, plan, level)), ("stage", (office, plan)), ("office", (office,)), ("nation", ())):
            alike = {one: n for one, n in ended.items()
                     if (one[1], one[3]) == (promise, stage) and (one[0], one[2], one[4])[:len(same)] == same}
            n = sum(n for one, n in alike.items() if one[5] > elapsed)
            if n:
                compared = (width, n, sum(n for one, n in alike.items() if one[5] > elapsed + left))
            if n >= 30:
                break
        risk = told[key]
        assert (risk.width, risk.compared, risk.longer) == (("", 0, 0) if late else compared), key
        assert (risk.rank == LATE) == late and (risk.stage, risk.level, risk.as_of) == (stage, level, TODAY)
        widths[risk.width] += 1
    assert all(widths[width] for width in ("level", "stage", "office", "nation", "")), widths


def test_what_is_told_of_a_part_of_the_house(house: Database) -> None:
    """The riskiest first and no late one among them; a unit reads its own rows and none of the histograms."""
    with house.view(ROOT) as session:
        ranks = [row[0] for row in rows(session, "SELECT rank FROM claim_risk WHERE promise = 'pay' ORDER BY rank DESC")]
        bands = queries.bands(session, Cut("cn."))
        assert (bands.as_of, sum(bands.counts[:-1]), bands.counts[-1]) == (TODAY, sum(rank != LATE for rank in ranks), ranks.count(LATE))
        told = [rank for rank in ranks if rank != LATE]
        assert [one.risk.rank for one in queries.riskiest(session, Cut("cn."), limit=5)] == told[:5]
        paged, after = list[queries.Riskiest](), ""
        while found := queries.riskiest(session, Cut("cn."), after=after, limit=2):      # pages end among equals
            paged += found
            after = found[-1].cursor
        assert [one.risk.rank for one in paged] == told and len({one.claim_no for one in paged}) == len(told)
        in_bands = [len(queries.riskiest(session, Cut("cn."), band=band, limit=100)) for band in range(len(bands.counts) - 1)]
        assert tuple(in_bands) == bands.counts[:-1]
        org = rows(session, "SELECT org_key FROM claim_risk WHERE promise = 'pay' ORDER BY 1 LIMIT 1")[0][0]
    with house.view(Scope(org.rstrip("."))) as session:
        assert {row[0] for row in rows(session, "SELECT org_key FROM claim_risk")} == {org}
        assert rows(session, "SELECT count(*) FROM forecast_days") == [(0,)]


def test_two_at_once_count_everything_once(house: Database) -> None:
    with house.view(ROOT) as session:
        before = rows(session, _CASES, until=date(2027, 1, 1))

    def again() -> None:
        with house.unit_of_work(ROOT) as session:
            service.refresh(session, NOW)

    with ThreadPoolExecutor(1) as other:
        with house.unit_of_work(ROOT) as session:
            service.refresh(session, NOW)
            second = other.submit(again)
            wait([second], timeout=0.3)
        second.result(timeout=30)
    with house.view(ROOT) as session:
        assert rows(session, _CASES, until=date(2027, 1, 1)) == before


def test_a_second_refresh_changes_nothing_and_what_ends_goes(house: Database) -> None:
    with house.view(ROOT) as session:
        before = (rows(session, _CASES, until=date(2027, 1, 1)), rows(session, "SELECT * FROM claim_risk ORDER BY 1, 2"))
    with house.unit_of_work(ROOT) as session:
        figures.refresh(session, now=NOW)
    with house.unit_of_work(ROOT) as session:
        assert (rows(session, _CASES, until=date(2027, 1, 1)), rows(session, "SELECT * FROM claim_risk ORDER BY 1, 2")) == before
        [(claim,)] = rows(session, "SELECT claim_id FROM claim_risk WHERE promise = 'pay' ORDER BY 1 LIMIT 1")
        session.execute(sa.text("UPDATE sla_clock SET state = 'stopped', stopped_on = :day, kept = true WHERE claim_id = :id"),
                        {"id": claim, "day": TODAY})
        service.refresh(session, NOW)
        assert rows(session, "SELECT 1 FROM claim_risk WHERE claim_id = :id", id=claim) == []
        session.rollback()


def test_nothing_of_what_comes_after_the_day_is_known(house: Database) -> None:
    """Claims that end on the day and later are planted anew, promises are paused after it (for three working days, by which they are
    due later); what was counted before it, and what stood then, does not change."""
    day = date(2026, 11, 1)
    with house.unit_of_work(ROOT) as session:
        before = rows(session, _CASES, until=day)
        stood = {one.claim_id: (one.rank, one.remaining) for one in backtest.then(session, day=day, known=TODAY)}
        assert len(before) > 20 and len(stood) > 3
        changed = session.execute(sa.text("UPDATE sla_clock SET stopped_on = stopped_on + 30, kept = false WHERE state = 'stopped'"
                                          " AND stopped_on >= :day AND kind = 'pay' RETURNING claim_id"), {"day": day}).all()
        session.execute(sa.text("UPDATE stage_visit SET left_at = left_at + interval '9 days' WHERE left_at >= :day"), {"day": day})
        paused = rows(session, """SELECT id, claim_id, due_on FROM sla_clock WHERE kind = 'pay' AND pauses = '[]' AND state = 'stopped'
            AND start_on < :day AND stopped_on > '2026-11-10' AND due_on > '2026-11-10'""", day=day)
        assert {clock.claim_id for clock in paused} & stood.keys()
        for clock in paused:
            session.execute(sa.text("UPDATE sla_clock SET due_on = :due, pauses = '[[\"2026-11-05\", \"2026-11-10\"]]' WHERE id = :id"),
                            {"id": clock.id, "due": add_working(clock.due_on, 3).due})
        histograms.fill(session, first=date(2024, 6, 1), until=date(2028, 1, 1))
        assert len(changed) > 5
        assert rows(session, _CASES, until=day) == before
        assert {one.claim_id: (one.rank, one.remaining) for one in backtest.then(session, day=day, known=TODAY)} == stood
        session.rollback()


def one(rank: int, *, late: bool, remaining: int = 1) -> Then:
    return Then(uuid.uuid4(), "cn.xj.", rank, remaining, TODAY - timedelta(days=remaining), late)


def test_the_first_tenth_by_hand() -> None:
    """Twenty claims, the first tenth is two: one certain place, and one for three equals of whom one was late."""
    claims = [one(9000, late=True), *(one(500, late=late) for late in (True, False, False)), *(one(10, late=False) for _ in range(15)),
              one(0, late=True)]
    found = in_first_tenth(claims, backtest.ORDERS["forecast"])
    assert (found.late, round(found.found, 6)) == (3, round(1 + 1 / 3, 6))
    bands = backtest.calibration([*claims, one(OUTLASTS, late=True)])
    assert [(band.low, band.n, round(band.late, 3)) for band in bands] == [
        (0, 1, 1.0), (1, 15, 0.0), (500, 3, 0.333), (5000, 1, 1.0), (OUTLASTS, 1, 1.0)]
