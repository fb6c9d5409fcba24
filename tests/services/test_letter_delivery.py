"""A letter's ways on a real database: in which order, what each outcome does, and that nobody is told twice."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core import settings as settings_module
from services.core.db import Database
from services.core.errors import Conflict, InputError, NotFound
from services.enrolment import service as enrolment
from services.models import DeliveryAttempt, Notice
from services.notice import carrying, contacts, delivering, queries
from services.notice import service as notice
from services.notice.adapters.messages import AppriseMessenger
from services.notice.attempts import attempts
from services.notice.channels import next_way
from services.notice.contacts import Wanted
from services.notice.receiving import receive
from tests.services.paying_world import decided
from tests.support.gateway import Gateway, http_gateway
from tests.support.proof import PROOF, keep_proof
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def all_channels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUZHU_CHANNELS", "sms,wecom,mail")
    settings_module.settings.cache_clear()
    yield
    monkeypatch.undo()
    settings_module.settings.cache_clear()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with http_gateway() as found:
        yield found


@contextmanager
def work(world: World, who: str = "system") -> Iterator[Session]:
    with world.db.unit_of_work(world.actor(who).scope) as session:
        yield session


def wants(world: World, now: datetime, *wanted: tuple[str, str], who: str = "xj.m0") -> None:
    with work(world, who) as session:
        contacts.choose(session, wanted=[Wanted(*one) for one in wanted], actor=world.actor(who), now=now)


def out(world: World, now: datetime) -> uuid.UUID:
    """A decision letter of xj.m0, issued and dispatched."""
    with work(world) as session:
        claim = decided(session, world, 0, 6_000_000, now=now)
        [row] = notice.draft(session, topic="claim.approve", claim_ids=[claim.id], actor=ROOT, now=now)
        notice.issue(session, notice_ids=[row.id], actor=ROOT, now=now)
        [sent] = notice.dispatch(session, notice_ids=[row.id], actor=ROOT, now=now)
        return sent.id


def tell(world: World, letter: uuid.UUID, gateway: Gateway, now: datetime) -> list[str]:
    """What the worker does with the outbox's row: begin, commit, call, answer."""
    messenger = AppriseMessenger(dict.fromkeys(("sms", "wecom", "mail"), gateway.url))
    said: list[str] = []
    with work(world) as session:
        due = carrying.begin(session, attempt_ids=[latest(session, letter).id], actor=ROOT, now=now)
    for message in due:
        reply = messenger.send(message)
        said.append(reply.outcome)
        with work(world) as session:
            carrying.answered(session, message=message, reply=reply, actor=ROOT, now=now)
    return said


def latest(session: Session, letter: uuid.UUID) -> DeliveryAttempt:
    found = session.exec(select(DeliveryAttempt).where(DeliveryAttempt.notice_id == letter).order_by(col(DeliveryAttempt.n).desc())).first()
    assert found is not None
    return found


def story(world: World, letter: uuid.UUID) -> tuple[str, list[tuple[str, list[str]]]]:
    """The letter's state, and each way with its outcomes."""
    with world.db.view(ROOT.scope) as session:
        row = session.get(Notice, letter)
        assert row is not None
        return row.state, [(one.channel, [news.outcome for news in one.outcomes]) for one in attempts(session, [letter]).get(letter, [])]


# --- the order: a table ---------------------------------------------------------------------------------------------------

OURS = ("sms", "wecom", "mail", "portal", "paper")


