"""A member at her phone: she reports, the net goes away and comes back, she hands in a paper, reads a letter, objects."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.house import House, wide_enough
from tests.browser.stage import number, one
from tests.services.after_world import decided, letter
from tests.support.paper_files import photo


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).tap()


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text(words)
    assert wide_enough(page), words


def test_a_member_reports_by_phone_though_the_net_is_cut(house: House) -> None:
    page = house.seat("xj.m0", phone=True)
    page.goto("/mine")
    heading(page, "我的案件")
    page.goto("/report")
    press(page, "开始报案")
    heading(page, "发生了什么事")
    page.get_by_label("查出疾病").check()
    press(page, "下一步")
    heading(page, "情况")
    page.get_by_label("确诊日期").fill("2026-03-16")
    page.get_by_label("病检标本提取日").fill("2026-03-12")
    page.get_by_text("诊断证明上的编码").tap()
    page.locator('[id="event.icd10"]').fill("C53.900")
    page.get_by_label("医院").fill("示例医院")

    page.context.set_offline(True)
    press(page, "下一步")
    expect(page.locator("#kept")).to_be_visible()
    assert "kind" not in page.url and page.url.endswith("/facts")
    assert one(house.api, "SELECT count(*) FROM case_file") == "0"

    page.context.set_offline(False)                     # it sends itself when the net is back
    page.wait_for_url(re.compile("/papers$"))
    heading(page, "哪些保障受理")
    expect(page.get_by_text("可以立案").first).to_be_visible()
    page.get_by_role("link", name="下一步").tap()
    heading(page, "核对提交")
    expect(page.locator("main")).to_contain_text("2026年3月16日")
    expect(page.locator("main")).to_contain_text("示例医院")
    page.locator("#consent-processing").check()

    page.context.set_offline(True)
    press(page, "提交报案")
    expect(page.locator("#kept")).to_be_visible()
    assert one(house.api, "SELECT count(*) FROM case_file") == "0"
    page.context.set_offline(False)
    page.wait_for_url(re.compile(r"/cases/[^/]+/papers\?done=reported"))
    expect(page.get_by_role("status").first).to_contain_text("报案已收到")
    assert one(house.api, "SELECT count(*) FROM case_file") == "1"
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('huzhu-kept:')).length") == 0


def test_she_photographs_a_paper(house: House) -> None:
    case = one(house.api, "SELECT case_no FROM case_file")
    page = house.seat("xj.m0", phone=True)
    page.goto(f"/cases/{case}/papers")
    form = page.locator("form", has=page.locator("#files-diagnosis"))
    form.get_by_label("拍照").set_input_files({"name": "诊断.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    form.get_by_role("button", name="上传", exact=True).tap()
    page.wait_for_url(re.compile("done=handed"))
    expect(page.locator("main")).to_contain_text("待核对")
    assert one(house.api, "SELECT count(*) FROM paper") == "1"


def test_she_reads_the_decision_and_objects(house: House) -> None:
    claim, now = decided(house.api.world, 3, house.api.clock.now()), house.api.clock.now()
    letter(house.api.world, "claim.approve", claim, now)
    claim_no = number(house.api, claim)
    page = house.seat("xj.m3", phone=True)
    page.goto("/mine")
    page.locator(f'main a[href^="/mine/{claim_no}"]').first.tap()
    heading(page, claim_no)
    with page.expect_response(re.compile("/letters/.*/content")):
        page.locator("#letters").get_by_role("button", name="打开").first.tap(no_wait_after=True)
    page = house.seat("xj.m3", phone=True)
    page.goto(f"/mine/{claim_no}")
    assert one(house.api, "SELECT count(*) FROM notice WHERE claim_id = :id AND state = 'delivered'", id=claim) == "1"
    page.get_by_role("link", name="不同意这一决定，提出异议").tap()
    heading(page, "提出异议")
    page.get_by_label("为什么不同意").fill("病理会诊已更正为恶性")
    press(page, "提出异议")
    page.wait_for_url(re.compile("done=objected"))
    assert one(house.api, "SELECT state FROM objection WHERE claim_id = :id", id=claim) == "lodged"

    head = house.seat("xj.head")
    head.goto(f"/claims/{claim_no}/accept-objection")
    head.locator("main form[method=post] button").last.click()
    expect(head.get_by_role("status").first).to_be_visible()
    assert one(house.api, "SELECT round FROM claim WHERE id = :id", id=claim) == "2"
    assert one(house.api, "SELECT count(*) FROM decision WHERE claim_id = :id AND round = 1", id=claim) == "1"
