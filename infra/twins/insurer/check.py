"""Strict checks of what the office sends: shape, identity number, digests. Nothing is guessed, nothing ignored."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from infra.twins.insurer.wire import Fault, Json, canonical, sha256

Check = Callable[[object, str], object]
MAGIC = {"application/pdf": b"%PDF-", "image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}
OTHER_MIMES = {"image/tiff", "image/webp", "image/heic"}
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def bad(field: str, expected: str) -> Fault:
    """422 with the field and what was expected."""
    return Fault(422, "invalid", f"{field}：应为{expected}", field)


def text(pattern: str = r".{1,2000}", expected: str = "文字") -> Check:
    """A string that matches the pattern whole."""
    form = re.compile(pattern, re.DOTALL)

    def check(value: object, field: str) -> object:
        if not isinstance(value, str) or not form.fullmatch(value):
            raise bad(field, expected)
        return value
    return check


def one_of(*words: str) -> Check:
    """One of the words."""
    return text("|".join(map(re.escape, words)), "、".join(words) + "之一")


def nullable(check: Check) -> Check:
    """null, or what `check` wants."""
    return lambda value, field: None if value is None else check(value, field)


def number(value: object, field: str) -> object:
    """A whole number from 1."""
    if type(value) is not int or value < 1:
        raise bad(field, "正整数")
    return value


def boolean(value: object, field: str) -> object:
    """true or false."""
    if not isinstance(value, bool):
        raise bad(field, "true 或 false")
    return value


def day(value: object, field: str) -> object:
    """YYYY-MM-DD that exists."""
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            date.fromisoformat(value)
            return value
    except ValueError:
        raise bad(field, "存在的日期") from None
    raise bad(field, "YYYY-MM-DD")


def time(value: object, field: str) -> object:
    """ISO 8601 with offset."""
    try:
        if isinstance(value, str) and datetime.fromisoformat(value).utcoffset() is not None:
            return value
    except ValueError:
        raise bad(field, "带时区的 ISO 8601 时间") from None
    raise bad(field, "带时区的 ISO 8601 时间")


def uuid(value: object, field: str) -> object:
    """A UUID in the usual form."""
    try:
        if isinstance(value, str) and str(UUID(value)) == value:
            return value
    except ValueError:
        raise bad(field, "UUID") from None
    raise bad(field, "UUID")


def record(fields: dict[str, Check], **maybe: Check) -> Check:
    """An object with exactly these keys; those of `maybe` may be absent."""
    def check(value: object, field: str) -> object:
        if not isinstance(value, dict):
            raise bad(field, "对象")
        at = f"{field}." if field else ""
        for name in value:
            if name not in fields and name not in maybe:
                raise Fault(422, "unknown_field", f"多余的键 {at}{name}", f"{at}{name}")
        for name, inner in fields.items():
            if name not in value:
                raise Fault(422, "missing_field", f"缺少 {at}{name}", f"{at}{name}")
            inner(value[name], f"{at}{name}")
        for name in maybe.keys() & value.keys():
            maybe[name](value[name], f"{at}{name}")
        return value
    return check


def listed(inner: Check, *, least: int = 0) -> Check:
    """A list of such."""
    def check(value: object, field: str) -> object:
        if not isinstance(value, list) or len(value) < least:
            raise bad(field, f"至少 {least} 项的列表")
        for index, item in enumerate(value):
            inner(item, f"{field}.{index}")
        return value
    return check


def stay(value: object, field: str) -> object:
    """{days} or {from, to}."""
    if isinstance(value, dict) and "days" in value:
        return record({"days": number})(value, field)
    record({"from": day, "to": day})(value, field)
    if isinstance(value, dict) and str(value["to"]) < str(value["from"]):
        raise bad(f"{field}.to", "不早于入院日的日期")
    return value


def paper(value: object, field: str) -> object:
    """A paper whose bytes have the size, digest and type it says."""
    PAPER(value, field)
    assert isinstance(value, dict)
    try:
        content = base64.b64decode(value["content_base64"], validate=True)
    except ValueError:
        raise bad(f"{field}.content_base64", "base64") from None
    if len(content) != value["size"]:
        raise bad(f"{field}.size", f"{len(content)}")
    if sha256(content) != value["sha256"]:
        raise bad(f"{field}.sha256", "内容的 SHA-256")
    if not content.startswith(MAGIC.get(value["mime"], b"")):
        raise bad(f"{field}.mime", "与内容相符的类型")
    return value


PAPER = record({"kind": text(r"[a-z][a-z0-9_]{1,39}", "材料种类代码"), "sha256": text(r"[0-9a-f]{64}", "SHA-256"),
                "mime": one_of(*MAGIC, *OTHER_MIMES), "size": number, "content_base64": text(r".{1,}", "base64")})
MONEY = text(r"(0|[1-9]\d{0,9})\.\d{2}", "两位小数的金额")
LABEL = text(r"\S[^\n]{0,199}", "一行名称")
STEP = record({"part": text(r"check|total|nothing|line/[a-z0-9_]{1,80}", "步骤所属部分"), "words": text()}, clause=text(), basis=text())
ENVELOPE = {"message_id": uuid, "handoff_id": uuid, "claim_no": text(r"[\w.-]{1,60}", "案件编号"), "round": number,
            "version": number, "kind": text(), "at": time}
DOSSIER = {
    "claim_no": text(), "round": number, "version": number, "plan": text(r"[a-z0-9-]{2,60}", "计划代码"),
    "policy_no": text(r"[\w./-]{1,60}", "保单号"), "package_digest": text(r"[0-9a-f]{64}", "SHA-256"),
    "insured": record({"name": text(r"\S.{0,99}", "姓名"), "id_number": text(r"\d{17}[\dX]", "18 位居民身份证号"),
                       "sex": one_of("F", "M"), "born": day, "phone": nullable(text(r"[\d+ -]{5,20}", "电话号码"))}),
    "event": record({"icd10": text(r"[A-Z]\d{2}(\.[0-9a-z]{1,6})?", "ICD-10 编码"),
                     "behaviour": text(r"\d", "ICD-O-3 行为码"), "specimen_on": day, "diagnosed_on": day,
                     "reported_on": day, "stays": listed(stay)}, hospital=LABEL, disease=LABEL),
    "cover": record({"effective": day, "until": day, "renewal": boolean, "premium_paid": MONEY}, unit=LABEL, endorsement=LABEL),
    "worksheet": record({"rulebook": text(), "outcome": one_of("pay", "nothing", "refund", "manual"), "total": MONEY,
                         "refund": MONEY, "lines": listed(record({"benefit": text(r"[a-z0-9_]{1,80}", "责任代码"),
                                                                  "amount": MONEY, "clause": text()}, name=LABEL))},
                        steps=listed(STEP, least=1)),
    "papers": listed(paper, least=1),
    "consent": record({"purpose": one_of("insurer"), "given_on": day}),
    "payee": record({"name": text(r"\S.{0,99}", "户名"), "bank": text(r"[A-Z][A-Z0-9_]{1,30}", "银行代码"),
                     "account": text(r"\d{8,32}", "账号数字")}, relation=text(r"[a-z_]{1,40}", "关系代码")),
}
REPLY = record({"in_reply_to": uuid, "items": listed(record({
    "code": text(), "text": text(r".{0,4000}"), "unavailable": boolean, "papers": listed(paper)}), least=1)})
RECALL = record({"reason": text()})


def envelope(message: Json, kind: str, body: Check) -> None:
    """The envelope and body of a message of this kind."""
    record({**ENVELOPE, "kind": one_of(kind), "body": body})(message, "")


def dossier(message: Json) -> None:
    """A dossier: its envelope, every field, the identity number, the package digest."""
    envelope(message, "dossier", record(DOSSIER))
    body = message["body"]
    assert isinstance(body, dict)
    for key in ("claim_no", "round", "version"):
        if body[key] != message[key]:
            raise bad(f"body.{key}", "与信封相同")
    _identity(body["insured"])
    if body["cover"]["until"] < body["cover"]["effective"]:
        raise bad("body.cover.until", "不早于生效日的日期")
    manifest = {key: value for key, value in body.items() if key != "package_digest"}
    manifest["papers"] = [{key: value for key, value in item.items() if key != "content_base64"}
                          for item in body["papers"]]
    if sha256(canonical(manifest)) != body["package_digest"]:
        raise bad("body.package_digest", "清单的 SHA-256")


def _identity(insured: Json) -> None:
    """GB 11643: check digit, birth date and sex must fit what the dossier says."""
    id_number = str(insured["id_number"])
    remainder = sum(int(digit) * weight for digit, weight in zip(id_number, WEIGHTS, strict=False)) % 11
    if "10X98765432"[remainder] != id_number[17]:
        raise bad("body.insured.id_number", "校验码正确的身份证号")
    if id_number[6:14] != str(insured["born"]).replace("-", ""):
        raise bad("body.insured.born", "身份证号中的出生日期")
    if (int(id_number[16]) % 2 == 1) != (insured["sex"] == "M"):
        raise bad("body.insured.sex", "身份证号中的性别")