@pytest.mark.parametrize(("ways", "able", "tried", "wishes", "gone"), [
    (OURS, {"portal", "paper"}, set(), [], "portal"),
    (OURS, {"paper"}, set(), [], "paper"),
    (OURS, {"sms", "mail", "portal", "paper"}, set(), ["mail", "sms"], "mail"),
    (OURS, {"sms", "mail", "portal", "paper"}, {"mail"}, ["mail", "sms"], "sms"),
    (OURS, {"sms", "portal", "paper"}, {"sms"}, ["sms"], "portal"),
    (OURS, {"sms", "portal", "paper"}, {"sms", "portal"}, ["sms"], "paper"),
    (OURS, {"portal", "paper"}, {"portal", "paper"}, [], None),
    (("paper", "sms"), {"sms", "paper"}, set(), ["sms"], "paper"),
    (("portal", "sms", "paper"), {"portal", "sms", "mail"}, {"portal"}, ["mail"], "sms"),
])
def test_the_next_way(ways: tuple[str, ...], able: set[str], tried: set[str], wishes: list[str], gone: str | None) -> None:
    assert next_way(ways, able=able, tried=tried, wishes=wishes) == gone


# --- outcomes: each a row ---------------------------------------------------------------------------------------------------

def test_with_nothing_set_up_the_portal_then_paper_then_the_clerk(world: World, now: datetime) -> None:
    wants(world, now, ("sms", "13812345678"))
    letter = out(world, now)
    assert story(world, letter) == ("dispatched", [("portal", [])])
    later = now + timedelta(days=7)
    with work(world) as session:
        assert [row.id for row in delivering.on_paper(session, actor=ROOT, now=later - timedelta(hours=1))] == []
        assert [row.channel for row in delivering.on_paper(session, actor=ROOT, now=later)] == ["paper"]
        assert delivering.on_paper(session, actor=ROOT, now=later + timedelta(days=30)) == []
    with work(world, "xj.clerk") as session:
        clerk = world.actor("xj.clerk")
        delivering.posted(session, notice_id=letter, tracking="EMS 1", on=date(2026, 3, 27), actor=clerk, now=later)
        delivering.came_back(session, notice_id=letter, reason="地址迁移", actor=clerk, now=later)
    assert story(world, letter) == ("issued", [("portal", ["unopened"]), ("paper", ["posted", "returned"])])
    with work(world, "xj.clerk") as session:
        delivering.resend(session, notice_id=letter, channel="paper", reason="新地址", actor=clerk, now=later)
        delivering.posted(session, notice_id=letter, tracking="EMS 2", actor=clerk, now=later)
        receive(session, notice_id=letter, proof="EMS 2，本人签收", on=date(2026, 3, 27), actor=clerk, now=later)
    assert story(world, letter) == ("delivered", [("portal", ["unopened"]), ("paper", ["posted", "returned"]),
                                                  ("paper", ["posted", "delivered"])])
    with work(world) as session:
        due = session.execute(sa.text("SELECT start_on, due_on FROM sla_clock WHERE kind = 'objection'")).one()
    assert due == (date(2026, 3, 27), date(2026, 4, 13)), "15 days from the day it was signed for; 11 April is a Saturday"


@pytest.mark.parametrize(("until", "way"), [(date(2026, 3, 19), "paper"), (date(2026, 3, 20), "portal")])
def test_a_proxy_reads_it_online_to_the_last_day_of_the_proxy(world: World, now: datetime, until: date, way: str) -> None:
    """She herself has no login that is in use; the letter is of 20 March."""
    keep_proof()
    with work(world) as session:
        session.execute(sa.text("UPDATE account SET active = false WHERE id = :id"), {"id": world.account("xj.m0")})
        enrolment.add_proxy(session, person_id=world.person("xj.m0"), proxy_id=world.person("xj.m1"), from_on=date(2026, 3, 1),
                            until_on=until, reason="病重", proof_sha256=PROOF, actor=ROOT, now=now - timedelta(days=15))
    assert story(world, out(world, now)) == ("dispatched", [(way, [])])


