"""The claim's way through its people's browsers: clerk, two reviewers, return and difference, senior and head; auditor."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House
from tests.browser.stage import one
from tests.services.api_world import PAPERS, picture


@pytest.fixture(scope="module")
def claim_no(house: House) -> str:
    """xj.m0's claim with every paper handed in by herself."""
    found = house.api.report(0)
    for kind in PAPERS:
        assert house.api.upload("xj.m0", f"/claims/{found}/papers", picture(f"{kind} {found}"), kind=kind).status_code == 201
    house.api.checked(found)
    return found


@pytest.fixture(scope="module")
def desks(house: House) -> dict[str, Page]:
    return {login: house.seat(f"xj.{login}") for login in ("clerk", "district", "office1", "senior", "head")}


def opened(page: Page, claim_no: str) -> None:
    """From my work to the claim, as one goes in the morning."""
    page.goto("/work")
    page.get_by_role("link", name=claim_no).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(claim_no)


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).first.click()


def level(house: House, claim_no: str) -> str:
    return one(house.api, "SELECT coalesce(max(s.level), '') FROM claim c LEFT JOIN review_step s ON s.claim_id = c.id"
                          " AND s.round = c.round AND s.state = 'open' WHERE c.claim_no = :no", no=claim_no)


def test_the_clerk_judges_every_paper_and_verifies(house: House, claim_no: str, desks: dict[str, Page]) -> None:
    page = desks["clerk"]
    opened(page, claim_no)
    page.locator("#papers").get_by_role("link", name=re.compile("核对")).first.click()
    for _ in PAPERS:
        expect(page.get_by_role("heading", level=2).first).to_be_visible()
        press(page, "认可这份材料")
    assert one(house.api, "SELECT count(*) FROM paper WHERE verdict = 'accepted'") == str(len(PAPERS))
    page.goto(f"/claims/{claim_no}/verify")
    page.locator("main form[method=post] button").last.click()
    expect(page.get_by_role("status").first).to_be_visible()
    assert house.state(claim_no) == "verified"
    house.api.routed(claim_no)


def test_the_clerk_certifies_and_the_district_passes(house: House, claim_no: str, desks: dict[str, Page]) -> None:
    opened(desks["clerk"], claim_no)
    press(desks["clerk"], "证明")
    expect(desks["clerk"].get_by_role("status").first).to_be_visible()
    opened(desks["district"], claim_no)
    before = level(house, claim_no)
    press(desks["district"], "通过")
    expect(desks["district"].get_by_role("status").first).to_be_visible()
    assert level(house, claim_no) != before


def test_the_office_returns_it_and_the_district_sees_what_changed(house: House, claim_no: str, desks: dict[str, Page]) -> None:
    office, district, at_office = desks["office1"], desks["district"], level(house, claim_no)
    opened(office, claim_no)
    office.get_by_role("link", name="退回下级…").click()
    office.get_by_label("退回的理由").select_option("papers_unclear")
    office.locator("#to_level").select_option("district")
    office.locator("main form[method=post] button").last.click()
    expect(office.get_by_role("status").first).to_be_visible()
    assert level(house, claim_no) != at_office
    # Meanwhile the member sends a better picture of a paper.
    sent = house.api.upload("xj.m0", f"/claims/{claim_no}/papers", picture(f"better {claim_no}"), kind="pathology")
    assert sent.status_code == 201
    opened(district, claim_no)
    expect(district.locator("#changes")).to_contain_text("自 2026年3月20日")
    expect(district.locator("#changes table")).to_be_visible()
    if district.get_by_role("button", name="变动已阅").count():
        press(district, "变动已阅")
    press(district, "通过")
    expect(district.get_by_role("status").first).to_be_visible()
    assert level(house, claim_no) == at_office


def test_it_is_decided_at_the_top_with_the_sum_in_words(house: House, claim_no: str, desks: dict[str, Page]) -> None:
    for login in ("office1", "senior", "head"):
        page = desks[login]
        opened(page, claim_no)
        last = page.get_by_role("link", name="通过并作出决定…")
        if last.count():
            last.click()
            expect(page.locator("main")).to_contain_text("60,000.00")       # 4 shares × 15,000 yuan for a malignant tumour: 一览表
            expect(page.locator("main")).to_contain_text("陆万元整")
            page.locator("main form[method=post] button").last.click()
            expect(page.get_by_role("status").first).to_be_visible()
            break
        press(page, "通过")
        expect(page.get_by_role("status").first).to_be_visible()
    assert house.state(claim_no) == "payable"


def test_the_auditor_reads_all_of_it_and_can_change_nothing(house: House, claim_no: str) -> None:
    page = house.seat("xj.auditor")
    page.goto(f"/claims/{claim_no}")
    for part in ("#chain", "#record", "#papers", "#sheet"):
        expect(page.locator(part)).to_be_visible()
    assert page.locator("main form[method=post]").count() == 0
    refused = page.goto("/work")
    assert refused is not None and refused.status == 403


def test_once_in_english(house: House) -> None:
    number = house.api.in_review(1)
    page = house.seat("xj.clerk", language="en-GB")
    page.goto("/work")
    expect(page.get_by_role("heading", level=1)).to_have_text("My work")
    page.get_by_role("link", name=number).first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    press(page, "Certify")
    expect(page.get_by_role("status").first).to_be_visible()
    assert level(house, number) == "district"


def test_all_of_review_goes_by_keys_and_the_question_mark_shows_them(house: House) -> None:
    number = house.api.in_review(2)
    page = house.seat("xj.clerk")
    page.goto(f"/claims/{number}")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="证明", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_be_visible()
    assert level(house, number) == "district"


def test_it_goes_without_script_too(house: House) -> None:
    number = house.api.in_review(4)
    page = house.seat("xj.clerk", script=False)
    opened(page, number)
    press(page, "证明")
    expect(page.get_by_role("status").first).to_be_visible()
    assert level(house, number) == "district"
