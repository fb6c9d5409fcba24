"""A small world built with the public verbs: two offices with their trees, people for every role, enrolled members.

    world = build_world(db, now)
    world.actor("xj.head")        one of LOGINS, or a member's login ("nx.m0")
    world.member(0)               a member of Ningxia; world.member(0, "xj") of Xinjiang
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast

from sqlmodel import Session

from services.access import service as access
from services.access.actor import Actor, Role, insurer, system
from services.core.db import Database, Scope
from services.enrolment import service as enrolment
from services.simulate.synthetic import REGIONS, Synthetic, roster_xlsx, synthetic_person
from tests.support.databases import Fresh

NX_PLAN, XJ_PLAN = "nx-ankangbao", "xj-women"
EFFECTIVE = date(2026, 1, 1)
MEMBERS = 6                     # per office, all in its first unit
XJ_SHARES = (4, 4, 2, 1, 2, 1)  # of members xj.m0 …
ROOT = system("cn")

# code under the parent, name, kind
_TREES = {
    "nx": [("nx", "cn.", "宁夏回族自治区总工会女职工委员会", "office"), ("yc", "cn.nx.", "银川市总工会", "city"),
           ("xq", "cn.nx.yc.", "兴庆区总工会", "district"), ("u001", "cn.nx.yc.xq.", "兴庆区示例一厂工会", "unit"),
           ("u002", "cn.nx.yc.xq.", "兴庆区示例二厂工会", "unit")],
    "xj": [("xj", "cn.", "中国职工保险互助会新疆办事处", "office"), ("wlmq", "cn.xj.", "乌鲁木齐市总工会", "city"),
           ("tsd", "cn.xj.wlmq.", "天山区总工会", "district"), ("u001", "cn.xj.wlmq.tsd.", "天山区示例一厂工会", "unit"),
           ("u002", "cn.xj.wlmq.tsd.", "天山区示例二厂工会", "unit")],
}
_OFFICES = {"nx": ("ningxia", "宁夏回族自治区总工会女职工委员会", "宁工女互通"),
            "xj": ("xinjiang", "中国职工保险互助会新疆办事处", "新互通")}
# login after the office, place in the tree (0 office … 4 second unit), role, sex
_STAFF = (
    ("clerk", 3, Role.UNIT_CLERK, "F"), ("clerk2", 4, Role.UNIT_CLERK, "F"),
    ("district", 2, Role.DISTRICT_REVIEWER, "M"), ("city", 1, Role.DISTRICT_REVIEWER, "F"),
    ("office1", 0, Role.OFFICE_REVIEWER, "F"), ("office2", 0, Role.OFFICE_REVIEWER, "M"),
    ("senior", 0, Role.SENIOR_REVIEWER, "F"), ("head", 0, Role.HEAD, "M"),
    ("maker", 0, Role.FINANCE_MAKER, "F"), ("checker", 0, Role.FINANCE_CHECKER, "M"),
    ("auditor", 0, Role.AUDITOR, "F"), ("admin", 0, Role.ADMINISTRATOR, "M"),
)
LOGINS = tuple(f"{office}.{login}" for office in _TREES for login, *_ in _STAFF)


@dataclass(frozen=True, slots=True)
class Member:
    """An enrolled member with an account of her own."""

    login: str
    person_id: uuid.UUID
    synthetic: Synthetic
    actor: Actor


@dataclass(slots=True)
class World:
    """Ids and actors of everything `build_world` made."""

    db: Database
    root_token: str
    orgs: dict[str, uuid.UUID] = field(default_factory=dict)        # by org_key
    actors: dict[str, Actor] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    members: dict[str, list[Member]] = field(default_factory=dict)  # by office

    def actor(self, login: str) -> Actor:
        """The actor behind a login, e.g. "xj.head"; "system" is the worker."""
        return ROOT if login == "system" else self.actors[login]

    def person(self, login: str) -> uuid.UUID:
        """The person behind a login."""
        person_id = self.actors[login].person_id
        assert person_id is not None
        return person_id

    def account(self, login: str) -> uuid.UUID:
        """The account behind a login."""
        account_id = self.actors[login].account_id
        assert account_id is not None
        return account_id

    def member(self, n: int = 0, office: str = "nx") -> Member:
        """Member number `n` of an office."""
        return self.members[office][n]

    def org(self, org_key: str) -> uuid.UUID:
        """An organisation's id by its key, e.g. "cn.xj.wlmq.tsd.u001."."""
        return self.orgs[org_key]

    def insurer(self) -> Actor:
        """The insurer's program."""
        return insurer("cn.nx.", "平安养老保险股份有限公司宁夏分公司")


def build_world(db: Database, now: datetime) -> World:
    """Both trees, their staff, the fund of xj-women, and six members each with covers from EFFECTIVE.

    Made once for each instant in a test process, in a database of its own; a test's database becomes a copy of that one.
    """
    if isinstance(db, Fresh) and not db.made:
        name, kept = _keep(db.server, now)
        db.make(name)
        return replace(deepcopy(kept), db=db)
    return _build(db, now)


