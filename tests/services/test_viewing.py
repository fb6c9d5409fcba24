"""Viewing copies: drawn once by the flow's verbs, upright and bare, read by whoever may read the original."""

from __future__ import annotations

import asyncio
import hashlib
import io
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from PIL import Image, ImageFilter
from sqlmodel import col

from services.core.db import Database, Scope
from services.evidence import service as evidence
from services.evidence import viewing
from services.models import Paper, PaperPage
from services.storage import reading
from services.storage import service as storage
from services.storage.reading import Drawn, Unshown
from tests.services.api_world import Api
from tests.support.claims import XJ_EVENT, report
from tests.support.paper_files import good_pdf, heic, located_photo, page, photo, saved
from tests.support.world import ROOT, build_world

CN = Scope("cn")
Superuser = psycopg.Connection[tuple[object, ...]]


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def drawn(content: bytes, mime: str, *numbers: int) -> list[Drawn | Unshown]:
    return list(reading.draw(content, mime, numbers))


def test_a_photo_on_its_side_stands_upright_and_says_nothing_of_the_place() -> None:
    original = located_photo(turn=6)
    assert opened(original).getexif().get_ifd(0x8825)
    [found] = drawn(original, "image/jpeg", 1)
    assert isinstance(found, Drawn)
    view = opened(found.view)
    assert (view.format, view.size, found.rotation) == ("WEBP", (1273, 900), 90)
    assert (found.width, found.height) == view.size
    assert dict(view.getexif()) == {} and not {"exif", "xmp", "icc_profile"} & set(view.info)
    assert "示例牌".encode() not in found.view + found.thumb
    assert opened(found.thumb).size == (240, 170)


def test_a_large_picture_is_shrunk_and_a_small_one_is_not_blown_up() -> None:
    [large] = drawn(saved(page(3000, 2000), "JPEG"), "image/jpeg", 1)
    [small] = drawn(saved(page(500, 700)), "image/png", 1)
    assert isinstance(large, Drawn) and isinstance(small, Drawn)
    assert (large.width, large.height) == (1600, 1067)
    assert (small.width, small.height) == (500, 700)


def test_what_lies_behind_glass_is_laid_on_white_paper() -> None:
    [found] = drawn(saved(Image.new("RGBA", (500, 500), (0, 0, 0, 0))), "image/png", 1)
    assert isinstance(found, Drawn)
    assert opened(found.view).convert("L").getextrema() == (255, 255)


def test_pages_of_a_scan_and_of_an_iphone_are_drawn() -> None:
    pages = drawn(good_pdf(3), "application/pdf", 1, 2, 3)
    assert [type(found) for found in pages] == [Drawn] * 3
    assert [found.number for found in pages] == [1, 2, 3]
    assert isinstance(drawn(heic(), "image/heic", 1)[0], Drawn)


def test_a_page_that_cannot_be_drawn_is_told_and_the_others_stand() -> None:
    found = drawn(good_pdf(2), "application/pdf", 1, 9, 2)
    assert [type(one) for one in found] == [Drawn, Unshown, Drawn]
    assert drawn(b"%PDF-1.4\n%%EOF\n", "application/pdf", 1) == [Unshown(1, "file_damaged")]


def _uploaded(db: Database, now: datetime, *contents: tuple[str, bytes]) -> list[Paper]:
    world = build_world(db, now)
    with db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
        return [evidence.upload(session, claim_id=claim.id, kind=kind, file_name="a", content=content, actor=ROOT, now=now)
                for kind, content in contents]


def _draw(db: Database, papers: list[Paper]) -> int:
    """What the flow does: look, draw, keep. How many papers were drawn."""
    claims = [papers[0].claim_id]
    with db.view(CN) as session:
        wanted = viewing.undrawn(session, claims)
    leaves = [(paper, viewing.draw(paper)) for paper in wanted]
    with db.unit_of_work(CN) as session:
        viewing.keep(session, leaves)
        evidence.check(session, claim_ids=claims, actor=ROOT, now=papers[0].uploaded_at)
    return len(wanted)


def test_pages_are_drawn_once_and_lie_beside_the_untouched_original(db: Database, now: datetime) -> None:
    scan = good_pdf(3)
    papers = _uploaded(db, now, ("diagnosis", scan), ("id_card", photo()))
    assert _draw(db, papers) == 2
    with db.view(CN) as session:
        rows = session.execute(sa.select(col(PaperPage.paper_id), col(PaperPage.number), col(PaperPage.view_sha256),
                                         col(PaperPage.thumb_sha256), col(PaperPage.org_key)).order_by(
                                             col(PaperPage.paper_id), col(PaperPage.number))).all()
        assert [(row[0], row[1]) for row in rows] == [(papers[0].id, 1), (papers[0].id, 2), (papers[0].id, 3), (papers[1].id, 1)]
        assert {row[4] for row in rows} == {papers[0].org_key}
        assert [session.get_one(Paper, paper.id).pages for paper in papers] == [3, 1]
    for row in rows:
        assert opened(storage.get(row[2])).size == (900, 1273)
        assert opened(storage.get(row[3])).width == 240
    assert storage.get(papers[0].sha256) == scan
    assert _draw(db, papers) == 0                       # again: nothing is left to do
    with db.unit_of_work(CN) as session:                # two workers at once: the first one's pages stay
        viewing.keep(session, [(viewing.Undrawn(papers[0].id, papers[0].sha256, papers[0].mime), [viewing.Leaf(1, fault="late")])])
    with db.view(CN) as session:
        assert session.execute(sa.text("SELECT count(*), count(fault) FROM paper_page")).one() == (4, 0)


