"""What people say of fields: accepted, corrected, unreadable, typed; pages turned; by whom, when, and what the record keeps."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from PIL import Image, ImageDraw
from sqlmodel import select

from services.core.clock import at_hour
from services.core.errors import Conflict, HuzhuError, InputError, NotFound, NotPermitted
from services.evidence import answers, readings, turning
from services.evidence.readings import PageRead, PaperRead
from services.evidence.recognition.lines import Box, Found
from services.evidence.recognition.vocabulary import field as spec_of
from services.evidence.typed import written
from services.models import PaperField, PaperPage, PaperReading
from services.storage import service as storage
from tests.services.api_world import Api
from tests.services.reading_world import fields, handed_in, read
from tests.support.databases import Fresh
from tests.support.world import ROOT


@pytest.fixture(scope="module")
def api(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One small world for this file; each test has a claim of its own."""
    db = Fresh(server)
    yield Api(db, at_hour(date(2026, 3, 20)), Path(tmp_path_factory.mktemp("keys")))
    db.drop()


def act(api: Api, login: str, verb: object, **words: object) -> object:
    actor = api.world.actor(login)
    with api.db.unit_of_work(actor.scope) as session:
        return verb(session, **words, actor=actor, now=api.clock.now())     # type: ignore[operator]


def paper_read(api: Api, n: int, light: int) -> uuid.UUID:
    paper = handed_in(api, api.report(n), light=light)
    read(api, paper)
    return paper


def recorded(api: Api, paper: uuid.UUID) -> list[tuple[str, str]]:
    with api.db.view(ROOT.scope) as session:
        return [tuple(row) for row in session.execute(sa.text(
            "SELECT event, record::text FROM audit_record WHERE machine = 'paper' AND subject_id = :id ORDER BY seq"), {"id": paper})]


def test_a_field_is_accepted_corrected_or_nobody_can_read_it(api: Api) -> None:
    paper = paper_read(api, 0, 246)
    seen = fields(api, paper)
    act(api, "xj.clerk", answers.accept, field_ids=[seen["specimen_on"].id, seen["received_on"].id])
    act(api, "xj.clerk", answers.correct, field_id=seen["reported_on"].id, value="2026年3月18日")
    act(api, "xj.clerk", answers.unreadable, field_ids=[seen["number"].id])
    now = fields(api, paper)
    assert {name: (view.value, view.state, view.read) for name, view in now.items()} == {
        "name": ("示例会员", "read", "示例会员"), "hospital": ("示例医院", "read", "示例医院"),
        "number": (None, "unreadable", "20260312"), "specimen_on": ("2026-03-12", "accepted", "2026-03-12"),
        "received_on": ("2026-03-13", "accepted", "2026-03-13"), "reported_on": ("2026-03-18", "corrected", "2026-03-16")}
    assert now["reported_on"].box == seen["reported_on"].box
    assert [event for event, _ in recorded(api, paper)] == ["upload", "field_accept", "field_correct", "field_unreadable"]
    for _, text in recorded(api, paper):       # who asks the record learns that, not what
        assert "2026-03-1" not in text and "20260312" not in text
    assert "1.reported_on" in recorded(api, paper)[2][1]
    # What nobody could read may be read after all, by the machine's own value or another.
    act(api, "xj.clerk", answers.correct, field_id=seen["number"].id, value="2026 0312")
    assert fields(api, paper)["number"].value == "20260312"
    with api.db.view(ROOT.scope) as session:
        answered = session.exec(select(PaperField).where(PaperField.id == seen["number"].id)).one()
        assert answered.answered_by == api.world.actor("xj.clerk").person_id and answered.answered_at == api.clock.now()
        assert answered.value_sealed and b"20260312" not in answered.value_sealed


def test_two_at_one_field_do_not_pass_over_each_other(api: Api) -> None:
    paper = paper_read(api, 1, 244)
    view = fields(api, paper)["specimen_on"]
    mark = answers.seen_mark(view)
    assert "2026" not in mark
    act(api, "xj.clerk", answers.correct, field_id=view.id, value="2026-03-11", seen=mark)
    with pytest.raises(Conflict) as refused:
        act(api, "xj.district", answers.accept, field_ids=[view.id], seen={view.id: mark})
    assert refused.value.code == "stale_field" and "标本提取" in refused.value.message
    assert fields(api, paper)["specimen_on"].value == "2026-03-11"


def test_who_types_while_the_machine_reads_waits_and_is_not_refused(api: Api) -> None:
    paper = handed_in(api, api.report(5), light=233)
    typed: list[object] = []
    hand = Thread(target=lambda: typed.append(act(api, "xj.clerk", answers.enter, paper_id=paper, page=1, sheet="pathology",
                                                  values={"specimen_on": "2026-03-11"})))
    with api.db.unit_of_work(ROOT.scope) as session:
        readings.keep(session, [PaperRead(paper, "ocr", "test", (PageRead(1, "ocr", "pathology", (
            Found(1, "specimen_on", "2026-03-12", 0.9, None),)),))], now=api.clock.now())
        hand.start()
        hand.join(0.5)
        assert hand.is_alive()
    hand.join(20)
    view = fields(api, paper)["specimen_on"]
    assert typed and (view.value, view.read, view.state) == ("2026-03-11", "2026-03-12", "corrected")


