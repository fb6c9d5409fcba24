"""The languages of the pages: Chinese is what is written, every other one is a folder of `locale/` with .po files.

A third language is one more folder and one more line in LANGUAGES; `direction` turns the layout for right-to-left.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from services.core.clock import CHINA

LOCALE = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the pages. `tag` stands in the html element (BCP 47), `name` is written in itself."""

    code: str
    tag: str
    name: str
    locale: str
    direction: Literal["ltr", "rtl"] = "ltr"

    @property
    def words(self) -> NullTranslations:
        """Its catalogue; that of Chinese is empty, because the texts are written in it."""
        return _catalogue(self.code)

    def say(self, text: str, **values: object) -> str:
        """A sentence of the pages in this language, with its values filled in."""
        said = self.words.gettext(text)
        return said.format(**values) if values else said

    def day(self, day: date | None) -> str:
        """2026年3月12日, or 12 March 2026; empty without a day."""
        return format_date(day, "long", locale=self.locale) if day else ""

    def moment(self, at: datetime | None) -> str:
        """A day and time of day in China; empty without one."""
        return format_datetime(at.astimezone(CHINA), "medium", locale=self.locale) if at else ""


LANGUAGES = {"zh": Language("zh", "zh-CN", "中文", "zh_Hans_CN"), "en": Language("en", "en", "English", "en_GB")}
CHINESE = LANGUAGES["zh"]


def language_of(asked: str | None, kept: str | None, accepted: str) -> Language:
    """What the reader chose now, or before, or what the browser prefers first; Chinese when in doubt."""
    for wish in (asked, kept, accepted.split(",")[0]):
        found = LANGUAGES.get((wish or "").strip().lower().partition("-")[0])
        if found:
            return found
    return CHINESE


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(code: str) -> NullTranslations:
    files = sorted((LOCALE / code).glob("*.po"))
    if not files:
        return NullTranslations()
    whole = Translations()
    for file in files:
        compiled = io.BytesIO()
        with file.open("rb") as written:
            write_mo(compiled, read_po(written, locale=code))
        compiled.seek(0)
        whole.merge(Translations(compiled))
    return whole


Say = Callable[..., str]


def N_(text: str) -> str:  # noqa: N802 — the catalogue tools' own name
    """A text of a table, said later: marks it for the catalogues and gives it as it is."""
    return text
