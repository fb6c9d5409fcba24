"""A rule-book released by one process is known to another with its next unit of work; a crash in between loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.core.errors import Conflict, HuzhuError
from services.models import Person, Release
from services.releases import service
from services.rulebook import registry
from services.rulebook.shelf import NONE, use
from tests.support.world import ROOT, World, build_world

TEXT = next(path for path in registry.files() if path.parent.name == "xj-women").read_text(encoding="utf-8")
SOURCE = Path(__file__).resolve().parents[2]
DAY = date(2026, 4, 1)
# Says what it knows after each line that it hears, each time in a unit of work of its own.
OTHER = """
import sys
from services import releases
from services.core.db import Database, Scope
from services.rulebook import registry
db = Database(sys.argv[1])
for line in sys.stdin:
    with db.view(Scope("cn")):
        known = registry.plans()
    print(",".join(book.version for book in known if book.plan == "xj-women"), flush=True)
"""
# Releases, and dies before or after its commit.
DYING = """
import os, signal, sys, uuid
from datetime import datetime
from sqlmodel import select
from services.access.actors import actor_of
from services.core.db import Database, Scope
from services.models import Account, Release
from services.releases import service
url, release, at, when = sys.argv[1:]
db, now = Database(url), datetime.fromisoformat(at)
with db.view(Scope("cn")) as session:
    head = actor_of(session, session.exec(select(Account).where(Account.login == "xj.head")).one(), now=now)
with db.unit_of_work(head.scope) as session:
    made = session.get(Release, uuid.UUID(release))
    service.release(session, release_id=made.id, digest=made.digest, actor=head, now=now)
    session.flush()
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def _nothing_released_afterwards() -> Iterator[None]:
    yield
    use(NONE)


def text(day: date = DAY, amount: int = 12000) -> str:
    return TEXT.replace("from: 2024-01-01", f"from: {day.isoformat()}").replace("take: 15000", f"take: {amount}")


def proposed(world: World, now: datetime, day: date = DAY, by: str = "xj.admin", amount: int = 12000) -> Release:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        return service.propose(session, kind="rule_book", payload={
            "plan": "xj-women", "effective": day.isoformat(), "text": text(day, amount)},
                               effective_on=day, note="调整给付额", org_id=world.org("cn.xj."), actor=actor, now=now)


def release(world: World, made: Release, now: datetime, by: str = "xj.head") -> None:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        service.release(session, release_id=made.id, digest=made.digest, actor=actor, now=now)


def known(db: Database) -> list[str]:
    with db.view(ROOT.scope):
        return [book.version for book in registry.plans() if book.plan == "xj-women"]


def test_another_process_knows_it_with_its_next_unit_of_work(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    made = proposed(world, now)
    with subprocess.Popen([sys.executable, "-c", OTHER, db.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          cwd=SOURCE) as other:
        told, heard = other.stdin, other.stdout
        assert told is not None and heard is not None

        def asked() -> str:
            told.write("?\n")
            told.flush()
            return heard.readline().strip()
        assert asked() == "2024-01-01"
        release(world, made, now)
        assert asked() == "2024-01-01,2026-04-01"
        told.close()
    assert known(db) == ["2024-01-01", "2026-04-01"]
    with db.view(ROOT.scope):
        book = registry.resolve("xj-women", date(2026, 5, 1))
        kept = registry.released(book)
        assert kept is not None and (kept.document.text, kept.released_on) == (text(), now.date())
        assert kept.proposed_by == name(world, "xj.admin") and kept.released_by == name(world, "xj.head")
        assert registry.resolve("xj-women", date(2026, 3, 31)).version == "2024-01-01"
        assert registry.released(registry.version("xj-women", date(2024, 1, 1))) is None
        assert book.digest == made.payload["sha256"]


def test_the_command_shows_it_with_both_names(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    release(world, proposed(world, now), now)

    def said(*words: str) -> str:
        return subprocess.run([sys.executable, "-m", "services.cli.main", "plans", *words], cwd=SOURCE, check=True, text=True,
                              capture_output=True, env={**os.environ, "HUZHU_DATABASE_URL": db.url, "COLUMNS": "200"}).stdout
    listed = [one for one in json.loads(said("list", "--json")) if one["plan"] == "xj-women"]
    names = {"proposed_by": name(world, "xj.admin"), "released_by": name(world, "xj.head"), "released_on": "2026-03-20"}
    assert [{key: one[key] for key in names} for one in listed] == [dict.fromkeys(names), names]
    shown = said("show", "xj-women")
    assert "标准12000元" in shown and f"{names['proposed_by']}提出，{names['released_by']}放行" in shown


def name(world: World, login: str) -> str:
    with world.db.view(ROOT.scope) as session:
        found = session.get(Person, world.person(login))
        assert found is not None
        return found.name


@pytest.mark.parametrize(("when", "after"), [("before", ["2024-01-01"]), ("after", ["2024-01-01", "2026-04-01"])])
def test_killed_before_the_commit_nothing_is_released_and_after_it_all_is(db: Database, now: datetime, when: str, after: list[str]) -> None:
    world = build_world(db, now)
    made = proposed(world, now)
    done = subprocess.run([sys.executable, "-c", DYING, db.url, str(made.id), now.isoformat(), when], cwd=SOURCE, check=False)
    assert done.returncode == -signal.SIGKILL
    assert known(db) == after
    if when == "before":
        release(world, made, now)       # it waits as it did
        assert known(db) == ["2024-01-01", "2026-04-01"]


def test_two_databases_in_one_process_never_see_one_anothers_plans(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    release(world, proposed(world, now), now)
    assert known(db) == ["2024-01-01", "2026-04-01"]
    use(NONE)
    assert [book.version for book in registry.plans() if book.plan == "xj-women"] == ["2024-01-01"]


def test_of_two_wordings_from_one_day_one_is_released(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    both = [proposed(world, now, amount=amount) for amount in (12000, 13000)]

    def answered(made: Release) -> str:
        try:
            release(world, made, now)
        except (Conflict, HuzhuError) as error:
            return error.code
        return "done"
    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(answered, both))
    assert told in (["book_released", "done"], ["done", "release_payload"])
    with pytest.raises(HuzhuError, match="已有 2026-04-01 起施行的一版"):
        proposed(world, now)


def test_an_office_has_its_own_plans_only(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    with pytest.raises(HuzhuError) as refused:
        actor = world.actor("nx.admin")
        with db.unit_of_work(actor.scope) as session:
            service.propose(session, kind="rule_book", payload={"plan": "xj-women", "effective": "2026-04-01", "text": text()},
                            effective_on=DAY, note="别家的", org_id=world.org("cn.nx."), actor=actor, now=now)
    assert refused.value.code == "foreign_plan"