def test_a_page_that_fails_is_a_finding_with_a_remedy(db: Database, now: datetime, superuser: Superuser) -> None:
    papers = _uploaded(db, now, ("diagnosis", photo()), ("id_card", saved(page())))
    with db.unit_of_work(CN) as session:                # what the confined process says of a file that it cannot draw
        viewing.keep(session, [(viewing.Undrawn(papers[0].id, papers[0].sha256, papers[0].mime), [viewing.Leaf(1, fault="file_damaged")])])
    assert _draw(db, papers) == 1
    [(findings,)] = superuser.execute("SELECT findings FROM claim WHERE id = %s", (papers[0].claim_id,)).fetchall()
    assert isinstance(findings, list)
    [found] = [finding for finding in findings if finding["code"] == "paper_unshown"]
    assert "第1页无法显示" in found["words"] and "重新上传" in found["words"]
    assert any(finding["code"] == "paper_missing" for finding in findings)


def test_the_flow_draws_and_checks(db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import check_evidence as flow
    from flows import runtime
    from services.core.clock import FixedClock
    from services.wiring import Wiring

    [paper] = _uploaded(db, now, ("diagnosis", photo()))
    wiring = Wiring(db, FixedClock(now), None, CN)     # type: ignore[arg-type]
    monkeypatch.setattr(runtime, "wiring", lambda: wiring)
    asyncio.run(flow.draw.fn([paper.claim_id]))
    asyncio.run(flow.check.fn([paper.claim_id]))
    with db.view(CN) as session:
        assert session.get_one(Paper, paper.id).pages == 1
        assert session.execute(sa.text("SELECT topic, subject_id FROM outbox WHERE subject_id = :paper"), {"paper": paper.id}).one() == (
            "paper.upload", paper.id)


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_pages_through_the_api(api: Api, superuser: Superuser) -> None:
    claim_no = api.report(0)
    sent = api.upload("xj.m0", f"/claims/{claim_no}/papers", good_pdf(2), kind="diagnosis", name="诊断.pdf")
    assert (sent.status_code, sent.json()["advice"]) == (201, []), sent.text
    path = f"/papers/{sent.json()['id']}/pages"
    assert api.get("xj.clerk", path).json() == {"ready": False, "pages": []}
    waiting = api.get("xj.clerk", f"{path}/1")
    assert (waiting.status_code, waiting.json()["code"]) == (404, "page_waiting")
    with api.db.view(CN) as session:
        paper = session.get_one(Paper, sent.json()["id"])
    _draw(api.db, [paper])
    shown = api.get("xj.clerk", path).json()
    assert shown["ready"] is True
    assert shown["pages"] == [{"number": n, "width": 900, "height": 1273, "rotation": 0, "fault": None} for n in (1, 2)]
    got = api.get("xj.clerk", f"{path}/2")
    assert (got.headers["content-type"], opened(got.content).size) == ("image/webp", (900, 1273))
    assert "no-store" in got.headers["cache-control"]
    assert opened(api.get("xj.clerk", f"{path}/2", size="thumb").content).width == 240
    looks = superuser.execute("SELECT account_id FROM access_record WHERE what = %s", (f"paper:{paper.id}",)).fetchall()
    assert [row[0] for row in looks] == [api.world.account("xj.clerk")] * 2
    assert api.get("xj.clerk", f"{path}/3").json()["code"] == "page_missing"
    for login, status in (("xj.m0", 200), ("xj.auditor", 200), ("xj.m1", 404), ("nx.district", 404), ("xj.admin", 403)):
        assert api.get(login, path).status_code == status, login
        assert api.get(login, f"{path}/1").status_code == status, login


def test_a_poor_picture_is_taken_with_advice_to_take_it_again(api: Api) -> None:
    path = f"/claims/{api.report(0)}/papers"

    def told(picture: Image.Image, kind: str = "diagnosis") -> list[str]:
        sent = api.upload("xj.m0", path, saved(picture), kind=kind)
        assert sent.status_code == 201, sent.text
        assert all(said["words"] and said["remedy"] for said in sent.json()["advice"])
        return [said["code"] for said in sent.json()["advice"]]

    assert told(page()) == []
    assert told(page(640, 900)) == ["picture_small"]
    assert told(page(860, 540), "id_card") == []        # a card fills the picture with few and large letters
    assert told(page(light=45)) == ["picture_dark"]
    assert told(page().filter(ImageFilter.GaussianBlur(5))) == ["picture_blurred"]
    assert told(Image.new("RGB", (900, 1273), (200, 200, 200))) == ["picture_empty"]
    refused = api.upload("xj.m0", path, saved(page(399, 600)), kind="diagnosis")
    assert (refused.status_code, refused.json()["code"]) == (422, "picture_too_small")
    whole = api.get("xj.clerk", path).json()
    assert len(whole) == 6                              # every one was kept
    assert whole[0]["sha256"] == hashlib.sha256(saved(page())).hexdigest()
