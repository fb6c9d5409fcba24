"""The one value form: a constant, a fact, a named or in-place table, a list [first, later], a product.

The loader hands over the file's own text, so a number is never a float on its way to Decimal.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from services.rulebook.facts import FACTS, full_name

Origin = Literal["seed", "clause", "promise", "law", "ours", "association", "web", "reading", "UNVERIFIED"]


def listed(raw: object) -> object:
    """A scalar stands for a list of one; lists become tuples."""
    if isinstance(raw, str):
        return (raw,)
    return tuple(raw) if isinstance(raw, list) else raw


Words = Annotated[tuple[str, ...], BeforeValidator(listed)]

# Beyond these no sum, stay, span of days or age of a plan is real.
MOST, MOST_DAYS = Decimal(10) ** 12, 36_600


def written(raw: object) -> str:
    """A value of the file as its author wrote it: `[a, b]`, `{a: 1}`, without a programmer's quotes."""
    if isinstance(raw, dict):
        return "{" + ", ".join(f"{key}: {written(value)}" for key, value in raw.items()) + "}"
    return "[" + ", ".join(written(item) for item in raw) + "]" if isinstance(raw, list | tuple) else str(raw)


def _name(raw: object) -> object:
    if isinstance(raw, str) and not raw.strip():
        raise ValueError("不能为空")
    return raw


Name = Annotated[str, BeforeValidator(_name)]


