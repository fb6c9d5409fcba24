"""One contract, both adapters, against the insurer's twin: the road, repeats, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid5

import httpx
import pytest

from services.core.errors import InputError
from services.insurer.port import (
    Ack,
    Answer,
    Answers,
    Decide,
    Dossier,
    InboundMessage,
    Paper,
    Question,
    Recall,
    Settle,
    canonical,
)
from tests.services.insurer_world import AT, DESK_TIME, PDF, SPACE, Twin, dossier, polled, running, until


@pytest.fixture(scope="module", params=[("https", "intl"), ("sftp", "gm")], ids="-".join)
def twin(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    transport, suite = request.param
    with running(tmp_path_factory.mktemp("insurer"), "--seed", "7", suite=suite, sftp=transport == "sftp") as twin:
        yield twin


def refused(twin: Twin, sent: Dossier) -> InputError:
    with pytest.raises(InputError) as caught:
        twin.port.send(sent)
    return caught.value


def decision(twin: Twin, claim_no: str) -> Decide:
    until(lambda: "decide" in [message.kind for message in polled(twin, claim_no)])
    decided = polled(twin, claim_no)[-1].body
    assert isinstance(decided, Decide)
    return decided


def test_the_whole_road_by_message_and_by_polling(twin: Twin) -> None:
    sent = dossier("ROAD-1")
    receipt = twin.port.send(sent)
    assert (receipt.claim_no, receipt.kind, receipt.at) == ("ROAD-1", "dossier", AT)
    assert receipt.digest == sent.package_digest
    assert twin.port.status("ROAD-1").state == "new"
    twin.walk("ROAD-1", "ack", "file")
    twin.desk("ROAD-1", "question", items=[{"code": "Q1", "paper": "pathology", "text": "请补病理报告"},
                                           {"code": "Q2", "text": "请说明转院情况"}])
    until(lambda: twin.kinds("ROAD-1") == ["ack", "file", "question"])
    asked = twin.heard("ROAD-1")[-1]
    assert isinstance(asked.body, Question)
    assert [(item.code, item.paper) for item in asked.body.items] == [("Q1", "pathology"), ("Q2", None)]
    answers = Answers(message_id=uuid5(SPACE, "reply"), handoff_id=sent.handoff_id, claim_no="ROAD-1", round=1,
                      version=1, at=AT, in_reply_to=asked.message_id,
                      items=(Answer(code="Q1", papers=(Paper.of("pathology", "application/pdf", PDF),)),
                             Answer(code="Q2", unavailable=True)))
    answered = twin.port.reply(answers)
    assert twin.port.reply(answers) == answered
    assert twin.port.status("ROAD-1").state == "filed"
    twin.walk("ROAD-1", "decide", "settle")
    until(lambda: twin.kinds("ROAD-1")[3:] == ["decide", "settle"])
    heard = twin.heard("ROAD-1")
    decided, settled = heard[-2].body, heard[-1].body
    assert isinstance(heard[0].body, Ack)
    assert isinstance(decided, Decide)
    assert (decided.outcome, decided.total, decided.refund) == ("pay", Decimal("100900.00"), Decimal("0.00"))
    assert {item.liability: (str(item.amount), item.reason) for item in decided.liabilities} == {
        "breast_cancer": ("100000.00", None), "breast_cancer_allowance": ("900.00", None),
        "other_gynaecological_cancer": ("0.00", "not_in_list"),
        "other_gynaecological_cancer_allowance": ("0.00", "not_in_list")}
    assert decided.letter.pdf.startswith(b"%PDF-")
    assert decided.letter.number in decided.letter.text
    assert isinstance(settled, Settle)
    assert (settled.amount, settled.account_last4) == (Decimal("100900.00"), "0123")
    assert settled.bank_time == datetime(2026, 3, 30, 1, 0, tzinfo=UTC)
    assert {message.handoff_id for message in heard} == {sent.handoff_id}
    seen = polled(twin, "ROAD-1")
    assert seen == heard
    assert [message.digest for message in seen] == [message.digest for message in heard]
    assert InboundMessage.model_validate(json.loads(canonical(heard[-2].wire()))) == heard[-2]


def test_the_same_dossier_has_one_receipt_and_other_bytes_are_refused(twin: Twin) -> None:
    sent = dossier("SAME-1")
    receipt = twin.port.send(sent)
    assert twin.port.send(sent) == receipt
    assert twin.port.send(sent.model_copy(update={"message_id": uuid5(SPACE, "another")})) == receipt
    other = sent.model_copy(update={"policy_no": "NX-2026-0002", "message_id": uuid5(SPACE, "third")})
    assert refused(twin, other).code == "insurer_digest_mismatch"
    assert refused(twin, other.model_copy(update={"message_id": sent.message_id})).code == "insurer_message_id_reused"
    assert refused(twin, other.model_copy(update={"version": 2})).code == "insurer_in_hand"


def test_after_a_reject_the_next_version_goes_in_and_the_former_is_outdated(twin: Twin) -> None:
    twin.port.send(dossier("REJ-1"))
    twin.desk("REJ-1", "reject", code="blurred_paper", text="病理报告影像不清")
    second = dossier("REJ-1", version=2, message_id=uuid5(SPACE, "REJ-1/2"))
    assert twin.port.send(second).version == 2
    again = dossier("REJ-1", policy_no="P-9", message_id=uuid5(SPACE, "REJ-1/1b"))
    assert refused(twin, again).code == "insurer_outdated"
    until(lambda: twin.kinds("REJ-1") == ["reject"])


def test_a_recall_is_confirmed_and_after_a_decision_it_is_too_late(twin: Twin) -> None:
    def recall(claim_no: str) -> Recall:
        return Recall(message_id=uuid5(SPACE, claim_no + "/recall"), handoff_id=uuid5(SPACE, claim_no + "/handoff"),
                      claim_no=claim_no, round=1, version=1, at=AT, reason="申请人撤回")
    twin.port.send(dossier("REC-1"))
    twin.walk("REC-1", "ack")
    assert twin.port.recall(recall("REC-1")).kind == "recall"
    assert twin.port.status("REC-1").recall_requested
    twin.desk("REC-1", "confirm_recall")
    until(lambda: twin.kinds("REC-1") == ["ack", "recalled"])
    twin.port.send(dossier("REC-2"))
    twin.walk("REC-2", "ack", "decide")
    with pytest.raises(InputError) as caught:
        twin.port.recall(recall("REC-2"))
    assert caught.value.code == "insurer_too_late"


def test_a_reply_must_answer_every_item_of_the_open_question(twin: Twin) -> None:
    twin.port.send(dossier("ASK-1"))
    twin.walk("ASK-1", "ack")
    twin.desk("ASK-1", "question", items=[{"code": "Q1", "text": "甲"}, {"code": "Q2", "text": "乙"}])
    until(lambda: twin.kinds("ASK-1") == ["ack", "question"])
    half = Answers(message_id=uuid5(SPACE, "half"), handoff_id=uuid5(SPACE, "ASK-1/handoff"), claim_no="ASK-1", round=1,
                   version=1, at=AT, in_reply_to=twin.heard("ASK-1")[-1].message_id,
                   items=(Answer(code="Q1", text="答"),))
    with pytest.raises(InputError) as caught:
        twin.port.reply(half)
    assert (caught.value.code, caught.value.field) == ("insurer_unanswered", "body.items")
    stray = half.model_copy(update={"in_reply_to": uuid5(SPACE, "none"), "message_id": uuid5(SPACE, "stray")})
    with pytest.raises(InputError, match="insurer_not_questioned"):
        twin.port.reply(stray)


def test_the_desk_may_differ_and_says_part(twin: Twin) -> None:
    twin.port.send(dossier("PART-1"))
    twin.walk("PART-1", "ack", "file")
    twin.desk("PART-1", "decide", adjust={"breast_cancer_allowance": {"amount": "700.00", "reason": "stay_not_proven"}})
    until(lambda: "decide" in twin.kinds("PART-1"))
    decided = twin.heard("PART-1")[-1].body
    assert isinstance(decided, Decide)
    assert (decided.outcome, decided.total) == ("part", Decimal("100700.00"))


def test_a_second_claim_on_the_same_policy_finds_the_lump_sum_spent(twin: Twin) -> None:
    for claim_no, total, reason in (("TWO-1", "100900.00", None), ("TWO-2", "900.00", "paid_before")):
        twin.port.send(dossier(claim_no, policy_no="POLICY-TWO"))
        twin.walk(claim_no, "ack", "file", "decide")
        decided = decision(twin, claim_no)
        assert str(decided.total) == total
        assert next(item.reason for item in decided.liabilities if item.liability == "breast_cancer") == reason


def test_a_desk_step_repeated_does_nothing_and_a_wrong_one_is_refused(twin: Twin) -> None:
    twin.port.send(dossier("DESK-1"))
    assert twin.desk("DESK-1", "ack") == twin.desk("DESK-1", "ack") == {"sent": ["ack"], "state": "received"}
    until(lambda: bool(polled(twin, "DESK-1")))
    assert [message.kind for message in polled(twin, "DESK-1")] == ["ack"]
    wrong = httpx.post(f"{twin.url}/desk/DESK-1/settle", json={"at": DESK_TIME}, trust_env=False)
    assert (wrong.status_code, wrong.json()["fault"]) == (409, "wrong_state")
    listed = httpx.get(f"{twin.url}/desk", trust_env=False).json()["dossiers"]
    assert next(row["state"] for row in listed if row["claim_no"] == "DESK-1") == "received"
