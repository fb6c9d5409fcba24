"""The verifier's desk of one paper, as its reader meets it: places, answers, values typed, facts taken, pictures, refusals."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.evidence.recognition.vocabulary import SHEETS
from services.web import reading_words
from tests.services.api_world import Api
from tests.services.claim_pages import hidden, looks, person
from tests.services.reading_world import PATHOLOGY, fields, handed_in, read
from tests.support.databases import Fresh
from tests.support.signed_in import Visitor
from tests.support.world import ROOT


@pytest.fixture(scope="module")
def api(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One small world for this file; each test has a claim of its own."""
    db = Fresh(server)
    yield Api(db, at_hour(date(2026, 3, 20)), Path(tmp_path_factory.mktemp("keys")))
    db.drop()


def claim_of(api: Api, n: int) -> str:
    """The member's claim: reported once, whichever test comes first."""
    with api.db.view(ROOT.scope) as session:
        known = session.execute(sa.text("SELECT claim_no FROM claim WHERE person_id = :id"), {"id": api.world.person(f"xj.m{n}")}).scalar()
    return str(known) if known else api.report(n)


def opened(api: Api, n: int, light: int, *, reported_on: str = "2026-03-12") -> tuple[str, uuid.UUID, Visitor, str]:
    """A claim with a pathology report that was read; its clerk; the address of the desk."""
    claim_no = claim_of(api, n)
    paper = handed_in(api, claim_no, light=light)
    name = api.world.member(n, "xj").synthetic.name
    read(api, paper, found={**PATHOLOGY, "name": (name, 0.99), "specimen_on": (reported_on, 0.98)})
    return claim_no, paper, person(api, "xj.clerk"), f"/claims/{claim_no}/papers/{paper}"


def said(api: Api, clerk: Visitor, at: str, **words: Any) -> Any:
    clerk.get(at)
    return clerk.send(f"{at}/fields", **hidden(clerk), page="1", **words)


def test_every_word_of_the_readers_vocabulary_has_its_word_here() -> None:
    assert set(reading_words.SHEETS) == {spec.name for spec in SHEETS.values()}
    assert set(reading_words.FIELDS) >= {spec.label for sheet in SHEETS.values() for spec in sheet.fields}


def test_the_page_stands_beside_its_fields_with_a_box_for_each(api: Api) -> None:
    _, paper, clerk, at = opened(api, 0, 246)
    before = looks(api, f"paper:{paper}")
    page = clerk.get(at).text
    assert re.search(r'<svg viewBox="0 0 600 800"', page)
    assert page.count('<g class="box') == len(PATHOLOGY) and 'style="' not in page
    assert '<rect x="180.0" y="80.0" width="180.0" height="32.0"' in page          # 0.3, 0.1, 0.6, 0.14 of 600 × 800
    found = fields(api, paper)
    for name, words in (("specimen_on", "一致"), ("reported_on", "请核对"), ("hospital", "一致"), ("number", "确信")):
        line = page.split(f'id="f-{found[name].id}"')[1].split("</li>")[0]
        assert words in line, name
    assert "全部认可：3 项" in page                    # name, hospital, the specimen's day: sure, and as stated
    for thumb in ("", "&thumb=1"):
        picture = clerk.get(f"/papers/{paper}/pages/1?v=0{thumb}")
        assert picture.headers["content-type"] == "image/webp" and picture.content[8:12] == b"WEBP"
    assert looks(api, f"paper:{paper}") == before + 1      # one look for the paper's pictures
    for login, status in (("xj.m1", 404), ("nx.clerk", 404), ("xj.admin", 403)):
        assert person(api, login).get(f"/papers/{paper}/pages/1").status_code == status
    assert clerk.get(f"/papers/{paper}/pages/7").status_code == 404
    assert clerk.get(f"{at}?zoom=200").text.count("sheet z200") == 1
    assert clerk.get(f"/claims/{claim_of(api, 5)}/papers/{paper}").status_code == 404
    assert "Sure" in person(api, "xj.clerk").get(f"{at}?lang=en").text


def test_a_file_that_the_store_has_lost_is_not_asked_for_again(api: Api) -> None:
    _, paper, clerk, at = opened(api, 3, 251)
    for fault, whose in (("file_damaged", "申请人重新上传"), ("object_missing", "从备份放回")):
        with api.db.unit_of_work(ROOT.scope) as session:
            session.execute(sa.text("UPDATE paper_page SET view_sha256 = NULL, thumb_sha256 = NULL, fault = :fault WHERE paper_id = :id"),
                            {"fault": fault, "id": paper})
        page = clerk.get(at).text
        assert ("不必请申请人重新上传" in page) is (whose == "从备份放回")
        picture = clerk.get(f"/papers/{paper}/pages/1?v=0")
        assert picture.status_code == 404 and whose in picture.text


