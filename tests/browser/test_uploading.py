"""Files on a phone: looked at when chosen, sent in parts, on from where a cut line left them."""

from __future__ import annotations

import re

from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.house import House, faults, wide_enough
from tests.services.member_pages import case_no, one
from tests.support.paper_files import page as sheet
from tests.support.paper_files import saved

PART = 1 << 20

# A picture is chosen and the button pressed in one breath.
AT_ONCE = """([hex]) => {
  const field = document.getElementById("files-diagnosis-pick"), given = new DataTransfer();
  given.items.add(new File([Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16))], "急.png", { type: "image/png" }));
  field.files = given.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  field.form.querySelector("button:not([type=button])").click();
}"""


def large() -> bytes:
    """A sharp scan of more than two parts."""
    page = sheet(1500, 2100)
    grain = Image.effect_noise(page.size, 30).convert("RGB")
    return saved(Image.blend(page, grain, 0.25))


def chosen(page: Page, kind: str, name: str, content: bytes) -> None:
    page.set_input_files(f"#files-{kind}-pick", {"name": name, "mimeType": "image/png", "buffer": content})


def test_a_dark_picture_is_told_at_once_and_the_choice_is_hers(house: House) -> None:
    claim = house.api.report(0)
    page = house.seat("xj.m0", phone=True)
    page.goto(f"/cases/{case_no(house.api, claim)}/papers")
    form = page.locator("form", has=page.locator("#files-diagnosis"))
    chosen(page, "diagnosis", "暗.png", saved(sheet(light=50)))
    expect(form.get_by_text("图片太暗：请在光线充足的地方重新拍照")).to_be_visible()
    form.get_by_role("button", name="上传", exact=True).click()
    expect(form.get_by_text("请逐张选择重新拍照或仍要上传")).to_be_visible()
    assert wide_enough(page) and faults(page) == []
    form.get_by_role("button", name="取消").click()
    expect(form.locator(".chosen li")).to_have_count(0)
    chosen(page, "diagnosis", "小.png", saved(sheet(300, 420)))
    expect(form.get_by_text("图片太小，字认不出来")).to_be_visible()
    expect(form.get_by_role("button", name="仍要上传")).to_have_count(0)
    form.get_by_role("button", name="取消").click()
    chosen(page, "diagnosis", "好.png", saved(sheet()))
    page.evaluate(AT_ONCE, [saved(sheet(light=50)).hex()])
    expect(form.get_by_text("请逐张选择重新拍照或仍要上传")).to_be_visible()
    assert one(house.api, "SELECT count(*) FROM paper") == "0", "nothing went before it was looked at"
    form.locator(".chosen li").filter(has_text="急.png").get_by_role("button", name="取消").click()
    chosen(page, "diagnosis", "暗.png", saved(sheet(light=50)))
    form.get_by_role("button", name="仍要上传").click()
    form.get_by_role("button", name="上传", exact=True).click()
    expect(page.get_by_text("材料已收到，将由经办人核对。")).to_be_visible()
    assert one(house.api, "SELECT string_agg(file_name, ' ' ORDER BY p.id) FROM paper p JOIN claim c ON c.id = p.claim_id"
                          " WHERE c.claim_no = :no AND p.kind = 'diagnosis'", no=claim) == "好.png 暗.png"
    assert house.heard == []


def test_a_cut_line_and_a_page_read_anew_lose_nothing(house: House) -> None:
    claim, content = house.api.report(1), large()
    assert len(content) > 2 * PART
    page = house.seat("xj.m1", phone=True)
    page.goto(f"/cases/{case_no(house.api, claim)}/papers")
    form = page.locator("form", has=page.locator("#files-pathology"))
    offsets: list[int] = []
    cut = {"left": 1, "for good": False}

    def line(route: Route) -> None:
        offset = int(re.search(rb'name="offset"\r\n\r\n(\d+)', route.request.post_data_buffer or b"")[1])      # type: ignore[index]
        if offset and (cut["left"] or cut["for good"]):
            cut["left"] -= 1
            route.abort("connectionreset")
            return
        offsets.append(offset)
        route.continue_()
    page.route("**/part", line)
    cut["for good"] = True
    chosen(page, "pathology", "病理.png", content)
    form.get_by_role("button", name="上传", exact=True).click()
    expect(form.locator("progress")).to_have_js_property("value", PART)
    expect(form.get_by_text("网络断开，恢复后自动接着传。")).to_be_visible()
    page.reload()
    expect(page.get_by_text("没有传完的文件")).to_be_visible()
    expect(page.get_by_text("已传 1.0 MB")).to_be_visible()
    cut["for good"], cut["left"] = False, 1         # one more cut, then the line holds
    chosen(page, "pathology", "病理.png", content)
    form.get_by_role("button", name="上传", exact=True).click()
    expect(page.get_by_text("材料已收到，将由经办人核对。")).to_be_visible()
    assert offsets == [0, *range(PART, len(content), PART)], "no part was sent twice"
    size = one(house.api, "SELECT size FROM paper p JOIN claim c ON c.id = p.claim_id WHERE c.claim_no = :no", no=claim)
    assert int(size) == len(content)
