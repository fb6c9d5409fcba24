"""One claim after another through a worklist, forwards and backwards, whatever waits on each."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.intake.queries import claim_numbers
from services.reporting import neighbours as neighbouring
from services.reporting.neighbours import Neighbours, neighbours
from services.reporting.worklists import Wish, worklist
from tests.services.api_world import Api, picture
from tests.services.claim_pages import person, press
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def waiting(api: Api, login: str) -> list[str]:
    """The list's claims, each where its first task stands."""
    actor = api.world.actor(login)
    with api.db.view(actor.scope) as session:
        keys = worklist(session, actor, wish=Wish(), today=api.clock.now().date()).keys
        return claim_numbers(session, list(dict.fromkeys(key.claim_id for key in keys)))


def near(api: Api, login: str, claim_no: str) -> Neighbours:
    actor = api.world.actor(login)
    with api.db.view(actor.scope) as session:
        return neighbours(session, claim_no, actor, today=api.clock.now().date())


def walked(api: Api, login: str, listed: list[str]) -> None:
    for place, claim_no in enumerate(listed):
        wanted = Neighbours(listed[place - 1] if place else "", listed[place + 1] if place + 1 < len(listed) else "")
        assert near(api, login, claim_no) == wanted, (login, place)


def test_every_place_of_the_list_has_its_neighbours(api: Api) -> None:
    handed_in = api.report(0)
    api.upload("xj.clerk", f"/claims/{handed_in}/papers", picture("a"), kind="diagnosis")
    both, level = api.in_review(1), api.in_review(2)
    for claim_no in (both, handed_in):          # two tasks each: the claim is met once
        member = "xj.m1" if claim_no == both else "xj.m0"
        assert person(api, member).get(f"/mine/{claim_no}").status_code == 200
        visitor = person(api, member)
        visitor.get(f"/mine/{claim_no}")
        assert visitor.send(f"/mine/{claim_no}/talk", words="请问到哪一步了").status_code == 303
    listed = waiting(api, "xj.clerk")
    assert sorted(listed) == sorted([handed_in, both, level])
    walked(api, "xj.clerk", listed)
    assert press(person(api, "xj.clerk"), both, "pass").endswith("done=passed")
    assert press(person(api, "xj.clerk"), level, "pass").endswith("done=passed")
    reviewed = waiting(api, "xj.district")
    assert {both, level} <= set(reviewed)
    walked(api, "xj.district", reviewed)
    assert near(api, "xj.clerk", level) == Neighbours("", waiting(api, "xj.clerk")[0]), "gone from the list: on to its first"
    page = person(api, "xj.district").get(f"/claims/{reviewed[1]}?from=work").text
    assert f'/claims/{reviewed[0]}?from=work">上一件' in page
    assert near(api, "xj.auditor", level) == Neighbours("", "")


@pytest.mark.parametrize("many", [neighbouring.MANY, 1])     # with 1 every list counts as long, and is gone through along its clocks
def test_without_a_day_or_beyond_it_the_order_is_the_lists(api: Api, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(neighbouring, "MANY", many)
    claims = [api.in_review(n) for n in (0, 1, 2)]
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("DELETE FROM sla_clock k USING claim c WHERE c.id = k.claim_id AND k.kind = 'level' AND c.claim_no = :no"),
                        {"no": claims[0]})
        session.execute(sa.text("UPDATE sla_clock SET due_on = DATE '2026-03-02' FROM claim c WHERE c.id = claim_id AND kind = 'level'"
                                " AND c.claim_no = :no"), {"no": claims[2]})
    assert waiting(api, "xj.clerk") == [claims[2], claims[1], claims[0]]
    walked(api, "xj.clerk", [claims[2], claims[1], claims[0]])
