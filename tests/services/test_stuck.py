"""The stuck-work detector: each condition is met by what really causes it, named with its remedy, and goes when it is mended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import psycopg
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from flows.dispatch import ROUTES
from flows.worker import hold_lock
from services.core import embedded
from services.core.clock import at_hour
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.settings import settings
from services.lifecycle.topics import TIMETABLES
from services.notice import service as notice
from services.reporting.stuck import of_backup, service
from tests.services.handoff_world import BREAST, forward
from tests.services.review_world import in_review, passes, report, verify
from tests.support.databases import Fresh
from tests.support.road import decided, paid_out
from tests.support.world import ROOT, World, build_world

HOUR, DAY = timedelta(hours=1, minutes=1), timedelta(days=1, minutes=1)
CLAIM = "SELECT claim_no FROM claim WHERE state = '{}'"
FORGET = "DELETE FROM outbox"
FEED = """INSERT INTO feed_file (id, org_key, plan, year, quarter, file_name, sha256, size, format, rows, accepted, rejected, reasons,
    state, received_at) SELECT gen_random_uuid(), 'cn.', 'bj-medical', 2026, 1, 'q1.csv', 'x', 1, 'csv', 0, 0, 0, '[]', 'staged', :now"""
SETTLING = """INSERT INTO settlement (id, org_key, plan, plan_from, year, quarter, feed_id, parts, rule_digest, state, started_at, fault)
    SELECT id, org_key, plan, '2026-01-01', 2026, 1, id, 64, 'd', 'settling', :now, {} FROM feed_file"""
MESSAGE = """INSERT INTO insurer_message (message_id, org_key, claim_no, seq, kind, handoff_id, round, version, digest, sent_at, body,
    received_at, state, tries) SELECT 'M-1', org_key, 'NX', 1, 'decide', id, 1, 1, 'd', :now, '{}', :now, 'waiting', 3 FROM handoff"""
HOSPITAL = """INSERT INTO hospital (id, org_key, code, name, plan, account_id, pay_to, created_at)
    SELECT gen_random_uuid(), 'cn.', 'H1', '示例医院', 'bj-medical', min(id::text)::uuid, 'fund', :now FROM account"""
WINDOW = """INSERT INTO window_day (id, org_key, hospital_id, plan, day, listed_at, their_bills, their_fen, our_bills, our_fen, differences,
    state) SELECT gen_random_uuid(), org_key, id, plan, '2026-03-19', :now, 2, 2, 1, 1, 1, 'differs' FROM hospital"""
SEAL = """INSERT INTO audit_seal (day, chains, records, root, statement, signature, key_id, place, losses, at)
    VALUES ('2026-03-19', 1, 1, '', '', '', 'k', '', {}, :now)"""
REQUEST = """INSERT INTO privacy_request (id, org_key, request_no, person_id, kind, channel, state, asked_at, due_on)
    SELECT gen_random_uuid(), 'cn.xj.', 'R-1', min(id::text)::uuid, '{}', 'member', 'open', :now, '2026-03-20' FROM person"""
HOLD = """INSERT INTO legal_hold (id, org_key, person_id, ground, reason, review_on, placed_at)
    SELECT gen_random_uuid(), 'cn.xj.', min(id::text)::uuid, 'lawsuit', '诉讼', '2026-03-20', :now FROM person"""
BACKED_UP = "INSERT INTO backup_state VALUES ('{0}', clock_timestamp() - interval '{1}', clock_timestamp(), '{{}}')"
LOST_PAGE = """INSERT INTO paper_page (id, org_key, paper_id, number, fault, width, height, rotation, turned, tilt)
    SELECT gen_random_uuid(), p.org_key, p.id, 99, '{}', 0, 0, 0, 0, 0
    FROM paper p JOIN claim c ON c.id = p.claim_id WHERE c.state = '{}'"""
RETURNED = "UPDATE payment SET state = 'returned', return_reason = '账号不存在'"
# Every payment once more, of a later round and for another reason.
OTHER_PAYMENT = """INSERT INTO payment (id, org_key, state, claim_id, round, payee_id, person_id, purpose, channel, amount_fen, attempt,
    version, created_at, return_reason) SELECT gen_random_uuid(), org_key, 'returned', claim_id, round + 1, payee_id, person_id, purpose,
    channel, amount_fen, 1, 1, created_at + interval '1 hour', '户名不符' FROM payment"""
OTHER_HANDOFF = """INSERT INTO handoff SELECT (jsonb_populate_record(h, jsonb_build_object('id', gen_random_uuid(), 'round', 2))).*
    FROM handoff h"""
NO_CARD = ("UPDATE payment SET state = 'planned', bank_card_id = NULL", "UPDATE payee SET bank_card_id = NULL")

# By condition: what happens to the house, after how long it is looked, and what the line is called.
CAUSES: dict[str, tuple[tuple[str, ...], timedelta, str]] = {
    "worker_away": ((), HOUR, "SELECT '后台进程'"),
    "work_fails": (("UPDATE outbox SET tries = 5, fault = 'OutsideError'",), HOUR, "SELECT id::text FROM outbox"),
    "work_put_away": (("UPDATE outbox SET not_before = clock_timestamp() + interval '2 days'",), HOUR, "SELECT id::text FROM outbox"),
    "timetable_silent": (("INSERT INTO timetable_run VALUES ('timetable.stuck', clock_timestamp() - interval '27 hours')",
                          "UPDATE timetable_run SET at = clock_timestamp() - interval '25 hours' WHERE topic = 'installed'"), HOUR,
                         "SELECT unnest(ARRAY['timetable.collect', 'timetable.figures', 'timetable.sweep'])"),
    "claim_unmoved": ((FORGET, "UPDATE sla_clock SET state = 'stopped' WHERE claim_id IN (SELECT id FROM claim WHERE state = 'reported')"),
                      HOUR, "SELECT claim_no FROM claim WHERE state IN ('reported', 'paid')"),
    "benefit_uncomputed": ((FORGET,), HOUR, CLAIM.format("verified")),
    "level_without_person": ((FORGET, "UPDATE review_step SET state = 'waiting' WHERE state = 'open'"), HOUR, CLAIM.format("in_review")),
    "payment_unplanned": ((FORGET,), HOUR, CLAIM.format("payable")),
    "insurer_payment_unplanned": ((FORGET, "UPDATE claim SET route = 'insurer' WHERE state = 'payable'"), HOUR, CLAIM.format("payable")),
    "paper_unlooked": ((FORGET, "UPDATE paper SET pages = NULL, verdict = 'waiting', fault = NULL WHERE claim_id IN (SELECT id FROM claim"
                        " WHERE state = 'verified')"), HOUR,
                       CLAIM.format("verified")),
    "hold_forgotten": (("UPDATE claim SET held = true, hold_reason = 'audit_request' WHERE state = 'in_review'",), 30 * DAY,
                       CLAIM.format("in_review")),
    "paper_lost": ((LOST_PAGE.format("object_missing", "verified"), LOST_PAGE.format("file_damaged", "in_review"),
                    LOST_PAGE.format("object_missing", "paid"), "UPDATE claim SET state = 'closed' WHERE state = 'paid'"), HOUR,
                   CLAIM.format("verified")),
    "letter_unissued": ((FORGET,), HOUR, "SELECT id::text FROM notice"),
    "letter_lacks": (("UPDATE notice SET stuck = '{\"code\": \"missing_value\"}'",), HOUR, "SELECT id::text FROM notice"),
    "roster_unfinished": (("UPDATE roster_import SET done_at = NULL",), HOUR, "SELECT id::text FROM roster_import"),
    "message_unapplied": ((MESSAGE,), DAY, "SELECT 'M-1'"),
    "handoff_unsent": ((FORGET,), HOUR, CLAIM.format("with_insurer")),
    "handoff_unheard": ((FORGET, "UPDATE handoff SET state = 'sent', sent_at = '2026-03-20 00:00:00Z'"), 3 * DAY,
                        CLAIM.format("with_insurer")),
    "run_unreleased": (("UPDATE payment_run SET state = 'submitted'",), 3 * DAY, "SELECT run_no FROM payment_run"),
    "run_unwritten": ((FORGET, "UPDATE payment_run SET state = 'released'"), HOUR, "SELECT run_no FROM payment_run"),
    "run_unanswered": (("UPDATE payment_run SET state = 'sent'",), 3 * DAY, "SELECT run_no FROM payment_run"),
    "bank_line_unmatched": (("UPDATE bank_line SET fault = '金额不符' WHERE kind = 'credit'",), DAY,
                            "SELECT id::text FROM bank_line WHERE kind = 'credit'"),
    "settlement_faulty": ((FEED, SETTLING.format("'医保数据有缺'")), HOUR, "SELECT 'bj-medical 2026Q1'"),
    "settlement_forgotten": ((FEED, SETTLING.format("NULL")), HOUR, "SELECT id::text FROM settlement"),
    "window_day_differs": ((HOSPITAL, WINDOW), 3 * DAY, "SELECT 'H1 2026-03-19'"),
    "seal_unexported": ((SEAL.format(0),), 2 * HOUR, "SELECT '2026-03-19'"),
    "record_lost": ((SEAL.format(2),), HOUR, "SELECT '2026-03-19'"),
    "seal_beside_papers": ((), HOUR, "SELECT 'HUZHU_AUDIT_PLACE'"),
    "request_late": ((REQUEST.format("correction"),), DAY, "SELECT 'R-1'"),
    "copy_unmade": ((REQUEST.format("export"),), HOUR, "SELECT 'R-1'"),
    "hold_unreviewed": ((HOLD,), DAY, "SELECT id::text FROM legal_hold"),
    "backup_never": (("UPDATE timetable_run SET at = at - interval '4 days' WHERE topic = 'installed'",), HOUR, "SELECT '备份'"),
    "backup_log_late": ((BACKED_UP.format("rows", "11 minutes"),), HOUR, "SELECT '日志'"),
    "backup_papers_late": ((BACKED_UP.format("papers", "7 hours"),), HOUR, "SELECT '材料'"),
    "backup_base_late": ((BACKED_UP.format("base", "31 hours"),), HOUR, "SELECT '全量备份'"),
    "backup_unproved": ((BACKED_UP.format("base", "1 hour"), BACKED_UP.format("verify", "36 days")), HOUR, "SELECT '核验'"),
    "store_space_low": ((), HOUR, "SELECT 'HUZHU_DATA_DIR'"),
    "place_unwritable": ((), HOUR, "SELECT 'HUZHU_STORE'"),
    "store_unreachable": ((), HOUR, "SELECT 'HUZHU_STORE'"),
    "card_missing": ((RETURNED,), 5 * DAY, CLAIM.format("paid")),
    "credit_unsettled": ((FORGET, "UPDATE claim SET state = 'payable' WHERE state = 'paid'"), HOUR,
                         "SELECT c.claim_no FROM claim c JOIN payment p ON p.claim_id = c.id"),
}

# What the settings name is the cause: more room wanted than any disk has, a folder of the kernel's, a port where nobody listens.
SETTINGS: dict[str, dict[str, str]] = {
    "store_space_low": {"HUZHU_SPACE_LOW_MB": "1000000000"},
    "place_unwritable": {"HUZHU_STORE": "file:/proc/papers"},
    "store_unreachable": {"HUZHU_STORE": "s3://papers", "HUZHU_STORE_ENDPOINT": "http://127.0.0.1:9", "HUZHU_STORE_REGION": "cn-north-1",
                          "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"},
}

# Asked in real time, which is later than the tests' spring.
REAL = {"timetable_silent", "seal_beside_papers", *(one.code for one in of_backup.CONDITIONS)}


@pytest.fixture(scope="module")
def house(server: str) -> Iterator[World]:
    db = Fresh(server)
    now = at_hour(date(2026, 3, 20))
    world = build_world(db, now)
    paid_out(world, 0, now)
    decided(world, 1, now)
    in_review(world, 2, now)
    verify(world, report(world, 3, now), now, verifier=world.actor("xj.clerk"))
    report(world, 4, now)
    insured = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, insured, "nx.clerk", now)
    assert forward(world, insured, now) == [insured]
    with db.unit_of_work(ROOT.scope) as session:
        [claim] = session.execute(sa.text("SELECT id FROM claim WHERE state = 'payable'")).scalars()
        assert notice.draft(session, topic="claim.approve", claim_ids=[claim], subject_ids=[claim], actor=ROOT, now=now)
    yield world
    db.drop()


@contextmanager
def set_to(words: dict[str, str]) -> Iterator[None]:
    """These settings hold in this process; afterwards what held before."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in words.items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield
    settings.cache_clear()


