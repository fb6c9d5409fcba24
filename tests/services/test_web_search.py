"""Search: by number, beginning, name and identity number; in scope, recorded, and nothing typed in an address."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def person(api: Api, login: str) -> Visitor:
    visitor = sign_in(api.app, api.db, api.world, login, api.clock.now())
    visitor.get("/search")
    return visitor


def looks(api: Api) -> list[str]:
    with api.db.view(ROOT.scope) as session:
        return [str(what) for what in session.execute(sa.text(
            "SELECT what FROM access_record WHERE what LIKE 'search:%' ORDER BY id")).scalars()]


def test_an_exact_number_opens_the_claim(api: Api) -> None:
    claim_no = api.report()
    answer = person(api, "xj.district").send("/search", words=f" {claim_no.lower()} ")
    assert answer.status_code == 303 and answer.headers["location"] == f"/claims/{claim_no}"


def test_a_beginning_a_name_and_an_identity_number(api: Api) -> None:
    claim_no, other = api.report(0), api.report(1)
    member = api.world.member(0, "xj").synthetic
    district = person(api, "xj.district")
    page = district.send("/search", words=claim_no[:8]).text
    assert claim_no in page and other in page and member.name not in page.replace(f'value="{member.name}"', "")
    by_name = district.send("/search", words=member.name).text
    assert f"/claims/{claim_no}" in by_name and f"/claims/{other}" not in by_name
    by_number = district.send("/search", words=member.id_number)
    assert f"/claims/{claim_no}" in by_number.text and f"/claims/{other}" not in by_number.text
    assert looks(api) == ["search:number:2", "search:name:1", "search:id_number:1"]


def test_only_in_scope(api: Api) -> None:
    claim_no = api.report()
    member = api.world.member(0, "xj").synthetic
    for login in ("nx.district", "xj.clerk2"):
        visitor = person(api, login)
        for words in (claim_no, claim_no[:6], member.name, member.id_number):
            answer = visitor.send("/search", words=words)
            assert answer.status_code == 200 and "没有找到" in answer.text, (login, words)


def test_too_little_is_refused_and_kept(api: Api) -> None:
    visitor = person(api, "xj.head")
    answer = visitor.send("/search", words="")
    assert answer.status_code == 422 and "没有填写要查的内容" in answer.text
    assert visitor.send("/search", words="a").status_code == 422


def test_who_may_search(api: Api) -> None:
    answers = {login: sign_in(api.app, api.db, api.world, login, api.clock.now()).get("/search").status_code
               for login in ("xj.clerk", "xj.auditor", "xj.admin", "xj.maker", "xj.m0")}
    assert answers == {"xj.clerk": 200, "xj.auditor": 200, "xj.admin": 403, "xj.maker": 403, "xj.m0": 403}
