"""Random people through random chains: nobody at two deciding steps, nothing stuck, no decision lost."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from services.audit.verify import verify as verify_audit
from services.core.db import Database
from services.models import Claim, FamilyTie
from tests.services.review_later_play import LATER, LaterPlay
from tests.services.review_play import ENDED, PEOPLE, VERBS, Step
from tests.services.review_world import in_review
from tests.services.test_review_changes import graded
from tests.support.world import build_world


def plan(verbs: tuple[str, ...]) -> st.SearchStrategy[list[Step]]:
    """Steps of a play. Numbers past the people stand for whoever's turn it is, and for the head: random people alone are refused
    most of the time.
    """
    return st.lists(st.tuples(st.sampled_from(verbs), st.integers(0, 3 * len(PEOPLE) - 1), st.integers(0, 11)), min_size=16, max_size=40)


# The chain's verbs, then those after the decision more often: each half of a play has its own.
RELATIVES = (None, "district", "office1", "senior")
CHAIN, AFTER = plan(VERBS + LATER), plan(LATER + LATER + VERBS)


def play(db: Database, now: datetime, examples: int) -> Counter[str]:
    world = build_world(db, now)
    claims = [graded(world, now), in_review(world, 0, now), in_review(world, 2, now)]
    met: Counter[str] = Counter()

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(before=CHAIN, after=AFTER, which=st.integers(0, 2), passed=st.integers(0, 4), relative=st.sampled_from(RELATIVES))
    def run(before: list[Step], after: list[Step], which: int, passed: int, relative: str | None) -> None:
        with Session(db.writing, expire_on_commit=False) as session:
            session.execute(sa.text("SELECT set_config('app.org_path', 'cn', true), set_config('app.account', '', true)"))
            claim = session.get_one(Claim, claims[which])
            kin = {claim.person_id}
            if relative:
                kin.add(world.person(f"xj.{relative}"))
                session.add(FamilyTie(person_id=claim.person_id, relative_id=world.person(f"xj.{relative}"), relation="husband"))
                session.flush()
            game = LaterPlay(world, session, claims[which], now, kin, acted={"verify": {world.person("xj.clerk")}})
            game.others = tuple(claim for claim in claims if claim != claims[which])
            for step in [("pass", len(PEOPLE), 0)] * passed + before:
                if game.row().state in ENDED:
                    break
                game.do(step)
            for step in after:
                if game.row().state == "cancelled":
                    break
                game.do(step)
            met[game.finish()] += 1
            met.update(game.seen)
            met.update(f"tried {verb}" for verb in game.tried)
            assert verify_audit(session) == []
            session.rollback()

    run()
    return met


def test_random_people_through_random_chains(db: Database, now: datetime) -> None:
    met = play(db, now, 8)
    assert met["payable"] and met["pass"] > 20, met
    assert {f"tried {verb}" for verb in VERBS + LATER} <= set(met)
    assert {"take", "leave", "bulk", "sheet", "object", "accept", "worker", "cancel"} <= set(met), met


@pytest.mark.slow
def test_many_more_people_through_many_more_chains(db: Database, now: datetime) -> None:
    assert play(db, now, 400)["payable"] > 100
