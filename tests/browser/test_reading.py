"""A paper's desk by keys alone: accepted, corrected, unreadable, turned, the next one, the paper accepted; by mouse; without script."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.house import PHONE, House, faults, wide_enough
from tests.browser.stage import one
from tests.services.reading_world import fields, handed_in, read


@pytest.fixture(scope="module")
def desk(house: House) -> tuple[str, uuid.UUID, uuid.UUID]:
    """A claim with a pathology report that was read, and a diagnosis that nobody read."""
    claim_no = house.api.report(0)
    paper = handed_in(house.api, claim_no)
    read(house.api, paper)
    other = handed_in(house.api, claim_no, "diagnosis", light=240)
    return claim_no, paper, other


def states(house: House, paper: uuid.UUID) -> dict[str, str]:
    return {name: view.state for name, view in fields(house.api, paper).items()}


def line(page: Page, house: House, paper: uuid.UUID, name: str) -> Locator:
    return page.locator(f"#f-{fields(house.api, paper)[name].id}")


def test_a_paper_is_checked_by_keys_alone(house: House, desk: tuple[str, uuid.UUID, uuid.UUID]) -> None:
    claim_no, paper, other = desk
    house.heard.clear()
    page = house.seat("xj.clerk")
    page.goto(f"/claims/{claim_no}/papers/{paper}")
    picture = page.locator(".sheet img")
    expect(picture).to_have_js_property("complete", True)
    for name in ("name", "hospital", "number"):                 # three accepted: by Enter on the line, and by A
        expect(line(page, house, paper, name)).not_to_have_class(re.compile("answered"))
        page.keyboard.press("a" if name != "hospital" else "Enter")
        expect(line(page, house, paper, name)).to_have_class(re.compile("answered"))
    expect(line(page, house, paper, "specimen_on")).to_be_focused()
    expect(page.locator(".box.lit")).to_have_count(1)
    page.keyboard.press("e")                                    # one corrected, first in a way that cannot be meant
    page.keyboard.type("昨天")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_contain_text("不是日期")
    expect(page.locator("input[aria-invalid]")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("2026.3.11")
    page.keyboard.press("Enter")
    expect(line(page, house, paper, "specimen_on")).to_contain_text("2026年3月11日")
    expect(line(page, house, paper, "received_on")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(line(page, house, paper, "reported_on")).to_be_focused()
    page.keyboard.press("u")
    expect(line(page, house, paper, "reported_on")).to_have_class(re.compile("answered"))
    assert states(house, paper) == {"name": "accepted", "hospital": "accepted", "number": "accepted", "specimen_on": "corrected",
                                    "received_on": "read", "reported_on": "unreadable"}
    wide = picture.bounding_box()
    page.keyboard.press("+")
    larger = picture.bounding_box()
    page.keyboard.press("0")
    assert wide and larger and larger["width"] > wide["width"] * 1.4
    with page.expect_navigation():
        page.keyboard.press("r")
    expect(page.locator(".sheet img")).to_have_attribute("width", "800")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("这一项看不清")
    page.keyboard.press("Escape")
    with page.expect_navigation():
        page.keyboard.press("n")                                # no next page: the next paper
    assert page.url.endswith(f"/papers/{other}")
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="认可这份材料", exact=True)).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert one(house.api, "SELECT verdict FROM paper WHERE id = :id", id=other) == "accepted"
    assert page.url.split("?")[0].endswith(f"/papers/{paper}")      # what still waits
    assert [said.split(": ")[1][:3] for said in house.heard] == ["422"]     # the one refusal


def test_box_and_field_find_each_other_and_the_page_is_accessible(house: House, desk: tuple[str, uuid.UUID, uuid.UUID]) -> None:
    claim_no, paper, _ = desk
    house.heard.clear()
    page = house.seat("xj.district")
    page.goto(f"/claims/{claim_no}/papers/{paper}")
    field = fields(house.api, paper)["received_on"]
    page.locator(f"[data-for='f-{field.id}'] rect").click()
    expect(page.locator(f"#f-{field.id}")).to_be_focused()
    page.locator(f"#f-{fields(house.api, paper)['name'].id}").hover()
    expect(page.locator(f"[data-for='f-{fields(house.api, paper)['name'].id}']")).to_have_class(re.compile("lit"))
    assert faults(page) == []
    page.emulate_media(color_scheme="dark")
    assert faults(page, "color-contrast") == []
    page.set_viewport_size(PHONE)
    assert wide_enough(page)
    page.goto(f"/claims/{claim_no}/facts-read")
    assert wide_enough(page) and faults(page) == []
    assert house.heard == []


def test_without_script_a_field_is_answered_and_the_picture_larger(house: House, desk: tuple[str, uuid.UUID, uuid.UUID]) -> None:
    claim_no, paper, other = desk
    page = house.seat("xj.clerk", script=False)
    page.goto(f"/claims/{claim_no}/papers/{paper}")
    expect(page.locator(".box rect")).to_have_count(6)
    page.get_by_role("link", name="放大").click()
    expect(page.locator(".sheet.z150")).to_be_visible()
    page.get_by_role("button", name=re.compile("认可.*标本接收日期")).click()
    expect(page.locator(".sheet.z150")).to_be_visible()
    assert states(house, paper)["received_on"] == "accepted"
    page.goto(f"/claims/{claim_no}/papers/{other}")
    page.get_by_label("确诊（开具）日期").fill("2026年3月16日")
    page.get_by_role("button", name="记下填写的各项").click()
    assert fields(house.api, other)["diagnosed_on"].value == "2026-03-16"
