"""A paper is read again when somebody asks or another machine reads now; what a person answered stays as it was."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from services.core import settings as settings_module
from services.evidence import again, reader
from services.evidence.recognition import engine
from tests.services.api_world import Api
from tests.services.reading_world import fields, handed_in, read
from tests.support.world import ROOT

Superuser = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def api(db: object, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)       # type: ignore[arg-type]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The real machine's name; nothing is read by it here."""
    monkeypatch.setenv("HUZHU_OCR", "rapidocr")
    settings_module.settings.cache_clear()
    yield
    monkeypatch.undo()
    settings_module.settings.cache_clear()


def owed(api: Api, claim_id: uuid.UUID) -> set[uuid.UUID]:
    """The papers that the flow would read."""
    with api.db.unit_of_work(ROOT.scope) as session:
        again.outdated(session, [claim_id])
        return {paper.id for paper in reader.unread(session, [claim_id])}


def test_what_nobody_answered_is_read_anew(api: Api, superuser: Superuser, machine: None) -> None:
    claim_no = api.report(0)
    touched, untouched = handed_in(api, claim_no), handed_in(api, claim_no, light=240)
    for paper in (touched, untouched):
        read(api, paper)
    views = fields(api, touched)
    claim_id = views["name"].claim_id
    path = f"/fields/{views['specimen_on'].id}/answer"
    assert api.post("xj.clerk", path, {"answer": "correct", "value": "2026-03-11"}).status_code == 200
    assert owed(api, claim_id) == {untouched}, "another machine's reading: only what nobody answered"
    assert fields(api, untouched) == {}
    asked = api.post("xj.clerk", f"/papers/{touched}/read-again", {})
    assert asked.status_code == 202, asked.text
    assert owed(api, claim_id) == {touched, untouched}
    assert {name: one.value for name, one in fields(api, touched).items()} == {"specimen_on": "2026-03-11"}
    read(api, touched, found={"name": ("示例会员甲", 0.99), "specimen_on": ("2026-03-12", 0.99)})
    after = fields(api, touched)
    assert {name: one.value for name, one in after.items()} == {"name": "示例会员甲", "specimen_on": "2026-03-11"}
    assert (after["specimen_on"].state, after["specimen_on"].read) == ("corrected", "2026-03-12")
    assert superuser.execute("SELECT sheets FROM paper_reading WHERE paper_id = %s", (touched,)).fetchall() == [({"1": "pathology"},)]
    assert superuser.execute("SELECT count(*) FROM audit_record WHERE event = 'read_again'").fetchone() == (1,)


def test_what_this_machine_read_is_not_read_twice(api: Api, superuser: Superuser, machine: None) -> None:
    paper = handed_in(api, api.report(0))
    read(api, paper)
    superuser.execute("UPDATE paper_reading SET engine = %s", (engine.name(),))
    superuser.commit()
    assert owed(api, next(iter(fields(api, paper).values())).claim_id) == set()
    assert "name" in fields(api, paper)


def test_without_a_machine_nothing_is_forgotten(api: Api, superuser: Superuser) -> None:
    paper = handed_in(api, api.report(0))
    read(api, paper)
    refused = api.post("xj.clerk", f"/papers/{paper}/read-again", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "nobody_reads")
    assert "name" in fields(api, paper)
    superuser.execute("UPDATE paper_page SET view_sha256 = NULL, thumb_sha256 = NULL, fault = 'object_missing'")
    superuser.commit()
    assert api.post("xj.clerk", f"/papers/{paper}/read-again", {}).status_code == 202
    assert superuser.execute("SELECT pages FROM paper").fetchall() == [(None,)]
    assert "name" in fields(api, paper)
