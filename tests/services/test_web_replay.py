"""The page of a replay: an upload, a proposal, its chart, its workbook, and what it says when there is nothing or the file is none.

Three claims of xj-women, decided and paid on 20 March 2026, by hand: a cancer (15000 a share) and two in situ (1000 a share).
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from services.cli import main as cli
from services.core import db as databases
from services.core.clock import at_hour
from services.core.settings import settings
from services.models import Release
from services.reporting.replay import words
from services.rulebook import registry
from services.storage import service as storage
from services.web.desks import plan_replay
from services.web.replay_words import SAID
from tests.services.after_world import decided as decided_in_situ
from tests.services.api_world import Api
from tests.support.databases import Fresh
from tests.support.road import decided, pay
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT, XJ_SHARES

AT, LATER = at_hour(date(2026, 3, 20)), at_hour(date(2026, 4, 2), 10)
BOOK = next(path for path in registry.files() if path.parent.name == "xj-women").read_text()
DEARER = BOOK.replace("{take: 1000, clause: 一览表 原位癌", "{take: 1250, clause: 一览表 原位癌")
MISSPELT = BOOK.replace("kinds: [diagnosis]", "kindz: [diagnosis]")
CANCER, IN_SITU = 0, (3, 4)
SHARES = sum(XJ_SHARES[n] for n in IN_SITU)


@pytest.fixture(scope="module")
def api(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    db = Fresh(server)
    made = Api(db, AT, Path(tmp_path_factory.mktemp("replay")))
    pay(made.world, [decided(made.world, CANCER, AT), *(decided_in_situ(made.world, n, AT) for n in IN_SITU)], AT)
    made.clock.instant = LATER
    yield made
    db.drop()


def visitor(api: Api, login: str = "xj.head", language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, LATER, language)


def sent(who: Visitor, text: str, name: str = "2024-01-01.yaml", **fields: object) -> str:
    """The address of the replay of an upload."""
    who.get("/plans/replay")
    answer = who.send("/plans/replay", files={"file": (name, text.encode(), "application/yaml")}, **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def numbers(page: str) -> list[str]:
    """The figures on top: difference, before, after, changed."""
    return re.findall(r"<strong>([^<]+)</strong>", page.partition('class="figures lead"')[2].partition("</ul>")[0])


def test_a_dearer_benefit_is_told_in_sums_years_ranges_and_claims(api: Api) -> None:
    who = visitor(api)
    page = who.get(sent(who, DEARER)).text
    before, more = XJ_SHARES[CANCER] * 15_000 + SHARES * 1000, SHARES * 250
    assert numbers(page) == [f"+{more:,.2f}", f"{before:,.2f}", f"{before + more:,.2f}", "2"]
    changed = page.partition('id="changed-title"')[2]
    linked = re.findall(r'<a href="/claims/(XJ2026-[\d-]+)">\1</a>', changed)
    assert len(linked) == 2
    assert who.get(f"/claims/{linked[0]}").status_code == 200
    assert "3 件与冻结的核算表逐分相等，没有不符" in page
    assert 'alt="最多的是' in page and "<caption" in page.partition('id="ranges-title"')[2], "the numbers stand beside the picture"
    assert "2026" in page.partition('id="years-title"')[2].partition("</section>")[0]


def test_the_chart_and_the_workbook_are_of_the_same_replay(api: Api) -> None:
    who = visitor(api)
    where = sent(who, DEARER)
    picture = who.get(where.replace("/plans/replay?", "/plans/replay/chart?", 1))
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
    made = CalamineWorkbook.from_filelike(io.BytesIO(who.get(where.replace("/plans/replay?", "/plans/replay/workbook?", 1)).content))
    rows = made.get_sheet_by_name("变化的案件").to_python()
    assert [row[4] for row in rows[1:]] == sorted((XJ_SHARES[n] * 250.0 for n in IN_SITU), reverse=True)
    totals = {row[0]: row[1] for row in made.get_sheet_by_name("测算结果").to_python()}
    assert (totals["差额（元）"], totals["其中金额变化"], totals["按原规则重算与冻结金额相等的案件"]) == (SHARES * 250.0, 2, 3)


def test_a_file_that_changes_nothing_says_so(api: Api) -> None:
    who = visitor(api)
    page = who.get(sent(who, BOOK)).text
    assert numbers(page)[0] == "0.00"
    assert "没有一件案件的金额会变化" in page
    assert "<img" not in page.partition('id="ranges-title"')[2].partition("</section>")[0], "no picture of nothing"


def test_a_file_for_next_year_is_told_as_if_it_had_been_in_force(api: Api) -> None:
    who = visitor(api)
    where = sent(who, DEARER.replace("from: 2024-01-01", "from: 2027-01-01"), "2027-01-01.yaml")
    page = who.get(where).text
    assert numbers(page)[3] == "2"
    assert "假定本文件当时已经施行" in page
    only = who.get(where + "&basis=governed").text
    assert "没有可以测算的已结案件" in only and "早于文件的施行日" in only


def test_a_file_that_does_not_load_is_shown_with_its_lines(api: Api) -> None:
    who = visitor(api)
    for text, line, said in ((MISSPELT, "第11行", "kindz"), ("- a\n- b\n", "第1行", "映射")):
        who.get("/plans/replay")
        answer = who.send("/plans/replay", files={"file": ("x.yaml", text.encode(), "application/yaml")})
        assert answer.status_code == 422
        found = answer.text.partition('id="findings-title"')[2].partition("</section>")[0]
        assert line in found and said in found
    who.get("/plans/replay")
    assert "没有选择文件" in who.send("/plans/replay").text
    assert who.send("/plans/replay", files={"file": ("x.yaml", b"", "application/yaml")}).status_code == 422


def test_a_file_that_nobody_laid_down_here_is_not_opened(api: Api) -> None:
    """The store holds papers too: an address with a guessed name, or another's, gives nothing."""
    who, other = visitor(api), visitor(api, "xj.senior")
    where = sent(who, DEARER)
    assert other.get(where).status_code == 404
    assert who.get(re.sub(r"mark=[0-9a-f]+", "mark=" + "0" * 64, where)).status_code == 404
    assert who.get("/plans/replay/chart").status_code == 404
    assert who.get("/plans/replay/0199a000-0000-7000-8000-000000000000").status_code == 404
    assert who.get("/plans/replay/poem").status_code == 404


