"""Everybody at the API with a token, over claims at every station; whatever they do is undone after the answer."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlmodel import Session

from services.access import service as access
from services.access.actor import Role
from services.api.app import PREFIX
from services.api.problems import MEDIA
from services.core import embedded
from services.core.clock import at_hour
from services.core.db import Database, Scope, driver_cursor
from services.core.months import months_on
from services.enrolment import service as enrolment
from services.evidence import originals, readings, uploads
from services.evidence.readings import PageRead, PaperRead
from services.evidence.recognition.lines import Found
from services.lifecycle.create import create
from services.models import BankLine, Receivable, Release, ReportImport
from services.notice import monthly
from services.reporting import claims
from services.review import sampling
from services.rulebook import registry
from services.simulate.synthetic import synthetic_person
from services.storage import service as storage
from services.wiring import Wiring
from tests.browser.stage import Stage, build, one
from tests.conftest import TEMPLATE
from tests.services.api_world import Api, picture
from tests.services.later_stage import Plain, later_stage
from tests.services.paying_world import decided
from tests.support.apps import app_over
from tests.support.world import ROOT, World, open_login

NOTHING = "00000000-0000-0000-0000-000000000000"
PEOPLE = {"M": "m1", "U": "clerk", "D": "district", "O": "office1", "S": "senior", "H": "head", "K": "maker", "C": "checker",
          "A": "auditor", "X": "admin", "Y": "program", "I": "insurer", "Z": "hospital"}
OWN = {f"xj.{login}" for login in PEOPLE.values()} - {"xj.program", "xj.insurer", "xj.hospital"}
OWN_ACCOUNT = ("/accounts/{account_id}/tokens", "/accounts/{account_id}/substitutes")
REFUSED = ("role_missing", "event_not_permitted")       # the role is refused, by the door or by the verb behind it


class Undone(Database):
    """Whatever a request writes is taken back once it has its answer: everybody meets the same world."""

    @contextmanager
    def unit_of_work(self, scope: Scope) -> Iterator[Session]:
        """As everywhere, without the commit."""
        with super().unit_of_work(scope) as session:
            yield session
            driver_cursor(session).execute("ROLLBACK")      # under the session, which keeps the rows it read


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and, of a refusal, its code."""

    status: int
    code: str
    text: str

    @property
    def role(self) -> bool:
        """Whether the role was refused."""
        return self.status == 403 and self.code in REFUSED


class Crowd:
    """`crowd.ask("xj.head", "GET", "/claims/{claim_no}")`: the address is of the stage's record, the body the interface's example."""

    def __init__(self, api: Api) -> None:
        self.api, self.stage = api, build(api)
        self.tokens = dict(api.world.tokens)
        self.versions: dict[str, int] = {}
        _others(self)
        self.ids = {**_addresses(api, self.stage), **_more(api, self.stage), **later_stage(api, self.tokens)}
        self.db = Undone(api.db.url, pool_size=2)
        self.app = app_over(Wiring(self.db, api.clock, api.app.state.wiring.insurer, Scope("cn")))
        self.document, self.plain = self.app.openapi(), Plain(api.db)
        self.http = TestClient(self.app, raise_server_exceptions=False)

    def routes(self) -> list[tuple[str, str]]:
        """(method, path) of every route of the application."""
        return [(method.upper(), path.removeprefix(PREFIX)) for path, found in self.document["paths"].items() for method in found]

    def ask(self, login: str, method: str, path: str, *, body: Mapping[str, object] | None = None, ids: Mapping[str, str] | None = None,
            **query: str) -> Answer:
        """Somebody's request; `login` empty is nobody, one of `tokens` else."""
        known = self.known(login, path) | (ids or {})
        where = re.sub(r"{(\w+)}", lambda found: known[found[1]], path)
        headers = {"Authorization": f"Bearer {self.tokens[login]}"} if login else {}
        sent: dict[str, Any] = {}
        if method == "POST":
            headers |= {"Idempotency-Key": str(uuid.uuid4()), "If-Match": f'"{self.version(path, known)}"'}
            sent = {"json": body} if body is not None else self.content(path, known)
        given = self.http.request(method, PREFIX + where, headers=headers, params=query or QUERY.get(path), **sent)
        kind = given.headers.get("content-type", "")
        self.plain.hear(login, f"{method} {path}", given.text)
        return Answer(given.status_code, given.json()["code"] if kind == MEDIA else "", given.text if "json" in kind else "")

    def known(self, login: str, path: str) -> dict[str, str]:
        """The stage's records, as they are this person's: the unit's own node, the own account."""
        known = self.ids | ({"claim_no": getattr(self.stage, CLAIM[path])} if path in CLAIM else {})
        if login in ("xj.m1", "xj.clerk"):
            known["org_id"] = str(self.api.world.org("cn.xj.wlmq.tsd.u001."))
        if path in OWN_ACCOUNT and login in OWN:
            known["account_id"] = str(self.api.world.account(login))
        return known

    def content(self, path: str, known: Mapping[str, str]) -> dict[str, Any]:
        """The example of the interface page, about the stage's records; an upload's fields."""
        if path in UPLOADS:
            return {"data": {name: value.format(**known) for name, value in UPLOADS[path].items()},
                    "files": {"file": ("scan.png", picture(path))}}
        schema = self.document["paths"][PREFIX + path]["post"].get("requestBody", {}).get("content", {}).get("application/json", {})
        named = schema.get("schema", {})
        if "$ref" in named:
            named = self.document["components"]["schemas"][named["$ref"].rsplit("/", 1)[-1]]
        example = named.get("example") or next(iter(named.get("examples", [])), {})
        return {"json": {**example, **{name: value.format(**known) if isinstance(value, str) else value
                                       for name, value in BODIES.get(path, {}).items()}}}

    def version(self, path: str, known: Mapping[str, str]) -> int:
        """What the caller saw: the row as it is, and stays."""
        for part, (table, column) in VERSIONED.items():
            if f"{{{part}}}" in path:
                if known[part] not in self.versions:
                    with self.api.db.view(ROOT.scope) as session:
                        found = session.execute(sa.text(f"SELECT version FROM {table} WHERE {column} = :id"), {"id": known[part]}).scalar()
                    self.versions[known[part]] = found or 1
                return self.versions[known[part]]
        return 1


