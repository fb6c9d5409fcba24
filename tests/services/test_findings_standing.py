"""What a finding or a fact rests on falls, or stands again: the paper is sent back, the other claim is taken up once more."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from services.core.errors import Conflict, InputError
from services.evidence import answers, facts, findings, matches
from services.evidence import service as evidence
from tests.services.api_world import Api, picture
from tests.services.claim_pages import person
from tests.services.reading_world import fields
from tests.services.test_findings import WHY, act, claim_of, linked, sheet, told
from tests.services.test_findings import api as api
from tests.support.world import ROOT


def test_a_paper_sent_back_proves_no_fact_any_more(api: Api) -> None:
    claim_no = api.report(3, "nx")
    paper = sheet(api, claim_no, {"specimen_on": ("2026-03-12", 0.98)}, kind="pathology", light=238)
    field, claim = fields(api, paper)["specimen_on"].id, claim_of(api, claim_no)
    act(api, "nx.clerk", answers.accept, field_ids=[field])

    def sources() -> list[str]:
        with api.db.view(ROOT.scope) as session:
            return list(facts.sources_of(session, claim.id))
    assert sources() == ["event.specimen_on"]
    act(api, "nx.clerk", evidence.judge, paper_id=paper, accept=False, fault="不是本人的报告")
    assert sources() == []
    with pytest.raises(InputError) as back:
        act(api, "nx.clerk", facts.take, claim_id=claim.id, field_ids=[field], reason=WHY)
    assert back.value.code == "field_sent_back"
    act(api, "nx.clerk", answers.accept, field_ids=[field])
    assert sources() == [] and linked(api, claim) == 1
    act(api, "nx.clerk", evidence.judge, paper_id=paper, accept=True)
    assert sources() == ["event.specimen_on"]
    # After the decision nothing is taken, not even what changes nothing.
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE claim SET state = 'payable' WHERE id = :id"), {"id": claim.id})
    with pytest.raises(Conflict) as over:
        act(api, "nx.clerk", facts.take, claim_id=claim.id, field_ids=[field], reason=WHY)
    assert over.value.code == "event_not_allowed"


def test_an_answer_to_a_claim_that_had_fallen_is_none_once_that_claim_stands(api: Api) -> None:
    numbers = [api.report(4, "nx"), api.report(5, "nx")]
    for claim_no in numbers:
        assert api.upload("nx.clerk", f"/claims/{claim_no}/papers", picture("one receipt"), kind="diagnosis").status_code == 201
    first, second = (claim_of(api, claim_no) for claim_no in numbers)
    with api.db.unit_of_work(ROOT.scope) as session:
        matches.keep(session, [second.id], [], now=api.clock.now())
        session.execute(sa.text("UPDATE claim SET outcome = 'withdrawn' WHERE id = :id"), {"id": first.id})
    api.checked(numbers[1])
    fallen = told(api, numbers[1])["paper_repeated"]
    assert not fallen.serious and "该案已撤回" in fallen.words
    act(api, "nx.clerk", findings.answer, claim_id=second.id, key=fallen.key, verdict="overridden", reason="前案已撤回")
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE claim SET outcome = NULL WHERE id = :id"), {"id": first.id})
    api.checked(numbers[1])
    again = told(api, numbers[1])["paper_repeated"]
    assert again.waits and numbers[0] in again.words
    page = person(api, "nx.clerk").get(f"/claims/{numbers[1]}/ask").text        # what is proposed there goes into a letter
    assert "诊断证明" in page and numbers[0] not in page and "另一案件" not in page
