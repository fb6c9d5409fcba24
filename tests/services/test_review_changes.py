"""What changed since somebody's own last look; a grade corrected in review; which approvals stand; stock phrases."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

import pytest
import sqlalchemy as sa

from services.audit.verify import verify as verify_audit
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.evidence import service as evidence
from services.intake import service as intake
from services.reporting import checks
from services.review import looks, phrases, queries
from services.review import service as review
from services.review.looks import Changes
from tests.services.beijing_world import build as build_beijing
from tests.services.review_world import ROOT, add_paper, in_review, levels, outcome, passes, route, verify
from tests.services.test_reviewer_inputs import inpatient_in_review, set_amount
from tests.support.paper_files import small_pdf
from tests.support.world import EFFECTIVE, World, build_world, enrol_members

HEART: Mapping[str, object] = {"kind": "diagnosis", "icd10": "I21.900", "severity": "light", "diagnosed_on": "2026-03-16"}


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def changes(world: World, claim: uuid.UUID, login: str) -> Changes:
    with world.db.view(ROOT) as session:
        return looks.changes_since(session, claim, world.person(login))


def told(found: Changes) -> list[tuple[str, str, str | None, str | None]]:
    return [(item.kind, item.label, item.old, item.new) for item in found.items]


def graded(world: World, now: datetime, event: Mapping[str, object] = HEART, plan_of: str = "xj-critical-illness") -> uuid.UUID:
    """A claim of the critical-illness plan in review, reported as the lighter kind (or of another plan and event)."""
    with world.db.unit_of_work(ROOT) as session:
        for plan in ("xj-inpatient-accident", "xj-critical-illness"):
            enrol_members(session, world, "xj", plan, [world.member(3, "xj").synthetic], EFFECTIVE, now)
    clerk, member = world.actor("xj.clerk"), world.member(3, "xj")
    with world.db.unit_of_work(clerk.scope) as session:
        case = intake.report(session, person_id=member.person_id, event=dict(event), channel="clerk", actor=clerk, now=now)
        claim = uuid.UUID(str(session.execute(sa.text("SELECT id FROM claim WHERE case_id = :case AND plan = :plan"),
                                              {"case": case.id, "plan": plan_of}).scalar_one()))
    verify(world, claim, now, verifier=clerk)
    route(world, claim, now=now)
    return claim


def regrade(world: World, claim: uuid.UUID, login: str, now: datetime, **more: object) -> None:
    actor = world.actor(login)
    asked = {"fact": "severity", "value": "severe", "reason": "出院记录载明三支病变，符合重度", **more}
    with world.db.unit_of_work(actor.scope) as session:
        review.regrade(session, claim_id=claim, actor=actor, now=now, **asked)      # type: ignore[arg-type]


def test_nobody_who_never_looked_is_told_of_changes(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    found = changes(world, claim, "xj.district")
    assert (found.since, found.items) == (None, [])


def test_a_returned_file_shows_the_reviewer_only_what_changed_since(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now)
    for login in ("xj.clerk", "xj.district", "xj.office1"):
        passes(world, claim, login, now)
    assert told(changes(world, claim, "xj.district")) == []
    clerk, senior = world.actor("xj.clerk"), world.actor("xj.senior")
    with world.db.unit_of_work(clerk.scope) as session:
        paper = evidence.upload(session, claim_id=claim, kind="other", file_name="会诊意见.pdf", content=small_pdf("1"),
                                actor=clerk, now=now)
        evidence.judge(session, paper_id=paper.id, accept=True, actor=clerk, now=now)
    with world.db.unit_of_work(senior.scope) as session:
        review.send_down(session, claim_id=claim, to_level="district", reason="papers_changed", actor=senior, now=now)
    found = changes(world, claim, "xj.district")
    assert found.since == now
    assert told(found) == [("paper", "other（会诊意见.pdf）", None, "已接收")]
    assert (found.items[0].who, found.items[0].at) == (clerk.name, now)
    district = world.actor("xj.district")
    with world.db.unit_of_work(district.scope) as session:
        review.look(session, claim_id=claim, actor=district, now=now)
    assert told(changes(world, claim, "xj.district")) == []
    assert told(changes(world, claim, "xj.office1")) == [("paper", "other（会诊意见.pdf）", None, "已接收")]


def test_an_amount_shows_old_and_new_to_whoever_looked_before(db: Database, now: datetime) -> None:
    beijing = build_beijing(db, now, [("bj-inpatient", 1, "")])
    world, claim = beijing.world, inpatient_in_review(beijing, now)
    passes(world, claim, "bj.clerk", now)
    set_amount(world, claim, "bj.district", "8000.00", now)
    passes(world, claim, "bj.district", now)
    set_amount(world, claim, "bj.office1", "9000.50", now)
    found = changes(world, claim, "bj.district")
    name = world.actor("bj.office1").name
    assert told(found) == [(kind, label, "8000.00元", "9000.50元") for kind, label in (
        ("input", "核定金额：住院医疗互助金"), ("line", "住院医疗互助金"), ("line", "合计"))]
    assert {item.who for item in found.items} == {name}
    assert told(changes(world, claim, "bj.office1")) == []


def test_a_corrected_grade_is_computed_anew_and_reviewed_anew_below(world: World, now: datetime) -> None:
    claim = graded(world, now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    before = [level for level, *_ in levels(world.db, claim)]
    regrade(world, claim, "xj.office1", now)
    assert [state for _, state, _ in levels(world.db, claim)][:3] == ["passed", "open", "waiting"]     # the certificate stands
    assert before == [level for level, *_ in levels(world.db, claim)][:len(before)]
    found = changes(world, claim, "xj.district")
    assert ("fact", "严重程度", "轻度", "重度") in told(found)
    [sums] = [item for item in found.items if item.label == "合计"]
    assert sums.who == world.actor("xj.office1").name and sums.old != sums.new
    with world.db.view(ROOT) as session:
        kept = session.execute(sa.text("SELECT record -> 'details' ->> 'old', record -> 'details' ->> 'new', record ->> 'reason'"
                                       " FROM audit_record WHERE chain_id = :id AND event = 'regrade'"), {"id": claim}).one()
        assert tuple(kept) == ("light", "severe", "出院记录载明三支病变，符合重度")
        _, stands = queries.standing(session, claim)
        assert [(item.level, item.stands) for item in stands] == [("unit", False)]
        assert verify_audit(session) == []


def test_whoever_graded_does_not_decide(world: World, now: datetime) -> None:
    claim = graded(world, now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    assert levels(world.db, claim)[-1][0] == "office_first"
    with world.db.unit_of_work(ROOT) as session:            # no colleague of the same role: the level goes up
        session.execute(sa.text("UPDATE account SET active = false WHERE login = 'xj.office2'"))
    regrade(world, claim, "xj.office1", now, value="malignant")
    passes(world, claim, "xj.district", now)
    with pytest.raises((GuardFailed, NotPermitted)):
        passes(world, claim, "xj.office1", now)
    decided = [passes(world, claim, login, now).decided_fen for login in ("xj.senior",)]
    assert decided[0] is not None and outcome(world.db, claim)[0] == "payable"
    with world.db.view(ROOT) as session:
        assert [breach for breach in checks.run(session) if breach.check == "separation"] == []


def test_a_graver_injury_makes_the_chain_grow(world: World, now: datetime) -> None:
    """One arm lost at work 20000, both eyes 40000 (worked examples of the plan): above 20000 the senior decides."""
    claim = graded(world, now, {"kind": "accident", "on": "2026-03-10", "setting": "work", "disability_items": [11]},
                   "xj-inpatient-accident")
    passes(world, claim, "xj.clerk", now)
    assert [level for level, *_ in levels(world.db, claim)] == ["unit", "district", "office_first"]
    regrade(world, claim, "xj.district", now, fact="disability_items", value=[1], reason="鉴定意见为双目失明")
    assert [level for level, *_ in levels(world.db, claim)] == ["unit", "district", "office_first", "office_senior"]
    assert told(changes(world, claim, "xj.clerk")) == [
        ("fact", "伤残项目（七级三十四项）", "11", "1"), ("line", "工作意外伤残互助金", "20000.00元", "40000.00元"),
        ("line", "合计", "20000.00元", "40000.00元")]
    for login in ("xj.district", "xj.office1"):
        passes(world, claim, login, now)
    assert passes(world, claim, "xj.senior", now).decided_fen == 4_000_000


@pytest.mark.parametrize(("more", "code"), [
    ({"fact": "specimen_on", "value": "2026-03-01"}, "not_a_grade"), ({"reason": "  "}, "reason_missing"),
    ({"value": "light"}, "grade_unchanged"), ({"value": "grave"}, None)])
def test_a_grade_is_one_of_the_plan_and_has_a_reason(world: World, now: datetime, more: dict[str, object],
                                                     code: str | None) -> None:
    claim = graded(world, now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    with pytest.raises((InputError, Conflict)) as error:
        regrade(world, claim, "xj.office1", now, **more)
    assert code is None or error.value.code == code
    assert levels(world.db, claim)[1][1] == "passed"


def test_nobody_grades_at_another_level(world: World, now: datetime) -> None:
    claim = graded(world, now)
    passes(world, claim, "xj.clerk", now)
    with pytest.raises(NotPermitted):
        regrade(world, claim, "xj.office1", now)
    with pytest.raises(NotPermitted):
        regrade(world, claim, "xj.clerk", now)


def test_papers_back_unchanged_leave_approvals_standing_and_the_rule_says_so(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    passes(world, claim, "xj.clerk", now)
    district = world.actor("xj.district")
    with world.db.unit_of_work(district.scope) as session:
        review.send_back(session, claim_id=claim, reason="papers_unclear", actor=district, now=now)
        add_paper(session, claim, "cn.xj.wlmq.tsd.u001.", "other", now)       # put there without a verdict's digest
    verify(world, claim, now, verifier=world.actor("xj.clerk"))
    route(world, claim, now=now)
    with world.db.view(ROOT) as session:
        rule, stands = queries.standing(session, claim)
    assert any("继续有效" in words for words in rule)
    assert [(item.level, item.stands) for item in stands] == [("unit", True)]
    assert [item.kind for item in changes(world, claim, "xj.district").items] == ["paper"] * len(changes(world, claim, "xj.district").items)


def test_nobody_up_to_the_root_is_said_and_goes_on_when_somebody_comes(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    staff = ["xj.district", "xj.city", "xj.office1", "xj.office2", "xj.senior", "xj.head"]
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE account SET active = false WHERE login = ANY(:logins)"), {"logins": staff})
    assert passes(world, claim, "xj.clerk", now).next_level == "district"
    system = world.actor("system")
    with world.db.unit_of_work(ROOT) as session:
        assert [(row.claim_id, row.role) for row in queries.unstaffed(session, on=now.date())] == [(claim, "district_reviewer")]
        assert review.resume_waiting(session, actor=system, now=now) == []
        session.execute(sa.text("UPDATE account SET active = true WHERE login = ANY(:logins)"), {"logins": staff})
        assert review.resume_waiting(session, actor=system, now=now) == [claim]
        assert queries.unstaffed(session, on=now.date()) == []
    assert passes(world, claim, "xj.district", now).next_level == "office_first"


def test_phrases_come_from_above_and_stay_in_their_branch(world: World, now: datetime) -> None:
    head, office1, district, clerk = (world.actor(f"xj.{login}") for login in ("head", "office1", "district", "clerk"))
    with world.db.unit_of_work(head.scope) as session:
        made = review.add_phrase(session, reason="papers_unclear", words=" 影像模糊，请在光线充足处\n重新拍摄 ", actor=head, now=now)
        assert (made.words, made.own) == ("影像模糊，请在光线充足处 重新拍摄", True)
    with world.db.unit_of_work(district.scope) as session:
        review.add_phrase(session, reason="papers_unclear", words="请补拍背面", actor=district, now=now)
        seen = phrases.phrases(session, district, reason="papers_unclear")
        assert [(phrase.words, phrase.own) for phrase in seen] == [("请补拍背面", True), (made.words, False)]
        with pytest.raises(Conflict):
            review.add_phrase(session, reason="papers_unclear", words=made.words, actor=district, now=now)
        with pytest.raises(NotFound):
            review.retire_phrase(session, phrase_id=made.id, actor=district, now=now)
    with world.db.view(clerk.scope) as session:
        assert len(phrases.phrases(session, clerk)) == 2
    with world.db.view(world.actor("nx.office1").scope) as session:
        assert phrases.phrases(session, world.actor("nx.office1")) == []
        assert session.execute(sa.text("SELECT count(*) FROM stock_phrase")).scalar_one() == 0
    with pytest.raises(NotPermitted), world.db.unit_of_work(office1.scope) as session:
        review.retire_phrase(session, phrase_id=made.id, actor=office1, now=now)
    with world.db.unit_of_work(head.scope) as session:
        review.retire_phrase(session, phrase_id=made.id, actor=head, now=now)
        assert phrases.phrases(session, head) == []
    with pytest.raises(InputError), world.db.unit_of_work(head.scope) as session:
        review.add_phrase(session, reason="no_such_code", words="好", actor=head, now=now)