def read_day(raw: object) -> date:
    """A day as written, `2026-03-01`. ValueError for anything else, so that no number becomes a day."""
    if type(raw) is date:
        return raw
    if isinstance(raw, str) and re.fullmatch(r"(19|20|21)\d\d-\d\d-\d\d", raw):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            raise ValueError(f"“{raw}”没有这一天") from None
    raise ValueError(f"“{written(raw)}”不是日期，应为 YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(read_day)]


class Frozen(BaseModel):
    """Base of every part of a rule-book: immutable, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Sourced(Frozen):
    """A number or rule with the clause it stands in, where it comes from and the readings it rests on."""

    clause: str = ""
    origin: Origin = "seed"
    read: Words = ()


def punctuation(word: str) -> str:
    """Why a word that should be a key holds its value too; empty when it does not."""
    if re.search(r"[：，｛｝［］]", word):
        return "用了全角标点，改为半角，冒号后空一格"
    return "冒号后要空一格" if re.match(r"[A-Za-z_.]+:.", word) else ""


def nearest(word: str, known: object) -> str:
    """The nearest known word, or an empty string."""
    names = [str(name) for name in known] if isinstance(known, list | tuple | dict | set | frozenset) else []
    found = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return found[0] if found else ""


def _fact_name(raw: str) -> str:
    name = full_name(raw)
    if name not in FACTS:
        near = nearest(raw, list(FACTS))
        raise ValueError(f"不认识的事实“{raw}”" + (f"，最接近的是 {near}" if near else ""))
    return name


FactName = Annotated[str, BeforeValidator(_fact_name)]


class Const(Frozen):
    """A number as written in the file."""

    number: Decimal


class FactRef(Frozen):
    """A fact of the computation; a missing amount counts as absent, not as zero."""

    fact: FactName


class Each(Frozen):
    """Per element of a list: the first, and every later one."""

    first: Decimal
    later: Decimal


class Table(Sourced):
    """A number by the value of a fact; without `otherwise` an unlisted value is an error."""

    by: FactName
    cases: dict[str, Const | Each]
    otherwise: Const | Each | None = None


class Product(Frozen):
    """A share of another amount: `{take: event.pool_fund_paid, times: 0.20}`; no element of it is a list."""

    take: Value
    times: Value


_PLAIN = re.compile(r"[-+]?([0-9]+(\.[0-9]{0,6})?|\.[0-9]{1,6})")


def read_number(raw: object) -> Decimal:
    """A number as written: from 0 to a million million, at most six decimals. ValueError for anything else."""
    text = str(raw) if isinstance(raw, Decimal | int) else written(raw)
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"“{text}”不是数{_hint(text)}")
    number = Decimal(text)
    if number < 0:
        raise ValueError(f"“{text}”不对：这里的数不能是负数")
    if number > MOST:
        raise ValueError(f"“{text}”太大，最多一万亿")
    return number


def _hint(text: str) -> str:
    """What somebody who wrote this probably meant."""
    bare = re.sub(r"[,，_ ]", "", text)
    if bare != text and _PLAIN.fullmatch(bare):
        return f"：不写千分位，写成 {bare}"
    narrow = unicodedata.normalize("NFKC", text)
    if narrow != text and _PLAIN.fullmatch(narrow):
        return f"：数字用半角，写成 {narrow}"
    if text.endswith(("%", "％")) and _PLAIN.fullmatch(text[:-1]):
        return f"：百分数写成小数 {Decimal(text[:-1]) / 100}"
    if text.endswith(("万", "万元", "元", "天", "日")):
        return "：只写数字，不写单位"
    if text == ".inf":
        return "：.inf 只能作各段（slices）的最后一个上限"
    return "，最多六位小数" if re.fullmatch(r"[-+]?[0-9]*\.[0-9]+", text) else ""


def read_bound(raw: object) -> Decimal:
    """The bound of a slice: a number, or `.inf` for none."""
    return Decimal("Infinity") if str(raw) in (".inf", "Infinity") else read_number(raw)


Number = Annotated[Decimal, BeforeValidator(read_number)]


def _leaf(raw: object) -> Const | Each:
    if isinstance(raw, list):
        if len(raw) != 2:
            raise ValueError(f"“{written(raw)}”不对，列表值要写成 [首次, 以后每次]")
        return Each(first=read_number(raw[0]), later=read_number(raw[1]))
    return Const(number=read_number(raw))


_TABLE_KEYS = {"by", "else", "clause", "origin", "read"}


def _table(raw: dict[str, object]) -> Table:
    cases = {str(key): _leaf(value) for key, value in raw.items() if key not in _TABLE_KEYS}
    otherwise = _leaf(raw["else"]) if "else" in raw else None
    if not cases and otherwise is None:
        raise ValueError("表里没有一个值")
    source = {key: raw[key] for key in ("clause", "origin", "read") if key in raw}
    return Table.model_validate({"by": raw["by"], "cases": cases, "otherwise": otherwise, **source})


def read_value(raw: object) -> object:
    """The file's text, list or mapping to one of the value forms."""
    if isinstance(raw, Frozen):
        return raw
    if isinstance(raw, dict):
        if "by" in raw:
            return _table(raw)
        if set(raw) == {"take", "times"}:
            return Product.model_validate(raw)
        raise ValueError("值要写成数、事实、表 {by: …} 或 {take: …, times: …}")
    if raw == "":
        raise ValueError("没有写值")
    if isinstance(raw, str) and not re.fullmatch(r"[-+]?(\d|\.\d|\.inf).*", raw):
        return FactRef(fact=raw)
    return _leaf(raw)


Value = Annotated[Const | FactRef | Each | Table | Product, BeforeValidator(read_value)]


class Span(Frozen):
    """Whole numbers from `low` to `high`, both included: `1..30`, `61..`, `..60`."""

    low: int | None = None
    high: int | None = None

    def holds(self, number: int) -> bool:
        """Whether the number lies in the span."""
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


def _span(raw: object) -> object:
    if not isinstance(raw, str):
        return raw
    found = re.fullmatch(r"([0-9]{0,12})\.\.([0-9]{0,12})", raw)
    if not found or raw == "..":
        raise ValueError(f"“{raw}”不是范围，要写成 1..30、61.. 或 ..60")
    low, high = (int(part) if part else None for part in found.groups())
    if low is not None and high is not None and low > high:
        raise ValueError(f"范围“{raw}”的起点大于终点")
    return Span(low=low, high=high)


Range = Annotated[Span, BeforeValidator(_span)]


def _at_most(raw: object, most: int, unit: str) -> object:
    span = _span(raw)
    if isinstance(span, Span) and max(span.low or 0, span.high or 0) > most:
        raise ValueError(f"范围“{written(raw)}”超过 {most} {unit}")
    return span


DayRange = Annotated[Span, BeforeValidator(lambda raw: _at_most(raw, MOST_DAYS, "天"))]
AgeRange = Annotated[Span, BeforeValidator(lambda raw: _at_most(raw, 150, "岁"))]


class Condition(Frozen):
    """One condition: the fact is one of `any_of`, or lies in `span`, or is merely stated (`present`)."""

    fact: str
    any_of: tuple[str, ...] = ()
    span: Range | None = None
    present: bool = False


def _conditions(raw: object) -> object:
    """`{list: breast, band: full, severity: [light]}` to tests; all must hold."""
    if not isinstance(raw, dict):
        return raw
    return tuple(_condition(str(key), value) for key, value in raw.items())


def _condition(key: str, raw: object) -> Condition:
    fact = key if key == "list" else _fact_name(key)
    if raw == "present":
        return Condition(fact=fact, present=True)
    if isinstance(raw, str) and ".." in raw:
        return Condition.model_validate({"fact": fact, "span": raw})
    if isinstance(raw, str):
        return Condition(fact=fact, any_of=(raw,))
    if isinstance(raw, list) and raw and all(isinstance(item, str) for item in raw):
        return Condition(fact=fact, any_of=tuple(raw))
    raise ValueError(f"条件 {key} 要写成值、值的列表或范围")


When = Annotated[tuple[Condition, ...], BeforeValidator(_conditions)]

Product.model_rebuild()
