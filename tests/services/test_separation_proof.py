"""The proof of separation: what it compares is counted by hand, and each tampered row is found."""

from __future__ import annotations

import json
import uuid
from datetime import datetime

import psycopg
import pytest
from typer.testing import CliRunner

from services.access.actor import Actor, Lent, Role
from services.cli import check
from services.core import embedded
from services.core.db import Database
from services.reporting.separation import Proof, proof
from services.review import service as review
from tests.services.after_world import accepted, colleague, facts_become, lodged, routed
from tests.services.after_world import decided as decided_in_situ
from tests.services.review_world import MALIGNANT, digest, in_review, passes
from tests.support.road import paid_out
from tests.support.world import ROOT, World, build_world

Superuser = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def paid(world: World, now: datetime) -> uuid.UUID:
    """60000 yuan: verified by the clerk, passed by district, first and senior reviewer, made, checked, paid."""
    return paid_out(world, 1, now)


@pytest.fixture
def owner(superuser: Superuser) -> Superuser:
    """The tables' owner, past every check of the application; row security binds it too, so it looks from the root."""
    superuser.execute(f"SET ROLE {embedded.OWNER}")
    superuser.execute("SELECT set_config('app.org_path', 'cn', false)")
    return superuser


def proved(world: World, year: int = 2026) -> Proof:
    with world.db.view(ROOT.scope) as session:
        return proof(session, year)


def test_every_comparison_of_a_whole_road_is_counted(world: World, paid: uuid.UUID) -> None:
    found = proved(world)
    assert (found.claims, found.substitutions, found.violations, found.holds) == (1, 0, (), True)
    # Six acts: verification, three reviews (the last one decides), making, checking.
    assert {kind.kind: kind.comparisons for kind in found.kinds} == {
        "claimant": 6, "family": 0, "verifier": 3, "levels": 3, "judged": 0, "maker": 4, "checker": 4, "payers": 1, "named": 6}
    assert found.comparisons == 27


def test_a_year_without_decisions_proves_nothing_and_breaks_nothing(world: World, paid: uuid.UUID) -> None:
    found = proved(world, 2025)
    assert (found.claims, found.comparisons, found.holds) == (0, 0, True)


