"""A claim's dossier: its contents tell true pages, everything is in it, a closed one is the same bytes for whoever may read it."""

from __future__ import annotations

import hashlib
import io
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pikepdf
import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.core.errors import NotFound, NotPermitted
from services.evidence import retention
from services.models import OfficeLetter
from services.notice import office_letters
from services.notice import service as notice
from services.reporting import archiving, dossier
from services.review import service as review
from services.storage import service as storage
from tests.services.review_world import add_paper
from tests.services.test_retention import taken_away
from tests.support.databases import Fresh
from tests.support.road import decided as approved
from tests.support.road import pay
from tests.support.world import ROOT, World, build_world

NOW = at_hour(date(2026, 3, 20))
LATER = NOW + timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Filed:
    """A paid claim closed sixty days later, and its dossier of before and after."""

    world: World
    claim: uuid.UUID
    claim_no: str
    before: dossier.Dossier
    after: dossier.Dossier
    sheet: OfficeLetter


def run(world: World, words: str, **values: object) -> Sequence[Any]:
    with world.db.unit_of_work(ROOT.scope) as session:
        found = session.execute(sa.text(words), values)
        return found.all()


def bound(world: World, claim_no: str, login: str = "xj.office1", now: datetime = LATER) -> dossier.Dossier:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return dossier.dossier(session, claim_no=claim_no, actor=actor, now=now)


def letters(world: World, claim: uuid.UUID, topic: str) -> None:
    """Drafted, issued, sent, delivered."""
    with world.db.unit_of_work(ROOT.scope) as session:
        ids = [row.id for row in notice.draft(session, topic=topic, claim_ids=[claim], actor=ROOT, now=NOW)]
        notice.issue(session, notice_ids=ids, actor=ROOT, now=NOW)
        notice.dispatch(session, notice_ids=ids, actor=ROOT, now=NOW)
        for one in ids:
            notice.deliver(session, notice_id=one, proof="会员签收", actor=ROOT, now=NOW)


def filed_sheet(world: World, claim: uuid.UUID) -> OfficeLetter | None:
    with world.db.unit_of_work(ROOT.scope) as session:
        found = archiving.file(session, claim_id=claim, actor=ROOT, now=LATER)
        if found is not None:
            session.expunge(found)
        return found


@pytest.fixture(scope="module")
def filed(server: str) -> Iterator[Filed]:
    db = Fresh(server)
    world = build_world(db, NOW)
    claim = approved(world, 0, NOW)
    letters(world, claim, "claim.create")
    letters(world, claim, "claim.approve")
    pay(world, [claim], NOW)
    letters(world, claim, "claim.settle")
    with db.unit_of_work(ROOT.scope) as session:
        add_paper(session, claim, "cn.xj.wlmq.tsd.u001.", "bank_card", NOW)
    [(claim_no,)] = run(world, "SELECT claim_no FROM claim WHERE id = :id", id=claim)
    assert filed_sheet(world, claim) is None, "not closed"
    before = bound(world, str(claim_no))
    with db.unit_of_work(ROOT.scope) as session:
        assert review.close(session, actor=ROOT, now=LATER) == [claim]
    sheet = filed_sheet(world, claim)
    assert sheet is not None
    filed = Filed(world, claim, str(claim_no), before, bound(world, str(claim_no)), sheet)
    yield filed
    db.drop()