@contextmanager
def afterwards(house: World, *happens: str, now: datetime) -> Iterator[Session]:
    """A session past row security in which this has happened; all of it is taken back."""
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(embedded.with_user(house.db.url, "postgres")))
    with Session(engine) as session:
        for statement in happens:
            session.execute(sa.text(statement), {"now": now} if ":now" in statement else {})
        yield session
        session.rollback()
    engine.dispose()


def test_a_house_at_work_has_nothing_that_stands_still(house: World, now: datetime) -> None:
    with house.db.view(ROOT.scope) as session:
        assert [one.condition.code for one in service.look(session, now=now)] == ["seal_beside_papers"]      # a test has one disk


@pytest.mark.parametrize("code", CAUSES)
def test_each_condition_is_met_by_its_cause(house: World, now: datetime, code: str) -> None:
    happens, later, expected = CAUSES[code]
    with set_to(SETTINGS.get(code, {})), afterwards(house, *happens, now=now) as session:
        names = set(session.execute(sa.text(expected)).scalars())
        found = [one for one in service.look(session, now=now + later) if one.condition.code == code]
    assert names
    assert {one.subject for one in found} == names
    assert all(one.said and one.remedy and "{" not in one.remedy for one in found)
    assert all(one.since <= now + later or code in REAL for one in found)