@contextmanager
def assembled(server: str, keys: Path) -> Iterator[Crowd]:
    """The crowd for a whole file of tests, before a database of its own."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {embedded.OWNER} STRATEGY FILE_COPY")
    database = Database(embedded.with_user(server, embedded.APP, name), pool_size=2)
    crowd = Crowd(Api(database, at_hour(date(2026, 3, 20)), keys))
    with crowd.http:
        yield crowd
    crowd.db.close()
    database.close()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _addresses(api: Api, stage: Stage) -> dict[str, str]:
    """The stage's records by the words of the addresses."""
    return {
        "claim_no": stage.reported, "case_no": stage.case, "paper_id": stage.paper, "notice_id": stage.letter, "plan": "xj-women",
        "supplement_id": stage.supplement, "payment_id": stage.payment, "certificate_no": stage.certificate, "draft_id": stage.draft,
        "phrase_id": stage.phrase, "account_id": stage.account, "person_id": stage.person, "org_id": stage.org,
        "roster_id": stage.roster, "sheet_id": one(api, "SELECT id FROM summary_sheet WHERE sheet_no = :no", no=stage.sheet),
        "run_id": one(api, "SELECT id FROM payment_run WHERE run_no = :no", no=stage.run), "sha256": "0" * 64, "number": "1",
        "code": "7K4M2QXD9PHT6WRC",
        "objection_id": one(api, "SELECT o.id FROM objection o JOIN claim c ON c.id = o.claim_id WHERE c.claim_no = :no",
                            no=stage.decided),
        **dict.fromkeys(("category_id", "proxy_id", "merge_id", "session_id"), NOTHING),
        "relative_id": str(api.world.person("xj.m2")), "city_id": str(api.world.org("cn.xj.wlmq.")),
        "other_case": one(api, "SELECT f.case_no FROM case_file f JOIN claim c ON c.case_id = f.id WHERE c.claim_no = :no",
                          no=stage.clerk)}


