"""A month told up and down the tree: figures are the books', frozen, corrected openly; numbers, register and public check find them.

xj.m0 holds 4 shares: an in-situ tumour is 1000 yuan a share. One claim is decided, one is in review, one reported, all on 20 March.
"""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from services.cli import letters as command
from services.cli.main import main
from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.models import OfficeLetter
from services.notice import monthly, office_letters
from services.reporting import checking
from services.reporting import letter_register as register
from tests.services.after_world import decided
from tests.services.api_world import Api
from tests.services.review_world import in_review, report
from tests.support.signed_in import sign_in
from tests.support.world import World

AT, LATER = at_hour(date(2026, 3, 20)), at_hour(date(2026, 4, 2), 10)
MARCH = date(2026, 3, 1)


@pytest.fixture
def api(db: Database, tmp_path: Path) -> Api:
    made = Api(db, AT, tmp_path)
    decided(made.world, 0, AT)
    in_review(made.world, 1, AT)
    report(made.world, 2, AT)
    made.clock.instant = LATER
    return made


@pytest.fixture
def world(api: Api) -> World:
    return api.world


def issued(world: World, login: str = "xj.head", kind: monthly.Kind = "report", why: str = "", month: date = MARCH) -> OfficeLetter:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return monthly.issue(session, kind=kind, month=month, why=why, actor=actor, now=LATER)


def plain(world: World, words: str) -> int:
    with world.db.view(world.actor("xj.head").scope) as session:
        return int(session.execute(sa.text(words)).scalar_one() or 0)


def pairs(said: object, *keys: str) -> list[tuple[object, ...]]:
    assert isinstance(said, list)
    return [tuple(one[key] for key in keys) for one in said]


def test_the_figures_are_those_of_the_books(world: World) -> None:
    said = issued(world).context
    assert (said["reported"], said["decided"], said["open"], said["units"]) == (3, 1, 3, 1)
    assert (said["reported"], said["decided"], said["asked"]) == (
        plain(world, "SELECT count(*) FROM claim"), plain(world, "SELECT count(*) FROM decision"),
        plain(world, "SELECT count(*) FROM supplement"))
    assert said["benefit"] == {"count": 1, "amount": "4000.00", "words": "人民币肆仟元整"}
    assert plain(world, "SELECT sum(amount_fen) FROM decision") == 400_000
    assert said["credited"] == said["refund"] == {"count": 0, "amount": "0.00", "words": "人民币零元整"}
    assert said["manual"]["count"] == plain(world, "SELECT count(*) FROM deciding_act WHERE act = 'amount'") == 0     # type: ignore[index]
    assert {one for one in pairs(said["stages"], "words", "count") if one[1]} == {("待核验材料", 1), ("审核中", 1), ("已决定待付款", 1)}
    assert plain(world, "SELECT count(*) FROM claim WHERE state IN ('reported', 'in_review', 'payable')") == 3
    promised = {one[0]: one[1:] for one in pairs(said["promises"], "words", "kept", "missed", "late")}
    late = "SELECT count(*) FROM sla_clock WHERE kind = 'verification' AND stopped_on IS NULL AND due_on <= '2026-03-31'"
    kept = "SELECT count(*) FROM sla_clock WHERE kind = 'verification' AND kept"
    assert promised["材料核验"] == (plain(world, kept), 0, plain(world, late))
    assert pairs(said["lines"], "name", "reported", "decided", "amount", "open") == [("乌鲁木齐市总工会", 3, 1, "4000.00", 3)]
    assert (said["signer"], said["addressees"]) == (world.actor("xj.head").name, ["全国"])
    empty = issued(world, month=date(2026, 2, 1)).context
    assert (empty["reported"], empty["decided"], empty["open"], empty["promises"]) == (0, 0, 0, [])
    other = issued(world, "nx.head").context
    assert (other["reported"], other["open"]) == (0, 0)         # nothing of another office


def test_the_table_is_enclosed_frozen_and_its_digest_stands_in_the_report(world: World) -> None:
    row, head = issued(world), world.actor("xj.head")
    with world.db.view(head.scope) as session:
        content = monthly.table(session, row.id, actor=head)
        assert office_letters.content(session, row.id)[:5] == b"%PDF-"
    lines = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert (lines[3][0], lines[3][2], lines[3][8], lines[4][0], lines[4][2]) == ("天山区示例一厂工会", 3, 4000.0, "合计", 3)


def test_numbers_of_each_who_may_and_when(world: World) -> None:
    up, down, below = issued(world), issued(world, kind="notice"), issued(world, "xj.district")
    assert [one.number for one in (up, down, below)] == ["新互通报〔2026〕1号", "新互通发〔2026〕1号", "新互通天山区报〔2026〕1号"]
    assert (below.context["office_name"], below.context["addressees"]) == ("天山区总工会", ["乌鲁木齐市总工会"])
    assert pairs(below.context["lines"], "name", "reported") == [("天山区示例一厂工会", 3), ("天山区示例二厂工会", 0)]
    assert (down.context["signer"], down.context["addressees"]) == (None, ["乌鲁木齐市总工会"])
    assert issued(world).id == up.id                            # nothing changed: the one that stands
    for login in ("xj.office1", "xj.clerk", "xj.auditor"):
        with pytest.raises(NotPermitted):
            issued(world, login)
    with pytest.raises(InputError) as early:
        issued(world, month=date(2026, 4, 1))
    assert early.value.code == "month_not_over"
    district = world.actor("xj.district")
    with world.db.view(district.scope) as session:              # sees its own, not its office's
        assert [one.id for one in monthly.listed(session, actor=district)] == [below.id]
        with pytest.raises(NotFound):
            monthly.one(session, up.id, actor=district)


