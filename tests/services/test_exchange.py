"""A period's report to the insurer: its figures are the books', two persons issue it, it is frozen, and a correction names what changed.

Ningxia's six members are covered from 2026-01-01 at 100 yuan; S03's benefit is 100000 and (10 - 3) + (5 - 3) days at 100.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import get_args

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.insurer import exchange, exchange_changes, exchange_facts, exchange_queries
from services.insurer.exchange_changes import told
from services.insurer.exchange_facts import Contents
from services.insurer.exchange_figures import figures
from services.insurer.exchange_words import period_words
from services.insurer.reserves import reserves
from services.models import ExchangeReport
from services.storage import service as storage
from tests.services.exchange_world import INSURER, walked
from tests.services.insurer_world import Twin, running
from tests.services.premium_world import NX_UNIT, cover_of, end, receive
from tests.support.world import NX_PLAN, World, build_world

AT, LATER = at_hour(date(2026, 3, 20)), at_hour(date(2026, 4, 2), 10)
MARCH = (date(2026, 3, 1), date(2026, 3, 31))
BENEFIT = 10_090_000


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Twin]:
    with running(tmp_path) as found:
        yield found


@pytest.fixture
def world(db: Database) -> World:
    return build_world(db, AT)


def prepared(world: World, login: str = "nx.office1", now: datetime = LATER) -> ExchangeReport:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return exchange.prepare(session, insurer=INSURER, from_on=MARCH[0], until_on=MARCH[1], actor=actor, now=now)


def issued(world: World, report: ExchangeReport, login: str = "nx.head") -> ExchangeReport:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return exchange.issue(session, report_id=report.id, seen=report.digest, actor=actor, now=LATER)


def read(world: World, from_on: date, until_on: date) -> Contents:
    with world.db.view(world.actor("nx.office1").scope) as session:
        return figures(session, insurer=INSURER, from_on=from_on, until_on=until_on)


def test_the_figures_are_those_of_the_books(world: World, twin: Twin) -> None:
    walked(world, twin, AT, "ack", "file", "decide", "settle", n=0)
    walked(world, twin, AT, "ack", "file", n=1)
    receive(world, "300.00", AT, plan=NX_PLAN, org=NX_UNIT)
    found = read(world, *MARCH)
    [covers], [claims], [open_file] = found.covers, found.claims, found.open
    assert (covers.in_force, covers.begun, covers.ended, covers.premium_fen, covers.received_fen) == (6, 0, 0, 0, 30_000)
    assert (claims.reported, claims.handed_over, claims.paid_out, claims.decided_fen) == (2, 2, 1, BENEFIT)
    assert (claims.paid, claims.paid_fen, claims.nothing, claims.questioned) == (1, BENEFIT, 0, 0)
    assert (open_file.sent_on, open_file.days, open_file.band) == (date(2026, 3, 20), 11, "8-15")
    assert found.ages() == {"0-7": 0, "8-15": 1, "16-30": 0, "31-60": 0, "61-": 0}
    duties = {duty.code: (duty.kept, duty.missed, duty.late) for duty in found.duties}
    assert (duties["pay"], duties["assess"], duties["report"], duties["lecture"]) == ((1, 0, 0), (1, 0, 0), (2, 0, 0), (0, 0, 0))
    [reserve] = found.reserves
    assert (reserve.count, reserve.uncomputed, reserve.computed_fen, reserve.said, reserve.reserve_fen) == (1, 0, BENEFIT, 0, BENEFIT)
    with world.db.view(world.actor("nx.office1").scope) as session:         # counted plainly
        assert session.execute(sa.text(
            "SELECT count(*), sum(d.amount_fen) FROM decision d JOIN claim c ON c.id = d.claim_id WHERE c.plan = 'nx-ankangbao'")
        ).one() == (claims.paid_out, claims.decided_fen)
        assert session.execute(sa.text("SELECT sum(amount_fen) FROM bank_line WHERE kind = 'credit'")).scalar() == claims.paid_fen
    january, april = read(world, date(2026, 1, 1), date(2026, 1, 31)), read(world, date(2026, 4, 1), date(2026, 5, 31))
    assert (january.covers[0].begun, january.covers[0].premium_fen, january.reserves) == (6, 60_000, ())
    assert {duty.code: (duty.kept, duty.late) for duty in january.duties if duty.code in ("policies", "premium")} == {
        "policies": (2, 4), "premium": (0, 6)}       # two had a policy number; nobody had paid by the end of January
    assert {duty.code: duty.late for duty in april.duties}["pay"] == 1      # 15 working days are over in May
    # The law's 30 days end on 19 April, its 60 on 19 May, the 15 working days in April.
    assert [(missed.code, missed.done_on) for missed in april.missed] == [("advance", None), ("assess", None), ("pay", None)]
    with world.db.view(world.actor("xj.head").scope) as session:            # nothing of another office
        assert figures(session, insurer=INSURER, from_on=MARCH[0], until_on=MARCH[1]).open == ()
        assert reserves(session, on=MARCH[1]) == []


def test_two_persons_issue_it_the_same_bytes_stay_and_a_correction_names_what_changed(world: World) -> None:
    first = prepared(world)
    assert (first.status, first.version, first.prepared_person) == ("prepared", 1, world.person("nx.office1"))
    with pytest.raises(NotPermitted):
        issued(world, first, "nx.office2")
    head = prepared(world, "nx.head")
    assert (head.id, head.prepared_person) == (first.id, world.person("nx.head"))       # read anew while nobody issued it
    with pytest.raises(GuardFailed, match="second_person"):
        issued(world, head, "nx.head")
    done = issued(world, head, "nx.senior")
    assert (done.status, done.number) == ("issued", "宁工女互通函〔2026〕1号")
    assert storage.get(str(done.letter_sha256)).startswith(b"%PDF-") and storage.get(str(done.workbook_sha256)).startswith(b"PK")
    end(world, cover_of(world, 2, "nx").certificate_no, date(2026, 3, 25), LATER, login="nx.office1")
    assert prepared(world) == done and issued(world, done) == done                      # frozen, whatever the books say now
    actor = world.actor("nx.office1")
    with world.db.unit_of_work(actor.scope) as session:
        second = exchange.correct(session, report_id=done.id, why="补登一份终止", actor=actor, now=LATER)
    assert second.version == 2
    assert [(one["what"], one["before"], one["after"]) for one in second.changes] == [
        ("covers/nx-ankangbao/in_force", "6", "5"), ("covers/nx-ankangbao/ended", "0", "1")]
    with pytest.raises(Conflict, match="stale_version"), world.db.unit_of_work(actor.scope) as session:
        exchange.issue(session, report_id=second.id, seen=done.digest, actor=world.actor("nx.head"), now=LATER)
    last = issued(world, second)
    assert last.number == "宁工女互通函〔2026〕2号"
    assert "更正宁工女互通函〔2026〕1号" in text(storage.get(str(last.letter_sha256)))
    with pytest.raises(Conflict, match="nothing_changed"), world.db.unit_of_work(actor.scope) as session:
        exchange.correct(session, report_id=last.id, why="再看一遍", actor=actor, now=LATER)
    with world.db.view(actor.scope) as session:
        assert [(one.version, one.newest) for one in exchange_queries.reports(session)] == [(2, True), (1, False)]
        assert exchange_queries.report(session, done.id).intact
    with world.db.view(world.actor("xj.head").scope) as session, pytest.raises(NotFound):
        exchange_queries.report(session, done.id)
    with pytest.raises(InputError, match="period_not_over"):
        prepared(world, now=at_hour(date(2026, 3, 31)))


def test_a_correction_is_told_in_words_and_lapses_when_nothing_differs_any_more(world: World) -> None:
    """While it is prepared again the first version's report stays locked for nobody: a correction waits for the period before the row."""
    done = issued(world, prepared(world))
    actor, waiting = world.actor("nx.office1"), threading.Event()

    def corrected() -> None:
        with world.db.unit_of_work(actor.scope) as session:
            waiting.set()
            exchange.correct(session, report_id=done.id, why="补登讲座", actor=actor, now=LATER)

    with world.db.unit_of_work(actor.scope) as session:
        entry = exchange.enter(session, insurer=INSURER, code="lecture", held_on=date(2026, 3, 5), note="银川/金凤", actor=actor, now=LATER)
    with ThreadPoolExecutor(1) as other, world.db.unit_of_work(actor.scope) as session:
        session.execute(exchange._LOCK, {"org": actor.org_key, "insurer": INSURER})
        going = other.submit(corrected)
        assert waiting.wait(10)
        time.sleep(0.2)             # it stands at the lock now
        assert exchange.prepare(session, insurer=INSURER, from_on=MARCH[0], until_on=MARCH[1], actor=actor, now=LATER) == done
    going.result(10)
    second = prepared(world)
    assert (second.version, second.why) == (2, "补登讲座")
    told_words = told(second.changes, ("nx-ankangbao",))
    assert told_words == [
        {"what": "履约 保险公司 健康或保险知识讲座（每年1至2次） 按期", "before": "0", "after": "1"},
        {"what": "合作记录 健康或保险知识讲座（每年1至2次） 2026-03-05 银川/金凤 登记", "before": "—", "after": "有"}]
    above = replace(world.actor("nx.head"), org_key="cn.")
    with world.db.unit_of_work(above.scope) as session:         # whoever stands above withdraws it for those who counted it
        exchange.withdraw(session, act_id=entry.id, why="没有举办", actor=above, now=LATER)
    assert prepared(world).changes == []
    with pytest.raises(Conflict, match="nothing_changed"):
        issued(world, prepared(world))


