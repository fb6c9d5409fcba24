"""What is kept how long: each kind goes on its day and not before, on the record, and nothing goes under a hold that two persons lift."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from services.core.clock import at_hour
from services.core.crypto import key_ring
from services.core.db import Database
from services.core.errors import Conflict, HuzhuError, InputError, NotFound, NotPermitted
from services.evidence import conversation, holds, keeping, retention
from services.evidence import service as evidence
from services.evidence.holds import Subject
from services.evidence.kept import KINDS
from tests.services.test_retention import taken_away
from tests.support.claims import XJ_EVENT, report
from tests.support.paper_files import photo
from tests.support.world import ROOT, World, build_world

LAST_DAY = date(2031, 12, 31)       # 保险法 87 of a year's cover that ends on 2026-12-31: five years on, by the calendar


def run(db: Database, statement: str, **words: object) -> list[sa.Row[tuple[object, ...]]]:
    with db.unit_of_work(ROOT.scope) as session:
        found = session.execute(sa.text(statement), words)
        return list(found) if found.returns_rows else []


def swept(db: Database, now: datetime) -> dict[str, tuple[int, int]]:
    """With the house's clock moved to the day, which the floor under the record of looks goes by."""
    run(db, "INSERT INTO business_clock (single, offset_seconds) VALUES (true, :by) ON CONFLICT (single) DO UPDATE"
            " SET offset_seconds = excluded.offset_seconds", by=int((now - datetime.now(UTC)).total_seconds()) + 60)
    with db.unit_of_work(ROOT.scope) as session:
        gone = {one.kind.code: (one.rows, one.held) for one in keeping.sweep(session, actor=ROOT, now=now)}
    taken_away(db)
    return gone


def placed(db: Database, world: World, now: datetime, **of: uuid.UUID) -> uuid.UUID:
    head = world.actors["xj.head"]
    with db.unit_of_work(head.scope) as session:
        return holds.place(session, subject=Subject(head.org_key, **of), ground="lawsuit", reason="法院要求保存证据",
                           paper_no="（2026）示001号", actor=head, now=now).id


def lifted(db: Database, world: World, hold: uuid.UUID, now: datetime) -> None:
    senior, head = world.actors["xj.senior"], world.actors["xj.head"]
    with db.unit_of_work(head.scope) as session:
        holds.ask_lift(session, hold_id=hold, why="案件已经审结", actor=senior, now=now)
        holds.lift(session, hold_id=hold, actor=head, now=now)


def test_the_table_names_every_kind_once_with_its_ground() -> None:
    table = {kind.code: kind for kind in keeping.kinds()}
    assert len(table) == len(keeping.kinds()) and set(KINDS) | {"looks"} == {one.code for one in table.values() if one.swept == "here"}
    assert all(kind.clause and (kind.years or kind.months or kind.days) for kind in table.values())
    assert table["sessions"].time == "6 个月" and table["people"].years == 30 and table["looks"].years >= 3
    leap = at_hour(date(2028, 2, 29))
    assert table["contacts"].before(leap).date() == date(2025, 2, 28)


