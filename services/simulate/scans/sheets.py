"""One sheet as it comes in: kind, seed, layout and quality in, a picture with its truth out.

The same arguments give the same bytes (of one version of Pillow and of the fonts).
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from services.evidence.recognition.lines import Box
from services.evidence.recognition.vocabulary import SHEETS
from services.simulate.scans import (
    fresh,
    held_out,
    identity,
    loose,
    medical,
    more_bank_card,
    more_diagnosis,
    more_discharge,
    more_fire,
    more_id_card,
    more_invoice,
    more_pathology,
    more_settlement,
    receipts,
    second,
    stays,
    third,
)
from services.simulate.scans.canvas import Look, Page
from services.simulate.scans.facts import facts_for
from services.simulate.scans.wear import QUALITIES, Warp, worn

Layout = tuple[Callable[[Page], None], tuple[int, int]]
HELD_OUT = "held_out"
_TIGHT: Mapping[str, Mapping[str, Layout]] = {**identity.LAYOUTS, **medical.LAYOUTS, **stays.LAYOUTS, **receipts.LAYOUTS}
_MORE: Mapping[str, Mapping[str, Layout]] = {"diagnosis": more_diagnosis.LAYOUTS, "pathology": more_pathology.LAYOUTS,
                                            "discharge": more_discharge.LAYOUTS, "id_card": more_id_card.LAYOUTS,
                                            "settlement": more_settlement.LAYOUTS, "invoice": more_invoice.LAYOUTS,
                                            "fire": more_fire.LAYOUTS, "bank_card": more_bank_card.LAYOUTS}
LAYOUTS: Mapping[str, Mapping[str, Layout]] = {
    kind: {**known, **loose.LAYOUTS.get(kind, {}), **_MORE.get(kind, {}),
           **fresh.LAYOUTS.get(kind, {}), **second.LAYOUTS[kind], **third.LAYOUTS[kind]} for kind, known in _TIGHT.items()}
MIME = "image/jpeg"


@dataclass(frozen=True, slots=True)
class Scan:
    """A picture and what is true of it: written values by field, and their boxes (fractions of the picture). `width`: the page's pixels."""

    sheet: str
    layout: str
    quality: str
    seed: int
    data: bytes = field(repr=False)
    size: tuple[int, int]
    width: int
    truth: Mapping[str, str]
    boxes: Mapping[str, Box]


def sheet(kind: str, seed: int, *, layout: str = "", quality: str = "clean", facts: Mapping[str, str] | None = None,
          foot: str = "") -> Scan:
    """A scan of a sheet. `layout` empty: one of the first four, by the seed; `facts` in written form replace the invented ones;
    `foot` is printed pale at the foot.

    KeyError for a kind, layout or quality that nobody drew.
    """
    chance = random.Random(f"{kind} {seed} {layout}")
    name = layout or list(LAYOUTS[kind])[seed % 4]
    write, size = held_out.LAYOUTS[kind] if name == HELD_OUT else LAYOUTS[kind][name]
    taken = QUALITIES[quality]
    hurt = random.Random(f"{kind} {seed} {name} {quality}")
    wide = hurt.randrange(taken.widths[0], taken.widths[1] + 1)
    names = frozenset(spec.name for spec in SHEETS[kind].fields)
    page = Page({**facts_for(kind, chance), **(facts or {})}, names, chance, scale=wide / size[0], size=size)
    write(page)
    if foot:
        page.text(0, size[1] - 70, foot, Look("hei", 26, (190, 190, 190)), width=size[0], align="middle")
    picture, warp = worn(page.image, taken, hurt)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=hurt.randrange(*taken.jpeg))
    boxes = {field: _box(edges, page.scale, warp, picture.size) for field, edges in page.edges.items()}
    return Scan(kind, name, quality, seed, out.getvalue(), picture.size, wide, dict(page.truth), boxes)


def _box(edges: tuple[float, float, float, float], scale: float, warp: Warp, size: tuple[int, int]) -> Box:
    left, top, right, bottom = (edge * scale for edge in edges)
    points = [warp(x, y) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]
    across, down = ([min(1.0, max(0.0, point[axis] / size[axis])) for point in points] for axis in (0, 1))
    return Box(min(across), min(down), max(across), max(down))
