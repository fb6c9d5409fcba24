"""Samples of decisions: drawn by a stored seed, drawn again the same, checked by those who took no part."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.models import QaSample
from services.review import sampling
from services.review.sampling import SampleResult, chosen
from tests.services.review_world import in_review, passes
from tests.support.world import ROOT, World, build_world

DAY = date(2026, 3, 20)
Superuser = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def later(world: World, now: datetime) -> datetime:
    """The day after three claims were decided: 15000 and 30000 and 15000 yuan (XJ_SHARES 1, 2, 1)."""
    for n in (3, 4, 5):
        claim_id = in_review(world, n, now)
        for login in ("clerk", "district", "office1", "senior"):
            if passes(world, claim_id, f"xj.{login}", now).decided_fen:
                break
    return now + timedelta(days=1)


def draw(world: World, later: datetime, *, login: str = "xj.head", **words: Any) -> QaSample:
    actor = world.actor(login)
    asked: dict[str, Any] = {"from_on": DAY, "until_on": DAY, "seed": "blue", "size": 2, **words}
    with world.db.unit_of_work(actor.scope) as session:
        return sampling.draw(session, actor=actor, now=later, **asked)


def shown(world: World, sample_id: uuid.UUID, login: str = "xj.head") -> SampleResult:
    actor = world.actor(login)
    with world.db.view(actor.scope) as session:
        return sampling.result(session, sample_id=sample_id, actor=actor)


def find(world: World, item_id: uuid.UUID, finding: str, later: datetime, *, login: str = "xj.head", note: str | None = None) -> None:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        sampling.record_finding(session, item_id=item_id, finding=finding, note=note, actor=actor, now=later)


def test_the_same_seed_draws_the_same_and_another_does_not_have_to(world: World, later: datetime) -> None:
    first, again = draw(world, later), draw(world, later)
    assert [item.claim_no for item in shown(world, first.id).items] == [item.claim_no for item in shown(world, again.id).items]
    assert (first.population, first.population_digest) == (3, again.population_digest)
    drawn = {tuple(item.claim_no for item in shown(world, draw(world, later, seed=f"s{n}").id).items) for n in range(8)}
    assert len(drawn) > 1


@given(st.lists(st.uuids(), unique=True, max_size=30), st.text(min_size=1, max_size=8), st.integers(1, 40), st.randoms())
@hypothesis_settings(max_examples=50)
def test_the_choice_hangs_on_seed_and_population_only(ids: list[uuid.UUID], seed: str, size: int, random: object) -> None:
    drawn = chosen(seed, ids, size)
    shuffled = list(ids)
    random.shuffle(shuffled)        # type: ignore[attr-defined]
    assert chosen(seed, shuffled, size) == drawn
    assert len(drawn) == min(size, len(ids)) == len(set(drawn)) and set(drawn) <= set(ids)
    assert chosen(seed, ids, size + 1)[:len(drawn)] == drawn       # a larger sample holds the smaller one


def test_a_share_is_rounded_up(world: World, later: datetime) -> None:
    assert draw(world, later, size=None, share=Decimal(34)).size == 2       # 34 % of 3 = 1.02
    assert draw(world, later, size=None, share=Decimal("0.5")).size == 1
    assert draw(world, later, size=50).size == 3


def test_a_sample_is_verified_later(world: World, later: datetime, superuser: Superuser) -> None:
    sample = draw(world, later)

    def redrawn() -> tuple[int, bool, bool]:
        with world.db.view(world.actor("xj.auditor").scope) as session:
            found = sampling.redraw(session, sample_id=sample.id)
        return found.population, found.population_same, found.items_same

    assert redrawn() == (3, True, True)
    superuser.execute("UPDATE decision SET amount_fen = amount_fen + 1 WHERE id = (SELECT min(id::text)::uuid FROM decision)")
    assert redrawn() == (3, False, True)
    superuser.execute("UPDATE decision SET amount_fen = amount_fen - 1 WHERE id = (SELECT min(id::text)::uuid FROM decision)")
    superuser.execute("UPDATE qa_item SET position = 99 WHERE position = 1")
    assert redrawn() == (3, True, False)


def test_what_is_asked_must_make_sense(world: World, later: datetime) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"until_on": DAY + timedelta(days=1)}, "period_open"), ({"from_on": DAY + timedelta(days=1)}, "period_turned"),
        ({"size": None}, "size_or_share"), ({"share": Decimal(5)}, "size_or_share"), ({"size": 0}, "size_range"),
        ({"size": None, "share": Decimal(101)}, "share_range"), ({"seed": " "}, "seed_missing"),
        ({"plan": "nx-ankangbao"}, "nothing_decided")]
    for words, code in cases:
        with pytest.raises(InputError) as error:
            draw(world, later, **words)
        assert error.value.code == code, words
    for login in ("xj.office1", "xj.auditor", "xj.clerk"):
        with pytest.raises(NotPermitted):
            draw(world, later, login=login)


def test_nobody_checks_what_he_took_part_in(world: World, later: datetime, superuser: Superuser) -> None:
    sample = draw(world, later, size=3)
    item = shown(world, sample.id).items[0]
    with pytest.raises(GuardFailed) as error:
        find(world, item.id, "ok", later, login="xj.office1")
    assert error.value.code == "own_decision"
    assert {entry.mine for entry in shown(world, sample.id, "xj.office1").items} == {True}
    assert {entry.mine for entry in shown(world, sample.id, "xj.office2").items} == {False}
    superuser.execute("INSERT INTO family_tie SELECT person_id, %s, 'spouse' FROM claim WHERE claim_no = %s",
                      (world.person("xj.office2"), item.claim_no))
    with pytest.raises(GuardFailed):
        find(world, item.id, "ok", later, login="xj.office2")
    for login in ("xj.district", "xj.maker", "xj.auditor"):
        with pytest.raises(NotPermitted):
            find(world, item.id, "ok", later, login=login)


def test_findings_are_counted_recorded_and_corrected_by_the_same_person(world: World, later: datetime) -> None:
    sample = draw(world, later, size=3)
    first, second, _ = shown(world, sample.id).items
    find(world, first.id, "ok", later)
    find(world, second.id, "amount_wrong", later, login="xj.office2", note="少算一份")
    found = shown(world, sample.id)
    assert (found.checked, found.errors, dict(found.findings)) == (2, 1, {"ok": 1, "amount_wrong": 1})
    assert (found.items[1].note, found.items[1].checked_by) == ("少算一份", world.actor("xj.office2").name)
    with pytest.raises(Conflict) as error:
        find(world, first.id, "remark", later, login="xj.office2", note="有异议")
    assert error.value.code == "checked_by_another"
    find(world, first.id, "remark", later, note="材料日期涂改处未签章")
    with world.db.view(ROOT.scope) as session:
        said = session.execute(sa.text(
            "SELECT record -> 'details' ->> 'old', record -> 'details' ->> 'new' FROM audit_record a JOIN claim c ON c.id = a.chain_id"
            " WHERE a.event = 'qa_finding' AND c.claim_no = :no ORDER BY a.seq"), {"no": first.claim_no}).all()
    assert [tuple(row) for row in said] == [(None, "ok"), ("ok", "remark")]


def test_a_finding_is_a_known_one_and_says_what(world: World, later: datetime) -> None:
    item = shown(world, draw(world, later).id).items[0]
    for finding, note, code in (("fine", None, "finding_unknown"), ("amount_wrong", " ", "note_missing")):
        with pytest.raises(InputError) as error:
            find(world, item.id, finding, later, note=note)
        assert error.value.code == code


def test_samples_stay_in_their_area(world: World, later: datetime) -> None:
    sample = draw(world, later)
    with pytest.raises(NotFound):
        shown(world, sample.id, "nx.head")
    with pytest.raises(InputError) as error:
        draw(world, later, login="nx.head")
    assert error.value.code == "nothing_decided"
    with world.db.view(world.actor("xj.auditor").scope) as session:
        assert [found.id for found in sampling.samples(session)] == [sample.id]
