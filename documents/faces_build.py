"""The faces of letters, made once at set-up: `python -m documents.faces_build [--office FOLDER]`.

Each face gets the same height (880 above, 120 below the line), so that a character from another face never moves its line;
glyph numbers equal to character ids, because a strict reader looks glyphs up by id; and no character whose outline is blank.
Fandol comes from Debian's texlive-lang-chinese, unpacked without installing; where it is not to be had, Noto stands in.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fontTools.pens.boundsPen import ControlBoundsPen
from fontTools.ttLib import TTCollection, TTFont

from documents import faces_common
from documents.faces import COMMON_FOLDER, FOLDER, LIST
from documents.faces_cut import ASCII, DROPPED, SPACES, common, cut, numbered, renumber

PACKAGE = "texlive-lang-chinese"
FANDOL = Path("usr/share/texlive/texmf-dist/fonts/opentype/public/fandol")
ASCENT, DESCENT = 880, -120
# By role: what an office may lay into its folder, the file of Fandol, and the file and name of Noto that stands in.
SERIF, BOLD, SANS = ("NotoSerifCJK-Light.ttc", "NotoSerifCJK-Regular.ttc"), ("NotoSerifCJK-Bold.ttc",), ("NotoSansCJK-Regular.ttc",)
ROLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "latin": ("", "FandolSong-Regular.otf", SERIF),
    "fang": ("fangsong", "FandolFang-Regular.otf", SERIF),
    "kai": ("kaiti", "FandolKai-Regular.otf", SERIF),
    "hei": ("heiti", "FandolHei-Regular.otf", SANS),
    "song": ("songti", "FandolSong-Regular.otf", SERIF),
    "title": ("xiaobiaosong", "", BOLD),
    "rare": ("", "", SERIF), "rarehei": ("", "", SANS), "raretitle": ("", "", BOLD),
}


def build(target: Path, office: Path | None) -> list[str]:
    """Make all faces in `target` unless this recipe made them there. Returns the roles in which Noto stands in."""
    digest = _digest(office)
    if (target / LIST).exists():
        made = json.loads((target / LIST).read_text("utf-8"))
        if made["digest"] == digest and not made["stand_ins"]:
            return []
    with tempfile.TemporaryDirectory() as scratch:
        fandol = _fandol(Path(scratch))
        sources = {role: _source(role, fandol, office) for role in ROLES}
        stand_ins = [role for role in ("fang", "kai", "hei", "song") if sources[role][0].name.startswith("Noto")]
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as fresh:
            faces = {role: _make(role, *source, Path(fresh)) for role, source in sources.items()}
            listed = {"digest": digest, "stand_ins": stand_ins, "faces": faces}
            (Path(fresh) / LIST).write_text(json.dumps(listed, ensure_ascii=False), "utf-8")
            Path(fresh).chmod(0o755)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(fresh, target)
    return stand_ins


def _fandol(scratch: Path) -> Path | None:
    installed = Path("/") / FANDOL
    if installed.is_dir():
        return installed
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return None
    scratch.chmod(0o755)        # apt's own user reads and writes here
    lists = scratch / "lists"
    (lists / "partial").mkdir(parents=True)
    own = ["-o", f"Dir::State::Lists={lists}"]      # needs no root, and is there where an image was made without lists
    for steps in ([["download", PACKAGE]], [[*own, "update"], [*own, "download", PACKAGE]]):
        try:
            for step in steps:
                subprocess.run(["apt-get", "-qq", *step], cwd=scratch, check=True, capture_output=True, timeout=600)
            package = next(scratch.glob(f"{PACKAGE}_*.deb"))
            subprocess.run(["dpkg", "-x", str(package), str(scratch / "open")], check=True, capture_output=True)
            break
        except (subprocess.SubprocessError, StopIteration):
            continue
    folder = scratch / "open" / FANDOL
    return folder if folder.is_dir() else None


def _source(role: str, fandol: Path | None, office: Path | None) -> tuple[Path, int]:
    """The file a role is made of, and the face's place in it."""
    own, ours, stand_ins = ROLES[role]
    if office is not None and own:
        for path in sorted(office.iterdir()):
            if path.stem.lower() == own and path.suffix.lower() in (".ttf", ".otf"):
                return path, 0
    if fandol is not None and ours:
        return fandol / ours, 0
    for name in stand_ins:
        found = _installed(name)
        if found is not None:
            wanted = name.removesuffix(".ttc").replace("CJK-", "CJKsc-")
            names = [face["name"].getDebugName(6) for face in TTCollection(str(found), lazy=True).fonts]
            return found, names.index(wanted)
    raise SystemExit(f"no face for {role}: please install fonts-noto-cjk (looked for {', '.join(stand_ins)})")


def _installed(name: str) -> Path | None:
    found = subprocess.run(["fc-list", "--format", "%{file}\n"], capture_output=True, text=True, check=True).stdout.split("\n")
    return next((Path(line) for line in sorted(found) if Path(line).name == name), None)


