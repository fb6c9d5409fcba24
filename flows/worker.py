"""The long-lived worker: `python -m flows.worker`. Listens, takes a batch, awaits its flow in place.

(`run_deployment` would start a process per run, five to ten seconds each.) More workers are more such processes.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys

import psycopg
import structlog

from flows.dispatch import drain
from services.core.errors import HuzhuError
from services.outbox.service import CHANNEL, LOCK_SPACE
from services.wiring import wiring

IDLE_SECONDS = 2.0                  # rows put back with a delay come due without a notification
log = structlog.get_logger()


def hold_lock(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    """A worker number held as an advisory lock for as long as this process lives: rows of the dead are free again."""
    while True:
        number = secrets.randbelow(2**31 - 1) + 1
        row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK_SPACE, number)).fetchone()
        if row and row[0]:
            return number


async def run() -> None:
    """Until SIGTERM; the batch in hand is finished first."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    with psycopg.connect(wiring().db.url, autocommit=True) as connection:
        worker = hold_lock(connection)
        connection.execute(f"LISTEN {CHANNEL}")
        log.info("worker_ready", worker=worker)
        while not stopping.is_set():
            if not await drain(worker):
                await asyncio.to_thread(_wait, connection)


def _wait(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Sleep until something is owed."""
    for _ in connection.notifies(timeout=IDLE_SECONDS, stop_after=1):
        return


def main() -> int:
    """Run; a refusal to start is one clear line."""
    try:
        asyncio.run(run())
    except HuzhuError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
