"""Delivery where it could go wrong: by whom, since when, twice, from a hostile file, past letters that wait longer."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Role
from services.core import settings as settings_module
from services.core.db import Database
from services.core.errors import ConfigError, InputError, NotFound, NotPermitted
from services.models import FamilyTie
from services.notice import carrying, contacts, delivering, delivery_sheet, handing
from services.notice import service as notice
from services.notice.attempts import attempts
from services.notice.channels import OWN, orders
from services.notice.delivery_sheet import Told
from services.notice.receiving import receive
from tests.services.paying_world import decided
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def by_message(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUZHU_CHANNELS", "sms,mail")
    settings_module.settings.cache_clear()
    yield
    monkeypatch.undo()
    settings_module.settings.cache_clear()


def out(world: World, now: datetime, n: int = 0, channel: str | None = None) -> uuid.UUID:
    """A decision letter of member `n`, dispatched."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, n, 6_000_000, now=now)
        [row] = notice.draft(session, topic="claim.approve", claim_ids=[claim.id], actor=ROOT, now=now)
        notice.issue(session, notice_ids=[row.id], actor=ROOT, now=now)
        notice.dispatch(session, notice_ids=[row.id], channel=channel, actor=ROOT, now=now)
        return row.id


def ways(session: Session, letter: uuid.UUID) -> list[tuple[str, list[str]]]:
    return [(one.channel, [news.outcome for news in one.outcomes]) for one in attempts(session, [letter])[letter]]


def test_a_relative_reads_but_does_not_receive_and_no_letter_arrives_before_it_was_signed(world: World, now: datetime) -> None:
    letter, clerk, kin = out(world, now, channel="paper"), world.actor("xj.clerk"), world.actor("xj.m1")
    with world.db.unit_of_work(ROOT.scope) as session:
        session.add(FamilyTie(person_id=world.person("xj.m1"), relative_id=world.person("xj.m0"), relation="spouse"))
    with pytest.raises(NotPermitted, match="letter_of_another"), world.db.unit_of_work(kin.scope) as session:
        receive(session, notice_id=letter, proof="我已看到", actor=kin, now=now)
    early = date(2026, 3, 19)
    for act in (partial(receive, proof="签收"), partial(delivering.posted, tracking="EMS 1"), partial(delivering.came_back, reason="迁址")):
        with pytest.raises(InputError, match="delivery_early") as refused, world.db.unit_of_work(clerk.scope) as session:
            act(session, notice_id=letter, on=early, actor=clerk, now=now)
        assert refused.value.field == "on"
    with world.db.unit_of_work(ROOT.scope) as session:
        assert ways(session, letter) == [("paper", [])]
        assert session.execute(sa.text("SELECT count(*) FROM sla_clock WHERE kind = 'objection'")).scalar() == 0
    with world.db.unit_of_work(clerk.scope) as session:
        both = replace(clerk, roles=clerk.roles | {Role.MEMBER})
        receive(session, notice_id=letter, proof="签收", actor=both, now=now)
        assert ways(session, letter) == [("paper", ["delivered"])], "a clerk who is a member too did not open it herself"


@pytest.mark.usefixtures("by_message")
def test_two_providers_number_alike_and_only_messages_have_receipts(world: World, now: datetime) -> None:
    for n in (0, 1):
        me = world.actor(f"xj.m{n}")
        with world.db.unit_of_work(me.scope) as session:
            contacts.choose(session, wanted=[contacts.Wanted("sms" if n else "mail", "13812345678" if n else "a@post.example")],
                            actor=me, now=now)
    letters = [out(world, now, n) for n in (0, 1)]
    paper = out(world, now, 2, channel="paper")
    with world.db.unit_of_work(ROOT.scope) as session:
        known = {row.notice_id: row.id for row in session.execute(sa.text("SELECT notice_id, id FROM delivery_attempt"))}

        def failed(letter: uuid.UUID) -> bool:
            return carrying.receipt(session, attempt_id=known[letter], event_id="1", outcome="failed", provider_id=None, words="",
                                    happened_at=now, actor=ROOT, now=now)
        assert [failed(letter) for letter in (*letters, *letters)] == [True, True, False, False]
        with pytest.raises(NotFound, match="attempt_missing"):
            failed(paper)
        assert [ways(session, letter)[1:] for letter in letters] == [[("portal", [])]] * 2


