"""The real adapter against the insurer's twin as a process of its own, with a real webhook receiver between them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID, uuid5

import httpx
import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.core.errors import ConfigError, InputError, OutsideError, Unauthenticated
from services.insurer.adapters.http import HttpInsurer
from services.insurer.port import (
    Ack,
    Answer,
    Answers,
    Consent,
    Cover,
    Decide,
    Dossier,
    EventFacts,
    InboundMessage,
    Insured,
    Insurer,
    LiabilityAnswer,
    Paper,
    Payee,
    Question,
    Recall,
    Settle,
    Stay,
    Worksheet,
    WorksheetLine,
    canonical,
)

ROOT = Path(__file__).resolve().parents[2]
SPACE = UUID("3f0c1f0e-5b1a-4b7e-9d57-0a1c6f2b7a10")
AT = datetime(2026, 3, 27, 10, 0, tzinfo=UTC)
PDF = b"%PDF-1.7 pathology report"


def clock() -> datetime:
    return AT


def private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())


def public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)


class Office:
    """The office's webhook door: verifies, keeps, signs its answer. `down` refuses with 503, `mute` does not sign."""

    def __init__(self) -> None:
        self.port: HttpInsurer | None = None
        self.heard: list[InboundMessage] = []
        self.strangers = 0
        self.down = self.mute = False
        office = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, answer = office.take(dict(self.headers), self.path, body)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, headers: dict[str, str], path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.down or self.port is None:
            return 503, {}, b"{}"
        try:
            message = self.port.verify(headers, "POST", path, body)
        except Unauthenticated:
            self.strangers += 1
            return 401, {}, b"{}"
        self.heard.append(message)
        answer = self.port.answer(headers, "POST", path, status=202, body={"kept": str(message.message_id)})
        return answer.status, {} if self.mute else dict(answer.headers), answer.body

    def of(self, claim_no: str) -> list[InboundMessage]:
        return [message for message in self.heard if message.claim_no == claim_no]

    def kinds(self, claim_no: str) -> list[str]:
        return [message.kind for message in self.of(claim_no)]


