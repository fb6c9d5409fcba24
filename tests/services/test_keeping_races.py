"""What a hold keeps, whoever is at it: a sweep that is under way, a person who wants her own data gone, a key with another name."""

from __future__ import annotations

import threading
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.access.custody import ring
from services.core.clock import at_hour
from services.core.crypto import key_ring, load_ring
from services.core.db import Database
from services.core.errors import Conflict
from services.core.settings import settings
from services.evidence import conversation, holds
from services.evidence.holds import Subject
from services.intake import data_requests
from services.models import PrivacyRequest
from tests.services.api_world import Api
from tests.services.member_pages import person
from tests.services.test_keeping import lifted, placed, run, swept
from tests.support.claims import XJ_EVENT, report
from tests.support.world import ROOT, World, build_world


def test_a_hold_that_comes_while_the_sweep_runs_keeps_what_it_names(db: Database, now: datetime) -> None:
    """The sweep has everything to take before it and must wait for the one who is placing a hold."""
    world = build_world(db, now)
    person, head = world.member(5, "xj").person_id, world.actors["xj.head"]
    run(db, "UPDATE account SET active = false WHERE person_id = :id", id=person)
    run(db, "UPDATE person SET created_at = '2026-01-01+08'")
    swept(db, now)          # the house's clock has its row
    over = at_hour(date(2057, 3, 1))
    done = threading.Event()

    def sweep() -> None:
        swept(db, over)
        done.set()

    sweeper = threading.Thread(target=sweep)
    with db.unit_of_work(head.scope) as session:
        holds.place(session, subject=Subject(head.org_key, person_id=person), ground="lawsuit", reason="法院要求保存证据",
                    actor=head, now=now)
        sweeper.start()
        assert not done.wait(2), "it does not decide on what is being decided"
    sweeper.join(60)
    assert done.is_set()
    assert [row.erased_at for row in run(db, "SELECT erased_at FROM person WHERE id = :id", id=person)] == [None]


def test_what_is_held_is_not_deleted_on_her_own_wish_either(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    person, member, office = world.member(0, "xj").person_id, world.actors["xj.m0"], world.actors["xj.head"]
    run(db, "INSERT INTO letter_contact (id, person_id, channel, place, address_sealed, shown, consented_at)"
            " VALUES (uuidv7(), :person, 'sms', 1, :sealed, '138****0000', :now)", person=person, now=now,
        sealed=key_ring().seal("13800000000", field="letter_contact.address"))

    def address() -> str:
        [(sealed,)] = run(db, "SELECT address_sealed FROM letter_contact WHERE person_id = :id", id=person)
        assert isinstance(sealed, bytes)
        return key_ring().open(sealed, field="letter_contact.address")

    def answer(number: str, said: str) -> None:
        with db.unit_of_work(office.scope) as session:
            data_requests.answer(session, request_no=number, version=None, answer=said, words="已经办理", kept_until=date(2030, 1, 1),
                                 actor=office, now=now)

    hold = placed(db, world, now, person_id=person)
    number = asked(world, now)
    assert address() == "13800000000"
    assert [(row.state, row.answer) for row in run(db, "SELECT state, answer FROM privacy_request")] == [("open", None)]
    with pytest.raises(Conflict, match="held_by_law"):
        answer(number, "done")
    with db.view(member.scope) as session:
        assert session.execute(sa.text("SELECT count(*) FROM legal_hold")).scalar_one() == 0, "she does not see whose hold it is"
    lifted(db, world, hold, now)
    assert address() == "13800000000"
    answer(number, "done")
    assert address() == ""


def asked(world: World, now: datetime) -> str:
    member = world.actors["xj.m0"]
    assert member.person_id is not None
    with world.db.unit_of_work(member.scope) as session:
        row: PrivacyRequest = data_requests.ask(session, person_id=member.person_id, kind="deletion", field="contacts", actor=member,
                                                now=now)
        assert session.execute(sa.text("SELECT current_setting('app.org_path')")).scalar_one() == member.scope.org_path
        return row.request_no


def test_the_house_disposes_and_each_office_sees_that_it_did(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    run(db, "INSERT INTO sign_in_guard (login_index, wrong, last_at) VALUES ('\\x01', 1, '2025-01-01+08')")
    assert swept(db, now)["guards"] == (1, 0)
    page = person(api, "xj.head").get("/privacy/keeping").text
    assert "还没有到期处置的信息" not in page and page.count("登录失败的计数") == 2        # in the table of times, and in the list
    assert [(one["kind"], one["rows"]) for one in api.get("xj.head", "/disposals").json()] == [("guards", 1)]
    api.http.close()


def test_short_words_go_too_when_the_keys_name_grew_longer(db: Database, now: datetime) -> None:
    """Whether a value is blank already is not told by its length beside another key's."""
    world = build_world(db, now)
    with db.unit_of_work(ROOT.scope) as session:
        _, [claim, *_] = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
        conversation.say(session, claim_id=claim.id, words="好", papers=(), actor=world.actors["xj.m0"], now=now)
    run(db, "UPDATE claim SET state = 'closed', updated_at = :now WHERE id = :id", id=claim.id, now=now)
    path = settings().key_ring
    before = path.read_bytes()
    try:
        ring.rotate(path, now=now, name="k-of-the-office")
        assert load_ring(path).current == "k-of-the-office"
        assert swept(db, at_hour(date(2036, 4, 30)))["messages"] == (1, 0)
        assert "messages" not in swept(db, at_hour(date(2036, 5, 1)))
        [(words,)] = run(db, "SELECT words_sealed FROM claim_message")
        assert isinstance(words, bytes) and key_ring().open(words, field="claim_message.words") == ""
    finally:
        path.write_bytes(before)
        key_ring.cache_clear()
