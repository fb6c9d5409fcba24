"""What the house promises about itself and no linter knows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg

from flows.dispatch import ROUTES
from services.access.permits import PERMITS
from services.lifecycle.facts import CALL, SQL
from services.lifecycle.statements import TABLES
from services.lifecycle.topics import TIMETABLES, TOPICS
from services.models import __all__ as models
from services.sla.rules import FOLLOWS
from statemachines.rules import RULES, needs

ROOT = Path(__file__).resolve().parents[2]
# Topics that doors and programs owe, not moves.
BY_DOORS = {"paper.upload", "insurer.message", "insurer.recall", "roster.enrol", "letter.carry", "calendar.release", "clock.breach",
            "settlement.settle", "data.export", "bytes.remove"}


def test_every_owed_topic_has_a_flow_and_no_flow_waits_in_vain() -> None:
    assert set(ROUTES) == TOPICS | TIMETABLES.keys() | BY_DOORS


def test_every_fact_a_guard_needs_can_be_had() -> None:
    missing = {(machine, event, fact) for machine, _, event in RULES if machine in TABLES
               for fact in needs(machine, event) if fact not in SQL[machine] and fact not in CALL}
    assert missing == set()


def test_clocks_and_permits_speak_of_events_that_exist() -> None:
    known = {(machine, event) for machine, _, event in RULES} | {(machine, "create") for machine in TABLES}
    assert set(FOLLOWS) <= known
    assert {(machine, event) for machine, events in PERMITS.items() for event in events} <= known


def test_every_event_of_a_stored_machine_has_a_permit() -> None:
    unpermitted = {(machine, event) for machine, _, event in RULES
                   if machine in TABLES and event not in PERMITS[machine]}
    assert unpermitted == set()


def test_every_scoped_table_has_row_security(superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    """Asked of the migrated database itself: security on, binding the owner too, with a policy."""
    import services.models as tables

    scoped = {getattr(tables, name).__tablename__ for name in models
              if "org_key" in getattr(tables, name).model_fields and name not in ("Organisation", "Account")}
    secured = {row[0] for row in superuser.execute("""
        SELECT c.relname FROM pg_class c WHERE c.relrowsecurity AND c.relforcerowsecurity
        AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = c.relname || '_scope')""")}
    assert scoped - secured == set()


def test_house_rules_hold() -> None:
    done = subprocess.run([sys.executable, "infra/lint/house.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_tables_have_the_room_that_their_models_say(superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    """`info` of a model: how full its pages are filled. Only migrations make it so."""
    import services.models as tables

    meant = {getattr(tables, name).__tablename__: f"fillfactor={getattr(tables, name).__table__.info['fillfactor']}" for name in models
             if "fillfactor" in getattr(tables, name).__table__.info}
    found = {row[0]: row[1] for row in superuser.execute("SELECT relname, unnest(reloptions) FROM pg_class WHERE relkind = 'r'")}
    assert meant and {name: found.get(name) for name in meant} == meant
