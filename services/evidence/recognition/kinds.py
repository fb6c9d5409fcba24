"""Which kind of sheet a page is: its title and the words that such sheets have vote (kinds.toml). Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from services.core.identity import check_identity, luhn
from services.evidence.recognition.lines import Line, Words
from services.evidence.recognition.values import plain

_TABLE = tomllib.loads(Path(__file__).with_name("kinds.toml").read_text(encoding="utf-8"))
_TITLES: dict[str, str] = {sheet: "|".join(names) for sheet, names in _TABLE["titles"].items()}
_SIGNS: dict[str, list[str]] = _TABLE["signs"]
_TITLE, _SIGN, _PROOF, _ENOUGH = 4.0, 1.0, 3.0, 3.0
UNSURE = 0.7            # below it another kind is nearly as likely: fields are offered, none is certain
_LONGEST_TITLE = 34


def kind_of(words: Words) -> tuple[str | None, float]:
    """The kind of sheet and how sure, 0 to 1; (None, 0) when nothing speaks clearly enough."""
    scores = sorted(((_score(sheet, words), sheet) for sheet in _TITLES), reverse=True)
    (best, sheet), (second, _) = scores[0], scores[1]
    if best < _ENOUGH:
        return None, 0.0
    return sheet, round(min(0.99, 0.5 + 0.5 * min(1.0, best / 6) * min(1.0, (best - second) / 3)), 4)


def _score(sheet: str, words: Words) -> float:
    texts = [plain(line.text).replace(" ", "") for line in words.lines]
    pairs = [*zip(words.lines, texts, strict=True), *_torn(words.lines, texts)]
    title = max((_titled(_TITLES[sheet], line, text) for line, text in pairs), default=0.0)
    whole = "\n".join(texts) + "\n" + "".join(texts)      # 民 族 may be two lines
    proof = _PROOF if (sheet == "bank_card" and any(map(_is_card, texts))) or (
        sheet == "id_card" and re.search(r"公民身份号码\D{0,3}\d{6}(?:19|20)", whole)) else 0.0
    return title + proof + sum(_SIGN for sign in _SIGNS[sheet] if re.search(sign, whole))


def _torn(lines: Sequence[Line], texts: Sequence[str]) -> list[tuple[Line, str]]:
    """Titles that a reader took apart, in one row or over two: short neighbours in the head of the page, put together."""
    head = [(line, text) for line, text in zip(lines, texts, strict=True) if line.box.top < 0.4 and len(text) < 16]
    return [(one, text + next_text) for place, (one, text) in enumerate(head) for other, next_text in head[place + 1:place + 4]
            if abs(other.box.top - one.box.top) < 4 * max(one.box.height, other.box.height)]


def _is_card(text: str) -> bool:
    """Whether a card's number stands in a line: its check digit fits, and it is no identity number."""
    return any(luhn(run) and not check_identity(run).valid for run in re.findall(r"(?<!\d)[3-9]\d{15,18}(?!\d)", text.replace("-", "")))


def _titled(title: str, line: Line, text: str) -> float:
    """How much a line speaks as a title: short ones near the top most; the same words deep in a text hardly."""
    found = re.search(title, text)
    if not found:
        return 0.0
    rest = len(text) - len(found.group())
    if len(text) > _LONGEST_TITLE:
        return 0.5
    return _TITLE * (1.0 if line.box.top < 0.4 else 0.6) * (1.0 if rest <= 22 else 0.6)
