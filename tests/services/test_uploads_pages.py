"""Parts through the page's own routes and the API; what each kind of paper is, in both languages, with its sample."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from PIL import Image

from services.core.db import Database
from services.rulebook import registry
from services.rulebook.paper_words import paper_words
from services.web.render import HERE
from tests.services.api_world import Api
from tests.services.member_pages import case_no, one, person
from tests.support.paper_files import photo
from tests.support.signed_in import Visitor

PHOTO = photo()
SAID = {"kind": "pathology", "file_name": "病理.jpg", "size": len(PHOTO), "sha256": hashlib.sha256(PHOTO).hexdigest()}
PAPERS = "SELECT count(*) FROM paper"


def sent(visitor: Visitor, where: str, part: bytes | None = None, **fields: object) -> httpx.Response:
    """As the page's script sends it: the page stays open."""
    page = visitor.page
    answer = visitor.send(where, {"part": ("x", part, "")} if part is not None else None, **fields)
    visitor.page = page
    return answer


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_parts_through_the_page(api: Api) -> None:
    where = f"/cases/{case_no(api, api.report(0))}/uploads"
    visitor = person(api, "xj.m0")
    visitor.get(where.removesuffix("uploads") + "papers")
    begun = sent(visitor, where, **SAID).json()
    assert (begun["received"], begun["size"], begun["part"]) == (0, len(PHOTO), 1 << 20)
    upload = f"{where}/{begun['id']}"
    assert sent(visitor, f"{upload}/part", PHOTO[:900], offset=0).json()["received"] == 900
    wrong = sent(visitor, f"{upload}/part", PHOTO[:900], offset=0)
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["offset"]) == (409, "upload_offset", 900)
    assert visitor.http.get(upload).json()["received"] == 900
    assert visitor.http.post(f"{upload}/part", data={"offset": 900}, files={"part": ("x", PHOTO[900:])}).status_code == 403, "no token"
    page = visitor.get(where.removesuffix("uploads") + "papers").text
    assert "没有传完的文件" in page and "病理.jpg" in page
    sent(visitor, f"{upload}/part", PHOTO[900:], offset=900)
    assert sent(visitor, f"{upload}/finish").json() == {"done": True} and one(api, PAPERS) == "1"
    gone = sent(visitor, f"{upload}/finish")
    assert (gone.status_code, gone.json()["code"]) == (404, "upload_missing")
    assert sent(visitor, where, **SAID).json()["id"] is None, "it is there"
    visitor.get(where.removesuffix("uploads") + "papers")
    other = sent(visitor, where, **{**SAID, "sha256": "0" * 64}).json()["id"]
    back = visitor.send(f"{where}/{other}/drop", back="yes")
    assert (back.status_code, back.headers["location"]) == (303, where.removesuffix("uploads") + "papers?done=dropped")
    assert "没有传完的文件已取消" in visitor.get(back.headers["location"]).text


def test_parts_through_the_interface_and_a_refused_file_is_given_up(api: Api) -> None:
    case, bad = case_no(api, api.report(0)), PHOTO + b"<script>"
    for content, status in ((PHOTO, 201), (bad, 422)):
        said = {**SAID, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        begun = api.post("xj.m0", f"/cases/{case}/uploads", said)
        assert begun.status_code == 201, begun.text
        upload = f"/uploads/{begun.json()['id']}"
        assert api.upload("xj.m0", f"{upload}/parts", content[:500], offset="0").json()["received"] == 500
        wrong = api.upload("xj.m0", f"{upload}/parts", content[:500], offset="0")
        assert (wrong.status_code, wrong.json()["offset"]) == (409, 500)
        api.upload("xj.m0", f"{upload}/parts", content[500:], offset="500")
        assert api.get("xj.m0", upload).json()["received"] == len(content)
        finished = api.post("xj.m0", f"{upload}/finish")
        assert finished.status_code == status, finished.text
        assert api.get("xj.m0", upload).status_code == 404
    assert one(api, PAPERS) == "1"


def test_every_kind_is_told_in_plain_words_of_both_languages() -> None:
    told = paper_words()
    assert {paper.kind for book in registry.plans() for paper in book.papers} <= told.keys()
    for words in told.values():
        for sentence in (words.what, words.where, words.see):
            assert sentence.zh.endswith("。") and sentence.en.endswith(".") and not sentence.zh.isascii()
            assert re.search("[A-Za-z]{3}", sentence.en) and not re.search("[A-Za-z]{4}", sentence.zh)
    for name in {words.sample for words in told.values()} - {""}:
        file = HERE / "static" / "samples" / f"sample-{name}.webp"
        assert file.stat().st_size <= 40_000
        with Image.open(file) as picture:
            assert picture.format == "WEBP" and picture.width >= 400


def test_the_page_explains_what_is_asked_for(api: Api) -> None:
    path = f"/cases/{case_no(api, api.report(0))}/papers"
    page = person(api, "xj.m0").get(path).text
    assert "送检或采集（标本提取）日期" in page and "sample-pathology.webp" in page
    english = person(api, "xj.m0", "en").get(path).text
    assert "The date the specimen was taken or sent" in english and '"small": 900' in english
    assert '"small": 500' in english, "a card has fewer and larger letters"