@pytest.mark.parametrize(("change", "words"), [
    (("covers/nx-ankangbao/premium_fen", "60000", "0"), ("承保与保险费 关爱女职工“安康保” 本期生效应收（元）", "600.00", "0.00")),
    (("open/NX2026-0001-001/due_on", "—", "2026-04-10"), ("期末在办 NX2026-0001-001 最近期限", "—", "2026-04-10")),
    (("open/NX2026-0001-001/band", "8-15", "61-"), ("期末在办 NX2026-0001-001 移送天数分段", "8至15日", "61日以上")),
    (("missed/pay/NX2026-0001-001/2026-04-10/done_on", "—", "2026-04-12"),
     ("逾期明细 15个工作日内给付 NX2026-0001-001 2026-04-10 完成日期", "—", "2026-04-12")),
    (("reserves/nx-ankangbao/181-/count", "—", "1"), ("未决赔款准备 关爱女职工“安康保” 181日以上 件数", "—", "1")),
    (("differing/NX2026-0001-001/refund/ended", "", "changed"),
     ("金额不一致 NX2026-0001-001 退还保险费 结果", "未了结", "保险公司改变核定")),
])
def test_a_changed_figure_in_words(change: tuple[str, str, str], words: tuple[str, str, str]) -> None:
    [found] = told([dict(zip(("what", "before", "after"), change, strict=True))], ("nx-ankangbao",))
    assert tuple(found.values()) == words