@pytest.mark.parametrize(("sheet", "name", "typed", "value"), [
    ("pathology", "specimen_on", "2026年9月30日", "2026-09-30"), ("pathology", "specimen_on", "2026.9.3", "2026-09-03"),
    ("pathology", "specimen_on", " 20260930 ", "2026-09-30"), ("pathology", "specimen_on", "２０２６/９/３０", "2026-09-30"),
    ("invoice", "amount", "¥1,234.5", "1234.50"), ("invoice", "amount", "1，234．50 元", "1234.50"), ("invoice", "amount", "0", "0.00"),
    ("discharge", "days", "12天", "12"), ("bank_card", "account", "6222 0202 0000 0000 007", "6222020200000000007"),
    ("id_card", "number", "11010119900307123x", "11010119900307123X"), ("pathology", "number", "s2026-0312", "S2026-0312"),
    ("pathology", "hospital", " 示例医院(东院)  ", "示例医院（东院）"), ("pathology", "seal", "有", "yes"),
    ("pathology", "seal", "无", None)])
def test_what_people_type_is_written_one_way(sheet: str, name: str, typed: str, value: str | None) -> None:
    assert written(sheet, spec_of(sheet, name), typed) == value


@pytest.mark.parametrize(("sheet", "name", "typed", "word"), [
    ("pathology", "specimen_on", "2026-02-30", "不是日期"), ("pathology", "specimen_on", "三月", "不是日期"),
    ("invoice", "amount", "12.345", "不是金额"), ("invoice", "amount", "-5", "不是金额"), ("discharge", "days", "1.5", "不是整数"),
    ("id_card", "number", "1101011990030712", "17位数字"), ("bank_card", "account", "62220", "12至19位"),
    ("pathology", "seal", "也许", "不清楚"), ("pathology", "name", "", "没有填写"), ("pathology", "name", "长" * 201, "超过 200"),
    ("pathology", "name", "示\u202e例", "不能显示")])
def test_what_cannot_be_meant_is_refused_by_the_fields_name(sheet: str, name: str, typed: str, word: str) -> None:
    spec = spec_of(sheet, name)
    with pytest.raises(InputError) as refused:
        written(sheet, spec, typed)
    assert spec.label in refused.value.message and word in refused.value.message
    assert refused.value.field == name and refused.value.remedy


def test_a_page_is_typed_by_hand(api: Api) -> None:
    claim_no = api.report(2)
    paper = handed_in(api, claim_no, light=242)
    typed = {"specimen_on": "2026.3.12", "name": "示例会员", "number": ""}
    act(api, "xj.clerk", answers.enter, paper_id=paper, page=1, sheet="pathology", values=typed)
    now = fields(api, paper)
    assert {name: (view.value, view.state, view.source, view.read) for name, view in now.items()} == {
        "specimen_on": ("2026-03-12", "accepted", "person", None), "name": ("示例会员", "accepted", "person", None)}
    with api.db.view(ROOT.scope) as session:
        reading = session.exec(select(PaperReading).where(PaperReading.paper_id == paper)).one()
        assert (reading.source, reading.sheets) == ("hand", {"1": "pathology"})
    wrong = (({"specimen_on": "昨天", "hospital": "示例医院"}, "specimen_on"), ({"amount": "5"}, "amount"), ({"name": " "}, "name"))
    for values, field in wrong:
        with pytest.raises(InputError) as refused:
            act(api, "xj.clerk", answers.enter, paper_id=paper, page=1, sheet="pathology", values=values)
        assert refused.value.field == field
    assert fields(api, paper).keys() == now.keys()         # nothing of a refused form is kept
    # Another look: it is a diagnosis; what was typed of the same name is corrected, the rest of the page is as it was.
    act(api, "xj.clerk", answers.enter, paper_id=paper, page=1, sheet="diagnosis", values={"name": "示例会员二"})
    assert (fields(api, paper)["name"].value, fields(api, paper)["name"].sheet) == ("示例会员二", "diagnosis")
    with pytest.raises(NotFound):
        act(api, "xj.clerk", answers.enter, paper_id=paper, page=2, sheet="pathology", values={"name": "示例"})


def test_a_wrong_kind_of_sheet_takes_the_machines_fields_with_it(api: Api) -> None:
    claim_no = api.report(3)
    paper = handed_in(api, claim_no, light=240)
    read(api, paper, "invoice", {"amount": ("12.00", 0.5), "name": ("示例会员", 0.9)})
    act(api, "xj.clerk", answers.enter, paper_id=paper, page=1, sheet="pathology", values={"name": "示例会员"})
    assert {name: view.sheet for name, view in fields(api, paper).items()} == {"name": "pathology"}
    act(api, "xj.clerk", answers.page_unreadable, paper_id=paper, page=1, sheet="pathology")
    states = {name: view.state for name, view in fields(api, paper).items()}
    assert states == dict.fromkeys(("hospital", "number", "specimen_on", "received_on", "reported_on", "disease", "seal"),
                                   "unreadable") | {"name": "accepted"}


