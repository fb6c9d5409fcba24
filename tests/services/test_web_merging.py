"""By page: two records of one person seen side by side, merged and parted again; the insurer's endorsement of covers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.enrolment import queries
from services.simulate.synthetic import REGIONS, synthetic_person
from tests.services.api_world import Api
from tests.services.claim_pages import person
from tests.support.world import ROOT, XJ_PLAN, enrol_members


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_two_records_of_one_person_become_one_and_two_again(api: Api, now: datetime) -> None:
    kept = api.world.member(1, "xj").synthetic
    twice = replace(synthetic_person(880, region=REGIONS["xinjiang"], bank="ICBC"), name=kept.name)
    with api.db.unit_of_work(ROOT.scope) as session:
        enrol_members(session, api.world, "xj", XJ_PLAN, [twice], date(2027, 1, 1), now)
        found = queries.person_by_number(session, twice.id_number)
        assert found is not None
        other_id = found.id
    office, kept_id = person(api, "xj.office1"), api.world.person("xj.m1")
    address = f"/people/{kept_id}/merge"
    assert address in office.get(f"/people/{kept_id}").text
    office.get(address)
    assert 'id="id_number-fault"' in office.send(address, id_number=api.world.member(0).synthetic.id_number).text, "another region's"
    assert "就是这一条记录" in office.send(address, id_number=kept.id_number).text
    pair = office.send(address, id_number=twice.id_number)
    assert pair.status_code == 200 and "确是同一人，合并" in pair.text and twice.id_number[-4:] in pair.text
    version = re.search(r'name="version" value="(\d+)"', pair.text)
    assert version is not None
    stale = office.send(address, id_number=twice.id_number, confirmed="yes", version="99", why="号码录错")
    assert stale.status_code == 409 and 'value="号码录错"' in stale.text
    done = office.send(address, id_number=twice.id_number, confirmed="yes", version=version[1], why="号码录错")
    assert done.headers["location"].endswith("done=merged"), done.text
    page = office.get(address).text
    row = re.search(r'name="row" value="([0-9a-f-]{36})"', page)
    assert row is not None and "号码录错" in page
    assert office.get(f"/people/{other_id}").text.count(kept.id_number[-4:]) >= 1, "the old address leads to the kept record"
    assert office.send(f"{address}/undo", row=row[1], why="其实是两人").headers["location"].endswith("done=split")
    assert "以前的合并" not in office.get(address).text


def test_an_endorsement_names_all_its_covers_or_none(api: Api) -> None:
    with api.db.view(ROOT.scope) as session:
        first, second = (queries.covers_of(session, api.world.person(f"xj.m{n}"))[0].certificate_no for n in (1, 2))
    office, address = person(api, "xj.office1"), f"/book/covers/{first}/endorse"
    assert address in office.get(f"/book/covers/{first}").text
    assert address not in person(api, "xj.clerk").get(f"/book/covers/{first}").text
    office.get(address)
    given = {"kind": "change", "on": "2026-03-18", "text": "更正姓名", "number": "PD-2026-1", "policy_no": "P-2026-88"}
    assert 'id="on-fault"' in office.send(address, **{**given, "on": "2026-03-21"}, files=None).text
    missing = office.send(address, certificates=f"{second}\nNO-SUCH", files=None, **given)
    assert missing.status_code == 404
    assert "P-2026-88" not in office.get(f"/book/covers/{first}").text
    office.get(address)
    assert office.send(address, certificates=f"{second}", files=None, **given).headers["location"].endswith("done=endorsed")
    for number in (first, second):
        page = office.get(f"/book/covers/{number}").text
        assert "更正姓名" in page and "PD-2026-1" in page and "P-2026-88" in page