def _more(api: Api, stage: Stage) -> dict[str, str]:
    """What the stage of the pages has not: an original asked for, a sample, money asked back, a file of reports, a substitution."""
    now, world = api.clock.now(), api.world
    head, office = world.actor("xj.head"), world.actor("xj.office2")
    with api.db.unit_of_work(head.scope) as session:
        asked = originals.ask_original(session, paper_id=uuid.UUID(stage.paper), reason="影像上的印章不清",
                                       due_on=now.date() + timedelta(days=20), actor=head, now=now)
        drawn = sampling.draw(session, from_on=now.date(), until_on=now.date(), seed="blue", size=1, actor=head,
                              now=now + timedelta(days=1))
        item = sampling.result(session, sample_id=drawn.id, actor=head).items[0].id
        standing = access.appoint_substitute(
            session, absent_id=office.account_id, account_id=world.account("xj.standin"), from_on=now.date(),
            until_on=now.date() + timedelta(days=9), reason="年假", actor=office, now=now)
    district = world.actor("xj.district")
    with api.db.unit_of_work(district.scope) as session:
        told = monthly.issue(session, kind="report", month=months_on(now.date(), -1), actor=district, now=now).id
    with api.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 5, 0, now=now, state="refused", kind="nothing")
        owed = Receivable(org_key=claim.org_key, state="open", claim_id=claim.id, round=1, person_id=claim.person_id,
                          amount_fen=1_400_000, why="objection", created_at=now)
        create(session, "receivable", [owed], actor=ROOT, now=now)
        kept = ReportImport(org_key="cn.xj.wlmq.tsd.u001.", sha256="0" * 64, file_name="报案.xlsx", rows=1, accepted=0,
                            errors_sha256=storage.put(b"errors"), account_id=world.account("xj.clerk"), at=now)
        line = BankLine(org_key="cn.xj.", kind="credit", attempt=0, reference="X-1", amount_fen=100, fault="unknown_reference",
                        file_sha256="1" * 64, line_no=1, at=now)
        session.add_all([kept, line])
        session.flush()
        coming = uploads.begin(session, case_id=claims.case_by_no(session, stage.case).id, kind="pathology", file_name="病理.png",
                               size=10, sha256="0" * 64, actor=world.actor("xj.m1"), now=now)
        return {"letter_id": str(told), "upload_id": str(coming.id), "request_id": str(asked.id), "sample_id": str(drawn.id),
                "item_id": str(item), "substitute_id": str(standing.id),
                "receivable_id": str(owed.id), "import_id": str(kept.id), "line_id": str(line.id),
                "field_id": _field(session, stage.paper, now), "release_id": _wording(session, world, now)}


def _wording(session: Session, world: World, now: datetime) -> str:
    """A rule-book proposed with its text."""
    admin = world.actor("xj.admin")
    assert admin.account_id and admin.person_id
    book = registry.latest("xj-women")
    text = (registry.PLANS / book.office / book.plan / f"{book.version}.yaml").read_text()
    made = Release(org_id=world.org("cn.xj."), kind="rule_book", digest="0" * 64, effective_on=book.from_, note="重新公布",
                   payload={"plan": book.plan, "effective": book.version, "text": text}, proposed_by=admin.account_id,
                   proposed_person=admin.person_id, proposed_at=now)
    session.add(made)
    return str(made.id)


def _field(session: Session, paper_id: str, now: datetime) -> str:
    """A field read on the stage's paper."""
    found = PageRead(1, "ocr", "diagnosis", (Found(1, "name", "示例", 0.9, None),))
    readings.keep(session, [PaperRead(uuid.UUID(paper_id), "ocr", "test", (found,))], now=now)
    return str(session.execute(sa.text("SELECT id FROM paper_field WHERE paper_id = :id"), {"id": paper_id}).scalar_one())


def _others(crowd: Crowd) -> None:
    """A second district, a checker who stands in for a reviewer, programs of office and insurer, somebody whose account was closed."""
    world, now = crowd.api.world, crowd.api.clock.now()
    admin = world.actors["admin"]
    with crowd.api.db.unit_of_work(ROOT.scope) as session:
        made = enrolment.add_organisation(session, parent_id=world.org("cn.xj.wlmq."), code="sm", name="水磨沟区总工会", kind="district",
                                          contact="12351", actor=ROOT, now=now)
        world.orgs[made.org_key] = made.id
        for serial, (login, org, role) in enumerate((("xj.district2", made.org_key, Role.DISTRICT_REVIEWER),
                                                     ("xj.standin", "cn.xj.", Role.FINANCE_CHECKER), ("xj.closed", "cn.xj.", Role.HEAD))):
            staff = synthetic_person(990 + serial, sex="M")
            person = enrolment.add_person(session, name=staff.name, id_number=staff.id_number, actor=ROOT, now=now)
            open_login(session, world, login, org, role, person.id, person.name, now)
            crowd.tokens[login] = world.tokens[login]
        for office in ("xj", "nx"):
            for login, program in (("program", Role.SYSTEM), ("insurer", Role.INSURER), ("hospital", Role.HOSPITAL)):
                account = access.open_account(session, login=f"{office}.{login}", name="程序", org_id=world.org(f"cn.{office}."),
                                              roles=[program], actor=admin, now=now)
                crowd.tokens[f"{office}.{login}"] = _token(session, account.id, admin, now)
    with crowd.api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE account SET active = false WHERE login = 'xj.closed'"))