_kept: dict[tuple[str, datetime], tuple[str, World]] = {}       # the database that is copied, and what was made in it


def _keep(server: str, now: datetime) -> tuple[str, World]:
    if (server, now) not in _kept:
        first = Fresh(server)
        _kept[server, now] = first.name, replace(_build(first, now), db=cast(Database, None))
        first.close()
    return _kept[server, now]


def _build(db: Database, now: datetime) -> World:
    with db.unit_of_work(Scope("cn")) as session:
        token = access.bootstrap(session, root_code="cn", root_name="全国", now=now)
        world = World(db, token)
        world.actors["admin"] = admin = access.authenticate(session, token, now=now)
        world.orgs["cn."] = next(iter(_root_ids(session)))
        for place, office in enumerate(_TREES):
            _tree(session, world, office, admin, now)
            _staff(session, world, office, 100 * place, admin, now)
        enrolment.open_fund(session, plan=XJ_PLAN, opening=Decimal(10_000_000), actor=ROOT, now=now)
        for place, (office, plan) in enumerate((("nx", NX_PLAN), ("xj", XJ_PLAN))):
            shares = XJ_SHARES if plan == XJ_PLAN else (1,) * MEMBERS
            people = [synthetic_person(300 + 10 * place + n, region=REGIONS[_OFFICES[office][0]], shares=shares[n],
                                       born=date(1980 + n, 5, 10 + n), bank=("ICBC", "CCB")[n % 2]) for n in range(MEMBERS)]
            enrol_members(session, world, office, plan, people, EFFECTIVE, now)
            _member_accounts(session, world, office, people, admin, now)
    return world


def _root_ids(session: Session) -> list[uuid.UUID]:
    from services.enrolment.queries import organisations_under

    return [org.id for org in organisations_under(session, "cn.")]


def _tree(session: Session, world: World, office: str, admin: Actor, now: datetime) -> None:
    name, organ, series = _OFFICES[office]
    for code, parent, title, kind in _TREES[office]:
        is_office = kind == "office"
        made = enrolment.add_organisation(
            session, parent_id=world.orgs[parent], code=code, name=title, kind=kind, office=name if is_office else None,
            letter_organ=organ if is_office else None, letter_series=series if is_office else None,
            contact="12351" if is_office else None, actor=admin, now=now)
        world.orgs[made.org_key] = made.id


def _keys(office: str) -> list[str]:
    return [f"{parent}{code}." for code, parent, *_ in _TREES[office]]


def _staff(session: Session, world: World, office: str, first: int, admin: Actor, now: datetime) -> None:
    for serial, (login, place, role, sex) in enumerate(_STAFF):
        staff = synthetic_person(first + serial, sex="F" if sex == "F" else "M", born=date(1978, 2, 1 + serial))
        person = enrolment.add_person(session, name=staff.name, id_number=staff.id_number, actor=admin, now=now)
        open_login(session, world, f"{office}.{login}", _keys(office)[place], role, person.id, person.name, now)


def open_login(session: Session, world: World, login: str, org_key: str, role: Role, person_id: uuid.UUID, name: str,
               now: datetime) -> Actor:
    """An account with a token valid for two years, known to the world under its login."""
    admin = world.actors["admin"]
    account = access.open_account(session, login=login, name=name, org_id=world.orgs[org_key], roles=[role],
                                  person_id=person_id, actor=admin, now=now)
    world.tokens[login] = access.issue_token(session, account_id=account.id, expires_at=now + timedelta(days=730),
                                             actor=admin, now=now)
    world.actors[login] = access.authenticate(session, world.tokens[login], now=now)
    return world.actors[login]


def enrol_members(session: Session, world: World, office: str, plan: str, people: Sequence[Synthetic], effective: date,
                  now: datetime) -> None:
    """Enrol people at an office's first unit by roster; every row must be good."""
    key = _keys(office)[3]
    done = enrolment.enrol(session, content=roster_xlsx(people, unit=_TREES[office][3][2]), file_name="名单.xlsx", plan=plan,
                           org_id=world.orgs[key], effective=effective, payer_kind="self", actor=ROOT, now=now)
    assert not done.faults, done.faults
    assert done.accepted == len(people)


def _member_accounts(session: Session, world: World, office: str, people: Sequence[Synthetic], admin: Actor,
                     now: datetime) -> None:
    world.members[office] = []
    for n, synthetic in enumerate(people):
        login = f"{office}.m{n}"
        person = enrolment.add_person(session, name=synthetic.name, id_number=synthetic.id_number, actor=admin, now=now)
        actor = open_login(session, world, login, _keys(office)[3], Role.MEMBER, person.id, person.name, now)
        world.members[office].append(Member(login, person.id, synthetic, actor))
