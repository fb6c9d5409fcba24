"""What a letter rests on: the clause of the exclusion that closed a benefit, and of the papers that a list asks for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from services.core.db import Database
from services.models import Claim, Supplement
from services.notice.contexts import common
from services.review import service as review
from services.review.deciding import clauses_of
from services.rulebook.facts import KINDS
from tests.services.review_world import in_review, passes, report
from tests.services.test_notice_letters import words, written
from tests.services.test_reviewer_inputs import answer
from tests.support.world import EFFECTIVE, ROOT, World, build_world, enrol_members

PLANS = ("xj-inpatient-accident", "xj-critical-illness")
SUDDEN_DEATH: Mapping[str, object] = {"kind": "death", "on": "2026-03-16", "sudden_death": True, "death": True}
ACCIDENT: Mapping[str, object] = {"kind": "accident", "on": "2026-03-16", "setting": "life", "disability_items": [11]}
DRUNK = "酒后驾驶、无有效驾驶执照驾驶、驾驶无有效行驶证或者驾驶与驾照不符的机动交通工具期间"        # 手册四、二（9）
GENERAL, LAW = "中国职工保险互助会申请材料通例", "《中华人民共和国保险法》第二十二条"
# What a list asks of the accident, who asks, and what that rests on. The plan's first paper is the bill of a settled stay.
RESTS_ON = ((["disability"], "union", GENERAL),
            (["id_card", "settlement_bill", "disability"], "union", f"手册三、“一单”结算、{GENERAL}"),    # each once, in the plan's order
            (["other"], "union", LAW), ([""], "union", LAW),                # no paper of the plan; a statement in writing
            (["disability"], "insurer", LAW))


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    """Member 3 has the two general plans besides her women's plan."""
    world = build_world(db, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        for plan in PLANS:
            enrol_members(session, world, "xj", plan, [world.member(3, "xj").synthetic], EFFECTIVE, now)
    return world


def test_a_refusal_for_an_exclusion_cites_and_quotes_the_brochure(world: World, now: datetime, tmp_path: Path) -> None:
    """The question's id is the house's own; the member can look up the clause only."""
    claim = in_review(world, 3, now, event=SUDDEN_DEATH)
    passes(world, claim, "xj.clerk", now)
    sheet = answer(world, claim, "xj.district", "XJ-A09", True, now)
    rests_on = clauses_of(sheet)                         # what a later round would uphold by
    assert "手册四、二（9）" in rests_on.split("；") and "XJ-A" not in rests_on
    passes(world, claim, "xj.district", now)
    office = world.actor("xj.office1")
    with world.db.unit_of_work(office.scope) as session:
        review.refuse(session, claim_id=claim, reason="excluded", clause="手册四、二（9）", actor=office, now=now)
    with world.db.unit_of_work(ROOT.scope) as session:
        [letter] = written(session, "claim.refuse", claim, now)
        said = words(session, letter, tmp_path)
    assert f"手册四、二（9）规定：“{DRUNK}”。" in said
    assert "2026年3月16日身故，属于除外责任" in said
    assert "XJ-A" not in said and "保障范围内" not in said


def test_every_kind_of_event_is_told_as_what_it_was() -> None:
    """A letter that refuses must not say that the event lies within the cover."""
    assert set(common.HAPPENED) == set(KINDS) - {"diagnosis"}


def test_a_list_rests_on_the_clauses_of_what_it_asks_for(world: World, now: datetime, tmp_path: Path) -> None:
    claim_id = report(world, 3, now, event=ACCIDENT)
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = session.get_one(Claim, claim_id)
        for kinds, source, rests_on in RESTS_ON:
            [letter] = written(session, "supplement.create", claim_id, now, lacking(session, claim, kinds, source, now))
            assert f"依据{rests_on}，现将" in words(session, letter, tmp_path), (kinds, source)


def lacking(session: Session, claim: Claim, kinds: list[str], source: str, now: datetime) -> uuid.UUID:
    """A list that asks for these kinds."""
    row = Supplement(org_key=claim.org_key, claim_id=claim.id, round=1, source=source, state="drafted", asked_at=now,
                     items=[{"paper": kind, "reason": "尚未收到", "state": "open", "note": ""} for kind in kinds])
    session.add(row)
    session.flush()
    return row.id
