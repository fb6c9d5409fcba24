"""The insurer over HTTP. Nothing here tries again: the flow does, with the same message."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import JsonValue, ValidationError

from services.core.errors import InputError, OutsideError, Unauthenticated
from services.insurer.adapters import signing
from services.insurer.dossier import Answers, Dossier, Recall, Receipt, Status
from services.insurer.messages import InboundMessage
from services.insurer.port import SignedAnswer
from services.insurer.wire import Head, Value, canonical

_RETRY_STATUS = frozenset({408, 425, 429})
_V = TypeVar("_V", bound=Value)


class HttpInsurer:
    """The `Insurer` port over HTTPS with JSON signed both ways.

    `url` is the insurer's base address, `office_key` and `insurer_public_key` are PEM bytes, `clock` gives the
    business time that goes into signatures, `timeout` is in seconds for connecting and for each read.
    """

    def __init__(self, *, url: str, office_key: bytes, insurer_public_key: bytes, clock: Callable[[], datetime],
                 office_key_id: str = "office", insurer_key_id: str = "insurer", timeout: float = 10.0,
                 transport: httpx.BaseTransport | None = None) -> None:
        self._key = signing.private_key(office_key)
        self._their_key = signing.public_key(insurer_public_key)
        self._key_id, self._their_key_id, self._clock = office_key_id, insurer_key_id, clock
        self._base_path = httpx.URL(url).path.rstrip("/")
        self._client = httpx.Client(base_url=url, timeout=timeout, transport=transport, trust_env=False,
                                    follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, dossier: Dossier) -> Receipt:
        """Hand a dossier over."""
        receipt = self._post("/v1/dossiers", dossier, "dossier", dossier.body())
        if receipt.digest != dossier.package_digest:
            raise OutsideError("insurer_nonsense", "保险公司的回执与所发案卷不符", remedy="稍后重发同一份案卷")
        return receipt

    def reply(self, answers: Answers) -> Receipt:
        """Answer a question."""
        return self._post(f"{_dossier_path(answers.claim_no)}/replies", answers, "reply", answers.body())

    def recall(self, recall: Recall) -> Receipt:
        """Ask for the dossier back."""
        return self._post(f"{_dossier_path(recall.claim_no)}/recall", recall, "recall", recall.body())

    def status(self, claim_no: str) -> Status:
        """Where the insurer stands with a claim."""
        return _read(Status, self._call("GET", _dossier_path(claim_no), b""))

    def messages(self, after: int) -> list[InboundMessage]:
        """The next page of messages with `seq > after`."""
        answer = self._call("GET", f"/v1/messages?after={after:d}", b"")
        listed = answer.get("messages")
        if not isinstance(listed, list):
            raise _nonsense("messages")
        messages = [_read(InboundMessage, item) for item in listed]
        sequence = [after, *(message.seq for message in messages)]
        if any(later <= earlier for earlier, later in pairwise(sequence)):
            raise _nonsense("seq")
        return messages

    def verify(self, headers: Mapping[str, str], method: str, path: str, body: bytes) -> InboundMessage:
        """The message of a webhook; `Unauthenticated` for a stranger's, `InputError` for an unreadable one."""
        self._verified(headers, method, path, body)
        try:
            return _read(InboundMessage, _decoded(body))
        except OutsideError as error:
            raise InputError(error.code, error.message, remedy=error.remedy, field=error.field) from error

    def answer(self, headers: Mapping[str, str], method: str, path: str, *, status: int,
               body: JsonValue) -> SignedAnswer:
        """Sign our answer to the webhook that came with `headers`."""
        try:
            nonce = signing.parse(headers)[0].nonce
        except signing.SignatureInvalid:
            nonce = "-"
        text = canonical(body)
        header = self._signature(f"{method} {status}", path, nonce, text)
        return SignedAnswer(status, text, {signing.HEADER: header, "Content-Type": "application/json"})

    def _post(self, path: str, head: Head, kind: str, body: dict[str, JsonValue]) -> Receipt:
        envelope: dict[str, JsonValue] = {
            "message_id": str(head.message_id), "handoff_id": str(head.handoff_id), "claim_no": head.claim_no,
            "round": head.round, "version": head.version, "at": head.at.isoformat(), "kind": kind, "body": body}
        receipt = _read(Receipt, self._call("POST", path, canonical(envelope)))
        if (receipt.claim_no, receipt.round, receipt.version, receipt.kind) != (head.claim_no, head.round,
                                                                                head.version, kind):
            raise _nonsense("receipt")
        return receipt

    def _call(self, method: str, path: str, body: bytes) -> dict[str, JsonValue]:
        target, nonce = self._base_path + path, secrets.token_hex(16)
        headers = {signing.HEADER: self._signature(method, target, nonce, body), "Content-Type": "application/json"}
        try:
            response = self._client.request(method, path, content=body, headers=headers)
        except httpx.TransportError as error:
            raise OutsideError("insurer_no_answer", f"保险公司接口没有回答：{type(error).__name__}",
                               remedy="稍后重发同一条消息，重复无害") from error
        self._check_answer(response, f"{method} {response.status_code}", target, nonce)
        answer = _decoded(response.content)
        if response.status_code != httpx.codes.OK:
            raise _refused(answer)
        return answer

    def _check_answer(self, response: httpx.Response, method: str, target: str, nonce: str) -> None:
        """An answer counts, also as a refusal, only when the insurer signed it for this very request."""
        status = response.status_code
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in _RETRY_STATUS:
            raise OutsideError("insurer_down", f"保险公司接口暂不可用（HTTP {status}）", remedy="稍后重发同一条消息")
        try:
            signed = signing.verify(self._their_key, self._their_key_id, headers=response.headers, method=method,
                                    target=target, body=response.content)
        except signing.SignatureInvalid as error:
            raise OutsideError("insurer_signature", f"保险公司的回答签名不符（HTTP {status}）",
                               remedy="稍后重发；屡次如此，请核对 insurer.pub.pem 与网络线路") from error
        if signed.nonce != nonce:
            raise OutsideError("insurer_signature", "保险公司的回答属于另一次请求", remedy="稍后重发同一条消息")

    def _verified(self, headers: Mapping[str, str], method: str, path: str, body: bytes) -> None:
        try:
            signing.verify(self._their_key, self._their_key_id, headers=headers, method=method, target=path, body=body)
        except signing.SignatureInvalid as error:
            raise Unauthenticated("insurer_signature", "消息签名不符，未予接收", remedy="核对双方公钥后重发") from error

    def _signature(self, method: str, target: str, nonce: str, body: bytes) -> str:
        return signing.sign(self._key, self._key_id, method=method, target=target, nonce=nonce, body=body,
                            ts=self._clock().isoformat())


def _dossier_path(claim_no: str) -> str:
    return f"/v1/dossiers/{quote(claim_no, safe='')}"


def _nonsense(field: str) -> OutsideError:
    return OutsideError("insurer_nonsense", f"保险公司的消息不合接口约定：{field}", remedy="请联系保险公司接口负责人",
                        field=field)


def _decoded(body: bytes) -> dict[str, JsonValue]:
    try:
        value: JsonValue = json.loads(body)
    except ValueError as error:
        raise _nonsense("body") from error
    if not isinstance(value, dict):
        raise _nonsense("body")
    return value


def _read(kind: type[_V], value: JsonValue) -> _V:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise _nonsense(f"{field}（{first['msg']}）" if field else first["msg"]) from error
    except InputError as error:
        raise _nonsense(error.message) from error


def _refused(answer: dict[str, JsonValue]) -> InputError:
    fault, text, field = answer.get("fault"), answer.get("message"), answer.get("field")
    return InputError(f"insurer_{fault}", f"保险公司拒收：{text}", remedy="按提示更正后作为新版本再送",
                      field=field if isinstance(field, str) else None)
