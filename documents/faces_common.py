"""The faces cut to common characters, those that letters use most first: made at set-up beside the whole ones.

A letter embeds a few hundred glyphs. Finding them in a face of ten or thirty thousand takes longer than in one of seven thousand,
and what is embedded reaches as far as the highest glyph number used; so the characters of our own letters get the lowest ones. A
letter with any other character is set with the whole faces (`render`): the same outlines and widths, so the same picture.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from fontTools.ttLib import TTFont

from documents.faces import COMMON, LIST, digest
from documents.faces_cut import ASCII, SPACES, common, cut, numbered, renumber, reorder

ROLES = ("latin", "fang", "kai", "hei", "song", "title")
WORDS = Path(__file__).parent
_LEVELS = ((0xa1, 0xaa), (0xb0, 0xd8), (0xd8, 0xf8))        # GB 2312: signs, first level, second level


def build(whole: Path, target: Path) -> None:
    """Cut the faces of `whole` into `target`, unless they were cut so already."""
    order = wanted()
    of, recipe = digest(whole / LIST), digest(Path(__file__)) + hashlib.sha256(order.encode()).hexdigest()
    if (target / COMMON).exists():
        made = json.loads((target / COMMON).read_text("utf-8"))
        if (made.get("of"), made.get("recipe")) == (of, recipe):
            return
    files = {role: whole / one["file"] for role, one in json.loads((whole / LIST).read_text("utf-8"))["faces"].items()}
    with tempfile.TemporaryDirectory(dir=whole.parent) as scratch:
        fresh = Path(scratch) / "faces"
        fresh.mkdir()
        with ProcessPoolExecutor(2) as pool:
            making = {role: pool.submit(_make, files[role], fresh, order) for role in ROLES}
            had = {role: one.result() for role, one in making.items()}
        every = set.intersection(*(set(chars) for role, chars in had.items() if role != "latin"))
        listed = {"of": of, "recipe": recipe, "files": {role: files[role].name for role in ROLES}, "chars": "".join(sorted(every))}
        (fresh / COMMON).write_text(json.dumps(listed, ensure_ascii=False), "utf-8")
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)


def wanted() -> str:
    """The characters in the order of their glyphs: what templates, samples and messages of letters hold, the most frequent first."""
    counted: Counter[str] = Counter()
    for path in sorted(WORDS.rglob("*")):
        if path.suffix in (".html", ".json", ".css", ".py"):
            counted.update(path.read_text("utf-8"))
    ours = [char for char, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0])) if ord(char) in common()]
    levels = [bytes((high, low)).decode("gb2312", "ignore") for first, end in _LEVELS for high in range(first, end)
              for low in range(0xa1, 0xff)]
    rest = map(chr, sorted(ASCII | SPACES | common()))
    return "".join(dict.fromkeys(char for char in (*map(chr, sorted(ASCII)), *ours, *levels, *rest) if char))


def _make(path: Path, target: Path, order: str) -> str:
    """One face; gives the characters it has."""
    font = TTFont(str(path), lazy=True, recalcTimestamp=False, recalcBBoxes=False)
    points = font.getBestCmap()
    chars = [char for char in order if ord(char) in points]
    cut(font, {ord(char) for char in chars}, flat=True)
    points = font.getBestCmap()
    first = [font.getGlyphOrder()[0], *(points[ord(char)] for char in chars)]
    reorder(font, list(dict.fromkeys([*first, *font.getGlyphOrder()])))
    if "CFF " in font and not numbered(font):
        renumber(font)
    font.save(target / path.name)
    return "".join(chars)
