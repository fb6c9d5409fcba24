"""A plan composed in a form: samples at once, findings beside their fields, two persons, then enrolment and a claim computed by it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from sqlmodel import col, select

from services.benefit import queries as benefit_queries
from services.benefit import service as benefit
from services.core.clock import at_hour
from services.core.db import Database
from services.enrolment import service as enrolment
from services.intake import service as intake
from services.intake.queries import claims_of
from services.models import Cover
from services.releases.composing.form import filled, not_numbers
from services.releases.composing.tree import Tree, written
from services.reporting import answers
from services.rulebook import registry
from services.rulebook.loader import Raw, document_of
from services.rulebook.shelf import NONE, use
from services.simulate.synthetic import REGIONS, roster_xlsx, synthetic_person
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT

BASE = "xj-women 2024-01-01"
PARTS = (f"{BASE} consolation", f"{BASE} in_situ", f"{BASE} malignant", "bj-allowance 2015-01-01 allowance")
HEAD = {"v:plan": "xj-menu", "v:name": "菜单式互助保障", "v:from": "2026-03-20", "v:source": "《菜单式互助保障办法》（示例）"}


@pytest.fixture(autouse=True)
def _nothing_released_afterwards() -> Iterator[None]:
    yield
    use(NONE)


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def visitor(api: Api, login: str, now: datetime) -> Visitor:
    return sign_in(api.app, api.db, api.world, login, now, "zh")


def started(desk: Visitor) -> str:
    desk.get("/plans/compose")
    return desk.send("/plans/compose", base=BASE).headers["location"]


def form(desk: Visitor, path: str, **changed: object) -> dict[str, Any]:
    """Every field of the draft's form as the page shows it, with some of them changed."""
    text = desk.get(path).text
    fields: dict[str, Any] = {html.unescape(name): html.unescape(value) for name, value in
                                 re.findall(r'<input id="[^"]*" name="(v:[^"]+)"[^>]*? value="([^"]*)"', text)}
    ticked = re.findall(r'<input type="checkbox" id="[^"]*" name="(part|keep|letter)" value="([^"]+)" checked', text)
    for kind in ("part", "keep", "letter"):
        fields[kind] = [html.unescape(value) for name, value in ticked if name == kind]
    version = re.search(r'name="version" value="(\d+)"', text)
    assert version is not None
    return {**fields, "version": version[1], "may": re.findall(r'name="may" value="([^"]+)"', text), **changed}


def released(api: Api, now: datetime) -> str:
    """The menu plan with 12,000 yuan for a malignant illness, composed by one and released by another; the release's address."""
    admin, head = visitor(api, "xj.admin", now), visitor(api, "xj.head", now)
    path = started(admin)
    admin.send(path, **form(admin, path, part=list(PARTS), **HEAD))
    admin.send(path, **form(admin, path, **{"v:benefits.malignant.steps.0.take": "12000"}))
    made = admin.send(f"{path}/propose", **form(admin, path, note="2026年菜单式计划"))
    assert made.status_code == 303, made.text
    at = made.headers["location"].partition("?")[0]
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', head.get(at).text)
    assert digest is not None
    assert head.send(f"{at}/release", digest=digest[1], note="").status_code == 303
    return at


def test_samples_come_with_the_form_and_follow_its_numbers(api: Api, now: datetime) -> None:
    admin = visitor(api, "xj.admin", now)
    path = started(admin)
    assert "已有 2024-01-01 起施行的一版" in admin.get(path).text
    assert admin.send(path, **form(admin, path, part=list(PARTS), **HEAD)).status_code == 303
    page = admin.get(path).text
    assert "没有问题" in page and "住院2天，给付1天" in page and "4个保障项目的条款还是原计划的" in page
    assert re.search(r"4份，60日后恶性[^<]*</span> <strong class=\"number\">60,?000\.00", page)
    admin.send(path, **form(admin, path, **{"v:benefits.malignant.steps.0.take": "12000"}))
    assert re.search(r"4份，60日后恶性[^<]*</span> <strong class=\"number\">48,?000\.00", admin.get(path).text)


def test_what_is_wrong_stands_beside_its_field_and_is_kept(api: Api, now: datetime) -> None:
    admin = visitor(api, "xj.admin", now)
    path = started(admin)
    admin.send(path, **form(admin, path, **HEAD, **{
        "v:benefits.malignant.steps.0.take": "一万五", "v:bands.ranges.full": "65..", "v:benefits.in_situ.clause": "",
        "v:chain.unit.0.days": "9"}))
    page = admin.get(path).text
    assert 'value="一万五"' in page
    assert re.search(r'<a href="#benefits\.malignant\.steps\.0\.take" lang="zh-CN">“一万五”不是数', page)
    admin.send(path, **form(admin, path, **{"v:benefits.malignant.steps.0.take": "15000"}))
    page = admin.get(path).text
    said = dict(re.findall(r'<li><a href="#([^"]+)" lang="zh-CN">([^<]+)</a>', page))
    assert "应紧接 early 的末日" in said["bands.ranges.full"] and "缺少 clause" in said["benefits.in_situ"]
    assert any("超过" in words for field, words in said.items() if field.startswith("clocks")), said
    refused = admin.send(f"{path}/propose", **form(admin, path, note="试"))
    assert refused.status_code == 422 and "没有办理成功" in refused.text


