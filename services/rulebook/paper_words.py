"""What each kind of paper is in plain words: what, where to get it, what must be seen on it (tables/papers.yaml). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import yaml

_FILE = Path(__file__).parent / "tables" / "papers.yaml"
LANGUAGES = ("zh", "en")            # the order of the words in the file


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence in each language."""

    zh: str
    en: str

    def within(self, language: str) -> str:
        """In that language, else in Chinese."""
        return self.en if language == "en" else self.zh


@dataclass(frozen=True, slots=True)
class PaperWords:
    """One kind of paper. `sample` names its picture; empty without one."""

    what: Told
    where: Told
    see: Told
    sample: str = ""


@lru_cache(maxsize=1)
def paper_words() -> Mapping[str, PaperWords]:
    """By kind. ValueError for a file that does not hold together."""
    rows: dict[str, dict[str, object]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return MappingProxyType({kind: _words(kind, rows[str(row["like"])] if "like" in row else row) for kind, row in rows.items()})


def _words(kind: str, row: Mapping[str, object]) -> PaperWords:
    def told(name: str) -> Told:
        pair = row.get(name)
        if not isinstance(pair, list) or len(pair) != len(LANGUAGES) or not all(isinstance(text, str) and text.strip() for text in pair):
            raise ValueError(f"tables/papers.yaml: {kind}.{name}")
        return Told(*pair)
    return PaperWords(told("what"), told("where"), told("see"), str(row.get("sample", "")))
