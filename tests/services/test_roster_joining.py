"""Who may join by roster: shares of a unit, other units' covers, renewals, prerequisites, and nobody on her own."""

from __future__ import annotations

from datetime import date, datetime

import psycopg
import pytest

from services.access.actor import Actor
from services.audit.verify import verify
from services.core.db import Database
from services.core.errors import InputError
from services.enrolment import queries, service
from services.enrolment.thresholds import Numbers
from services.models import RosterImport
from services.rulebook import registry
from tests.services.beijing_world import UNIT as BJ_UNIT
from tests.services.beijing_world import UNIT_NAME as BJ_NAME
from tests.services.beijing_world import build
from tests.services.roster_files import roster, woman
from tests.support.world import NX_PLAN, ROOT, World, build_world

UNIT, OTHER = "cn.nx.yc.xq.u001.", "cn.nx.yc.xq.u002."
UNIT_NAME, OTHER_NAME = "兴庆区示例一厂工会", "兴庆区示例二厂工会"
APRIL = date(2026, 4, 1)


def enrol(db: Database, world: World, content: bytes, now: datetime, *, plan: str = NX_PLAN, effective: date = APRIL,
          keep_good: bool = False, login: str = "nx.clerk", unit: str = UNIT, numbers: Numbers | None = None) -> RosterImport:
    """One upload."""
    who: Actor = world.actor(login)
    with db.unit_of_work(who.scope) as session:
        return service.enrol(session, content=content, file_name="名单.xlsx", plan=plan, org_id=world.org(unit), effective=effective,
                             payer_kind="self", keep_good=keep_good, unit=numbers, actor=who, now=now)


def _beijing(db: Database, world: World, people: int, now: datetime, *, plan: str = "bj-critical-3y",
             numbers: Numbers | None = None, first: int = 0, **more: object) -> RosterImport:
    return enrol(db, world, roster([woman(first + place) for place in range(people)], BJ_NAME), now, plan=plan, login="bj.clerk",
                 unit=BJ_UNIT, numbers=numbers, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("plan", "numbers", "people", "fault"), [
    # bj-critical-3y: 80% of staff, fewer than 30 all (A-46: 30 is not fewer than 30).
    ("bj-critical-3y", Numbers(staff=120), 95, "全体职工120人，至少96人，名单加在保共95人，还差1人"),
    ("bj-critical-3y", Numbers(staff=120), 96, None),
    ("bj-critical-3y", Numbers(staff=29), 28, "全体职工29人，至少29人，名单加在保共28人，还差1人"),
    ("bj-critical-3y", Numbers(staff=30), 24, None),
    ("bj-critical-3y", Numbers(staff=30), 23, "全体职工30人，至少24人，名单加在保共23人，还差1人"),
    ("bj-critical-3y", Numbers(staff=20), 21, "全体职工20人，名单加在保共21人，多于全体"),
    # bj-women-2y: 80% of the women, up to and with 100 all.
    ("bj-women-2y", Numbers(women=100), 99, "全体女职工100人，至少100人，名单加在保共99人，还差1人"),
    ("bj-women-2y", Numbers(women=101), 81, None),
    ("bj-women-2y", Numbers(women=101), 80, "全体女职工101人，至少81人，名单加在保共80人，还差1人"),
])
def test_the_missing_number_is_named(db: Database, now: datetime, plan: str, numbers: Numbers, people: int,
                                     fault: str | None) -> None:
    world = build(db, now, []).world
    done = _beijing(db, world, people, now, plan=plan, numbers=numbers)
    if fault is None:
        assert (done.accepted, done.faults) == (people, [])
    else:
        assert done.accepted == 0
        assert [(one["row"], one["fault"].split("（")[0]) for one in done.faults] == [("0", fault)]


