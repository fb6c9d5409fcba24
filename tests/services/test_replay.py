"""Replay over a simulated house: sums against SQL of its own, every claim against the engine that keeps each step, all that is left out.

Three hundred claims of five plans; `huzhu plans replay FILE --prove` does the same over a house of any size.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.access.actor import Actor, Role, system
from services.core.errors import InputError, NotPermitted
from services.core.money import to_fen
from services.engine.one import compute
from services.reporting.replay import queries
from services.reporting.replay.proposed import read
from services.reporting.replay.views import Replay
from services.rulebook import registry
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse
from tests.support.databases import Fresh, past_row_security
from tests.support.simulated import ROOT, fill

SYSTEM = system("cn")
SIMULATED = ("bj-women-1y", "bj-critical-1y", "xj-women", "xj-inpatient-accident", "nx-ankangbao")
SHEETS = """FROM claim c JOIN worksheet w ON w.claim_id = c.id AND w.round = c.round AND w.frozen
    WHERE c.plan = :plan AND c.state IN ('paid', 'closed')"""


@pytest.fixture(scope="module")
def house(server: str) -> Iterator[Fresh]:
    db = Fresh(server)
    fill(db)
    yield db
    db.drop()


def file_of(plan: str) -> Path:
    return next(path for path in reversed(registry.files()) if path.parent.name == plan)


def changed_file(folder: Path, plan: str, *changes: tuple[str, str], version: str = "") -> Path:
    """The plan's newest file with some words changed, each found."""
    text = file_of(plan).read_text()
    if version:
        changes = (*changes, (f"from: {registry.latest(plan).version}", f"from: {version}"))
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{version or registry.latest(plan).version}.yaml"
    path.write_text(text)
    return path


def replayed(house: Fresh, path: Path, *, as_if: bool | None = None, actor: Actor = SYSTEM) -> Replay:
    with house.view(actor.scope) as session:
        return queries.replay(session, read(path).book, actor=actor, as_if=as_if)


def asked(house: Fresh, query: str, **values: object) -> Any:
    with house.view(ROOT) as session:
        return session.execute(sa.text(query), values).one()


def one_by_one(house: Fresh, book: RuleBook) -> dict[str, int | None]:
    """Each closed claim's fen under the book, computed by itself from its stored input."""
    with house.view(ROOT) as session:
        rows = session.execute(sa.text(f"SELECT c.claim_no, w.input {SHEETS}"), {"plan": book.plan}).all()
    found: dict[str, int | None] = {}
    for number, words in rows:
        try:
            result = compute(book, parse(words))
        except InputError:
            found[number] = None
        else:
            found[number] = to_fen(result.total) + to_fen(result.refund)
    return found


@pytest.mark.parametrize("plan", SIMULATED)
def test_a_file_that_changes_nothing_changes_nothing(house: Fresh, plan: str) -> None:
    found = replayed(house, file_of(plan), as_if=True)
    n, total = asked(house, f"SELECT count(*), sum(w.total_fen + w.refund_fen) {SHEETS}", plan=plan)
    assert (found.computed, found.before, found.after, found.decided) == (n, total, total, total)
    assert (found.changed, found.difference, found.unread, found.waiting) == ((), 0, 0, ())
    assert (found.proven, found.unproven, found.decided_otherwise) == (n, (), ())
    assert found.closed == n + found.without_sheet
    assert [row.claims for row in found.ranges if row.claims] == [n]


def test_a_changed_rate_comes_to_what_sql_and_the_other_engine_say(house: Fresh, tmp_path: Path) -> None:
    """60% becomes 65% (50% elsewhere stays): the pool's line is at most a fifth of what the fund paid; the large line stays."""
    path = changed_file(tmp_path, "xj-inpatient-accident", ("else: 0.60}", "else: 0.65}"))
    found, book = replayed(house, path, as_if=True), read(path).book
    before, after, changed = asked(house, """
        WITH own AS (SELECT w.total_fen, (w.input #>> '{event,pool_own}')::numeric * 100 AS own,
                (w.input #>> '{event,pool_fund_paid}')::numeric * 100 AS fund, w.input #>> '{event,out_of_region}' AS away
            """ + SHEETS + """),
        lines AS (SELECT total_fen, round(least(own * CASE WHEN away = 'true' THEN 0.50 ELSE 0.60 END, fund * 0.20)) AS old,
                round(least(own * CASE WHEN away = 'true' THEN 0.50 ELSE 0.65 END, fund * 0.20)) AS new FROM own)
        SELECT sum(total_fen), sum(total_fen + new - old), count(*) FILTER (WHERE new <> old) FROM lines""", plan=book.plan)
    assert (found.before, found.after, len(found.changed)) == (before, after, changed)
    assert changed > 10
    alone = one_by_one(house, book)
    assert {row.claim_no: row.after for row in found.changed} == {
        row.claim_no: alone[row.claim_no] for row in found.changed}
    assert found.after == sum(fen for fen in alone.values() if fen is not None)
    for rows in (found.years, found.benefits, found.ranges):
        assert (sum(row.before for row in rows), sum(row.after for row in rows)) == (found.before, found.after)
    assert {row.key: row.difference for row in found.benefits} == {"inpatient_pool": after - before, "inpatient_large": 0}
    differences = [row.difference for row in found.changed]
    assert differences == sorted(differences, key=lambda fen: -abs(fen))
    with house.view(ROOT) as session:
        proof = queries.prove(session, book, actor=SYSTEM)
    assert (proof.claims, proof.cannot, proof.differs) == (found.computed, 0, ())


