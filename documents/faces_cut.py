"""Cutting a face to the characters that are wanted, and numbering its glyphs as strict readers look them up."""

from __future__ import annotations

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.reorderGlyphs import reorderGlyphs

DROPPED = ("GSUB", "GPOS", "BASE", "VORG", "vhea", "vmtx", "DSIG", "GDEF", "FFTM")
ASCII = frozenset(range(0x20, 0x7f))
SPACES = frozenset((0x20, 0xa0, 0x3000, *range(0x2000, 0x2010)))


def common() -> set[int]:
    """GB 2312, what stands between, and name characters that are often met outside it."""
    rows = {bytes((high, low)).decode("gb2312", "ignore") for high in range(0xa1, 0xf8) for low in range(0xa1, 0xff)}
    return {ord(char) for char in rows if char} | ASCII | {ord(char) for char in "·—…喆堃珺昇玥祎旻彧赟镕垚翀頔"}


def cut(font: TTFont, points: set[int], *, flat: bool = False) -> None:
    """Keep these characters' glyphs and no others. `flat`: outlines of CFF without subroutines."""
    options = subset.Options(layout_features=[], hinting=False, glyph_names=False, notdef_outline=True, desubroutinize=flat)
    options.drop_tables += list(DROPPED)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=points)
    cutter.subset(font)


def reorder(font: TTFont, names: list[str]) -> None:
    """Put the glyphs in this order; it names every glyph once."""
    if "CFF " not in font:
        reorderGlyphs(font, names)
        return
    top = font["CFF "].cff.topDictIndex[0]
    places = {name: place for place, name in enumerate(font.getGlyphOrder())}
    for name in names:
        top.CharStrings[name]           # read by its old number, before the list that goes by numbers changes
    if hasattr(top, "FDSelect"):
        top.FDSelect.gidArray = [top.FDSelect[places[name]] for name in names]
    top.charset = names
    font.setGlyphOrder(names)


def numbered(font: TTFont) -> bool:
    """Whether character ids are glyph numbers."""
    top = font["CFF "].cff.topDictIndex[0]
    if not hasattr(top, "ROS"):
        return True
    return all(place == 0 or int(name[3:]) == place for place, name in enumerate(font.getGlyphOrder()))


def renumber(font: TTFont) -> None:
    """Character ids equal to glyph numbers: the charset becomes the identity."""
    names = {old: ".notdef" if place == 0 else f"cid{place:05d}" for place, old in enumerate(font.getGlyphOrder())}
    for table in font["cmap"].tables:
        if table.format != 14:
            table.cmap = {point: names[glyph] for point, glyph in table.cmap.items()}
    font["cmap"].tables = [table for table in font["cmap"].tables if table.format != 14]
    font["hmtx"].metrics = {names[glyph]: wide for glyph, wide in font["hmtx"].metrics.items()}
    top = font["CFF "].cff.topDictIndex[0]
    strings = top.CharStrings
    top.charset = [names[glyph] for glyph in top.charset]
    strings.charset = top.charset
    strings.charStrings = {names[glyph]: value for glyph, value in strings.charStrings.items()}
    top.ROS, top.CIDCount = ("Adobe", "Identity", 0), len(names)
    font.setGlyphOrder(list(names.values()))