def test_a_turned_page_turns_its_boxes_and_comes_back(api: Api) -> None:
    paper = paper_read(api, 4, 238)
    before, first = fields(api, paper)["name"].box, page_row(api, paper)
    assert before == Box(0.3, 0.1, 0.6, 0.14)
    act(api, "xj.clerk", turning.turn, paper_id=paper, page=1, degrees=90)
    turned, there = fields(api, paper)["name"].box, page_row(api, paper)
    assert turned is not None and (round(turned.left, 6), turned.top, round(turned.right, 6), turned.bottom) == (0.86, 0.3, 0.9, 0.6)
    assert (there.turned, there.width, there.height) == (90, first.height, first.width)
    for degrees in (180, 90):
        act(api, "xj.clerk", turning.turn, paper_id=paper, page=1, degrees=degrees)
    again = fields(api, paper)["name"].box
    assert again is not None and before is not None
    assert [round(side, 9) for side in (again.left, again.top, again.right, again.bottom)] == [0.3, 0.1, 0.6, 0.14]
    assert (page_row(api, paper).turned, page_row(api, paper).width) == (0, first.width)
    with pytest.raises(InputError):
        act(api, "xj.clerk", turning.turn, paper_id=paper, page=1, degrees=45)


def test_the_box_stays_on_the_same_ink() -> None:
    sheet = Image.new("RGB", (400, 600), "white")
    ImageDraw.Draw(sheet).rectangle((40, 60, 119, 119), fill="black")
    out = io.BytesIO()
    sheet.save(out, "WEBP", quality=90)
    for degrees in turning.QUARTERS:
        made = turning.turned_view(out.getvalue(), degrees)
        box = turning.turned_box(Box(0.1, 0.1, 0.3, 0.2), degrees)
        with Image.open(io.BytesIO(made.view)) as picture:
            part = picture.convert("L").crop((round(box.left * made.width), round(box.top * made.height),
                                              round(box.right * made.width), round(box.bottom * made.height)))
            assert sum(part.histogram()[90:]) == 0, degrees    # all of it dark
            assert sum(picture.convert("L").histogram()[:90]) == pytest.approx(part.width * part.height, rel=0.05)


@pytest.mark.parametrize(("found", "kept"), [({}, 0), ({"name": ("示例会员", 0.9)}, 1)])
def test_a_turned_page_is_looked_at_again_and_read_again_where_nothing_was_found(api: Api, found: dict[str, tuple[str, float]],
                                                                                 kept: int) -> None:
    claim_no = api.report(kept, "nx")
    paper = handed_in(api, claim_no, "diagnosis", light=236 - kept, by="nx.clerk")
    read(api, paper, "diagnosis", found)
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("DELETE FROM outbox"))
    act(api, "nx.clerk", turning.turn, paper_id=paper, page=1, degrees=270)
    with api.db.view(ROOT.scope) as session:
        assert len(session.exec(select(PaperReading).where(PaperReading.paper_id == paper)).all()) == kept
        assert session.execute(sa.text("SELECT topic, subject_id FROM outbox")).all() == [("paper.upload", paper)]


def test_only_verifiers_apart_from_the_claimant_answer_and_only_while_facts_may_change(api: Api) -> None:
    claim_no = api.report(2, "nx")
    paper = handed_in(api, claim_no, "diagnosis", light=234, by="nx.clerk")
    read(api, paper, "diagnosis", {"name": ("示例会员", 0.99)})
    one = fields(api, paper)["name"].id

    def refused(login: str) -> HuzhuError:
        with pytest.raises(HuzhuError) as caught:
            act(api, login, answers.accept, field_ids=[one])
        return caught.value
    for login in ("nx.m2", "nx.auditor", "nx.admin"):
        assert isinstance(refused(login), NotPermitted), login
    assert isinstance(refused("xj.clerk"), NotFound)
    with pytest.raises(InputError) as empty:
        act(api, "nx.clerk", answers.unreadable, field_ids=[one])
        act(api, "nx.clerk", answers.accept, field_ids=[one])
    assert empty.value.field == "name"
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE claim SET state = 'payable' WHERE claim_no = :no"), {"no": claim_no})
    assert refused("nx.clerk").code == "event_not_allowed"


def page_row(api: Api, paper: uuid.UUID) -> PaperPage:
    with api.db.view(ROOT.scope) as session:
        row = session.exec(select(PaperPage).where(PaperPage.paper_id == paper)).one()
        assert row.view_sha256 and storage.has(row.view_sha256)
        session.expunge(row)
        return row
