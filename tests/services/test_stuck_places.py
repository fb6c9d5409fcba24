"""Disks and folders before an upload finds out: a tiny disk, a full one, one that is read-only; since when; on the page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from infra.lab.faults.web import may_mount
from services.core.settings import Settings
from services.reporting.stuck import service
from services.storage.space import Place, places
from services.web.stuck_words import REMEDIES, WORDS
from tests.services.api_world import Api
from tests.services.claim_pages import person
from tests.services.test_stuck import set_to
from tests.support.databases import Fresh
from tests.support.world import ROOT, World, build_world

OFFICE = {"HUZHU_SPACE_LOW_MB": "1000000000"}       # no disk has so much
DISKS = """
mkdir -p {data}/bank {papers} {seals} && mount -t tmpfs -o size=3m tmpfs {data}/bank && mount -t tmpfs -o size=1m tmpfs {papers}
head -c 2m /dev/zero > {papers}/filler 2> /dev/null
mount -t tmpfs -o size=4m tmpfs {seals} && mount -o remount,ro {seals} && exec "$@"
"""


@pytest.fixture
def house(db: Fresh, now: datetime) -> World:
    return build_world(db, now)


@pytest.mark.skipif(not may_mount(), reason="no file system of one's own may be mounted here")
def test_small_full_and_read_only_disks_are_named_by_the_command(db: Fresh, tmp_path: Path) -> None:
    db.make()
    data, papers, seals = (tmp_path / name for name in ("data", "papers", "seals"))
    env = {**os.environ, "HUZHU_DATABASE_URL": db.url, "HUZHU_DATA_DIR": str(data), "HUZHU_STORE": f"file:{papers}",
           "HUZHU_AUDIT_PLACE": f"file:{seals}", "HUZHU_SPACE_LOW_MB": "64"}
    done = subprocess.run(["unshare", "-m", "sh", "-c", DISKS.format(data=data, papers=papers, seals=seals), "sh", sys.executable, "-c",
                           "from services.cli.main import run; run()", "stuck", "--json"],
                          env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    told = {(one["condition"], one["subject"]): one for one in json.loads(done.stdout)["stuck"]}
    assert {key: one["said"] for key, one in told.items()} == {
        ("store_space_low", "HUZHU_DATA_DIR/bank"): f"银行文件所在的磁盘（{data}/bank）只剩 3 MB，低于 64 MB",
        ("store_space_low", "HUZHU_STORE"): f"材料所在的磁盘（{papers}）已满",
        ("place_unwritable", "HUZHU_AUDIT_PLACE"): f"审计签名的文件夹（{seals}）是只读的"}
    assert "HUZHU_AUDIT_PLACE" in told["place_unwritable", "HUZHU_AUDIT_PLACE"]["remedy"]
    assert "nights.md" in told["store_space_low", "HUZHU_STORE"]["remedy"]


def test_a_probe_leaves_nothing_and_makes_no_folder(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "note").write_text("no folder")
    found = {one.name: one for one in places(Settings(data_dir=tmp_path / "later", store=f"file:{tmp_path}/papers",
                                                      audit_place=f"file:{tmp_path}/note"))}
    assert {path.name for path in tmp_path.rglob("*")} == {"papers", "note"}
    assert (found["HUZHU_DATA_DIR"].path, found["HUZHU_DATA_DIR"].fault) == (str(tmp_path), "")
    assert (found["HUZHU_STORE"].path, found["HUZHU_STORE"].fault) == (str(tmp_path / "papers"), "")
    assert (found["HUZHU_AUDIT_PLACE"].fault, found["HUZHU_AUDIT_PLACE"].used_up) == ("不是文件夹", False)
    assert {one.disk for one in found.values()} == {str(tmp_path.stat().st_dev)}
    assert [one.name for one in places(Settings(data_dir=tmp_path))] == ["HUZHU_DATA_DIR", "HUZHU_DATA_DIR/bank", "HUZHU_DATA_DIR/objects"]


def test_the_threshold_itself_is_not_below_it_and_what_cannot_be_written_is_said_once(house: World, now: datetime) -> None:
    disks = [Place("A", "数据", "/a", "1", 64), Place("B", "材料", "/b", "2", 63), Place("C", "银行文件", "/b/c", "2", 63),
             Place("D", "审计签名", "/d", "3", 0, "是只读的"), Place("E", "材料", "/e", "4", 9000, "已满", used_up=True)]
    given = {"now": now, "space_low_mb": "64", "places": json.dumps([{"n": n, "bucket": one.bucket, **asdict(one)}
                                                                     for n, one in enumerate(disks)])}
    with house.db.view(ROOT.scope) as session:
        low, unwritable = ({(row[0], row[5]) for row in session.execute(sa.text(service.BY_CODE[code].statement), given)}
                           for code in ("store_space_low", "place_unwritable"))
    assert low == {("B", "材料、银行文件所在的磁盘（/b）只剩 63 MB，低于 64 MB"), ("E", "材料所在的磁盘（/e）已满")}
    assert unwritable == {("D", "审计签名的文件夹（/d）是只读的")}


def test_it_stands_since_it_was_first_seen_on_the_page_too_and_goes_when_there_is_room(db: Fresh, now: datetime, tmp_path: Path) -> None:
    with set_to(OFFICE):
        api = Api(db, now, tmp_path)
        for later in (timedelta(), timedelta(days=1)):
            with api.db.unit_of_work(ROOT.scope) as session:
                service.keep(session, now=now + later)
    with api.db.view(ROOT.scope) as session:
        [row] = [one for one in service.listed(session, today=now.date())[0] if one.condition == "store_space_low"]
        assert (row.subject, row.since, row.seen_at) == ("HUZHU_DATA_DIR", now, now + timedelta(days=1))
    page, english = person(api, "admin").get("/stuck").text, person(api, "admin", "en").get("/stuck").text
    assert "磁盘将满" in page and "数据、银行文件、材料所在的磁盘（" in page and "nights.md 第 5 夜" in page
    assert "A disk is nearly full" in english and "make room" in english and "磁盘将满" not in english
    with set_to({"HUZHU_SPACE_LOW_MB": "1"}), api.db.unit_of_work(ROOT.scope) as session:
        service.keep(session, now=now + timedelta(days=2))
        assert {one.condition for one in service.listed(session, today=now.date())[0]} == {"seal_beside_papers"}


def test_the_pages_words_are_the_conditions_own() -> None:
    assert {code: one.words for code, one in service.BY_CODE.items()} == WORDS
    assert {code: one.remedy for code, one in service.BY_CODE.items() if any(ord(letter) > 0x2000 for letter in one.remedy)} == REMEDIES
