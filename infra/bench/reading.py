"""How well papers are read: generated scans through the drawing, the reading machine and the rules, as the flow does it.

`python -m infra.bench.reading` reads eight kinds of sheets, 25 of each, half scanned and half photographed (page at least 900
pixels wide); one in five has the layout that is held out of tuning, if there is one. `--each N` sheets of a kind, `--both` all
of them in both qualities, `--misses` shows every value that was not read as printed. A field counts as read when its value is
the printed one; its box is right when the middle of the printed words lies in it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field

from services.core.identity import check_name
from services.evidence import reader, viewing
from services.evidence.readings import PageRead
from services.evidence.recognition import engine
from services.evidence.recognition.lines import Box
from services.evidence.recognition.vocabulary import SHEETS
from services.simulate.scans import HELD_OUT, LAYOUTS, MIME, Scan, held_out, sheet
from services.storage import service as storage

QUALITIES = ("clean", "phone")
SURE = 0.9                      # confidence from which a value is shown as certain
FIRST_SEED = 7_000              # far from the galleries that rules are tuned on
AIMS = {"clean": 0.99, "phone": 0.97}
_HELD_OUT_EVERY = 5


@dataclass(slots=True)
class Score:
    """Counts of pages and of the fields printed on them. `sure_wrong`: a value that differs, shown as certain."""

    pages: int = 0
    kinds: int = 0
    fields: int = 0
    right: int = 0
    sure: int = 0
    sure_wrong: int = 0
    seals: int = 0
    seals_seen: int = 0
    boxes: int = 0
    boxes_right: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, scan: Scan, read: PageRead, tilt: float) -> None:
        """One page: each printed field against what was read; a field that is not printed there must not be read for certain."""
        self.pages += 1
        self.kinds += read.sheet == scan.sheet
        found = {one.name: one for one in reversed(read.found)} if read.sheet == scan.sheet else {}
        for name, value in scan.truth.items():
            if name == "seal":
                self.seals, self.seals_seen = self.seals + 1, self.seals_seen + ("seal" in found)
                continue
            one = found.get(name)
            right = one is not None and _same(name, one.value, value)
            self._count(right, one.confidence if one else 0.0)
            self.fields += 1
            if right and one and one.box and not read.turned:
                self.boxes, self.boxes_right = self.boxes + 1, self.boxes_right + _in(one.box, _straight(scan, name, tilt))
            if not right:
                said = f"{one.value} ({one.confidence:.2f})" if one else "-"
                self.misses.append(f"{scan.sheet}/{scan.layout}/{scan.quality}/{scan.seed} {name}: {value} read {said}")
        for name in found.keys() - scan.truth.keys() - {"seal"}:
            self._count(False, found[name].confidence)
            self.misses.append(f"{scan.sheet}/{scan.layout}/{scan.quality}/{scan.seed} {name}: nothing read {found[name].value}")

    def _count(self, right: bool, confidence: float) -> None:
        self.right += right
        self.sure += confidence >= SURE
        self.sure_wrong += confidence >= SURE and not right

    def told(self) -> dict[str, float]:
        """Shares for programs and for the table."""
        return {"pages": self.pages, "kind": _share(self.kinds, self.pages), "fields": self.fields, "read": _share(self.right, self.fields),
                "certain": _share(self.sure, self.fields), "certain_wrong": _share(self.sure_wrong, self.fields),
                "boxes": _share(self.boxes_right, self.boxes),
                "seals": _share(self.seals_seen, self.seals)}


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def _same(name: str, read: str, printed: str) -> bool:
    """The written forms compare by their bytes; a name's middle dot has many shapes and one meaning."""
    return read == printed or (name == "name" and check_name(read).text == check_name(printed).text)


def _straight(scan: Scan, name: str, tilt: float) -> tuple[float, float]:
    """Where the middle of a field's box came to lie when the picture was turned clockwise by so many degrees, whole."""
    (wide, tall), box, angle = scan.size, scan.boxes[name], math.radians(tilt)
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = ((box.left + box.right) / 2 - 0.5) * wide, ((box.top + box.bottom) / 2 - 0.5) * tall
    width, height = wide * cos + tall * abs(sin), wide * abs(sin) + tall * cos
    return (x * cos - y * sin) / width + 0.5, (x * sin + y * cos) / height + 0.5


def _in(box: Box, point: tuple[float, float]) -> bool:
    return box.left <= point[0] <= box.right and box.top <= point[1] <= box.bottom


