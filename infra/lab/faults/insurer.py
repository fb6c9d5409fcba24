"""The insurer of a run: its program as a process of its own over a copy of what it had kept, reached through a proxy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.lab.crash.ground import Ground
from infra.lab.proxy import Proxy
from services.core.settings import ROOT


@dataclass(frozen=True, slots=True)
class Insurer:
    """Its own records, and the keys it shares with the office."""

    store: Path
    keys: Path


@contextmanager
def insurer_on(line: Proxy, ground: Ground, folder: Path) -> Iterator[Insurer]:
    """It acknowledges each dossier at once; the proxy leads to it."""
    keys, data = ground.folder / "twin" / "keys", folder / "twin"
    shutil.copytree(ground.folder / "twin" / "data", data)
    process = subprocess.Popen([sys.executable, "-m", "infra.twins.insurer", "--port", "0", "--data", str(data), "--keys", str(keys),
                                "--office-url", "http://127.0.0.1:9", "--suite", "gm", "--seed", "7", "--auto-ack"],
                               cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line.target = "127.0.0.1:" + process.stdout.readline().strip().rsplit(":", 1)[1]
        yield Insurer(data / "insurer.sqlite3", keys)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
