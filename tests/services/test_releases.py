"""Changes of what governs claims: two persons, dated, and the separation rule cannot be weakened."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

import psycopg
import pytest

from services.access import service as access
from services.access.actor import Actor, Role
from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict, HuzhuError, InputError
from services.models import Release
from services.releases import queries, rules, service
from services.releases.rules import Comparison
from services.rulebook import registry
from tests.services.signing_world import ROOT, Superuser
from tests.support.world import World, build_world, open_login

DAY = date(2026, 4, 1)
TEXT = next(path for path in registry.files() if path.parent.name == "nx-ankangbao").read_text(encoding="utf-8").replace(
    "from: 2019-01-03", "from: 2026-04-01")
BOOK: dict[str, object] = {"plan": "nx-ankangbao", "effective": "2026-04-01", "text": TEXT}
YEAR = """year: 2027
status: official
source: 国务院办公厅关于2027年部分节假日安排的通知（示例）
holidays:
- {name: 春节, first: 2027-02-06, last: 2027-02-12}
workdays: [2027-02-20]
"""
CARE = "请安心休养，所需材料可以托家人送来。"
ALL = {"claimant", "family", "verifier", "levels", "judged", "maker", "checker", "payers", "substitute"}


def _propose(world: World, by: str = "nx.admin", *, kind: str = "rule_book", payload: Mapping[str, object] = BOOK, day: date = DAY,
             org: str = "cn.nx.", note: str = "新条款", now: datetime) -> Release:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        return service.propose(session, kind=kind, payload=payload, effective_on=day, note=note, org_id=world.org(org), actor=actor,
                               now=now)


def _release(world: World, by: str | Actor, made: Release, now: datetime, digest: str = "") -> Release:
    actor = by if isinstance(by, Actor) else world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        return service.release(session, release_id=made.id, digest=digest or made.digest, actor=actor, now=now)


def test_a_change_holds_when_another_person_released_it_from_its_day_on(db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    made = _propose(world, now=now)
    with db.view(ROOT) as session:
        assert queries.current(session, kind="rule_book", on=DAY, org_key="cn.nx.") is None
    assert _release(world, "nx.head", made, now).state == "released"
    with db.view(ROOT) as session:
        def holds(day: date, org_key: str, plan: str = "nx-ankangbao") -> bool:
            return queries.current(session, kind="rule_book", on=day, org_key=org_key, subject=("plan", plan)) is not None
        assert [holds(date(2026, 3, 31), "cn.nx."), holds(DAY, "cn.nx."), holds(DAY, "cn.nx.yc.xq.u001."), holds(DAY, "cn.xj."),
                holds(DAY, "cn."), holds(DAY, "cn.nx.", "xj-women")] == [False, True, True, False, False, False]
    said = superuser.execute("SELECT split_part(what, ':', 1), reason FROM access_record WHERE what LIKE 'release.%%' ORDER BY id")
    assert said.fetchall() == [("release.proposed", "新条款"), ("release.released", None)]


def test_the_later_and_then_the_nearer_holds(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    texts = {}
    for org, day, text in (("cn.nx.", DAY, CARE), ("cn.nx.yc.", DAY, f"银川的同志，{CARE}"),
                           ("cn.nx.", date(2026, 5, 1), f"请您放心，{CARE}")):
        made = _propose(world, kind="wording", payload={"code": "receipt.care", "text": text}, org=org, day=day, now=now)
        texts[text] = _release(world, "nx.head", made, now)
    with db.view(ROOT) as session:
        def holds(day: date, org_key: str) -> object:
            found = queries.current(session, kind="wording", on=day, org_key=org_key)
            return found.payload["text"] if found else None
        assert [holds(DAY, "cn.nx."), holds(DAY, "cn.nx.yc.xq."), holds(date(2026, 5, 2), "cn.nx.yc.xq.")] == list(texts)


def test_the_proposer_is_one_person_under_every_account(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    made = _propose(world, now=now)
    with db.unit_of_work(ROOT) as session:
        second = open_login(session, world, "nx.admin.2", "cn.nx.", Role.HEAD, world.person("nx.admin"), "同一人", now)
    for actor in (world.actor("nx.admin"), second):
        with pytest.raises(HuzhuError, match="same_person"):
            _release(world, actor, made, now)
        with db.unit_of_work(actor.scope) as session, pytest.raises(HuzhuError, match="same_person"):
            service.reject(session, release_id=made.id, note="不行", actor=actor, now=now)


def test_nobody_proposes_or_releases_in_a_colleagues_place(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    head = world.actor("nx.head")
    with db.unit_of_work(head.scope) as session:
        access.appoint_substitute(session, absent_id=world.account("nx.head"), account_id=world.account("nx.senior"), reason="出差",
                                  from_on=date(2026, 3, 20), until_on=date(2026, 3, 31), actor=head, now=now)
    with db.view(ROOT) as session:
        lent = access.authenticate(session, world.tokens["nx.senior"], now=now)
    assert lent.has(Role.HEAD)
    with pytest.raises(HuzhuError, match="stands_in"):
        _release(world, lent, _propose(world, now=now), now)


@pytest.mark.parametrize(("by", "code"), [("nx.senior", "role_missing"), ("nx.auditor", "role_missing"), ("xj.head", "release_missing"),
                                          ("admin", "person_missing")])
def test_who_may_not_release(db: Database, now: datetime, by: str, code: str) -> None:
    world = build_world(db, now)
    with pytest.raises(HuzhuError) as refused:
        _release(world, by, _propose(world, now=now), now)
    assert refused.value.code == code


def test_what_was_seen_is_what_is_released_and_answered_once(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    made = _propose(world, now=now)
    with pytest.raises(Conflict, match="release_digest"):
        _release(world, "nx.head", made, now, digest=rules.digest("rule_book", {**BOOK, "sha256": "b" * 64}, DAY))
    with db.unit_of_work(world.actor("nx.head").scope) as session, pytest.raises(HuzhuError, match="not_proposer"):
        service.withdraw(session, release_id=made.id, note="撤回", actor=world.actor("nx.head"), now=now)

    def answer(verb: str) -> str:
        actor = world.actor("nx.head" if verb != "withdraw" else "nx.admin")
        try:
            with db.unit_of_work(actor.scope) as session:
                if verb == "release":
                    service.release(session, release_id=made.id, digest=made.digest, actor=actor, now=now)
                else:
                    refuse = service.reject if verb == "reject" else service.withdraw
                    refuse(session, release_id=made.id, note="另议", actor=actor, now=now)
        except Conflict as error:
            return error.code
        return "done"
    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(answer, ["release", "reject", "withdraw"])) == ["done", "release_answered", "release_answered"]


@pytest.mark.parametrize(("kind", "payload", "day", "field"), [
    ("laws", {}, DAY, "kind"),
    ("rule_book", {**BOOK, "extra": 1}, DAY, "payload.extra"),
    ("rule_book", {"plan": "nx-ankangbao", "effective": "2026-04-01"}, DAY, "payload.text"),
    ("rule_book", {**BOOK, "sha256": "A" * 64}, DAY, "payload.sha256"),
    ("rule_book", {**BOOK, "text": TEXT.replace("less: 3", "less: ３")}, DAY, "payload.text"),
    ("rule_book", {**BOOK, "text": TEXT.replace("[ICBC, CCB], clause: 第十四条", "[ICBC, CCB]")}, DAY, "payload.text"),
    ("rule_book", {**BOOK, "plan": "nx-other"}, DAY, "payload.plan"),
    ("rule_book", {**BOOK, "effective": "2019-01-03", "text": TEXT.replace("2026-04-01", "2019-01-03")}, date(2019, 1, 3),
     "payload.effective"),
    ("rule_book", {**BOOK, "effective": "2026-03-19", "text": TEXT.replace("2026-04-01", "2026-03-19")}, date(2026, 3, 19),
     "effective_on"),
    ("rule_book", {**BOOK, "samples": [{"name": "一"}]}, DAY, "payload.samples"),
    ("rule_book", BOOK, date(2026, 4, 2), "effective_on"),
    ("calendar", {"year": 2027, "text": YEAR}, date(2027, 1, 1), "payload.year"),
    ("calendar", {"year": "2028", "text": YEAR}, date(2028, 1, 1), "payload.year"),
    ("calendar", {"year": "2027", "text": YEAR}, DAY, "effective_on"),
    ("calendar", {"year": "2027", "text": YEAR.replace("2027-02-06", "2026-02-06")}, date(2027, 1, 1),
     "payload.text.holidays.0.first"),
    ("wording", {"code": "receipt.care", "text": " "}, DAY, "payload.text"),
    ("wording", {"code": "receipt.care", "text": CARE}, date(2026, 3, 19), "effective_on"),
    ("wording", {"code": "refusal.objection", "text": CARE}, DAY, "payload.code"),
    ("separation_rule", {"off": ["maker"]}, DAY, "payload.off"),
    ("separation_rule", {"off": ["mood"]}, DAY, "payload.off"),
    ("separation_rule", {"off": "maker"}, DAY, "payload.off"),
])
def test_a_wrong_proposal_names_its_key(db: Database, now: datetime, kind: str, payload: dict[str, object], day: date, field: str) -> None:
    world = build_world(db, now)
    with pytest.raises(InputError) as refused:
        _propose(world, kind=kind, payload=payload, day=day, now=now)
    assert refused.value.field == field


def test_every_comparison_holds_whatever_a_row_says(db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    with db.view(ROOT) as session:
        assert queries.separation(session, on=DAY, org_key="cn.nx.") == ALL
    made = _propose(world, kind="separation_rule", payload={"off": []}, note="重申", now=now)
    _release(world, "nx.head", made, now)
    superuser.execute("""UPDATE release SET payload = '{"off": ["maker", "levels", "substitute"]}'""")
    with db.view(ROOT) as session:
        assert queries.separation(session, on=DAY, org_key="cn.nx.") == ALL
    for broken in ("[]", '{"off": {"maker": true}}', '{"off": [1, null]}', "{}", '["off"]'):
        superuser.execute("UPDATE release SET payload = %s::jsonb", (broken,))
        with db.view(ROOT) as session:
            assert queries.separation(session, on=at_hour(DAY).date(), org_key="cn.nx.") == ALL


def test_only_what_no_one_demands_can_be_off() -> None:
    known = (Comparison("maker", "制单", "法"), Comparison("extra", "本办自定", "本办", demanded=False))
    assert rules.in_force({"off": ["maker", "extra"]}, known) == {"maker"}
    assert rules.in_force({"off": "extra"}, known) == rules.in_force(None, known) == {"maker", "extra"}


def test_the_database_itself_asks_for_two_persons(db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    made = _propose(world, now=now)
    for person in (None, world.person("nx.admin")):
        with pytest.raises(psycopg.errors.CheckViolation):
            superuser.execute("UPDATE release SET state = 'released', answered_person = %s WHERE id = %s", (person, made.id))


def test_who_sees_which(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    mine = _propose(world, now=now)
    open_one = _propose(world, note="另一件", now=now)
    _release(world, "nx.head", mine, now)

    def seen(login: str) -> list[uuid.UUID]:
        with db.view(world.actor(login).scope) as session:
            return [row.id for row in queries.releases(session, actor=world.actor(login))]
    assert seen("nx.auditor") == [open_one.id, mine.id] and seen("nx.clerk") == [mine.id] and seen("xj.auditor") == []
