"""A menu plan composed, seen, released by a second person and open to everybody; a letter's courtesy in the office's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from services.rulebook.shelf import NONE, use
from tests.browser.house import DESK, PHONE, House, faults, wide_enough

BASE = "xj-women 2024-01-01"


@pytest.fixture(autouse=True)
def _nothing_released_afterwards() -> Iterator[None]:
    yield
    use(NONE)


def looked_at(page: Page) -> None:
    """As axe sees it, and no wider than its screen, on a desk and on a phone."""
    assert faults(page) == []
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        assert wide_enough(page)


def test_a_plan_is_composed_in_the_form_and_released_by_another(house: House) -> None:
    admin, head = house.seat("xj.admin"), house.seat("xj.head")
    admin.goto("/releases")
    admin.get_by_role("link", name="组合计划").click()
    admin.locator("#base").select_option(BASE)
    admin.get_by_role("button", name="开始组合").click()
    looked_at(admin)
    admin.locator("[id='plan']").fill("xj-menu")
    admin.locator("[id='name']").fill("菜单式互助保障")
    admin.locator("[id='from']").fill("2026-04-01")
    admin.locator("[id='benefits.malignant.steps.0.take']").fill("一万")
    admin.get_by_role("button", name="保存并计算").first.click()
    expect(admin.locator("#state")).to_be_visible()
    admin.get_by_role("link", name=re.compile("“一万”不是数")).click()
    expect(admin.locator("[id='benefits.malignant.steps.0.take']")).to_be_in_viewport()
    looked_at(admin)
    admin.locator("[id='benefits.malignant.steps.0.take']").fill("12000")
    admin.locator("summary", has_text="住院津贴（按天）").click()
    admin.locator("[id='part-bj-allowance_2015-01-01_allowance']").check()
    admin.get_by_role("button", name="保存并计算").first.click()
    expect(admin.locator("main")).to_contain_text("没有问题")
    sample = admin.locator("details.sample", has_text="4份，60日后恶性")
    expect(sample.locator("summary")).to_contain_text("48,000.00")
    sample.locator("summary").click()
    expect(sample).to_contain_text("12000")
    looked_at(admin)
    admin.locator("#note").fill("菜单式试点")
    admin.get_by_role("button", name="提出", exact=True).click()
    admin.wait_for_url(re.compile("/releases/"))
    expect(admin.get_by_role("button", name="放行")).to_have_count(0)
    head.goto(admin.url.partition("?")[0])
    expect(head.locator("main")).to_contain_text("这是一个新计划")
    looked_at(head)
    head.get_by_role("button", name="放行").click()
    expect(head.get_by_role("status")).to_contain_text("已放行")
    everybody = house.visitor()
    everybody.goto("/plans")
    everybody.get_by_role("link", name="菜单式互助保障").click()
    expect(everybody.locator("article.wording")).to_contain_text("标准12000元")
    looked_at(everybody)
    assert house.heard == []


def test_a_courtesy_is_seen_as_the_letter_before_it_is_proposed(house: House) -> None:
    page = house.seat("xj.head")
    page.goto("/letter-wordings")
    looked_at(page)
    page.get_by_role("link", name="受理回执：对治疗中的会员").click()
    page.locator("#text").fill("请安心休养，逾期不候。")
    page.get_by_role("button", name="看文书").click()
    expect(page.locator("#text-fault")).to_contain_text("“逾期”不能写进用语")
    page.locator("#text").fill("请您安心休养，所需材料可以托家人送来。")
    page.get_by_role("button", name="看文书").click()
    picture = page.locator(".sheets img").first
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    looked_at(page)
    page.locator("#effective_on").fill("2026-04-01")
    page.locator("#note").fill("换成本办的话")
    page.get_by_role("button", name="提出", exact=True).click()
    page.wait_for_url(re.compile("/releases/"))
    looked_at(page)
    assert house.heard == []
