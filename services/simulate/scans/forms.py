"""How a fact is printed: the written form of the vocabulary in, what a hospital's or bank's printer makes of it out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal


def _cn(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.year}年{day.month}月{day.day}日"


_FORMS: Mapping[str, Callable[[str], str]] = {
    "": lambda text: text,
    "cn": _cn,                                                                           # 2026年9月30日
    "cn0": lambda text: "{}年{}月{}日".format(*text.split("-")),                           # 2026年09月30日
    "gap": lambda text: "{} 年 {} 月 {} 日".format(*(str(int(part)) for part in text.split("-"))),
    "dot": lambda text: text.replace("-", "."),
    "slash": lambda text: "/".join(str(int(part)) for part in text.split("-")),           # 2026/9/30
    "bare": lambda text: text.replace("-", ""),
    "comma": lambda text: f"{Decimal(text):,.2f}",
    "yen": lambda text: f"¥{text}",
    "yencomma": lambda text: f"￥{Decimal(text):,.2f}",
    "yuan": lambda text: f"{text}元",
    "star": lambda text: f"{text[:6]}********{text[-4:]}",                                # an identity number half hidden
    "groups": lambda text: " ".join(text[at:at + 4] for at in range(0, len(text), 4)),     # 6222 0200 …
    "card": lambda text: f"{text[:6]} {text[6:]}",
    "days": lambda text: f"{text}天",
}


def printed(value: str, form: str) -> str:
    """The printed form. KeyError for a form nobody prints; words that are no date or number stay as they are (长期)."""
    change = _FORMS[form]
    return value if form in ("cn", "cn0", "gap", "slash", "dot") and not value[:1].isdigit() else change(value)


def shifted(day: str, days: int) -> str:
    """A day so many days later, in written form."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