def _digest(office: Path | None) -> str:
    seen = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(office.iterdir()) if office is not None else ():
        seen.update(path.name.encode() + path.read_bytes())
    return seen.hexdigest()


def _make(role: str, path: Path, number: int, target: Path) -> dict[str, object]:
    font = TTFont(str(path), fontNumber=number, lazy=True, recalcBBoxes=False)
    points = {point for point in font.getBestCmap() if _chinese(point)}
    if role == "latin":
        points &= ASCII
    elif role == "title" and path.name.startswith("Noto"):
        points &= common()     # the whole face costs each letter 40 ms; the rest of it follows as `raretitle`
    points -= _blank(font, points)
    if role == "latin" or (role == "title" and path.name.startswith("Noto")):
        cut(font, points)
    for table in DROPPED:
        if table in font:
            del font[table]
    family = f"Letter {role.capitalize()}"
    _level(font)
    _rename(font, family)
    _keep(font, points)
    if "CFF " in font and not numbered(font):
        renumber(font)
    name = f"{role}{'.otf' if 'CFF ' in font else '.ttf'}"
    font.save(target / name)
    units, metrics, cmap = font["head"].unitsPerEm, font["hmtx"].metrics, font.getBestCmap()
    widths = {point: round(metrics[glyph][0] / units, 4) for point, glyph in cmap.items()}
    return {"file": name, "family": family, "source": path.name, "cover": list(_ranges(sorted(widths))),
            "widths": {chr(point): width for point, width in sorted(widths.items()) if width != 1}}


def _chinese(point: int) -> bool:
    """Han characters, Latin letters, signs; not Hangul and other scripts that the Noto faces carry along."""
    return point < 0x1100 or 0x2000 <= point < 0x3130 or 0x3200 <= point < 0xa000 or 0xf900 <= point < 0xfb00 or point >= 0xfe30


def _blank(font: TTFont, points: set[int]) -> set[int]:
    """Characters that a face claims to have and draws as nothing."""
    cmap, glyphs, empty = font.getBestCmap(), font.getGlyphSet(), set()
    if "CFF " in font:
        strings = font["CFF "].cff.topDictIndex[0].CharStrings
        short = {p for p in points if len(strings[cmap[p]].bytecode or b"") < 12}
    else:
        short = {p for p in points if font["glyf"][cmap[p]].numberOfContours == 0}
    for point in short - SPACES:
        pen = ControlBoundsPen(glyphs)
        glyphs[cmap[point]].draw(pen)
        if pen.bounds is None:
            empty.add(point)
    return empty


def _keep(font: TTFont, points: set[int]) -> None:
    for table in font["cmap"].tables:
        if table.isUnicode() and table.format != 14:
            table.cmap = {point: glyph for point, glyph in table.cmap.items() if point in points}


def _level(font: TTFont) -> None:
    units, head, style = font["head"].unitsPerEm, font["hhea"], font["OS/2"]
    up, down = round(ASCENT * units / 1000), round(DESCENT * units / 1000)
    head.ascent, head.descent, head.lineGap = up, down, 0
    style.sTypoAscender, style.sTypoDescender, style.sTypoLineGap = up, down, 0
    style.usWinAscent, style.usWinDescent = up, -down
    style.fsSelection = (style.fsSelection & ~0x21) | (0xc0 if style.version >= 4 else 0x40)
    style.usWeightClass = 400
    font["head"].macStyle = 0


def _rename(font: TTFont, family: str) -> None:
    plain = family.replace(" ", "")
    font["name"].names = [row for row in font["name"].names if row.nameID not in (1, 2, 3, 4, 6, 16, 17, 21, 22, 25)]
    for number, words in ((1, family), (2, "Regular"), (3, plain), (4, family), (6, plain)):
        font["name"].setName(words, number, 3, 1, 0x409)
    if "CFF " in font:
        font["CFF "].cff.fontNames = [plain]


def _ranges(points: list[int]) -> Iterator[tuple[int, int]]:
    first = last = points[0]
    for point in points[1:]:
        if point != last + 1:
            yield first, last
            first = point
        last = point
    yield first, last


def main() -> None:
    """Build the faces and say in which roles Noto stands in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--office", type=Path, help="folder with fangsong, kaiti, heiti, songti, xiaobiaosong as .ttf or .otf")
    given = parser.parse_args()
    stand_ins = build(FOLDER, given.office)
    faces_common.build(FOLDER, COMMON_FOLDER)
    if stand_ins:
        sys.stderr.write(
            f"Fandol was not found (Debian: apt-get download {PACKAGE}); Noto CJK stands in for: {', '.join(stand_ins)}. "
            "Licensed faces may be laid into a folder named by HUZHU_FACES; then run this again.\n")


if __name__ == "__main__":
    main()
