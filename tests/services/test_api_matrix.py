"""Who may ask what of the API: every route × every role, every record × own, sibling and foreign organisation.

The table is the people of DESIGN, written by hand. A route that is not in it, or that lets somebody else in, fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from services.access.actor import Role
from services.api.who import PUBLIC, WHO
from services.reporting.minimum import IN_FULL
from tests.services.api_crowd import HOLDER, PEOPLE, Answer, Crowd, assembled
from tests.services.api_people import LETTERS, table


@pytest.fixture(scope="module")
def crowd(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    with assembled(server, tmp_path_factory.mktemp("keys")) as everybody:
        yield everybody


def test_every_route_is_for_those_of_the_table(crowd: Crowd) -> None:
    meant, there = table(), set(crowd.routes())
    assert sorted(there - meant.keys()) == [], "routes that the table does not know"
    assert sorted(meant.keys() - there) == [], "routes that are gone"
    said = {(method, path): {letter for letter, role in LETTERS.items() if role in WHO.get(f"{method} {path}", ())}
            for method, path in there}
    assert {key: said[key] for key in meant if said[key] != set(meant[key]) - {"*"}} == {}, "routes for other people"
    assert {f"{method} {path}" for (method, path), who in meant.items() if who == "*"} == PUBLIC


# Others than xj.m1, under the same roof: another member, another unit, another district.
SIBLING = {"M": "xj.m2", "U": "xj.clerk2", "D": "xj.district2"}
# A plan's wording is everybody's; a session is looked up among the caller's own.
NO_RECORD = ("/plans/{plan}", "/plans/{plan}/schema", "/plans/{plan}/clocks", "/me/sessions/{session_id}/end")
# The stage's person has no category, proxy or merger: the own people are told so in the words a stranger hears.
NONE_THERE = ("/people/{person_id}/categories/{category_id}/withdraw", "/people/{person_id}/proxies/{proxy_id}/end",
              "/people/{person_id}/mergers/{merge_id}/undo")
# The own account's; for another one another role is asked.
FOR_ANOTHER = ("/accounts/{account_id}/tokens", "/accounts/{account_id}/substitutes")
# Who has the right role and the record under the own organisation, and yet it is not theirs.
NOT_THEIRS = {
    "/drafts/{draft_id}": "UOSH", "/drafts/{draft_id}/drop": "UOSH",            # its writer's alone
    "/uploads/{upload_id}": "UDOSH", "/uploads/{upload_id}/parts": "UDOSH", "/uploads/{upload_id}/finish": "UDOSH",
    "/uploads/{upload_id}/drop": "UDOSH",                                       # likewise
    "/phrases/{phrase_id}/retire": "D",                                         # the office's, above the district
    "/substitutes/{substitute_id}/end": "UDOSKC"}                               # of two others; the head and the administrator may


def shut(answer: Answer) -> bool:
    """The record is not there for this caller."""
    return answer.status == 404 or answer.code == "not_own"


def test_every_route_before_every_role_and_every_organisation(crowd: Crowd) -> None:
    wrong = []
    for (method, path), who in table().items():
        lost: dict[str, Answer] = {}
        for letter, login in PEOPLE.items():
            person = HOLDER.get(path, "xj.m1") if letter == "M" else f"xj.{login}"
            got = crowd.ask(person, method, path)
            if got.role is not (who != "*" and letter not in who) or got.status >= 500:
                wrong.append(f"{method} {path}: {person} {got.status} {got.code}")
            if "{" not in path or path in NO_RECORD or letter not in who:
                continue
            for other in filter(None, (SIBLING.get(letter), f"nx.{login}")):
                lost[other] = crowd.ask(other, method, path)
                if not (shut(lost[other]) or (lost[other].role and path in FOR_ANOTHER)):
                    wrong.append(f"{method} {path}: {other} {lost[other].status} {lost[other].code}")
            if (got == lost[f"nx.{login}"]) is not (letter in NOT_THEIRS.get(path, "") or path in NONE_THERE):
                wrong.append(f"{method} {path}: own {person} {got.status} {got.code}")
    assert wrong == [], "\n".join(wrong)


def test_numbers_in_full_are_told_to_whom_the_table_says_and_nowhere_else(crowd: Crowd) -> None:
    """After everybody asked everything: nothing but the answers of `minimum.IN_FULL` held anybody's number in full."""
    assert crowd.plain.told, "the matrix above asks first"
    roles = {f"xj.{login}": LETTERS[letter] for letter, login in PEOPLE.items()} | {"xj.standin": Role.FINANCE_CHECKER}
    wrong = [told for told in sorted(crowd.plain.told) if (row := IN_FULL.get(told[1])) is None or told[2] not in row.fields
             or roles.get(told[0], Role.MEMBER if ".m" in told[0] else None) not in row.roles]
    assert wrong == []
    assert {"POST /people/{person_id}/unmask"} <= {told[1] for told in crowd.plain.told}


