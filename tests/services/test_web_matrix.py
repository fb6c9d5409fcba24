"""Who may open what: every page × every role, and every record × own, sibling and foreign organisation.

The table is the people of DESIGN, written by hand. A page that is not in it, or that lets somebody else in, fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from services.access.actor import Role
from services.access.sessions import csrf_of, open_session
from services.core.db import Database
from services.enrolment import service as enrolment
from services.simulate.synthetic import synthetic_person
from services.web import pages
from services.web.door import COOKIE
from tests.browser.stage import Stage, build
from tests.services.api_world import Api
from tests.services.page_people import table
from tests.support.signed_in import HOST
from tests.support.world import ROOT, open_login

LETTERS = {"M": Role.MEMBER, "U": Role.UNIT_CLERK, "D": Role.DISTRICT_REVIEWER, "O": Role.OFFICE_REVIEWER, "S": Role.SENIOR_REVIEWER,
           "H": Role.HEAD, "K": Role.FINANCE_MAKER, "C": Role.FINANCE_CHECKER, "A": Role.AUDITOR, "X": Role.ADMINISTRATOR}
PEOPLE = {"M": "m1", "U": "clerk", "D": "district", "O": "office1", "S": "senior", "H": "head", "K": "maker", "C": "checker",
          "A": "auditor", "X": "admin"}
EVERYBODY, ANYONE = "".join(LETTERS), "*"


def declared() -> dict[tuple[str, str], str]:
    """The same of the pages as they are."""
    return {(route.method, route.path): ANYONE if not isinstance(route.roles, frozenset)
            else "".join(letter for letter, role in LETTERS.items() if role in route.roles) for route in pages.routes()}


def test_every_page_is_for_those_of_the_table() -> None:
    said, meant = declared(), table()
    assert sorted(said.keys() - meant.keys()) == [], "pages that the table does not know"
    assert sorted(meant.keys() - said.keys()) == [], "pages that are gone"
    assert {key: said[key] for key in meant if said[key] != meant[key]} == {}, "pages for other people"
    assert not any(role in route.roles for route in pages.routes() if isinstance(route.roles, frozenset)
                   for role in (Role.SYSTEM, Role.INSURER)), "programs have no pages"


class Crowd:
    """Everybody with a session in force, before one application."""

    def __init__(self, api: Api, client: TestClient) -> None:
        self.api, self.client = api, client
        self.tokens: dict[str, str] = {}

    def token(self, login: str) -> str:
        """The cookie of somebody's session."""
        if login not in self.tokens:
            account, now = self.api.world.account(login), self.api.clock.now()
            with self.api.db.unit_of_work(ROOT.scope) as session:
                session.execute(sa.text("INSERT INTO credential (account_id, totp_step, totp_at) VALUES (:id, 0, :now)"
                                        " ON CONFLICT (account_id) DO UPDATE SET totp_at = excluded.totp_at"), {"id": account, "now": now})
                self.tokens[login] = open_session(session, account_id=account, stage="full", door="password", agent="test",
                                                  address="127.0.0.1", now=now)
        return self.tokens[login]

    def outcome(self, login: str, method: str, address: str) -> str:
        """"role" when the role is refused, "sign-in" when nobody is signed in, else the status."""
        token = self.token(login) if login else ""
        headers = {"cookie": f"{COOKIE}={token}"} if token else {}
        headers |= {"origin": HOST, "sec-fetch-site": "same-origin", "accept-language": "zh"}
        fields = {"csrf": csrf_of(token)} if token else {}
        answer = self.client.request(method, address, headers=headers, data=fields if method == "POST" else None, follow_redirects=False)
        if answer.status_code == 403 and "没有这一页面的权限" in answer.text:
            return "role"
        return "sign-in" if answer.headers.get("location", "").startswith("/sign-in?next=") else str(answer.status_code)


@pytest.fixture
def crowd(db: Database, now: datetime, tmp_path: Path) -> Iterator[Crowd]:
    api = Api(db, now, tmp_path)
    with TestClient(api.app, base_url=HOST, raise_server_exceptions=False) as client:
        yield Crowd(api, client)


