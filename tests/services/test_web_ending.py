"""By page: a doubled report cancelled by two persons; a death noted, its heirs named one after another."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.core.db import Database
from services.payment import queries
from services.reporting.claims import locate
from tests.services.api_world import Api, picture
from tests.services.claim_pages import decided, hidden, person, press, state
from tests.services.test_heirs_by_law import heir
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_a_doubled_report_is_cancelled_by_two_persons(api: Api) -> None:
    claim_no = api.report()
    office, other, clerk = person(api, "xj.office1"), person(api, "xj.office2"), person(api, "xj.clerk")
    assert "这一项没有选择或填写" in press(clerk, claim_no, "ask-cancel", ground="", reason="同一次住院报了两次")
    assert press(office, claim_no, "ask-cancel", ground="duplicate", reason="同一次住院报了两次").endswith("done=cancel_asked")
    mine = office.get(f"/claims/{claim_no}").text
    assert "等待办事处另一人确认" in mine and "同一次住院报了两次" in mine and "确认作废…" not in mine
    assert "另一" in press(office, claim_no, "confirm-cancel")
    assert state(api, claim_no) == "reported"
    assert clerk.get(f"/claims/{claim_no}/confirm-cancel").status_code == 403
    assert "同一次住院报了两次" in other.get(f"/claims/{claim_no}/confirm-cancel").text
    assert press(clerk, claim_no, "drop-cancel", reason="两次住院").endswith("done=cancel_dropped")
    assert "提出作废…" in clerk.get(f"/claims/{claim_no}").text
    assert press(clerk, claim_no, "ask-cancel", ground="mistake", reason="报错了人").endswith("done=cancel_asked")
    assert press(other, claim_no, "confirm-cancel").endswith("done=cancelled")
    assert state(api, claim_no) == "cancelled"
    assert "其他事项" not in other.get(f"/claims/{claim_no}").text


def test_two_grandchildren_are_named_and_receive_what_their_dead_parent_would_have(api: Api) -> None:
    """民法典 1128: the member's parent has one half, both children of the dead child together the other."""
    claim_no = decided(api)
    office = person(api, "xj.office1")
    address = f"/claims/{claim_no}/death"
    assert "登记身故须有死亡证明" in office.get(address).text and "死亡日期" not in office.get(address).text
    assert api.upload("xj.clerk", f"/claims/{claim_no}/papers", picture("death"), kind="death_proof").status_code == 201
    form = office.get(address).text
    assert "第 1 位领款人" in form and "第 2 位领款人" not in form
    fields = _typed([heir(0, "parent"), heir(1, "grandchild"), heir(2, "grandchild")])
    more = office.send(address, **hidden(office), count="2", more="1", **fields)
    assert more.status_code == 200 and "第 3 位领款人" in more.text and str(fields["heirs.0.id_number"]) in more.text
    less = office.send(address, **hidden(office), count="3", more="-1", **fields)
    assert less.status_code == 200 and "第 3 位领款人" not in less.text
    refused = office.send(address, **hidden(office), count="3", died_on="2026-03-15", basis="law", **fields)
    assert refused.status_code == 422 and 'id="heirs.1.in_place_of-fault"' in refused.text
    wrong = office.send(address, **hidden(office), count="3", died_on="2026-03-15", basis="law", **{**fields, "heirs.2.share": "一半"})
    assert 'id="heirs.2.share-fault"' in wrong.text and "写成 1/2" in wrong.text
    fields |= {"heirs.1.in_place_of": "长子", "heirs.2.in_place_of": "长子"}
    noted = office.send(address, **hidden(office), count="4", died_on="2026-03-15", basis="law", **fields)
    assert noted.status_code == 303 and noted.headers["location"].endswith("done=died"), noted.text
    with api.db.view(ROOT.scope) as session:
        payees = queries.payees_of(session, locate(session, claim_no).id)
    assert sorted((one.share_num, one.share_den) for one in payees) == [(1, 2), (1, 4), (1, 4)]
    page = office.get(address).text
    assert "15,000.00" in page and "30,000.00" in page
    assert "户籍注销证明" in page and "全部核对通过后才付款" in page
    assert "the heirs" in person(api, "xj.office1", "en").get(f"/claims/{claim_no}?done=died").text


def test_nobody_of_the_claimants_side_is_offered_either(api: Api) -> None:
    claim_no = api.report()
    assert "其他事项" in person(api, "xj.district").get(f"/claims/{claim_no}").text
    assert "其他事项" not in person(api, "xj.auditor").get(f"/claims/{claim_no}").text


def _typed(heirs: list[dict[str, object]]) -> dict[str, Any]:
    return {f"heirs.{place}.{name}": value for place, one in enumerate(heirs) for name, value in one.items()}