def test_the_administrator_sees_sums_and_no_claim(api: Api) -> None:
    who = visitor(api, "xj.admin")
    where = sent(who, DEARER)
    page = who.get(where).text
    assert numbers(page)[3] == "2"
    assert "/claims/XJ" not in page
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(who.get(where.replace("/plans/replay?", "/plans/replay/workbook?", 1)).content))
    assert "变化的案件" not in sheet.sheet_names
    assert visitor(api, "xj.clerk").get("/plans/replay").status_code == 403


def test_an_office_without_such_claims_and_the_empty_page(api: Api) -> None:
    other = visitor(api, "nx.head")
    assert "没有可以测算的已结案件" in other.get(sent(other, DEARER)).text
    page = visitor(api).get("/plans/replay").text
    assert "还没有测算" in page
    english = visitor(api, language="en")
    assert "No claim's amount would change." in english.get(sent(english, BOOK)).text


def test_changed_claims_come_in_pages(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_replay, "LINES", 1)
    who = visitor(api)
    first = who.get(sent(who, DEARER)).text.partition('id="changed-title"')[2]
    [on] = re.findall(r'<a href="([^"]*skip=1)#changed-title">', first)
    second = who.get(on.replace("&amp;", "&")).text.partition('id="changed-title"')[2]
    (one,), (other,) = (re.findall(r'<a href="/claims/([^"]+)">', page) for page in (first, second))
    assert one != other
    assert "skip=2" not in second


