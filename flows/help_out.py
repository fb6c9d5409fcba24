"""One more worker for as long as there is work: what a work pool starts, on whichever machine, when a city is settled or papers pile up.

It is the same program as any worker, so that it holds its rows as every worker does; this flow starts it, and ends it when nothing is owed.
"""

from __future__ import annotations

import asyncio
import sys
import time

import sqlalchemy as sa
from prefect import flow

from flows.runtime import looking
from services.core.errors import OutsideError
from services.core.settings import ROOT

_LOOK = 2.0             # seconds between two looks
_OWED = sa.text("SELECT EXISTS (SELECT FROM outbox WHERE not_before IS NULL OR not_before <= clock_timestamp())")


@flow(name="help out", flow_run_name="help out, {minutes} minutes at most")
async def help_out(minutes: int = 240, idle_seconds: int = 60) -> None:
    """Work beside the others until nothing was owed for `idle_seconds`, at most so many minutes. OutsideError when the worker died."""
    worker = await asyncio.create_subprocess_exec(sys.executable, "-m", "flows.worker", cwd=ROOT)
    ends, idle_since = time.monotonic() + 60 * minutes, time.monotonic()
    try:
        while time.monotonic() < ends and time.monotonic() < idle_since + idle_seconds:
            await asyncio.sleep(_LOOK)
            if worker.returncode is not None:
                raise OutsideError("helper_died", f"后台任务进程意外退出（退出码 {worker.returncode}）",
                                   remedy="查看这次运行的日志；它手上的工作由别的进程接着办")
            if _owed():
                idle_since = time.monotonic()
    finally:
        if worker.returncode is None:
            worker.terminate()          # it finishes the batch in its hands
            await worker.wait()


def _owed() -> bool:
    with looking() as session:
        return bool(session.execute(_OWED).scalar_one())
