"""One report, every cover: the case, its claims, what each cover answered; tiers and dangerous work as enrolled."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.benefit import service as benefit
from services.cli import main as cli
from services.core.clock import at_hour
from services.core.db import Database
from services.enrolment import queries, service
from services.intake import service as intake
from services.reporting.claims import locate
from services.simulate.synthetic import synthetic_person
from tests.services.api_world import Api
from tests.services.beijing_world import BREAST_CANCER, EFFECTIVE, UNIT, Beijing, build, enrol, extend, roster
from tests.services.review_world import SYSTEM, digest, passes, route, verify
from tests.support.world import ROOT

FIVE = ["bj-women-1y", "bj-critical-1y", "bj-inpatient", "bj-allowance", "bj-combined-a"]
NO_ACCIDENT = "在职职工意外伤害互助保障不受理“确诊疾病”，只受理：意外"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_one_report_opens_the_case_with_a_claim_a_plan(api: Api, now: datetime) -> None:
    """Seed 000, first story: 2 shares women's 30000, 4 shares critical 40000; the accident cover says why not."""
    beijing = extend(api.world, now)
    asked = api.post("bj.clerk", "/cases/preview", {"id_number": beijing.member.id_number, "event": BREAST_CANCER})
    assert asked.status_code == 200, asked.text
    assert asked.json()["opens"] == 5
    made = api.post("bj.clerk", "/cases", {"id_number": beijing.member.id_number, "event": BREAST_CANCER, "channel": "clerk",
                                           "hospital": "示例医院", "reported_on": "2026-03-20"})
    assert made.status_code == 201, made.text
    told = made.json()
    assert told["answers"] == asked.json()["answers"]
    assert {claim["plan"]: claim["state"] for claim in told["claims"]} == dict.fromkeys(FIVE, "reported")
    answers = {answer["plan"]: answer for answer in told["answers"]}
    assert {plan: answer["answer"] for plan, answer in answers.items()} == {**dict.fromkeys(FIVE, "yes"), "bj-accident": "no"}
    [reason] = answers["bj-accident"]["reasons_against"]
    assert (reason["code"], reason["text"]) == ("kind_not_answered", NO_ACCIDENT) and reason["clause"]
    case_no = told["case"]["case_no"]
    shown = api.get("bj.clerk", f"/cases/{case_no}").json()
    assert shown["answers"] == told["answers"] and len(shown["claims"]) == 5
    again = api.post("bj.clerk", "/cases", {"id_number": beijing.member.id_number, "event": BREAST_CANCER, "channel": "clerk"})
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_report")
    numbers = {claim["plan"]: claim["claim_no"] for claim in told["claims"]}
    assert _computed(api, beijing, now, numbers["bj-women-1y"]) == ("pay", 3_000_000)
    assert _computed(api, beijing, now, numbers["bj-critical-1y"]) == ("pay", 4_000_000)
    assert _computed(api, beijing, now, numbers["bj-inpatient"]) == ("manual", 0)
    assert _computed(api, beijing, now, numbers["bj-combined-a"]) == ("manual", 0)


def _computed(api: Api, beijing: Beijing, now: datetime, claim_no: str) -> tuple[str, int]:
    """Verified, computed and routed: the worksheet's outcome and total in fen."""
    with api.db.view(ROOT.scope) as session:
        claim_id = locate(session, claim_no).id
    verify(api.world, claim_id, now, verifier=api.world.actor("bj.clerk"))
    assert route(api.world, claim_id, now=now).routed == (claim_id,)
    with api.db.view(ROOT.scope) as session:
        row = session.execute(sa.text("SELECT outcome, total_fen FROM worksheet WHERE claim_id = :id"), {"id": claim_id}).one()
    return row.outcome, row.total_fen


def test_stays_reported_later_open_the_claims_that_waited(api: Api, now: datetime) -> None:
    beijing = extend(api.world, now, [("bj-critical-1y", 4, ""), ("bj-inpatient", 1, "")])
    report = {"id_number": beijing.member.id_number, "channel": "clerk"}
    without = {name: value for name, value in BREAST_CANCER.items() if name != "stays"}
    first = api.post("bj.clerk", "/cases", {**report, "event": without}).json()
    assert [claim["plan"] for claim in first["claims"]] == ["bj-critical-1y"]
    waiting = {answer["plan"]: answer for answer in first["answers"]}["bj-inpatient"]
    assert (waiting["answer"], waiting["said"], waiting["needs"][0]["fact"]) == ("needs", "补报住院记录", "event.stays")
    later = api.post("bj.clerk", "/cases", {**report, "event": BREAST_CANCER}).json()
    assert [claim["plan"] for claim in later["claims"]] == ["bj-inpatient"]


