"""Boards as people see them: each her own part of the tree, every number the view's and the way to just so many claims.

Three claims of one unit on 20 March: one decided, one under review, one reported. The clocks are read on 2 April.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from services.core.clock import at_hour
from services.reporting.boards import queries, words
from services.reporting.boards.reading import cut_of
from services.reporting.boards.views import Which
from services.reporting.figures.service import refresh
from services.web.claim_words import CLOCKS
from tests.services.after_world import decided
from tests.services.api_world import Api
from tests.services.review_world import in_review, report
from tests.support.databases import Fresh
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT

AT, LATER = at_hour(date(2026, 3, 20)), at_hour(date(2026, 4, 2), 10)
READERS = ("xj.clerk", "xj.district", "xj.office1", "xj.senior", "xj.head", "xj.auditor")
PAGES = ("/boards", "/boards/time?month=2026-03", "/boards/time?by=org", "/boards/kept?month=2026-03", "/boards/kept?month=all",
         "/boards/waiting", "/boards/claims?number=open")


@pytest.fixture(scope="module")
def api(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    db = Fresh(server)
    made = Api(db, AT, Path(tmp_path_factory.mktemp("boards")))
    decided(made.world, 0, AT)
    in_review(made.world, 1, AT)
    report(made.world, 2, AT)
    made.clock.instant = LATER
    with db.unit_of_work(ROOT.scope) as session:
        refresh(session, now=LATER)
    yield made
    db.drop()


def visitor(api: Api, login: str, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, LATER, language)


def links(page: str, number: str) -> list[tuple[str, int]]:
    """Every number of a kind on a page with the address behind it."""
    found = re.findall(r'<a[^>]*href="(/boards/claims\?number=' + number + r'[^"]*)"[^>]*>(?:<strong>)?([\d,]+)<', page)
    return [(to.replace("&amp;", "&"), int(n.replace(",", ""))) for to, n in found]


@pytest.mark.parametrize("login", READERS)
def test_each_reads_the_own_part_and_nothing_beside(api: Api, login: str) -> None:
    who, actor = visitor(api, login), api.world.actor(login)
    with api.db.view(actor.scope) as session:
        cut = cut_of(actor)
        name = queries.place(session, cut).name
        total = queries.open_now(session, cut, by="kind", now=LATER).total
    page = who.get("/boards").text
    assert name in page
    assert "数据截至" in page
    assert f"<strong>{total.open}</strong>" in page
    assert [who.get(path).status_code for path in PAGES] == [200] * len(PAGES)
    for elsewhere in ("cn.nx.", "cn.", "cn.xj", "'"):
        if not elsewhere.startswith(actor.org_key):
            assert who.get(f"/boards?org={elsewhere}").status_code == 404


@pytest.mark.parametrize("login", ["xj.m1", "xj.maker", "xj.checker", "xj.admin"])
def test_who_handles_no_claims_has_no_board(api: Api, login: str) -> None:
    who = visitor(api, login)
    assert [who.get(path).status_code for path in PAGES] == [403] * len(PAGES)


def test_every_number_leads_to_just_so_many_claims(api: Api) -> None:
    head, seen = visitor(api, "xj.head"), 0
    for path, numbers in (("/boards", "open late due_today soon paused band"), ("/boards/time?month=2026-03", "time"),
                          ("/boards/time?by=level&month=2026-03", "time"), ("/boards/time?by=org&month=2026-03", "time"),
                          ("/boards/kept?month=2026-03", "kept missed complete asked returned refused decided verified paid")):
        page = head.get(path).text
        for number in numbers.split():
            for to, n in links(page, number):
                assert head.get(to).text.count('<th scope="row"') == n, to
                seen += 1
    assert seen > 12


def test_a_number_out_of_the_book(api: Api) -> None:
    with api.db.view(ROOT.scope) as session:
        plain = session.execute(sa.text("SELECT count(*) FROM sla_clock WHERE stopped_on IS NULL")).scalar_one()
    [(to, n), *_] = links(visitor(api, "xj.head").get("/boards").text, "open")
    assert to == "/boards/claims?number=open&month=2026-03"
    assert n == plain > 0


def test_down_the_tree_and_up_again(api: Api) -> None:
    head = visitor(api, "xj.head")
    below = re.findall(r'href="(/boards\?org=cn\.xj\.[^"&]+)', head.get("/boards").text)
    assert below
    page = head.get(below[0]).text
    assert "上一级" in page
    assert "上一级" not in head.get("/boards").text


def test_the_likeliest_late_and_their_bands(api: Api) -> None:
    """Nothing has passed yet in this house: two open promises have outlasted every like claim. Each band leads to its claims."""
    head, title = visitor(api, "xj.head"), '<h2 id="risk-title">'
    part = head.get("/boards").text.partition(title)[2].partition("</section>")[0]
    [(to, n)] = re.findall(r'href="(/boards\?risk=6[^"]*)#risk-title">([\d,]+)<', part)
    claims = re.findall(r'href="/claims/([^"]+)"', part)
    assert int(n) == len(claims) > 0
    chosen = head.get(to.replace("&amp;", "&")).text.partition(title)[2].partition("</section>")[0]
    assert re.findall(r'href="/claims/([^"]+)"', chosen) == claims
    assert re.findall(r'href="/claims/([^"]+)"', head.get("/boards?risk=2").text) == []
    assert title not in visitor(api, "nx.head").get("/boards").text
    assert "Likeliest to become late" in visitor(api, "xj.head", "en").get("/boards").text


def test_wrong_questions_are_refused(api: Api) -> None:
    head = visitor(api, "xj.head")
    for path in ("/boards?plan=xj-poem", "/boards?insurer=nobody", "/boards?month=gestern", "/boards/time?by=colour",
                 "/boards?month=9999-12", "/boards?month=0001-01",
                 "/boards/time?by=plan&stage=poem", "/boards/claims", "/boards/claims?number=poem", "/boards/claims?number=band&band=9",
                 "/boards/claims?number=open&after=%00", "/boards?risk=7", "/boards?risk=x", "/boards?after=1/1/x"):
        assert head.get(path).status_code == 422, path
    assert head.get("/boards/charts/poem").status_code == 404


def test_charts_are_pictures_with_words(api: Api) -> None:
    head = visitor(api, "xj.head")
    page = head.get("/boards").text
    [alt] = re.findall(r'<img src="/boards/charts/ages[^"]*" alt="([^"]+)"', page)
    assert "0—5日" in alt
    for name in ("ages", "late", "kept", "time"):
        answer = head.get(f"/boards/charts/{name}?tone=dark&size=narrow")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        assert answer.content.startswith(b"<svg")
    assert visitor(api, "xj.m1").get("/boards/charts/ages").status_code == 403


def test_the_workbook_holds_the_same_numbers(api: Api) -> None:
    head, actor = visitor(api, "xj.head"), api.world.actor("xj.head")
    content = head.get("/boards/workbook?month=2026-03").content
    with api.db.view(actor.scope) as session:
        found = queries.open_now(session, cut_of(actor), by="kind", now=LATER)
        kept = queries.kept(session, cut_of(actor, month=date(2026, 3, 1)), now=LATER)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    lines = {line[0]: line for line in book.get_sheet_by_name("按期限").to_python()}
    assert lines["合计"][1:6] == [float(n) for n in (found.total.open, found.total.due_today, found.total.soon, found.total.late,
                                                   found.total.paused)]
    for row in found.rows:
        assert lines[words.KINDS[row.key]][1] == row.open
    month = {line[0]: line for line in book.get_sheet_by_name("按期率按月").to_python()}["2026年3月"]
    assert (month[1], month[2]) == (kept.months[-1].kept, kept.months[-1].missed)


def test_pages_and_files_call_clocks_by_the_same_words() -> None:
    assert dict(words.KINDS) == dict(CLOCKS)


def test_who_has_nobody_below_is_shown_no_organisations(api: Api) -> None:
    clerk, head = visitor(api, "xj.clerk"), visitor(api, "xj.head")
    assert ["按下级" in page.get(path).text for path in ("/boards", "/boards/time") for page in (clerk, head)] == [False, True] * 2


def test_english_is_whole(api: Api) -> None:
    head = visitor(api, "xj.head", "en")
    for path in PAGES:
        page = re.sub(r'<(\w+)[^>]* lang="zh-CN"[^>]*>.*?</\1>', "", head.get(path).text.split("<main")[1], flags=re.S)
        left = re.findall(r"[一-鿿]+", re.sub(r'(href|value|alt|src)="[^"]*"', "", page))
        assert left == [], path


def test_the_list_pages_on(api: Api) -> None:
    actor = api.world.actor("xj.head")
    with api.db.view(actor.scope) as session:
        cut, which = cut_of(actor), Which("open")
        every = queries.claims(session, cut, which, limit=50, now=LATER).rows
        first = queries.claims(session, cut, which, limit=2, now=LATER)
        rest = queries.claims(session, cut, which, after=first.after, limit=50, now=LATER)
    assert (*first.rows, *rest.rows) == every


def test_the_interface_says_the_same(api: Api) -> None:
    found = api.get("xj.head", "/boards/open").json()
    with api.db.view(api.world.actor("xj.head").scope) as session:
        total = queries.open_now(session, cut_of(api.world.actor("xj.head")), by="kind", now=LATER).total
    assert (found["total"]["open"], found["total"]["late"]) == (total.open, total.late)
    assert sum(row["open"] for row in api.get("xj.head", "/boards/open", by="org").json()["rows"]) == total.open
    behind = api.get("xj.head", "/boards/claims", number="open").json()
    assert len(behind["rows"]) == total.open
    assert api.get("xj.auditor", "/boards/quality", month="2026-03-15").json()["now"]["month"] == "2026-03-01"
    assert api.get("xj.head", "/boards/workbook").content[:2] == b"PK"
    assert api.get("xj.clerk", "/boards", org="cn.xj.").status_code == 404
    assert api.get("xj.maker", "/boards/open").status_code == 403
    assert {path: api.get("xj.clerk", f"/boards{path}").status_code for path in ("", "/time", "/kept", "/outstanding")} == {
        "": 200, "/time": 200, "/kept": 200, "/outstanding": 200}
