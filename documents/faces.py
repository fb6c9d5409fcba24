"""The faces of letters as they were built at set-up: which characters each has, how wide they are, how CSS names them."""

from __future__ import annotations

import bisect
import hashlib
import json
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from documents.errors import DocumentError, MissingGlyph

# Beside the installed packages: made once for them, and not among the data that a demonstration wipes.
FOLDER = Path(sys.prefix) / "share" / "huzhu" / "faces"
LIST = "faces.json"
COMMON_FOLDER = FOLDER.with_name("faces-common")
COMMON = "common.json"
CHAINS = {"body": ("latin", "fang", "rare"), "kai": ("kai", "rare"), "hei": ("hei", "rarehei"),
          "title": ("title", "raretitle"), "song": ("song", "rare")}


@dataclass(frozen=True, slots=True)
class Face:
    """One face. `starts` and `ends` bound the runs of characters it has; `widths` in em of those not one em wide."""

    role: str
    family: str
    path: Path
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    widths: dict[str, float] = field(hash=False)

    def has(self, char: str) -> bool:
        """Whether the face draws this character."""
        place = bisect.bisect_right(self.starts, ord(char)) - 1
        return place >= 0 and ord(char) <= self.ends[place]


@cache
def faces() -> dict[str, Face]:
    """All faces by role. DocumentError when set-up has not built them."""
    path = FOLDER / LIST
    if not path.exists():
        raise DocumentError("no_faces", "文书的字库还没有建立", remedy="请运行 make setup（或 python -m documents.faces_build）")
    listed = json.loads(path.read_text("utf-8"))["faces"]
    return {role: Face(role, one["family"], FOLDER / one["file"], tuple(a for a, _ in one["cover"]),
                       tuple(b for _, b in one["cover"]), one["widths"]) for role, one in listed.items()}


@cache
def width(char: str, chain: str = "body") -> float:
    """Advance in em. A character that no face of the chain has counts as one; `require` names it."""
    for role in CHAINS[chain]:
        face = faces()[role]
        if face.has(char):
            return face.widths.get(char, 1.0)
    return 1.0


def measure(text: str, chain: str = "body") -> float:
    """Width of a text on one line, in em."""
    return sum(width(char, chain) for char in text)


@cache
def _covered(char: str, chain: str) -> bool:
    return char.isspace() or any(faces()[role].has(char) for role in CHAINS[chain])


def require(text: str, chain: str = "body") -> None:
    """Raise MissingGlyph naming the characters of `text` that no face of the chain draws."""
    absent = {char for char in set(text) if not _covered(char, chain)}
    if absent:
        raise MissingGlyph("".join(sorted(absent)))


@dataclass(frozen=True, slots=True)
class Common:
    """The faces cut to common characters: files by role, and the characters that each of them has."""

    files: dict[str, Path] = field(hash=False)
    chars: frozenset[str]

    def sets(self, text: str) -> bool:
        """Whether a letter of these characters can be set with these faces alone, each from the face the whole ones would give."""
        return self.chars.issuperset(text.translate(_BREAKS))


_BREAKS = dict.fromkeys(map(ord, "\t\r\n"))


@cache
def common() -> Common | None:
    """The common faces; None where set-up has not made them of the faces that are there now."""
    path = COMMON_FOLDER / COMMON
    if not path.exists():
        return None
    listed = json.loads(path.read_text("utf-8"))
    if listed["of"] != digest(FOLDER / LIST):
        return None
    return Common({role: COMMON_FOLDER / name for role, name in listed["files"].items()}, frozenset(listed["chars"]))


def digest(path: Path) -> str:
    """Digest of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def css(cut: Common | None = None) -> str:
    """@font-face rules of all faces, or of the common ones; letter.css names them by family."""
    files = cut.files if cut else {role: face.path for role, face in faces().items()}
    return "\n".join(f'@font-face {{ font-family: "{faces()[role].family}"; src: url({path.as_uri()}) }}' for role, path in files.items())
