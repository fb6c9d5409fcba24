"""Invoices as pictures for the tests of the ledger: one drawn page, taken by a scanner or a telephone, whole or with a digit altered."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from functools import lru_cache

from PIL import Image

from services.simulate.scans import LAYOUTS
from services.simulate.scans.canvas import Page
from services.simulate.scans.facts import facts_for
from services.simulate.scans.wear import QUALITIES, worn

HOSPITAL: Mapping[str, str] = {"hospital": "银川示例人民医院", "code": "64060125"}


def facts(n: int, **other: str) -> dict[str, str]:
    """What stands on the invoice numbered `n`, of one hospital."""
    return {**facts_for("invoice", random.Random(f"invoice {n}")), **HOSPITAL, **other}


def drawn(n: int, *, layout: str = "outpatient", **other: str) -> Image.Image:
    """The invoice as it was printed."""
    write, size = LAYOUTS["invoice"][layout]
    page = Page(facts(n, **other), frozenset(), random.Random(n), scale=1.0, size=size)
    write(page)
    return page.image


def taken(page: Image.Image, seed: int, quality: str = "phone") -> Image.Image:
    """The page under a scanner or a telephone; another seed takes it anew."""
    chance, how = random.Random(seed), QUALITIES[quality]
    wide = chance.randrange(max(900, how.widths[0]), min(1400, how.widths[1]))
    picture, _ = worn(page.resize((wide, round(page.height * wide / page.width)), Image.Resampling.LANCZOS), how, chance)
    return picture


def saved(picture: Image.Image, form: str = "WEBP") -> bytes:
    """As a view (WEBP) or as somebody hands it in (JPEG)."""
    buffer = io.BytesIO()
    picture.save(buffer, form, quality=78)
    return buffer.getvalue()


@lru_cache(maxsize=32)
def view(n: int, seed: int, quality: str = "phone", layout: str = "outpatient", amount: str = "") -> bytes:
    """A view of an invoice; `amount` alters one field of the printed page."""
    other = {"amount": amount} if amount else {}
    return saved(taken(drawn(n, layout=layout, **other), seed, quality))
