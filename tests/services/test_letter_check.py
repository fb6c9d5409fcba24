"""Anybody may check a letter by its code or its file: one letter each of a small world, read by pages and API."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.core.limits import Limiter
from services.models import Notice
from services.notice import queries, replacing
from services.notice import service as notice
from services.reporting.claims import locate
from tests.services.api_world import Api
from tests.support.databases import Fresh
from tests.support.world import ROOT

UNKNOWN = "ZZZZZZZZZZZZZZZZ"


@dataclass
class Desk:
    """A reported claim's receipt, issued, and its bytes."""

    api: Api
    name: str
    row: Notice
    pdf: bytes


@pytest.fixture(scope="module")
def desk(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    db = Fresh(server)
    api = Api(db, at_hour(datetime(2026, 3, 20).date()), tmp_path_factory.mktemp("keys"))
    claim_no = api.report(0)
    with db.unit_of_work(ROOT.scope) as session:
        claim = locate(session, claim_no)
        drafted = notice.draft(session, topic="claim.create", claim_ids=[claim.id], subject_ids=[], actor=ROOT, now=api.clock.now())
        [row] = notice.issue(session, notice_ids=[one.id for one in drafted], actor=ROOT, now=api.clock.now())
        pdf = queries.content(session, row.id)
        session.expunge(row)
    yield Desk(api, api.world.member(0, "xj").synthetic.name, row, pdf)
    db.drop()


@pytest.fixture(autouse=True)
def patient(desk: Desk) -> None:
    """Each test looks as often as it likes, in Chinese; the limit has a test of its own."""
    desk.api.http.cookies.clear()
    desk.api.app.state._state.setdefault("limiters", {})["check"] = Limiter(size=1000, seconds=6)


def upload(desk: Desk, path: str, content: bytes, **fields: str) -> tuple[int, str]:
    page = desk.api.http.post(path, data=fields, files={"file": ("文书.pdf", content, "application/pdf")})
    return page.status_code, page.text


def test_a_letter_carries_its_code_and_its_seal(desk: Desk) -> None:
    assert desk.row.check_code and len(desk.row.check_code) == 16
    assert desk.row.certificate
    assert desk.row.context["check"]["url"].endswith(f"/check/{desk.row.check_code}")    # type: ignore[index]
    assert b"/ETSI.CAdES.detached" in desk.pdf


@pytest.mark.parametrize(("lang", "state"), [("zh", "有效"), ("en", "In force")])
def test_the_page_says_that_it_stands_and_names_nobody(desk: Desk, lang: str, state: str) -> None:
    page = desk.api.http.get(f"/check/{desk.row.check_code}?lang={lang}")
    assert page.status_code == 200
    for word in (state, str(desk.row.number), "中国职工保险互助会新疆办事处", hashlib.sha256(desk.pdf).hexdigest()):
        assert word in page.text
    with desk.api.db.view(ROOT.scope) as session:
        claim_no, code = session.execute(sa.text("SELECT claim_no, code FROM claim WHERE id = :id"), {"id": desk.row.claim_id}).one()
    for private in (desk.name, claim_no, code, "乳腺"):
        assert private not in page.text


def test_the_code_may_be_typed_with_dashes_and_in_small_letters(desk: Desk) -> None:
    code = str(desk.row.check_code)
    typed = "-".join(code[place:place + 4] for place in range(0, 16, 4)).lower()
    page = desk.api.http.post("/check", data={"code": f" {typed} "})
    assert page.status_code == 200 and str(desk.row.number) in page.text


def test_the_very_file_is_told_from_one_with_a_changed_byte(desk: Desk) -> None:
    path = f"/check/{desk.row.check_code}"
    assert "逐字节一致" in upload(desk, path, desk.pdf)[1]
    changed = bytearray(desk.pdf)
    changed[len(changed) // 2] ^= 1
    for where, fields in ((path, {}), ("/check", {"code": str(desk.row.check_code)})):
        status, said = upload(desk, where, bytes(changed), **fields)
        assert status == 200 and "文件与签发的原件不一致" in said and "逐字节一致" not in said
    status, said = upload(desk, "/check", bytes(changed))
    assert status == 404 and "不是本系统签发的原件" in said
    assert "逐字节一致" in upload(desk, "/check", desk.pdf)[1]


def test_unknown_and_malformed_codes_look_alike(desk: Desk) -> None:
    pages = [desk.api.http.get(f"/check/{code}") for code in (UNKNOWN, "1", "%27;--", "O0I1L" * 9)]
    assert {page.status_code for page in pages} == {404}
    assert all("没有查到这一文书" in page.text for page in pages)
    answers = [desk.api.http.get(f"/api/v1/check/{code}") for code in (UNKNOWN, "1")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


def test_the_api_says_the_same(desk: Desk) -> None:
    digest = hashlib.sha256(desk.pdf).hexdigest()
    said = desk.api.http.get(f"/api/v1/check/{desk.row.check_code}", params={"sha256": digest}).json()
    assert said == {"number": desk.row.number, "issuer": "中国职工保险互助会新疆办事处", "issued_on": "2026-03-20", "sha256": digest,
                    "sealed": True, "state": "valid", "successor": None, "same": True}
    other = desk.api.http.get(f"/api/v1/check/{desk.row.check_code}", params={"sha256": "0" * 64}).json()
    assert other["same"] is False
    assert desk.api.http.get(f"/api/v1/check/files/{digest.upper()}").json()["number"] == desk.row.number
    assert desk.api.http.get(f"/api/v1/check/files/{'0' * 64}").status_code == 404
    assert desk.api.http.get("/api/v1/check/files/abc").status_code == 422


def test_whoever_guesses_waits(desk: Desk) -> None:
    desk.api.app.state._state["limiters"]["check"] = Limiter(size=2, seconds=6)
    codes = [desk.api.http.get(f"/check/{UNKNOWN}").status_code for _ in range(3)]
    late = desk.api.http.get(f"/api/v1/check/{UNKNOWN}")
    assert codes == [404, 404, 429]
    assert (late.status_code, late.json()["code"]) == (429, "too_often")


def test_a_letter_that_no_longer_stands_says_so_and_names_the_one_in_its_place(desk: Desk) -> None:
    """By the register's own verbs, on another claim's receipt."""
    now, office = desk.api.clock.now(), desk.api.world.actor("xj.office1")
    claim_no = desk.api.report(1)
    with desk.api.db.unit_of_work(ROOT.scope) as session:
        drafted = notice.draft(session, topic="claim.create", claim_ids=[locate(session, claim_no).id], subject_ids=[], actor=ROOT, now=now)
        [old] = notice.issue(session, notice_ids=[one.id for one in drafted], actor=ROOT, now=now)
        old_id, first = old.id, str(old.check_code)
    with desk.api.db.unit_of_work(office.scope) as session:
        new = replacing.replace(session, notice_id=old_id, reason="写错了医院", actor=office, now=now)
        new_id, number, second = new.id, str(new.number), str(new.check_code)
    assert first != second
    page = desk.api.http.get(f"/check/{first}").text
    assert "已经由新的文书替换" in page and number in page and "有效</span>" not in page
    assert "有效</span>" in desk.api.http.get(f"/check/{second}").text
    told = desk.api.http.get(f"/api/v1/check/{first}").json()
    assert (told["state"], told["successor"]) == ("replaced", number)
    with desk.api.db.unit_of_work(office.scope) as session:
        replacing.void(session, notice_id=new_id, reason="不再需要", actor=office, now=now)
    page = desk.api.http.get(f"/check/{second}").text
    assert "已经作废" in page and "不再需要" not in page and "有效</span>" not in page


def test_a_letter_from_before_the_seals_is_found_by_its_file(desk: Desk) -> None:
    without = sa.text("UPDATE notice SET check_code = :code, certificate = :certificate WHERE id = :id")
    with desk.api.db.unit_of_work(ROOT.scope) as session:
        session.execute(without, {"code": None, "certificate": None, "id": desk.row.id})
    status, said = upload(desk, "/check", desk.pdf)
    with desk.api.db.unit_of_work(ROOT.scope) as session:
        session.execute(without, {"code": desk.row.check_code, "certificate": desk.row.certificate, "id": desk.row.id})
    assert status == 200 and "逐字节一致" in said and "签发时尚未启用电子签章" in said
