"""The insurer over HTTP. Nothing here tries again: the flow does, with the same message."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from urllib.parse import quote

import httpx
from pydantic import JsonValue

from services.core.errors import InputError, OutsideError, Unauthenticated
from services.insurer.adapters import signing
from services.insurer.adapters.reading import (
    content,
    decoded,
    down,
    in_order,
    message_of,
    nonsense,
    of_day,
    read,
    receipt_for,
    receipts_for,
    refused,
)
from services.insurer.dossier import Answers, Dossier, Recall, Receipt, Status
from services.insurer.messages import InboundMessage
from services.insurer.package import build
from services.insurer.port import SignedAnswer
from services.insurer.post import Post
from services.insurer.statement import Statement
from services.insurer.wire import canonical


class HttpInsurer:
    """The `Insurer` port over HTTPS: what goes out is a sealed container, every request and answer is signed.

    `url` is the insurer's base address, `office_key` and `insurer_public_key` are PEM bytes, `post` seals, `clock` gives the
    business time that goes into signatures, `timeout` is in seconds for connecting and for each read.
    """

    def __init__(self, *, url: str, office_key: bytes, insurer_public_key: bytes, post: Post,
                 clock: Callable[[], datetime], office_key_id: str = "office", insurer_key_id: str = "insurer", timeout: float = 10.0,
                 transport: httpx.BaseTransport | None = None) -> None:
        self._post_box = post
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
        """Hand a dossier over, as a sealed package."""
        return self._post(_dossier_path(dossier.claim_no), dossier, "dossier")

    def send_batch(self, dossiers: Sequence[Dossier]) -> list[Receipt | InputError]:
        """Hand several dossiers over in one sealed package."""
        container = self._post_box.seal(build(dossiers, self._post_box.suite))
        return receipts_for(dossiers, self._call("POST", "/v1/batches", container))

    def reply(self, answers: Answers) -> Receipt:
        """Answer a question."""
        return self._post(f"{_dossier_path(answers.claim_no)}/replies", answers, "reply")

    def recall(self, recall: Recall) -> Receipt:
        """Ask for the dossier back."""
        return self._post(f"{_dossier_path(recall.claim_no)}/recall", recall, "recall")

    def status(self, claim_no: str) -> Status:
        """Where the insurer stands with a claim."""
        return read(Status, self._call("GET", _dossier_path(claim_no), b""))

    def statement(self, day: date) -> Statement:
        """The insurer's list of a day."""
        return of_day(day, self._call("GET", f"/v1/statement?day={day.isoformat()}", b""))

    def messages(self, after: int) -> list[InboundMessage]:
        """The next page of messages with `seq > after`."""
        answer = self._call("GET", f"/v1/messages?after={after:d}", b"")
        listed = answer.get("messages")
        if not isinstance(listed, list):
            raise nonsense("messages")
        return in_order(after, [message_of(item) for item in listed])

    def verify(self, headers: Mapping[str, str], method: str, path: str, body: bytes) -> InboundMessage:
        """The message of a webhook; `Unauthenticated` for a stranger's, `InputError` for an unreadable one."""
        self._verified(headers, method, path, body)
        try:
            return message_of(decoded(body))
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

    def _post(self, path: str, message: Dossier | Answers | Recall, kind: str) -> Receipt:
        container = self._post_box.seal(content(message, kind, self._post_box.suite))
        return receipt_for(message, kind, self._call("POST", path, container))

    def _call(self, method: str, path: str, body: bytes) -> dict[str, JsonValue]:
        target, nonce = self._base_path + path, secrets.token_hex(16)
        headers = {signing.HEADER: self._signature(method, target, nonce, body), "Content-Type": "application/octet-stream"}
        try:
            response = self._client.request(method, path, content=body, headers=headers)
        except httpx.RequestError as error:       # also an answer packed as it does not say
            raise OutsideError("insurer_no_answer", f"保险公司接口没有回答：{type(error).__name__}",
                               remedy="稍后重发同一条消息，重复无害") from error
        self._check_answer(response, f"{method} {response.status_code}", target, nonce)
        answer = decoded(response.content)
        if response.status_code != httpx.codes.OK:
            raise refused(answer)
        return answer

    def _check_answer(self, response: httpx.Response, method: str, target: str, nonce: str) -> None:
        """An answer counts, also as a refusal, only when the insurer signed it for this very request."""
        status = response.status_code
        if later := down(status):
            raise later
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
