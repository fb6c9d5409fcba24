"""What was read from papers is kept once, sealed, and looked at one way."""

from __future__ import annotations

import uuid
from datetime import datetime

import psycopg
import pytest
import sqlalchemy as sa

from services.core import settings as settings_module
from services.core.db import Database, Scope
from services.evidence import reader, readings
from services.evidence import service as evidence
from services.evidence.readings import FieldView, PageRead, PaperRead
from services.evidence.recognition import engine
from services.evidence.recognition.lines import Box, Found
from services.models import Paper
from tests.support.claims import XJ_EVENT, report
from tests.support.paper_files import photo
from tests.support.world import ROOT, build_world

CN = Scope("cn")
Superuser = psycopg.Connection[tuple[object, ...]]
BOX = Box(0.1, 0.2, 0.3, 0.25)
DISEASE = Found(1, "disease", "甲状腺恶性肿瘤", 0.97, BOX)


def uploaded(db: Database, now: datetime, *files: tuple[str, bytes]) -> list[Paper]:
    world = build_world(db, now)
    with db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
        return [evidence.upload(session, claim_id=claim.id, kind=kind, file_name="材料", content=content, actor=ROOT, now=now)
                for kind, content in files]


def fields(db: Database, claim_id: uuid.UUID) -> list[FieldView]:
    with db.view(CN) as session:
        return readings.fields_of(session, [claim_id])[claim_id]


def keep(db: Database, now: datetime, *read: PaperRead) -> None:
    with db.unit_of_work(CN) as session:
        readings.keep(session, read, now=now)


def test_fields_are_kept_once_and_sealed(db: Database, now: datetime, superuser: Superuser) -> None:
    [paper] = uploaded(db, now, ("diagnosis", photo()))
    again = Found(1, "disease", "甲状腺恶性肿瘤（术后）", 0.6, None)
    read = PaperRead(paper.id, "ocr", "trial 1", (PageRead(1, sheet="diagnosis", found=(DISEASE, again)),))
    keep(db, now, read)
    keep(db, now, read)
    first, second = fields(db, paper.claim_id)
    assert (first.value, first.read, first.confidence, first.box, first.place) == ("甲状腺恶性肿瘤", "甲状腺恶性肿瘤", 0.97, BOX, 0)
    assert (second.value, second.box, second.place) == ("甲状腺恶性肿瘤（术后）", None, 1)
    assert {(one.sheet, one.page, one.source, one.state, one.claim_id) for one in (first, second)} == {
        ("diagnosis", 1, "ocr", "read", paper.claim_id)}
    [(sealed, org_key)] = superuser.execute("SELECT value_sealed, org_key FROM paper_field WHERE place = 0").fetchall()
    assert isinstance(sealed, bytes) and "甲状腺".encode() not in sealed and org_key == paper.org_key
    assert superuser.execute("SELECT source, engine, sheets, fault FROM paper_reading").fetchall() == [
        ("ocr", "trial 1", {"1": "diagnosis"}, None)]


def test_what_was_left_to_hands_is_read_over_and_typed_words_stay(db: Database, now: datetime, superuser: Superuser) -> None:
    [paper] = uploaded(db, now, ("diagnosis", photo()))
    keep(db, now, PaperRead(paper.id, "hand"))
    with db.unit_of_work(CN) as session:
        session.execute(sa.text("""
            INSERT INTO paper_field (id, org_key, claim_id, paper_id, page, sheet, name, place, value_sealed, source, state)
            VALUES (uuidv7(), :org, :claim, :paper, 1, 'diagnosis', 'disease', 0, :value, 'person', 'accepted')"""),
            {"org": paper.org_key, "claim": paper.claim_id, "paper": paper.id, "value": readings.seal("甲状腺乳头状癌")})
    name = Found(1, "name", "示例甲", 0.9, BOX)
    keep(db, now, PaperRead(paper.id, "ocr", "trial 1", (PageRead(1, sheet="diagnosis", found=(DISEASE, name)),)))
    typed, read = fields(db, paper.claim_id)
    assert (typed.value, typed.read, typed.source) == ("甲状腺乳头状癌", None, "person")
    assert (read.value, read.source) == ("示例甲", "ocr")
    keep(db, now, PaperRead(paper.id, "hand"))
    assert superuser.execute("SELECT source FROM paper_reading").fetchall() == [("ocr",)]


