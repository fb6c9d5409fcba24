"""What every child process of ours shares: its bounds, and frames of jobs and answers through its pipes.

A frame is a line of JSON with the sizes of the blobs that follow it. Whatever is not foreseen ends the process; the other
side takes that for the file's fault and starts another.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import BinaryIO, Protocol

CPU = 30                    # seconds for one job


class Worker(Protocol):
    """What does the jobs of such a process."""

    def do(self, job: dict[str, object], blob: bytes) -> tuple[dict[str, object], list[bytes]]:
        """The answer to a job and its blobs."""
        ...


def confine(memory: int) -> None:
    """Bounds that hold for the whole process; the ends of its pipes stay open."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    os.nice(10)


def _more_time() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + CPU, hard))


def serve(room: Worker, source: BinaryIO, sink: BinaryIO) -> None:
    """Jobs until the other side closes."""
    while line := source.readline():
        job = json.loads(line)
        _more_time()
        answer, blobs = room.do(job, source.read(int(job.get("size", 0))))
        sink.write(json.dumps({**answer, "sizes": [len(blob) for blob in blobs]}).encode() + b"\n")
        for blob in blobs:
            sink.write(blob)
        sink.flush()


def run(room: Worker) -> None:
    """Serve on the process's own ends. What a library prints is no answer and goes with the errors."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(room, sys.stdin.buffer, output)
