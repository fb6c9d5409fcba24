"""The worker's surroundings as they fail, each scenario on the same start.

The start owes reports, a verification, claims for the insurer and a pay run: letters, worksheets, dossiers, bank files follow from it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from datetime import timedelta

from infra.lab.crash.ground import Ground, Start
from infra.lab.faults.bench import Disturb, Scene
from infra.lab.proxy import Fault
from services.payment import service as payment
from tests.services import review_world
from tests.services.handoff_world import BREAST
from tests.services.paying_world import in_run, made

TOPICS = ("claim.create", "claim.verify", "review_step.pass", "payment_run.release")


def _owing(ground: Ground) -> None:
    world, now = ground.world, ground.at
    for n in (2, 3):
        review_world.report(world, n, now)
    verified = review_world.report(world, 4, now)
    review_world.verify(world, verified, now, verifier=world.actor("xj.clerk"))
    for n in (0, 1):
        insured = review_world.in_review(world, n, now, office="nx", event=BREAST)
        review_world.passes(world, insured, "nx.clerk", now)
    made(world, now, 6_000_000, 5_000_000)
    ground.does("xj.checker", payment.release, run_id=in_run(world, now))


START = Start("surrounded", TOPICS, _owing, twin=True)


def postgres_killed(scene: Scene) -> None:
    """Every process of the server is killed while a worker has work in hand; after a while it is started again. Twice."""
    for _ in range(2):
        scene.until_working()
        time.sleep(scene.chance.uniform(0, 1.0))
        assert scene.bench.kill_postgres() > 1
        time.sleep(scene.chance.uniform(0.2, 1.5))
        scene.bench.start_postgres()


def one_backend_killed(scene: Scene) -> None:
    """A single process of the server is killed: it ends all connections, recovers and takes new ones by itself."""
    scene.until_working()
    time.sleep(scene.chance.uniform(0, 1.0))
    [(pid,)] = scene.ask("SELECT pid FROM pg_stat_activity WHERE usename = 'huzhu_app' ORDER BY backend_start LIMIT 1")
    os.kill(int(str(pid)), signal.SIGKILL)
    scene.bench.kills += 1


def database_line_cut(scene: Scene) -> None:
    """Lines to the database break in the middle of messages, on either side, again and again."""
    for _ in range(6):
        scene.until_working()
        scene.database.befall(Fault("cut", scene.chance.choice(("up", "down")), after=scene.chance.randrange(6000)))
        time.sleep(scene.chance.uniform(0.2, 0.8))
        scene.database.well()
        time.sleep(0.3)


def database_line_slow(scene: Scene) -> None:
    """Every answer of the database comes late, and in two halves."""
    scene.database.befall(Fault("halve", "both", seconds=0.002))
    scene.until_working()
    time.sleep(3)
    scene.database.befall(Fault("delay", "both", seconds=0.02))
    time.sleep(3)


def database_line_dead(scene: Scene) -> None:
    """The line to the database swallows everything and says nothing, longer than a worker may live without a word from it."""
    scene.until_working()
    scene.database.befall(Fault("hole"))
    until = time.monotonic() + 90
    while not scene.restarts and time.monotonic() < until:
        time.sleep(0.2)
    assert scene.restarts, "the worker still waits"


def prefect_away(scene: Scene) -> None:
    """Prefect's server is gone in the middle of the work, and comes back later."""
    scene.until_working()
    time.sleep(scene.chance.uniform(0, 0.5))
    scene.prefect.shut()
    time.sleep(scene.chance.uniform(3, 6))
    scene.prefect.open()


def prefect_line_bad(scene: Scene) -> None:
    """Lines to Prefect's server break in the middle of answers."""
    for _ in range(4):
        scene.prefect.befall(Fault("cut", scene.chance.choice(("up", "down")), after=scene.chance.randrange(3000)))
        time.sleep(scene.chance.uniform(0.3, 1.0))
        scene.prefect.well()
        scene.prefect.cut()
        time.sleep(0.3)


def insurer_answers_lost(scene: Scene) -> None:
    """The insurer hears each dossier, and its answer is cut in the middle: it must take the repeat for what it is."""
    scene.insurer.befall(Fault("cut", "down", after=scene.chance.randrange(200)), lines=3)
    _until_lines(scene, 4)


def insurer_line_bad(scene: Scene) -> None:
    """Requests cut in the middle, lines refused, answers in halves and late."""
    for fault in (Fault("cut", "up", after=scene.chance.randrange(2000)), Fault("refuse"), Fault("cut_within", "up", after=1),
                  Fault("halve", "both", seconds=0.02), Fault("delay", "down", seconds=0.3)):
        scene.insurer.befall(fault, lines=1)
    _until_lines(scene, 5)


def prefect_killed(scene: Scene) -> None:
    """Prefect's server is killed in the middle of the work and started again; only where the bench has one of its own."""
    server = scene.bench.prefect_server
    assert server is not None
    scene.until_working()
    server.kill()
    scene.bench.kills += 1
    time.sleep(scene.chance.uniform(0.5, 2))
    server.start()
    server.wait_ready(120)


def clock_back(scene: Scene) -> None:
    """One process's clock is an hour slow; the next one's is right again."""
    _worked_with_clock(scene, timedelta(hours=-1))


def clock_forward(scene: Scene) -> None:
    """One process's clock is two days fast; the next one's is right again."""
    _worked_with_clock(scene, timedelta(days=2))


def _worked_with_clock(scene: Scene, ahead: timedelta) -> None:
    """A process with this clock wrote at least something, at an instant of its own, before it gave way."""
    scene.until_working()
    scene.worker_with_clock(ahead)
    until = time.monotonic() + 60
    wrong = f"SELECT 1 FROM audit_record WHERE at = '{(scene.bench.ground.at + ahead).isoformat()}' LIMIT 1"
    while not scene.ask(wrong):
        assert scene.owed() and time.monotonic() < until, "nothing was written with the wrong clock"
        time.sleep(0.02)
    time.sleep(scene.chance.uniform(0, 2))
    scene.worker_with_clock(timedelta())


def everything(scene: Scene) -> None:
    """A bad night: the insurer's answers are lost, the server is killed, lines break, Prefect's server is not to be reached."""
    scene.insurer.befall(Fault("cut", "down", after=scene.chance.randrange(200)), lines=2)
    scene.until_working()
    time.sleep(scene.chance.uniform(0, 0.5))
    assert scene.bench.kill_postgres() > 1
    scene.bench.start_postgres()
    scene.until_working()
    scene.database.befall(Fault("cut", "down", after=scene.chance.randrange(6000)))
    time.sleep(0.3)
    scene.database.well()
    scene.prefect.shut()
    time.sleep(scene.chance.uniform(0.5, 1))
    scene.prefect.open()


def _until_lines(scene: Scene, count: int) -> None:
    """So many calls were made; what was put back comes again at once."""
    until = time.monotonic() + 120
    while scene.insurer.did("open") + scene.insurer.did("refuse") < count and scene.owed() and time.monotonic() < until:
        scene.ask("UPDATE outbox SET not_before = NULL WHERE taken_by IS NULL")
        time.sleep(0.2)


WORKER: Mapping[str, Disturb] = {disturb.__name__: disturb for disturb in (
    postgres_killed, one_backend_killed, database_line_cut, database_line_slow, database_line_dead, prefect_away, prefect_line_bad,
    insurer_answers_lost, insurer_line_bad, prefect_killed, clock_back, clock_forward, everything)}
WRONG_CLOCKS = ("clock_back", "clock_forward")
