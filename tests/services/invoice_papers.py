"""Invoices as pictures for the tests of the ledger: one drawn page, taken by a scanner or a telephone, whole or with a digit altered."""

from __future__ import annotations

import io
import random
import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from PIL import Image
from sqlmodel import Session

from services.evidence import readings
from services.evidence.readings import PageRead, PaperRead
from services.evidence.recognition.lines import Box, Found
from services.models import Claim, Paper, PaperPage
from services.simulate.scans import LAYOUTS
from services.simulate.scans.canvas import Page
from services.simulate.scans.facts import facts_for
from services.simulate.scans.wear import QUALITIES, worn
from services.storage import service as storage

SUM_BOX = Box(0.7, 0.6, 0.9, 0.66)
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


def hand_in(session: Session, claim_id: uuid.UUID, content: bytes, n: int, now: datetime, *, kind: str = "receipts",
            read: bool = True, **said: str) -> uuid.UUID:
    """A paper with one page, drawn, and what was read on it: invoice `n` but for what is `said` otherwise."""
    claim = session.get_one(Claim, claim_id)
    sha256 = storage.put(content)
    paper = Paper(org_key=claim.org_key, claim_id=claim_id, kind=kind, sha256=sha256, mime="image/webp", size=len(content),
                  file_name="发票.jpg", uploaded_at=now, pages=1)
    session.add(paper)
    session.flush()
    session.add(PaperPage(org_key=claim.org_key, paper_id=paper.id, number=1, view_sha256=sha256, width=900, height=600))
    if read:
        values = {name: facts(n)[name] for name in ("code", "number", "issued_on", "amount")} | said
        found = tuple(Found(1, name, value, 0.97, SUM_BOX if name == "amount" else None) for name, value in values.items())
        readings.keep(session, [PaperRead(paper.id, "text", "", (PageRead(1, "text", "invoice", found),))], now=now)
    session.flush()
    return paper.id
