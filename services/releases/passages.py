"""Which passages of letters an office may say in its own words, and within which bounds. Pure, but for what is in force.

Courtesies only. Never an amount, a day, a clause, a reason, a remedy or what the law demands: those are not in the list, and words
that would bring one in are refused. Payload of a release: {"code": a passage, "text": its words}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from services.core.db import driver_cursor
from services.core.errors import InputError
from services.rulebook.values import nearest


@dataclass(frozen=True, slots=True)
class Passage:
    """One replaceable sentence. `letters` it stands in, `shown` what makes their samples have it; `text` is the house's own."""

    code: str
    name: str
    letters: tuple[str, ...]
    text: str
    shown: tuple[tuple[str, bool | None], ...] = ()

    @property
    def end(self) -> str:
        """The mark it ends with: the sentence goes on after a comma, and is over after a full stop."""
        return "，" if self.text.endswith("，") else "。！"


_DIED: tuple[tuple[str, bool | None], ...] = (("person_deceased", True),)
PASSAGES: Mapping[str, Passage] = {one.code: one for one in (
    Passage("receipt.care", "受理回执：对治疗中的会员", ("receipt",),
            "您若正在治疗，请安心休养，所需材料可以委托家人或者所在单位工会代为提交。"),
    Passage("receipt.help", "受理回执：对去世会员的家人", ("receipt",), "办理中有不便之处，可以委托所在单位工会代办。", _DIED),
    Passage("supplement.early", "补充材料一次性告知书：请早日补齐", ("supplement",), "早日补齐，即可早日办结。"),
    Passage("refusal.comfort", "不予给付通知书：对会员和家人", ("refusal",), "我们理解您和家人此时的不易，"),
    Passage("cover_note.wish", "转送保险公司决定的函：祝愿", ("cover_note",), "请安心治疗，祝早日康复！"),
    Passage("payment.wish", "给付到账通知书：祝愿", ("payment",), "祝早日康复，阖家安好！", (("heir", None),)),
    Passage("consolation.sympathy", "慰问金通知书：慰问", ("consolation",), "谨向您和家人致以诚挚的慰问。"),
    Passage("consolation.care", "慰问金通知书：嘱托", ("consolation",), "请安心治疗，遇到困难随时与所在单位工会联系。"),
    Passage("common.mourning", "各种文书：会员去世时的慰问", ("decision", "receipt", "refusal", "refund", "consolation", "cover_note"),
            "谨向您和家人致以深切的慰问。", _DIED))}
SHORTEST, LONGEST = 6, 80
_HAN = re.compile(r"[一-鿿，。、；！“”（）]+")
# What would say an amount, a day, a clause, a right or a duty; a courtesy needs none of it.
_FORBIDDEN = re.compile(
    r"[0-9０-９]|[零〇一二三四五六七八九十百千万两半]+(?=[元角分万亿年月日天份成级条款项])|[元％%]|第[一二三四五六七八九十]|依据|按照|根据|规定|条款|"
    r"给付|赔付|拒付|不予|退还|补偿|金额|期限|逾期|时效|届满|异议|诉讼|仲裁|复议|申诉|起诉|放弃|视为|必须|应当|不得|须在|承诺|保证|责任|决定|无效|生效")


@dataclass(frozen=True, slots=True)
class Worded:
    """A released passage: where and from which day it holds."""

    effective_on: date
    org_key: str
    answered_at: datetime
    code: str
    text: str


def checked(payload: Mapping[str, object]) -> dict[str, object]:
    """The payload as it will be kept. InputError (field "payload.…") with what is wrong."""
    if set(payload) != {"code", "text"}:
        raise _wrong(min(set(payload) ^ {"code", "text"}), "内容的键不对", "应有：code、text")
    code, text = str(payload["code"]), payload["text"]
    if code not in PASSAGES:
        near = nearest(code, list(PASSAGES))
        raise _wrong("code", f"没有可以替换的用语“{code}”", f"最接近的是 {near}" if near else f"可用：{'、'.join(PASSAGES)}")
    if not isinstance(text, str) or not text.strip():
        raise _wrong("text", "没有填写用语", "写一句完整的话")
    return {"code": code, "text": bounded(PASSAGES[code], text.strip())}


def bounded(passage: Passage, text: str) -> str:
    """The words, when they keep to the bounds. InputError `payload.text` says which they do not."""
    if not SHORTEST <= len(text) <= LONGEST:
        raise _wrong("text", f"用语有{len(text)}字", f"写{SHORTEST}至{LONGEST}字")
    if not _HAN.fullmatch(text):
        raise _wrong("text", "用语里有汉字和全角标点以外的字符，或分了段", "只写一段汉字，不写数字、字母、网址和空格")
    found = _FORBIDDEN.search(text)
    if found:
        raise _wrong("text", f"“{found[0]}”不能写进用语：金额、日期、条款、期限和法定的告知事项由系统按规则写出",
                     "只写问候、慰问和便民的话")
    if text[-1] not in passage.end:
        raise _wrong("text", f"用语须以“{'”或“'.join(passage.end)}”结尾",
                     "这一句之后还有下文" if passage.end == "，" else "写成完整的一句")
    return text


_KEPT = "passages_released"        # read once in a transaction
_RELEASED = """
    SELECT r.effective_on, o.org_key, r.answered_at, r.payload ->> 'code', r.payload ->> 'text' FROM release r
    JOIN organisation o ON o.id = r.org_id WHERE r.kind = 'wording' AND r.state = 'released'"""


def released(session: Session) -> tuple[Worded, ...]:
    """Every released passage, also those to come; one that is no longer in the list is left out."""
    kept: tuple[Worded, ...] | None = session.info.get(_KEPT)
    if kept is None:
        rows = driver_cursor(session).execute(_RELEASED).fetchall()
        kept = tuple(Worded(*row) for row in rows if row[3] in PASSAGES)
        session.info[_KEPT] = kept
    return kept


def in_force(found: tuple[Worded, ...], org_key: str, on: date) -> dict[str, Worded]:
    """The words of an organisation's letters on a day, by passage: the latest to take effect, then the nearest."""
    holding = [one for one in found if org_key.startswith(one.org_key) and one.effective_on <= on]
    return {one.code: one for one in sorted(holding, key=lambda one: (one.effective_on, len(one.org_key), one.answered_at))}


def of_letter(words: Mapping[str, Worded], letter: str) -> dict[str, str]:
    """The words that a kind of letter takes."""
    return {code: one.text for code, one in words.items() if letter in PASSAGES[code].letters}


def _wrong(field: str, message: str, remedy: str) -> InputError:
    return InputError("wording_bounds", message, remedy=remedy, field=f"payload.{field}")
