"""Quality: a sample of decisions drawn by a stored seed, checked one by one by people who had no part in them."""

from __future__ import annotations

import secrets
import uuid
from datetime import date
from decimal import Decimal

from fastapi import Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.access.actor import OFFICE, Role
from services.core.errors import HuzhuError, NotFound
from services.review import sampling
from services.web.claim_words import DECISIONS
from services.web.door import Pages
from services.web.menu import Item
from services.web.visit import Visit

pages = Pages()
DRAWERS = frozenset({Role.SENIOR_REVIEWER, Role.HEAD})
READERS = OFFICE | {Role.AUDITOR}


class Draw(BaseModel):
    """Which decisions, how many, by which seed."""

    from_on: date
    until_on: date
    share: Decimal = Field(gt=0, le=100)
    seed: str = Field(max_length=80)


@pages.get("/samples", roles=READERS, menu=Item(60, "质检"))
def samples(visit: Visit) -> Response:
    """The samples drawn, and drawing one."""
    return _samples(visit)


def _samples(visit: Visit, problem: HuzhuError | None = None) -> Response:
    rows = visit.read(lambda session: sampling.samples(session))
    return visit.page("samples.html", problem=problem, rows=rows, may=visit.actor.has(*DRAWERS), seed=secrets.token_hex(8))


@pages.post("/samples", roles=DRAWERS)
def draw(visit: Visit) -> Response:
    """The same seed over the same decisions draws the same sample."""
    def verb(session: Session) -> str:
        asked = visit.filled(Draw)
        return str(sampling.draw(session, from_on=asked.from_on, until_on=asked.until_on, share=asked.share, seed=asked.seed,
                                 actor=visit.actor, now=visit.now).id)
    return visit.attempt(verb, again=lambda problem: _samples(visit, problem), then=lambda made: f"/samples/{made}", done="drawn")


@pages.get("/samples/{sample_id}", roles=READERS)
def sample(visit: Visit, sample_id: str) -> Response:
    """Its items, what was found, and whether it can be drawn again the same."""
    return _sample(visit, sample_id)


def _sample(visit: Visit, sample_id: str, problem: HuzhuError | None = None, *, at: str = "") -> Response:
    key = _id(sample_id)
    found = visit.read(lambda session: sampling.result(session, sample_id=key, actor=visit.actor))
    again = visit.read(lambda session: sampling.redraw(session, sample_id=key)) if "again" in visit.query else None
    return visit.page("sample.html", problem=problem, found=found, again=again, findings=sampling.FINDINGS, kinds=DECISIONS,
                      may=visit.actor.has(*OFFICE), at=at)


@pages.post("/samples/{sample_id}/items/{item_id}", roles=OFFICE)
def finding(visit: Visit, sample_id: str, item_id: str) -> Response:
    """What the check of one decision found."""
    return visit.attempt(
        lambda session: sampling.record_finding(session, item_id=_id(item_id), finding=visit.field("finding"),
                                                note=visit.field("note") or None, actor=visit.actor, now=visit.now),
        again=lambda problem: _sample(visit, sample_id, problem, at=item_id), then=f"/samples/{sample_id}", done="kept")


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("sample_missing", "没有这一样本，或不在您的管辖范围内", remedy="回到质检一览") from None
