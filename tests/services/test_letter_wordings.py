"""Courtesies of letters in an office's own words: within bounds, seen as the letter, two persons, letters that are out unchanged."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest
from sqlmodel import col, select

from documents import render
from services.core.db import Database
from services.core.errors import InputError
from services.models import Claim, Notice
from services.notice import samples as gallery
from services.notice import service as notice
from services.releases import passages
from services.releases.passages import PASSAGES
from services.storage import service as storage
from tests.services.api_world import Api
from tests.support.claims import report
from tests.support.signed_in import sign_in
from tests.support.world import ROOT

CARE = "请您安心休养，所需材料可以托家人或者工会的同志代为送来。"


def words_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "".join("".join(page.get_textpage().get_text_range().split()) for page in document)
    finally:
        document.close()


@pytest.mark.parametrize("code", PASSAGES)
def test_the_house_s_own_words_stand_in_the_template_and_others_in_the_letter(code: str) -> None:
    one = PASSAGES[code]
    other = "愿您和您的家人一切都好" + one.end[0]
    for letter in one.letters:
        template = (render.HERE / "notices" / letter / "template.html").read_text("utf-8")
        assert f"{{{{ own_words.get('{code}', '{one.text}') }}}}" in template, letter
        assert other in words_of(gallery.worded(letter, code, other, one.shown).pdf), letter
        assert one.text in words_of(gallery.worded(letter, code, one.text, one.shown).pdf), letter


def test_no_template_has_a_passage_that_is_not_in_the_list() -> None:
    named = {(path.parent.name, code) for path in (render.HERE / "notices").glob("*/template.html")
             for code in re.findall(r"own_words\.get\('([^']+)'", path.read_text("utf-8"))}
    assert named == {(letter, one.code) for one in PASSAGES.values() for letter in one.letters}


@pytest.mark.parametrize(("code", "text", "said"), [
    ("receipt.care", "请安心休养", "用语有5字"), ("receipt.care", "安" * 80 + "。", "用语有81字"),
    ("receipt.care", "请安心休养，三日内答复您。", "三"), ("receipt.care", "请安心休养，慰问金五百元。", "五百"),
    ("receipt.care", "请安心休养，电话12351。", "以外的字符"), ("receipt.care", "请安心休养。\n材料代交。", "以外的字符"),
    ("receipt.care", "请安心休养，<b>保重</b>。", "以外的字符"), ("receipt.care", "依据保险合同，请安心休养。", "依据"),
    ("receipt.care", "请安心休养，逾期视为撤回。", "逾期"), ("refusal.comfort", "您不必再提出异议，", "异议"),
    ("receipt.care", "请安心休养，一定给付给您。", "给付"), ("receipt.care", "请您安心休养，", "结尾"),
    ("refusal.comfort", "我们理解您和家人的不易。", "结尾"), ("receipt.care", "请您安心休养，第二款另告。", "第二"),
])
def test_words_that_would_say_more_than_a_courtesy_are_refused(code: str, text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        passages.checked({"code": code, "text": text})
    assert refused.value.field == "payload.text" and said in refused.value.message


def test_the_bounds_themselves_are_within() -> None:
    assert passages.checked({"code": "receipt.care", "text": "请您安心养。"})["text"] == "请您安心养。"
    assert passages.checked({"code": "receipt.care", "text": "安" * 79 + "。"})
    assert [passages.bounded(one, one.text) for one in PASSAGES.values()] == [one.text for one in PASSAGES.values()]


def test_seen_proposed_released_and_only_later_letters_have_it(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    admin, head = (sign_in(api.app, api.db, api.world, login, now, "zh") for login in ("xj.admin", "xj.head"))
    first = receipt(api, 0, now)
    assert "请您安心休养" not in first and "您若正在治疗" in first
    admin.get("/letter-wordings/receipt.care")
    refused = admin.send("/letter-wordings/receipt.care", text="请安心休养，逾期不候。")
    assert refused.status_code == 422 and "“逾期”不能写进用语" in refused.text
    seen = admin.send("/letter-wordings/receipt.care", text=CARE)
    assert seen.status_code == 200 and "换成这句话的文书" in seen.text
    picture = admin.get("/letter-wordings/receipt.care/receipt/1", text=CARE)
    assert picture.headers["content-type"] == "image/png" and picture.content.startswith(b"\x89PNG")
    assert admin.get("/letter-wordings/receipt.care/refusal/1", text=CARE).status_code == 404
    admin.get("/letter-wordings/receipt.care")
    late = admin.send("/letter-wordings/receipt.care", seen=CARE, text=CARE, effective_on="2026-03-19", note="新话")
    assert late.status_code == 422 and "生效日不能早于今天" in late.text
    made = admin.send("/letter-wordings/receipt.care", seen=CARE, text=CARE, effective_on="2026-03-21", note="新话")
    at = made.headers["location"].partition("?")[0]
    page = head.get(at).text
    assert CARE in page and "您若正在治疗" in page and "/letter-wordings/receipt.care/receipt/1?text=" in page
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert digest is not None
    admin.get(at)
    own = admin.send(f"{at}/release", digest=digest[1], note="")
    assert own.status_code == 409 and "提出人不能自己放行" in own.text
    head.get(at)
    assert head.send(f"{at}/release", digest=digest[1], note="").status_code == 303
    assert "您若正在治疗" in receipt(api, 1, now)                                 # not in force before its day
    later = receipt(api, 2, now + timedelta(days=1))
    assert CARE in later and "您若正在治疗" not in later
    assert "您若正在治疗" in receipt(api, 0, now)                                 # what is out is as it was
    with db.view(ROOT.scope) as session:
        kept = [row.context.get("own_words") for row in session.exec(select(Notice).where(Notice.code == "receipt")
                                                                     .order_by(col(Notice.drafted_at), col(Notice.id))).all()]
    assert sorted(map(str, kept)) == sorted(map(str, [None, None, {"receipt.care": CARE}]))
    listed = admin.get("/letter-wordings").text
    assert "2026年3月21日起将变更" in listed and "您若正在治疗" in listed


def receipt(api: Api, n: int, now: datetime) -> str:
    """The receipt of a member's report as its PDF says it: written the first time, read again ever after."""
    with api.db.unit_of_work(ROOT.scope) as session:
        claim = session.exec(select(Claim).where(Claim.person_id == api.world.person(f"xj.m{n}"))).first()
        if claim is None:
            event = {"kind": "diagnosis", "icd10": "C53.900", "behaviour": "3", "severity": "malignant", "diagnosed_on": "2026-03-16"}
            _, [claim] = report(session, api.world, api.world.member(n, "xj"), event, now)
            drafted = notice.draft(session, topic="claim.create", claim_ids=[claim.id], actor=ROOT, now=now)
            notice.issue(session, notice_ids=[row.id for row in drafted], actor=ROOT, now=now)
        row = session.exec(select(Notice).where(Notice.claim_id == claim.id, Notice.code == "receipt")).one()
        assert row.sha256 is not None
        return words_of(storage.get(row.sha256))