def pages(pdf: bytes, *how: str) -> list[str]:
    """Poppler's words of each page, without spaces: line by line, or cell by cell (-raw)."""
    text = subprocess.run(["pdftotext", *(how or ("-layout",)), "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    return ["".join(page.split()) for page in text.split("\f")[:-1]]


def marks(pdf: bytes) -> list[tuple[str, int]]:
    """Bookmarks below the groups, with the page they lead to."""
    with pikepdf.open(io.BytesIO(pdf)) as file, file.open_outline() as outline:
        place = {page.objgen: n for n, page in enumerate(file.pages, 1)}
        return [(item.title, place[item.destination[0].objgen])     # type: ignore[index]
                for group in outline.root for item in group.children]


def test_closing_owes_the_sheet_once(filed: Filed) -> None:
    owed = run(filed.world, "SELECT 1 FROM outbox WHERE topic = 'claim.close' AND claim_id = :id", id=filed.claim)
    again = filed_sheet(filed.world, filed.claim)
    assert len(owed) == 1 and again is not None and again.id == filed.sheet.id
    assert filed.sheet.number == "新互通档〔2026〕1号" and filed.sheet.claim_id == filed.claim
    made = run(filed.world, "SELECT code FROM office_letter WHERE claim_id = :id", id=filed.claim)
    assert [row.code for row in made] == ["archive_sheet"]


def test_the_sheet_tells_the_record(filed: Filed) -> None:
    said = filed.sheet.context
    parts = {part["title"]: part["rows"] for part in said["parts"]}        # type: ignore[attr-defined]
    [(papers,)] = run(filed.world, "SELECT count(*) FROM paper WHERE claim_id = :id", id=filed.claim)
    [(entries, chain)] = run(filed.world, "SELECT audit_seq, encode(audit_head, 'hex') FROM claim WHERE id = :id", id=filed.claim)
    assert (said["result"], said["entries"], said["record_hash"]) == ("给付60000.00元", entries, chain)
    assert len(parts["材料"]) == papers
    assert [row[1] for row in parts["文书"]] == ["受理回执", "互助金给付决定通知书", "给付到账通知书"]
    assert [row[-1] for row in parts["文书"]] == ["2026年3月20日"] * 3
    assert parts["决定"][0][3] == "60000.00" and parts["付款"][0][4].startswith("****")
    assert "基层工会经办" in parts["审核"][0][2] and {row[-1] for row in parts["期限"]} <= {"守期", "逾期", ""}


def test_the_contents_tell_true_pages(filed: Filed) -> None:
    found = pages(filed.after.pdf)
    total = len(found)
    assert all(f"第{n}页共{total}页" in page for n, page in enumerate(found, 1))
    listed = marks(filed.after.pdf)
    assert listed == sorted(listed, key=lambda one: one[1]) and listed[0][0] == f"结案归档表 {filed.sheet.number} 2026年5月19日"
    front = "".join(pages(filed.after.pdf, "-raw")[:listed[0][1] - 1])
    for title, page in listed:
        name = title.split(" ")[0]
        assert name.removesuffix("（第1轮第1版）") in found[page - 1], title
        assert f"{''.join(title.split())}" in front and f"{page}" in front, title
    assert "卷内目录" in found[0] and "未结案" not in "".join(found)


def test_all_is_in_it(filed: Filed) -> None:
    [(papers,)] = run(filed.world, "SELECT count(*) FROM paper WHERE claim_id = :id", id=filed.claim)
    numbers = [str(row.number) for row in run(filed.world, "SELECT number FROM notice WHERE claim_id = :id", id=filed.claim)]
    with pikepdf.open(io.BytesIO(filed.after.pdf)) as file, file.open_outline() as outline:
        groups = {item.title: [one.title for one in item.children] for item in outline.root}
        pictures = sum(1 for page in file.pages if "/Im" in page.resources.get("/XObject", {}))
    assert list(groups) == ["卷内目录", "结案归档表", "核算表", "文书", "材料"]
    assert len(groups["材料"]) == papers == pictures
    assert len(numbers) == 3 and all(any(number in title for title in groups["文书"]) for number in numbers)
    words = "".join(pages(filed.after.pdf))
    assert "60000.00" in words and all(number in words for number in numbers)


def test_a_closed_one_is_the_same_bytes_and_kept(filed: Filed) -> None:
    again = bound(filed.world, filed.claim_no, "xj.clerk", LATER + timedelta(days=400))
    assert again.closed and again.pdf == filed.after.pdf
    [(kept,)] = run(filed.world, "SELECT dossier_sha256 FROM office_letter WHERE claim_id = :id", id=filed.claim)
    assert kept == hashlib.sha256(again.pdf).hexdigest() and storage.get(str(kept)) == again.pdf


def test_an_open_one_says_so_on_each_page(filed: Filed) -> None:
    assert not filed.before.closed
    found = pages(filed.before.pdf)
    assert all("未结案在办" in page for page in found) and "结案归档表" not in "".join(found)


def test_who_may_read_it_and_who_did(filed: Filed) -> None:
    looked = "SELECT count(*) FROM access_record WHERE claim_id = :id AND what = 'dossier'"
    [(before,)] = run(filed.world, looked, id=filed.claim)
    for login, refusal in (("xj.m0", NotPermitted), ("xj.maker", NotPermitted), ("nx.head", NotFound)):
        with pytest.raises(refusal):
            bound(filed.world, filed.claim_no, login)
    bound(filed.world, filed.claim_no, "xj.head")
    [(after,)] = run(filed.world, looked, id=filed.claim)
    assert isinstance(before, int) and after == before + 1


def test_the_sheet_is_checked_like_any_letter(filed: Filed) -> None:
    with filed.world.db.view(ROOT.scope) as session:
        content = office_letters.content(session, filed.sheet.id)
    assert content[:5] == b"%PDF-" and hashlib.sha256(content).hexdigest() == filed.sheet.sha256


def test_destroyed_papers_leave_the_kept_dossier_too(filed: Filed) -> None:
    """Last of the module: years after the cover's end its papers go, and the dossier that held their pictures (保险法 87)."""
    with filed.world.db.unit_of_work(ROOT.scope) as session:
        gone = retention.sweep(session, actor=ROOT, now=at_hour(date(2040, 1, 1)))
    taken_away(filed.world.db)
    assert filed.claim in {one.claim_id for one in gone}
    with pytest.raises(NotFound):
        storage.get(hashlib.sha256(filed.after.pdf).hexdigest())
    assert "材料已于2040年1月1日按保管期限销毁" in "".join(pages(bound(filed.world, filed.claim_no, now=at_hour(date(2040, 1, 2))).pdf))