def test_only_what_the_files_dates_govern_unless_asked(house: Fresh, tmp_path: Path) -> None:
    path = changed_file(tmp_path, "xj-inpatient-accident", version="2026-01-01")
    since, = asked(house, f"SELECT count(*) FILTER (WHERE w.input #>> '{{event,settled_on}}' >= '2026-01-01') {SHEETS}",
                   plan="xj-inpatient-accident")
    found, every = replayed(house, path), replayed(house, path, as_if=True)
    assert (found.basis, found.computed, dict(found.outside)) == ("governed", since, {"earlier": every.computed - since})
    assert (every.basis, dict(every.outside)) == ("as_if", {})
    coming = replayed(house, changed_file(tmp_path, "xj-inpatient-accident", version="2027-01-01"))
    assert (coming.basis, coming.computed) == ("as_if", every.computed), "its dates govern no closed claim: all, and it says so"
    ended = changed_file(tmp_path, "xj-inpatient-accident", ("from: 2024-01-01", "from: 2024-01-01\nuntil: 2025-12-31"))
    assert dict(replayed(house, ended).outside) == {"ended": since}
    replaced = changed_file(tmp_path, "xj-inpatient-accident", version="2023-06-01")
    assert dict(replayed(house, replaced, as_if=False).outside) == {"later": every.computed}, "the wording of 2024 governs them"


def test_claims_that_the_file_cannot_compute_are_named_by_reason(house: Fresh, tmp_path: Path) -> None:
    path = changed_file(tmp_path, "xj-women", ("shares: {max: 4", "shares: {max: 1"))
    more, = asked(house, f"SELECT count(*) FILTER (WHERE (w.input #>> '{{cover,shares}}')::int > 1) {SHEETS}", plan="xj-women")
    found = replayed(house, path, as_if=True)
    [reason] = found.uncomputed
    assert (len(reason.claims), found.computed) == (more, found.closed - found.without_sheet - more)
    assert more > 0
    assert "cover.shares" in reason.message
    assert {number for number, fen in one_by_one(house, read(path).book).items() if fen is None} == set(reason.claims)


def test_claims_that_would_wait_for_a_reviewers_amount_are_not_in_the_sums(house: Fresh, tmp_path: Path) -> None:
    steps = "      - {take: 1000, clause: 一览表 原位癌1000元/份}\n      - {times: cover.shares, clause: 一览表 每份}\n"
    path = changed_file(tmp_path, "xj-women", (steps, "      - {manual: none, clause: 一览表 原位癌, origin: UNVERIFIED}\n"))
    paid, = asked(house, f"SELECT count(*) FILTER (WHERE w.output -> 'lines' @> '[{{\"benefit\": \"in_situ\"}}]') {SHEETS}",
                  plan="xj-women")
    found = replayed(house, path, as_if=True)
    assert (len(found.waiting), found.computed) == (paid, found.closed - found.without_sheet - paid)
    assert paid > 0
    assert found.difference == 0


def test_what_stands_apart_from_the_worksheet_is_named(house: Fresh) -> None:
    """A decision above its worksheet, a worksheet that its own rules do not give, a claim paid before by another that changes."""
    path = file_of("nx-ankangbao")
    whole = replayed(house, path)
    numbers = [row[0] for row in asked_all(
        house, f"SELECT c.claim_no {SHEETS} AND w.total_fen > 0 ORDER BY 1 LIMIT 2", plan="nx-ankangbao")]
    less = "UPDATE decision d SET amount_fen = d.amount_fen - %s FROM claim c WHERE c.id = d.claim_id AND c.claim_no = %s"
    more = "UPDATE worksheet w SET total_fen = w.total_fen + %s FROM claim c WHERE c.id = w.claim_id AND w.frozen AND c.claim_no = %s"
    with past_row_security(house) as owner:
        owner.execute("SET session_replication_role = replica")     # as if it had been so before these rows were kept from change
        owner.execute(less, (100, numbers[0]))
        owner.execute(more, (7, numbers[1]))
        found = replayed(house, path)
        owner.execute(less, (-100, numbers[0]))
        owner.execute(more, (-7, numbers[1]))
    told = {row.claim_no: (row.first - (row.second or 0), row.why) for row in found.decided_otherwise}
    assert told == {numbers[0]: (100, "由保险公司核定"), numbers[1]: (7, "由保险公司核定")}
    [broken] = found.unproven
    assert (broken.claim_no, broken.first - (broken.second or 0)) == (numbers[1], 7)
    assert (found.proven, found.before, found.decided) == (whole.proven - 1, whole.before + 7, whole.decided - 100)
    assert replayed(house, path) == whole


