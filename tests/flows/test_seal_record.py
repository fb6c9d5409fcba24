"""The nightly seal as a flow of a real worker, to a bucket over the wire: signed requests, "create only", pages of a listing."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import col, select

from services.audit.since import verify_since
from services.cli.supervisor import Program
from services.core import settings as settings_module
from services.core.db import Database
from services.core.settings import ROOT as CHECKOUT
from services.core.settings import settings
from services.core.signing import signing_keys
from services.models import AuditSeal
from services.outbox import service as outbox
from services.outbox.service import Work
from services.storage.second import second_place
from tests.flows.conftest import until
from tests.flows.test_worker import drained
from tests.support.road import decided
from tests.support.world import ROOT, build_world

KEY, SECRET = "ID4TESTS", "a/secret+of=tests"


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[None]:
    """A server of its own with the bucket `heads`, named by the settings before the worker is made."""
    keys = tmp_path / "place.keys"
    keys.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    program = [sys.executable, str(CHECKOUT / "tests" / "support" / "s3_server.py"), "heads", KEY, SECRET]
    before = dict(os.environ)
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        os.environ.update({"HUZHU_AUDIT_PLACE": "s3://heads/huzhu", "HUZHU_AUDIT_PLACE_ENDPOINT": f"http://127.0.0.1:{port}",
                           "HUZHU_AUDIT_PLACE_REGION": "cn-north-1", "HUZHU_AUDIT_PLACE_KEYS": str(keys)})
        settings_module.settings.cache_clear()
        yield
        server.terminate()
    os.environ.clear()
    os.environ.update(before)
    settings_module.settings.cache_clear()


def test_the_nightly_flow_seals_to_a_bucket(bucket: None, worker: Program, db: Database, now: datetime) -> None:
    world = build_world(db, now)
    claims = [decided(world, row, now) for row in (1, 2)]

    def sealed() -> list[AuditSeal]:
        with db.view(ROOT.scope) as session:
            return list(session.exec(select(AuditSeal).where(col(AuditSeal.exported_at).is_not(None))))

    def owed() -> None:
        with db.unit_of_work(ROOT.scope) as session:
            outbox.add(session, [Work("timetable.seal", "cn.")], now=now)

    owed()
    worker.start()
    until(lambda: bool(sealed()), worker)
    [row] = sealed()
    place, keys = second_place(), signing_keys(settings().signing_keys)
    assert place.apart and place.names("days") == [f"{row.day}.json"] and row.place == "s3://heads/huzhu"
    said = json.loads(json.loads(place.read(f"days/{row.day}.json"))["statement"])
    assert (said["day"], said["chains"], said["losses"]) == (row.day.isoformat(), 4, 0)        # two claims and two rosters
    ground, found = verify_since(db, ROOT.scope, place=place, keys=keys, workers=1)
    assert (ground.day, found) == (row.day, [])
    listed = b"".join(gzip.decompress(place.read(f"spans/{span['sha256'][:2]}/{span['sha256']}.gz")) for span in said["spans"]).decode()
    assert {line.split(" ")[0] for line in listed.splitlines()} >= {str(claim) for claim in claims}
    owed()          # once more on the same day: nothing changes, there or here
    until(lambda: drained(db), worker)
    assert sealed() == [row] and place.names("days") == [f"{row.day}.json"]
    assert not place.create(f"days/{row.day}.json", b"other"), "written once, whoever asks"
