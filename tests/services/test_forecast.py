"""The forecast over a simulated house: what is counted, what is told of open promises, and that nothing of the future is known."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.core.db import Database, Scope
from services.reporting.boards.views import Cut
from services.reporting.figures import service as figures
from services.reporting.forecast import backtest, histograms, queries, service
from services.reporting.forecast.backtest import Then, in_first_tenth
from services.reporting.forecast.rules import LATE, OUTLASTS
from services.workdays.count import working_days_between
from tests.support.databases import Fresh
from tests.support.simulated import NOW, ROOT, fill

TODAY = date(2026, 11, 20)
_CASES = """SELECT promise, org_key, plan, stage, level, days, sum(n)::int FROM forecast_days WHERE month < :until GROUP BY 1, 2, 3, 4, 5, 6
            ORDER BY 1, 2, 3, 4, 5, 6"""


def refreshed(db: Database) -> None:
    with db.unit_of_work(ROOT) as session:
        figures.refresh(session, now=NOW)
        service.refresh(session, NOW)


@pytest.fixture(scope="module")
def house(server: str) -> Iterator[Database]:
    """Who writes here takes it back."""
    db = Fresh(server)
    fill(db)
    refreshed(db)
    yield db
    db.drop()


def rows(session: Session, query: str, **values: object) -> list[tuple[object, ...]]:
    return [tuple(row) for row in session.execute(sa.text(query), values)]


def test_what_is_counted_and_what_is_told(house: Database) -> None:
    """One office payment by hand; every open promise has its row; late ones are late and nothing else; a unit sees its own."""
    with house.view(ROOT) as session:
        claim, start, stopped, entered = rows(session, """
            SELECT k.claim_id, k.start_on, k.stopped_on, (v.entered_at AT TIME ZONE 'Asia/Shanghai')::date FROM sla_clock k
            JOIN stage_visit v ON v.claim_id = k.claim_id AND v.stage = 'payable' JOIN claim c ON c.id = k.claim_id
            WHERE k.kind = 'pay' AND k.state = 'stopped' AND k.pauses = '[]' AND c.route = 'office' AND c.state IN ('paid', 'closed')
            ORDER BY k.claim_id LIMIT 1""")[0]
        assert isinstance(stopped, date) and isinstance(entered, date) and isinstance(start, date) and start <= entered <= stopped
        of_its_days = rows(session, """
            SELECT n FROM forecast_days d JOIN claim c ON c.id = :claim AND d.plan = c.plan AND starts_with(c.org_key, d.org_key)
            WHERE d.promise = 'pay' AND d.stage = 'payable' AND d.month = date_trunc('month', CAST(:stopped AS date)) AND d.days = :days""",
                           claim=claim, stopped=stopped, days=working_days_between(entered, stopped))
        assert len(of_its_days) == 1
        assert rows(session, "SELECT sum(n) FROM forecast_days WHERE promise = 'pay' AND stage = 'payable'") == rows(session, """
            SELECT count(*) FROM sla_clock k JOIN stage_visit v ON v.claim_id = k.claim_id AND v.stage = 'payable'
            WHERE k.kind = 'pay' AND k.state = 'stopped'""")
        open_ones = rows(session, """
            SELECT k.claim_id, k.kind, k.state = 'running' AND k.due_on < :today FROM sla_clock k JOIN claim c ON c.id = k.claim_id
            WHERE k.kind IN ('pay', 'verification', 'insurer_pay') AND k.state <> 'stopped'""", today=TODAY)
        told = queries.risks(session, [(uuid.UUID(str(one)), str(kind)) for one, kind, _ in open_ones])
        assert len(told) == len(open_ones) > 20
        assert all(told[one, kind].rank == LATE for one, kind, late in open_ones if late)   # type: ignore[index]
        for (found, kind), risk in told.items():
            assert risk.left_days >= 0 or risk.said == "late", (found, kind)
            assert 0 <= risk.longer <= risk.compared and (risk.compared > 0) == (risk.said == "share")
        nation = Cut("cn.")
        bands = queries.bands(session, nation)
        assert (bands.as_of, sum(bands.shares) + bands.outlasts + bands.late) == (TODAY, sum(kind == "pay" for _, kind in told))
        first = queries.riskiest(session, nation, limit=5)
        ranks = [one.risk.rank for one in first]
        assert ranks == sorted(ranks, reverse=True) and LATE not in ranks
        assert ranks[0] == max(risk.rank for (_, kind), risk in told.items() if kind == "pay" and risk.rank != LATE)
        org = rows(session, "SELECT org_key FROM claim_risk WHERE promise = 'pay' ORDER BY 1 LIMIT 1")[0][0]
    with house.view(Scope(str(org).rstrip("."))) as session:
        assert {row[0] for row in rows(session, "SELECT org_key FROM claim_risk")} == {org}
        assert rows(session, "SELECT count(*) FROM forecast_days") == [(0,)]


def test_a_second_refresh_changes_nothing_and_what_ends_goes(house: Database) -> None:
    with house.view(ROOT) as session:
        before = (rows(session, _CASES, until=date(2027, 1, 1)), rows(session, "SELECT * FROM claim_risk ORDER BY 1, 2"))
    refreshed(house)
    with house.unit_of_work(ROOT) as session:
        assert (rows(session, _CASES, until=date(2027, 1, 1)), rows(session, "SELECT * FROM claim_risk ORDER BY 1, 2")) == before
        [(claim,)] = rows(session, "SELECT claim_id FROM claim_risk WHERE promise = 'pay' ORDER BY 1 LIMIT 1")
        session.execute(sa.text("UPDATE sla_clock SET state = 'stopped', stopped_on = :day, kept = true WHERE claim_id = :id"),
                        {"id": claim, "day": TODAY})
        service.refresh(session, NOW)
        assert rows(session, "SELECT 1 FROM claim_risk WHERE claim_id = :id", id=claim) == []
        session.rollback()


def test_nothing_of_what_comes_after_the_day_is_known(house: Database) -> None:
    """Claims that end on the day and later are planted anew; what was counted before it, and what stood then, does not change."""
    day = date(2026, 11, 1)
    with house.unit_of_work(ROOT) as session:
        before = rows(session, _CASES, until=day)
        stood = {one.claim_id: one.rank for one in backtest.then(session, day=day, known=TODAY)}
        assert len(before) > 20 and len(stood) > 3
        changed = session.execute(sa.text("UPDATE sla_clock SET stopped_on = stopped_on + 30, kept = false WHERE state = 'stopped'"
                                          " AND stopped_on >= :day AND kind = 'pay' RETURNING claim_id"), {"day": day}).all()
        session.execute(sa.text("UPDATE stage_visit SET left_at = left_at + interval '9 days' WHERE left_at >= :day"), {"day": day})
        histograms.fill(session, first=date(2024, 6, 1), until=date(2028, 1, 1))
        assert len(changed) > 5
        assert rows(session, _CASES, until=day) == before
        assert {one.claim_id: one.rank for one in backtest.then(session, day=day, known=TODAY)} == stood
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
