"""The long-lived worker: `python -m flows.worker`. Listens, takes a batch, awaits its flow in place, each lane beside the other.

(`run_deployment` would start a process per run, five to ten seconds each.) More workers are more such processes.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event

import psycopg
import structlog

from flows.dispatch import LANES, Lane, drain
from services.core import logs, scratch, telemetry
from services.core.away import DatabaseAway, lively
from services.core.errors import HuzhuError
from services.core.settings import settings
from services.outbox.service import CHANNEL, LOCK_SPACE
from services.wiring import wiring

IDLE_SECONDS = 2.0                  # rows put back with a delay come due without a notification
HEARTBEAT_SECONDS = 20.0            # without a word from the database for so long, the lock counts as lost
log = structlog.get_logger()


def hold_lock(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    """A worker number held as an advisory lock for as long as this process lives: rows of the dead are free again."""
    while True:
        number = secrets.randbelow(2**31 - 1) + 1
        row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK_SPACE, number)).fetchone()
        if row and row[0]:
            return number


async def run() -> None:
    """Until SIGTERM; the batches in hand are finished first."""
    wakers = [Waker() for _ in LANES]
    loop = asyncio.get_running_loop()
    config = settings()
    logs.start("worker")
    telemetry.export_traces("worker", config.otlp_url)
    telemetry.serve_metrics(config.worker_metrics_port)
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, _stop, wakers)
    with psycopg.connect(lively(wiring().db.url), autocommit=True) as connection:
        worker = hold_lock(connection)
        connection.execute(f"LISTEN {CHANNEL}")
        log.info("worker_ready", worker=worker)
        lanes = asyncio.gather(*(_run(worker, lane, waker, wakers) for lane, waker in zip(LANES, wakers, strict=True)),
                               return_exceptions=True)
        # The lock is held, and watched, until the last lane has let go of its batch: nobody may take the rows before.
        await _listen(connection, wakers, lanes)
        for fault in await lanes:
            if fault is not None:
                raise fault


async def _run(worker: int, lane: Lane, waker: Waker, wakers: Sequence[Waker]) -> None:
    """One lane in a thread of its own. One that breaks takes the others with it, and whoever started us starts us again."""
    try:
        await asyncio.to_thread(asyncio.run, _follow(worker, lane, waker))
    finally:
        _stop(wakers)


@dataclass
class Waker:
    """What a lane waits for. Each lane has a thread and a loop of its own, so that one that waits for the database holds up no other."""

    owed: Event = field(default_factory=Event)
    stopping: bool = False


def _stop(wakers: Sequence[Waker]) -> None:
    for waker in wakers:
        waker.stopping = True
        waker.owed.set()


async def _listen(connection: psycopg.Connection[tuple[object, ...]], wakers: Sequence[Waker],
                  lanes: asyncio.Future[list[BaseException | None]]) -> None:
    """Wake every lane when something is owed, and now and then, until all lanes have ended."""
    while not lanes.done():
        try:
            await asyncio.wait_for(asyncio.to_thread(_wait, connection), HEARTBEAT_SECONDS)
        except (psycopg.OperationalError, TimeoutError) as error:
            _lost(error)
        for waker in wakers:
            waker.owed.set()


def _lost(error: Exception) -> None:
    """Without its lock a worker's rows are anybody's: it ends here and now, as kill -9 would end it, and nothing is done twice at once.

    Whoever started us starts us again; what was in hand is worked by the next.
    """
    log.error("worker_lock_lost", error=repr(error))
    sys.stderr.write("错误：数据库连接中断，后台任务进程退出。由启动它的程序重新启动，手上的事项由下一个进程接着办。\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(os.EX_TEMPFAIL)


async def _follow(worker: int, lane: Lane, waker: Waker) -> None:
    """Batch after batch of one lane. It is made wakeable before it looks: what is owed while it looks wakes it again."""
    while not waker.stopping:
        waker.owed.clear()
        if not await drain(worker, lane):
            waker.owed.wait()


def _wait(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Sleep until something is owed; then ask for a sign of life, for a line that is gone says nothing by itself."""
    for _ in connection.notifies(timeout=IDLE_SECONDS, stop_after=1):
        break
    connection.execute("SELECT 1")


def main() -> int:
    """Run; a refusal to start is one clear line."""
    try:
        scratch.own()
        asyncio.run(run())
    except HuzhuError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except psycopg.OperationalError as error:
        log.error("database_away", error=repr(error))
        sys.stderr.write(f"错误：{DatabaseAway().message}\n")
        return os.EX_TEMPFAIL
    return 0


if __name__ == "__main__":
    sys.exit(main())