@pytest.mark.usefixtures("by_message")
def test_contacts_saved_anew_leave_what_is_under_way(world: World, now: datetime) -> None:
    me = world.actor("xj.m0")

    def save(*wanted: tuple[str, str]) -> None:
        with world.db.unit_of_work(me.scope) as session:
            contacts.choose(session, wanted=[contacts.Wanted(*one) for one in wanted], actor=me, now=now)
    save(("sms", "13812345678"))
    letter = out(world, now)
    save(("mail", "me@post.example"), ("sms", ""))
    with world.db.unit_of_work(ROOT.scope) as session:
        attempt = attempts(session, [letter])[letter][0].id
        assert [one.address for one in carrying.begin(session, attempt_ids=[attempt], actor=ROOT, now=now)] == ["13812345678"]
        session.rollback()
    save(("sms", "13900000000"))
    with world.db.unit_of_work(ROOT.scope) as session:
        assert carrying.begin(session, attempt_ids=[attempt], actor=ROOT, now=now) == [], "the old number is no longer hers"
        assert ways(session, letter) == [("sms", ["stopped"]), ("portal", [])]


def test_a_number_corrected_and_corrected_back_and_a_sheet_handed_in_again(world: World, now: datetime) -> None:
    letter, clerk = out(world, now, channel="paper"), world.actor("xj.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        for tracking in ("EMS 1", "EMS 2", "EMS 1", "EMS 1"):
            delivering.posted(session, notice_id=letter, tracking=tracking, actor=clerk, now=now)
        [one] = attempts(session, [letter])[letter]
        assert ([news.provider_id for news in one.outcomes], one.tracking) == (["EMS 1", "EMS 2", "EMS 1"], "EMS 1")
        number = session.execute(sa.text("SELECT number FROM notice WHERE id = :id"), {"id": letter}).scalar_one()
        back = Told(4, number, "EMS 1", None, None, "", date(2026, 3, 20), "迁址")
        assert handing.hand_in(session, told=[back], actor=clerk, now=now) == handing.Handed(0, 0, 1)
        delivering.resend(session, notice_id=letter, channel="paper", reason="新址", actor=clerk, now=now)
        assert handing.hand_in(session, told=[back], actor=clerk, now=now) == handing.Handed()
        assert ways(session, letter)[-1] == ("paper", []), "the old return is not the new parcel's"
        with pytest.raises(InputError, match=r"第 4 行.*最多 500 字"):
            handing.hand_in(session, told=[replace(back, back_on=None, signed_on=date(2026, 3, 20), back_why="", signed_by="人" * 501)],
                            actor=clerk, now=now)


def test_a_sheet_that_unpacks_to_too_much_is_not_read() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml"):
            archive.writestr(name, "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", '<c r="A1"/><c r="XFD1048576"/>')
    for content, code in ((bomb.getvalue(), "file_bloated"), (b"%PDF-1.7\n", "sheet_unreadable"), (b"number,name\n", "file_type")):
        with pytest.raises(InputError, match=code):
            delivery_sheet.read(content)


def test_letters_that_wait_longer_hold_nobody_up(world: World, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "LATEST", 2)
    first = [out(world, now, n) for n in range(2)]
    with world.db.unit_of_work(ROOT.scope) as session:      # two receipts' worth of patience, older than the decisions
        session.execute(sa.text("UPDATE notice SET code = 'receipt' WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": first})
    later = [out(world, now + timedelta(hours=1), n) for n in range(2, 5)]
    with world.db.unit_of_work(ROOT.scope) as session:
        due = now + timedelta(days=7, hours=2)
        assert [row.id for row in delivering.on_paper(session, actor=ROOT, now=due)] == later[:2], "as many as one pass takes"
        assert [row.id for row in delivering.on_paper(session, actor=ROOT, now=due)] == later[2:]
        assert delivering.on_paper(session, actor=ROOT, now=due) == []


@pytest.mark.parametrize("order", [
    "[]", "- {org: cn., ways: [portal], unopened: 7}", "- {org: cn., ways: [sms, sms, paper], unopened: 7}",
    "- {org: cn., ways: [pigeon, paper], unopened: 7}", "- {org: cn., ways: [paper]}"])
def test_an_order_that_would_strand_a_letter_is_refused(order: str) -> None:
    own = settings_module.settings().data_dir / OWN
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(order)
    try:
        with pytest.raises(ConfigError, match="delivery_order"):
            orders()
    finally:
        own.unlink()


def test_the_insurers_letter_goes_by_the_portal_whatever_the_order(world: World, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "orders", lambda: [orders()[0].model_copy(update={"ways": ("paper",)})])
    letter = out(world, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert ways(session, letter) == [("paper", [])]
        session.execute(sa.text("UPDATE notice SET person_id = NULL, recipient = 'insurer', state = 'issued' WHERE id = :id"),
                        {"id": letter})
        [sent] = notice.dispatch(session, notice_ids=[letter], actor=ROOT, now=now)
        assert sent.channel == "portal"