def wanted(each: int, qualities: Sequence[str], first: int = FIRST_SEED) -> list[tuple[str, int, str, str]]:
    """(kind, seed, layout, quality) of every sheet; with two qualities and `each` sheets they take turns."""
    asked = []
    for row, kind in enumerate(SHEETS):
        known = list(LAYOUTS[kind])
        for place in range(each):
            rounds = place // _HELD_OUT_EVERY
            if kind in held_out.LAYOUTS and place % _HELD_OUT_EVERY == _HELD_OUT_EVERY - 1:
                layout, turn = HELD_OUT, rounds + row
            else:
                at = place - rounds if kind in held_out.LAYOUTS else place
                layout, turn = known[at % len(known)], at % len(known) + at // len(known)
            asked.append((kind, first + place, layout, qualities[turn % len(qualities)]))
    return asked


def _drawn(asked: tuple[str, int, str, str]) -> Scan:
    kind, seed, layout, quality = asked
    return sheet(kind, seed, layout=layout, quality=quality)


def scans(asked: Sequence[tuple[str, int, str, str]]) -> list[Scan]:
    """The pictures, drawn by as many processes as there are cores."""
    with ProcessPoolExecutor(engine.processes()) as pool:
        return list(pool.map(_drawn, asked, chunksize=4))


def read(scan: Scan) -> tuple[PageRead, float]:
    """One page from its bytes to its fields: stored, drawn in the confined process, read, sorted into fields; and its tilt."""
    paper = viewing.Undrawn(uuid.uuid4(), storage.put(scan.data), MIME)
    leaf = viewing.draw(paper)[0]
    if leaf.view is None:
        raise SystemExit(f"a scan cannot be drawn: {leaf.fault}")
    page = reader.Leaf(1, leaf.view, leaf.width, leaf.height, straight=False)
    found = reader.read(reader.Unread(paper.id, paper.sha256, MIME, (page,))).pages[0]
    if found.fault:
        raise SystemExit(f"a page cannot be read: {found.fault}")
    return found, leaf.tilt


def measure(drawn: Sequence[Scan]) -> tuple[dict[str, Score], float]:
    """Scores by kind, by quality (layouts that were tuned on), of the layouts held out and in all; pages a second."""
    scores: dict[str, Score] = {name: Score() for name in (*SHEETS, *QUALITIES, HELD_OUT, "all")}
    engine.read(_blank())                        # the processes start before the clock does
    began = time.perf_counter()
    with ThreadPoolExecutor(engine.processes()) as hands:
        for scan, (found, tilt) in zip(drawn, hands.map(read, drawn), strict=True):
            for name in (scan.sheet, HELD_OUT if scan.layout == HELD_OUT else scan.quality, "all"):
                scores[name].add(scan, found, tilt)
    return scores, len(drawn) / (time.perf_counter() - began)


def _blank() -> bytes:
    return storage.get(viewing.draw(viewing.Undrawn(uuid.uuid4(), storage.put(sheet("fire", 1, quality="small").data), MIME))[0].view or "")


def lines(scores: dict[str, Score], rate: float) -> Iterator[str]:
    """The table: a line a kind, then scanned, photographed, held out, all."""
    heads = f"{'pages':>7}{'kind':>8}{'fields':>8}{'read':>8}{'certain':>9}{'certain, wrong':>16}{'boxes':>8}{'seals':>8}"
    yield f"{'papers read by the machine':26}{heads}"
    for name, score in scores.items():
        if not score.pages:
            continue
        told = score.told()
        yield (f"{name.replace('_', ' '):26}{score.pages:7}{told['kind']:8.3f}{score.fields:8}{told['read']:8.4f}{told['certain']:9.3f}"
               f"{told['certain_wrong']:16.4f}{told['boxes']:8.3f}{told['seals']:8.3f}")
    aims = ", ".join(f"{name} {aim}" for name, aim in AIMS.items())
    yield f"aims: {aims}, certain and wrong at most 0.005; {rate * 60:.0f} pages a minute"


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--each", type=int, default=25, help="sheets of each kind")
    parser.add_argument("--both", action="store_true", help="every sheet in both qualities")
    parser.add_argument("--misses", action="store_true", help="show what was not read as printed (known layouts only)")
    given = parser.parse_args()
    asked = [one for turn in ([(one,) for one in QUALITIES] if given.both else [QUALITIES]) for one in wanted(given.each, turn)]
    with tempfile.TemporaryDirectory(prefix="hz") as scratch:
        os.environ |= {"HUZHU_DATA_DIR": scratch, "HUZHU_MODE": "demo", "HUZHU_OCR": "rapidocr"}
        scores, rate = measure(scans(asked))
    if given.json:
        print(json.dumps({"reading": {name: score.told() for name, score in scores.items()}, "pages_a_minute": round(rate * 60, 1)}))
        return
    for line in lines(scores, rate):
        print(line)
    if given.misses:
        for miss in (miss for miss in scores["all"].misses if f"/{HELD_OUT}/" not in miss):
            print(f"  {miss}")


if __name__ == "__main__":
    main()
