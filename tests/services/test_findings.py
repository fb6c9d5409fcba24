"""Findings on a claim: their place, who answers them and what verification waits for; verified fields become facts that lead back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from services.audit.verify import verify as verify_audit
from services.core.clock import at_hour
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.enrolment import service as enrolment
from services.evidence import answers, facts, findings, matches
from services.evidence import service as evidence
from services.evidence.findings import Told
from services.models import Claim, FindingAnswer, Paper
from tests.services.api_world import Api, picture
from tests.services.claim_pages import hidden, person
from tests.services.reading_world import fields, handed_in, read
from tests.support.databases import Fresh
from tests.support.world import ROOT

WHY = "已向医院核实"
STAY = {"admitted_on": ("2026-03-17", 0.99), "discharged_on": ("2026-03-20", 0.99), "days": ("3", 0.99)}


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


def own(session: Session, claim_no: str) -> Claim:
    return session.exec(select(Claim).where(Claim.claim_no == claim_no)).one()


def claim_of(api: Api, claim_no: str) -> Claim:
    with api.db.view(ROOT.scope) as session:
        return own(session, claim_no)


def told(api: Api, claim_no: str) -> dict[str, Told]:
    with api.db.view(ROOT.scope) as session:
        claim = own(session, claim_no)
        return {one.code: one for one in findings.told(session, claim.id, claim.findings)}


def sheet(api: Api, claim_no: str, found: Mapping[str, tuple[str, float]], *, kind: str = "diagnosis", light: int) -> uuid.UUID:
    paper = handed_in(api, claim_no, kind, light=light, by=f"{claim_no[:2].lower()}.clerk")
    read(api, paper, {"diagnosis": "diagnosis", "hospital": "discharge", "id_card": "id_card"}.get(kind, kind), found)
    api.checked(claim_no)
    return paper


def test_verification_waits_for_an_answer_to_what_is_serious(api: Api) -> None:
    claim_no = api.report(0)
    api.papers(claim_no)
    paper = sheet(api, claim_no, {"diagnosed_on": ("2026-03-15", 0.98), "hospital": ("另一医院", 0.98)}, light=246)
    api.post("xj.clerk", f"/papers/{paper}/judgement", {"accept": True})
    view = fields(api, paper)["diagnosed_on"]
    found = told(api, claim_no)
    differs = found["date_differs"]
    assert (differs.serious, differs.waits, differs.paper_id, differs.page, differs.box, differs.field_id) == (
        True, True, paper, 1, view.box, view.id)
    assert not found["hospital_differs"].serious
    refused = api.act("xj.clerk", claim_no, "verify")
    assert (refused.status_code, refused.json()["code"]) == (409, "findings_open")
    assert "2026年3月15日" in refused.text and "医院" not in refused.json()["title"]
    claim = claim_of(api, claim_no)
    act(api, "xj.clerk", findings.answer, claim_id=claim.id, key=differs.key, verdict="confirmed", reason="医院笔误，待更正")
    act(api, "xj.district", findings.answer, claim_id=claim.id, key=differs.key, verdict="overridden", reason=WHY)
    api.checked(claim_no)                       # looked at again, it is the same finding with its answers
    after = told(api, claim_no)["date_differs"]
    assert after.answer is not None and not after.waits
    assert (after.answer.verdict, after.answer.reason, after.answer.at) == ("overridden", WHY, api.clock.now())
    with api.db.view(ROOT.scope) as session:
        assert [row.verdict for row in session.exec(select(FindingAnswer).where(FindingAnswer.claim_id == claim.id).order_by(
            FindingAnswer.id)).all()] == ["confirmed", "overridden"]
        said = session.execute(sa.text("SELECT record -> 'details' ->> 'verdict', record ->> 'reason' FROM audit_record"
                                       " WHERE chain_id = :id AND event = 'answer_finding' ORDER BY seq"), {"id": claim.id}).all()
        assert [tuple(row) for row in said] == [("confirmed", "医院笔误，待更正"), ("overridden", WHY)]
        assert verify_audit(session) == []
    assert api.act("xj.clerk", claim_no, "verify").status_code == 200


def test_another_reading_is_another_finding_and_wants_an_answer_of_its_own(api: Api) -> None:
    claim_no = api.report(1)
    paper = sheet(api, claim_no, {"diagnosed_on": ("2026-03-15", 0.98)}, light=245)
    claim, first = claim_of(api, claim_no), told(api, claim_no)["date_differs"]
    act(api, "xj.clerk", findings.answer, claim_id=claim.id, key=first.key, verdict="overridden", reason=WHY)
    view = fields(api, paper)["diagnosed_on"]
    act(api, "xj.clerk", answers.correct, field_id=view.id, value="2026-03-14")
    second = told(api, claim_no)["date_differs"]
    assert second.key != first.key and second.waits
    with pytest.raises(Conflict) as gone:
        act(api, "xj.clerk", findings.answer, claim_id=claim.id, key=first.key, verdict="confirmed", reason=WHY)
    assert gone.value.code == "finding_gone"
    act(api, "xj.clerk", answers.correct, field_id=view.id, value="2026-03-16")
    assert "date_differs" not in told(api, claim_no)
    act(api, "xj.clerk", evidence.judge, paper_id=paper, accept=False, fault="不清")
    act(api, "xj.clerk", answers.correct, field_id=view.id, value="2026-03-14")
    assert "date_differs" not in told(api, claim_no)        # a paper that was sent back says nothing


def test_who_may_answer_and_how(api: Api) -> None:
    claim_no = api.report(2)
    sheet(api, claim_no, {"diagnosed_on": ("2026-03-15", 0.98)}, light=244)
    claim, key = claim_of(api, claim_no), told(api, claim_no)["date_differs"].key
    said = {"claim_id": claim.id, "key": key, "verdict": "overridden", "reason": WHY}
    with pytest.raises(NotPermitted):
        act(api, "xj.m2", findings.answer, **said)
    with pytest.raises(NotPermitted):
        act(api, "xj.auditor", findings.answer, **said)
    with pytest.raises(NotFound):
        act(api, "nx.clerk", findings.answer, **said)
    with pytest.raises(InputError, match="须写明"):
        act(api, "xj.clerk", findings.answer, **said | {"reason": " "})
    with pytest.raises(InputError) as wrong:
        act(api, "xj.clerk", findings.answer, **said | {"verdict": "ok"})
    assert wrong.value.field == "verdict"
    with api.db.unit_of_work(ROOT.scope) as session:
        enrolment.add_kin(session, person_id=api.world.member(2, "xj").person_id, relative_id=api.world.person("xj.city"),
                          relation="sibling", actor=ROOT, now=api.clock.now())
    with pytest.raises(NotPermitted) as side:
        act(api, "xj.city", findings.answer, **said)
    assert side.value.code == "actor_on_claimant_side"
    with api.db.view(ROOT.scope) as session:
        assert session.exec(select(FindingAnswer).where(FindingAnswer.claim_id == claim.id)).all() == []


def test_a_number_read_is_told_masked_and_kept_nowhere_in_the_clear(api: Api) -> None:
    claim_no, number = api.report(1, "nx"), "110101199003070038"
    sheet(api, claim_no, {"number": (number, 0.99), "name": ("某示例", 0.95)}, kind="id_card", light=243)
    found = told(api, claim_no)
    assert found["identity_number_differs"].serious and found["name_differs"].serious
    with api.db.view(ROOT.scope) as session:
        kept = session.execute(sa.text("SELECT findings::text FROM claim WHERE claim_no = :no"), {"no": claim_no}).scalar_one()
    assert number not in kept and number[4:14] not in kept and "110***********0038" in kept


def test_verified_fields_become_facts_each_with_its_place(api: Api) -> None:
    claim_no = api.report(4)
    report, stay = (sheet(api, claim_no, {"specimen_on": ("2026-03-11", 0.7)}, kind="pathology", light=242),
                    sheet(api, claim_no, STAY, kind="hospital", light=241))
    claim, seen = claim_of(api, claim_no), {**fields(api, report), **fields(api, stay)}
    ids = [view.id for view in seen.values()]
    with pytest.raises(InputError) as refused:
        act(api, "xj.clerk", facts.take, claim_id=claim.id, field_ids=ids, reason=WHY)
    assert refused.value.code == "field_unverified"
    act(api, "xj.clerk", answers.accept, field_ids=[view.id for view in fields(api, stay).values()])
    act(api, "xj.clerk", answers.accept, field_ids=[seen["specimen_on"].id])
    with pytest.raises(NotFound):
        act(api, "xj.clerk", facts.take, claim_id=claim.id, field_ids=[*ids, uuid.uuid4()], reason=WHY)
    with api.db.view(ROOT.scope) as session:
        offered = facts.proposed(session, claim_id=claim.id, field_ids=ids, actor=api.world.actor("xj.clerk"))
    assert [(change.fact, change.old, change.new) for change in offered.changes] == [
        ("event.specimen_on", "2026-03-12", "2026-03-11"), ("event.stays", "未申报", "2026-03-17 至 2026-03-20")]
    taken = act(api, "xj.clerk", facts.take, claim_id=claim.id, field_ids=ids, reason=WHY)
    assert isinstance(taken, Claim)
    assert taken.event["specimen_on"] == "2026-03-11" and taken.event["stays"] == [{"from": "2026-03-17", "to": "2026-03-20"}]
    assert taken.digest != claim.digest
    with api.db.view(ROOT.scope) as session:
        sources = facts.sources_of(session, claim.id)
        [specimen] = sources["event.specimen_on"]
        assert (specimen.paper_id, specimen.page, specimen.box, specimen.field_id) == (
            report, 1, seen["specimen_on"].box, seen["specimen_on"].id)
        assert {one.paper_id for one in facts.sources_in(sources, "event.stays.days")} == {stay}
        assert facts.sources_in(sources, "event.diagnosed_on") == []
    # Taken again nothing moves; a fact changed by hand leads nowhere any more.
    act(api, "xj.clerk", facts.take, claim_id=claim.id, field_ids=ids, reason=WHY)
    assert linked(api, claim) == 3
    event = {**taken.event, "specimen_on": "2026-03-10"}
    assert api.act("xj.clerk", claim_no, "facts", {"event": event, "reason": WHY}).status_code == 200
    with api.db.view(ROOT.scope) as session:
        assert "event.specimen_on" not in facts.sources_of(session, claim.id)


def linked(api: Api, claim: Claim) -> int:
    with api.db.view(ROOT.scope) as session:
        return int(session.execute(sa.text("SELECT count(*) FROM fact_source WHERE claim_id = :id"), {"id": claim.id}).scalar_one())


def test_another_day_of_the_event_is_another_report(api: Api) -> None:
    claim_no = api.report(5)
    paper = sheet(api, claim_no, {"diagnosed_on": ("2026-03-15", 0.98), "hospital": ("示例医院", 0.98)}, light=240)
    view = fields(api, paper)
    act(api, "xj.clerk", answers.accept, field_ids=[one.id for one in view.values()])
    claim = claim_of(api, claim_no)
    with pytest.raises(InputError) as day:
        act(api, "xj.clerk", facts.take, claim_id=claim.id, field_ids=[view["diagnosed_on"].id], reason=WHY)
    assert day.value.code == "event_differs"
    with pytest.raises(InputError) as none:
        act(api, "xj.clerk", facts.take, claim_id=claim.id, field_ids=[view["hospital"].id], reason=WHY)
    assert none.value.code == "field_no_fact"
    act(api, "xj.clerk", answers.correct, field_id=view["diagnosed_on"].id, value="2026-03-16")
    with api.db.view(ROOT.scope) as session:        # equal to what was reported: linked at once, by nobody's further act
        assert list(facts.sources_of(session, claim.id)) == ["event.diagnosed_on"]


def test_a_paper_of_another_office_is_found_for_a_clerk_who_cannot_see_that_claim(api: Api) -> None:
    numbers = [api.report(3), api.report(2, "nx")]
    for claim_no, clerk in zip(numbers, ("xj.clerk", "nx.clerk"), strict=True):
        assert api.upload(clerk, f"/claims/{claim_no}/papers", picture("one scan"), kind="diagnosis").status_code == 201
    with api.db.unit_of_work(ROOT.scope) as session:        # as the worker does, over all offices
        matches.keep(session, [own(session, numbers[1]).id], [], now=api.clock.now())
    for claim_no in numbers:
        api.checked(claim_no)
    found = told(api, numbers[1])["paper_repeated"]
    assert found.waits and found.words.endswith(matches.ELSEWHERE) and numbers[0] not in found.words
    assert not told(api, numbers[0])["paper_repeated"].serious          # its own was there before
    refused = api.act("nx.clerk", numbers[1], "verify")
    assert refused.json()["code"] == "findings_open"
    claim = claim_of(api, numbers[1])
    act(api, "nx.clerk", findings.answer, claim_id=claim.id, key=found.key, verdict="overridden", reason=WHY)
    assert api.act("nx.clerk", numbers[1], "verify").json()["code"] == "papers_incomplete"


def test_page_and_interface_show_findings_and_places(api: Api) -> None:
    claim_no = api.report(0, "nx")
    paper = handed_in(api, claim_no, "pathology", light=239, by="nx.clerk")
    read(api, paper, "pathology", {"specimen_on": ("2026-03-11", 0.98), "reported_on": ("2026-03-14", 0.98)})
    with api.db.view(ROOT.scope) as session:
        name = session.exec(select(Paper).where(Paper.id == paper)).one().kind
    assert name == "pathology"
    api.checked(claim_no)
    [shown] = [one for one in api.get("nx.clerk", f"/claims/{claim_no}/findings").json() if one["code"] == "date_differs"]
    assert shown["waits"] and shown["paper_id"] == str(paper) and shown["box"]["left"] == 0.3 and shown["answer"] is None
    clerk = person(api, "nx.clerk")
    text = clerk.get(f"/claims/{claim_no}").text
    assert "核验前须答复" in text and f"/papers/{paper}?page=1#f-{shown['field_id']}" in text
    sent = clerk.send(f"/claims/{claim_no}/findings", **{**hidden(clerk), "key": shown["key"], "verdict": "overridden", "reason": ""})
    assert sent.status_code != 303 and "须写明内容" in sent.text
    sent = clerk.send(f"/claims/{claim_no}/findings", **{**hidden(clerk), "key": shown["key"], "verdict": "overridden", "reason": WHY})
    assert sent.headers["location"].endswith("done=finding")
    page = clerk.get(sent.headers["location"]).text
    assert "核验前须答复" not in page and WHY in page
    assert WHY in api.get("nx.clerk", f"/claims/{claim_no}").text and WHY not in api.get("nx.m0", f"/claims/{claim_no}").text
    view = fields(api, paper)["specimen_on"]
    act(api, "nx.clerk", answers.accept, field_ids=[view.id])
    done = api.act("nx.clerk", claim_no, "facts/read", {"fields": [str(view.id)], "reason": WHY})
    assert done.status_code == 200, done.text
    [source] = api.get("nx.clerk", f"/claims/{claim_no}/facts/sources").json()
    assert (source["fact"], source["paper_id"], source["page"]) == ("event.specimen_on", str(paper), 1)
    assert clerk.get(f"/claims/{claim_no}").text.count(f"/papers/{paper}?page=1#f-{view.id}") == 1
    api.routed(claim_no)                            # computed, the worksheet's rows lead there too
    assert clerk.get(f"/claims/{claim_no}").text.count(f"/papers/{paper}?page=1#f-{view.id}") > 1
    auditor = person(api, "nx.auditor").get(f"/claims/{claim_no}").text
    assert "答复这一项" not in auditor and f"?paper={paper}#papers" in auditor


