"""Many letters pressed at once: a pool of processes that keep the faces loaded, made when it is first needed."""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from threading import Lock, Thread

import structlog

from documents.errors import DocumentError
from services.core.errors import HuzhuError, OutsideError
from services.notice.pressing import Job, Pressed, lying, press

WORTH = 8           # fewer letters are pressed here sooner than a pool would begin
log = structlog.get_logger()

_lock = Lock()
_pools: list[ProcessPoolExecutor] = []


def sized() -> int:
    """How many processes: one a core."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def press_all(jobs: Sequence[Job]) -> dict[Job, Pressed]:
    """Each job's letter that does not lie ready yet; one that cannot be pressed is left out, and whoever issues it is told why.

    OutsideError when processes of the pool died twice over these letters.
    """
    jobs = [job for job in jobs if job not in lying()]
    if len(jobs) < WORTH:
        return {job: done for job in jobs if (done := _press(job)) is not None}
    try:
        return _in_pool(jobs)
    except BrokenProcessPool:
        log.error("press_died", letters=len(jobs), again=True)
        close()
    try:
        return _in_pool(jobs)
    except BrokenProcessPool as error:
        log.error("press_died", letters=len(jobs), again=False)
        close()
        raise OutsideError("press_died", f"排版进程两次中断，{len(jobs)}份文书没有签发，编号没有占用",
                           remedy="系统会逐份再试；仍不成的在“待签发”中列出") from error


def _in_pool(jobs: Sequence[Job]) -> dict[Job, Pressed]:
    running: dict[Job, Future[Pressed | None]] = {job: pool().submit(_press, job) for job in jobs}
    return {job: done for job, future in running.items() if (done := future.result()) is not None}


def _press(job: Job) -> Pressed | None:
    """A refusal is told by whoever issues the letter, under its lock."""
    try:
        return press(job)
    except (DocumentError, HuzhuError):
        return None


def pool() -> ProcessPoolExecutor:
    """This process's pool. Spawned, because a fork would take over connections and locks."""
    with _lock:
        if not _pools:
            _pools.append(ProcessPoolExecutor(sized(), mp_context=get_context("spawn"), initializer=_follow))
        return _pools[0]


def _follow() -> None:
    """A process of the pool ends with the one that made it, even if that was killed; alone it would wait for work for ever."""
    Thread(target=_leave, daemon=True).start()


def _leave() -> None:
    maker = parent_process()
    if maker is not None:
        maker.join()
        os._exit(1)


def close() -> None:
    """Let the processes go; the next letters make new ones."""
    with _lock:
        while _pools:
            _pools.pop().shutdown(wait=False, cancel_futures=True)


atexit.register(close)
