"""The tree, people, rosters: every fault named, renewals unbroken, no day covered twice."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import psycopg
import pytest
from sqlmodel import select

from services.access.actor import Actor
from services.core.db import Database, Scope
from services.core.errors import Conflict, HuzhuError, InputError, NotFound, NotPermitted
from services.core.identity import check_identity, luhn
from services.enrolment import queries, service
from services.enrolment.rules import last_day
from services.models import FamilyTie, RosterImport
from services.simulate.synthetic import (
    REGIONS,
    Synthetic,
    roster_xlsx,
    sheet_xlsx,
    synthetic_card,
    synthetic_id,
    synthetic_person,
)
from tests.support.world import NX_PLAN, ROOT, XJ_PLAN, World, build_world

CN = Scope("cn")
UNIT = "cn.nx.yc.xq.u001."
UNIT_NAME = "兴庆区示例一厂工会"
APRIL = date(2026, 4, 1)


def _person(serial: int, **more: object) -> Synthetic:
    return replace(synthetic_person(serial, region=REGIONS["ningxia"]), **more)  # type: ignore[arg-type]


def _enrol(db: Database, world: World, content: bytes, now: datetime, *, plan: str = NX_PLAN, effective: date = APRIL,
           payer_kind: str = "self", keep_good: bool = False, actor: Actor | None = None, unit: str = UNIT) -> RosterImport:
    who = actor or world.actor("nx.clerk")
    with db.unit_of_work(who.scope) as session:
        return service.enrol(session, content=content, file_name="名单.xlsx", plan=plan, org_id=world.org(unit),
                             effective=effective, payer_kind=payer_kind, keep_good=keep_good, actor=who, now=now)


def test_synthetic_numbers_pass_the_checks() -> None:
    for serial in (0, 7, 499):
        for sex in ("F", "M"):
            number = check_identity(synthetic_id("640099", date(1990, 2, 28), serial, sex))
            assert (number.valid, number.sex, number.born) == (True, sex, date(1990, 2, 28))
    assert luhn(synthetic_card("CCB", 12345))


def test_the_seeds_own_layout_enrols(db: Database, now: datetime) -> None:
    """Seed 003, annex 2: four columns, title above, 单位名称 below."""
    world = build_world(db, now)
    done = _enrol(db, world, roster_xlsx([_person(21), _person(22)], unit=UNIT_NAME, wide=False), now)
    assert (done.rows, done.accepted, done.faults) == (2, 2, [])
    with db.view(CN) as session:
        person = queries.person_by_number(session, _person(21).id_number)
        assert person is not None
        (cover,) = queries.covers_of(session, person.id)
        assert queries.masked_number(person) == "640***********" + _person(21).id_number[-4:]
        assert queries.number_of(person) == _person(21).id_number
    assert (cover.effective, cover.until, cover.renewal, cover.premium_fen) == (APRIL, date(2027, 3, 31), False, 10000)
    assert cover.certificate_no.startswith("NXBZ2026")
    assert cover.org_key == UNIT


def test_a_wide_row_brings_shares_phone_and_card(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    person = replace(_person(31), shares=3, bank="建设银行", card=synthetic_card("CCB", 31))
    done = _enrol(db, world, roster_xlsx([person], unit="天山区示例一厂工会"), now, plan=XJ_PLAN, actor=world.actor("xj.clerk"),
                  unit="cn.xj.wlmq.tsd.u001.")
    assert done.faults == []
    with db.view(CN) as session:
        known = queries.person_by_number(session, person.id_number)
        assert known is not None
        (cover,) = queries.covers_of(session, known.id)
        card = queries.current_cards(session, [known.id])[known.id]
        assert (queries.card_number(card), queries.phone_of(known)) == (person.card, person.phone)
    assert (cover.shares, cover.premium_fen, card.bank, queries.masked_card(card)) == (3, 7500, "CCB", f"**** **** {person.card[-4:]}")


def test_each_fault_names_row_column_and_remedy_and_nothing_is_written(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    enrolled = world.member(0).synthetic
    people = [
        _person(41), _person(42, name=""), _person(43, id_number="640104198502300027"), _person(44, shares=2),
        _person(45, relation="朋友"), _person(46, phone="12345"), _person(47, card="6222020000000000001"), _person(41),
        synthetic_person(48, sex="M"), replace(enrolled, name="他名"),
        world.member(1).synthetic,
        synthetic_person(49, born=date(1965, 3, 31)), synthetic_person(50, born=date(2010, 4, 2)), _person(51, bank="平安银行"),
        synthetic_person(52, born=date(1965, 4, 2)), synthetic_person(53, relation="子女")]
    done = _enrol(db, world, roster_xlsx(people, unit=UNIT_NAME), now)
    assert (done.rows, done.accepted) == (16, 0)
    assert [(fault["row"], fault["column"]) for fault in done.faults] == [
        ("4", "姓名"), ("5", "身份证号"), ("6", "份数"), ("7", "关系"), ("8", "手机号"), ("9", "银行账号"), ("10", "身份证号"),
        ("11", "身份证号"), ("12", "姓名"), ("12", "身份证号"), ("13", "身份证号"), ("14", "身份证号"), ("15", "身份证号"),
        ("16", "开户行"), ("18", "关系")]
    assert all(fault["fault"] and fault["remedy"] for fault in done.faults)
    assert "61 周岁" in done.faults[11]["fault"] and "15 周岁" in done.faults[12]["fault"]
    with db.view(CN) as session:
        assert queries.person_by_number(session, _person(41).id_number) is None
    kept = _enrol(db, world, roster_xlsx(people, unit=UNIT_NAME), now, keep_good=True)
    assert kept.accepted == 2      # rows 3 and 17: 60 years old on the effective day is still 60


def test_a_number_cell_loses_digits_and_is_a_fault(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    done = _enrol(db, world, sheet_xlsx([["序号", "姓名", "身份证号", "职业"], ["1", "示一兰", "6.40181198503070E+17", "职员"]]), now)
    assert done.faults[0]["remedy"] == "按身份证核对；单元格设为“文本”格式"


def test_renewal_is_unbroken_only_from_the_next_day(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    office = world.actor("nx.office1")
    people = [synthetic_person(60, region=REGIONS["ningxia"], born=date(1964, 6, 1))]      # 60 at first, 61 at renewal
    content = roster_xlsx(people, unit=UNIT_NAME)
    first = _enrol(db, world, content, now, effective=date(2025, 5, 1), actor=office)
    assert first.faults == []
    broken = _enrol(db, world, content, now, effective=date(2026, 5, 2), actor=office)
    assert "参保年龄" in broken.faults[0]["fault"]
    renewed = _enrol(db, world, content, now, effective=date(2026, 5, 1), actor=office)
    assert renewed.faults == []
    with db.view(CN) as session:
        person = queries.person_by_number(session, people[0].id_number)
        assert person is not None
        assert [cover.renewal for cover in queries.covers_of(session, person.id)] == [False, True]


def test_public_money_is_banned_where_the_plan_says_so(db: Database, now: datetime) -> None:
    """Reading A-42; the Xinjiang plan has no such clause."""
    world = build_world(db, now)
    with pytest.raises(InputError, match="payer_banned"):
        _enrol(db, world, roster_xlsx([_person(61)], unit=UNIT_NAME), now, payer_kind="public")
    done = _enrol(db, world, roster_xlsx([_person(61)], unit="天山区示例一厂工会"), now, plan=XJ_PLAN, payer_kind="public",
                  actor=world.actor("xj.clerk"), unit="cn.xj.wlmq.tsd.u001.")
    assert done.accepted == 1


def test_a_unit_enrols_for_days_to_come_and_for_itself(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    content = roster_xlsx([_person(62)], unit=UNIT_NAME)
    with pytest.raises(InputError, match="effective_past"):
        _enrol(db, world, content, now, effective=date(2026, 3, 20))
    with pytest.raises(NotFound):
        _enrol(db, world, content, now, actor=world.actor("nx.clerk2"))
    with pytest.raises(NotPermitted):
        _enrol(db, world, content, now, actor=world.actor("nx.auditor"))
    other = _enrol(db, world, roster_xlsx([_person(62)], unit="另一工会"), now, keep_good=True)
    assert (other.accepted, other.faults[0]["column"]) == (0, "单位名称")


@pytest.mark.parametrize("content", [b"no workbook", sheet_xlsx([["姓名", "电话"]]), sheet_xlsx([["序号", "姓名", "身份证号", "职业"]])])
def test_a_file_that_is_no_roster_is_refused(db: Database, now: datetime, content: bytes) -> None:
    world = build_world(db, now)
    with pytest.raises(InputError):
        _enrol(db, world, content, now)


def test_two_units_enrolling_one_person_at_once_cover_her_once(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    together = threading.Barrier(2)
    outcomes: list[object] = []

    def run(clerk: str, unit: str, name: str) -> None:
        together.wait()
        try:
            done = _enrol(db, world, roster_xlsx([_person(70)], unit=name), now, actor=world.actor(clerk), unit=unit)
            outcomes.append(done.accepted)
        except HuzhuError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=run, args=("nx.clerk", UNIT, UNIT_NAME)),
               threading.Thread(target=run, args=("nx.clerk2", "cn.nx.yc.xq.u002.", "兴庆区示例二厂工会"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Both at once: the database's own constraint refuses the later one; begun after the first, it lists the fault.
    assert sorted(map(str, outcomes)) in (["1", "cover_overlap"], ["0", "1"])


def test_numbers_lie_sealed_in_the_tables(db: Database, now: datetime,
                                          superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    world = build_world(db, now)
    number, card = world.member(0).synthetic.id_number, world.member(0).synthetic.card
    rows = superuser.execute("SELECT p::text FROM person p UNION ALL SELECT b::text FROM bank_card b").fetchall()
    text = "\n".join(str(row[0]) for row in rows)
    for plain in (number, card):
        assert plain not in text
        assert plain.encode().hex() not in text


def test_people_cards_kin_and_funds(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    admin, person = world.actor("nx.admin"), _person(80)
    with db.unit_of_work(CN) as session:
        made = service.add_person(session, name=person.name, id_number=person.id_number.lower(), actor=admin, now=now)
        assert service.add_person(session, name=person.name, id_number=person.id_number, actor=admin, now=now).id == made.id
        with pytest.raises(InputError, match="name_differs"):
            service.add_person(session, name="他名", id_number=person.id_number, actor=admin, now=now)
        first = service.add_bank_card(session, person_id=made.id, bank="ICBC", number=person.card, holder=made.name, actor=ROOT, now=now)
        other = service.add_bank_card(session, person_id=made.id, bank="建行", number=synthetic_card("CCB", 80), holder=made.name,
                                      actor=ROOT, now=now)
        assert queries.current_cards(session, [made.id])[made.id].id == other.id != first.id
        for bank, number, holder, code in (("CCB", person.card, made.name, "card_bank"), ("ICBC", "622202123456", made.name, "card_number"),
                                           ("ICBC", person.card, "他名", "card_holder"), ("某行", person.card, made.name, "bank_unknown")):
            with pytest.raises(InputError, match=code):
                service.add_bank_card(session, person_id=made.id, bank=bank, number=number, holder=holder, actor=ROOT, now=now)
        husband = world.person("nx.district")
        service.add_kin(session, person_id=made.id, relative_id=husband, relation="husband", actor=ROOT, now=now)
        service.add_kin(session, person_id=made.id, relative_id=husband, relation="husband", actor=ROOT, now=now)
        assert {(tie.person_id, tie.relation) for tie in session.exec(select(FamilyTie)).all()} == {(made.id, "husband"), (husband, "wife")}
        with pytest.raises(Conflict, match="fund_exists"):
            service.open_fund(session, plan=XJ_PLAN, opening=Decimal(1), actor=ROOT, now=now)
        with pytest.raises(NotFound, match="unknown_plan"):
            service.open_fund(session, plan="xj-women2", opening=Decimal(1), actor=ROOT, now=now)


def test_the_tree_grows_inside_the_administrators_scope(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    admin = world.actor("nx.admin")
    with db.unit_of_work(CN) as session:
        made = service.add_organisation(session, parent_id=world.org("cn.nx.yc."), code="jf", name="金凤区总工会", kind="district",
                                        actor=admin, now=now)
        assert made.org_key == "cn.nx.yc.jf."
        with pytest.raises(NotFound):
            service.add_organisation(session, parent_id=world.org("cn.xj."), code="x", name="x", kind="city", actor=admin, now=now)
        with pytest.raises(InputError, match="org_code"):
            service.add_organisation(session, parent_id=world.org("cn.nx."), code="a.b", name="x", kind="city", actor=admin, now=now)
        with pytest.raises(NotPermitted):
            service.add_organisation(session, parent_id=None, code="zz", name="x", kind="nation", actor=admin, now=now)


@pytest.mark.parametrize(("effective", "until"), [
    (date(2026, 1, 1), date(2026, 12, 31)), (date(2026, 3, 1), date(2027, 2, 28)), (date(2027, 3, 1), date(2028, 2, 29)),
    (date(2028, 2, 29), date(2029, 2, 28))])
def test_a_cover_of_a_year_ends_on_the_day_before(effective: date, until: date) -> None:
    assert last_day(effective, 1) == until
