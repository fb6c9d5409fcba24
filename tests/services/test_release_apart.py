"""A release looks at maker and checker in one go; it refuses whom a comparison of each with each would refuse, by hand."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from services.access.actor import Actor
from services.core.clock import at_hour
from services.core.errors import GuardFailed
from services.core.ids import uuidv7
from services.lifecycle.service import Move, fire
from services.models import Advance, PaymentRun, ReviewStep, StoodIn
from tests.services.paying_world import in_run, made
from tests.support.databases import Fresh
from tests.support.world import ROOT, World, build_world

NOW = at_hour(date(2026, 3, 20))
LOGINS = ("xj.maker", "xj.checker", "xj.office1", "xj.head")
who, several = st.sampled_from(range(4)), st.frozensets(st.sampled_from(range(4)), max_size=2)
nobody = st.none() | who
ACTS = ("verify", "review", "advance", "amount", "regrade", "make", "check")
did = st.dictionaries(st.sampled_from(ACTS), st.tuples(who, several, st.sampled_from((1, 1, 1, 2))), max_size=2)


Act = tuple[int, frozenset[int], int]            # who, for whom, the claim's round


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[World]:
    db = Fresh(server)
    yield build_world(db, NOW)
    db.drop()


@pytest.fixture(scope="module")
def batched(world: World) -> tuple[uuid.UUID, uuid.UUID]:
    """A claim and the run its one payment is in."""
    (claim,) = made(world, NOW, 6_000_000)
    return claim, in_run(world, NOW)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(maker=who, maker_for=several, checker=who, checker_for=several, acts=did, relatives=several, heir=nobody)
def test_the_same_are_refused(world: World, batched: tuple[uuid.UUID, uuid.UUID], maker: int, maker_for: frozenset[int], checker: int,
                              checker_for: frozenset[int], acts: dict[str, Act], relatives: frozenset[int], heir: int | None) -> None:
    found = outcome(world, batched, maker, maker_for, checker, checker_for, acts, relatives, heir)
    assert found == expected({maker} | maker_for, {checker} | checker_for, acts, relatives, heir)


@pytest.mark.parametrize("act", ACTS)
def test_each_act_alone_keeps_off(world: World, batched: tuple[uuid.UUID, uuid.UUID], act: str) -> None:
    """Done by the maker (0), the checker (1), one whom they stand for (3) or who stood for them (2), in this round or the next."""
    alone = frozenset[int]()
    makers, checkers = act != "make" and "maker_not_separate", act != "check" and "actor_decided_before"
    for by, by_for, turn, maker_for, checker_for, refused in (
            (0, alone, 1, alone, alone, makers), (3, alone, 1, {3}, alone, makers), (2, {0}, 1, alone, alone, makers),
            (1, alone, 1, alone, alone, checkers), (3, alone, 1, alone, {3}, checkers), (2, {1}, 1, alone, alone, checkers),
            (2, alone, 1, alone, alone, False), (0, alone, 2, alone, alone, act == "verify" and "maker_not_separate")):
        found = outcome(world, batched, 0, frozenset(maker_for), 1, frozenset(checker_for), {act: (by, frozenset(by_for), turn)},
                        alone, None)
        assert found == (refused or "released"), (by, by_for, turn)


def outcome(world: World, batched: tuple[uuid.UUID, uuid.UUID], maker: int, maker_for: frozenset[int], checker: int,
            checker_for: frozenset[int], acts: dict[str, Act], relatives: frozenset[int], heir: int | None) -> str:
    """The code of the refusal, or `released`."""
    claim, run = batched
    people = [world.person(login) for login in LOGINS]
    with world.db.unit_of_work(ROOT.scope) as session:
        payment = session.execute(sa.text("SELECT id FROM payment WHERE claim_id = :id"), {"id": claim}).scalar_one()
        session.execute(sa.text("UPDATE claim SET verified_person = NULL WHERE id = :id"), {"id": claim})
        session.execute(sa.text("UPDATE payment_run SET state = 'released', made_person = :by WHERE id = :id"),
                        {"by": people[maker], "id": run})
        stood(session, claim, run, people, maker, maker_for)
        for act, (by, stands_for, turn) in acts.items():
            subject = acted(session, world, claim, act, people[by], turn)
            stood(session, claim, subject, people, by, stands_for)
        for relative in relatives:
            session.execute(sa.text("INSERT INTO family_tie SELECT person_id, :kin, 'child' FROM claim WHERE id = :id"),
                            {"kin": people[relative], "id": claim})
        if heir is not None:
            session.execute(sa.text("""INSERT INTO payee (id, org_key, claim_id, person_id, relation, ordinal, share_num, share_den,
                bank_card_id, active, added_at) SELECT uuidv7(), org_key, claim_id, :who, 'self', 2, 0, 1, bank_card_id, true, added_at
                FROM payee WHERE claim_id = :id"""), {"who": people[heir], "id": claim})
        base = world.actor("xj.checker")
        actor = Actor(base.account_id, people[checker], base.org_key, base.name, base.roles,
                      stands_for=frozenset(people[one] for one in checker_for))
        found = released(session, payment, actor)
        session.rollback()
    return found


def expected(makers: set[int], checkers: set[int], acts: dict[str, Act], relatives: frozenset[int],
             heir: int | None) -> str:
    """Each person against each act of the round: who decided or is of the claimant's side neither makes nor releases."""
    # Standing in is noted for a subject: verification, amounts and grades have the claim itself, and lend each other theirs.
    at_claim = [(one, stands_for) for act, (one, stands_for, _) in acts.items() if act in ("verify", "amount", "regrade")]
    by = {act: {one}.union(stands_for, *(more for other, more in at_claim if other == one and act in ("verify", "amount", "regrade")))
          for act, (one, stands_for, turn) in acts.items() if turn == 1 or act == "verify"}
    kept_off = set(relatives) | ({heir} if heir is not None else set())
    for act in ("verify", "review", "advance", "amount", "regrade"):
        kept_off |= by.get(act, set())
    if makers & (checkers | kept_off | by.get("check", set())):
        return "maker_not_separate"
    return "actor_decided_before" if checkers & (kept_off | by.get("make", set())) else "released"


