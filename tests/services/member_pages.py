"""What the tests of the member's pages share: somebody signed in, a look into the tables, letters on the portal."""

from __future__ import annotations

import re

import sqlalchemy as sa

from services.notice import service as notice
from services.reporting.claims import locate
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT


def person(api: Api, login: str, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, api.clock.now(), language)


def one(api: Api, statement: str, **values: object) -> str:
    with api.db.view(ROOT.scope) as session:
        return str(session.execute(sa.text(statement), values).scalar_one())


def looks_of(api: Api, login: str) -> list[str]:
    """What the account looked at, as the access record has it, oldest first."""
    with api.db.view(ROOT.scope) as session:
        return list(session.execute(sa.text("SELECT what FROM access_record WHERE account_id = :id ORDER BY id"),
                                    {"id": api.world.account(login)}).scalars())


def case_no(api: Api, claim_no: str) -> str:
    return one(api, "SELECT f.case_no FROM claim c JOIN case_file f ON f.id = c.case_id WHERE c.claim_no = :no", no=claim_no)


def state(api: Api, claim_no: str) -> str:
    return one(api, "SELECT state FROM claim WHERE claim_no = :no", no=claim_no)


def version(visitor: Visitor) -> str:
    assert visitor.page is not None
    found = re.search(r'name="version" value="(\d+)"', visitor.page.text)
    assert found
    return found[1]


def letters_out(api: Api, claim_no: str, topic: str) -> None:
    """What the worker does: the letters an event owes, issued and sent to the portal."""
    with api.db.unit_of_work(ROOT.scope) as session:
        claim_id = locate(session, claim_no).id
        subjects = [row[0] for row in session.execute(sa.text("SELECT id FROM supplement WHERE claim_id = :id"), {"id": claim_id})]
        made = notice.draft(session, topic=topic, claim_ids=[claim_id], subject_ids=subjects, actor=ROOT, now=api.clock.now())
        ids = [row.id for row in made]
        notice.issue(session, notice_ids=ids, actor=ROOT, now=api.clock.now())
        notice.dispatch(session, notice_ids=ids, actor=ROOT, now=api.clock.now())


def decided(api: Api) -> str:
    """A claim of xj.m0 with a decision to pay, its letter on the portal."""
    claim_no = api.in_review()
    for login in ("xj.clerk", "xj.district", "xj.office1", "xj.senior", "xj.head"):
        answer = api.get(login, f"/claims/{claim_no}")
        if answer.json()["claim"]["state"] != "in_review":
            break
        visitor = person(api, login)
        visitor.get(f"/claims/{claim_no}")
        assert visitor.page is not None
        if "data-key=\"p\"" not in visitor.page.text:
            continue
        seen = dict(re.findall(r'<input type="hidden" name="(version|seen|seq)" value="([^"]*)"', visitor.page.text))
        visitor.send(f"/claims/{claim_no}/pass", files=None, confirmed="yes", **seen)
    assert state(api, claim_no) == "payable"
    letters_out(api, claim_no, "claim.approve")
    return claim_no
