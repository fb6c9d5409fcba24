"""Letters to print: one file a unit, a bookmark each, the same pages with their seals; who may, and that the look is recorded."""

from __future__ import annotations

import io
from datetime import datetime

import pikepdf
import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook
from sqlmodel import Session

from services.core.db import Database
from services.core.errors import NotFound, NotPermitted
from services.notice import print_files, queries
from services.notice import service as notice
from tests.support.claims import NX_EVENT, report
from tests.support.world import ROOT, World, build_world

UNIT = "cn.nx.yc.xq.u001."


def issued(session: Session, world: World, now: datetime) -> list[bytes]:
    claims = [claim.id for n in range(3) for claim in report(session, world, world.member(n), NX_EVENT, now)[1]]
    drafts = notice.draft(session, topic="claim.create", claim_ids=claims, actor=ROOT, now=now)
    rows = notice.issue(session, notice_ids=[row.id for row in drafts], actor=ROOT, now=now)
    return [queries.content(session, row.id) for row in rows]


def test_one_file_of_a_unit(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    with db.unit_of_work(ROOT.scope) as session:
        letters = issued(session, world, now)
    clerk = world.actor("nx.clerk")
    with db.unit_of_work(clerk.scope) as session:
        [bundle] = print_files.bundles(session, org_key="", which="all", actor=clerk)
        assert (bundle.org_key, bundle.name, bundle.letters) == (UNIT, "兴庆区示例一厂工会", len(letters))
        assert print_files.bundles(session, org_key=UNIT, actor=clerk) == []       # none goes on paper
        made = print_files.print_file(session, org_key=UNIT, which="all", actor=clerk, now=now)
    counts = []
    for content in letters:
        with pikepdf.open(io.BytesIO(content)) as single:
            counts.append(len(single.pages))
    with pikepdf.open(io.BytesIO(made.pdf)) as whole:
        assert len(whole.pages) == sum(counts)
        assert "/AcroForm" not in whole.Root
        with whole.open_outline() as outline:
            assert [str(item.title) for item in outline.root] == [
                f"宁工女互通〔2026〕{serial}号 受理回执 {world.member(serial - 1).synthetic.name}" for serial in (1, 2, 3)]
    assert [(line.page, line.pages) for line in made.lines] == [(1 + sum(counts[:n]), counts[n]) for n in range(3)]
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(print_files.listing(made, title="发件清单"))).get_sheet_by_index(0).to_python()
    assert sheet[2][:4] == [1, "宁工女互通〔2026〕1号", "受理回执", world.member(0).synthetic.name]
    with db.view(ROOT.scope) as session:
        assert session.execute(sa.text("SELECT count(*) FROM access_record WHERE what = 'letters:print' AND account_id = :who"),
                               {"who": clerk.account_id}).scalar_one() == 3
    with db.unit_of_work(world.actor("nx.clerk2").scope) as session:
        with pytest.raises(NotFound) as refused:
            print_files.print_file(session, org_key=UNIT, which="all", actor=world.actor("nx.clerk2"), now=now)
        assert refused.value.code == "organisation_missing"
        with pytest.raises(NotPermitted):
            print_files.bundles(session, org_key=UNIT, which="all", actor=world.member(0).actor)