def test_a_page_without_fields_and_a_page_that_failed(db: Database, now: datetime, superuser: Superuser) -> None:
    [paper] = uploaded(db, now, ("diagnosis", photo()))
    keep(db, now, PaperRead(paper.id, "ocr", "trial 1", (PageRead(1), PageRead(2, fault="reader_died"))))
    assert fields(db, paper.claim_id) == []
    assert superuser.execute("SELECT sheets, fault FROM paper_reading").fetchall() == [({}, "reader_died")]


def test_a_page_turned_while_it_was_read_is_read_again_as_it_lies(db: Database, now: datetime, superuser: Superuser) -> None:
    [paper] = uploaded(db, now, ("diagnosis", photo()))
    before, after = "1" * 64, "2" * 64
    change(db, """INSERT INTO paper_page (id, org_key, paper_id, number, view_sha256, width, height, rotation, tilt, turned)
        SELECT uuidv7(), org_key, id, 1, :view, 600, 800, 0, 0, 90 FROM paper WHERE id = :paper""", paper=paper.id, view=after)
    keep(db, now, PaperRead(paper.id, "ocr", "trial 1", (PageRead(1, sheet="diagnosis", found=(DISEASE,), view=before),)))
    assert superuser.execute("SELECT count(*) FROM paper_reading").fetchone() == (0,) and fields(db, paper.claim_id) == []
    keep(db, now, PaperRead(paper.id, "ocr", "trial 1", (PageRead(1, sheet="diagnosis", found=(DISEASE,), view=after),)))
    assert [one.box for one in fields(db, paper.claim_id)] == [BOX]


def test_what_kind_of_sheet_it_is_a_person_has_said_before_the_machine(db: Database, now: datetime, superuser: Superuser) -> None:
    [paper] = uploaded(db, now, ("diagnosis", photo()))
    keep(db, now, PaperRead(paper.id, "hand"))
    change(db, """UPDATE paper_reading SET sheets = '{"1": "pathology"}' WHERE paper_id = :paper""", paper=paper.id)
    other = PageRead(2, sheet="diagnosis", found=(Found(2, "disease", "甲状腺恶性肿瘤", 0.9, None),))
    keep(db, now, PaperRead(paper.id, "ocr", "trial 1", (PageRead(1, sheet="diagnosis", found=(DISEASE,)), other)))
    assert superuser.execute("SELECT source, sheets FROM paper_reading").fetchall() == [("ocr", {"1": "pathology", "2": "diagnosis"})]
    assert [one.page for one in fields(db, paper.claim_id)] == [2]


def test_nothing_is_read_into_or_out_of_a_paper_that_was_destroyed(db: Database, now: datetime, superuser: Superuser,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    gone, again = uploaded(db, now, ("diagnosis", photo()), ("other", photo()))
    monkeypatch.setenv("HUZHU_OCR", "rapidocr")
    settings_module.settings.cache_clear()
    read = (PageRead(1, sheet="diagnosis", found=(DISEASE,)),)
    keep(db, now, PaperRead(gone.id, "ocr", engine.name(), read))
    change(db, "UPDATE paper SET removed_at = uploaded_at WHERE id = :paper", paper=gone.id)
    change(db, "UPDATE paper_field SET value_sealed = NULL WHERE paper_id = :paper", paper=gone.id)
    with db.unit_of_work(CN) as session:
        reader.same(session, [again.claim_id], now=now)
    assert superuser.execute("SELECT paper_id FROM paper_reading").fetchall() == [(gone.id,)]    # its like waits for the machine
    change(db, "DELETE FROM paper_reading WHERE paper_id = :paper", paper=gone.id)
    keep(db, now, PaperRead(gone.id, "ocr", engine.name(), read), PaperRead(again.id, "ocr", engine.name(), read))
    assert superuser.execute("SELECT paper_id FROM paper_reading").fetchall() == [(again.id,)]
    monkeypatch.undo()
    settings_module.settings.cache_clear()


def change(db: Database, statement: str, **words: object) -> None:
    with db.unit_of_work(CN) as session:
        session.execute(sa.text(statement), words)
