"""A claim whose papers were drawn and read, without a machine: what stands on a page is laid in as a reading is."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import col, select

from services.evidence import readings, viewing
from services.evidence.readings import FieldView, PageRead, PaperRead
from services.evidence.recognition.lines import Box, Found
from services.models import Paper
from tests.services.api_world import Api
from tests.support.paper_files import page, saved
from tests.support.world import ROOT

# A pathology report as a machine reads it: one value far from sure, one place without a box.
PATHOLOGY: Mapping[str, tuple[str, float]] = {
    "name": ("示例会员", 0.99), "hospital": ("示例医院", 0.97), "number": ("20260312", 0.95), "specimen_on": ("2026-03-12", 0.98),
    "received_on": ("2026-03-13", 0.96), "reported_on": ("2026-03-16", 0.62)}


def handed_in(api: Api, claim_no: str, kind: str = "pathology", *, light: int = 246, by: str = "xj.clerk") -> uuid.UUID:
    """A paper of one page, drawn for viewing."""
    content = saved(page(600, 800, light=light))
    sent = api.upload(by, f"/claims/{claim_no}/papers", content, kind=kind)
    assert sent.status_code == 201, sent.text
    drawn(api)
    return uuid.UUID(sent.json()["id"])


def drawn(api: Api) -> None:
    """What the worker does after an upload: the pages."""
    with api.db.unit_of_work(ROOT.scope) as session:
        claims = list(session.exec(select(Paper.claim_id).where(col(Paper.pages).is_(None))).all())
        for paper in viewing.undrawn(session, claims):
            viewing.keep(session, [(paper, viewing.draw(paper))])


def read(api: Api, paper_id: uuid.UUID, sheet: str = "pathology", found: Mapping[str, tuple[str, float]] = PATHOLOGY, *,
         boxes: Mapping[str, Box] | None = None, now: datetime | None = None) -> None:
    """What stands on the paper's first page: where `boxes` say, else one field below the other."""
    lines = tuple(Found(1, name, value, sure, (boxes or {}).get(name, Box(0.3, 0.1 + 0.08 * at, 0.6, 0.14 + 0.08 * at)))
                  for at, (name, (value, sure)) in enumerate(found.items()))
    with api.db.unit_of_work(ROOT.scope) as session:
        readings.keep(session, [PaperRead(paper_id, "ocr", "test", (PageRead(1, "ocr", sheet, lines),))], now=now or api.clock.now())


def fields(api: Api, paper_id: uuid.UUID) -> dict[str, FieldView]:
    """The paper's fields by their names."""
    with api.db.view(ROOT.scope) as session:
        claim_id = session.exec(select(Paper.claim_id).where(Paper.id == paper_id)).one()
        return {view.name: view for view in readings.fields_of(session, [claim_id])[claim_id] if view.paper_id == paper_id}
