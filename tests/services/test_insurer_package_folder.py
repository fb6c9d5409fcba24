"""The batch folder over a real SFTP server: lost and slow answers, strangers on either end, and what is laid in broken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.core.clock import RealClock
from services.core.errors import ConfigError, InputError, OutsideError, Unauthenticated
from services.core.settings import Settings
from services.insurer.adapters.sftp import SftpInsurer
from services.insurer.package import build
from services.wiring import insurer_of
from tests.services.insurer_world import AT, Twin, clock, dossier, polled, private_pem, public_pem, running, until


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    with running(tmp_path_factory.mktemp("folder"), "--seed", "7", sftp=True) as twin:
        yield twin


def box(twin: Twin) -> Path:
    return twin.folder / "data" / "folder"


def laid(twin: Twin, name: str, content: bytes) -> Path:
    """Lay a file as a program would; the path of its answer."""
    part = box(twin) / "in" / f"{name}.part"
    part.write_bytes(content)
    part.rename(part.with_name(name))
    return box(twin) / "answers" / name


def test_a_lost_answer_and_a_slow_one_end_in_the_same_receipt(twin: Twin) -> None:
    twin.fault("LOST-1", "lost_answer")
    twin.fault("LOST-1", "slow", seconds=2)
    hasty = twin.connect_sftp(timeout=1.0)
    with pytest.raises(OutsideError, match="insurer_no_answer"):
        hasty.send(dossier("LOST-1"))
    hasty.close()
    receipt = twin.port.send(dossier("LOST-1"))
    assert receipt.digest == dossier("LOST-1").package_digest
    assert twin.port.status("LOST-1").state == "new"
    answered = sorted((box(twin) / "answers").glob("dossier-LOST-1-*"))
    assert len(answered) == 1
    written = answered[0].stat().st_mtime_ns
    assert twin.port.send(dossier("LOST-1")) == receipt
    assert (answered[0].stat().st_mtime_ns, list((box(twin) / "in").iterdir())) == (written, []), "nothing is laid twice"


def test_a_strangers_signature_is_not_believed_and_the_next_try_is(twin: Twin) -> None:
    twin.fault("SIGN-1", "wrong_signature", on="dossier")
    with pytest.raises(OutsideError, match="insurer_container"):
        twin.port.send(dossier("SIGN-1"))
    assert twin.port.send(dossier("SIGN-1")).claim_no == "SIGN-1"
    twin.desk("SIGN-1", "ack")
    until(lambda: [message.kind for message in polled(twin, "SIGN-1")] == ["ack"])
    assert twin.port.messages(0)[0].seq == 1


def test_a_broken_or_foreign_file_is_answered_by_name_and_what_is_still_coming_is_left(twin: Twin) -> None:
    container = twin.post.seal(build([dossier("CUT-1")], twin.post.suite))
    half = box(twin) / "in" / "dossier-CUT-2-x.hzp.part"
    half.write_bytes(container[:100])
    for name, content in (("dossier-CUT-1-a.hzp", container[:-20]), ("dossier-CUT-1-b.hzp", b"nonsense")):
        answer = laid(twin, name, content)
        until(answer.exists)
        assert b'"status"' not in answer.read_bytes(), "sealed"
        assert b'"fault":"' in twin.post.unseal(answer.read_bytes())
    first = laid(twin, "dossier-CUT-1-c.hzp", container)
    until(first.exists)
    again = laid(twin, "dossier-CUT-1-d.hzp", container)
    until(again.exists)
    assert twin.post.unseal(first.read_bytes()) == twin.post.unseal(again.read_bytes()), "a replay gets the same receipt"
    assert half.exists()


def test_a_refusal_is_final_but_asked_anew_when_sent_again(twin: Twin) -> None:
    twin.port.send(dossier("AGAIN-1"))
    second = dossier("AGAIN-1", version=2)
    second = second.model_copy(update={"message_id": second.handoff_id})
    with pytest.raises(InputError, match="insurer_in_hand"):
        twin.port.send(second)
    twin.desk("AGAIN-1", "reject")
    assert twin.port.send(second).version == 2
    with pytest.raises(InputError, match="insurer_unknown_claim"):
        twin.port.status("NEVER-1")


def test_only_the_offices_key_gets_in_and_only_the_insurers_host_is_spoken_to(twin: Twin) -> None:
    key = Ed25519PrivateKey.generate()
    for strange in (twin.connect_sftp(office_pem=private_pem(key)), twin.connect_sftp(insurer_pem=public_pem(key))):
        with pytest.raises(OutsideError, match="insurer_no_answer"):
            strange.messages(0)
        strange.close()
    with pytest.raises(Unauthenticated):
        twin.port.verify({}, "POST", "/", b"{}")


def test_a_killed_insurer_goes_on_with_what_lay_there(twin: Twin) -> None:
    twin.kill()
    with pytest.raises(OutsideError, match="insurer_no_answer"):
        twin.port.send(dossier("KILL-1"))
    twin.start()
    began = time.monotonic()
    assert twin.port.send(dossier("KILL-1")).at == AT
    assert time.monotonic() - began < 15


def test_the_address_decides_the_adapter_and_a_wrong_one_is_refused(twin: Twin) -> None:
    config = Settings(insurer_keys=twin.keys, insurer_url=f"sftp://office@127.0.0.1:{twin.sftp_port}/")
    assert isinstance(insurer_of(config, RealClock().now), SftpInsurer)
    for wrong in ("sftp://127.0.0.1/in", "sftp://office@127.0.0.1:99999/", "sftp://office@[::1/in", "http://office@127.0.0.1/"):
        with pytest.raises(ConfigError, match="insurer_url"):
            SftpInsurer(url=wrong, office_key=twin.office_pem, insurer_public_key=twin.insurer_pem, post=twin.post, clock=clock)