def test_nobody_without_a_token_in_force(crowd: Crowd) -> None:
    crowd.tokens["wrong"] = "0" * 43
    asked = [route for route, who in table().items() if who != "*"]
    answers = {("", *route): crowd.ask("", *route).status for route in asked}
    answers |= {(login, *route): crowd.ask(login, *route).status for login in ("wrong", "xj.closed") for route in asked[::12]}
    assert {route: status for route, status in answers.items() if status != 401} == {}
    assert crowd.ask("", "POST", "/insurer/messages", body={}).status == 401       # not signed by the insurer


def test_a_substitute_may_what_both_may(crowd: Crowd) -> None:
    """xj.standin checks payments and does an absent office reviewer's work: nothing more, nothing less."""
    wrong = [f"{method} {path} {who}" for (method, path), who in table().items()
             if ("C" in who) is not ("O" in who) or not {"C", "O", "*"} & set(who)
             if crowd.ask("xj.standin", method, path).role is not ("C" not in who and "O" not in who)]
    assert wrong == []


def test_a_token_with_fewer_roles_opens_less(crowd: Crowd) -> None:
    """A token narrows an account and is never widened again; one that pays and is a member's opens no papers."""
    api, until = crowd.api, "2026-12-31T00:00:00+08:00"
    both = {"login": "xj.both", "name": "兼职", "org_id": str(api.world.org("cn.xj.")), "person_id": str(api.world.person("xj.m4")),
            "roles": ["member", "office_reviewer", "finance_maker"]}
    account = api.post("admin", "/accounts", both).json()["id"]
    for name, roles in (("member", ["member"]), ("pays", ["member", "finance_maker"])):
        made = api.post("admin", f"/accounts/{account}/tokens", {"expires_at": until, "roles": roles})
        crowd.tokens[name] = made.json()["token"]
    whole = "/claims/{claim_no}"
    assert [crowd.ask(name, "GET", "/worklist").role for name in ("member", "pays")] == [True, True]
    assert crowd.ask("member", "GET", whole).status == 404                              # xj.m1's, not hers
    assert crowd.ask("pays", "GET", whole).role and not crowd.ask("pays", "GET", "/payment-runs").role
    wider = crowd.ask("member", "POST", "/accounts/{account_id}/tokens", body={"expires_at": until, "roles": ["office_reviewer"]},
                      ids={"account_id": account})
    assert (wider.status, wider.code) == (422, "role_not_held")


# Lists of rows that belong to somebody.
LISTS = ("/accounts", "/substitutes", "/organisations", "/cover-summary", "/premiums/books", "/drafts", "/cases/to-tell", "/claims",
         "/worklist", "/phrases", "/summary-sheets", "/qa-samples", "/separation", "/objections", "/payment-runs", "/payments",
         "/bank-returns/unmatched", "/receivables", "/letter-register", "/letter-register/numbers", "/letter-register/stuck", "/map")


def test_a_list_holds_no_row_of_others(crowd: Crowd) -> None:
    stage, ids = crowd.stage, crowd.ids
    claims = {stage.reported, stage.office, stage.decided, stage.later, stage.sheet}
    kinds = ("paper_id", "run_id", "sheet_id", "receivable_id", "objection_id", "sample_id", "phrase_id")
    marks = claims | {stage.clerk, stage.case, stage.run, stage.certificate, "cn.xj.", "示例医院", "年假"} | {ids[kind] for kind in kinds}
    found, seen = [], set()
    for path in LISTS:
        who = table()["GET", path]
        strangers = {f"nx.{PEOPLE[letter]}": marks for letter in f"{who[0]}{who[-1]}" + who.replace("M", "").replace("U", "")[:1]}
        strangers |= {SIBLING[letter]: claims for letter in who if letter in SIBLING}
        for login, hidden in strangers.items():
            text = crowd.ask(login, "GET", path).text
            found += [f"{path}: {login} {mark}" for mark in hidden if mark in text]
        own = (who.replace("X", "") or who)[-1]         # why somebody is away is not told to administrators
        seen |= {mark for mark in marks if mark in crowd.ask(f"xj.{PEOPLE[own]}", "GET", path).text}
    assert found == []
    assert {stage.reported, stage.sheet, stage.run, "cn.xj.", ids["receivable_id"], ids["sample_id"], ids["objection_id"], "年假"} <= seen


