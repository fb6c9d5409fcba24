"""A member changes her own bank card by page; her unit's clerk does it for her; a wrong number is said in its field."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services.api_world import Api
from tests.services.claim_pages import person
from tests.services.test_heirs_by_law import who


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_a_member_and_her_clerk_change_her_card(api: Api) -> None:
    member, her = person(api, "xj.m1"), api.world.member(1, "xj").synthetic
    assert "/card" in member.get("/mine").text
    page = member.get("/card").text
    assert her.card[-4:] in page and her.card not in page
    new, third = who(0).card, who(1).card
    broken = new[:-1] + str((int(new[-1]) + 1) % 10)
    wrong = member.send("/card", bank="ICBC", number=broken, holder=her.name)
    assert wrong.status_code == 422 and 'id="number-fault"' in wrong.text and "校验不通过" in wrong.text
    assert f'value="{broken}"' in wrong.text, "what was typed is kept"
    assert 'id="holder-fault"' in member.send("/card", bank="ICBC", number=new, holder="样他人").text
    assert member.send("/card", bank="ICBC", number=f"{new[:4]} {new[4:]}", holder=her.name).headers["location"] == "/card?done=card"
    changed = member.get("/card").text
    assert new[-4:] in changed and new not in changed and her.card[-4:] not in changed
    clerk, address = person(api, "xj.clerk"), f"/people/{api.world.person('xj.m1')}"
    assert new[-4:] in clerk.get(address).text
    clerk.get(f"{address}/card")
    assert 'id="number-fault"' in clerk.send(f"{address}/card", bank="ICBC", number=broken, holder=her.name).text
    assert clerk.send(f"{address}/card", bank="ICBC", number=third, holder=her.name).status_code == 303
    assert third[-4:] in member.get("/card").text
    foreign = person(api, "xj.clerk2")
    foreign.get("/book")
    assert foreign.send(f"{address}/card", bank="ICBC", number=new, holder=her.name).status_code == 404
