"""Every simulated history walked again through the machines: guards with the facts of their moment, roles, clocks."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from services.access.permits import PERMITS
from services.core.db import Database
from services.rulebook.registry import version
from services.sla.rules import FOLLOWS, Op, Step
from statemachines.rules import FACTS, Refused, decide, initial_state, needs
from tests.support.past import House, Past, Row, load
from tests.support.simulated import ROOT, fill


@pytest.fixture
def house(db: Database) -> House:
    fill(db)
    with db.view(ROOT) as session:
        return load(session)


def walk(house: House, chain: uuid.UUID) -> tuple[Past, Counter[tuple[str, str]]]:
    """One chain from its birth to its end; every step is one the machine takes with the facts of that moment."""
    past, fired = Past(house, house.claims.get(chain), house.by_id.get(chain)), Counter[tuple[str, str]]()
    for record in house.records[chain]:
        past.now = record
        source, target = record.record.get("from"), record.record.get("to")
        if record.event == "create":
            assert (source, target) == (None, initial_state(record.machine))
        elif target is not None:
            assert past.states[record.subject_id] == source
            facts = past.facts(sorted(needs(record.machine, record.event)))
            assert decide(record.machine, source, record.event, FACTS[record.machine](**facts)) == target, record.record
            fired[record.machine, record.event] += 1
        if target is not None:
            past.states[record.subject_id] = target
        past.seen.append(record)
    return past, fired


def test_every_history_is_one_its_machines_would_have_gone(house: House) -> None:
    fired: Counter[tuple[str, str]] = Counter()
    born: dict[uuid.UUID, str] = {}
    for chain in house.records:
        past, steps = walk(house, chain)
        fired += steps
        born |= past.states
    ends = {row.id: row.state for row in (*house.claims.values(), *house.by_id.values())
            if hasattr(row, "state") and hasattr(row, "version")}
    assert born == ends
    roads = [("claim", event) for event in ("verify", "ask", "answer", "lapse", "route", "approve", "refuse", "forward",
             "insurer_pay", "insurer_refuse", "settle", "close", "cancel", "hold")]
    roads += [("payment", "bounce"), ("payment", "announce"), ("handoff", "question"), ("review_step", "void"),
              ("payment_run", "reconcile"), ("supplement", "lapse")]
    assert [step for step in roads if not fired[step]] == []


def test_a_history_changed_by_one_step_is_refused(house: House) -> None:
    chain = next(row.id for row in house.claims.values() if row.state == "paid" and row.route == "office")
    house.records[chain] = [record for record in house.records[chain]
                            if (record.machine, record.event) != ("payment", "credit")]
    with pytest.raises(Refused) as refused:
        walk(house, chain)
    assert refused.value.reason == "not_fully_credited"


def test_versions_count_the_moves_and_records_lie_in_order_of_time(house: House) -> None:
    for chain, records in house.records.items():
        assert [record.seq for record in records] == list(range(1, len(records) + 1))
        assert all(one.at <= two.at for one, two in pairwise(records))
        row = house.claims.get(chain) or house.by_id[chain]
        moves = [record for record in records if record.subject_id == chain and "to" in record.record]
        assert (row.version, row.audit_seq, row.audit_head) == (len(moves), len(records), records[-1].hash)
        assert row.version == moves[-1].record["version"]


def test_everybody_may_do_what_they_did_where_they_did_it(house: House) -> None:
    for records in house.records.values():
        for record in records:
            allowed = PERMITS.get(record.machine, {}).get(record.event)
            role, org_key = house.roles[record.account_id] if record.account_id else ("system", "cn.")
            assert record.org_key.startswith(org_key)
            assert allowed is None or role in allowed, (record.machine, record.event, role)


def holds(step: Step, row: Row) -> bool:
    """The condition of a clock's step on the moved row."""
    if not step.where:
        return True
    if step.where == "r.source = 'union'":
        return bool(row.source == "union")
    assert step.where.startswith("r.code IN (")
    return row.code in re.findall(r"'(\w+)'", step.where)


def clocks_of(house: House, claim: Row) -> dict[tuple[str, str], str]:
    """What the clocks would be had the lifecycle moved them."""
    rules, found = version(claim.plan, claim.plan_from).clocks, dict[tuple[str, str], str]()
    for record in house.records[claim.id]:
        for step in FOLLOWS.get((record.machine, record.event), ()):
            if record.subject_id != claim.id and not holds(step, house.by_id[record.subject_id]):
                continue
            subject = str(record.subject_id) if step.subject else ""
            if step.op is Op.START:
                for kind in step.kinds:
                    if kind == "level" or (rules.get("pay" if kind == "insurer_pay" else kind)):
                        found.setdefault((kind, subject), "running")
                continue
            before, after = {Op.STOP: (("running", "paused"), "stopped"), Op.PAUSE: (("running",), "paused"),
                             Op.RESUME: (("paused",), "running")}[step.op]
            for kind, of in found:
                if (not step.kinds or kind in step.kinds) and (not step.subject or of == subject) and found[kind, of] in before:
                    found[kind, of] = after
    return found


def test_clocks_stand_where_the_moves_leave_them(house: House) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for claim in house.claims.values():
        stand = {(row.kind, row.subject): row.state for row in house.of["sla_clock"][claim.id] if row.kind != "report"}
        assert stand == clocks_of(house, claim), claim.claim_no
        seen.update((kind, state) for (kind, _), state in stand.items())
    assert {("pay", "running"), ("pay", "stopped"), ("verification", "running"), ("verification", "paused"),
            ("level", "running"), ("objection", "running"), ("assessment", "running"), ("supplement", "running")} <= set(seen)


def test_clocks_were_kept_or_missed_by_their_days(house: House) -> None:
    missed = waited = 0
    for claim in house.claims.values():
        for row in house.of["sla_clock"][claim.id]:
            if row.state == "stopped" and row.pauses and row.pauses[-1][1] is None and row.pauses[-1][0] <= row.due_on.isoformat():
                assert row.kept is None, "stopped while it was paused, and not late when it paused"
                waited += 1
            elif row.state == "stopped" and row.kind != "objection":
                assert row.kept == (row.stopped_on <= row.due_on)
                missed += not row.kept
            assert row.due_on > row.start_on
            assert row.calendar.startswith("cn-")
            assert row.words
        if claim.pay_due:
            assert claim.pay_due in [row.due_on for row in house.of["sla_clock"][claim.id] if row.kind == "pay"]
    assert 10 < missed < 500 and waited


def test_waiting_times_spread(house: House) -> None:
    days = sorted((record.at - house.records[claim.id][0].at) / timedelta(days=1) for claim in house.claims.values()
                  for record in house.records[claim.id] if record.event == "settle" and record.machine == "claim")
    assert len(days) > 100
    assert 4 < days[len(days) // 2] < 20
    assert days[-1] > 2 * days[len(days) // 2]
