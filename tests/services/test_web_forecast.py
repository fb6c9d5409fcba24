"""The likeliest late first: on the list of work, on the team's, and one line beside the pay clock."""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.reporting import worklists
from services.reporting.figures import service as figures
from services.reporting.forecast import service
from services.reporting.worklists import LIKELY, Wish
from tests.services.api_world import Api
from tests.support.signed_in import sign_in
from tests.support.world import ROOT

# Forty claims like those below that have passed: thirty needed 3 working days from the district on, six 12, four 20.
_PASSED = ((3, 30), (12, 6), (20, 4))


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def refreshed(api: Api) -> None:
    with api.db.unit_of_work(ROOT.scope) as session:
        figures.refresh(session, now=api.clock.now())
        service.refresh(session, api.clock.now())
        session.execute(sa.text("DELETE FROM forecast_days"))
        for days, n in _PASSED:
            session.execute(sa.text("""
                INSERT INTO forecast_days (org_key, promise, plan, stage, level, month, days, n)
                SELECT 'cn.xj.', 'pay', c.plan, 'in_review', s.level, :month, :days, :n FROM claim c JOIN review_step s ON s.claim_id = c.id
                WHERE s.role = 'district_reviewer' LIMIT 1"""), {"month": date(2025, 6, 1), "days": days, "n": n})
        session.execute(sa.text("INSERT INTO forecast_days (org_key, promise, plan, stage, level, month, days, n)"
                                " VALUES ('cn.bj.', 'pay', 'bj-women-1y', 'payable', '', '2026-03-01', 1, 1)"))     # counted up to here
        service.refresh(session, api.clock.now())


def test_the_likeliest_late_first(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three claims reach the district on three working days. The longer one waits, the fewer of its likes were as slow:
    three days on, the first two are compared with the ten that needed more than 2 (and more than 3) working days."""
    numbers = []
    for n in range(3):
        claim_no = api.in_review(n)
        seen = str(api.get("xj.clerk", f"/claims/{claim_no}").json()["claim"]["digest"])
        assert api.act("xj.clerk", claim_no, "pass", {"seen": seen}).status_code == 200
        numbers.append(claim_no)
        api.clock.advance(timedelta(days=4 if n == 0 else 1))          # a Friday, then Tuesday, then Wednesday
    api.clock.advance(timedelta(days=1))
    refreshed(api)
    with api.db.view(ROOT.scope) as session:
        ranks = {row[0]: row[1:] for row in session.execute(sa.text(
            "SELECT c.claim_no, r.compared, r.longer FROM claim_risk r JOIN claim c ON c.id = r.claim_id WHERE r.promise = 'pay'"))}
    assert [tuple(ranks[number]) for number in numbers] == [(10, 4), (40, 4), (40, 4)]

    monkeypatch.setattr(worklists, "PAGE", 1)
    actor, after, order = api.world.actor("xj.district"), "", []
    with api.db.view(actor.scope) as session:
        names = dict(session.execute(sa.text("SELECT id, claim_no FROM claim")).all())
        while True:
            listed = worklists.worklist(session, actor, wish=Wish(order=LIKELY), after=after, today=api.clock.now().date())
            order += [names[key.claim_id] for key in listed.keys]
            after = listed.after
            if not after:
                break
    assert order == numbers
    monkeypatch.setattr(worklists, "PAGE", 50)
    district = sign_in(api.app, api.db, api.world, "xj.district", api.clock.now())
    page = district.get("/work", order="risk").text
    assert re.findall(r'<th scope="row"[^>]*><a class="number" href="/claims/([^?"]+)', page) == numbers
    assert "给付逾期可能 40%" in page and "最可能逾期的在前" in page
    assert "与本办事处近两年同计划、同层级的40件相比，其中4件（10%）用时超过剩余的" in page
    assert "与本办事处近两年" in district.get(f"/claims/{numbers[1]}").text
    head = sign_in(api.app, api.db, api.world, "xj.head", api.clock.now(), "en")
    team = head.get("/team", order="risk").text
    assert re.findall(r'<th scope="row"[^>]*><a class="number" href="/claims/([^?"]+)', team) == numbers
    assert "Payment may be late: 40%" in team
    assert head.get("/team", order="risk", after="nonsense").status_code == 422
    assert district.get("/work", order="risk", after="2026-04-01/x/review/1").status_code == 422
    too_great = f"2026-04-01/{uuid.UUID(int=1)}/review/99999999999"
    assert district.get("/work", order="risk", after=too_great).status_code == 422
    assert head.get("/team", order="risk", after=too_great.replace("/review", "")).status_code == 422
    # The first one was forecast at another level: what is not told does not sort either.
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE claim_risk r SET level = 'office_first' FROM claim c"
                                " WHERE c.id = r.claim_id AND c.claim_no = :no"), {"no": numbers[0]})
    moved = [*numbers[1:], numbers[0]]
    assert re.findall(r'<th scope="row"[^>]*><a class="number" href="/claims/([^?"]+)', district.get("/work", order="risk").text) == moved
    assert re.findall(r'<th scope="row"[^>]*><a class="number" href="/claims/([^?"]+)', head.get("/team", order="risk").text) == moved