def test_fields_are_answered_one_by_one_and_the_plain_ones_together(api: Api) -> None:
    claim_no, paper, clerk, at = opened(api, 1, 244)
    found = fields(api, paper)
    page = clerk.get(at).text
    marks = re.findall(r'name="plain" value="([^"]+)"', page)
    together = said(api, clerk, at, answer="accept-plain", plain=marks)
    assert together.headers["location"] == f"{at}?page=1#f-{found['number'].id}"       # on to what still wants an answer
    one = said(api, clerk, at, answer="accept", field=str(found["number"].id))
    assert one.headers["location"].endswith(f"#f-{found['received_on'].id}")
    wrong = said(api, clerk, at, answer="correct", field=str(found["reported_on"].id), **{f"value-{found['reported_on'].id}": "昨天"})
    assert wrong.status_code == 422 and "报告日期：“昨天”不是日期" in wrong.text
    assert f'name="value-{found["reported_on"].id}" value="昨天"' in wrong.text and 'aria-invalid="true"' in wrong.text
    said(api, clerk, at, answer="correct", field=str(found["reported_on"].id), **{f"value-{found['reported_on'].id}": "2026.3.17"})
    last = said(api, clerk, at, answer="unreadable", field=str(found["received_on"].id))
    assert last.headers["location"].endswith("#next")
    assert {name: (view.state, view.value) for name, view in fields(api, paper).items()} == {
        "name": ("accepted", api.world.member(1, "xj").synthetic.name), "hospital": ("accepted", "示例医院"),
        "number": ("accepted", "20260312"), "specimen_on": ("accepted", "2026-03-12"), "received_on": ("unreadable", None),
        "reported_on": ("corrected", "2026-03-17")}
    page = clerk.get(at).text
    assert "机器读作：" in page and "核对这份材料" in page
    assert said(api, clerk, at, answer="nonsense").status_code == 422
    assert "认可读出的内容" in clerk.get(f"/claims/{claim_no}").text


def test_what_changed_meanwhile_is_looked_at_again(api: Api) -> None:
    _, paper, clerk, at = opened(api, 2, 242)
    one = fields(api, paper)["number"]
    mark = re.search(rf'name="field" value="{one.id}"><input type="hidden" name="mark" value="(\w+)"', clerk.get(at).text)
    assert mark is not None
    office = person(api, "xj.district")
    said(api, office, at, answer="correct", field=str(one.id), **{f"value-{one.id}": "20260313"})
    late = said(api, clerk, at, answer="accept", field=str(one.id), mark=mark[1])
    assert late.status_code == 409 and "刚由他人改过" in late.text and "20260313" in late.text


def test_a_page_seen_in_another_case_is_shown_beside_it_to_whoever_may_see_both(api: Api) -> None:
    claim_no, paper, clerk, at = opened(api, 0, 230)
    other_no, other, _, _ = opened(api, 1, 228)
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("""
            INSERT INTO paper_match (id, org_key, claim_id, paper_id, page, other_claim_id, other_paper_id, other_page, how, detail,
                                     found_at)
            SELECT :id, p.org_key, p.claim_id, p.id, 1, q.claim_id, q.id, 1, 'picture',
                   '{"altered": ["number"], "boxes": [[0.5, 0.5, 0.75, 0.625]], "first": true}', now()
            FROM paper p, paper q WHERE p.id = :paper AND q.id = :other"""), {"id": uuid.uuid4(), "paper": paper, "other": other})
    api.checked(claim_no)
    page = clerk.get(at).text
    assert "在另一案件中见过这一页" in page and "内容有改动" in page
    assert f'href="/claims/{other_no}"' in page and f'src="/papers/{other}/pages/1"' in page
    assert '<rect x="0.5" y="0.5" width="0.25" height="0.125"/>' in page                # where they differ
    assert '<rect x="300.0" y="400.0" width="150.0" height="100.0" rx="4"/>' in page    # the finding's place on the page itself
    assert "与另一案件中的影像几乎相同" in page and 'name="verdict" value="overridden"' in page