def test_people_covered_before_count_and_what_the_unit_said_still_holds(db: Database, now: datetime) -> None:
    """120 people: 96 first; the next 10 need no number again, and are enough together with those in cover."""
    world = build(db, now, []).world
    assert _beijing(db, world, 96, now, numbers=Numbers(staff=120)).accepted == 96
    later = _beijing(db, world, 10, now, first=200)
    assert (later.accepted, later.unit) == (10, {"staff": 120})
    assert _beijing(db, world, 10, now, first=300, numbers=Numbers(staff=200)).faults[0]["fault"].startswith(
        "全体职工200人，至少160人，名单加在保共116人，还差44人")


def test_a_refused_roster_states_nothing(db: Database, now: datetime) -> None:
    """A number mistyped with a roster that enrolled nobody is not the unit's: asked again."""
    world = build(db, now, []).world
    assert _beijing(db, world, 10, now, numbers=Numbers(staff=1000)).accepted == 0
    with pytest.raises(InputError, match="unit_numbers_missing"):
        _beijing(db, world, 96, now)
    assert _beijing(db, world, 96, now, numbers=Numbers(staff=120)).accepted == 96
    assert _beijing(db, world, 10, now, first=300, numbers=Numbers(staff=1000)).accepted == 0
    assert _beijing(db, world, 10, now, first=300).unit == {"staff": 120}


def test_a_plan_with_a_share_asks_the_number(db: Database, now: datetime) -> None:
    world = build(db, now, []).world
    with pytest.raises(InputError, match="须写明在职职工总数") as refused:
        _beijing(db, world, 5, now)
    assert refused.value.field == "staff"
    with pytest.raises(InputError, match="须写明女职工总数"):
        _beijing(db, world, 5, now, plan="bj-women-2y", numbers=Numbers(staff=5))
    with pytest.raises(InputError, match="不能为负"):
        _beijing(db, world, 5, now, numbers=Numbers(staff=-1))


def test_parents_are_counted_by_their_children_and_that_is_said(db: Database, now: datetime) -> None:
    """bj-child-accident: 50% of the parents, fewer than 30 all. Three children of two parents are no fault."""
    world = build(db, now, []).world
    content = roster([woman(place) | {"关系": "子女"} for place in range(3)], BJ_NAME)
    for parents, faults in ((4, ["share_short"]), (2, [])):
        done = enrol(db, world, content, now, plan="bj-child-accident", login="bj.clerk", unit=BJ_UNIT, numbers=Numbers(parents=parents))
        assert [fault["code"] for fault in done.faults] == faults
        assert [note["code"] for note in done.notes] == ["counted_by_child"]


def test_faulty_rows_do_not_count_towards_the_share(db: Database, now: datetime) -> None:
    world = build(db, now, []).world
    rows = [woman(place) for place in range(9)] + [woman(9) | {"手机号": "1"}]
    done = enrol(db, world, roster(rows, BJ_NAME), now, plan="bj-critical-3y", login="bj.clerk", unit=BJ_UNIT, keep_good=True,
                 numbers=Numbers(staff=10))
    assert done.accepted == 0
    assert done.faults[0]["fault"].startswith("全体职工10人，至少10人，名单加在保共9人，还差1人")


