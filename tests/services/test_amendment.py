"""A decided claim put right by two persons: old, new and why; a new round; the sums before and after."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.evidence import service as evidence
from services.notice import queries
from services.review import amendment, upholding
from services.review import service as review
from tests.services.after_world import (
    IN_SITU,
    MALIGNANT,
    accepted,
    ask,
    concluded,
    decided,
    facts_become,
    letter,
    lodged,
    payments,
    planned,
    routed,
)
from tests.services.review_world import claim_row, digest, passes, pdf
from tests.support.road import pay
from tests.support.world import EFFECTIVE, ROOT, World, build_world, enrol_members

ACCIDENT: Mapping[str, object] = {"kind": "accident", "on": "2026-03-16", "medical_own_payment": "3100.00"}
GRAVE = {**IN_SITU, "icd10": "C53.900", "behaviour": "3", "severity": "malignant"}


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def asks(world: World, claim: uuid.UUID, now: datetime, *, by: str = "xj.office2", kind: str = "fact",
         event: Mapping[str, object] | None = GRAVE, changes: tuple[dict[str, str], ...] = ()) -> None:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        amendment.ask_amendment(session, claim_id=claim, kind=kind, why="录入时把会诊前的诊断当作最终诊断", event=event, changes=changes,
                                actor=actor, now=now)


def confirms(world: World, claim: uuid.UUID, now: datetime, by: str = "xj.head") -> int:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        return amendment.confirm_amendment(session, claim_id=claim, actor=actor, now=now)


def words(world: World, notice_id: uuid.UUID, tmp_path: Path) -> str:
    with world.db.view(world.actor("system").scope) as session:
        (tmp_path / "letter.pdf").write_bytes(queries.content(session, notice_id))
    found = subprocess.run(["pdftotext", "-layout", str(tmp_path / "letter.pdf"), "-"], check=True, capture_output=True)
    return "".join(found.stdout.decode().split())


def test_a_wrong_fact_is_put_right_and_paid_after(world: World, now: datetime, tmp_path: Path) -> None:
    claim = decided(world, 3, now)
    letter(world, "claim.approve", claim, now)
    pay(world, [claim], now)
    asks(world, claim, now)
    assert claim_row(world.db, claim).round == 1                            # nothing moves until it is confirmed
    assert confirms(world, claim, now) == 2
    [made] = ask(world, "SELECT ground, kind, changes, before_fen, lapsed_fen FROM reopening")
    assert (made.ground, made.kind, made.before_fen, made.lapsed_fen) == ("correction", "fact", 100_000, 0)
    assert {item["what"]: (item["old"], item["new"]) for item in made.changes}["疾病编码（ICD-10）"] == ("D06.900", "C53.900")
    [note] = letter(world, "claim.reopen", claim, now)
    said = words(world, note, tmp_path)
    assert "D06.900" in said and "C53.900" in said and "把会诊前的诊断当作最终诊断" in said and "新互通〔2026〕1号" in said
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.district"):                               # a correction is no objection: they may act again
        passes(world, claim, login, now)
    assert passes(world, claim, "xj.office1", now).decided_fen == 1_400_000
    [done] = concluded(world, claim, now)
    assert (done.result, done.objection_decided) == ("raised", False)
    [result] = letter(world, "correction.conclude", claim, now)
    said = words(world, result, tmp_path)
    assert "由原来的1000.00元变更为15000.00元" in said and "应再付14000.00元" in said and "新互通〔2026〕1号" in said
    planned(world, claim, now)
    [decision] = letter(world, "claim.approve", claim, now)
    said = words(world, decision, tmp_path)
    assert "本决定变更新互通〔2026〕1号通知书的决定" in said and "14000.00元" in said and "-1000.00" in said
    assert "更正的内容和原因" in said and "D06.900" in said


def test_an_unpaid_decision_that_was_too_high_pays_the_right_sum_once(world: World, now: datetime) -> None:
    claim = decided(world, 3, now, event=MALIGNANT)
    assert planned(world, claim, now) == [("planned", 1, 1_500_000)]
    asks(world, claim, now, event={**MALIGNANT, "icd10": "D06.900", "behaviour": "2", "severity": "in_situ"})
    confirms(world, claim, now)
    assert payments(world, claim) == [("cancelled", 1, 1_500_000)]
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    assert passes(world, claim, "xj.office1", now).decided_fen == 100_000
    [done] = concluded(world, claim, now)
    assert (done.result, done.before_fen, done.after_fen, done.receivable_fen) == ("lowered", 1_500_000, 100_000, 0)
    assert planned(world, claim, now) == [("cancelled", 1, 1_500_000), ("planned", 2, 100_000)]


def test_a_correction_that_asks_for_more_papers_pays_only_on_them(world: World, now: datetime) -> None:
    """3,000 of 3,100 for the treatment; a stiff joint adds 10,000 (20 % of 50,000, one share) and asks for its proof. Nothing was
    paid yet, so that the new round decides on both.
    """
    with world.db.unit_of_work(ROOT.scope) as session:
        enrol_members(session, world, "xj", "xj-gig-accident", [world.member(3, "xj").synthetic], EFFECTIVE, now)
    claim = decided(world, 3, now, event=ACCIDENT)
    asks(world, claim, now, event={**ACCIDENT, "disability_items": [24]})
    confirms(world, claim, now)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    with pytest.raises(GuardFailed, match="papers_incomplete"):
        passes(world, claim, "xj.office1", now)
    office, clerk = world.actor("xj.office1"), world.actor("xj.clerk")
    with world.db.unit_of_work(office.scope) as session:
        review.send_back(session, claim_id=claim, reason="papers_missing", actor=office, now=now)
    with world.db.unit_of_work(clerk.scope) as session:
        paper = evidence.upload(session, claim_id=claim, kind="disability", file_name="伤残.pdf", content=pdf("伤残"), actor=clerk,
                                now=now)
        evidence.judge(session, paper_id=paper.id, accept=True, actor=clerk, now=now)
        evidence.verify(session, claim_id=claim, reason="逐页看过", actor=clerk, now=now)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    assert passes(world, claim, "xj.office1", now).decided_fen == 1_300_000


def test_two_persons_and_neither_of_the_family(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    with pytest.raises(NotPermitted):
        asks(world, claim, now, by="xj.m3")
    asks(world, claim, now, by="xj.head")
    with pytest.raises(GuardFailed, match="two_persons_needed"):
        confirms(world, claim, now)
    with pytest.raises(NotPermitted):
        confirms(world, claim, now, by="xj.office2")
    with pytest.raises(Conflict, match="amendment_asked"):
        asks(world, claim, now)
    head = world.actor("xj.head")
    with world.db.unit_of_work(head.scope) as session:
        amendment.drop_amendment(session, claim_id=claim, reason="核对后无误", actor=head, now=now)
    asks(world, claim, now)
    assert confirms(world, claim, now, by="xj.senior") == 2


@pytest.mark.parametrize(("kind", "event", "changes", "code"), [
    ("wrong", None, ({"what": "a", "old": "b", "new": "c"},), "amendment_kind"),
    ("fact", None, (), "amendment_event"),
    ("card", IN_SITU, (), "amendment_event"),
    ("fact", IN_SITU, (), "nothing_changed"),
    ("card", None, (), "changes_missing"),
    ("clerical", None, ({"what": "姓名", "old": "王", "new": "王"},), "nothing_changed"),
    ("clerical", None, ({"what": "姓名", "old": "", "new": "王"},), "text_length"),
    ("fact", {**IN_SITU, "diagnosed_on": "2026-03-15"}, (), "event_differs"),
])
def test_what_is_asked_says_old_and_new(world: World, now: datetime, kind: str, event: Mapping[str, object] | None,
                                        changes: tuple[dict[str, str], ...], code: str) -> None:
    claim = decided(world, 3, now)
    with pytest.raises(InputError, match=code):
        asks(world, claim, now, kind=kind, event=event, changes=changes)


def test_a_lodged_objection_comes_first(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    lodged(world, claim, now)
    with pytest.raises(Conflict, match="objection_open"):
        asks(world, claim, now)


def test_letters_of_an_objection_that_found_less(world: World, now: datetime, tmp_path: Path) -> None:
    claim = decided(world, 3, now, event=MALIGNANT)
    letter(world, "claim.approve", claim, now)
    pay(world, [claim], now)
    made = lodged(world, claim, now)
    [receipt] = letter(world, "objection.create", claim, now, made)
    said = words(world, receipt, tmp_path)
    assert "收到您对" in said and "病理会诊已更正为恶性" in said and "给付互助金15000.00元的决定（新互通〔2026〕1号）" in said
    accepted(world, made, now)
    [note] = letter(world, "claim.reopen", claim, now)
    assert "一律不参加本次审核" in words(world, note, tmp_path)
    facts_become(world, claim, IN_SITU)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.city"):
        passes(world, claim, login, now)
    office, seen = world.actor("xj.office2"), digest(world.db, claim)
    with world.db.unit_of_work(office.scope) as session:
        upholding.uphold(session, claim_id=claim, seen=seen, actor=office, now=now)
    assert letter(world, "claim.refuse", claim, now) == []                  # nothing is refused
    concluded(world, claim, now)
    [result] = letter(world, "objection.decide", claim, now, made)
    said = words(world, result, tmp_path)
    assert "由原来的15000.00元变更为1000.00元" in said and "多付14000.00元" in said and "请不要自行汇款" in said
