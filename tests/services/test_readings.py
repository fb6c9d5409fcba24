"""What was read from papers is kept once, sealed, and looked at one way."""

from __future__ import annotations

import uuid
from datetime import datetime

import psycopg
import sqlalchemy as sa

from services.core.db import Database, Scope
from services.evidence import readings
from services.evidence import service as evidence
from services.evidence.readings import FieldView, PageRead, PaperRead
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