def test_every_figure_of_a_report_has_words() -> None:
    for section, keys in exchange_facts._NAMED_BY.items():
        line = get_args(Contents.model_fields[section].annotation)[0]
        assert set(exchange_changes._FIGURES[section]) == (set(line.model_fields) - set(keys) or {""}), section


def text(pdf: bytes) -> str:
    """Without blanks and line ends."""
    return "".join(subprocess.run(["pdftotext", "-", "-"], input=pdf, check=True, capture_output=True).stdout.decode().split())


def test_what_was_done_together_is_entered_counted_and_withdrawn(world: World) -> None:
    actor = world.actor("nx.office1")
    with world.db.unit_of_work(actor.scope) as session:
        entered = {code: exchange.enter(session, insurer=INSURER, code=code, held_on=date(2026, 3, day), note=f"{code}，银川",
                                        actor=actor, now=LATER) for code, day in (("lecture", 5), ("meeting", 12))}
        exchange.withdraw(session, act_id=entered["meeting"].id, why="日期有误", actor=actor, now=LATER)
        with pytest.raises(Conflict):
            exchange.withdraw(session, act_id=entered["meeting"].id, why="再撤", actor=actor, now=LATER)
        with pytest.raises(InputError, match="day_to_come"):
            exchange.enter(session, insurer=INSURER, code="lecture", held_on=date(2026, 5, 1), note="五月", actor=actor, now=LATER)
    found = read(world, *MARCH)
    assert [(act.code, act.held_on, act.note) for act in found.acts] == [("lecture", date(2026, 3, 5), "lecture，银川")]
    year = {duty.code: (duty.kept, duty.missed) for duty in read(world, date(2025, 1, 1), date(2025, 12, 31)).duties}
    assert year["lecture"] == (0, 1)        # 第十七条: a year without one
    with world.db.view(actor.scope) as session:
        assert [(one.code, one.withdrawn) for one in exchange_queries.entries(session)] == [("meeting", "日期有误"), ("lecture", None)]


@pytest.mark.parametrize(("kind", "today", "first", "last", "words"), [
    ("month", date(2026, 1, 5), date(2025, 12, 1), date(2025, 12, 31), "2025年12月"),
    ("quarter", date(2026, 4, 1), date(2026, 1, 1), date(2026, 3, 31), "2026年第一季度"),
    ("quarter", date(2026, 3, 31), date(2025, 10, 1), date(2025, 12, 31), "2025年第四季度"),
    ("year", date(2026, 12, 31), date(2025, 1, 1), date(2025, 12, 31), "2025年度"),
])
def test_the_period_before_today(kind: str, today: date, first: date, last: date, words: str) -> None:
    assert exchange.last_period(kind, today) == (first, last)
    assert period_words(first, last) == words