def test_a_correction_replaces_openly_and_everybody_finds_it(world: World) -> None:
    first, head = issued(world), world.actor("xj.head")
    report(world, 3, AT)
    with pytest.raises(Conflict) as refused:
        issued(world)
    assert refused.value.code == "figures_changed"
    second = issued(world, why="补录一件报案")
    assert (second.serial, second.context["instead_of"], second.context["why"], second.context["reported"]) == (
        2, first.number, "补录一件报案", 4)
    with world.db.view(head.scope) as session:
        [old, new] = register.entries(session, "新互通报", 2026)
        assert (old.number, old.state, old.successor, old.why, old.to) == (first.number, "replaced", second.number, "补录一件报案", "全国")
        assert (new.state, new.title) == ("issued", "月度情况报告、通知")
        assert next(one for one in register.series(session) if one.series == "新互通报").whole
        found, gone = checking.by_code(session, second.check_code), checking.by_code(session, first.check_code)
        assert found and gone and (found.state, found.number, gone.state, gone.successor) == (
            "valid", second.number, "replaced", second.number)
        by_bytes = checking.by_digest(session, second.sha256)
        assert by_bytes and by_bytes.number == second.number
    with world.db.unit_of_work(head.scope) as session:
        office_letters.void(session, letter_id=second.id, reason="数据有误", actor=head, now=LATER)
    third = issued(world)
    assert (third.serial, third.context["instead_of"]) == (3, None)
    with world.db.view(head.scope) as session:
        assert register.entry(session, second.id).why == "数据有误"


def test_nobody_above_nobody_beneath(world: World) -> None:
    top = world.actor("system")
    with world.db.view(world.actor("xj.clerk").scope) as session, pytest.raises(NotPermitted):
        monthly.listed(session, actor=world.actor("xj.clerk"))
    assert top.org_key == "cn."
    with world.db.unit_of_work(top.scope) as session, pytest.raises((GuardFailed, NotPermitted)):
        monthly.issue(session, kind="report", month=MARCH, actor=top, now=LATER)


def test_page_register_and_check(api: Api) -> None:
    head, office = (sign_in(api.app, api.db, api.world, login, LATER) for login in ("xj.head", "xj.office1"))
    page = head.get("/monthly").text
    assert "4,000.00" in page and "全国" in page and "还没有月度情况的报告和通知" in page
    assert head.send("/monthly", kind="report", month="2026-03").headers["location"] == "/monthly?month=2026-03&done=issued"
    page = head.get("/monthly?month=2026-03&done=issued").text
    assert "新互通报〔2026〕1号" in page and "数据相同" in page
    with api.db.view(api.world.actor("xj.head").scope) as session:
        [row] = monthly.listed(session, actor=api.world.actor("xj.head"))
    assert head.get(f"/monthly/{row.id}/file").content[:5] == b"%PDF-" and head.get(f"/monthly/{row.id}/table").content[:2] == b"PK"
    assert head.get("/monthly?month=gestern").status_code in (200, 422)
    assert f"/letter-register/{row.id}" in office.get("/letter-register?series=新互通报&year=2026").text
    assert office.get(f"/letter-register/{row.id}/file").content[:5] == b"%PDF-"
    page = office.get(f"/letter-register/{row.id}").text
    assert "作废后核验页写明已作废" in page and "/claims/" not in page.split("<main")[1]
    assert office.send(f"/letter-register/{row.id}/void", reason=" ").status_code == 422
    assert office.send(f"/letter-register/{row.id}/void", reason="数据有误").headers["location"].endswith("done=voided")
    assert "数据有误" in office.get(f"/letter-register/{row.id}").text
    assert "作废" in sign_in(api.app, api.db, api.world, "xj.head", LATER).get(f"/check/{row.check_code}").text
    assert office.send("/monthly", kind="report", month="2026-03").status_code == 403


def test_interface_and_command(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    made = api.post("xj.head", "/monthly-letters", {"kind": "notice", "month": "2026-03-01"})
    assert (made.status_code, made.json()["number"]) == (201, "新互通发〔2026〕1号")
    key = made.json()["id"]
    assert [one["id"] for one in api.get("xj.auditor", "/monthly-letters").json()] == [key]
    assert api.get("xj.auditor", f"/monthly-letters/{key}/file").content[:5] == b"%PDF-"
    assert api.get("xj.auditor", f"/monthly-letters/{key}/table").status_code == 404
    assert api.post("xj.office1", f"/office-letters/{key}/void", {"reason": "写错"}).json()["void_reason"] == "写错"
    assert api.post("xj.office1", f"/office-letters/{key}/void", {"reason": "写错"}).status_code == 409
    monkeypatch.setattr(command, "database", lambda: api.db)
    assert main(["letters", "summary", str(tmp_path / "out"), "--as", "xj.head", "--month", "2026-02"]) == 0
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".pdf", ".xlsx"}
    assert "新互通报〔" in capsys.readouterr().out
    assert main(["letters", "summary", str(tmp_path / "out"), "--as", "xj.head", "--month", "2026-13"]) == 2
    assert main(["letters", "summary", str(tmp_path / "out"), "--as", "xj.head", "--kind", "poem", "--month", "2026-02"]) == 2
