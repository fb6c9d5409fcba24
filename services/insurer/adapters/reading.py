"""What both adapters read and write alike: envelopes, receipts, refusals."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import TypeVar

from pydantic import JsonValue, ValidationError

from services.core.errors import InputError, OutsideError
from services.insurer.dossier import Answers, Dossier, Recall, Receipt
from services.insurer.messages import InboundMessage, Unread
from services.insurer.package import build
from services.insurer.statement import Statement
from services.insurer.suites import Suite
from services.insurer.wire import Head, Value, canonical

_V = TypeVar("_V", bound=Value)
_OK, _OUR_FAULT_ENDS = 200, 500
_TRY_AGAIN = frozenset({408, 425, 429})
_NO_LETTER = re.compile(r"[\x00\ud800-\udfff]")


def content(message: Dossier | Answers | Recall, kind: str, suite: Suite) -> bytes:
    """What is sealed: the package of a dossier, the canonical envelope of anything else. The same message, the same bytes."""
    return build([message], suite) if isinstance(message, Dossier) else canonical(envelope(message, kind, message.body()))


def envelope(head: Head, kind: str, body: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """A message of the office."""
    return {"message_id": str(head.message_id), "handoff_id": str(head.handoff_id), "claim_no": head.claim_no,
            "round": head.round, "version": head.version, "at": head.at.isoformat(), "kind": kind, "body": body}


def receipt_for(message: Dossier | Answers | Recall, kind: str, answer: JsonValue) -> Receipt:
    """The insurer's receipt, when it is for this very message."""
    receipt = read(Receipt, answer)
    if (receipt.claim_no, receipt.round, receipt.version, receipt.kind) != (message.claim_no, message.round,
                                                                            message.version, kind):
        raise nonsense("receipt")
    digest = message.package_digest if isinstance(message, Dossier) else hashlib.sha256(canonical(message.body())).hexdigest()
    if receipt.digest != digest:
        raise OutsideError("insurer_nonsense", "保险公司的回执与所发案卷不符", remedy="稍后重发同一份案卷")
    return receipt


def receipts_for(dossiers: Sequence[Dossier], answer: Mapping[str, JsonValue]) -> list[Receipt | InputError]:
    """What the insurer says to each dossier of a batch, in the dossiers' order: its receipt, or its refusal."""
    listed = answer.get("answers")
    if not isinstance(listed, list) or len(listed) != len(dossiers):
        raise nonsense("answers")
    said = {(item.get("claim_no"), item.get("round"), item.get("version")): item for item in listed if isinstance(item, dict)}
    return [_said(dossier, said.get((dossier.claim_no, dossier.round, dossier.version))) for dossier in dossiers]


def _said(dossier: Dossier, item: dict[str, JsonValue] | None) -> Receipt | InputError:
    if item is None or not isinstance(status := item.get("status"), int) or not isinstance(body := item.get("body"), dict):
        raise nonsense(f"answers {dossier.claim_no}")
    if later := down(status):
        raise later
    return receipt_for(dossier, "dossier", body) if status == _OK else refused(body)


def of_day(day: date, answer: JsonValue) -> Statement:
    """The list, when it is that day's and a table can hold its letters."""
    if _kept(answer) != answer:
        raise nonsense("positions（字符无法保存）")
    statement = read(Statement, answer)
    if statement.day != day:
        raise nonsense("day")
    return statement


def in_order(after: int, messages: list[InboundMessage]) -> list[InboundMessage]:
    """The page, when its numbers rise from `after`."""
    sequence = [after, *(message.seq for message in messages)]
    if any(later <= earlier for earlier, later in pairwise(sequence)):
        raise nonsense("seq")
    return messages


def message_of(value: JsonValue) -> InboundMessage:
    """A message of the insurer. One whose head holds but whose body is not what its kind promises is `Unread`: it must be kept, or
    nothing after its number would ever be heard. So is one with letters or numbers that no table holds, without them.
    """
    if (kept := _kept(value)) != value and isinstance(kept, dict):
        return _unread(kept, nonsense("body（字符无法保存）"))
    try:
        return read(InboundMessage, value)
    except OutsideError as error:
        if not isinstance(value, dict):
            raise
        return _unread(value, error)


def _kept(value: JsonValue) -> JsonValue:
    """The value with a mark for each zero and each half of a pair of UTF-16, and with numbers that are none as words."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str):
        return _NO_LETTER.sub("\ufffd", value)
    if isinstance(value, list):
        return [_kept(item) for item in value]
    return {_NO_LETTER.sub("\ufffd", name): _kept(item) for name, item in value.items()} if isinstance(value, dict) else value


def _unread(value: Mapping[str, JsonValue], why: OutsideError) -> InboundMessage:
    try:
        return InboundMessage.model_validate({**value, "body": Unread(fault=why.message[:500], said=value.get("body"))})
    except ValidationError:
        raise why from None


def nonsense(field: str) -> OutsideError:
    """The insurer said what its protocol does not know."""
    return OutsideError("insurer_nonsense", f"保险公司的消息不合接口约定：{field}", remedy="请联系保险公司接口负责人", field=field)


def decoded(body: bytes) -> dict[str, JsonValue]:
    """A JSON object."""
    try:
        value: JsonValue = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise nonsense("body") from error
    if not isinstance(value, dict):
        raise nonsense("body")
    return value


def read(kind: type[_V], value: JsonValue) -> _V:
    """A value of the protocol."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise nonsense(f"{field}（{first['msg']}）" if field else first["msg"]) from error
    except InputError as error:
        raise nonsense(error.message) from error


def down(status: int) -> OutsideError | None:
    """The error of a status that says not now: the same message may be taken later."""
    if status < _OUR_FAULT_ENDS and status not in _TRY_AGAIN:
        return None
    return OutsideError("insurer_down", f"保险公司接口暂不可用（状态 {status}）", remedy="稍后重发同一条消息")


def refused(answer: dict[str, JsonValue]) -> InputError:
    """The insurer's refusal as our error."""
    fault, text, field = answer.get("fault"), answer.get("message"), answer.get("field")
    return InputError(f"insurer_{fault}", f"保险公司拒收：{text}", remedy="按提示更正后作为新版本再送",
                      field=field if isinstance(field, str) else None)