def test_the_second_person_sees_all_and_the_first_may_not_release(api: Api, now: datetime) -> None:
    admin = visitor(api, "xj.admin", now)
    path = started(admin)
    admin.send(path, **form(admin, path, part=list(PARTS), **HEAD))
    at = admin.send(f"{path}/propose", **form(admin, path, note="新计划")).headers["location"].partition("?")[0]
    assert admin.get(path).status_code == 404           # the draft went with the proposal
    assert "由另一人放行" in admin.get(at).text
    page = visitor(api, "xj.head", now).get(at).text
    assert "菜单式互助保障办法" in page and "这是一个新计划" in page and "现在重算，与提出时相同" in page
    assert "标准15000元" in page and f"/plans/replay/{at.rpartition('/')[2]}" in page
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert digest is not None
    refused = admin.send(f"{at}/release", digest=digest[1], note="")
    assert refused.status_code == 409 and "提出人不能自己放行" in refused.text
    assert visitor(api, "nx.head", now).get(at).status_code == 404
    with api.db.view(ROOT.scope):
        assert "xj-menu" not in registry.codes()


def test_drafts_are_their_makers_own(api: Api, now: datetime) -> None:
    admin = visitor(api, "xj.admin", now)
    path = started(admin)
    assert visitor(api, "xj.head", now).get(path).status_code == 404
    admin.get(path)
    stale = admin.send(path, **form(admin, path, version="7"))
    assert stale.status_code == 409 and "别的窗口" in stale.text
    assert admin.send(f"{path}/drop").status_code == 303
    assert admin.get(path).status_code == 404


def test_a_released_plan_enrols_computes_and_is_told_everywhere(api: Api, now: datetime) -> None:
    released(api, now)
    everybody = Visitor(api.app)
    assert "菜单式互助保障" in everybody.get("/plans").text
    page = everybody.get("/plans/xj-menu").text
    assert "标准12000元" in page and "放行" in page
    with api.db.view(ROOT.scope):
        told = next(one for one in answers.plan_list() if one["plan"] == "xj-menu")
        book = registry.resolve("xj-menu", date(2026, 6, 1))
        kept = registry.released(book)
        assert kept is not None and {kept.proposed_by, kept.released_by} == {told["proposed_by"], told["released_by"]} != {""}
        assert told["digest"] == book.digest
    assert computed(api, now) == [("malignant", Decimal("24000.00"))]      # 12,000 yuan a share


def computed(api: Api, now: datetime) -> list[tuple[str, Decimal]]:
    """A new member joins the released plan with two shares; her malignant illness on the 63rd day, as the claim is computed."""
    woman = synthetic_person(4711, region=REGIONS["xinjiang"], shares=2)
    unit = api.world.org("cn.xj.wlmq.tsd.u001.")
    with api.db.unit_of_work(ROOT.scope) as session:
        done = enrolment.enrol(session, content=roster_xlsx([woman], unit="天山区示例一厂工会"), file_name="名单.xlsx", plan="xj-menu",
                               org_id=unit, effective=date(2026, 3, 20), payer_kind="self", actor=ROOT, now=now)
        assert not done.faults, done.faults
    later = at_hour(date(2026, 5, 25))
    with api.db.unit_of_work(ROOT.scope) as session:
        cover = session.exec(select(Cover).where(col(Cover.plan) == "xj-menu")).one()
        case = intake.report(session, person_id=cover.person_id, hospital="示例医院", channel="clerk", late_reason=None, event={
            "kind": "diagnosis", "icd10": "C53.900", "behaviour": "3", "severity": "malignant", "diagnosed_on": "2026-05-21",
            "specimen_on": "2026-05-20"}, actor=api.world.actor("xj.clerk"), now=later)
        [claim] = claims_of(session, case.id)
        assert (claim.plan, claim.plan_from) == ("xj-menu", date(2026, 3, 20))
        benefit.preview(session, claim_ids=[claim.id], why="first", actor=ROOT, now=later)
        sheet = benefit_queries.latest(session, [claim.id])[claim.id]
        return [(line["benefit"], Decimal(line["amount"])) for line in cast(list[dict[str, str]], sheet.output["lines"])]


def test_a_table_that_two_parts_share_is_set_for_one_of_them() -> None:
    shared: Raw = {"by": "event.severity", "light": "100", "else": "200"}
    tree: Tree = {"benefits": {code: {"name": code, "steps": [{"take": shared}]} for code in ("first", "second")}}
    made = filled(tree, {"benefits.first.steps.0.take.light": "900", "benefits.second.steps.0.take.light": "100"}, ())
    assert [one["light"] for one in re_read(made)] == ["900", "100"]
    assert "&" not in written(tree) and "*" not in written(tree), "a file of references is refused"
    assert not_numbers(tree, {"benefits.first.steps.0.take.light": "１００"}), "full-width digits"


def re_read(tree: Tree) -> list[dict[str, str]]:
    benefits = cast(dict[str, Any], document_of(Path("x.yaml"), written(tree).encode()).tree["benefits"])
    return [benefits[code]["steps"][0]["take"] for code in ("first", "second")]
