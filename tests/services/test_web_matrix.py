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
from tests.support.signed_in import HOST
from tests.support.world import ROOT, open_login

LETTERS = {"M": Role.MEMBER, "U": Role.UNIT_CLERK, "D": Role.DISTRICT_REVIEWER, "O": Role.OFFICE_REVIEWER, "S": Role.SENIOR_REVIEWER,
           "H": Role.HEAD, "K": Role.FINANCE_MAKER, "C": Role.FINANCE_CHECKER, "A": Role.AUDITOR, "X": Role.ADMINISTRATOR}
PEOPLE = {"M": "m1", "U": "clerk", "D": "district", "O": "office1", "S": "senior", "H": "head", "K": "maker", "C": "checker",
          "A": "auditor", "X": "admin"}
EVERYBODY, ANYONE = "".join(LETTERS), "*"

# Who: then "R" reads, "W" sends, both "RW", and the address.
TABLE = """
*           R   /
*           RW  /demonstration
*           RW  /first-password
*           R   /plans
*           R   /plans/{plan}
*           RW  /progress
*           RW  /sign-in
*           RW  /sign-in/code
*           RW  /sign-in/enrol
*           R   /sign-in/oidc
*           R   /sign-in/oidc/start
MUDOSHKCAX  R   /account
MUDOSHKCAX  W   /account/choices
MUDOSHKCAX  RW  /account/factor
MUDOSHKCAX  W   /account/factor/codes
MUDOSHKCAX  W   /account/factor/give-up
MUDOSHKCAX  RW  /account/leave
MUDOSHKCAX  W   /account/leave/end
MUDOSHKCAX  W   /account/password
MUDOSHKCAX  W   /account/sessions/end
MUDOSHKCAX  W   /sign-out
X           R   /admin
X           RW  /admin/accounts
X           R   /admin/accounts/new
X           R   /admin/accounts/{account_id}
X           W   /admin/accounts/{account_id}/code
X           W   /admin/accounts/{account_id}/{act}
X           R   /admin/calendars
X           R   /admin/organisations
X           R   /admin/organisations/{org_id}
X           W   /admin/organisations/{org_id}/{act}
HX          RW  /releases
HX          R   /releases/{release_id}
HX          W   /releases/{release_id}/{act}
UOSH        RW  /claims/{claim_no}/object
UOSH        RW  /claims/{claim_no}/withdraw
UOSH        RW  /claims/{claim_no}/withdraw-objection
SH          RW  /claims/{claim_no}/accept-objection
SH          RW  /claims/{claim_no}/confirm-correction
SH          W   /samples
SH          R   /team
SH          W   /team/hand
SH          RW  /team/leave/{account_id}
SH          W   /team/substitutes/{substitute_id}/end
SH          W   /team/up
H           RW  /claims/{claim_no}/dismiss-objection
UDOSH       W   /book/covers/{certificate_no}/end
UDOSH       W   /book/covers/{certificate_no}/shares
UDOSH       RW  /book/rosters
UDOSH       R   /book/rosters/template
UDOSH       R   /book/rosters/{roster_id}
UDOSH       R   /book/rosters/{roster_id}/errors
UDOSH       W   /bulk
UDOSH       W   /bulk/pass
UDOSH       RW  /claims/{claim_no}/ask
UDOSH       RW  /claims/{claim_no}/consent
UDOSH       RW  /claims/{claim_no}/correct
UDOSH       RW  /claims/{claim_no}/correct-facts
UDOSH       RW  /claims/{claim_no}/delegate
UDOSH       W   /claims/{claim_no}/drop
UDOSH       RW  /claims/{claim_no}/drop-correction
UDOSH       RW  /claims/{claim_no}/facts
UDOSH       W   /claims/{claim_no}/look
UDOSH       RW  /claims/{claim_no}/papers/{paper_id}
UDOSH       RW  /claims/{claim_no}/pass
UDOSH       RW  /claims/{claim_no}/receive-original
UDOSH       RW  /claims/{claim_no}/return-original
UDOSH       W   /claims/{claim_no}/take
UDOSH       W   /claims/{claim_no}/talk
UDOSH       RW  /claims/{claim_no}/verify
UDOSH       RW  /people/{person_id}/proxy
UDOSH       W   /people/{person_id}/proxy/end
UDOSH       W   /told/cancellings/{claim_no}/drop
UDOSH       RW  /told/pairs/{case_no}/{other_no}
UDOSH       RW  /told/reports/{case_no}/{addressee}
UDOSH       R   /work
DOSH        RW  /claims/{claim_no}/amount
DOSH        RW  /claims/{claim_no}/ask-original
DOSH        RW  /claims/{claim_no}/drop-original
DOSH        RW  /claims/{claim_no}/exclusion
DOSH        RW  /claims/{claim_no}/hold
DOSH        RW  /claims/{claim_no}/recommend
DOSH        RW  /claims/{claim_no}/refuse
DOSH        RW  /claims/{claim_no}/regrade
DOSH        RW  /claims/{claim_no}/send-back
DOSH        RW  /claims/{claim_no}/send-down
DOSH        RW  /claims/{claim_no}/take-over
DOSH        W   /claims/{claim_no}/unhold
DOSH        RW  /claims/{claim_no}/uphold
DOSH        RW  /phrases
DOSH        W   /phrases/{phrase_id}/retire
DOSH        RW  /sheets/new
DOSH        W   /sheets/{sheet_no}/discard
DOSH        W   /sheets/{sheet_no}/receive
DOSH        W   /sheets/{sheet_no}/refresh
DOSH        W   /sheets/{sheet_no}/sign
DOSH        W   /sheets/{sheet_no}/take-out
A           R   /audit
A           R   /audit/books
A           R   /audit/looks
A           R   /audit/record
A           R   /audit/samples
A           R   /audit/samples/{sample_id}
A           R   /audit/separation
UDOSHA      RW  /book
UDOSHA      R   /book/covers/{certificate_no}
UDOSHA      R   /book/summary
UDOSHA      R   /book/summary/file
UDOSHA      R   /claims/{claim_no}/pulse
UDOSHA      RW  /claims/{claim_no}/unmask
UDOSHA      R   /keys
UDOSHA      RW  /people/{person_id}/unmask
UDOSHA      RW  /search
UDOSHA      R   /told
MUOSH       RW  /cases/{case_no}/papers
MUOSH       RW  /report
MUOSH       RW  /report/{draft_id}/call
MUOSH       RW  /report/{draft_id}/check
MUOSH       W   /report/{draft_id}/drop
MUOSH       RW  /report/{draft_id}/facts
MUOSH       RW  /report/{draft_id}/kind
MUOSH       R   /report/{draft_id}/papers
MUDOSHA     R   /claims/{claim_no}
MUDOSHA     R   /letters/{notice_id}/content
MUDOSHA     R   /papers/{paper_id}/content
U           RW  /book/reports
U           R   /book/reports/template
U           R   /book/reports/{import_id}
U           R   /book/reports/{import_id}/errors
U           R   /book/returned
U           RW  /book/returned/{payment_id}
U           RW  /claims/{claim_no}/answer-list
U           RW  /claims/{claim_no}/delivered
U           RW  /claims/{claim_no}/hand-list
U           W   /claims/{claim_no}/resume
OSHA        R   /handoffs
OSHA        R   /samples
OSHA        R   /samples/{sample_id}
OSH         RW  /claims/{claim_no}/waive
OSH         W   /handoffs/{claim_no}/recall
OSH         W   /handoffs/{claim_no}/resend
OSH         W   /samples/{sample_id}/items/{item_id}
OSH         W   /told/cancellings/{claim_no}
OSH         W   /told/joinings/{case_no}
M           R   /mine
M           W   /mine/letters/{letter_id}
M           R   /mine/{claim_no}
M           W   /mine/{claim_no}/consent
M           RW  /mine/{claim_no}/lists/{list_id}
M           RW  /mine/{claim_no}/objection
M           W   /mine/{claim_no}/objection/withdraw
M           W   /mine/{claim_no}/resume
M           W   /mine/{claim_no}/talk
M           RW  /mine/{claim_no}/withdraw
UDOSHAX     R   /people/{person_id}
OSHX        RW  /people/{person_id}/correct
OSHX        W   /people/{person_id}/kin/remove
DOSHX       RW  /people/{person_id}/category
DOSHX       W   /people/{person_id}/category/withdraw
UDOSHX      RW  /people/{person_id}/card
UDOSHX      RW  /people/{person_id}/kin
HKCA        R   /runs
HKCA        R   /runs/{run_no}
K           W   /runs
K           W   /runs/{run_no}/submit
C           W   /runs/{run_no}/release
C           W   /runs/{run_no}/send-back
KC          RW  /payments/{payment_id}/card
KC          W   /payments/{payment_id}/card/confirm
KC          W   /runs/returns
KC          W   /runs/{run_no}/exclude
KCA         R   /runs/{run_no}/file
DOSHA       R   /sheets
DOSHA       R   /sheets/{sheet_no}
DOSHA       R   /sheets/{sheet_no}/workbook
"""


def table() -> dict[tuple[str, str], str]:
    """(method, path) → letters of the roles."""
    found: dict[tuple[str, str], str] = {}
    for line in TABLE.split("\n"):
        if line.strip():
            who, how, path = line.split()
            for method in ("GET" if letter == "R" else "POST" for letter in how):
                assert found.setdefault((method, path), who) == who, f"{path} stands twice"
    return found


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
              "account_id": stage.account, "person_id": stage.person, "org_id": stage.org, "roster_id": stage.roster, "plan": "xj-women"}
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
            for others in (SIBLING, FOREIGN):
                if letter in others and (got := crowd.outcome(others[letter], "GET", where)) != "404":
                    wrong.append(f"{path}: {others[letter]} {got}")
    assert wrong == [], "\n".join(wrong)
