"""A person's rights where her data lies at more than one place: another claim, a decided claim, a unit she left."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.audit.verify import verify as verify_audit
from services.core.db import Database
from services.intake import service as intake
from services.models import AuditRecord, Claim
from tests.services.after_world import decided
from tests.services.api_world import Api
from tests.services.member_pages import case_no, one, person
from tests.services.test_amendment import asks, confirms
from tests.support.road import pay
from tests.support.world import ROOT, build_world


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def moved(api: Api, login: str, to: str) -> None:
    """Her login lies at the new unit; what she did and asked for stays where it was."""
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE account SET org_id = o.id, org_key = o.org_key FROM organisation o"
                                " WHERE account.id = :id AND o.org_key = :to"),
                        {"id": api.world.account(login), "to": to})


def test_a_number_looked_at_under_a_strangers_claim_is_told_to_whose_number_it_is(api: Api) -> None:
    stranger, whose = api.report(0), api.world.member(1, "xj").person_id
    own = api.report(1)
    for number, reason in ((stranger, "报案时误填"), (own, "核对联系电话")):
        body = {"field": "phone", "reason": reason, "claim_no": number}
        assert api.post("xj.clerk", f"/people/{whose}/unmask", body).status_code == 200
    seen = [look for look in api.get("xj.m1", "/me/access").json()["seen"] if look["what"] == "查看完整号码"]
    assert [(look["why"], look["claim_no"]) for look in seen] == [("核对联系电话", own), ("报案时误填", None)]
    assert [look for look in api.get("xj.m0", "/me/access").json()["seen"] if look["what"] == "查看完整号码"] == []


def test_a_decided_claim_taken_up_again_waits_for_the_consent_taken_back_meanwhile(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    claim = decided(world, 3, now)
    pay(world, [claim], now)
    member = world.member(3, "xj").actor

    def held() -> tuple[bool, str | None]:
        with db.view(ROOT.scope) as session:
            row = session.get_one(Claim, claim)
            return row.held, row.hold_reason
    with db.unit_of_work(ROOT.scope) as session:
        case = session.get_one(Claim, claim).case_id
        intake.record_consent(session, case_id=case, purpose="processing", actor=member, now=now)
        intake.withdraw_consent(session, case_id=case, purpose="processing", actor=member, now=now)
    assert held() == (False, None), "nothing more is done with what was paid"
    asks(world, claim, now)
    assert confirms(world, claim, now) == 2
    assert held() == (True, "consent_withdrawn")
    with db.unit_of_work(ROOT.scope) as session:
        said = session.scalars(sa.select(AuditRecord).where(col(AuditRecord.chain_id) == claim).order_by(col(AuditRecord.seq))).all()
        assert [entry.event for entry in said][-2:] == ["hold", "confirm_amendment"]
        assert verify_audit(session) == []
        intake.record_consent(session, case_id=case, purpose="processing", actor=member, now=now)
    assert held() == (False, None)


def test_at_another_unit_she_takes_back_and_deletes_what_lies_at_the_former_one(api: Api) -> None:
    case = case_no(api, api.report(0))
    assert api.post("xj.m0", f"/cases/{case}/consents", {"purpose": "processing"}).status_code == 201
    drafted = api.post("xj.m0", "/drafts", {"words": {"hospital": "示例医院"}})
    assert drafted.status_code == 201, drafted.text
    asked = api.post("xj.m0", "/me/privacy-requests", {"kind": "correction", "field": "other", "wanted": "住址有误"}).json()["request_no"]
    moved(api, "xj.m0", "cn.nx.yc.xq.u001.")
    member = person(api, "xj.m0")
    assert case in member.get("/mine/privacy").text
    assert member.send("/mine/privacy/consent", case_no=case, purpose="processing", give="no").status_code == 303
    assert one(api, "SELECT count(*) FROM consent WHERE withdrawn_at IS NULL") == "0"
    again = api.post("xj.m0", f"/cases/{case}/consents", {"purpose": "processing"})
    assert again.status_code == 201, again.text
    assert api.post("xj.m0", f"/cases/{case}/consents/withdraw", {"purpose": "processing"}).status_code == 200
    member.get("/mine/privacy")
    assert member.send(f"/mine/privacy/requests/{asked}/withdraw").status_code == 303
    done = api.post("xj.m0", "/me/privacy-requests", {"kind": "deletion", "field": "drafts"}).json()
    assert (done["answer"], one(api, "SELECT count(*) FROM report_draft")) == ("done", "0")
    stranger = case_no(api, api.report(1))
    for path in ("consents", "consents/withdraw"):
        assert api.post("xj.m0", f"/cases/{stranger}/{path}", {"purpose": "processing"}).status_code == 404
    member.get("/mine/privacy")
    assert member.send("/mine/privacy/consent", case_no=stranger, purpose="processing", give="yes").status_code == 404
