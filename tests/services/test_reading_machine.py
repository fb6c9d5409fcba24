"""The reading machine at work: drawn pages in, fields out; pages that lie on their side; a PDF's own words; bytes seen before."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import Iterator
from datetime import datetime

import psycopg
import pytest
from PIL import Image

from flows import check_evidence as flow
from flows import runtime
from services.core import settings as settings_module
from services.core.clock import FixedClock
from services.core.db import Database, Scope
from services.evidence import reader
from services.models import Paper
from services.simulate.scans import MIME, Scan, sheet
from services.storage import reading
from services.storage import service as storage
from services.storage.reading import Drawn
from services.wiring import Wiring
from tests.services.test_readings import fields, uploaded
from tests.support.paper_files import photo

CN = Scope("cn")
Superuser = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def reading_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This test's papers are read by the real machine."""
    monkeypatch.setenv("HUZHU_OCR", "rapidocr")
    settings_module.settings.cache_clear()
    yield
    monkeypatch.undo()
    settings_module.settings.cache_clear()


def run(db: Database, now: datetime, paper: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    wiring = Wiring(db, FixedClock(now), None, CN)     # type: ignore[arg-type]
    monkeypatch.setattr(runtime, "wiring", lambda: wiring)
    asyncio.run(flow.draw.fn([paper.claim_id]))
    asyncio.run(flow.read.fn([paper.claim_id]))


def on_its_side(scan: Scan) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(scan.data)).transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", quality=90)
    return out.getvalue()


def test_papers_are_read_by_the_flow(db: Database, now: datetime, superuser: Superuser, monkeypatch: pytest.MonkeyPatch,
                                     reading_machine: None) -> None:
    scan = sheet("diagnosis", 1, quality="clean")
    truth = {name: value for name, value in scan.truth.items() if name != "seal"}
    upright, aside, twin, _ = uploaded(
        db, now, ("diagnosis", scan.data), ("diagnosis", on_its_side(scan)), ("other", scan.data), ("application", photo()))
    run(db, now, upright, monkeypatch)
    run(db, now, upright, monkeypatch)                  # again: nothing is left to read, nothing is doubled
    found = fields(db, upright.claim_id)
    for paper in (upright, aside, twin):
        read = {one.name: one for one in found if one.paper_id == paper.id and one.name != "seal"}
        assert {name: one.value for name, one in read.items()} == truth
        for name, one in read.items():                  # the places are those of the page as it is shown
            assert one.box and one.sheet == "diagnosis"
            assert abs(one.box.middle - scan.boxes[name].middle) < 0.03, name
    readings = superuser.execute("SELECT paper_id, source, sheets, fault FROM paper_reading").fetchall()
    assert sorted(readings, key=str) == sorted(((paper.id, "ocr", {"1": "diagnosis"}, None) for paper in (upright, aside, twin)), key=str)
    pages = {row[0]: row[1:] for row in superuser.execute("SELECT paper_id, turned, width < height FROM paper_page").fetchall()}
    assert pages[upright.id] == pages[twin.id] == (0, True) and pages[aside.id] == (90, True)


def test_a_page_that_kills_the_machine_is_a_fault_and_the_next_one_is_read(reading_machine: None) -> None:
    view = next(reading.draw(sheet("bank_card", 3, quality="flat").data, MIME, [1]))
    assert isinstance(view, Drawn)
    leaves = [reader.Leaf(number, sha256, 1000, 1000, straight=True)
              for number, sha256 in enumerate((storage.put(b"no picture at all"), "1" * 64, storage.put(view.view)), 1)]
    read = reader.read(reader.Unread(uuid.uuid4(), "0" * 64, MIME, tuple(leaves)))
    assert [(one.number, one.fault, one.sheet) for one in read.pages] == [
        (1, "reader_died", None), (2, "object_missing", None), (3, None, "bank_card")]


def test_without_a_machine_papers_are_left_to_hands(db: Database, now: datetime, superuser: Superuser,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    paper, _, _ = uploaded(db, now, ("diagnosis", photo()), ("other", photo()), ("application", photo()))
    run(db, now, paper, monkeypatch)
    run(db, now, paper, monkeypatch)
    assert superuser.execute("SELECT source, engine, sheets FROM paper_reading").fetchall() == [("hand", "", {})] * 2
    assert fields(db, paper.claim_id) == []
