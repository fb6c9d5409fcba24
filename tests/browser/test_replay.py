"""A head replays a proposed file before releasing it: chosen, sent, read on a desk and on a phone."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from playwright.sync_api import expect

from services.rulebook import registry
from tests.browser.house import DESK, PHONE, House, faults, wide_enough
from tests.services.after_world import decided as decided_in_situ
from tests.support.road import decided, pay

WORDS = "{take: 1000, clause: 一览表 原位癌"


def test_a_proposed_file_is_chosen_and_its_replay_read(house: House, today: datetime, tmp_path: Path) -> None:
    world = house.api.world
    pay(world, [decided(world, 0, today), *(decided_in_situ(world, n, today) for n in (3, 4))], today)
    text = next(path for path in registry.files() if path.parent.name == "xj-women").read_text()
    file, broken = tmp_path / "2024-01-01.yaml", tmp_path / "broken.yaml"
    file.write_text(text.replace(WORDS, WORDS.replace("1000", "1250")).replace("shares: {max: 4", "shares: {max: 3"))
    broken.write_text(text.replace("kinds:", "kindz:"))
    page = house.seat("xj.head")
    page.set_viewport_size(DESK)
    page.goto("/plans")
    page.get_by_role("link", name="规则测算").click()
    page.locator("#file").set_input_files(str(broken))
    page.get_by_role("button", name="测算").click()
    expect(page.locator("#findings-title + ul")).to_contain_text("kindz")
    assert faults(page) == []
    page.locator("#file").set_input_files(str(file))
    page.get_by_role("button", name="测算").click()
    page.wait_for_url(re.compile(r"/plans/replay\?file="))
    expect(page.locator(".figures.lead strong").first).to_have_text("+750.00")      # one and two shares, 250 each
    expect(page.locator("#uncomputed-title + div tbody tr")).to_have_count(1)       # the cancer's member holds four shares
    picture = page.locator("figure.chart img")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("(one) => one.decode().then(() => one.naturalWidth)") > 0
    for scheme, size in (("light", DESK), ("dark", PHONE)):
        page.emulate_media(color_scheme=scheme)     # type: ignore[arg-type]
        page.set_viewport_size(size)
        assert faults(page) == []
        assert wide_enough(page), scheme
    page.locator("#changed-title ~ div tbody a").first.click()
    page.wait_for_url(re.compile("/claims/XJ"))
    assert house.heard == []