def test_every_condition_has_its_cause_here() -> None:
    assert CAUSES.keys() | {"work_waits", "database_held", "settled_line_waits"} == service.BY_CODE.keys()


def test_work_that_waits_although_a_worker_lives_is_told_apart_from_a_worker_that_is_away(house: World, now: datetime) -> None:
    with psycopg.connect(house.db.url) as worker, house.db.view(ROOT.scope) as session:
        hold_lock(worker)
        found = {one.condition.code for one in service.look(session, now=now + HOUR)}
    assert "work_waits" in found and "worker_away" not in found


def test_work_in_the_hands_of_a_dead_worker_counts_as_free(house: World, now: datetime) -> None:
    with afterwards(house, "UPDATE outbox SET taken_by = 7, tries = 1", now=now) as session:
        found = {one.condition.code for one in service.look(session, now=now + HOUR)}
    assert "worker_away" in found


@pytest.mark.parametrize("code", [one.code for one in service.CONDITIONS if one.topic not in ("", "outbox")])
def test_what_is_owed_again_is_what_its_flow_works(house: World, now: datetime, code: str) -> None:
    """The topic has a flow, the row names the claim or the row that the flow asks for, and the line is gone."""
    happens, later, _ = CAUSES[code]
    with afterwards(house, *happens, FORGET, now=now) as session:
        done = service.again(session, code=code, actor=ROOT, now=now + later)
        owed = session.execute(sa.text("SELECT topic, claim_id, subject_id FROM outbox")).all()
        left = {one.condition.code for one in service.look(session, now=now + later)}
    topic = service.BY_CODE[code].topic
    assert [tuple(row) for row in owed] == [(topic, one.claim_id, one.row_id) for one in done]
    assert {row.topic for row in owed} <= ROUTES.keys()
    assert code not in left


