"""Files at the insurer as the office sees them; samples of decisions drawn and checked by page."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services import paying_world
from tests.services.api_world import Api
from tests.support.signed_in import sign_in
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_an_empty_desk_says_so_and_only_the_office_sees_it(api: Api, now: datetime) -> None:
    assert "没有这样的案卷" in sign_in(api.app, api.db, api.world, "nx.office1", now).get("/handoffs").text
    for login in ("nx.clerk", "nx.maker", "nx.admin"):
        assert sign_in(api.app, api.db, api.world, login, now).get("/handoffs").status_code == 403


def test_a_sample_is_drawn_again_the_same_and_its_deciders_do_not_check(api: Api, now: datetime) -> None:
    with api.db.unit_of_work(ROOT.scope) as session:
        for n, fen in enumerate((100_000, 200_000, 300_000)):
            paying_world.decided(session, api.world, n, fen, now=now)
    api.clock.instant = now.replace(year=2026, month=4, day=20)
    head = sign_in(api.app, api.db, api.world, "xj.head", api.clock.now())
    head.get("/samples")
    day = "2026-03-20"
    refused = head.send("/samples", from_on=day, until_on="", share="100", seed="index 3321")
    assert refused.status_code == 422
    senior = sign_in(api.app, api.db, api.world, "xj.senior", api.clock.now())
    senior.get("/samples")
    answer = senior.send("/samples", from_on="2026-03-01", until_on="2026-04-01", share="100", seed="index 3321")
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"].partition("?")[0]
    assert "总体和样本完全相同" in senior.get(address, again="1").text
    assert "您参与过本案，由他人检查" in head.get(address).text