def test_without_a_reader_the_same_page_takes_what_is_typed(api: Api) -> None:
    claim_no = claim_of(api, 3)
    paper, clerk = handed_in(api, claim_no, light=240), person(api, "xj.clerk")
    at = f"/claims/{claim_no}/papers/{paper}"
    page = clerk.get(at).text
    assert all(f'name="v-{spec.name}"' in page for spec in SHEETS["pathology"].fields)
    assert 'name="v-diagnosed_on"' in clerk.get(f"{at}?sheet=diagnosis").text
    wrong = said(api, clerk, at, answer="enter", sheet="pathology", **{"v-specimen_on": "2026-02-30", "v-name": "示例会员"})
    assert wrong.status_code == 422 and 'id="v-specimen_on-fault"' in wrong.text and 'value="示例会员"' in wrong.text
    assert fields(api, paper) == {}
    done = said(api, clerk, at, answer="enter", sheet="pathology", **{"v-specimen_on": "2026年3月11日", "v-seal": "yes", "v-name": ""})
    assert done.status_code == 303
    page = clerk.get(at).text
    assert "不一致" in page and "由人填写" in page and "补填没读出的 6 项" in page
    before = re.search(r"<svg viewBox=\"0 0 (\d+) (\d+)\"|width=\"(\d+)\" height=\"(\d+)\" alt", page)
    assert said(api, clerk, at, answer="turn", degrees="90").status_code == 303
    assert before is not None and 'width="800" height="600" alt' in clerk.get(at).text


def test_checked_fields_become_facts_after_old_was_seen_beside_new(api: Api) -> None:
    claim_no, paper, clerk, at = opened(api, 4, 238, reported_on="2026-03-11")
    one = fields(api, paper)["specimen_on"]
    assert "还没有核对过的" in clerk.get(f"/claims/{claim_no}/facts-read").text
    said(api, clerk, at, answer="accept", field=str(one.id))
    assert "1 处与申报不同" in clerk.get(at).text
    page = clerk.get(f"/claims/{claim_no}/facts-read").text
    assert f'value="{one.id}" id="pick-{one.id}" checked' in page
    assert "2026年3月12日" in page and "2026年3月11日" in page
    old, new = re.search(r"<del>(.*?)</del>.*?<ins>(.*?)</ins>", page).groups()     # type: ignore[union-attr]
    assert (old, new) == ("2026年3月12日", "2026年3月11日")
    nothing = clerk.send(f"/claims/{claim_no}/facts-read", **hidden(clerk), do="take", reason="按病理报告")
    assert nothing.status_code == 422 and "没有选择要填入的项目" in nothing.text
    clerk.get(f"/claims/{claim_no}/facts-read")
    looked = clerk.send(f"/claims/{claim_no}/facts-read", **hidden(clerk), do="look", reason="")
    assert looked.status_code == 200 and "没有变动" in looked.text
    clerk.get(f"/claims/{claim_no}/facts-read")
    done = clerk.send(f"/claims/{claim_no}/facts-read", **hidden(clerk), do="take", pick=str(one.id), reason="按病理报告")
    assert done.headers["location"].endswith("done=amended"), done.text
    claim = clerk.get(f"/claims/{claim_no}").text
    assert "2026年3月11日" in claim and f"/claims/{claim_no}/papers/{paper}?page=1" in claim      # the fact leads to its place


def test_the_same_through_the_interface(api: Api) -> None:
    claim_no = api.report(0, "nx")
    paper = handed_in(api, claim_no, "diagnosis", light=236, by="nx.clerk")
    read(api, paper, "diagnosis", {"name": ("示例", 0.99), "diagnosed_on": ("2026-03-16", 0.5)})
    shown = api.get("nx.clerk", f"/papers/{paper}/fields").json()["fields"]
    assert {(one["name"], one["value"], one["state"]) for one in shown} == {
        ("name", "示例", "read"), ("diagnosed_on", "2026-03-16", "read")}
    day = next(one for one in shown if one["name"] == "diagnosed_on")
    fixed = api.post("nx.clerk", f"/fields/{day['id']}/answer", {"answer": "correct", "value": "2026年3月15日", "mark": day["mark"]})
    assert fixed.status_code == 200 and fixed.json()["state"] == "corrected" and "2026" not in str(fixed.json()["mark"])
    assert "value" not in fixed.json()                                                           # kept answers hold no value
    again = api.post("nx.clerk", f"/fields/{day['id']}/answer", {"answer": "accept", "mark": day["mark"]})
    assert (again.status_code, again.json()["code"]) == (409, "stale_field")
    typed = api.post("nx.clerk", f"/papers/{paper}/fields", {"page": 1, "sheet": "diagnosis", "values": {"hospital": "示例医院"}})
    assert [one["name"] for one in typed.json()["fields"]] == ["hospital"]
    turned = api.post("nx.clerk", f"/papers/{paper}/pages/1/turn", {"degrees": 180})
    assert turned.status_code == 200 and turned.json()["number"] == 1
    assert api.get("nx.auditor", f"/papers/{paper}/fields").status_code == 200
    assert api.get("nx.m0", f"/papers/{paper}/fields").status_code == 403
    assert api.get("xj.clerk", f"/papers/{paper}/fields").status_code == 404