def test_failed_work_is_tried_at_once_and_keeps_its_fault(house: World, now: datetime) -> None:
    later = "UPDATE outbox SET not_before = clock_timestamp() + interval '5 minutes'"
    with afterwards(house, *CAUSES["work_fails"][0], later, now=now) as session:
        one = service.look(session, now=now, only=service.BY_CODE["work_fails"])[0]
        service.again(session, code="work_fails", subject=one.subject, actor=ROOT, now=now)
        row = session.execute(sa.text("SELECT tries, not_before, fault FROM outbox WHERE id = :id"), {"id": int(one.subject)}).one()
        rest = session.execute(sa.text("SELECT count(*) FROM outbox WHERE tries = 5")).scalar()
    assert tuple(row) == (0, None, "OutsideError") and rest


def test_refusals_name_the_remedy(house: World, now: datetime) -> None:
    head, clerk = house.actor("xj.head"), house.actor("xj.clerk")
    with house.db.view(ROOT.scope) as session:
        for raised, code, subject, actor in ((InputError, "nonsense", "", head), (InputError, "run_unanswered", "", head),
                                             (NotFound, "work_fails", "7", head), (NotPermitted, "work_fails", "7", clerk)):
            with pytest.raises(raised) as refused:
                service.again(session, code=code, subject=subject, actor=actor, now=now)
            assert refused.value.remedy
        with pytest.raises(InputError, match="没有“timetable"):
            service.owe(session, topic="timetable.nothing", actor=head, now=now)