def proposed(api: Api, **payload: str) -> str:
    """A wording proposed by the administrator."""
    admin = api.world.actor("xj.admin")
    assert admin.account_id and admin.person_id
    with api.db.unit_of_work(ROOT.scope) as session:
        made = Release(org_id=api.world.org("cn.xj."), kind="rule_book", payload={"plan": "xj-women", "effective": "2024-01-01", **payload},
                       digest="0" * 64, effective_on=date(2024, 1, 1), note="提高标准", proposed_by=admin.account_id,
                       proposed_person=admin.person_id, proposed_at=LATER)
        session.add(made)
        session.flush()
        return str(made.id)


def test_a_proposal_is_replayed_before_the_second_person_releases_it(api: Api) -> None:
    who, content = visitor(api), DEARER.encode()
    carried, named = proposed(api, text=DEARER), proposed(api, sha256=storage.put(content))
    for release in (carried, named):
        assert numbers(who.get(f"/plans/replay/{release}").text)[3] == "2"
        assert who.get(f"/plans/replay/chart?release={release}").status_code == 200
    answer = api.get("xj.head", f"/releases/{carried}/replay?basis=as_if")
    assert (answer.status_code, answer.json()["difference"], answer.json()["changed_count"]) == (200, f"{SHARES * 250}.00", 2)
    assert [one["difference"] for one in answer.json()["changed"]] == [f"{XJ_SHARES[n] * 250}.00" for n in (4, 3)]
    assert api.get("xj.admin", f"/releases/{carried}/replay").json()["changed"] == [], "sums and no claim"
    assert api.get("xj.clerk", f"/releases/{carried}/replay").status_code == 403
    lost = who.get(f"/plans/replay/{proposed(api, sha256='0' * 64)}")
    assert (lost.status_code, "上传同一文件" in lost.text) == (404, True)
    unsound = who.get(f"/plans/replay/{proposed(api, text=MISSPELT)}")
    assert (unsound.status_code, "kindz" in unsound.text) == (422, True)
    assert visitor(api, "nx.head").get(f"/plans/replay/{carried}").status_code == 404


def test_every_word_that_replays_say_is_translated() -> None:
    said = {*words.RANGE_WORDS.values(), *words.OUTSIDE.values(), *words.BASES.values(), words.AS_FROZEN, words.INSURED, words.LINKED,
            words.BUNDLES, words.ONLY_REPORTED, words.UNASKED, words.ADDED}
    assert said == SAID


def test_the_command_says_the_same_and_proves_it(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    file, broken = tmp_path / "2024-01-01.yaml", tmp_path / "broken.yaml"
    file.write_text(DEARER)
    broken.write_text(MISSPELT)
    monkeypatch.setenv("HUZHU_DATABASE_URL", api.db.url)
    settings.cache_clear()
    databases.database.cache_clear()
    try:
        assert cli.main(["plans", "replay", str(file), "--prove", "--json", "--xlsx", str(tmp_path / "out.xlsx")]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["after"] - found["before"], found["computed"], len(found["changed"])) == (SHARES * 25_000, 3, 2)
        assert found["proof"] == {"claims": 3, "cannot": 0, "differs": []}
        assert CalamineWorkbook.from_path(tmp_path / "out.xlsx").sheet_names[0] == "测算结果"
        assert cli.main(["plans", "replay", str(file)]) == 0
        assert found["changed"][0]["claim_no"] in capsys.readouterr().out
        assert cli.main(["plans", "replay", str(broken)]) == 2
        assert "broken.yaml:11:" in capsys.readouterr().err
        assert cli.main(["plans", "replay", str(tmp_path / "missing.yaml")]) == 2
    finally:
        databases.database().close()
        databases.database.cache_clear()
        monkeypatch.undo()
        settings.cache_clear()


def test_a_later_claim_is_in_the_next_replay(api: Api) -> None:
    """What was kept of a replay is not shown again when the closed claims are others."""
    who = visitor(api)
    where = sent(who, DEARER)
    assert numbers(who.get(where).text)[3] == "2"
    api.clock.instant = LATER
    pay(api.world, [decided_in_situ(api.world, 5, AT)], AT)
    assert numbers(who.get(where).text)[3] == "3"
    with api.db.view(ROOT.scope) as session:
        assert session.execute(sa.text("SELECT count(*) FROM claim WHERE state IN ('paid', 'closed')")).scalar_one() == 4