def test_a_report_that_no_cover_answers_says_why(api: Api, now: datetime) -> None:
    beijing = extend(api.world, now, [("bj-inpatient", 1, ""), ("bj-accident", 1, "100")])
    body = {"id_number": beijing.member.id_number, "channel": "clerk"}
    without = {name: value for name, value in BREAST_CANCER.items() if name != "stays"}
    waits = api.post("bj.clerk", "/cases", {**body, "event": without})
    assert (waits.status_code, waits.json()["code"], waits.json()["field"]) == (422, "facts_missing", "event.stays")
    assert waits.json()["remedy"] == "补报住院记录" and NO_ACCIDENT in waits.json()["title"]
    none = api.post("bj.clerk", "/cases", {**body, "event": {"kind": "property", "cause": "fire", "on": "2026-03-16",
                                                             "loss": "5000.00"}})
    assert (none.status_code, none.json()["code"]) == (422, "no_cover")
    assert "在职职工住院医疗互助保障不受理“家财损失”" in none.json()["title"]


def test_a_member_asks_for_herself_and_kin_only(api: Api, now: datetime) -> None:
    beijing = extend(api.world, now, [("bj-inpatient", 1, "")])
    own = api.post("xj.m3", "/cases/preview", {"event": {"kind": "diagnosis", "icd10": "C53.900", "diagnosed_on": "2026-03-16"}})
    assert [answer["plan"] for answer in own.json()["answers"]] == ["xj-women"]
    other = api.post("xj.m3", "/cases/preview", {"person_id": str(beijing.person_id), "event": BREAST_CANCER})
    assert (other.status_code, other.json()["code"]) == (403, "not_own")
    asked = {"person_id": str(beijing.person_id), "event": BREAST_CANCER}
    assert api.post("bj.district", "/cases/preview", asked).status_code == 403
    assert api.post("bj.office1", "/cases/preview", asked).json()["opens"] == 1     # the office answers calls


def test_amounts_and_exclusions_through_the_api(api: Api, now: datetime) -> None:
    beijing = extend(api.world, now, [("bj-inpatient", 1, "")])
    made = api.post("bj.clerk", "/cases", {"id_number": beijing.member.id_number, "event": BREAST_CANCER, "channel": "clerk"})
    claim_no = made.json()["claims"][0]["claim_no"]
    _computed(api, beijing, now, claim_no)
    with api.db.view(ROOT.scope) as session:
        claim_id = locate(session, claim_no).id
    passes(api.world, claim_id, "bj.clerk", now)
    asked = api.get("bj.district", f"/claims/{claim_no}/inputs").json()
    assert [(item["benefit"], item["ceiling"], item["amount"]) for item in asked["amounts"]] == [("inpatient", "39605.00", None)]
    body = {"benefit": "inpatient", "amount": "39605.00", "reason": "按结算单自付部分核定"}
    assert api.act("bj.clerk", claim_no, "amounts", body).status_code == 403
    over = api.act("bj.district", claim_no, "amounts", body | {"amount": "39605.01"})
    assert (over.status_code, over.json()["field"]) == (422, "amount")
    assert api.act("bj.district", claim_no, "amounts", body).status_code == 200
    unknown = api.act("bj.district", claim_no, "exclusions", {"exclusion": "XJ-A09", "answer": True, "reason": "经查阅病历"})
    assert (unknown.status_code, unknown.json()["field"]) == (422, "exclusion")
    given = api.get("bj.office1", f"/claims/{claim_no}/inputs").json()
    assert given["amounts"][0]["given"]["reason"] == "按结算单自付部分核定"
    assert api.get("bj.clerk", f"/claims/{claim_no}/inputs").status_code == 403
    whole = api.get("bj.office1", f"/claims/{claim_no}").json()
    assert [(sheet["total"], sheet["why"]) for sheet in whole["worksheets"]] == [
        ("39605.00", "核定住院医疗互助金 39605.00 元。理由：按结算单自付部分核定"), ("0.00", "first")]
    for login in ("bj.district", "bj.office1", "bj.senior"):
        passed = api.act(login, claim_no, "pass", {"seen": digest(api.db, claim_id)})
        assert passed.status_code == 200, passed.text
    assert (passed.json()["state"], passed.json()["amount"]) == ("payable", "39605.00")