def released(session: Session, payment: uuid.UUID, actor: Actor) -> str:
    try:
        [moved] = fire(session, "payment", "release", [Move(payment)], actor=actor, now=NOW)
    except GuardFailed as refused:
        return refused.code
    return moved.target


def acted(session: Session, world: World, claim: uuid.UUID, act: str, by: uuid.UUID, turn: int) -> uuid.UUID:
    """The row of one act in the claim's round `turn` (its present one is 1; a verification is always of the present one)."""
    if act == "verify":
        session.execute(sa.text("UPDATE claim SET verified_person = :by WHERE id = :id"), {"by": by, "id": claim})
        return claim
    if act in ("amount", "regrade"):
        row = json.dumps({"manual" if act == "amount" else "regraded": {"malignant": {"round": turn, "person": str(by)}}})
        session.execute(sa.text("UPDATE claim SET inputs = inputs || CAST(:row AS jsonb) WHERE id = :id"), {"row": row, "id": claim})
        return claim
    org_key = session.execute(sa.text("SELECT org_key FROM claim WHERE id = :id"), {"id": claim}).scalar_one()
    if act == "review":
        step = ReviewStep(id=uuidv7(), org_key=org_key, state="passed", claim_id=claim, round=turn, ordinal=1, level="office", name="初审",
                          act="review", role="reviewer", days=3, duty_org=world.org("cn.xj."), duty_key="cn.xj.", done_person=by,
                          created_at=NOW)
        session.add(step)
        session.flush()
        return step.id
    if act == "advance":
        sheet = session.execute(sa.text("SELECT id FROM worksheet WHERE claim_id = :id"), {"id": claim}).scalar_one()
        asked = Advance(id=uuidv7(), org_key=org_key, claim_id=claim, round=turn, amount_fen=1, computed_fen=1, worksheet_id=sheet,
                        reason="", asked_by=uuid.uuid4(), asked_person=by, asked_at=NOW, confirmed_by=uuid.uuid4(), confirmed_at=NOW)
        session.add(asked)
        session.flush()
        return asked.id
    other = PaymentRun(id=uuidv7(), org_key="cn.xj.", state="sent", run_no=f"P-{act}", plan="xj-women", bank="ICBC", made_by=uuid.uuid4(),
                       made_person=by if act == "make" else uuid.uuid4(), made_at=NOW, checked_person=by if act == "check" else None)
    session.add(other)
    session.flush()
    session.execute(sa.text("""INSERT INTO payment (id, org_key, state, version, claim_id, round, payee_id, person_id, purpose, channel,
        amount_fen, attempt, run_id, created_at)
        SELECT uuidv7(), org_key, 'sent', 1, claim_id, :turn, payee_id, person_id, :purpose, channel, 1, 1, :run, created_at
        FROM payment WHERE claim_id = :id AND purpose = 'benefit' AND round = 1 LIMIT 1"""),
                    {"turn": turn, "run": other.id, "id": claim, "purpose": "difference" if act == "make" else "advance"})
    return other.id


def stood(session: Session, claim: uuid.UUID, subject: uuid.UUID, people: list[uuid.UUID], by: int, stands_for: frozenset[int]) -> None:
    session.add_all(StoodIn(org_key="cn.xj.", chain_id=claim, subject_id=subject, machine="any", event="any", by_account=uuid.uuid4(),
                            by_person=people[by], for_person=people[one], at=NOW) for one in stands_for)
    session.flush()


def test_a_run_is_not_released_without_its_payments(world: World, batched: tuple[uuid.UUID, uuid.UUID]) -> None:
    """The run alone no longer asks about its payments' claims; whoever moved it alone would write nothing."""
    checker = world.actor("xj.checker")
    with pytest.raises(sa.exc.IntegrityError, match="payment_run_whole"), world.db.unit_of_work(checker.scope) as session:
        fire(session, "payment_run", "release", [Move(batched[1])], actor=checker, now=NOW)
    with world.db.view(ROOT.scope) as session:
        assert session.get_one(PaymentRun, batched[1]).state == "submitted"