@pytest.mark.usefixtures("all_channels")
def test_told_by_message_opened_in_the_portal(world: World, now: datetime, gateway: Gateway) -> None:
    wants(world, now, ("mail", "reader@post.example"), ("sms", "13812345678"))
    letter = out(world, now)
    assert tell(world, letter, gateway, now) == ["sent"]
    [(to, text, attempt)] = gateway.got
    assert to == "reader@post.example" and "您有一份文书" in text
    for private in ("癌", "60000", "互助", "决定", world.member(0, "xj").synthetic.name):
        assert private not in text.replace("中国职工保险互助会", ""), "the message says nothing of what the letter says"
    with work(world) as session:
        assert attempt == str(latest(session, letter).id), "the gateway can tell a repeat"
        assert carrying.receipt(session, attempt_id=uuid.UUID(attempt), event_id="e1", outcome="received", provider_id="p9", words="",
                                happened_at=now, actor=ROOT, now=now)
        assert not carrying.receipt(session, attempt_id=uuid.UUID(attempt), event_id="e1", outcome="received", provider_id="p9",
                                    words="", happened_at=now, actor=ROOT, now=now)
    assert story(world, letter) == ("dispatched", [("mail", ["calling", "sent", "received"])]), "a telephone that rang is no proof"
    with work(world, "xj.m0") as session:
        receive(session, notice_id=letter, proof="本人在线查阅", actor=world.actor("xj.m0"), now=now)
    with work(world) as session:
        assert carrying.receipt(session, attempt_id=uuid.UUID(attempt), event_id="e2", outcome="failed", provider_id=None, words="退信",
                                happened_at=now, actor=ROOT, now=now)
    assert story(world, letter) == ("delivered", [("mail", ["calling", "sent", "received", "opened", "failed"])]), \
        "a late bounce is kept and moves nothing"


@pytest.mark.usefixtures("all_channels")
def test_down_the_ladder_by_refusal_and_by_a_failed_receipt(world: World, now: datetime, gateway: Gateway) -> None:
    wants(world, now, ("sms", "13812345678"), ("mail", "reader@post.example"), ("wecom", "reader"))
    letter = out(world, now)
    gateway.mood = "refuses"
    assert tell(world, letter, gateway, now) == ["refused"]
    gateway.mood = "takes"
    assert tell(world, letter, gateway, now) == ["sent"]
    with work(world) as session:
        mail = latest(session, letter).id
        carrying.receipt(session, attempt_id=mail, event_id="b1", outcome="failed", provider_id=None, words="邮箱已满", happened_at=now,
                         actor=ROOT, now=now)
    wants(world, now, ("sms", "13812345678"))       # she takes WeCom back before it is sent
    assert tell(world, letter, gateway, now) == []
    assert story(world, letter) == ("dispatched", [
        ("sms", ["calling", "refused"]), ("mail", ["calling", "sent", "failed"]), ("wecom", ["stopped"]), ("portal", [])])


@pytest.mark.usefixtures("all_channels")
def test_killed_between_call_and_record_asks_nobody_twice(world: World, now: datetime, gateway: Gateway) -> None:
    wants(world, now, ("sms", "13812345678"))
    letter = out(world, now)
    with work(world) as session:
        [message] = carrying.begin(session, attempt_ids=[latest(session, letter).id], actor=ROOT, now=now)
    AppriseMessenger({"sms": gateway.url}).send(message)            # and the worker dies here
    assert tell(world, letter, gateway, now) == [], "the next worker waits for the receipt"
    assert len(gateway.got) == 1
    with work(world) as session:
        carrying.receipt(session, attempt_id=message.id, event_id="e1", outcome="received", provider_id=None, words="", happened_at=now,
                         actor=ROOT, now=now)
    assert story(world, letter) == ("dispatched", [("sms", ["calling", "received"])])


