"""My work tells a desk which promises it was reminded of."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

from services.core.clock import at_hour
from services.core.db import Database
from tests.services.api_world import Api
from tests.services.paying_world import decided
from tests.support.fired import fired
from tests.support.signed_in import sign_in
from tests.support.world import ROOT


def test_a_desk_sees_what_it_was_told_of_and_others_do_not(db: Database, now: datetime, tmp_path: Path) -> None:
    """The pay clock's first warning is the office's first reviewer's: seven tenths are over on 3 April."""
    api = Api(db, now, tmp_path)
    with db.unit_of_work(ROOT.scope) as session:
        number = decided(session, api.world, 0, 100, now=now).claim_no
        assert [due.role for due in fired(session, at_hour(date(2026, 4, 3)))] == ["office_reviewer"]
    pages = {login: sign_in(api.app, api.db, api.world, login, now, "zh").get("/work").text
             for login in ("xj.office1", "xj.head", "nx.office1")}
    assert "时限提醒" in pages["xj.office1"] and number in pages["xj.office1"] and "即将到期" in pages["xj.office1"]
    assert "时限提醒" not in pages["xj.head"] and "时限提醒" not in pages["nx.office1"]
    told = sign_in(api.app, api.db, api.world, "xj.head", now, "zh").get(f"/claims/{number}").text.partition("提醒与上报")[2]
    assert "2026年4月3日 给付：" in plain(told) and "即将到期" in told and "办事处初审" in told


def plain(page: str) -> str:
    """The page's words alone."""
    return re.sub(r"<[^>]+>", "", page)
