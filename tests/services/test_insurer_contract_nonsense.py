"""What an insurer may never say and says all the same: kept as unread or asked again later, never a crash that stops the polling."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from pydantic import JsonValue

from services.cli.setup import make_pair
from services.core.errors import InputError, OutsideError
from services.insurer.adapters.http import HttpInsurer
from services.insurer.adapters.reading import decoded, down, message_of, receipts_for
from services.insurer.messages import Unread
from services.insurer.post import post_of
from tests.services.insurer_world import clock, dossier

ID = "3f0c1f0e-5b1a-4b7e-9d57-0a1c6f2b7a10"
HEAD = {"message_id": ID, "handoff_id": ID, "claim_no": "NX1", "round": 1, "version": 1, "seq": 1, "kind": "settle",
        "at": "2026-04-01T09:00:00+08:00"}
PAID = {"amount": "12000.00", "bank_time": "2026-04-01T09:00:00+08:00", "serial": "S1", "account_last4": "1234"}


@pytest.mark.parametrize("odd", [
    '"amount":"1E+30"', '"amount":"-5.00"', '"amount":"5.001"', '"amount":"5"', '"amount":"99999999999999999999.00"', '"amount":NaN',
    '"amount":1e400', '"serial":"S\\u0000"', '"serial":"S\\ud800"', '"serial":{"S\\u0000":1}'])
def test_a_body_that_no_table_holds_is_unread_and_has_a_digest(odd: str) -> None:
    good = message_of(decoded(json.dumps({**HEAD, "body": PAID}).encode()))
    assert not isinstance(good.body, Unread)
    body = json.dumps(PAID)[:-1] + "," + odd + "}"
    message = message_of(decoded((json.dumps(HEAD)[:-1] + f', "body": {body}}}').encode()))
    assert isinstance(message.body, Unread) and len(message.digest) == 64
    assert "\\u0000" not in message.body.model_dump_json()


def test_json_without_an_end_to_its_depth_is_refused() -> None:
    with pytest.raises(OutsideError, match="insurer_nonsense"):
        decoded(b'{"a":' + b"[" * 100_000)


@pytest.mark.parametrize(("status", "later"), [(500, True), (503, True), (429, True), (409, False), (422, False)])
def test_a_status_that_says_not_now_is_no_refusal_of_the_file(status: int, later: bool) -> None:
    assert (down(status) is not None) == later
    sent = dossier("NX-1")
    said: dict[str, JsonValue] = {"fault": "x", "message": "y"}
    answer: dict[str, JsonValue] = {"answers": [{"claim_no": "NX-1", "round": 1, "version": 1, "status": status, "body": said}]}
    if later:
        with pytest.raises(OutsideError, match="insurer_down"):
            receipts_for([sent], answer)
    else:
        [refusal] = receipts_for([sent], answer)
        assert isinstance(refusal, InputError) and refusal.code == "insurer_x"


def test_an_answer_packed_otherwise_than_it_says_is_no_answer(tmp_path: Path) -> None:
    for side in ("office", "insurer"):
        make_pair(tmp_path, side)
    line = httpx.MockTransport(lambda _: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")))
    port = HttpInsurer(url="http://insurer.invalid", office_key=(tmp_path / "office.pem").read_bytes(), post=post_of(tmp_path, "gm"),
                       insurer_public_key=(tmp_path / "insurer.pub.pem").read_bytes(), clock=clock, transport=line)
    with pytest.raises(OutsideError, match="insurer_no_answer"):
        port.status("NX-1")
