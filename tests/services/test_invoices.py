"""The invoice ledger and papers seen before: across units, offices, plans and cases; kept once; told as far as the reader sees."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.errors import OutsideError
from services.core.settings import settings
from services.evidence import invoices, matches, matching, readings
from services.evidence.matches import Match
from services.models import Paper
from tests.services.invoice_papers import facts, hand_in, view
from tests.services.review_world import report
from tests.support.world import ROOT, World, build_world

LATER = {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "severity": "malignant", "diagnosed_on": "2026-03-18",
         "specimen_on": "2026-03-14"}


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def look(world: World, claims: Sequence[uuid.UUID], now: datetime) -> None:
    """What the flow does after papers were read."""
    with world.db.unit_of_work(ROOT.scope) as session:
        matching.keep_prints(session, matching.prints(matching.unprinted(session, claims)))
        invoices.note(session, claims, now=now, again=False)
        matches.keep(session, claims, matching.compare(matching.pairs(session, claims)), now=now)


def seen(world: World, claim_id: uuid.UUID, *, by: str = "system", shown: bool = False) -> list[Match]:
    with world.db.view(world.actor(by).scope) as session:
        return (matches.shown if shown else matches.of)(session, [claim_id])[claim_id]


def rows(world: World, table: str) -> list[tuple[object, ...]]:
    with world.db.view(ROOT.scope) as session:
        return [tuple(row) for row in session.execute(sa.text(f"SELECT * FROM {table} ORDER BY id"))]


def test_an_altered_copy_in_another_office_is_found_by_both(world: World, now: datetime) -> None:
    first, second = report(world, 0, now, office="xj"), report(world, 1, now, office="nx")
    with world.db.unit_of_work(ROOT.scope) as session:
        original = hand_in(session, first, view(2, 1, "clean"), 2, now)
        forged = f"9{facts(2)['amount'][1:-3]}7.77"
        copy = hand_in(session, second, view(2, 3, "phone", amount=forged), 2, now, amount=forged)
    look(world, [first], now)
    assert seen(world, first) == []
    look(world, [second], now)
    [match] = seen(world, second)
    assert (match.paper_id, match.how, match.altered, match.first, match.weak) == (copy, "picture", ("amount",), True, False)
    assert any(0.4 < box.left < 0.95 and 0.4 < box.middle < 0.8 for box in match.boxes)
    assert (match.other_claim_id, match.other_claim_no, match.other_org_name) == (first, None, None)    # another office's
    [other] = seen(world, first)
    assert (other.paper_id, other.other_claim_id, other.altered, other.first) == (original, second, ("amount",), False)
    # Who sees both is told; the unit's clerk sees that there is one, and nothing of it.
    assert seen(world, second, by="system", shown=True)[0].other_org_name == "天山区示例一厂工会"
    assert seen(world, second, by="nx.clerk", shown=True)[0].other_claim_no is None
    # The first claim's unit, still at it, is told by a check of its own.
    with world.db.view(ROOT.scope) as session:
        assert session.execute(sa.text("SELECT count(*) FROM outbox WHERE topic = 'paper.upload' AND claim_id = :claim"),
                               {"claim": first}).scalar_one() >= 1
    before = rows(world, "invoice"), rows(world, "paper_match")
    for claims in ([second], [first], [first, second]):
        look(world, claims, now)
    assert (rows(world, "invoice"), rows(world, "paper_match")) == before
    # A first claim that fell makes the second use a weak sign, for who may be told of it: another office's outcome is not the unit's.
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE claim SET state = 'cancelled' WHERE id = :claim"), {"claim": first})
    assert [match.weak for match in seen(world, second, shown=True)] == [True]
    assert [match.weak for match in seen(world, second)] == [match.weak for match in seen(world, second, by="nx.clerk")] == [False]


def test_one_number_twice_in_two_claims_and_a_correction_that_parts_them(world: World, now: datetime) -> None:
    mine, hers, other = (report(world, n, now, office="xj") for n in (0, 1, 2))
    with world.db.unit_of_work(ROOT.scope) as session:
        hand_in(session, mine, view(3, 1, "clean"), 3, now, amount="120.00")
        paper = hand_in(session, hers, view(4, 2, "worn"), 3, now, amount="340.00")      # the same number on another page
        hand_in(session, other, view(5, 3, "clean"), 5, now)                              # another invoice on the same form
    look(world, [mine, hers, other], now)
    [match] = seen(world, hers)
    assert (match.how, match.altered, match.other_claim_id) == ("number", ("amount",), mine)
    assert match.other_claim_no is not None and match.other_org_name == "天山区示例一厂工会"       # of the same unit
    assert seen(world, other) == []
    with world.db.unit_of_work(world.actor("xj.clerk").scope) as session:
        session.execute(sa.text("UPDATE paper_field SET value_sealed = :value, state = 'corrected'"
                                " WHERE paper_id = :paper AND name = 'number'"), {"value": readings.seal("0000000017"), "paper": paper})
        assert invoices.note(session, [hers], now=now) == {hers}
        assert invoices.note(session, [hers], now=now) == frozenset()
    with world.db.view(ROOT.scope) as session:
        assert session.execute(sa.text("SELECT number, amount_fen FROM invoice WHERE paper_id = :paper"), {"paper": paper}).one() == (
            "0000000017", 34000)
        assert session.execute(sa.text("SELECT count(*) FROM outbox WHERE topic = 'paper.upload' AND subject_id = :claim"),
                               {"claim": hers}).scalar_one() == 1
    look(world, [hers], now)
    assert seen(world, hers) == [] and seen(world, mine) == []


def test_papers_of_one_case_and_of_one_person_are_no_second_use(world: World, now: datetime) -> None:
    mine, again, hers = report(world, 0, now), report(world, 0, now, event=LATER), report(world, 1, now)
    invoice, card = view(6, 1, "clean"), view(7, 1, "clean")
    with world.db.unit_of_work(ROOT.scope) as session:
        for claim in (mine, again):
            hand_in(session, claim, invoice, 6, now, read=False)
            hand_in(session, claim, card, 7, now, kind="id_card", read=False)
        hand_in(session, hers, card, 7, now, kind="id_card", read=False)
    look(world, [mine, again, hers], now)
    # Her own earlier case: the invoice is a second use, the identity card is not; in somebody else's claim both are.
    assert [(match.how, match.other_claim_id) for match in seen(world, again)] == [("bytes", mine), ("bytes", hers)]
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("DELETE FROM paper_match"))
        session.execute(sa.text("UPDATE case_file SET joined_into = (SELECT case_id FROM claim WHERE id = :mine)"
                                " WHERE id = (SELECT case_id FROM claim WHERE id = :again)"), {"mine": mine, "again": again})
    look(world, [mine, again], now)
    assert {match.other_claim_id for match in seen(world, again)} == {hers}


def test_a_copy_that_nobody_read_is_found_by_its_picture(world: World, now: datetime) -> None:
    first, second, third = (report(world, n, now, office="xj") for n in (0, 1, 2))
    with world.db.unit_of_work(ROOT.scope) as session:
        hand_in(session, first, view(8, 1, "clean"), 8, now, read=False)
        hand_in(session, second, view(8, 9, "worn"), 8, now, read=False)
        hand_in(session, third, view(9, 1, "clean"), 9, now, read=False)
    look(world, [first, second, third], now)
    assert [(match.how, match.other_claim_id) for match in seen(world, second)] == [("picture", first)]
    assert seen(world, third) == []


def test_a_store_that_does_not_answer_leaves_no_page_without_its_print(world: World, now: datetime) -> None:
    first, second = report(world, 0, now, office="xj"), report(world, 1, now, office="xj")
    with world.db.unit_of_work(ROOT.scope) as session:
        hand_in(session, first, view(8, 31, "clean"), 8, now, read=False)
        copy = hand_in(session, second, view(8, 32, "worn"), 8, now, read=False)
        sha256 = session.get_one(Paper, copy).sha256
    look(world, [first], now)
    place = settings().papers_dir / sha256[:2] / sha256[2:4] / sha256
    content = place.read_bytes()
    place.unlink()
    place.symlink_to(place.name)        # no answer, neither yes nor no
    with pytest.raises(OutsideError):
        look(world, [second], now)
    place.unlink()
    place.write_bytes(content)
    look(world, [second], now)          # the flow comes again
    assert [match.other_claim_id for match in seen(world, second)] == [first]