@pytest.mark.usefixtures("all_channels")
def test_a_lost_answer_waits_and_an_unreached_one_is_tried_again(world: World, now: datetime, gateway: Gateway) -> None:
    wants(world, now, ("sms", "13812345678"))
    letter = out(world, now)
    with work(world) as session:
        [message] = carrying.begin(session, attempt_ids=[latest(session, letter).id], actor=ROOT, now=now)
        reply = AppriseMessenger({"sms": "json://127.0.0.1:9/?:to={address}"}).send(message)
        carrying.answered(session, message=message, reply=reply, actor=ROOT, now=now)
    gateway.mood = "hangs up"
    assert tell(world, letter, gateway, now) == ["lost"]
    assert tell(world, letter, gateway, now) == []
    assert story(world, letter) == ("dispatched", [("sms", ["calling", "unreached", "calling", "lost"])])
    assert len(gateway.got) == 1


@pytest.mark.usefixtures("all_channels")
def test_two_workers_at_once_call_once(world: World, now: datetime) -> None:
    wants(world, now, ("sms", "13812345678"))
    letter = out(world, now)
    with work(world) as first:
        attempt = latest(first, letter).id
        assert len(carrying.begin(first, attempt_ids=[attempt], actor=ROOT, now=now)) == 1
    with work(world) as second:
        assert carrying.begin(second, attempt_ids=[attempt], actor=ROOT, now=now) == []


# --- who and what may -------------------------------------------------------------------------------------------------------

def test_scope_shape_and_refusals(world: World, now: datetime) -> None:
    letter = out(world, now)
    clerk = world.actor("xj.clerk")
    with world.db.view(world.actor("xj.clerk2").scope) as session:
        assert attempts(session, [letter]) == {}, "another unit's letters have no attempts"
    with pytest.raises(Conflict, match="letter_not_on_paper"), work(world, "xj.clerk") as session:
        delivering.posted(session, notice_id=letter, tracking="1", actor=clerk, now=now)
    with pytest.raises(InputError, match="channel_not_able"), work(world, "xj.clerk") as session:
        delivering.resend(session, notice_id=letter, channel="sms", reason="本人要求", actor=clerk, now=now)
    with pytest.raises(NotFound, match="attempt_missing"), work(world) as session:
        carrying.receipt(session, attempt_id=uuid.uuid4(), event_id="x", outcome="failed", provider_id=None, words="", happened_at=now,
                         actor=ROOT, now=now)
    assert story(world, letter) == ("dispatched", [("portal", [])]), "what was refused wrote nothing"
    with pytest.raises(Exception, match="permission denied"), work(world) as session:
        session.execute(sa.text("UPDATE delivery_attempt SET channel = 'paper'"))


def test_contacts_are_sealed_masked_and_only_replaced(world: World, now: datetime) -> None:
    me = world.actor("xj.m0")
    wants(world, now, ("sms", "13812345678"), ("mail", "reader@post.example"))
    wants(world, now, ("mail", ""), ("sms", ""))
    with work(world) as session:
        held = contacts.contacts(session, world.person("xj.m0"))
        assert [(row.channel, row.shown) for row in held] == [("mail", "r***@post.example"), ("sms", "138****5678")]
        assert [contacts.address_of(row) for row in held] == ["reader@post.example", "13812345678"]
        assert session.execute(sa.text("SELECT count(*), count(withdrawn_at) FROM letter_contact")).one() == (4, 2)
        assert b"13812345678" not in bytes(held[1].address_sealed)
    for wrong in (("sms", "12345"), ("mail", "nobody"), ("wecom", ""), ("pigeon", "x"), ("mail", "a@b.example,c@d.example")):
        with pytest.raises(InputError), work(world, "xj.m0") as session:
            contacts.choose(session, wanted=[Wanted(*wrong)], actor=me, now=now)


def test_a_reprint_is_the_same_bytes(world: World, now: datetime, tmp_path: Path) -> None:
    letter = out(world, now)
    with work(world) as session:
        first = queries.content(session, letter)
        delivering.go_on(session, notice_id=letter, reason="改用纸质", channel="paper", actor=ROOT, now=now)
        assert queries.content(session, letter) == first