def asked_all(house: Fresh, query: str, **values: object) -> list[Any]:
    with house.view(ROOT) as session:
        return list(session.execute(sa.text(query), values).all())


def test_a_claim_paid_after_one_that_changes_is_counted(house: Fresh, tmp_path: Path) -> None:
    """Its cap counts what was really paid; what the file would have paid before it is not carried on, and the replay says so."""
    path = changed_file(tmp_path, "xj-inpatient-accident", ("else: 0.60}", "else: 0.65}"))
    assert replayed(house, path, as_if=True).linked == 0
    rows = asked_all(house, f"SELECT c.person_id, c.claim_no, w.input {SHEETS} ORDER BY w.made_at", plan="xj-inpatient-accident")
    changed = {row.claim_no for row in replayed(house, path, as_if=True).changed}
    first = next(row for row in rows if row.claim_no in changed)
    second = rows[-1]
    assert first.person_id != second.person_id
    words = {**second.input, "paid": [{"benefit": "inpatient_large", "amount": "1.00", "days": 0}]}
    with past_row_security(house) as owner:
        owner.execute("SET session_replication_role = replica")
        for person, kept in ((first.person_id, words), (second.person_id, second.input)):
            owner.execute("UPDATE claim SET person_id = %s WHERE claim_no = %s", (person, second.claim_no))
            owner.execute("UPDATE worksheet w SET input = %s FROM claim c WHERE c.id = w.claim_id AND w.frozen AND c.claim_no = %s",
                          (json.dumps(kept), second.claim_no))
            if kept is words:
                assert replayed(house, path, as_if=True).linked == 1


def test_who_may_ask_and_of_which_claims(house: Fresh) -> None:
    head = replace(SYSTEM, roles=frozenset({Role.HEAD}), org_key="cn.xj.")
    assert replayed(house, file_of("xj-women"), actor=head).computed > 0
    assert replayed(house, file_of("bj-women-1y"), actor=head).closed == 0, "another office's claims are not in sight"
    for role in (Role.MEMBER, Role.UNIT_CLERK, Role.FINANCE_MAKER):
        with pytest.raises(NotPermitted):
            replayed(house, file_of("xj-women"), actor=replace(SYSTEM, roles=frozenset({role})))


def test_what_nobody_asked_for_then_is_said(house: Fresh, tmp_path: Path) -> None:
    shares = "      - {times: cover.shares, clause: 一览表 每份}\n"
    twice = shares + '      - {times: {by: event.sudden_death, "true": 2, else: 1}, clause: 一览表 猝死}\n'
    found = replayed(house, changed_file(tmp_path, "xj-women", (shares, twice)), as_if=True)
    assert (found.unasked, found.changed) == (("急性疾病猝死",), ())
    renamed = replayed(house, changed_file(tmp_path, "xj-women", ("  in_situ:\n    name: 原位癌慰问金", "  early:\n    name: 原位癌给付"),
                                           ("ends: [in_situ]", "ends: [early]")), as_if=True)
    assert (renamed.added, renamed.changed) == (("原位癌给付",), ())
    assert {row.key for row in renamed.benefits} >= {"in_situ", "early"}, "what goes under the old name and comes under the new one"


def test_differences_fall_into_their_ranges(house: Fresh, tmp_path: Path) -> None:
    """1000 a share for a cancer in situ becomes 1100: one share 100 more, four shares 400."""
    path = changed_file(tmp_path, "xj-women", ("{take: 1000, clause: 一览表 原位癌", "{take: 1100, clause: 一览表 原位癌"))
    found = replayed(house, path, as_if=True)
    assert found.difference == sum(row.difference for row in found.changed) > 0
    assert {row.difference for row in found.changed} <= {10_000, 20_000, 30_000, 40_000}
    assert {row.key for row in found.ranges if row.claims} == {"0", "+10000"}
    assert all(re.fullmatch(r"XJ\d{4}-\d{4}-\d{3}", row.claim_no) for row in found.changed)
    assert Decimal(found.difference) == sum(row.difference for row in found.years)
