"""The real adapter against the insurer's twin: every named fault, strangers' signatures, kill -9."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import uuid5

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.core.errors import ConfigError, InputError, OutsideError, Unauthenticated
from services.insurer.adapters.http import HttpInsurer
from services.insurer.messages import Unread
from services.insurer.port import Decide, LiabilityAnswer
from tests.services.insurer_world import (
    SPACE,
    Twin,
    clock,
    dossier,
    polled,
    private_pem,
    public_pem,
    running,
    until,
)


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    with running(tmp_path_factory.mktemp("insurer"), "--seed", "7") as twin:
        yield twin


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


@pytest.mark.parametrize(("name", "code"), [("truncated_body", "insurer_no_answer"), ("stale_replay", "insurer_signature"),
                                            ("wrong_digest", "insurer_nonsense"), ("insurer_restart", "insurer_no_answer")])
def test_an_answer_that_does_not_hold_is_asked_for_again_and_is_the_same(twin: Twin, name: str, code: str) -> None:
    claim_no = f"SPOILT-{name}"
    twin.fault(claim_no, name)
    with pytest.raises(OutsideError) as caught:
        twin.port.send(dossier(claim_no))
    assert caught.value.code == code
    until(lambda: answered(twin, claim_no))
    assert twin.port.send(dossier(claim_no)).digest == dossier(claim_no).package_digest
    assert twin.port.status(claim_no).state == "new"


@pytest.mark.parametrize("name", ["truncated_body", "stale_replay", "wrong_digest"])
def test_over_the_folder_an_answer_that_does_not_hold_is_taken_away_and_asked_anew(tmp_path: Path, name: str) -> None:
    with running(tmp_path, sftp=True) as twin:
        twin.fault("FOLDER-1", name)
        with pytest.raises(OutsideError):
            twin.port.send(dossier("FOLDER-1"))
        assert twin.port.send(dossier("FOLDER-1")).digest == dossier("FOLDER-1").package_digest


def answered(twin: Twin, claim_no: str) -> bool:
    try:
        return twin.port.send(dossier(claim_no)).kind == "dossier"
    except OutsideError:
        return False                                              # it is starting again


def test_a_decision_that_does_not_add_up_is_heard_and_not_believed(twin: Twin) -> None:
    twin.port.send(dossier("SUM-1"))
    twin.fault("SUM-1", "wrong_amount")
    twin.walk("SUM-1", "ack", "file", "decide")
    until(lambda: len(twin.office.of("SUM-1")) == 4)
    wrong, right = twin.office.of("SUM-1")[2:]
    assert isinstance(wrong.body, Unread) and "total is not the sum" in wrong.body.fault
    assert isinstance(right.body, Decide) and right.body.total == Decimal("100900.00")
    assert polled(twin, "SUM-1")[2:] == [wrong, right]


def test_a_message_about_nobody_and_one_from_tomorrow(twin: Twin) -> None:
    twin.port.send(dossier("ODD-1"))
    twin.fault("ODD-1", "unknown_claim", on="ack")
    twin.fault("ODD-1", "clock_skew", on="file")
    twin.walk("ODD-1", "ack", "file")
    until(lambda: twin.office.kinds("ODD-1") == ["ack", "file"])
    ack, file = twin.office.of("ODD-1")
    assert (file.at - ack.at).total_seconds() == 26 * 3600
    assert [message.seq for message in polled(twin, "NOBODY-ODD-1")] == [ack.seq - 1]


def test_a_dossier_rejected_first_goes_in_as_the_next_version(twin: Twin) -> None:
    twin.fault("AGAIN-1", "reject_then_accept")
    twin.port.send(dossier("AGAIN-1"))
    assert twin.port.status("AGAIN-1").state == "rejected"
    second = dossier("AGAIN-1", version=2, message_id=uuid5(SPACE, "AGAIN-1/2"))
    assert (twin.port.send(second).version, twin.port.status("AGAIN-1").state) == (2, "new")


def test_a_stranger_is_refused_both_ways(twin: Twin) -> None:
    stranger = Ed25519PrivateKey.generate()
    foreign = twin.connect(office_pem=private_pem(stranger))
    with pytest.raises(InputError, match="insurer_bad_signature"):
        foreign.send(dossier("FOREIGN-1"))
    foreign.close()
    with pytest.raises(InputError, match="insurer_unknown_claim"):
        twin.port.status("FOREIGN-1")
    deaf = HttpInsurer(url=twin.url, office_key=twin.office_pem, insurer_public_key=public_pem(stranger), clock=clock,
                       post=twin.post)
    with pytest.raises(OutsideError, match="insurer_signature"):
        deaf.messages(0)
    deaf.close()
    assert httpx.get(f"{twin.url}/v1/messages?after=0", trust_env=False).status_code == 401
    with pytest.raises(ConfigError):
        twin.connect(office_pem=b"not a key")


def test_a_changed_webhook_is_a_strangers(twin: Twin) -> None:
    twin.port.send(dossier("TAMPER-1"))
    twin.walk("TAMPER-1", "ack")
    until(lambda: twin.office.kinds("TAMPER-1") == ["ack"])
    headers, body = twin.office.raw[-1]
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
    until(lambda: twin.undelivered("DOWN-1") == 0)
    assert len({message.message_id for message in twin.office.of("DOWN-1")}) == 1


def test_no_one_there_is_a_matter_for_another_try(twin: Twin) -> None:
    key = Ed25519PrivateKey.generate()
    nobody = HttpInsurer(url="http://127.0.0.1:9", office_key=private_pem(key), insurer_public_key=public_pem(key),
                         clock=clock, timeout=1, post=twin.post)
    with pytest.raises(OutsideError, match="insurer_no_answer"):
        nobody.send(dossier("NOBODY-1"))
    nobody.close()


def test_kill_9_loses_nothing(tmp_path: Path) -> None:
    with running(tmp_path, "--auto-ack", "--faults", "KILL-1:duplicate:1:file") as twin:
        twin.office.down = True
        receipt = twin.port.send(dossier("KILL-1"))
        twin.desk("KILL-1", "file")
        twin.kill()
        twin.start()
        assert twin.port.send(dossier("KILL-1")) == receipt
        assert twin.port.status("KILL-1").state == "filed"
        assert twin.office.heard == []
        twin.office.down = False
        until(lambda: twin.undelivered("KILL-1") == 0)
        assert twin.office.kinds("KILL-1") == ["ack", "file", "file"]
        twin.walk("KILL-1", "decide")
        twin.kill()
        twin.start()
        assert [message.kind for message in polled(twin, "KILL-1")] == ["ack", "file", "decide"]
        twin.desk("KILL-1", "settle")
        until(lambda: twin.office.kinds("KILL-1")[-1:] == ["settle"])
        assert [message.seq for message in polled(twin, "KILL-1")] == [1, 2, 3, 4]