def test_a_plan_of_stays_counts_its_report_from_the_discharge(db: Database, now: datetime) -> None:
    """住院治疗结束10日（含）内: an illness found on 1 March, in hospital until 10 April, is told in time until 20 April, a Monday."""
    beijing = build(db, now, [("bj-allowance", 1, "")])
    clerk, told = beijing.world.actor("bj.clerk"), at_hour(date(2026, 4, 15))
    event = {"kind": "diagnosis", "icd10": "I21.900", "diagnosed_on": "2026-03-01", "stays": [{"from": "2026-03-05", "to": "2026-04-10"}]}
    with db.unit_of_work(clerk.scope) as session:
        asked = intake.preview(session, person_id=beijing.person_id, event=event, actor=clerk, now=told)
        assert asked.nearest is not None and (asked.nearest.due, asked.late) == (date(2026, 4, 20), False)
        case = intake.report(session, person_id=beijing.person_id, event=event, channel="clerk", actor=clerk, now=told)
        assert (case.diagnosed_on, case.last_timely_day, case.late) == (date(2026, 3, 1), date(2026, 4, 20), False)
        clock = session.execute(sa.text("SELECT start_on, due_on, kept, claim_id FROM sla_clock WHERE kind = 'report'")).one()
        assert tuple(clock[:3]) == (date(2026, 4, 10), date(2026, 4, 20), True)
        [sheet] = benefit.preview(session, claim_ids=[clock.claim_id], why="first", actor=SYSTEM, now=told)
        assert (sheet.total_fen, sheet.output["flags"]) == (140_000, [])                        # (36 - 1) x 40


@pytest.mark.parametrize(("tier", "high_risk", "premium"), [("26", "", 2600), ("100", "否", 10000), ("50", "是", 6200)])
def test_a_cover_keeps_its_tier_and_dangerous_work(db: Database, now: datetime, tier: str, high_risk: str, premium: int) -> None:
    """Fees of the tiers: 26/50/74/100, for dangerous work 32/62/93/124 (seed 001)."""
    beijing = build(db, now, [])
    with db.unit_of_work(ROOT.scope) as session:
        enrol(session, beijing.world, beijing.member, "bj-accident", now, tier=tier, high_risk=high_risk)
        [cover] = queries.covers_of(session, beijing.person_id)
        assert (cover.tier, cover.high_risk_work, cover.premium_fen) == (tier, high_risk == "是", premium)


@pytest.mark.parametrize(("plan", "tier", "high_risk", "column"), [
    ("bj-accident", "", "", "缴费档次"), ("bj-accident", "30", "", "缴费档次"), ("bj-inpatient", "26", "", "缴费档次"),
    ("bj-accident", "26", "或许", "高危工种")])
def test_a_wrong_tier_is_a_fault_of_its_row(db: Database, now: datetime, plan: str, tier: str, high_risk: str, column: str) -> None:
    beijing = build(db, now, [])
    with db.unit_of_work(ROOT.scope) as session:
        done = service.enrol(session, content=roster(synthetic_person(451), tier=tier, high_risk=high_risk), file_name="名单.xlsx",
                             plan=plan, org_id=beijing.world.org(UNIT), effective=EFFECTIVE, payer_kind="self", actor=SYSTEM, now=now)
    assert [(fault["row"], fault["column"]) for fault in done.faults] == [("2", column)]


def test_the_tier_reaches_the_computation(db: Database, now: datetime) -> None:
    """Death 60000 at tier 100 (accident-tiers-beijing.csv)."""
    beijing = build(db, now, [("bj-accident", 1, "100")])
    world, clerk = beijing.world, beijing.world.actor("bj.clerk")
    with db.unit_of_work(clerk.scope) as session:
        case = intake.report(session, person_id=beijing.person_id, channel="clerk", actor=clerk, now=now, event={
            "kind": "accident", "on": "2026-03-16", "setting": "life", "death": True})
        claim_id = session.execute(sa.text("SELECT id FROM claim WHERE case_id = :case"), {"case": case.id}).scalar_one()
    verify(world, claim_id, now, verifier=clerk)
    route(world, claim_id, now=now)
    with db.view(ROOT.scope) as session:
        sheet = session.execute(sa.text("SELECT total_fen, input -> 'cover' ->> 'tier' AS tier FROM worksheet"
                                        " WHERE claim_id = :id"), {"id": claim_id}).one()
    assert (sheet.total_fen, sheet.tier) == (6_000_000, "100")


def test_the_command_answers_in_a_table_and_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.json"
    covers: list[dict[str, object]] = [
        {"plan": "bj-critical-1y", "effective": "2025-06-01", "shares": 4},
        {"plan": "bj-accident", "effective": "2025-06-01"}]
    file.write_text(json.dumps({"person": {"sex": "F"}, "event": BREAST_CANCER, "covers": covers}), encoding="utf-8")
    assert cli.main(["match", str(file), "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert [(answer["plan"], answer["answer"], answer["until"]) for answer in answers] == [
        ("bj-critical-1y", "yes", "2026-05-31"), ("bj-accident", "no", "2026-05-31")]
    assert cli.main(["match", str(file)]) == 0
    assert "立案 1 件：bj-critical-1y" in capsys.readouterr().out
    covers[1]["plan"] = "bj-accidents"
    file.write_text(json.dumps({"event": BREAST_CANCER, "covers": covers}), encoding="utf-8")
    assert cli.main(["match", str(file), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["field"] == "covers.1.plan"
