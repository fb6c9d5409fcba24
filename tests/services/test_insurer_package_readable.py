"""What a person at the insurer reads: every column the house knows, the worksheet as a page, and the schema at its address."""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from infra.twins.insurer import check, unpack
from infra.twins.insurer.wire import Fault
from services.core.db import Database
from services.insurer import package
from services.insurer.dossier import Dossier, Step
from services.insurer.suites import SUITES
from services.insurer.wire import canonical
from services.rulebook.computation import Event
from tests.services.api_world import Api
from tests.services.handoff_world import BREAST, forward, pack
from tests.services.insurer_world import dossier
from tests.services.review_world import in_review, passes
from tests.support.world import World, build_world

jsonschema = importlib.import_module("jsonschema")      # it comes without types


def opened(one: Dossier) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package.build([one], SUITES["intl"]))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def row(one: Dossier) -> dict[str, str]:
    rows = CalamineWorkbook.from_filelike(io.BytesIO(opened(one)["sheet.xlsx"])).get_sheet_by_index(0).to_python(skip_empty_area=False)
    return dict(zip(map(str, rows[0]), map(str, rows[1]), strict=True))


def full() -> Dossier:
    plain = dossier("READ-1")
    sheet = plain.worksheet
    steps = (Step(part="check", words="保障期内 <第71天> & 已过观察期", clause="第五条", basis="确诊日期 2026年3月18日（诊断证明）"),
             Step(part="line/breast_cancer", words="病种：原发性乳腺癌", clause="第五条"), Step(part="total", words="合计 100900.00"))
    return plain.model_copy(update={
        "cover": plain.cover.model_copy(update={"unit": "示例单位工会"}), "payee": plain.payee.model_copy(update={"relation": "parent"}),
        "event": plain.event.model_copy(update={"hospital": "示例市第一医院", "disease": "乳腺恶性肿瘤"}),
        "worksheet": sheet.model_copy(update={"steps": steps, "lines": (
            sheet.lines[0].model_copy(update={"name": "原发性乳腺癌互助金"}), sheet.lines[1])})})


def test_every_column_the_dossier_knows_is_filled_and_the_insurer_holds_it_to_the_manifest() -> None:
    said = row(full())
    assert {name: said[name] for name in ("投保单位", "就诊医院", "医院等级", "诊断名称", "与被保险人关系")} == {
        "投保单位": "示例单位工会", "就诊医院": "示例市第一医院", "医院等级": "", "诊断名称": "乳腺恶性肿瘤", "与被保险人关系": "父母"}
    [message] = unpack.messages(package.build([full()], SUITES["intl"]), "intl")
    check.dossier(message)
    assert message["body"] == full().body()
    jsonschema.Draft202012Validator(package.schema()).validate(json.loads(opened(full())["manifest.json"]))


def test_what_nobody_knows_is_not_said_so_that_an_older_dossier_keeps_its_digest() -> None:
    plain = dossier("READ-2")
    assert not {"hospital", "disease"} & set(json.loads(json.dumps(plain.event.wire())))
    assert [set(part.wire()) for part in (plain.payee, plain.cover)] == [
        {"name", "bank", "account"}, {"effective", "until", "renewal", "premium_paid"}]
    # What the release before these fields computed of the very same dossier: one that is sent again keeps its receipt.
    assert plain.package_digest == "4c87a2c7dc4ce6967395e4cd40367e4e9292c70a4f6af09d30e7d4aa38a72166"


def test_the_readable_worksheet_says_each_step_with_its_clause_and_loads_nothing() -> None:
    page = opened(full())["READ-1/worksheet.html"].decode()
    assert page == opened(full())["READ-1/worksheet.html"].decode()
    for words in ("原发性乳腺癌互助金", "保障期内 &lt;第71天&gt; &amp; 已过观察期", "第五条", "确诊日期 2026年3月18日（诊断证明）",
                  "100900.00 元"):
        assert words in page
    assert not [word for word in ("<script", "src=", "href=", "url(", "http://", "https://") if word in page]


@pytest.mark.parametrize(("old", "new"), [
    ("第五条", "第六条"), ("100000.00", "10000.00"), ("<table>", '<script src="x"></script><table>'), ("已过观察期", "未过观察期"),
    ("max-width: 60em;", "background: url(x);"), ("100900.00 元", "100900.01 元")])
def test_a_page_that_says_otherwise_is_refused(old: str, new: str) -> None:
    files = opened(full())
    page = files["READ-1/worksheet.html"].decode()
    assert old in page
    files["READ-1/worksheet.html"] = page.replace(old, new).encode()
    manifest = json.loads(files.pop("manifest.json"))
    suite = SUITES["intl"]
    manifest["files"] = [{"name": name, "size": len(content), "digest": suite.digest(content)} for name, content in sorted(files.items())]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in {"manifest.json": canonical(manifest), **files}.items():
            archive.writestr(name, content)
    with pytest.raises(Fault, match="wrong_worksheet"):
        unpack.messages(buffer.getvalue(), "intl")


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_a_real_file_brings_unit_hospital_relation_and_the_signed_steps(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event={**BREAST, "disease": "乳腺浸润性癌"})
    passes(world, claim, "nx.clerk", now)
    forward(world, claim, now)
    [made] = pack(world, claim, now)
    said = row(made)
    assert (said["就诊医院"], said["诊断名称"], said["与被保险人关系"]) == ("示例医院", "乳腺浸润性癌", "本人")
    assert said["投保单位"] and said["投保单位"] == made.cover.unit
    parts = [step.part for step in made.worksheet.steps]
    assert parts[0] == "check" and "line/breast_cancer" in parts and "total" in parts
    assert all(step.clause for step in made.worksheet.steps if step.part.startswith("line/") and "进位" not in step.words)
    [message] = unpack.messages(package.build([made], SUITES["intl"]), "intl")
    check.dossier(message)
    jsonschema.Draft202012Validator(package.schema()).validate(json.loads(opened(made)["manifest.json"]))


def test_the_schema_lies_where_the_package_says_and_nobody_signs_in(db: Database, now: datetime, tmp_path: Path) -> None:
    named = json.loads(opened(full())["manifest.json"])["schema"]
    found = Api(db, now, tmp_path).http.get(named)
    assert (found.status_code, found.headers["content-type"]) == (200, "application/schema+json")
    assert found.json() == package.schema()


@pytest.mark.parametrize("code", ["C50", "C50.900", "C73.x00", "C50.9x001"])
def test_every_icd10_the_house_takes_fits_the_schema_and_the_insurers_form(code: str) -> None:
    event = Event.model_validate({"kind": "diagnosis", "icd10": code})
    sent = full().model_copy(update={"event": full().event.model_copy(update={"icd10": event.icd10})})
    [message] = unpack.messages(package.build([sent], SUITES["intl"]), "intl")
    check.dossier(message)
    jsonschema.Draft202012Validator(package.schema()).validate(json.loads(opened(sent)["manifest.json"]))
