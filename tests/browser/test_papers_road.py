"""The whole road of papers at a telephone's width: handed in, asked for, answered with a photograph, verified, the pause told in words."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.browser.house import House, faults, wide_enough
from tests.browser.stage import one
from tests.services.api_world import PAPERS
from tests.services.member_pages import letters_out
from tests.support.paper_files import page as sheet
from tests.support.paper_files import saved

MISSING = "pathology"


def case_of(house: House, claim_no: str) -> str:
    return one(house.api, "SELECT f.case_no FROM case_file f JOIN claim c ON c.case_id = f.id WHERE c.claim_no = :no", no=claim_no)


def fits(page: Page) -> None:
    page.wait_for_load_state()
    assert wide_enough(page) and faults(page) == []


def photograph(page: Page, field: str, kind: str) -> None:
    box, content = page.locator(f"#{field}"), saved(sheet(light=246 - PAPERS.index(kind)))       # sharp: nothing to advise
    box.get_by_label("拍照").set_input_files({"name": f"{kind}.png", "mimeType": "image/png", "buffer": content})
    expect(page.locator(".chosen li").filter(has_text=f"{kind}.png")).to_be_visible()


def test_papers_from_the_telephone_to_the_verified_file(house: House) -> None:
    claim_no = house.api.report()
    case, claim = case_of(house, claim_no), f"/claims/{claim_no}"

    # she hands in what she has, by the camera
    page = house.seat("xj.m0", phone=True)
    page.goto(f"/cases/{case}/papers")
    fits(page)
    for handed, kind in enumerate((kind for kind in PAPERS if kind != MISSING), start=1):
        photograph(page, f"files-{kind}", kind)
        page.locator("form", has=page.locator(f"#files-{kind}")).get_by_role("button", name="上传", exact=True).tap()
        page.wait_for_url(re.compile("done=handed"))
        expect(page.locator(f"section:has(#k-{kind}) .tag").first).to_have_text("待核对")
        assert one(house.api, "SELECT count(*) FROM paper") == str(handed)
        page.goto(f"/cases/{case}/papers")
    house.api.checked(claim_no)

    # the clerk asks for the rest, once: what is missing is ticked, with its reason and where it is got
    clerk = house.seat("xj.clerk", phone=True)
    clerk.goto(f"{claim}/ask")
    fits(clerk)
    expect(clerk.locator(f"#want-{MISSING}")).to_be_checked()
    expect(clerk.locator(f"#how-{MISSING}")).to_have_value(re.compile("病理科"))
    clerk.get_by_role("button", name="列出并告知").tap()
    clerk.wait_for_url(re.compile("done=asked"))
    assert house.state(claim_no) == "supplementing"
    letters_out(house.api, claim_no, "supplement.create")

    # she is told; opening the letter is its delivery, and the clocks pause
    page.goto("/mine")
    page.locator(f'main a[href^="/mine/{claim_no}"]').first.tap()
    with page.expect_response(re.compile("/letters/.*/content")):
        page.locator("#letters").get_by_role("button", name="打开").first.tap(no_wait_after=True)
    house.api.clock.advance(timedelta(days=3))
    house.leave()
    page = house.seat("xj.m0", phone=True)
    page.goto(f"/mine/{claim_no}")
    expect(page.locator("#lists")).to_contain_text("2026年3月21日 起不计")
    expect(page.locator("#lists")).to_contain_text("怎样补：")
    fits(page)

    # she answers with a photograph
    page.get_by_role("link", name="交补充材料").tap()
    page.wait_for_url(re.compile("/lists/"))
    fits(page)
    photograph(page, "files-0", MISSING)
    page.get_by_role("button", name="提交", exact=True).tap()
    page.wait_for_url(re.compile("done=answered"))
    expect(page.locator("#lists")).to_contain_text("2026年3月21日 至 2026年3月23日 不计，共 3 日")
    assert house.state(claim_no) == "reported"

    # the clerk looks at each paper and verifies; the pause stands in words on the claim's page
    house.api.checked(claim_no)
    clerk = house.seat("xj.clerk", phone=True)
    for paper in one(house.api, "SELECT string_agg(id::text, ' ' ORDER BY uploaded_at) FROM paper").split():
        clerk.goto(f"{claim}/papers/{paper}")
        clerk.locator("main").get_by_role("button", name="认可这份材料", exact=True).last.tap()
        clerk.wait_for_url(re.compile("done=judged"))
    clerk.goto(f"{claim}/verify")
    clerk.locator("main form[method=post] button").last.tap()
    clerk.wait_for_url(re.compile("done=verified"))
    assert house.state(claim_no) == "verified"
    expect(clerk.locator("#clocks")).to_contain_text("2026年3月21日 至 2026年3月23日 不计，共 3 日：补充材料告知书 2026年3月20日 送达")
    fits(clerk)
    assert house.heard == []
