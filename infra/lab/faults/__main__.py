"""`python -m infra.lab.faults [--seed N] [--only NAME …] [--runs K]`: the surroundings fail, and how it ends is compared.

Prints a line for each scenario and writes infra/lab/faults.txt (not with --only); exits 1 when anything differs, is doubled or lost.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.lab.compare import Difference, told
from infra.lab.faults.bench import Bench, Ending, unlike
from infra.lab.faults.scenarios import START, WORKER, WRONG_CLOCKS
from infra.lab.faults.web import may_mount
from infra.lab.faults.web_scenarios import WEB, morning, undisturbed
from services.cli.supervisor import Program, free_port, prefect_server
from services.core import crypto
from services.core import settings as settings_module

RESULT = Path(__file__).resolve().parents[1] / "faults.txt"
_MONEY = ("payment", "bank_line", "ledger_entry", "payment_run", "bank", "insurer.")


@dataclass(frozen=True, slots=True)
class Line:
    """One run of one scenario."""

    name: str
    seed: int
    faults: int
    restarts: int
    unlike: Sequence[Difference]
    broken: Sequence[str]
    seconds: float

    @property
    def doubled(self) -> int:
        """Rows about money, or at the insurer, that nobody expected."""
        return sum(one.kind == "more" and one.table.startswith(_MONEY) for one in self.unlike)

    @property
    def lost(self) -> int:
        """Rows expected and not there."""
        return sum(one.kind == "lost" for one in self.unlike)

    @property
    def good(self) -> bool:
        """Nothing otherwise, no promise broken, and the scenario happened."""
        return not self.unlike and not self.broken and self.faults + self.restarts > 0

    def __str__(self) -> str:
        return (f"{self.name:<24}{self.seed:>5}{self.faults:>8}{self.restarts:>10}{len(self.unlike):>13}{self.doubled:>9}{self.lost:>6}"
                f"{len(self.broken):>8}{self.seconds:>9.1f}")


HEAD = f"{'scenario':<24}{'seed':>5}{'faults':>8}{'restarts':>10}{'differences':>13}{'doubled':>9}{'lost':>6}{'broken':>8}{'seconds':>9}"


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1, help="seeds of each scenario, from --seed on")
    parser.add_argument("--only", nargs="*", choices=[*WORKER, *WEB], default=[])
    given = parser.parse_args()
    names = given.only or [*WORKER, *WEB]
    seeds = range(given.seed, given.seed + given.runs)
    with _bench() as bench:
        print(HEAD, flush=True)
        lines = []
        for line in [*_workers(bench, names, seeds), *_webs(bench, names, seeds)]:
            lines.append(line)
    text = _told(lines)
    print(text.splitlines()[-1])
    if not given.only:
        RESULT.write_text(text, "utf-8")
    return 0 if all(line.good for line in lines) else 1


def _told(lines: Sequence[Line]) -> str:
    found = {what: sum(getattr(line, what) for line in lines) for what in ("doubled", "lost")}
    ended = (f"runs {len(lines)}, differences {sum(len(line.unlike) for line in lines)}, payments or dossiers doubled {found['doubled']}, "
             f"records lost {found['lost']}, promises broken {sum(len(line.broken) for line in lines)}")
    return "\n".join([HEAD, *map(str, lines), ended]) + "\n"


def _said(line: Line) -> Line:
    print(line, flush=True)
    for one in [*told(line.unlike)[:10], *line.broken]:
        print(f"    {one[:800]}", flush=True)
    return line


def _workers(bench: Bench, names: Sequence[str], seeds: Sequence[int]) -> Iterator[Line]:
    chosen = [name for name in WORKER if name in names]
    if not chosen:
        return
    begun, calm = bench.run()
    for name in chosen:
        for seed in seeds:
            _, ended = bench.run(WORKER[name], seed=seed)
            yield _said(_line(name, seed, calm, ended, unlike(begun, calm, ended, days=name not in WRONG_CLOCKS)))


def _line(name: str, seed: int, calm: Ending, ended: Ending, found: Sequence[Difference]) -> Line:
    """What the start itself breaks (it is made, not lived) is broken in both."""
    broken = sorted(" ".join(finding) for finding in ended.findings - calm.findings)
    return Line(name, seed, ended.faults, ended.restarts, found, broken, ended.seconds)


def _webs(bench: Bench, names: Sequence[str], seeds: Sequence[int]) -> Iterator[Line]:
    chosen = [name for name in WEB if name in names]
    if not chosen:
        return
    if not may_mount():
        sys.exit("unshare -m: not permitted here; the web's scenarios need a file system of their own for the store")
    expected = undisturbed(bench)
    for name in chosen:
        for seed in seeds:
            folder = bench.folder / "web" / f"{name}-{seed}"
            ended = morning(bench, expected, WEB[name], seed=seed, folder=folder, megabytes=16)
            faults = ended.faults + sum(times for what, times in ended.met.items() if what not in ("answered", "replayed"))
            yield _said(Line(name, seed, faults, 0, ended.unlike, [f"paper without bytes {one}" for one in ended.without_bytes],
                             ended.seconds))


@contextmanager
def _bench() -> Iterator[Bench]:
    """Settings, keys and servers of this process alone."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="hzf", dir=memory if memory.is_dir() and os.access(memory, os.W_OK) else None))
    os.environ.update({"HUZHU_MODE": "demo", "HUZHU_OCR": "none", "HUZHU_DATA_DIR": str(folder), "HUZHU_INSURER_URL": "http://127.0.0.1:9",
                       "HUZHU_INSURER_KEYS": str(folder / "keys" / "insurer")})
    settings_module.settings.cache_clear()
    crypto.make_ring(settings_module.settings().key_ring)
    port = free_port()
    env = {**os.environ, "PREFECT_HOME": str(folder / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", **prefect_server()}
    server = Program("prefect", [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)], env,
                     folder / "prefect.log", f"http://127.0.0.1:{port}/api/health")
    server.start()
    try:
        server.wait_ready(120)
        bench = Bench(folder, f"http://127.0.0.1:{port}/api", START, server)
        try:
            yield bench
        finally:
            bench.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
