"""Pictures of the pages: `make pictures`.

A scratch world is built, served on a free port and photographed by the system's Chromium: the README's pictures go to
infra/docs/pictures/, and every page at three widths in light and dark to a folder for looking (its path is printed).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import uuid
from datetime import date
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from documents import gallery
from documents.render import codes
from infra.scratch import fresh
from services.core.clock import at_hour
from services.core.db import Database
from services.reporting.figures import service as figures
from services.simulate.scans import sheet
from tests.browser.addresses import ADDRESSES, NOBODY, NOT_PAGES
from tests.browser.house import ARGS, House, chromium, serving
from tests.browser.stage import Stage, build, one
from tests.services import reading_world
from tests.services.api_world import EVENT, Api
from tests.support.world import ROOT

KEPT = Path(__file__).parent / "docs" / "pictures"
LETTERS = KEPT.parent / "letters"
WIDTHS = (390, 1280, 1920)


def main() -> int:
    """Photograph every page, or those whose address holds `--only`."""
    parser = argparse.ArgumentParser(prog="python -m infra.pictures", description=__doc__)
    parser.add_argument("--only", default="", help="a regular expression of addresses; without it also the README's pictures")
    parser.add_argument("--letters", action="store_true", help="the letters' samples alone, without a browser")
    parser.add_argument("--to", type=Path, default=None, help="the folder for looking")
    given = parser.parse_args()
    if not given.only:
        letters()
    if given.letters:
        return 0
    folder = given.to or Path(tempfile.mkdtemp(prefix="huzhu-pictures-"))
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="hz"))
    try:
        photograph(scratch, folder, given.only)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    sys.stdout.write(f"{folder}\n")
    return 0


def photograph(scratch: Path, folder: Path, only: str) -> None:
    """Build the world, open the browser, go round."""
    os.environ.setdefault("HUZHU_OCR", "none")      # hands fill in what is read: a verifier waits for a machine that reads
    _, app = fresh(scratch, "pictures")
    db = Database(app, pool_size=8)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGS))
        with serving(Api(db, at_hour(date(2026, 3, 20)), scratch / "twin"), browser) as house:
            stage = build(house.api)
            with db.unit_of_work(ROOT.scope) as session:
                figures.refresh(session, now=house.api.clock.now())
            everything(house, stage, folder, only)
            if not only:
                readme(house, stage)
        browser.close()
    db.close()


def everything(house: House, stage: Stage, folder: Path, only: str) -> None:
    """Each page at three widths in light, and as a desk in dark."""
    seats: dict[str, Page] = {}
    for path, (who, where) in ADDRESSES.items():
        if path in NOT_PAGES or not re.search(only, path):
            continue
        if who not in seats:
            seats[who] = house.seat(who) if who != NOBODY else house.visitor()
        page, name = seats[who], re.sub(r"\W+", "-", path).strip("-") or "home"
        page.emulate_media(color_scheme="light")
        page.goto(stage.at(where))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.screenshot(path=folder / f"{name}-dark.png", full_page=True)


def letters() -> None:
    """The first page of each letter's sample to infra/docs/letters/, and one larger for the README."""
    LETTERS.mkdir(parents=True, exist_ok=True)
    for left in LETTERS.glob("*.png"):
        left.unlink()
    for code in codes():
        (LETTERS / f"{code}.png").write_bytes(gallery.picture(code, 1, 50))
    (KEPT / "letter.png").write_bytes(gallery.picture("decision", 1, 100))


def readme(house: House, stage: Stage) -> None:
    """The progress page on a phone; the claim, a paper, the board and the map on a desk."""
    KEPT.mkdir(parents=True, exist_ok=True)
    page = house.visitor(phone=True)
    page.goto(f"/progress?no={stage.office}")
    page.locator("#code").fill(one(house.api, "SELECT code FROM claim WHERE claim_no = :no", no=stage.office))
    page.locator("main button").click()
    page.locator(".answer").wait_for()
    page.screenshot(path=KEPT / "progress.png", full_page=True)
    desk = house.seat("xj.office1")
    desk.goto(f"/claims/{stage.office}")
    desk.screenshot(path=KEPT / "claim.png")
    clerk = house.seat("xj.clerk")
    clerk.goto(read_paper(house, stage))
    clerk.locator(".sheet img").wait_for()
    clerk.screenshot(path=KEPT / "paper.png")
    head = house.seat("xj.head")
    for name in ("boards", "map"):
        head.goto(f"/{name}", wait_until="networkidle")
        head.screenshot(path=KEPT / f"{name}.png")


def read_paper(house: House, stage: Stage) -> str:
    """Where a pathology report lies that was read: what is true of the sheet stands for what a machine reads, one day less sure."""
    name = one(house.api, "SELECT name FROM person WHERE id = :id", id=stage.person)
    said = {"name": name, "hospital": "示例医院", "specimen_on": EVENT["specimen_on"], "received_on": "2026-03-13",
            "reported_on": "2026-03-15", "sex": "女", "disease": "宫颈恶性肿瘤", "ward": "妇科"}
    drawn = sheet("pathology", 11, layout="grid", quality="flat", facts=said, foot="演示样张 SPECIMEN")
    sent = house.api.upload("xj.clerk", f"/claims/{stage.reported}/papers", drawn.data, kind="pathology")
    paper = uuid.UUID(sent.json()["id"])
    reading_world.drawn(house.api)
    found = {field: (value, 0.62 if field == "reported_on" else 0.98) for field, value in drawn.truth.items()}
    reading_world.read(house.api, paper, found=found, boxes=drawn.boxes)
    house.api.checked(stage.reported)
    return f"/claims/{stage.reported}/papers/{paper}"


if __name__ == "__main__":
    sys.exit(main())
