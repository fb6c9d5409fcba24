"""The pages of a settled quarter: list, summary with distribution, the rows that stayed out, and a member's worksheet."""

from __future__ import annotations

import gzip
import io
from datetime import date

import sqlalchemy as sa
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook

from services.core.clock import FixedClock, at_hour
from services.core.db import Database, Scope
from services.wiring import Wiring
from tests.services import city_world
from tests.services.city_world import Row, settle
from tests.support.apps import app_over
from tests.support.signed_in import sign_in
from tests.support.world import ROOT

APRIL = at_hour(date(2026, 4, 10))
ROWS = [Row(0, "A1", "2026-01-05", "8406.00"), Row(1, "B1", "2026-01-06", "5000.00", stay=True), Row(2, "C1", "2026-03-06", "1000.00"),
        Row(4, "E1", "2026-02-06", "2300.00", name="别人")]


def test_a_settled_quarter_is_seen_by_those_who_may(db: Database) -> None:
    city = city_world.build(db, APRIL)
    app = app_over(Wiring(db, FixedClock(APRIL), None, Scope("cn")))     # type: ignore[arg-type]
    maker = sign_in(app, db, city.world, "bj.maker", APRIL)
    assert "还没有结算过" in maker.get("/settlements").text
    done = settle(city, ROWS, APRIL, quarter=1)
    assert f"/settlements/{done.id}" in maker.get("/settlements").text
    page = maker.get(f"/settlements/{done.id}").text
    assert "2,061.20" in page and "1000–2000 元" in page and "<svg" in page         # 1321.20 + 740.00
    assert city.members[0].name in page
    assert city.members[2].name not in maker.get(f"/settlements/{done.id}", outcome="pay").text.split('id="lines"')[1]
    sheet = maker.get(f"/settlements/{done.id}/lines/{city.persons[0]}/2026")
    assert sheet.status_code == 200 and "1,321.20" in sheet.text and "门诊起付线1800元" in sheet.text
    with db.view(ROOT.scope) as session:
        looks = session.execute(sa.text("SELECT reason FROM access_record WHERE what LIKE 'settlement_line:%'")).scalars().all()
    assert looks == [f"2026Q1 {city.persons[0]}"]
    out = gzip.decompress(maker.get(f"/settlements/{done.id}/unresolved").content).decode("utf-8-sig")
    assert "E1" in out and "name_differs" in out and city.members[4].name not in out
    book = CalamineWorkbook.from_filelike(io.BytesIO(maker.get(f"/settlements/{done.id}/workbook").content))
    rows = book.get_sheet_by_name("汇总").to_python()
    assert ["应付（元）", 2061.2] in rows
    english = sign_in(app, db, city.world, "bj.maker", APRIL, "en").get(f"/settlements/{done.id}").text
    assert "How payments spread" in english
    for other in ("nx.maker", "bj.clerk", "bj.district"):
        stranger = sign_in(app, db, city.world, other, APRIL)
        assert stranger.get(f"/settlements/{done.id}").status_code in (403, 404), other


def test_programs_see_the_same_numbers(db: Database) -> None:
    city = city_world.build(db, APRIL)
    app = app_over(Wiring(db, FixedClock(APRIL), None, Scope("cn")))     # type: ignore[arg-type]
    done = settle(city, ROWS, APRIL, quarter=1)
    http, headers = TestClient(app), {"Authorization": f"Bearer {city.world.tokens['bj.maker']}"}
    [row] = http.get("/api/v1/settlements", headers=headers).json()
    assert (row["id"], row["state"], row["due"], row["paying"]) == (str(done.id), "settled", "2061.20", 2)
    told = http.get(f"/api/v1/settlements/{done.id}", headers=headers).json()
    assert (told["done"], told["of"], told["unresolved"]) == (64, 64, 1)
    assert {(one["low"], one["lines"]) for one in told["distribution"] if one["lines"]} == {("0.00", 1), ("500.00", 1), ("1000.00", 1)}
    other = {"Authorization": f"Bearer {city.world.tokens['nx.maker']}"}
    assert http.get("/api/v1/settlements", headers=other).json() == []
    assert http.get(f"/api/v1/settlements/{done.id}", headers=other).status_code == 404
