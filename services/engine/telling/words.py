"""Facts, diseases, numbers and clauses in the words people read: one place for worksheet and explanation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from services.core.money import round_line, show
from services.core.words import date_cn
from services.rulebook.facts import FACTS
from services.rulebook.forms import CHOICES
from services.rulebook.schema import RuleBook
from services.rulebook.values import Span

# What the worksheet calls a fact that has no paper of its own but another fact's.
DERIVED: Mapping[str, str] = {"event.stays.days": "event.stays", "event.stays.from": "event.stays",
                              "person.age": "person.born"}

_VALUES: Mapping[str, str] = {
    **CHOICES, "F": "女", "M": "男", "employee": "职工本人", "wife": "男职工的配偶", "child": "子女",
    "normal": "一般会员", "model_worker": "劳模", "specially_poor": "特困职工", "hardship": "困难职工"}

_BEHAVIOURS: Mapping[str, str] = {"0": "良性", "1": "交界性或性质未定", "2": "原位癌", "3": "恶性，原发", "6": "恶性，继发（转移）",
                                  "9": "恶性，原发或继发未定"}

# The diseases of the women's plans by ICD-10 code, as members call them.
_DISEASES: Mapping[str, str] = {
    "C50": "乳腺癌", "C51": "外阴癌", "C52": "阴道癌", "C53": "子宫颈癌", "C54": "子宫体癌", "C55": "子宫癌", "C56": "卵巢癌",
    "C57": "女性生殖器官恶性肿瘤",
    "C57.0": "输卵管癌", "C58": "绒毛膜癌", "C79.6": "卵巢继发性恶性肿瘤", "D05": "乳腺原位癌", "D06": "子宫颈原位癌",
    "D07": "女性生殖器官原位癌", "D39.1": "卵巢交界性肿瘤", "D39.2": "恶性葡萄胎"}

_BY_SEVERITY: Mapping[str, str] = {"severe": "重度疾病", "light": "轻度疾病", "in_situ": "原位癌", "malignant": "恶性肿瘤"}


def label(fact: str) -> str:
    """The Chinese name of a fact."""
    return "疾病" if fact == "list" else FACTS[fact].label


def plain(number: Decimal) -> str:
    """A rate of the file as written on a page: 100, 80.55."""
    return f"{number.normalize():f}" if number == number.to_integral_value() else f"{number:f}"


def percent(rate: Decimal) -> str:
    """0.20 → 20%."""
    return f"{plain((rate * 100).normalize())}%"


def yuan(amount: Decimal) -> str:
    """100900.00元; parts of a fen, which only an unrounded step has, as they are."""
    return f"{show(amount) if amount == round_line(amount) else plain(amount.normalize())}元"


def shown(fact: str, value: object) -> str:
    """A fact's value as people write it; 未申报 when it is not stated."""
    if value is None or value == ():
        return "未申报"
    if isinstance(value, tuple | list):
        return "、".join(shown(fact, item) for item in value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return date_cn(value)
    unit = FACTS[fact].unit if fact in FACTS else "number"
    if isinstance(value, Decimal | int):
        return yuan(Decimal(value)) if unit == "yuan" else f"{value}天" if unit == "days" else f"{value}"
    if fact == "event.behaviour":
        return f"{value}（{_BEHAVIOURS[str(value)]}）" if str(value) in _BEHAVIOURS else str(value)
    return f"每年{value}元档" if fact == "cover.tier" else _VALUES.get(str(value), str(value))


def any_of(fact: str, values: Iterable[str]) -> str:
    """The values a condition allows."""
    return "或".join({"true": "是", "false": "否"}.get(value) or shown(fact, value) for value in values)


def days_of(span: Span) -> str:
    """1..30 → 第1天至第30天."""
    if span.high is None:
        return f"第{span.low}天以后"
    return f"第{span.low or 1}天至第{span.high}天" if span.low != span.high else f"第{span.low}天"


def disease_name(icd10: str) -> str:
    """C50.900 → 乳腺癌; empty for a code outside the table."""
    return _DISEASES.get(icd10[:5]) or _DISEASES.get(icd10[:3], "")


def disease(named: object, icd10: object, behaviour: object, severity: object = None) -> str:
    """The disease as the diagnosis names it, else by its code; a code outside the table stands for itself.

    Where neither is stated, only its severity is known.
    """
    if named:
        return str(named)
    code, sign = str(icd10 or ""), str(behaviour or "")
    if not code:
        return _BY_SEVERITY.get(str(severity), "所申报的疾病")
    name = disease_name(code)
    # Another behaviour than the code's own chapter is no longer that disease: the signs stand for themselves.
    usual = "6" if code.startswith("C79") else {"C": "3", "D0": "2"}.get(code[:1] if code[:1] == "C" else code[:2], sign)
    if name:
        return name if sign in ("", usual) else f"疾病（编码{code}，性质码{sign}）"
    return f"疾病（编码{code}）"


_TITLE = re.compile(r"《[^》]+》")
_ARTICLE = re.compile(r"^第[一二三四五六七八九十百\d]+[条款项章]")
_DOCUMENT = re.compile(r"(第[一二三四五六七八九十百\d]+[条款项章])|(办法|手册|表|承诺|时限|通例|权限)$")
_NUMBERED = re.compile(r"^[一二三四五六七八九十]+、")
_SEED = re.compile(r"\bseed \d+\s*")


def cite(book: RuleBook, clause: str) -> str:
    """A clause with its document: 《关爱女职工“安康保”管理办法》第五条、第八条. Without a clause, the document.

    Words that name no document, and a book whose source has no 《》, are quoted as they stand.
    """
    title = _TITLE.search(book.source)
    words = _SEED.sub("", clause).strip()
    if not words:
        return title[0] if title else book.source
    if "《" in words:
        return words
    if title and _ARTICLE.match(words):
        return f"{title[0]}{words}"
    named = _shared(title[0], words) if title else ""
    if title and named:
        return title[0] + _quoted(words[len(named):].strip())
    head, _, rest = words.partition(" ")
    if title and f"》{head}" in book.source:
        return f"{title[0]}{head}{_quoted(rest)}"
    if title and rest and _bare(head) in _bare(title[0]):
        return title[0] + _quoted(rest)
    return head + _quoted(rest) if rest else words if _DOCUMENT.search(words) else f"规定{_quoted(words)}"


def _shared(title: str, words: str) -> str:
    """The document's short name at the head of a clause: 手册 of 《…宣传手册》."""
    name = title.strip("《》")
    return next((name[-size:] for size in range(len(name), 1, -1) if words.startswith(name[-size:])), "")


def _bare(words: str) -> str:
    return re.sub(r"[《》“”‘’\s]", "", words)


def _quoted(words: str) -> str:
    if not words or _ARTICLE.match(words) or _NUMBERED.match(words):
        return words
    return f"“{words.replace('“', '‘').replace('”', '’')}”"
