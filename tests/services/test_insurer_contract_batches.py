"""Batches over both adapters, against the insurer's twin: half refused, repeated, lost, and the same dossier by both ways."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid5

import pytest

from services.core.errors import InputError, OutsideError
from services.insurer.batching import packages
from services.insurer.port import Paper, Receipt
from tests.services.insurer_world import SPACE, Twin, dossier, running, until


@pytest.fixture(scope="module", params=[("https", "intl"), ("sftp", "gm")], ids="-".join)
def twin(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    transport, suite = request.param
    with running(tmp_path_factory.mktemp("insurer"), "--seed", "7", suite=suite, sftp=transport == "sftp") as twin:
        yield twin


def test_a_claim_has_one_receipt_alone_and_in_every_batch(twin: Twin) -> None:
    alone = twin.port.send(dossier("ONE-1"))
    first = twin.port.send_batch([dossier("ONE-2"), dossier("ONE-1")])
    assert first[1] == alone
    assert [one.claim_no for one in first if isinstance(one, Receipt)] == ["ONE-2", "ONE-1"]
    assert twin.port.send_batch([dossier("ONE-2"), dossier("ONE-1")]) == first
    assert twin.port.send_batch([dossier("ONE-1"), dossier("ONE-3"), dossier("ONE-2")])[::2] == first[::-1]
    assert twin.port.send(dossier("ONE-2")) == first[0]
    twin.desk("ONE-2", "ack")
    until(lambda: twin.kinds("ONE-2") == ["ack"])
    assert twin.port.status("ONE-3").state == "new"


def test_a_refused_dossier_holds_up_no_other_and_is_asked_anew(twin: Twin) -> None:
    twin.port.send(dossier("HALF-2"))
    second = dossier("HALF-2", version=2, message_id=uuid5(SPACE, "HALF-2/2"))
    batch = [dossier("HALF-1"), second, dossier("HALF-3")]
    said = twin.port.send_batch(batch)
    assert isinstance(said[0], Receipt) and isinstance(said[2], Receipt)
    assert isinstance(said[1], InputError) and said[1].code == "insurer_in_hand"
    assert [twin.port.status(no).state for no in ("HALF-1", "HALF-3")] == ["new", "new"]
    twin.desk("HALF-2", "reject")
    again = twin.port.send_batch(batch)
    assert isinstance(again[1], Receipt) and again[1].version == 2
    assert [again[0], again[2]] == [said[0], said[2]]


def test_a_lost_answer_and_a_strangers_leave_every_claim_with_one_receipt(twin: Twin) -> None:
    batch = [dossier("GONE-1"), dossier("GONE-2")]
    hasty = twin.connect_sftp(timeout=1.0) if twin.sftp else twin.connect(timeout=1.0)
    for fault in ("lost_answer", "wrong_signature"):
        twin.fault("GONE-2", fault, on="dossier")
        with pytest.raises(OutsideError):
            hasty.send_batch(batch)
    hasty.close()
    said = twin.port.send_batch(batch)
    assert [one.digest for one in said if isinstance(one, Receipt)] == [one.package_digest for one in batch]


def test_packages_are_cut_by_number_by_size_and_by_claim() -> None:
    heavy = Paper.of("invoice", "image/jpeg", b"\xff\xd8\xff" + bytes(100_000))
    ready = [dossier(f"CUT-{n}") for n in range(5)]
    ready[3] = dossier("CUT-3", papers=(heavy,))
    names = [[one.claim_no for one in package] for package in packages(ready, claims=2, size=10**6)]
    assert names == [["CUT-0", "CUT-1"], ["CUT-2", "CUT-3"], ["CUT-4"]]
    names = [[one.claim_no for one in package] for package in packages(ready, claims=9, size=60_000)]
    assert names == [["CUT-0", "CUT-1", "CUT-2"], ["CUT-3"], ["CUT-4"]]
    twice = [dossier("CUT-0"), dossier("CUT-0", version=2)]
    assert [len(package) for package in packages(twice, claims=9, size=10**6)] == [1, 1]
    assert list(packages([], claims=1, size=1)) == []
