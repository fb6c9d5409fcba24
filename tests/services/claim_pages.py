"""The claim's pages as people use them: opening, pressing, sending; for the tests of the desks around one claim."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT


def person(api: Api, login: str, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, api.clock.now(), language)


def hidden(visitor: Visitor) -> dict[str, Any]:
    """What the claim's forms carry of what was seen."""
    assert visitor.page is not None
    return dict(re.findall(r'<input type="hidden" name="(version|seen|seq|step)" value="([^"]*)"', visitor.page.text))


def press(visitor: Visitor, claim_no: str, act: str, **fields: str) -> str:
    """Open the claim, send one act; the address it leads to, or the page that refuses."""
    visitor.get(f"/claims/{claim_no}")
    answer = visitor.send(f"/claims/{claim_no}/{act}", **{**hidden(visitor), **fields})
    return answer.headers["location"] if answer.status_code == 303 else answer.text


def looks(api: Api, what: str) -> int:
    with api.db.view(ROOT.scope) as session:
        return int(session.execute(sa.text("SELECT count(*) FROM access_record WHERE what LIKE :what"), {"what": what}).scalar_one())


def state(api: Api, claim_no: str) -> str:
    with api.db.view(ROOT.scope) as session:
        return str(session.execute(sa.text("SELECT state FROM claim WHERE claim_no = :no"), {"no": claim_no}).scalar_one())


def to_last_level(api: Api, claim_no: str) -> None:
    for login in ("xj.clerk", "xj.district", "xj.office1", "xj.senior", "xj.head"):
        visitor = person(api, login)
        page = visitor.get(f"/claims/{claim_no}").text
        if "通过并作出决定…" in page:
            return
        if "data-key=\"p\"" in page:
            assert press(visitor, claim_no, "pass").endswith("done=passed")
    raise AssertionError("no level decides")


def decided(api: Api) -> str:
    """A claim whose decision the office has taken."""
    claim_no = api.in_review()
    to_last_level(api, claim_no)
    for login in ("xj.senior", "xj.head"):
        visitor = person(api, login)
        if "通过并作出决定…" in visitor.get(f"/claims/{claim_no}").text:
            assert press(visitor, claim_no, "pass", confirmed="yes").endswith("done=passed")
            return claim_no
    raise AssertionError("nobody decides")