def test_a_body_reaches_no_further_than_an_address(crowd: Crowd) -> None:
    """Foreign records named in a body are refused as those of an address are."""
    let_in = {f"{login} {path}": got for login, path, body, ids in _bodies(crowd)
              if not 400 <= (got := crowd.ask(login, "POST", path, body=body, ids=ids)).status < 500}
    assert let_in == {}


def _bodies(crowd: Crowd) -> list[tuple[str, str, Mapping[str, object], Mapping[str, str]]]:
    stage, world = crowd.stage, crowd.api.world
    xj, nx, unit = (str(world.org(key)) for key in ("cn.xj.", "cn.nx.", "cn.xj.wlmq.tsd.u001."))
    claims = [{"claim_no": stage.office, "seen": "0" * 64}]
    number, own = world.member(1, "xj").synthetic.id_number, str(world.person("nx.m1"))
    slip = {"org_id": unit, "plan": "xj-women", "amount": "1.00", "reference": "B1"}
    ended = {"certificates": [stage.certificate], "kind": "change", "on": "2026-03-20", "text": "更正"}
    staff = {"login": "nx.new", "name": "主任", "org_id": xj, "roles": ["head"], "person_id": stage.person}
    leave = {"absent_id": stage.account, "account_id": str(world.account("nx.head")), "from_on": "2026-04-01", "until_on": "2026-04-02",
             "reason": "年假"}
    at_nx = {"org_id": nx}
    return [
        ("nx.head", "/review/bulk-pass", {"claims": claims}, {}), ("nx.clerk", "/review/bulk-pass", {"claims": claims}, {}),
        ("nx.maker", "/payments/exclude", {"payment_ids": [crowd.ids["payment_id"]], "reason": "账户待核实"}, {}),
        ("nx.office1", "/covers/endorsements", ended, {}),
        ("nx.maker", "/premiums", {**slip, "received_on": "2026-03-20", "payer": "厂"}, {}),
        ("nx.maker", "/premiums/returns", {**slip, "returned_on": "2026-03-20", "payee": "厂", "reason": "撤销"}, {}),
        ("nx.admin", "/accounts", staff, {}),
        ("nx.admin", "/organisations", {"parent_id": xj, "code": "zz", "name": "厂", "kind": "unit"}, {}),
        ("nx.admin", "/organisations/{org_id}/move", {"parent_id": xj, "why": "划转"}, at_nx),
        ("nx.admin", "/organisations/{org_id}/merge", {"into_id": xj, "why": "合并"}, at_nx),
        ("nx.admin", "/organisations/{org_id}/liaisons", {"area_id": xj, "name": "某", "duty": "联络", "phone": "0951-0000000",
                                                          "from_on": "2026-01-01"}, at_nx),
        ("nx.admin", "/tokens/revoke", {"token": crowd.tokens["xj.head"]}, {}),
        ("nx.head", "/substitutes", leave, {}), ("nx.office1", "/funds", {"plan": "xj-women", "opening": "1.00"}, {}),
        ("nx.office1", "/funds/accounts", {"plan": "xj-women", "holder": "样例专户", "account": "0109000000000011"}, {}),
        ("nx.district", "/summary-sheets", {"plan": "xj-women", "month": "2026-03", "claims": [stage.office]}, {}),
        ("nx.clerk", "/people/find", {"id_number": number}, {}), ("nx.admin", "/people/find", {"id_number": number}, {}),
        ("nx.head", "/people/{person_id}/merge", {"dropped_id": stage.person, "why": "同一人"}, {"person_id": own}),
        ("nx.head", "/people/{person_id}/unmask", {"field": "id_number", "reason": "核对", "claim_no": stage.reported}, {"person_id": own}),
        ("xj.m2", "/cases", {"id_number": number, "channel": "member", "event": {"kind": "diagnosis"}}, {}),
        ("xj.m2", "/cases/preview", {"id_number": number, "event": {"kind": "diagnosis"}}, {}),
        ("xj.clerk2", "/cases/{case_no}/join", {"into": crowd.ids["other_case"], "reason": "同一"}, {})]


def test_whoever_only_pays_or_administers_reads_no_illness(crowd: Crowd) -> None:
    """What is shown to many is shown in part: a cover without its benefits to finance, a proxy without the reason to an administrator."""
    cover = "/covers/{certificate_no}"
    assert '"liabilities":null' in crowd.ask("xj.maker", "GET", cover).text
    assert '"liabilities":[{' in crowd.ask("xj.clerk", "GET", cover).text
