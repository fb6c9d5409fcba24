"""Every page as axe sees it, in light and dark; as wide as its screen and no wider; and on paper."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

from services.web import pages
from tests.browser.addresses import ADDRESSES, NOBODY, NOT_PAGES
from tests.browser.house import DESK, PHONE, House, wide_enough
from tests.browser.stage import Stage, build

READ = sorted({route.path for route in pages.routes() if route.method == "GET"} - NOT_PAGES)
AXE = Axe()


@pytest.fixture(scope="module")
def stage(house: House) -> Stage:
    return build(house.api)


@pytest.fixture(scope="module")
def seats(house: House) -> dict[str, Page]:
    """One browser profile for each person, kept through this file."""
    return {}


def test_every_page_has_an_address_here() -> None:
    assert sorted({route.path for route in pages.routes() if route.method == "GET"} ^ ADDRESSES.keys()) == []


@pytest.mark.parametrize("path", READ)
def test_a_page_is_accessible_in_light_and_dark_and_fits_its_screen(house: House, stage: Stage, seats: dict[str, Page], path: str) -> None:
    who, where = ADDRESSES[path]
    if who not in seats:
        seats[who] = house.seat(who) if who != NOBODY else house.visitor()
    page = seats[who]
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light")
    answer = page.goto(stage.at(where))
    assert answer is not None and answer.status < 500
    assert page.locator("h1").count() == 1
    faults = told(page)
    page.emulate_media(color_scheme="dark")
    faults += told(page, "color-contrast")
    assert faults == []
    assert wide_enough(page), "wider than a desk"
    page.set_viewport_size(PHONE)
    assert wide_enough(page), "wider than a phone"


def test_on_paper_a_claim_is_the_file_and_not_the_screen(house: House, stage: Stage) -> None:
    page = house.seat("xj.head")
    page.goto(stage.at("/claims/{office}"))
    page.emulate_media(media="print")
    for gone in ("header.top", "nav.menu", "footer", "#todo", "main form"):
        assert page.locator(gone).evaluate_all("(all) => all.filter((one) => one.checkVisibility()).length") == 0, gone
    for kept in ("h1", "#facts", "#chain", "#record"):
        assert page.locator(kept).first.evaluate("(one) => one.checkVisibility()"), kept


def told(page: Page, *rules: str) -> list[str]:
    """What axe finds, one line for each place. With rules: those only, on a page that has axe already."""
    if not rules:
        page.evaluate(AXE.axe_script)
    only = {"type": "rule", "values": list(rules)} if rules else \
        {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = page.evaluate("(options) => axe.run(options).then((found) => found.violations)", {"runOnly": only})
    return [f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}" for one in found for node in one["nodes"]]
