"""The ledger's page and route: found in scope, another unit's claim not named, every search recorded without what was typed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.evidence import invoices, matches
from tests.services.api_world import Api
from tests.services.invoice_papers import facts, hand_in
from tests.support.signed_in import sign_in
from tests.support.world import ROOT

SAID = facts(3)


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def handed_in(api: Api) -> list[str]:
    """One invoice in two claims of two units, its bytes the same."""
    with api.db.unit_of_work(ROOT.scope) as session:
        claims = session.execute(sa.text("SELECT id, claim_no, org_key FROM claim ORDER BY id")).all()
        for claim in claims:
            hand_in(session, claim.id, b"the same file", 3, api.clock.now())
        # The second claim's unit is the neighbour, so that a district sees both and no unit does.
        for table in ("claim", "paper", "paper_page", "paper_field", "paper_reading"):
            where = "id" if table == "claim" else "claim_id" if table in ("paper", "paper_field") else ""
            key = f"{where} = :claim" if where else "paper_id IN (SELECT id FROM paper WHERE claim_id = :claim)"
            session.execute(sa.text(f"UPDATE {table} SET org_key = 'cn.xj.wlmq.tsd.u002.' WHERE {key}"), {"claim": claims[1].id})
        invoices.note(session, [claim.id for claim in claims], now=api.clock.now(), again=False)
        matches.keep(session, [claim.id for claim in claims], [], now=api.clock.now())
        session.execute(sa.text("UPDATE claim SET state = 'in_review' WHERE id = :claim"), {"claim": claims[0].id})
    return [claim.claim_no for claim in claims]


def test_an_invoice_is_found_by_number_amount_and_day(api: Api) -> None:
    api.report(0)
    api.report(1)
    first, second = handed_in(api)
    district = sign_in(api.app, api.db, api.world, "xj.district", api.clock.now())
    page = district.get("/invoices").text
    assert "核对之后又在别处使用的材料" in page and first in page      # the first claim went on: its office is told here
    for asked in ({"number": SAID["number"]}, {"amount": SAID["amount"]}, {"from_on": SAID["issued_on"], "until_on": SAID["issued_on"]}):
        page = district.send("/invoices", **asked).text
        assert "找到 2 张" in page and first in page and second in page and "同一文件" in page, asked
    assert "找到 0 张" in district.send("/invoices", number=SAID["number"][:6]).text
    for refused in ({}, {"amount": "abc"}, {"from_on": "2026-03-01"}, {"from_on": "2026-03-02", "until_on": "2026-03-01"}):
        assert district.send("/invoices", **refused).status_code == 422, refused
    with api.db.view(ROOT.scope) as session:
        looked = session.execute(sa.text("SELECT what FROM access_record WHERE what LIKE 'invoices:%' ORDER BY id")).scalars().all()
    assert looked == ["invoices:2", "invoices:2", "invoices:2", "invoices:0"]


def test_another_offices_ledger_is_not_seen_and_another_units_claim_not_named(api: Api) -> None:
    api.report(0)
    api.report(1)
    first, second = handed_in(api)
    answer = api.post("xj.district", "/invoices/find", {"number": SAID["number"], "code": SAID["code"]})
    assert answer.status_code == 200, answer.text
    lines = {line["claim_no"]: line for line in answer.json()["lines"]}
    assert set(lines) == {first, second} and lines[first]["amount"] == SAID["amount"]
    assert [(use["claim_no"], use["first"]) for use in lines[second]["uses"]] == [(first, True)]
    assert api.post("nx.district", "/invoices/find", {"number": SAID["number"]}).json()["lines"] == []
    with api.db.view(ROOT.scope) as session:        # the answer tells whose invoice it is: it is kept nowhere
        assert not session.execute(sa.text("SELECT count(*) FROM idempotency_key WHERE body::text LIKE :said"),
                                   {"said": f"%{SAID['number']}%"}).scalar_one()
    with api.db.view(api.world.actor("xj.clerk").scope) as session:
        claim = session.execute(sa.text("SELECT id FROM claim WHERE claim_no = :no"), {"no": first}).scalar_one()
        assert [(use.other_claim_no, use.other_org_name) for use in matches.shown(session, [claim])[claim]] == [(None, None)]
