"""Which cells of a worksheet are formulas: the reader gives their last shown value and never says so. Nothing is run. Pure."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_FORMULA = re.compile(rb"""<(?:\w+:)?c\b[^<>]*?\br\s*=\s*["']([A-Z]{1,3})(\d{1,7})["'][^<>]*>\s*<(?:\w+:)?f[\s/>]""")
_PIECE, _OVERLAP, _MOST_XML = 1 << 20, 1024, 1 << 20


def formula_cells(content: bytes, sheet: int) -> Iterator[tuple[int, int]]:
    """(row from 1, column from 0) of every formula on the sheet at that place of the workbook, top to bottom."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        part = _part(archive, sheet)
        if part is None:
            return
        seen, tail = (0, -1), b""
        with archive.open(part) as file:
            while piece := file.read(_PIECE):
                text = tail + piece
                if b"<f" in text or b":f" in text:
                    for letters, digits in _FORMULA.findall(text):
                        place = (int(digits), _number(letters))
                        if place > seen:
                            seen = place
                            yield place
                tail = text[-_OVERLAP:]


def _part(archive: zipfile.ZipFile, sheet: int) -> str | None:
    """The sheet's file inside the workbook, by way of its relations."""
    book, relations = _xml(archive, "xl/workbook.xml"), _xml(archive, "xl/_rels/workbook.xml.rels")
    if book is None or relations is None:
        return None
    sheets = [node for node in book.iter() if node.tag.endswith("}sheet")]
    wanted = sheets[sheet].get(_REL) if sheet < len(sheets) else None
    for relation in relations:
        if relation.get("Id") == wanted:
            target = relation.get("Target", "")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            return part if part in archive.namelist() else None
    return None


def _xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element | None:
    try:
        if archive.getinfo(name).file_size > _MOST_XML:
            return None
        return ElementTree.fromstring(archive.read(name))
    except (KeyError, ElementTree.ParseError):
        return None


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1
