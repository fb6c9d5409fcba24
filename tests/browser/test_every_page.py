"""Every page and every refused form as axe sees it; as wide as its screen and no wider; silent in the console; and on paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from services.web import pages
from services.web.desks.progress import LOOK_UPS
from tests.browser.addresses import ADDRESSES, BUTTONS, FORMS_ELSEWHERE, MEMBER, NOBODY, NOT_PAGES, PRESSED_ELSEWHERE
from tests.browser.house import DESK, PHONE, House, faults, send_empty, wide_enough
from tests.browser.stage import Stage, build

READ = sorted({route.path for route in pages.routes() if route.method == "GET"} - NOT_PAGES)
FORMS = sorted({route.path for route in pages.routes() if route.method == "POST"} & (ADDRESSES.keys() | FORMS_ELSEWHERE.keys()) - BUTTONS)


@pytest.fixture(scope="module")
def stage(house: House) -> Stage:
    return build(house.api)


@pytest.fixture(scope="module")
def seats(house: House) -> dict[str, Page]:
    """One browser profile for each person, kept through this file."""
    return {}


@pytest.fixture(autouse=True)
def listening(house: House) -> None:
    """Each test hears its own pages."""
    house.heard.clear()


def test_every_page_has_an_address_here() -> None:
    assert sorted({route.path for route in pages.routes() if route.method == "GET"} ^ ADDRESSES.keys()) == []


def test_every_form_has_an_address_here() -> None:
    sent = {route.path for route in pages.routes() if route.method == "POST"}
    assert sorted(sent - (ADDRESSES.keys() | FORMS_ELSEWHERE.keys() | PRESSED_ELSEWHERE)) == []
    assert sorted((FORMS_ELSEWHERE.keys() | PRESSED_ELSEWHERE) - sent) == []


@pytest.mark.parametrize("path", READ)
def test_a_page_is_accessible_in_light_and_dark_and_fits_its_screen(house: House, stage: Stage, seats: dict[str, Page], path: str) -> None:
    page, where = seated(house, seats, ADDRESSES[path][0]), ADDRESSES[path][1]
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light")
    answer = page.goto(stage.at(where))
    assert answer is not None and answer.status in (200, 404, 409)
    assert page.locator("h1").count() == 1
    # An act not offered now shows the claim, which has its own line; its form is looked at below.
    found = [] if answer.status == 409 and path.startswith("/claims/") else [*faults(page), *in_the_dark(page)]
    assert found == []
    assert wide_enough(page), "wider than a desk"
    page.set_viewport_size(PHONE)
    assert wide_enough(page), "wider than a phone"
    assert house.heard == []


@pytest.mark.parametrize("path", FORMS)
def test_a_form_that_is_refused_says_so_accessibly(house: House, stage: Stage, seats: dict[str, Page], path: str) -> None:
    """Sent with nothing in it, on a phone: the refusal on top, the form again below it."""
    who, where = {**ADDRESSES, **FORMS_ELSEWHERE}[path]
    page = seated(house, seats, who)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="light")
    if page.url == "about:blank":
        page.goto("/plans")
    answer = send_empty(page, stage.at(where))
    assert answer.status in (401, 403, 404, 409, 422)
    assert page.locator("h1").count() == 1
    assert page.locator(".problem, .fault").count() > 0
    assert faults(page) == []
    assert wide_enough(page), "wider than a phone"
    assert house.heard == []


def test_doors_that_are_shut_are_accessible_too(house: House, seats: dict[str, Page]) -> None:
    """No permission, no such page, too much, too often."""
    member, visitor = seated(house, seats, MEMBER), seated(house, seats, NOBODY)
    for page, where, status in ((member, "/work", 403), (member, "/nowhere", 404), (visitor, "/claims/XJ2026-0000-017", 200)):
        answer = page.goto(where)
        assert answer is not None and answer.status == status
        assert faults(page) == []
    assert house.heard == []
    visitor.goto("/progress?no=XJ2026-0000-017")
    for _ in range(LOOK_UPS + 1):                       # nobody guesses codes
        visitor.locator("#code").fill("00000000")
        with visitor.expect_navigation() as going:
            visitor.locator("main button").click()
    assert going.value.status == 429
    assert faults(visitor) == []


def test_on_paper_a_claim_is_the_file_and_not_the_screen(house: House, stage: Stage) -> None:
    page = house.seat("xj.head")
    page.goto(stage.at("/claims/{office}"))
    page.emulate_media(media="print")
    for gone in ("header.top", "nav.menu", "footer", "#todo", "main form"):
        assert page.locator(gone).evaluate_all("(all) => all.filter((one) => one.checkVisibility()).length") == 0, gone
    for kept in ("h1", "#facts", "#chain", "#record"):
        assert page.locator(kept).first.evaluate("(one) => one.checkVisibility()"), kept


def test_a_long_menu_folds_with_and_without_script(house: House) -> None:
    """Every page a head may open is two presses away on a desk and a phone; Escape closes what was opened."""
    for script in (True, False):
        page = house.seat("xj.head", script=script)
        page.goto("/samples")
        fold = page.locator("nav.menu summary", has_text="内部管理")
        assert fold.get_attribute("aria-current") == "true"
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            fold.click()
            page.locator("nav.menu summary", has_text="资金").click()
            assert page.locator("nav.menu").get_by_role("link", name="付款").is_visible()
            assert wide_enough(page)
            if script:
                assert faults(page) == []
                assert not page.locator("nav.menu").get_by_role("link", name="质检").is_visible()
                page.keyboard.press("Escape")
                assert page.locator("nav.menu [open]").count() == 0
            else:
                page.reload()
        page.locator("nav.menu summary", has_text="资金").click()
        page.locator("nav.menu").get_by_role("link", name="付款").click()
        assert page.url.endswith("/runs")
    assert house.heard == []


def seated(house: House, seats: dict[str, Page], who: str) -> Page:
    """This person's browser, opened once."""
    if who not in seats:
        seats[who] = house.seat(who) if who != NOBODY else house.visitor()
    return seats[who]


def in_the_dark(page: Page) -> list[str]:
    """Colours once more on a dark screen."""
    page.emulate_media(color_scheme="dark")
    return faults(page, "color-contrast")