def address(path: str, stage: Stage) -> str:
    """A page's address about the records of the stage."""
    values = {"claim_no": stage.reported, "case_no": stage.case, "paper_id": stage.paper, "notice_id": stage.letter,
              "letter_id": stage.letter, "list_id": stage.supplement, "sheet_no": stage.sheet, "run_no": stage.run,
              "payment_id": stage.payment, "certificate_no": stage.certificate, "draft_id": stage.draft, "phrase_id": stage.phrase,
              "account_id": stage.account, "person_id": stage.person, "org_id": stage.org, "roster_id": stage.roster, "plan": "xj-women",
              "report_id": stage.exchange}
    return re.sub(r"{(\w+)}", lambda found: values.get(found[1], "00000000-0000-0000-0000-000000000000"), path)


def test_every_page_before_every_role(crowd: Crowd) -> None:
    stage = build(crowd.api)
    wrong = []
    for (method, path), who in sorted(table().items()):
        where = address(path, stage)
        if path != "/sign-out":
            for letter, login in PEOPLE.items():
                got = crowd.outcome(f"xj.{login}", method, where)
                lost = got == "sign-in" and not path.startswith("/sign-in/")
                if (got == "role") is not (who != ANYONE and letter not in who) or got.startswith("5") or lost:
                    wrong.append(f"{method} {path}: {login} {got}")
        got = crowd.outcome("", method, where)
        if (got == "sign-in") is not (who != ANYONE or path in ("/sign-in/code", "/sign-in/enrol")):
            wrong.append(f"{method} {path}: nobody {got}")
    assert wrong == [], "\n".join(wrong)


# Records of xj.m1's unit: who of those allowed by role is kept out because it is not hers or not under him.
RECORDS = {
    "/claims/{claim_no}": "UDOSHA", "/claims/{claim_no}/pulse": "UDOSHA", "/claims/{claim_no}/unmask": "UDOSHA",
    "/claims/{claim_no}/facts": "UDOSH", "/claims/{claim_no}/ask": "UDOSH", "/claims/{claim_no}/hold": "DOSH",
    "/claims/{claim_no}/papers/{paper_id}": "UDOSH", "/papers/{paper_id}/content": "MUDOSHA", "/cases/{case_no}/papers": "MUOSH",
    "/cases/{case_no}/covers/{claim_no}": "UOSH",
    "/mine/{claim_no}": "M", "/mine/{claim_no}/withdraw": "M", "/mine/{claim_no}/lists/{list_id}": "M",
    "/report/{draft_id}/facts": "MU", "/book/covers/{certificate_no}": "UDOSHA", "/people/{person_id}": "UDOSHAX",
    "/runs/{run_no}": "HKCA", "/sheets/{sheet_no}": "DOSHA",
}
OWN = {letter: f"xj.{login}" for letter, login in PEOPLE.items()}
FOREIGN = {letter: f"nx.{login}" for letter, login in PEOPLE.items()}
# Under the same roof, but another member, another unit, another district.
SIBLING = {"M": "xj.m2", "U": "xj.clerk2", "D": "xj.district2"}
NOT_OWN = {("/report/{draft_id}/facts", "U"), ("/sheets/{sheet_no}", "U")}      # a draft is its writer's alone


def test_a_record_opens_to_its_own_people_only(crowd: Crowd) -> None:
    api, now = crowd.api, crowd.api.clock.now()
    stage = build(api)
    with api.db.unit_of_work(ROOT.scope) as session:
        made = enrolment.add_organisation(session, parent_id=api.world.org("cn.xj.wlmq."), code="sm", name="水磨沟区总工会",
                                          kind="district", contact="12351", actor=ROOT, now=now)
        staff = synthetic_person(990, sex="M")
        person = enrolment.add_person(session, name=staff.name, id_number=staff.id_number, actor=ROOT, now=now)
        api.world.orgs[made.org_key] = made.id
        open_login(session, api.world, "xj.district2", made.org_key, Role.DISTRICT_REVIEWER, person.id, person.name, now)
    wrong = []
    for path, letters in RECORDS.items():
        where = address(path, stage)
        for letter in letters:
            got = crowd.outcome(OWN[letter], "GET", where)
            if (got in ("403", "404", "500", "role")) is not ((path, letter) in NOT_OWN):
                wrong.append(f"{path}: own {OWN[letter]} {got}")
    for (method, path), who in table().items():
        if "{" in path and path != "/plans/{plan}":
            where = address(path, stage)
            seen = who.replace("M", "") if path == "/claims/{claim_no}" else who        # a member is led on to /mine
            for login in (others[letter] for others in (SIBLING, FOREIGN) for letter in seen if letter in others):
                if (got := crowd.outcome(login, method, where)) != "404":
                    wrong.append(f"{method} {path}: {login} {got}")
    assert wrong == [], "\n".join(wrong)
