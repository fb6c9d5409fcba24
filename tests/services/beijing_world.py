"""A Beijing beside the small world: office, industry union, one unit, people for every role, one member with many covers."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from services.access.actor import Role
from services.core.db import Database, Scope
from services.enrolment import service as enrolment
from services.simulate.synthetic import Synthetic, sheet_xlsx, synthetic_person
from tests.support.world import ROOT, World, build_world, open_login

UNIT, INDUSTRY, OFFICE = "cn.bj.zfw.u001.", "cn.bj.zfw.", "cn.bj."
UNIT_NAME = "政法卫文系统示例单位工会"
EFFECTIVE = date(2025, 6, 1)
_STAFF = (("clerk", UNIT, Role.UNIT_CLERK, "F"), ("district", INDUSTRY, Role.DISTRICT_REVIEWER, "M"),
          ("office1", OFFICE, Role.OFFICE_REVIEWER, "F"), ("office2", OFFICE, Role.OFFICE_REVIEWER, "M"),
          ("senior", OFFICE, Role.SENIOR_REVIEWER, "F"), ("head", OFFICE, Role.HEAD, "M"))
# The covers of the first published story (seed 000); the accident cover's tier is its fee.
STORY = (("bj-women-1y", 2, ""), ("bj-critical-1y", 4, ""), ("bj-inpatient", 1, ""), ("bj-allowance", 1, ""),
         ("bj-combined-a", 1, ""), ("bj-accident", 1, "100"))
# Breast cancer with one stay, the member's own story moved to a year whose calendar is known.
BREAST_CANCER: dict[str, object] = {
    "kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "severity": "malignant", "specimen_on": "2026-03-10",
    "diagnosed_on": "2026-03-16", "stays": [{"from": "2026-03-02", "to": "2026-03-12"}]}


@dataclass(frozen=True, slots=True)
class Beijing:
    """The world and its member."""

    world: World
    member: Synthetic
    person_id: uuid.UUID


def build(db: Database, now: datetime, covers: Sequence[tuple[str, int, str]] = STORY) -> Beijing:
    """A world with Beijing in it."""
    return extend(build_world(db, now), now, covers)


def extend(world: World, now: datetime, covers: Sequence[tuple[str, int, str]] = STORY) -> Beijing:
    """The tree, the staff (`bj.clerk` …) and a member enrolled under each plan with her shares and tier."""
    member = synthetic_person(450, region="110101", born=date(1980, 4, 2))
    with world.db.unit_of_work(Scope("cn")) as session:
        _tree(session, world, now)
        for serial, (login, key, role, sex) in enumerate(_STAFF):
            staff = synthetic_person(460 + serial, sex="F" if sex == "F" else "M", born=date(1979, 3, 1 + serial))
            person = enrolment.add_person(session, name=staff.name, id_number=staff.id_number, actor=ROOT, now=now)
            open_login(session, world, f"bj.{login}", key, role, person.id, person.name, now)
        for plan, shares, tier in covers:
            enrol(session, world, member, plan, now, shares=shares, tier=tier)
        person_id = enrolment.add_person(session, name=member.name, id_number=member.id_number, actor=ROOT, now=now).id
    return Beijing(world, member, person_id)


def _tree(session: Session, world: World, now: datetime) -> None:
    for key, name, kind in ((OFFICE, "中国职工保险互助会北京办事处", "office"), (INDUSTRY, "政法卫文工会", "industry"),
                            (UNIT, UNIT_NAME, "unit")):
        *parents, code = key.rstrip(".").split(".")
        office = kind == "office"
        made = enrolment.add_organisation(
            session, parent_id=world.orgs[".".join(parents) + "."], code=code, name=name, kind=kind,
            office="beijing" if office else None, letter_organ=name if office else None,
            letter_series="京互通" if office else None, contact="12351" if office else None, actor=ROOT, now=now)
        world.orgs[made.org_key] = made.id


def roster(member: Synthetic, *, shares: int = 1, tier: str = "", high_risk: str = "") -> bytes:
    """A roster of one, with the columns that fee plans ask for."""
    return sheet_xlsx([["序号", "姓名", "身份证号", "职业", "份数", "缴费档次", "高危工种", "开户行", "银行账号"],
                       ["1", member.name, member.id_number, member.occupation, str(shares), tier, high_risk, member.bank,
                        member.card], [f"单位名称：{UNIT_NAME}"]])


def enrol(session: Session, world: World, member: Synthetic, plan: str, now: datetime, *, shares: int = 1, tier: str = "",
          high_risk: str = "", effective: date = EFFECTIVE) -> None:
    """One cover; the row must be good."""
    done = enrolment.enrol(session, content=roster(member, shares=shares, tier=tier, high_risk=high_risk), file_name="名单.xlsx",
                           plan=plan, org_id=world.org(UNIT), effective=effective, payer_kind="self", actor=ROOT, now=now)
    assert not done.faults, done.faults
