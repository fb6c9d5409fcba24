"""The web's surroundings: a client that sends again until it is answered, the office's web process, PostgreSQL, and bad lines between them.

The web process has a store of its own in a mount namespace: a file system of few megabytes that may be filled. Everything the client does
carries an idempotency key, and a key is kept until an answer came; what must hold is that each thing is there once, and that nobody is
answered with anything but the work's own answer or 503.
"""

from __future__ import annotations

import hashlib
import io
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from PIL import Image

from services.cli.supervisor import Program, free_port
from tests.services.api_world import EVENT
from tests.support.world import World

REPORTS = 4
PART = 1 << 20
PATIENCE = 120.0
Json = dict[str, object]
Send = Callable[..., Json]


def noise(number: int, side: int = 640) -> bytes:
    """A picture of more than one part, the same for the same number."""
    picture = Image.frombytes("RGB", (side, side), random.Random(number).randbytes(side * side * 3))
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


def acts(world: World, send: Send) -> list[str]:
    """A clerk's morning: reports, each with a file in parts and one whole; the cases' numbers."""
    cases = []
    for n in range(REPORTS):
        number = world.member(n, "xj").synthetic.id_number
        made = send("/cases", f"report-{n}", json={"id_number": number, "event": EVENT, "channel": "clerk", "hospital": "示例医院",
                                                   "reported_on": "2026-03-20"})
        case, claim = str(made["case"]["case_no"]), str(made["claims"][0]["claim_no"])    # type: ignore[index]
        cases.append(case)
        in_parts(send, case, "pathology", noise(n), f"file-{n}")
        send(f"/claims/{claim}/papers", f"paper-{n}", data={"kind": "diagnosis"}, files={"file": ("诊断.png", noise(100 + n, 560))})
    return cases


def in_parts(send: Send, case_no: str, kind: str, content: bytes, key: str) -> None:
    """Announced, part by part, finished."""
    begun = send(f"/cases/{case_no}/uploads", f"{key}-begin", json={
        "kind": kind, "file_name": f"{key}.png", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    for offset in range(0, len(content), PART):
        send(f"/uploads/{begun['id']}/parts", f"{key}-{offset}", data={"offset": str(offset)},
             files={"file": ("part", content[offset:offset + PART])})
    send(f"/uploads/{begun['id']}/finish", f"{key}-finish", json={})


@dataclass(slots=True)
class Client:
    """Sends with one key until an answer comes; counts what it met."""

    url: str
    token: str
    met: Counter[str] = field(default_factory=Counter)

    def send(self, path: str, key: str, **content: object) -> Json:
        """The work's own answer. AssertionError when another status than its own or 503 comes, or none for too long."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        until = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < until, f"{path} is not answered: {dict(self.met)}"
            try:
                answer = httpx.post(f"{self.url}/api/v1{path}", headers=headers, timeout=20, trust_env=False, **content)  # type: ignore[arg-type]
                body: Json = answer.json()
            except (httpx.TransportError, ValueError) as error:
                self.met[type(error).__name__] += 1
                time.sleep(0.05)
                continue
            if answer.is_success:
                self.met["replayed" if answer.headers.get("Idempotent-Replayed") else "answered"] += 1
                return body
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, f"{path}: {answer.status_code} {answer.text}"
            self.met[str(body["code"])] += 1
            time.sleep(0.1)


@dataclass(slots=True)
class Web:
    """The office's web process; `store` is where its papers lie, seen from its own namespace."""

    program: Program
    port: int
    store: Path

    @property
    def here(self) -> Path:
        """The store as seen from outside of the namespace."""
        process = self.program.process
        assert process is not None
        return Path(f"/proc/{process.pid}/root{self.store}")

    def fill(self) -> Path:
        """Nothing more goes into the store; the file that does it."""
        filler = self.here / "filler"
        with filler.open("wb") as out:
            try:
                while True:
                    out.write(bytes(1 << 16))
                    out.flush()
            except OSError:
                return filler


def may_mount() -> bool:
    """Whether we may give a process a file system of its own."""
    return subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0


@contextmanager
def web(database: str, data: Path, folder: Path, *, megabytes: int) -> Iterator[Web]:
    """`python -m services.api` over the database with the keys in `data`, its store on a file system of so many megabytes."""
    store, port = folder / "store", free_port()
    store.mkdir(parents=True)
    env = {**os.environ, "HUZHU_DATABASE_URL": database, "HUZHU_DATA_DIR": str(data), "HUZHU_STORE": f"file:{store}",
           "HUZHU_INSURER_KEYS": str(data / "keys" / "insurer"), "HUZHU_MOVABLE_CLOCK": "true"}
    mounted = f'mount -t tmpfs -o size={megabytes}m tmpfs "{store}" && exec "$@"'
    program = Program("web", ["unshare", "-m", "sh", "-c", mounted, "sh", sys.executable, "-m", "services.api", "--api-only", "--port",
                              str(port)], env, folder / "web.log", f"http://127.0.0.1:{port}/api/v1/health")
    program.start()
    try:
        program.wait_ready(120)
        yield Web(program, port, store)
    finally:
        program.stop()