def test_the_list_is_kept_put_off_and_empties_itself(house: World, now: datetime) -> None:
    head, day = house.actor("xj.head"), (now + DAY).date()
    with afterwards(house, *CAUSES["run_unanswered"][0], now=now) as session:
        service.keep(session, now=now + 3 * DAY)
        [row] = [one for one in service.listed(session, today=now.date())[0] if one.condition == "run_unanswered"]
        service.keep(session, now=now + 4 * DAY)
        session.refresh(row)
        assert (row.found_at, row.seen_at) == (now + 3 * DAY, now + 4 * DAY)
        for until, why in ((now.date(), "周五回盘"), (now.date() + timedelta(days=31), "周五回盘"), (day, " ")):
            with pytest.raises(InputError):
                service.put_off(session, stuck_id=row.id, until=until, why=why, actor=head, now=now)
        service.put_off(session, stuck_id=row.id, until=day, why="周五回盘", actor=head, now=now)
        assert row in service.listed(session, today=now.date())[1] and row in service.listed(session, today=day)[0]
        service.put_off(session, stuck_id=row.id, until=None, why="", actor=head, now=now)
        assert row in service.listed(session, today=now.date())[0]
        with pytest.raises(Conflict):
            service.put_off(session, stuck_id=row.id, until=None, why="", actor=head, now=now)
        session.execute(sa.text("UPDATE payment_run SET state = 'reconciled'"))
        service.keep(session, now=now + 5 * DAY)
        session.refresh(row)
        assert row.gone_at == now + 5 * DAY
        with pytest.raises(NotFound):
            service.put_off(session, stuck_id=row.id, until=day, why="周五回盘", actor=head, now=now)


@pytest.mark.parametrize("code, happens, words", [
    ("card_missing", (RETURNED, OTHER_PAYMENT), {"退汇：账号不存在", "退汇：户名不符"}),
    ("handoff_unheard", (*CAUSES["handoff_unheard"][0], OTHER_HANDOFF), {"送出后没有收到报案号"})])
def test_two_of_one_name_are_one_line(house: World, now: datetime, code: str, happens: tuple[str, ...], words: set[str]) -> None:
    with afterwards(house, *happens, now=now) as session:
        service.keep(session, now=now + 5 * DAY)
        service.keep(session, now=now + 6 * DAY)
        [row] = [one for one in service.listed(session, today=now.date())[0] if one.condition == code]
        assert (row.found_at, row.seen_at) == (now + 5 * DAY, now + 6 * DAY)
        assert sorted(row.said.split("；")) == sorted(words)
        assert session.execute(sa.text("SELECT org_key FROM claim WHERE id = :id"), {"id": row.claim_id}).scalar() == row.org_key


@pytest.mark.parametrize("happens, said", [
    (NO_CARD, "没有领款账户"),
    (("UPDATE payment SET state = 'planned'", "UPDATE claim SET banks = '[\"XX\"]'"), "领款账户的开户行不在本计划允许范围内"),
    ((NO_CARD[0],), None),                                                  # the next run takes the payee's
    ((*NO_CARD, "UPDATE payment SET channel = 'insurer'"), None),           # which has its own way to pay
    ((*NO_CARD, "UPDATE payment SET created_at = created_at + interval '1 day'"), None),
    ((NO_CARD[1],), None)])                                                 # credited long ago
def test_money_that_no_run_can_take_is_named(house: World, now: datetime, happens: tuple[str, ...], said: str | None) -> None:
    with afterwards(house, *happens, now=now) as session:
        [paid] = session.execute(sa.text("SELECT claim_no FROM claim WHERE state = 'paid'")).scalars()
        found = service.look(session, now=now + 5 * DAY, only=service.BY_CODE["card_missing"])
    assert [(one.subject, one.said) for one in found] == ([(paid, said)] if said else [])


def test_every_timetable_has_a_flow_and_owes_it(house: World, now: datetime) -> None:
    assert set(TIMETABLES) <= ROUTES.keys()
    with afterwards(house, FORGET, now=now) as session:
        service.owe(session, topic="timetable.prove", actor=house.actor("xj.head"), now=now)
        [owed] = session.execute(sa.text("SELECT topic, org_key FROM outbox"))
        assert tuple(owed) == ("timetable.prove", "cn.xj.")
