"""Signing in with a second factor, fifty claims passed as one act, and work done for somebody on leave."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pyotp
import sqlalchemy as sa
from playwright.sync_api import expect

from services.access import credentials
from services.review import bulk
from services.review.bulk import Ask
from services.simulate.synthetic import REGIONS, synthetic_person
from tests.browser.house import House, faults
from tests.browser.stage import one
from tests.services.review_world import in_review, passes, report, route, verify
from tests.support import world as small
from tests.support.world import ROOT

PASSWORD = "green-ladder-17-window"
FIFTY = 50


def test_a_reviewer_signs_in_with_password_and_second_factor(house: House) -> None:
    api = house.api
    with api.db.unit_of_work(ROOT.scope) as session:
        code = credentials.issue_password_link(session, account_id=api.world.account("xj.office1"), reason="新到岗",
                                               actor=api.world.actors["admin"], now=api.clock.now())
    page = house.visitor()
    page.goto("/work")
    page.wait_for_url(re.compile(r"/sign-in\?next="))
    page.get_by_role("link", name=re.compile("一次性口令")).click()
    assert faults(page) == []
    page.locator("#code").fill(code)
    page.locator("#password").fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    page.locator("main button").last.click()
    expect(page.get_by_role("status")).to_contain_text("密码已设好")
    page.locator("#login").fill("xj.office1")
    page.locator("#password").fill("wrong")
    page.locator("main button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#login")).to_have_value("xj.office1")
    assert faults(page) == []
    page.locator("#password").fill(PASSWORD)
    page.locator("main button").click()
    page.wait_for_url(re.compile("/sign-in/enrol"))
    assert faults(page) == []
    secret = page.locator("code.number").first.inner_text().replace(" ", "")
    page.locator("#code").fill(pyotp.TOTP(secret).at(datetime.now(UTC)))
    page.locator("main button").last.click()
    expect(page.locator(".codes li")).to_have_count(10)
    assert faults(page) == []
    page.goto("/work")
    expect(page.get_by_role("heading", level=1)).to_have_text("待我办理")
    page.goto("/account")
    expect(page.locator("main")).to_contain_text("127.0.0.1")
    assert faults(page) == []                           # with the forms of somebody who has a password and a second factor
    page.locator("header").get_by_role("button", name="退出").click()
    expect(page.get_by_role("status")).to_contain_text("已退出")
    page.locator("#login").fill("xj.office1")
    page.locator("#password").fill(PASSWORD)
    page.locator("main button").click()
    page.wait_for_url(re.compile("/sign-in/code"))
    assert faults(page) == []
    page.locator("#code").fill("000000")
    page.locator("main button").first.click()
    expect(page.get_by_role("alert")).to_be_visible()


def test_fifty_claims_are_passed_as_one(house: House) -> None:
    api, now = house.api, house.api.clock.now()
    people = [synthetic_person(800 + n, region=REGIONS["xinjiang"], shares=1) for n in range(FIFTY)]
    with api.db.unit_of_work(ROOT.scope) as session:
        small.enrol_members(session, api.world, "xj", small.XJ_PLAN, people, small.EFFECTIVE, now)
    with api.db.view(ROOT.scope) as session:
        ids = list(session.execute(sa.text("SELECT person_id FROM cover WHERE plan = :plan AND NOT person_id = ANY(:known)"), {
            "plan": small.XJ_PLAN, "known": [member.person_id for member in api.world.members["xj"]]}).scalars())
    assert len(ids) == FIFTY
    first, clerk = len(api.world.members["xj"]), api.world.actor("xj.clerk")
    member = api.world.member(0, "xj")
    api.world.members["xj"] += [small.Member("", found, people[0], member.actor) for found in ids]
    claims = [report(api.world, first + n, now) for n in range(FIFTY)]
    for claim in claims:
        verify(api.world, claim, now, verifier=clerk)
    route(api.world, *claims, now=now)
    with api.db.view(ROOT.scope) as session:
        asks = [Ask(row.claim_no, row.digest, row.version) for row in session.execute(
            sa.text("SELECT claim_no, digest, version FROM claim WHERE id = ANY(:ids)"), {"ids": claims})]
    with api.db.unit_of_work(clerk.scope) as session:
        assert len(bulk.pass_many(session, asks=asks, actor=clerk, now=now)) == FIFTY

    page = house.seat("xj.district")
    page.goto("/work")
    boxes = page.locator('input[name="claim"]')
    expect(boxes).to_have_count(FIFTY)
    for n in range(FIFTY):
        boxes.nth(n).check()
    page.get_by_role("button", name="成批办理选定的案件…").click()
    expect(page.locator("#fit-title")).to_contain_text(str(FIFTY))
    assert faults(page) == []
    page.get_by_role("button", name=f"确认通过这 {FIFTY} 件").click()
    expect(page.get_by_role("status").first).to_contain_text(f"已成批通过 {FIFTY} 件")
    assert one(api, "SELECT count(*) FROM review_step WHERE state = 'open' AND level = 'district'") == "0"


def test_a_substitute_does_the_work_of_somebody_on_leave(house: House) -> None:
    api, now = house.api, house.api.clock.now()
    claim = in_review(api.world, 0, now)
    for login in ("clerk", "district", "office1"):
        passes(api.world, claim, f"xj.{login}", now)
    number = one(api, "SELECT claim_no FROM claim WHERE id = :id", id=claim)
    other = house.seat("xj.office2")
    other.goto("/work")
    expect(other.get_by_role("link", name=number)).to_have_count(0)
    away = house.seat("xj.senior")
    away.goto("/account/leave")
    away.locator("#account_id").select_option(str(api.world.account("xj.office2")))
    away.locator("#from_on").fill("2026-03-20")
    away.locator("#until_on").fill("2026-03-27")
    away.locator("#reason").fill("年假")
    away.get_by_role("button", name="安排代理").click()
    expect(away.get_by_role("status").first).to_contain_text("已安排代理")

    other.goto("/work")
    expect(other.get_by_role("row", name=re.compile(number))).to_contain_text(api.world.actor("xj.senior").name)
    other.get_by_role("link", name=number).first.click()
    last = other.get_by_role("link", name="通过并作出决定…")
    if last.count():
        last.click()
        other.locator("main form[method=post] button").last.click()
    else:
        other.get_by_role("button", name="通过", exact=True).first.click()
    expect(other.get_by_role("status").first).to_be_visible()
    assert one(api, "SELECT count(*) FROM review_step WHERE claim_id = :id AND level = 'senior' AND state = 'open'", id=claim) == "0"
    # Who did the level below may not do this one too, in nobody's place: separation counts a substitute as both.
    below = house.seat("xj.office1")
    below.goto(f"/claims/{number}")
    expect(below.get_by_role("button", name="通过", exact=True)).to_have_count(0)
