"""A claim's decisions made again at the page and the interface: by the head and the auditor, on the record, differences side by side."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.reporting import reproducing
from services.web.desks.claim_replay import PARTS
from tests.services.api_world import Api
from tests.services.claim_pages import looks, person
from tests.support.databases import Fresh, past_row_security
from tests.support.road import paid_out
from tests.support.world import ROOT

ROW = re.compile(r"<tr><th[^>]*>(.*?)</th><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td></tr>", re.DOTALL)
NOW: datetime = at_hour(date(2026, 3, 20))


@pytest.fixture(scope="module")
def paid(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Fresh, uuid.UUID, str]]:
    """A claim on its real road to the money, in Xinjiang."""
    db = Fresh(server)
    api = Api(db, NOW, Path(tmp_path_factory.mktemp("keys")))
    claim = paid_out(api.world, 1, NOW)
    with db.view(ROOT.scope) as session:
        number = str(session.execute(sa.text("SELECT claim_no FROM claim WHERE id = :id"), {"id": claim}).scalar_one())
    yield api, db, claim, number
    db.drop()


def test_the_page_says_what_the_command_says_and_leaves_a_record(paid: tuple[Api, Fresh, uuid.UUID, str]) -> None:
    api, db, claim, number = paid
    with db.view(ROOT.scope) as session:
        [command] = reproducing.replay(session, [claim])
    before = looks(api, "replay")
    for login in ("xj.auditor", "xj.head"):
        page = person(api, login).get(f"/claims/{number}/replay").text
        assert f"共重算 {len(command.lines)} 项，与当时全部相同" in page
        assert len(ROW.findall(page)) == len(command.lines) and "不同之处" not in page and "还没有作出决定" not in page
        assert all(re.search(f'<h2 id="{part}-title">{words}</h2>', page) for part, words in PARTS.items())
    assert looks(api, "replay") == before + 2
    assert "重现决定" in person(api, "xj.auditor").get("/audit/looks", claim=number).text
    steps = page[page.index("move-title"):]
    assert "案件：核验" in steps and "已报案 → 已核验" in steps and not re.search(r"reported|in_review|payment_run", steps)
    english = person(api, "xj.auditor", "en").get(f"/claims/{number}/replay").text
    assert "Decisions made again" in english and f"{len(command.lines)} lines were worked out again; all are as they were." in english


def test_the_interface_gives_the_same_lines(paid: tuple[Api, Fresh, uuid.UUID, str]) -> None:
    api, db, claim, number = paid
    with db.view(ROOT.scope) as session:
        [command] = reproducing.replay(session, [claim])
    before = looks(api, "replay")
    for login in ("xj.auditor", "xj.head"):
        given = api.get(login, f"/claims/{number}/replay")
        assert given.status_code == 200
        told = given.json()
        assert (told["claim_no"], told["decided"], told["differing"]) == (number, True, 0)
        assert [(line["part"], line["what"], line["decided"], line["again"], line["agrees"]) for line in told["lines"]] == [
            (line.part, line.what, line.decided, line.again, line.agrees) for line in command.lines]
    assert looks(api, "replay") == before + 2


def test_the_claims_page_leads_there_those_who_may(paid: tuple[Api, Fresh, uuid.UUID, str]) -> None:
    api, _, _, number = paid
    link = f'href="/claims/{number}/replay"'
    assert [link in person(api, login).get(f"/claims/{number}").text for login in ("xj.auditor", "xj.head", "xj.office1", "xj.clerk")] == [
        True, True, False, False]
    assert 'huzhu audit replay --all' in person(api, "xj.auditor").get("/audit/record").text
    for login in ("xj.office1", "xj.senior", "xj.clerk", "xj.admin", "xj.maker"):
        assert person(api, login).get(f"/claims/{number}/replay").status_code == 403
        assert api.get(login, f"/claims/{number}/replay").status_code == 403


def test_another_offices_claim_is_not_there_and_nothing_is_recorded(paid: tuple[Api, Fresh, uuid.UUID, str]) -> None:
    api, _, _, number = paid
    before = looks(api, "replay")
    for wanted in (number, "XJ2026-9999-999"):
        given = api.get("nx.head", f"/claims/{wanted}/replay")
        assert (given.status_code, given.json()["code"]) == (404, "claim_missing")
        assert person(api, "nx.head").get(f"/claims/{wanted}/replay").status_code == 404
    assert looks(api, "replay") == before


def test_before_the_decision_it_says_so_and_shows_what_there_is(paid: tuple[Api, Fresh, uuid.UUID, str]) -> None:
    api = paid[0]
    number = api.report(2)
    page = person(api, "xj.auditor").get(f"/claims/{number}/replay").text
    assert "本案还没有作出决定" in page and "与当时全部相同" in page
    assert 'id="record-title"' in page and 'id="clock-title"' in page and 'id="decision-title"' not in page
    told = api.get("xj.auditor", f"/claims/{number}/replay").json()
    assert (told["decided"], told["differing"]) == (False, 0) and {line["part"] for line in told["lines"]} >= {"record", "move", "clock"}


def test_what_was_changed_past_the_product_stands_side_by_side(paid: tuple[Api, Fresh, uuid.UUID, str]) -> None:
    """The last test of the file: it spoils the decision's row and a state of the record."""
    api, db, claim, number = paid
    with past_row_security(db) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE decision SET amount_fen = amount_fen + 100 WHERE claim_id = %s", [claim])
        [[fen]] = connection.execute("SELECT amount_fen FROM decision WHERE claim_id = %s", [claim]).fetchall()
        connection.execute("UPDATE audit_record SET record = jsonb_set(record, '{to}', '\"<b>gone</b>\"') WHERE chain_id = %s"
                           " AND event = 'approve'", [claim])
    assert isinstance(fen, int)
    page = person(api, "xj.auditor").get(f"/claims/{number}/replay").text
    told = api.get("xj.auditor", f"/claims/{number}/replay").json()
    wrong = page[page.index("不同之处"):page.index('id="decision-title"')]
    first = next(row for row in ROW.findall(wrong) if row[0].startswith("第1轮决定（"))
    assert f"{fen / 100:.2f} 元" in first[1] and f"{(fen - 100) / 100:.2f} 元" in first[2] and "不同" in first[2]
    assert told["differing"] == len(ROW.findall(wrong)) >= 3 and f"不同 {told['differing']} 项。" in page
    assert {line["part"] for line in told["lines"] if not line["agrees"]} == {"record", "move", "decision", "money"}
    assert "huzhu audit verify" in page and "<b>gone</b>" not in page and "&lt;b&gt;gone" in page