def test_each_kind_goes_on_its_day_and_under_a_hold_not_at_all(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    member = world.member(0, "xj")
    account, person = world.account("xj.m0"), member.person_id
    with db.unit_of_work(ROOT.scope) as session:
        _, [claim, *_] = report(session, world, member, XJ_EVENT, now)
        conversation.say(session, claim_id=claim.id, words="请问还要交什么", papers=(), actor=world.actors["xj.m0"], now=now)
    run(db, "UPDATE claim SET state = 'closed', updated_at = :now WHERE id = :id", id=claim.id, now=now)
    run(db, "INSERT INTO report_draft (id, org_key, account_id, words_sealed, saved_at, version)"
            " SELECT uuidv7(), org_key, id, '\\x00', :now, 1 FROM account WHERE id = :id", id=account, now=now)
    run(db, "INSERT INTO letter_contact (id, person_id, channel, place, address_sealed, shown, consented_at, withdrawn_at)"
            " VALUES (uuidv7(), :person, 'sms', 1, :sealed, '138****0000', :now, :now)", person=person, now=now,
        sealed=key_ring().seal("13800000000", field="letter_contact.address"))
    run(db, "INSERT INTO web_session (id, digest, account_id, stage, door, created_at, seen_at, expires_at, agent, address, ended_at)"
            " VALUES (uuidv7(), '\\x01', :id, 'full', 'password', :now, :now, :now, '', '', :now)", id=account, now=now)
    run(db, "INSERT INTO idempotency_key VALUES (:id, 'k', 'x', 200, '{}', :now)", id=account, now=now)
    run(db, "INSERT INTO sign_in_guard (login_index, wrong, last_at) VALUES ('\\x01', 1, :now)", now=now)
    expected = {"drafts": timedelta(days=90), "answers": timedelta(days=90), "sessions": timedelta(days=184),
                "guards": timedelta(days=184), "contacts": timedelta(days=3 * 365 + 1), "messages": timedelta(days=10 * 365 + 3)}
    hold = placed(db, world, now, person_id=person)
    far = now + timedelta(days=10 * 365 + 30)
    under = swept(db, far)
    assert {"guards"} <= set(under) and not {"drafts", "sessions", "contacts", "messages", "answers"} & set(under)
    lifted(db, world, hold, now)
    run(db, "INSERT INTO sign_in_guard (login_index, wrong, last_at) VALUES ('\\x01', 1, :now) ON CONFLICT DO NOTHING", now=now)
    for time in sorted(set(expected.values())):
        over = {code for code, days in expected.items() if days == time}
        assert not over & set(swept(db, now + time - timedelta(days=1))), over
        assert over <= {code for code, (rows, _) in swept(db, now + time + timedelta(hours=1)).items() if rows}, over
        assert not over & set(swept(db, now + time + timedelta(hours=2))), over
    ring = key_ring()
    [(words,)] = run(db, "SELECT words_sealed FROM claim_message")
    [(address, shown)] = run(db, "SELECT address_sealed, shown FROM letter_contact")
    assert (ring.open(bytes(words), field="claim_message.words"), ring.open(bytes(address), field="letter_contact.address")) == ("", "")
    assert shown == "138****0000"
    assert set(expected) <= {row[0] for row in run(db, "SELECT kind FROM disposal WHERE clause <> ''")}


def test_a_person_with_nothing_left_is_nameless_after_thirty_years(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    person = world.member(5, "xj").person_id
    run(db, "UPDATE account SET active = false WHERE person_id = :id", id=person)
    year = at_hour(date(2055, 3, 1))
    run(db, "UPDATE person SET created_at = '2026-01-01+08' WHERE id = :id", id=person)
    assert "people" not in swept(db, year)
    swept(db, at_hour(date(2057, 3, 1)))
    [(name, sealed, at)] = run(db, "SELECT name, id_number_sealed, erased_at FROM person WHERE id = :id", id=person)
    assert (name, key_ring().open(bytes(sealed), field="person.id_number")) == ("（已销毁）", "") and at is not None
    [(last4,)] = run(db, "SELECT string_agg(last4, '') FROM bank_card WHERE person_id = :id", id=person) or [("",)]
    assert not last4
    assert "people" not in swept(db, at_hour(date(2057, 3, 2)))


def test_papers_stay_under_a_hold_until_two_persons_lift_it(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    with db.unit_of_work(ROOT.scope) as session:
        case, [claim, *_] = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
        evidence.upload(session, claim_id=claim.id, kind="diagnosis", file_name="材料.jpg", content=photo(), actor=ROOT, now=now)
    run(db, "UPDATE cover v SET effective = '2026-01-01', until = '2026-12-31' FROM claim c WHERE c.cover_id = v.id AND c.id = :id",
        id=claim.id)
    run(db, "UPDATE claim SET state = 'closed', updated_at = :now WHERE id = :id", id=claim.id, now=now)
    day = at_hour(LAST_DAY + timedelta(days=1))

    def due() -> int:
        with db.view(ROOT.scope) as session:
            return len(retention.due(session, today=day.date()))
    assert due() == 1
    for of in ({"claim_id": claim.id}, {"case_id": case.id}, {"person_id": world.member(0, "xj").person_id}):
        hold = placed(db, world, now, **of)
        assert due() == 0, of
        with db.unit_of_work(ROOT.scope) as session:
            assert retention.sweep(session, actor=ROOT, now=day) == []
        lifted(db, world, hold, now)
        assert due() == 1, of


def refused(db: Database, error: type[HuzhuError], code: str, verb: object, **words: object) -> None:
    actor = words["actor"]
    with pytest.raises(error) as caught, db.unit_of_work(actor.scope) as session:       # type: ignore[attr-defined]
        verb(session, **words)          # type: ignore[operator]
    assert caught.value.code == code


def test_a_hold_is_placed_with_a_reason_and_lifted_by_another_person(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    head, senior, clerk = (world.actors[f"xj.{name}"] for name in ("head", "senior", "clerk"))
    of = Subject(head.org_key, person_id=world.member(0, "xj").person_id)
    good = {"subject": of, "ground": "lawsuit", "reason": "法院要求保存证据", "now": now}
    refused(db, NotPermitted, "role_missing", holds.place, **{**good, "actor": clerk})
    refused(db, InputError, "ground_unknown", holds.place, **{**good, "ground": "x", "actor": head})
    refused(db, InputError, "reason_missing", holds.place, **{**good, "reason": "因", "actor": head})
    for wrong in (now.date(), now.date() + timedelta(days=367)):
        refused(db, InputError, "review_on", holds.place, **{**good, "review_on": wrong, "actor": head})
    hold = placed(db, world, now, person_id=of.person_id)
    refused(db, Conflict, "held_already", holds.place, **{**good, "actor": senior})
    refused(db, Conflict, "lift_not_asked", holds.lift, hold_id=hold, actor=head, now=now)
    with db.unit_of_work(head.scope) as session:
        holds.ask_lift(session, hold_id=hold, why="案件已经审结", actor=head, now=now)
    refused(db, NotPermitted, "same_person", holds.lift, hold_id=hold, actor=head, now=now)
    stand_in = replace(senior, stands_for=frozenset({head.person_id}))
    refused(db, NotPermitted, "same_person", holds.lift, hold_id=hold, actor=stand_in, now=now)
    refused(db, NotFound, "not_found", holds.lift, hold_id=hold, actor=world.actors["nx.head"], now=now)
    with pytest.raises(IntegrityError):
        run(db, "UPDATE legal_hold SET lifted_at = :now, lifted_by = asked_by WHERE id = :id", id=hold, now=now)
    with db.unit_of_work(senior.scope) as session:
        holds.lift(session, hold_id=hold, actor=senior, now=now)
        assert [line.lifted_by for line in holds.lines(session, today=now.date(), lifted=True)] == [senior.name]
        assert holds.lines(session, today=now.date()) == []
    looks = run(db, "SELECT what FROM access_record WHERE what LIKE 'legal_hold.%' ORDER BY id")
    assert [row[0].partition(":")[0] for row in looks] == ["legal_hold.placed", "legal_hold.asked", "legal_hold.lifted"]


def test_looks_younger_than_three_years_go_for_nobody(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    run(db, "INSERT INTO access_record (id, org_key, account_id, what, at)"
            " SELECT uuidv7(), org_key, id, 'told', '2015-01-01+08' FROM account WHERE id = :id", id=world.account("xj.head"))
    with pytest.raises(IntegrityError):
        run(db, "SELECT dispose_looks(now() - interval '1 year', 10)")
    with pytest.raises(sa.exc.ProgrammingError):
        run(db, "DELETE FROM access_record")
    hold = placed(db, world, now, person_id=world.member(0, "xj").person_id)
    assert run(db, "SELECT dispose_looks(now() - interval '4 years', 10)")[0][0] == 0
    lifted(db, world, hold, now)
    assert run(db, "SELECT dispose_looks(now() - interval '4 years', 10)")[0][0] == 1
