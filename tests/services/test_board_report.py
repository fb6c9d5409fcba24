"""The board told upwards: the report says the board's numbers, is signed and numbered, and is given back while the month says the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.models import OfficeLetter
from services.notice import office_letters
from services.reporting import checking
from services.reporting.boards import queries, report
from services.reporting.boards.views import Cut
from services.reporting.figures.service import refresh
from tests.services.after_world import decided
from tests.services.api_world import Api
from tests.services.review_world import in_review
from tests.support.signed_in import sign_in
from tests.support.world import ROOT

AT, LATER = at_hour(date(2026, 3, 20)), at_hour(date(2026, 4, 2), 10)
MARCH = date(2026, 3, 1)


def issued(api: Api, login: str = "xj.head", why: str = "", month: date = MARCH) -> OfficeLetter:
    actor = api.world.actor(login)
    with api.db.unit_of_work(actor.scope) as session:
        return report.issue(session, month=month, why=why, actor=actor, now=LATER)


def refreshed(api: Api) -> None:
    with api.db.unit_of_work(ROOT.scope) as session:
        refresh(session, now=LATER, whole=True)


def test_signed_numbered_and_given_back(db: Database, tmp_path: Path) -> None:
    api = Api(db, AT, tmp_path)
    decided(api.world, 0, AT)
    api.clock.instant = LATER
    refreshed(api)
    row, head = issued(api), api.world.actor("xj.head")
    with db.view(head.scope) as session:
        cut = Cut("cn.xj.", None, MARCH)
        total = queries.open_now(session, cut, by="kind", now=LATER).total
        kept = queries.kept(session, cut, now=LATER).total.now
        quality = queries.quality(session, cut, now=LATER).now
        assert office_letters.content(session, row.id)[:5] == b"%PDF-"
        found = checking.by_code(session, row.check_code)
        assert found is not None
        assert found.state == "valid"
    said = row.context
    assert (said["total"]["open"], said["total"]["late"]) == (total.open, total.late)       # type: ignore[index]
    assert said["kept"][-1] == {"month": "2026年3月", "kept": kept.kept, "missed": kept.missed,      # type: ignore[index]
                                "kept_before": 0, "missed_before": 0}
    assert (kept.kept > 0, quality.decided, said["rates"][3]["every"]) == (True, said["rates"][3]["every"], quality.decided)  # type: ignore[index]
    assert (row.number, said["addressees"], said["signer"]) == ("新互通报〔2026〕1号", ["全国"], head.name)
    assert issued(api).id == row.id
    in_review(api.world, 1, AT)
    refreshed(api)
    with pytest.raises(Conflict):
        issued(api)
    second = issued(api, why="补录一件")
    assert second.context["instead_of"] == row.number
    for login in ("xj.clerk", "xj.auditor", "xj.office1"):
        with pytest.raises(NotPermitted):
            issued(api, login)
    with pytest.raises(InputError):
        issued(api, month=date(2026, 4, 1))
    page = sign_in(api.app, db, api.world, "xj.head", LATER)
    assert second.number in page.get("/boards/reports").text
    assert page.get(f"/boards/reports/{second.id}/file").content[:5] == b"%PDF-"
    page.get("/boards/reports")
    assert page.send("/boards/reports", month="2026-03").headers["location"] == "/boards/reports?done=issued"
    page.get("/boards/reports")
    assert page.send("/boards/reports", month="gestern").status_code == 422
    assert sign_in(api.app, db, api.world, "xj.clerk", LATER).get("/boards/reports").status_code == 403
    with pytest.raises((GuardFailed, NotPermitted)):
        issued(api, "system")