TAMPERED = {
    "verifier": ("UPDATE claim SET verified_person = (SELECT done_person FROM review_step WHERE level = 'office_first')",
                 ("核验", "办事处初审")),
    "levels": ("UPDATE review_step SET done_person = (SELECT done_person FROM review_step WHERE level = 'district')"
               " WHERE level = 'office_first'", ("县市区·产业工会", "办事处初审")),
    "maker": ("UPDATE payment_run SET made_person = (SELECT done_person FROM review_step WHERE level = 'office_senior')",
              ("制单", "办事处复审")),
    "checker": ("UPDATE payment_run SET checked_person = (SELECT verified_person FROM claim)", ("复核放行", "核验")),
    "payers": ("UPDATE payment_run SET checked_person = made_person", ("制单", "复核放行")),
    "claimant": ("UPDATE review_step SET done_person = (SELECT person_id FROM claim) WHERE level = 'district'",
                 ("县市区·产业工会",)),
    "family": ("INSERT INTO family_tie SELECT c.person_id, s.done_person, 'spouse' FROM claim c JOIN review_step s"
               " ON s.claim_id = c.id WHERE s.level = 'district'", ("县市区·产业工会",)),
    "named": ("UPDATE review_step SET done_person = NULL WHERE level = 'office_first'", ("办事处初审",)),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_a_row_tampered_with_by_the_owner_is_found(world: World, paid: uuid.UUID, owner: Superuser, kind: str) -> None:
    statement, steps = TAMPERED[kind]
    assert owner.execute(statement).rowcount >= 1
    found = proved(world)
    assert not found.holds
    assert kind in {violation.kind for violation in found.violations}
    [violation] = [violation for violation in found.violations if violation.kind == kind]
    assert sorted(violation.steps) == sorted(steps)
    assert violation.claim_no.startswith("XJ2026-")
    assert (violation.person is None) == (kind == "named")


def test_a_step_inserted_by_the_owner_is_found(world: World, paid: uuid.UUID, owner: Superuser) -> None:
    """A second row of a level that was passed by whoever verified."""
    owner.execute("""INSERT INTO review_step (id, org_key, state, version, claim_id, round, ordinal, level, name, act, role, days,
            decides, duty_org, duty_key, escalated, done_by, done_person, done_at, seen_digest, created_at)
        SELECT gen_random_uuid(), s.org_key, 'passed', 1, s.claim_id, s.round, 99, 'extra', '另一层级', 'review', s.role, s.days, false,
            s.duty_org, s.duty_key, false, s.done_by, c.verified_person, s.done_at, s.seen_digest, s.created_at
        FROM review_step s JOIN claim c ON c.id = s.claim_id WHERE s.level = 'district'""")
    assert {(violation.kind, violation.steps) for violation in proved(world).violations} == {("verifier", ("核验", "另一层级"))}


def test_a_decision_by_another_than_the_deciding_level_is_compared_too(world: World, paid: uuid.UUID, owner: Superuser) -> None:
    owner.execute("UPDATE decision SET decided_person = (SELECT done_person FROM review_step WHERE level = 'district')")
    assert {(violation.kind, tuple(sorted(violation.steps))) for violation in proved(world).violations} == {
        ("levels", ("办事处复审", "县市区·产业工会")), ("named", ("办事处复审",))}


HIDDEN = {
    "a level that was never passed": ("UPDATE review_step SET state = 'open' WHERE level = 'office_first'", "办事处初审"),
    "a level out of the way": ("UPDATE review_step SET state = 'void' WHERE level = 'office_first'", "办事处初审"),
    "a decision without a level": ("UPDATE review_step SET decides = false", "审核"),
    "a decision by an outsider": ("UPDATE decision SET decided_person = (SELECT id FROM person p WHERE NOT EXISTS (SELECT 1 FROM"
                                  " deciding_person d WHERE d.person_id = p.id) AND p.id NOT IN (SELECT person_id FROM claim)"
                                  " ORDER BY id LIMIT 1)", "办事处复审"),
    "money that went out without a run": ("UPDATE payment SET run_id = NULL", "复核放行"),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_what_hides_somebody_from_the_comparison_is_found(world: World, paid: uuid.UUID, owner: Superuser, what: str) -> None:
    statement, step = HIDDEN[what]
    assert owner.execute(statement).rowcount >= 1
    assert ("named", (step,)) in {(violation.kind, violation.steps) for violation in proved(world).violations}


def test_a_leave_counts_also_where_the_row_that_says_so_is_gone(world: World, now: datetime, owner: Superuser) -> None:
    """The district's reviewer was away while the office's acted in that place; the rows of `stood_in` are gone."""
    claim_id = in_review(world, 1, now)
    for login in ("xj.clerk", "xj.district", "xj.office1", "xj.senior"):
        passes(world, claim_id, login, now)
    assert proved(world).holds
    owner.execute("INSERT INTO substitute (id, absent_id, account_id, roles, from_on, until_on, reason, made_by, made_at)"
                  " VALUES (gen_random_uuid(), %s, %s, 'x', '2026-03-01', '2026-03-31', 'x', %s, '2026-03-01')",
                  (world.account("xj.district"), world.account("xj.office1"), world.account("xj.district")))
    [violation] = proved(world).violations
    assert (violation.kind, violation.through) == ("levels", world.actor("xj.office1").name)


def test_who_set_an_amount_and_decided_is_found(world: World, paid: uuid.UUID, owner: Superuser) -> None:
    owner.execute("UPDATE claim SET inputs = jsonb_build_object('manual', jsonb_build_object('x', jsonb_build_object('round', 1,"
                  " 'person', (SELECT done_person FROM review_step WHERE level = 'office_senior')::text)))")
    assert {(violation.kind, violation.steps) for violation in proved(world).violations} == {("judged", ("核定金额", "办事处复审"))}


def test_a_substitute_counts_as_both(world: World, now: datetime, owner: Superuser) -> None:
    """The first reviewer stands in for the senior one: fine. Recorded as the district's as well, it is not."""
    claim_id = in_review(world, 1, now)
    for login in ("xj.clerk", "xj.district", "xj.office1"):
        passes(world, claim_id, login, now)
    other, senior = world.actor("xj.office2"), world.actor("xj.senior")
    assert senior.account_id and senior.person_id
    stand_in = Actor(other.account_id, other.person_id, other.org_key, other.name, other.roles | senior.roles,
                     stands_for=frozenset({senior.person_id}),
                     lent=frozenset({Lent(senior.account_id, senior.person_id, "senior_reviewer", senior.org_key)}))
    seen = digest(world.db, claim_id)
    with world.db.unit_of_work(other.scope) as session:
        assert review.pass_level(session, claim_id=claim_id, seen=seen, actor=stand_in, now=now).decided_fen == 6_000_000
    found = proved(world)
    assert (found.claims, found.substitutions, found.holds) == (1, 1, True)
    owner.execute("UPDATE stood_in SET for_person = (SELECT done_person FROM review_step WHERE level = 'district')")
    [violation] = proved(world).violations
    assert (violation.kind, violation.through) == ("levels", other.name)


def test_the_proof_stops_at_the_borders_of_the_scope(world: World, paid: uuid.UUID) -> None:
    with world.db.view(world.actor("nx.auditor").scope) as session:
        assert proof(session, 2026).claims == 0
    with world.db.view(world.actor("xj.auditor").scope) as session:
        assert proof(session, 2026).comparisons == 27


def test_the_command_prints_the_proof_and_says_no(world: World, paid: uuid.UUID, owner: Superuser,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.cli.check.database", lambda: world.db)
    runner = CliRunner()
    clean = runner.invoke(check.check, ["separation", "--year", "2026"])
    assert clean.exit_code == 0, clean.output
    assert "2026 年作出决定 1 件，比对 27 次（代理 0 次，按两人计），违反 0 处" in clean.output
    owner.execute(TAMPERED["payers"][0])
    broken = runner.invoke(check.check, ["separation", "--year", "2026", "--json"])
    assert broken.exit_code == 1
    answer = json.loads(broken.output)
    assert (answer["claims"], answer["comparisons"], answer["holds"]) == (1, 27, False)
    assert [violation["kind"] for violation in answer["violations"]] == ["payers"]
    shown = runner.invoke(check.check, ["separation", "--year", "2026"])
    assert (shown.exit_code, "制单、复核放行" in shown.output) == (1, True)


def test_an_objection_is_heard_by_others_and_the_proof_compares_the_rounds(world: World, now: datetime, owner: Superuser) -> None:
    colleague(world, "xj.clerk3", Role.UNIT_CLERK, 1, now, org_key="cn.xj.wlmq.tsd.u001.")
    colleague(world, "xj.district2", Role.DISTRICT_REVIEWER, 2, now, org_key="cn.xj.wlmq.tsd.")
    claim_id = decided_in_situ(world, 3, now)
    accepted(world, lodged(world, claim_id, now), now)
    facts_become(world, claim_id, MALIGNANT)
    routed(world, claim_id, now)
    for login in ("xj.clerk3", "xj.district2", "xj.office2"):
        passes(world, claim_id, login, now)
    found = proved(world)
    assert (found.claims, found.violations) == (2, ())
    owner.execute("UPDATE review_step SET done_person = (SELECT done_person FROM review_step WHERE level = 'district' AND round = 1)"
                  " WHERE level = 'district' AND round = 2")
    assert {(violation.kind, violation.round) for violation in proved(world).violations} >= {("levels", 2)}