class Twin:
    """The twin's process, its desk and an adapter to it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.office, self.folder, self.options = Office(), folder, options
        self.keys = folder / "keys"
        self.keys.mkdir()
        key = Ed25519PrivateKey.generate()
        (self.keys / "office.pub.pem").write_bytes(public_pem(key))
        self.office_pem = private_pem(key)
        self.listening = 0
        self.start()
        self.url = f"http://127.0.0.1:{self.listening}"
        self.insurer_pem = (self.keys / "insurer.pub.pem").read_bytes()
        self.adapter = self.office.port = self.connect()
        self.port: Insurer = self.adapter

    def connect(self, *, office_pem: bytes = b"", timeout: float = 10.0) -> HttpInsurer:
        return HttpInsurer(url=self.url, office_key=office_pem or self.office_pem, clock=clock, timeout=timeout,
                           insurer_public_key=self.insurer_pem)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "infra.twins.insurer", "--port", str(self.listening), "--data",
             str(self.folder / "data"), "--keys", str(self.keys), "--office-url", self.office.url, *self.options],
            cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.listening = int(self.process.stdout.readline().strip().rsplit(":", 1)[1])

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def desk(self, claim_no: str, step: str, at: str = "2026-03-30T09:00:00+08:00", **more: object) -> dict[str, object]:
        answer = httpx.post(f"{self.url}/desk/{claim_no}/{step}", json={"at": at, **more}, timeout=60, trust_env=False)
        assert answer.status_code == 200, answer.text
        result: dict[str, object] = answer.json()
        return result

    def fault(self, claim_no: str, name: str, times: int = 1, **more: object) -> None:
        wish = {"claim_no": claim_no, "fault": name, "times": times, **more}
        httpx.post(f"{self.url}/desk/faults", json=wish, trust_env=False).raise_for_status()

    def walk(self, claim_no: str, *steps: str) -> None:
        for step in steps:
            self.desk(claim_no, step)


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    twin = Twin(tmp_path_factory.mktemp("insurer"), "--seed", "7")
    yield twin
    twin.close()
    twin.adapter.close()
    twin.office.server.shutdown()
    twin.office.server.server_close()


def until(reached: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "not reached in time"
        time.sleep(0.02)


def dossier(claim_no: str, **changes: object) -> Dossier:
    """Scenario S03: C50.900/3, stays of 10 and 5 days, 100900.00."""
    plain = Dossier(
        message_id=uuid5(SPACE, claim_no), handoff_id=uuid5(SPACE, claim_no + "/handoff"), claim_no=claim_no, round=1,
        version=1, at=AT, plan="nx-ankangbao", policy_no="NX-2026-0001",
        insured=Insured(name="测试甲", id_number="640181198503070027", sex="F", born=date(1985, 3, 7)),
        event=EventFacts(icd10="C50.900", behaviour="3", specimen_on=date(2026, 3, 12), diagnosed_on=date(2026, 3, 18),
                         reported_on=date(2026, 3, 23),
                         stays=(Stay(days=10), Stay(from_=date(2026, 3, 20), to=date(2026, 3, 25)))),
        cover=Cover(effective=date(2026, 1, 1), until=date(2026, 12, 31), renewal=False, premium_paid=Decimal("100.00")),
        worksheet=Worksheet(rulebook="2019-01-03", outcome="pay", total=Decimal("100900.00"), refund=Decimal("0.00"),
                            lines=(WorksheetLine(benefit="breast_cancer", amount=Decimal("100000.00"), clause="第五条"),
                                   WorksheetLine(benefit="breast_cancer_allowance", amount=Decimal("900.00"),
                                                 clause="第六条"))),
        papers=(Paper.of("pathology", "application/pdf", PDF),),
        consent=Consent(purpose="insurer", given_on=date(2026, 3, 23)),
        payee=Payee(name="测试甲", bank="ICBC", account="6222000000000000123"))
    # A person of her own per claim, as the insurer remembers what it paid on a policy.
    return plain.model_copy(update={"policy_no": f"POLICY-{claim_no}", **changes})


def polled(twin: Twin, claim_no: str) -> list[InboundMessage]:
    found: list[InboundMessage] = []
    page = twin.port.messages(0)
    while page:
        found += [message for message in page if message.claim_no == claim_no]
        page = twin.port.messages(page[-1].seq)
    return found


def refused(twin: Twin, sent: Dossier) -> InputError:
    with pytest.raises(InputError) as caught:
        twin.port.send(sent)
    return caught.value


def test_the_whole_road_by_webhook_and_by_polling(twin: Twin) -> None:
    sent = dossier("ROAD-1")
    receipt = twin.port.send(sent)
    assert (receipt.claim_no, receipt.kind, receipt.digest, receipt.at) == ("ROAD-1", "dossier", sent.package_digest, AT)
    assert twin.port.status("ROAD-1").state == "new"
    twin.walk("ROAD-1", "ack", "file")
    twin.desk("ROAD-1", "question", items=[{"code": "Q1", "paper": "pathology", "text": "请补病理报告"},
                                           {"code": "Q2", "text": "请说明转院情况"}])
    until(lambda: twin.office.kinds("ROAD-1") == ["ack", "file", "question"])
    asked = twin.office.of("ROAD-1")[-1]
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
    until(lambda: twin.office.kinds("ROAD-1")[3:] == ["decide", "settle"])
    heard = twin.office.of("ROAD-1")
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
    until(lambda: twin.office.kinds("REJ-1") == ["reject"])


def test_a_recall_is_confirmed_and_after_a_decision_it_is_too_late(twin: Twin) -> None:
    def recall(claim_no: str) -> Recall:
        return Recall(message_id=uuid5(SPACE, claim_no + "/recall"), handoff_id=uuid5(SPACE, claim_no + "/handoff"),
                      claim_no=claim_no, round=1, version=1, at=AT, reason="申请人撤回")
    twin.port.send(dossier("REC-1"))
    twin.walk("REC-1", "ack")
    assert twin.port.recall(recall("REC-1")).kind == "recall"
    assert twin.port.status("REC-1").recall_requested
    twin.desk("REC-1", "confirm_recall")
    until(lambda: twin.office.kinds("REC-1") == ["ack", "recalled"])
    twin.port.send(dossier("REC-2"))
    twin.walk("REC-2", "ack", "decide")
    with pytest.raises(InputError) as caught:
        twin.port.recall(recall("REC-2"))
    assert caught.value.code == "insurer_too_late"


def test_a_reply_must_answer_every_item_of_the_open_question(twin: Twin) -> None:
    twin.port.send(dossier("ASK-1"))
    twin.walk("ASK-1", "ack")
    twin.desk("ASK-1", "question", items=[{"code": "Q1", "text": "甲"}, {"code": "Q2", "text": "乙"}])
    until(lambda: twin.office.kinds("ASK-1") == ["ack", "question"])
    half = Answers(message_id=uuid5(SPACE, "half"), handoff_id=uuid5(SPACE, "ASK-1/handoff"), claim_no="ASK-1", round=1,
                   version=1, at=AT, in_reply_to=twin.office.of("ASK-1")[-1].message_id,
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
    until(lambda: "decide" in twin.office.kinds("PART-1"))
    decided = twin.office.of("PART-1")[-1].body
    assert isinstance(decided, Decide)
    assert (decided.outcome, decided.total) == ("part", Decimal("100700.00"))


def test_a_second_claim_on_the_same_policy_finds_the_lump_sum_spent(twin: Twin) -> None:
    for claim_no, total, reason in (("TWO-1", "100900.00", None), ("TWO-2", "900.00", "paid_before")):
        twin.port.send(dossier(claim_no, policy_no="POLICY-TWO"))
        twin.walk(claim_no, "ack", "file", "decide")
        until(lambda no=claim_no: "decide" in twin.office.kinds(no))
        decided = twin.office.of(claim_no)[-1].body
        assert isinstance(decided, Decide)
        assert str(decided.total) == total
        assert next(item.reason for item in decided.liabilities if item.liability == "breast_cancer") == reason


def test_a_desk_step_repeated_does_nothing_and_a_wrong_one_is_refused(twin: Twin) -> None:
    twin.port.send(dossier("DESK-1"))
    assert twin.desk("DESK-1", "ack") == twin.desk("DESK-1", "ack") == {"sent": ["ack"], "state": "received"}
    assert [message.kind for message in polled(twin, "DESK-1")] == ["ack"]
    wrong = httpx.post(f"{twin.url}/desk/DESK-1/settle", json={"at": "2026-03-30T09:00:00+08:00"}, trust_env=False)
    assert (wrong.status_code, wrong.json()["fault"]) == (409, "wrong_state")
    listed = httpx.get(f"{twin.url}/desk", trust_env=False).json()["dossiers"]
    assert next(row["state"] for row in listed if row["claim_no"] == "DESK-1") == "received"


# ---- the named faults


def test_fault_slow_outlasts_the_timeout_and_the_repeat_is_the_same(twin: Twin) -> None:
    twin.fault("SLOW-1", "slow", seconds=1)
    hasty = twin.connect(timeout=0.3)
    with pytest.raises(OutsideError) as caught:
        hasty.send(dossier("SLOW-1"))
    hasty.close()
    assert caught.value.code == "insurer_no_answer"
    receipt = twin.port.send(dossier("SLOW-1"))
    time.sleep(1)                                                 # by now the slow one has been worked off as well
    assert twin.port.send(dossier("SLOW-1")) == receipt


def test_fault_lost_answer_was_kept_all_the_same(twin: Twin) -> None:
    twin.fault("LOST-1", "lost_answer", times=2)
    for _ in range(2):
        with pytest.raises(OutsideError, match="insurer_no_answer"):
            twin.port.send(dossier("LOST-1"))
    assert twin.port.status("LOST-1").state == "new"
    assert twin.port.send(dossier("LOST-1")).digest == dossier("LOST-1").package_digest


def test_fault_wrong_signature_on_an_answer_and_on_a_webhook(twin: Twin) -> None:
    twin.fault("SIGN-1", "wrong_signature", on="dossier")
    with pytest.raises(OutsideError, match="insurer_signature"):
        twin.port.send(dossier("SIGN-1"))
    twin.port.send(dossier("SIGN-1"))
    before = twin.office.strangers
    twin.fault("SIGN-1", "wrong_signature", on="ack")
    twin.walk("SIGN-1", "ack")
    until(lambda: twin.office.kinds("SIGN-1") == ["ack"])
    assert twin.office.strangers == before + 1


def test_fault_duplicate_brings_the_webhook_twice(twin: Twin) -> None:
    twin.port.send(dossier("DUP-1"))
    twin.fault("DUP-1", "duplicate", on="ack")
    twin.walk("DUP-1", "ack", "file")
    until(lambda: twin.office.kinds("DUP-1") == ["ack", "ack", "file"])
    first, second, _ = twin.office.of("DUP-1")
    assert first == second
    assert len(polled(twin, "DUP-1")) == 2


def test_fault_out_of_order_brings_the_decision_first(twin: Twin) -> None:
    twin.port.send(dossier("ORDER-1"))
    twin.fault("ORDER-1", "out_of_order")
    twin.walk("ORDER-1", "ack", "file", "decide")
    until(lambda: len(twin.office.of("ORDER-1")) == 3)
    assert twin.office.kinds("ORDER-1") == ["decide", "ack", "file"]
    assert [message.kind for message in polled(twin, "ORDER-1")] == ["ack", "file", "decide"]


def test_fault_partial_decision_answers_one_liability_first(twin: Twin) -> None:
    twin.port.send(dossier("PIECE-1"))
    twin.fault("PIECE-1", "partial_decision")
    twin.walk("PIECE-1", "ack", "file")
    assert twin.desk("PIECE-1", "decide") == {"sent": ["answer_part"], "state": "filed"}
    assert twin.desk("PIECE-1", "decide") == {"sent": ["decide"], "state": "decided"}
    until(lambda: twin.office.kinds("PIECE-1")[2:] == ["answer_part", "decide"])
    part = twin.office.of("PIECE-1")[2].body
    assert isinstance(part, LiabilityAnswer)
    assert (part.liability, part.amount) == ("breast_cancer", Decimal("100000.00"))


def test_fault_no_webhook_only_polling_sees_it(twin: Twin) -> None:
    twin.port.send(dossier("POLL-1"))
    twin.fault("POLL-1", "no_webhook", on="ack")
    twin.walk("POLL-1", "ack", "file")
    until(lambda: twin.office.kinds("POLL-1") == ["file"])
    assert [message.kind for message in polled(twin, "POLL-1")] == ["ack", "file"]


# ---- signatures and crashes


def test_a_stranger_is_refused_both_ways(twin: Twin) -> None:
    stranger = Ed25519PrivateKey.generate()
    foreign = twin.connect(office_pem=private_pem(stranger))
    with pytest.raises(InputError, match="insurer_bad_signature"):
        foreign.send(dossier("FOREIGN-1"))
    foreign.close()
    with pytest.raises(InputError, match="insurer_unknown_claim"):
        twin.port.status("FOREIGN-1")
    deaf = HttpInsurer(url=twin.url, office_key=twin.office_pem, insurer_public_key=public_pem(stranger), clock=clock)
    with pytest.raises(OutsideError, match="insurer_signature"):
        deaf.messages(0)
    deaf.close()
    assert httpx.get(f"{twin.url}/v1/messages?after=0", trust_env=False).status_code == 401
    with pytest.raises(ConfigError):
        twin.connect(office_pem=b"not a key")


def test_a_changed_webhook_is_a_strangers(twin: Twin) -> None:
    caught: list[tuple[dict[str, str], bytes]] = []
    take = twin.office.take
    twin.office.take = lambda headers, path, body: (caught.append((headers, body)), take(headers, path, body))[1]  # type: ignore[method-assign]
    twin.port.send(dossier("TAMPER-1"))
    twin.walk("TAMPER-1", "ack")
    until(lambda: twin.office.kinds("TAMPER-1") == ["ack"])
    twin.office.take = take                                                                      # type: ignore[method-assign]
    headers, body = caught[-1]
    path = "/api/v1/insurer/messages"
    lowered = {name.lower(): value for name, value in headers.items()}
    assert twin.port.verify(lowered, "POST", path, body).kind == "ack"
    for method, where, what in (("POST", path, body.replace(b"TAMPER-1", b"TAMPER-2")), ("PUT", path, body),
                                ("POST", path + "?x=1", body)):
        with pytest.raises(Unauthenticated):
            twin.port.verify(headers, method, where, what)
    with pytest.raises(Unauthenticated):
        twin.port.verify({}, "POST", path, body)


def test_an_office_that_is_down_or_does_not_sign_gets_the_message_again(twin: Twin) -> None:
    twin.port.send(dossier("DOWN-1"))
    twin.office.down = True
    twin.walk("DOWN-1", "ack")
    time.sleep(0.3)
    twin.office.mute, twin.office.down = True, False
    until(lambda: len(twin.office.of("DOWN-1")) >= 2)
    twin.office.mute = False

    def delivered() -> bool:
        listed = httpx.get(f"{twin.url}/desk", trust_env=False).json()["dossiers"]
        return next(row["undelivered"] for row in listed if row["claim_no"] == "DOWN-1") == 0
    until(delivered)
    assert len({message.message_id for message in twin.office.of("DOWN-1")}) == 1


def test_no_one_there_is_a_matter_for_another_try() -> None:
    key = Ed25519PrivateKey.generate()
    nobody = HttpInsurer(url="http://127.0.0.1:9", office_key=private_pem(key), insurer_public_key=public_pem(key),
                         clock=clock, timeout=1)
    with pytest.raises(OutsideError, match="insurer_no_answer"):
        nobody.send(dossier("NOBODY-1"))
    nobody.close()


def test_kill_9_loses_nothing(tmp_path: Path) -> None:
    twin = Twin(tmp_path, "--auto-ack", "--faults", "KILL-1:duplicate:1:file")
    twin.office.down = True
    receipt = twin.port.send(dossier("KILL-1"))
    twin.desk("KILL-1", "file")
    twin.kill()
    twin.start()
    assert twin.port.send(dossier("KILL-1")) == receipt
    assert twin.port.status("KILL-1").state == "filed"
    assert twin.office.heard == []
    twin.office.down = False
    until(lambda: twin.office.kinds("KILL-1") == ["ack", "file", "file"])
    twin.walk("KILL-1", "decide")
    twin.kill()
    twin.start()
    assert [message.kind for message in polled(twin, "KILL-1")] == ["ack", "file", "decide"]
    twin.desk("KILL-1", "settle")
    until(lambda: twin.office.kinds("KILL-1")[-1:] == ["settle"])
    assert [message.seq for message in polled(twin, "KILL-1")] == [1, 2, 3, 4]
    twin.close()
    twin.adapter.close()
    twin.office.server.shutdown()
    twin.office.server.server_close()
