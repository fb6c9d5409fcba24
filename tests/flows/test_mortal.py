"""The worker's planned deaths themselves: died by a real kill, each as often as it is planned, none left that nobody can die."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.support import mortal

PLANNED = ("announce.kept--A", "announce.kept--B", "announce.kept--C", "announce.done--C", "receive.kept--A")


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MORTAL_PLAN", str(tmp_path))
    for name in PLANNED:
        (tmp_path / name).touch()
    return tmp_path


def killed(work: Callable[[Session], object]) -> bool:
    """Whether a process of its own is killed while it does this in one transaction; a fork, as each worker is."""
    if not (child := os.fork()):
        try:
            sa.event.listen(sa.orm.Session, "after_commit", mortal._committed)
            with Session(sa.create_engine("sqlite://")) as session:
                work(session)
                session.execute(sa.text("SELECT 1"))
                session.commit()
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def left(plan: Path) -> set[str]:
    return {path.name for path in plan.iterdir()}


def said(session: Session, *, claim_nos: list[str]) -> bool:
    """A verb that did something about each of these."""
    return bool(claim_nos)


def test_one_death_after_a_commit_is_died_for_every_claim_it_kept_something_of(plan: Path) -> None:
    """What is committed is not done again: had only one been died, the other's could never come."""
    announce = mortal._mortal("announce", said)
    assert killed(lambda session: announce(session, claim_nos=["A", "B"]))
    assert left(plan) == {"announce.kept--C", "announce.done--C", "receive.kept--A"}
    assert not killed(lambda session: announce(session, claim_nos=["A", "B"]))


def test_a_death_before_the_commit_is_died_alone_and_the_work_is_done_again(plan: Path) -> None:
    announce = mortal._mortal("announce", said)
    assert killed(lambda session: announce(session, claim_nos=["C"]))
    assert left(plan) == set(PLANNED) - {"announce.done--C"}
    assert killed(lambda session: announce(session, claim_nos=["C"]))
    assert left(plan) == set(PLANNED) - {"announce.done--C", "announce.kept--C"}