def _token(session: Session, account_id: uuid.UUID, admin: Any, now: datetime) -> str:
    return access.issue_token(session, account_id=account_id, expires_at=now + timedelta(days=30), actor=admin, now=now)


# Acts whose place in a claim's life is elsewhere than right after the report, and whose claim that is.
_IN_REVIEW = ("take", "drop", "pass", "delegate", "take-over", "refuse", "send-down", "send-back", "hold", "unhold", "regrade", "amounts",
              "exclusions", "looks", "colleagues", "changes", "chain", "inputs", "uphold", "advance", "advance/confirm", "advance/withdraw")
_DECIDED = ("corrections", "corrections/confirm", "corrections/drop", "objections", "rounds", "notices")
CLAIM = {f"/claims/{{claim_no}}/{verb}": "office" for verb in _IN_REVIEW} | {f"/claims/{{claim_no}}/{verb}": "decided" for verb in _DECIDED}
# The member whose record it is; xj.m1 else.
HOLDER = dict.fromkeys(("/claims/{claim_no}/objections", "/claims/{claim_no}/notices", "/objections/{objection_id}/withdraw",
                        "/notices/{notice_id}", "/notices/{notice_id}/content", "/notices/{notice_id}/delivered",
                        "/notices/{notice_id}/enclosures/{sha256}"), "xj.m3")

QUERY = {
    "/letter-register/numbers": {"series": "新互通", "year": "2026"},
    "/payments": {"state": "planned"}, "/separation": {"year": "2026"}, "/words": {"amount": "72177.37"},
    "/window/lists": {"day": "2026-03-02"}, "/window/days": {"first": "2026-03-01", "last": "2026-03-31"},
    "/days/add": {"start": "2026-02-13", "days": "15"}, "/days/report": {"diagnosed_on": "2026-02-05"},
    "/days/waiting": {"plan": "xj-women", "effective": "2026-01-01", "event": "2026-03-01"}}
UPLOADS = {
    "/claims/{claim_no}/papers": {"kind": "pathology"}, "/people/{person_id}/proofs": {}, "/cases/files": {}, "/bank-returns": {},
    "/uploads/{upload_id}/parts": {"offset": "0"},
    "/rosters": {"plan": "xj-women", "org_id": "{org_id}", "effective": "2026-05-01", "payer_kind": "self"}, "/paper-stacks": {}}
# What the example of the interface page does not know: the ids of this world.
_CALL = {"line": "office", "caller": "王示例", "called_at": "2026-03-19T10:30:00+08:00", "number_called": "12351", "said": "妻子住院"}
BODIES: dict[str, dict[str, object]] = {
    "/organisations": {"parent_id": "{org_id}"}, "/organisations/{org_id}/liaisons": {"area_id": "{org_id}"},
    "/organisations/{org_id}/move": {"parent_id": "{city_id}"}, "/organisations/{org_id}/merge": {"into_id": "{city_id}"},
    "/bank-returns/unmatched/{line_id}/assign": {"payment_id": "{payment_id}"},
    "/premiums": {"org_id": "{org_id}"}, "/premiums/returns": {"org_id": "{org_id}"},
    "/accounts": {"org_id": "{org_id}", "person_id": "{person_id}"}, "/people/{person_id}/unmask": {"claim_no": "{claim_no}"},
    "/window/hospitals": {"org_id": "{org_id}"},
    "/people/{person_id}/kin": {"relative_id": "{relative_id}"}, "/people/{person_id}/merge": {"dropped_id": "{relative_id}"},
    "/people/{person_id}/proxies": {"proxy_id": "{relative_id}"}, "/cases": {"channel": "phone", "call": _CALL},
    "/cases/{case_no}/join": {"into": "{other_case}"}, "/cases/{case_no}/apart": {"other": "{other_case}"}}
VERSIONED = {
    "run_id": ("payment_run", "id"), "payment_id": ("payment", "id"), "sheet_id": ("summary_sheet", "id"), "notice_id": ("notice", "id"),
    "supplement_id": ("supplement", "id"), "objection_id": ("objection", "id"), "receivable_id": ("receivable", "id"),
    "claim_no": ("claim", "claim_no"), "person_id": ("person", "id"), "org_id": ("organisation", "id"),
    "draft_id": ("report_draft", "id")}
