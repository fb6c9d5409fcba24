"""Every day ours against the insurer's list: nothing differs after an undisturbed day; what differs is named with both values and age."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from uuid import uuid5

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import InputError, NotPermitted
from services.insurer import exchange_queries, reconciling
from services.insurer.comparing import Books, File, Kept, Money, compare
from services.insurer.port import Heard, Position, Said, Statement
from tests.services.exchange_world import compared, said, told, walked
from tests.services.handoff_world import collect, number
from tests.services.insurer_world import Twin, running
from tests.services.review_world import ROOT, SYSTEM
from tests.support.world import World, build_world

DAY, BEFORE = date(2026, 3, 20), date(2026, 3, 17)
AT, EARLIER = at_hour(DAY, 9), at_hour(BEFORE, 10)
NEXT = at_hour(date(2026, 3, 21), 7)
SPACE = uuid.UUID("3f0c1f0e-5b1a-4b7e-9d57-0a1c6f2b7a11")
KEY = ("NX1", 1, 1)


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Twin]:
    with running(tmp_path) as found:
        yield found


@pytest.fixture
def world(db: Database) -> World:
    return build_world(db, AT)


def test_an_undisturbed_day_has_no_difference_and_is_kept_once(world: World, twin: Twin) -> None:
    walked(world, twin, AT, "ack", "file", "decide", "settle", n=0)
    walked(world, twin, AT, "ack", "file", n=1)
    row = compared(world, twin, NEXT)
    assert told(world) == []
    assert (row.day, row.files, row.heard, row.said, row.kept, row.applied) == (DAY, 2, 2, 6, 6, 6)
    # S03's benefit: 100000 and (10 - 3) + (5 - 3) days at 100.
    assert [row.ours_decided_fen, row.theirs_decided_fen, row.ours_paid_fen, row.theirs_settled_fen] == [10_090_000] * 4
    with world.db.unit_of_work(ROOT) as session:
        again = reconciling.reconcile(session, statement=Statement(day=DAY, positions=()), actor=SYSTEM, now=NEXT)
    assert (again.id, again.files, again.digest) == (row.id, 2, row.digest)
    with world.db.view(ROOT) as session:
        assert reconciling.owed(session, today=date(2026, 3, 21)) == []
        assert reconciling.owed(session, today=date(2026, 3, 24)) == [date(2026, 3, 21), date(2026, 3, 22), date(2026, 3, 23)]


def test_what_was_lost_or_altered_is_named_and_gone_when_put_right(
        world: World, twin: Twin) -> None:
    paid = walked(world, twin, AT, "ack", "file", "decide", "settle", n=0)
    deaf = walked(world, twin, AT, n=1)
    said(world, twin, deaf, AT, "ack")
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE payment SET amount_fen = amount_fen - 1 WHERE claim_id = :id"), {"id": paid})
    row = compared(world, twin, NEXT)
    assert told(world) == [("message_missing", "—", "受理（第5号消息）", "2026-03-20"),
                           ("paid_differs", "100899.99", "100900.00", "2026-03-20")]
    assert (row.differences, row.said, row.kept) == (2, 5, 4)
    office = world.actor("nx.office1")
    with world.db.view(office.scope) as session:
        found = exchange_queries.differences(session, DAY)
        assert {one.claim_no: (one.kind, one.days) for one in found} == {
            number(world, deaf): ("message_missing", 0), number(world, paid): ("paid_differs", 0)}
    with world.db.view(world.actor("xj.head").scope) as session:
        assert exchange_queries.differences(session, DAY) == []
    collect(world, twin, deaf, NEXT)
    assert compared(world, twin, at_hour(date(2026, 3, 22), 7)).files == 1       # the other file is over and on no later list
    assert told(world) == [("paid_differs", "100899.99", "100900.00", "2026-03-20")]
    with world.db.view(office.scope) as session:
        assert [one.days for one in exchange_queries.differences(session, date(2026, 3, 21))] == [1]
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE payment SET amount_fen = amount_fen + 1 WHERE claim_id = :id"), {"id": paid})
    compared(world, twin, at_hour(date(2026, 3, 23), 7))
    assert told(world) == []


def test_only_the_system_compares_and_only_a_day_that_is_over(world: World) -> None:
    statement = Statement(day=DAY, positions=())
    with world.db.unit_of_work(ROOT) as session:
        with pytest.raises(NotPermitted):
            reconciling.reconcile(session, statement=statement, actor=world.actor("nx.head"), now=NEXT)
        with pytest.raises(InputError, match="day_not_over"):
            reconciling.reconcile(session, statement=statement, actor=SYSTEM, now=AT)


# ---- each difference by itself

def heard(kind: str = "dossier", at: datetime = EARLIER) -> Heard:
    return Heard.model_validate({"message_id": uuid5(SPACE, kind), "kind": kind, "at": at})


def message(kind: str, seq: int, at: datetime = AT) -> Said:
    return Said.model_validate({"message_id": uuid5(SPACE, f"{kind}{seq}"), "seq": seq, "kind": kind, "at": at})


SETTLED = Position.model_validate({
    "claim_no": "NX1", "round": 1, "version": 1, "package_digest": "d" * 64, "state": "settled", "heard": (heard(),),
    "said": (message("ack", 1, EARLIER), message("decide", 2), message("settle", 3)), "decided": "100.00", "settled": "100.00",
    "serial": "PY1"})
OPEN = SETTLED.model_copy(update={"state": "received", "said": (message("ack", 1, EARLIER),), "decided": None, "settled": None,
                                  "serial": None})
FILE = File(digest="d" * 64, state="settled", sent_on=BEFORE, recalled=False, due=False)
INBOX = {one.message_id: Kept(KEY, one.kind, one.seq, "applied", "", DAY) for one in SETTLED.said}
PAID = Money(10_000, 10_000, 10_000, ("PY1",))
BOOKS = Books({KEY: FILE}, INBOX, {("NX1", 1): PAID})


def differences(books: Books, position: Position | None) -> list[tuple[str, str, str, date]]:
    found = compare(books, Statement(day=DAY, positions=() if position is None else (position,)))
    return [(one.kind, one.ours, one.theirs, one.since) for one in found]


def with_file(**values: object) -> Books:
    return replace(BOOKS, files={KEY: replace(FILE, **values)})     # type: ignore[arg-type]


def with_money(money: Money) -> Books:
    return replace(BOOKS, money={("NX1", 1): money})


def with_message(kind: str, state: str, fault: str) -> Books:
    changed = {key: replace(kept, state=state, fault=fault) if kept.kind == kind else kept for key, kept in INBOX.items()}
    return replace(BOOKS, inbox=changed)


@pytest.mark.parametrize(("books", "position", "expected"), [
    (BOOKS, SETTLED, []),
    (with_file(digest="e" * 64), SETTLED, [("digest_differs", "e" * 16, "d" * 16, BEFORE)]),
    (with_file(digest=None, sent_on=None), SETTLED, [("receipt_missing", "没有回执", "已收到（已付款）", BEFORE)]),
    (replace(BOOKS, files={}), SETTLED, [("file_unknown", "—", "已付款", BEFORE)]),
    (with_file(state="sent", due=True), None, [("file_missing", "已移送（已发出）", "—", BEFORE)]),
    (with_file(state="sent", due=True, sent_on=date(2026, 3, 21)), None, []),       # sent after the day
    (with_message("decide", "waiting", "event_not_allowed"), SETTLED,
     [("message_waiting", "已收到，未办理：event_not_allowed", "核定（第2号消息）", DAY)]),
    (with_message("decide", "rejected", "wrong"), SETTLED, [("message_refused", "未采用：wrong", "核定（第2号消息）", DAY)]),
    (with_message("decide", "rejected", "superseded: …"), SETTLED, []),
    (BOOKS, OPEN, [("message_unknown", "付款（第3号消息）", "—", DAY), ("message_unknown", "核定（第2号消息）", "—", DAY)]),
    (with_money(replace(PAID, total_fen=9_999)), SETTLED, [("decided_differs", "99.99", "100.00", DAY)]),
    (with_money(replace(PAID, due_fen=9_999)), SETTLED, [("settled_differs", "99.99", "100.00", DAY)]),
    (with_money(replace(PAID, paid_fen=0, serials=())), SETTLED, [("paid_differs", "0.00", "100.00", DAY)]),
    (with_money(replace(PAID, serials=("PY2",))), SETTLED, [("serial_differs", "PY2", "PY1", DAY)]),
    (with_file(replies={uuid5(SPACE, "reply"): DAY}), SETTLED, [("reply_missing", "已答复", "—", DAY)]),
    (with_file(replies={uuid5(SPACE, "reply"): date(2026, 3, 21)}), SETTLED, []),
    (BOOKS, SETTLED.model_copy(update={"heard": (heard(), heard("reply", AT))}), [("receipt_missing", "答复没有回执", "已收到答复", DAY)]),
    (BOOKS, SETTLED.model_copy(update={"heard": (heard(), heard("recall", AT))}), [("recall_unknown", "—", "已收到退回请求", DAY)]),
    (with_file(recalled=True), SETTLED.model_copy(update={"heard": (heard(), heard("recall", AT))}), []),
])
def test_each_difference_is_named_with_both_values(books: Books, position: Position | None,
                                                   expected: list[tuple[str, str, str, date]]) -> None:
    assert differences(books, position) == expected