def test_a_cover_of_another_unit_is_found_without_telling_where(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    content = roster([woman(1), woman(2)], "")
    assert enrol(db, world, content, now).accepted == 2
    done = enrol(db, world, content, now, login="nx.clerk2", unit=OTHER)
    assert [one["fault"] for one in done.faults] == ["保障期重叠：已在其他单位参加本计划，保障至 2027-03-31"] * 2
    assert done.faults[0]["remedy"] == "生效日应在 2027-03-31 之后"
    own = enrol(db, world, content, now)
    assert own.faults[0]["fault"].startswith("保障期重叠：已有保障 NXBZ2026")


def test_a_renewal_after_another_units_cover_is_unbroken(db: Database, now: datetime) -> None:
    """She changed units; her cover ran to the day before. At 61 only a renewal is possible (16–60, renewal to 64)."""
    world = build_world(db, now)
    born = {"姓名": "示一兰", "身份证号": "64009919650101" + "0025"}
    number = born["身份证号"][:17]
    total = sum(int(sign) * pow(2, 17 - place, 11) for place, sign in enumerate(number))
    born["身份证号"] = number + "10X98765432"[total % 11]
    content = roster([born, woman(2)], "")
    assert enrol(db, world, content, now, effective=date(2025, 5, 1), login="nx.office1").accepted == 2
    joined = enrol(db, world, content, now, effective=date(2026, 5, 1), login="nx.clerk2", unit=OTHER)
    assert (joined.accepted, joined.faults) == (2, [])
    with db.view(ROOT.scope) as session:
        person = queries.person_by_number(session, born["身份证号"])
        assert person is not None
        assert [cover.renewal for cover in queries.covers_of(session, person.id)] == [False, True]


def test_the_plan_before_must_be_in_force(db: Database, now: datetime) -> None:
    """xj-critical-illness asks xj-inpatient-accident on the effective day."""
    world = build_world(db, now)
    book = registry.latest("xj-critical-illness")
    assert book.requires is not None
    unit, name = "cn.xj.wlmq.tsd.u001.", "天山区示例一厂工会"
    content = roster([woman(1), woman(2)], name)
    refused = enrol(db, world, content, now, plan=book.plan, login="xj.clerk", unit=unit)
    assert [one["fault"].split("（")[0] for one in refused.faults] == ["须先参加 xj-inpatient-accident"] * 2
    assert enrol(db, world, content, now, plan="xj-inpatient-accident", login="xj.clerk", unit=unit).accepted == 2
    assert enrol(db, world, content, now, plan=book.plan, login="xj.clerk", unit=unit).accepted == 2


def test_nobody_joins_alone(db: Database, now: datetime) -> None:
    """The clerk of a unit where nobody is covered sends herself; with a colleague it is the unit that joins."""
    world = build_world(db, now)
    with db.view(ROOT.scope) as session:
        clerk = queries.people_by_id(session, [world.person("nx.clerk2")])[world.person("nx.clerk2")]
        herself = {"姓名": clerk.name, "身份证号": queries.number_of(clerk)}
    refused = enrol(db, world, roster([herself], OTHER_NAME), now, login="nx.clerk2", unit=OTHER, keep_good=True)
    assert (refused.accepted, refused.faults[0]["fault"]) == (0, "名单上只有上传人本人：只接受单位统一组织参加，不接受个人参加")
    assert enrol(db, world, roster([herself, woman(1)], OTHER_NAME), now, login="nx.clerk2", unit=OTHER).accepted == 2


def test_a_record_merged_away_joins_as_the_person_who_was_kept(db: Database, now: datetime,
                                                              superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    world = build_world(db, now)
    assert enrol(db, world, roster([woman(1), woman(2)], ""), now, effective=date(2025, 1, 1), login="nx.office1").accepted == 2
    with db.view(ROOT.scope) as session:
        kept, gone = (queries.person_by_number(session, woman(place)["身份证号"]) for place in (1, 2))
    assert kept is not None and gone is not None
    superuser.execute("UPDATE person SET merged_into = %s WHERE id = %s", (kept.id, gone.id))
    twice = enrol(db, world, roster([woman(1), woman(2)], ""), now)
    assert [(one["row"], one["fault"]) for one in twice.faults] == [("3", "与第 2 行是同一人")]
    assert enrol(db, world, roster([woman(2)], ""), now).accepted == 1
    assert superuser.execute("SELECT person_id FROM cover WHERE effective = %s", (APRIL,)).fetchall() == [(kept.id,)]


def test_an_upload_is_on_the_record(db: Database, now: datetime, superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    world = build_world(db, now)
    done = enrol(db, world, roster([woman(1)], UNIT_NAME), now)
    row = superuser.execute("SELECT org_key, machine, event, account_id, record->'details' FROM audit_record WHERE chain_id = %s",
                            (done.id,)).fetchone()
    assert row == (UNIT, "roster", "enrol", world.account("nx.clerk"), {
        "plan": NX_PLAN, "effective": "2026-04-01", "sha256": done.sha256, "rows": 1, "accepted": 1, "faults": 0})
    with db.view(ROOT.scope) as session:
        assert verify(session) == []
