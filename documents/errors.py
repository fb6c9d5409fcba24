"""Refusals of the letter press. `documents` stands below the services, so it has its own small family."""

from __future__ import annotations


class DocumentError(Exception):
    """A letter was not made.

    `code` is stable, `message` and `remedy` are Chinese sentences for people, `field` names the value to blame
    in dotted form ("payees.0.amount") where one is.
    """

    def __init__(self, code: str, message: str, *, remedy: str = "", field: str | None = None) -> None:
        super().__init__(f"{code}: {message}" + (f"（{remedy}）" if remedy else ""))
        self.code = code
        self.message = message
        self.remedy = remedy
        self.field = field


class UnknownLetter(DocumentError):
    """No letter has this code."""


class ContextError(DocumentError):
    """The context lacks a value, carries an unknown one, or contradicts itself; `field` names it."""


class MissingGlyph(DocumentError):
    """The fonts cannot set every character; `characters` holds those they cannot, each once, in code order."""

    def __init__(self, characters: str) -> None:
        points = "、".join(f"{c}（U+{ord(c):04X}）" for c in characters)
        super().__init__("missing_glyph", f"字库缺少下列字符，文书未生成：{points}",
                         remedy="请核对该字是否录入有误；确为姓名用字的，请安装含该字的字库后重新生成")
        self.characters = characters
