"""`make attack`: every part in turn, what each did and found; the table is kept in results.txt. Ends with 1 when anything was found."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.attack import advisories, hostile, interface, pages, patterns, secrets
from infra.attack.storm import Storm, client, operations
from infra.scratch import fresh
from services.core import logs
from tests.services.api_crowd import Crowd, assembled
from tests.support.databases import TEMPLATE

HERE = Path(__file__).parent
RESULTS = HERE / "results.txt"
PAGES_SHARE = 0.25  # of the share: a page costs several times what an answer of the interface does
SURROUNDINGS = dict(os.environ)      # before the storms' server: the suite finds its own
LONG_RUN = 25       # a line of progress every so many operations


@dataclass(frozen=True, slots=True)
class Row:
    """A part of the table."""

    part: str
    did: str
    found: tuple[str, ...]
    seconds: float


def main() -> int:
    """Attack; print the table; 0 when nothing was found and every part could be done."""
    parser = argparse.ArgumentParser(prog="python -m infra.attack", description=__doc__)
    parser.add_argument("--only", choices=("interface", "hostile", "pages", "patterns", "secrets", "advisories", "tests"), default="")
    parser.add_argument("--path", default="", help="operations whose address holds this")
    parser.add_argument("--examples", type=int, default=2, help="drawn requests of each kind, operation and role")
    parser.add_argument("--share", type=float, default=0.1, help="of the hostile values; 1.0 takes hours")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--offline", action="store_true", help="advisories: compare with what is written down")
    parser.add_argument("--database", type=Path, default=None, help="a checkout of the PyPA advisory database, for --offline")
    given = parser.parse_args()
    rows = list(_parts(given))
    text = table(rows, given)
    sys.stdout.write(text)
    if not given.only and not given.path:
        RESULTS.write_text(text)
    return 1 if any(row.found for row in rows) else 0


def _parts(given: argparse.Namespace) -> list[Row]:
    rows = []
    if given.only in ("", "interface", "hostile", "pages"):
        rows += _storms(given)
    if given.only in ("", "patterns"):
        rows.append(_timed("regular expressions against long strings", _patterns))
    if given.only in ("", "secrets"):
        rows.append(_timed("secrets in the tree", lambda: _secrets(secrets.tree(), "tracked files")))
        rows.append(_timed("secrets in history", lambda: _secrets(secrets.history(), "added lines of every commit")))
    if given.only in ("", "advisories"):
        rows.append(_timed("known weaknesses of the lock", lambda: _advisories(given)))
    if given.only in ("", "tests"):
        rows.append(_timed("attack tests", _tests))
    return rows


def _storms(given: argparse.Namespace) -> list[Row]:
    scratch = Path(tempfile.mkdtemp(prefix="hz"))
    os.environ["HUZHU_OCR"] = "none"
    sys.stderr = (scratch / "log").open("w")        # every refusal is a line there; progress goes to standard output
    logs.start("attack")
    server, _ = fresh(scratch, TEMPLATE)
    rows: list[Row] = []
    try:
        if given.only in ("", "pages"):
            rows.append(_timed("every page and form", lambda: _rain(server, scratch / "pages", given)))
        if given.only == "pages":
            return rows
        with assembled(server, scratch / "twin") as crowd:
            if given.only in ("", "interface"):
                rows.append(_timed("Schemathesis, every operation and role", lambda: _storm(crowd, given, interface_of)))
            if given.only in ("", "hostile"):
                rows.append(_timed("hostile values in every example", lambda: _storm(crowd, given, hostile_of)))
            return rows
    finally:
        sys.stderr = sys.__stderr__
        shutil.rmtree(scratch, ignore_errors=True)


def _rain(server: str, keys: Path, given: argparse.Namespace) -> tuple[str, list[str]]:
    with pages.raining(server, keys) as rain:
        taken = pages.forged(rain)
        pages.attack(rain, share=given.share * PAGES_SHARE, draw=given.seed, told=_progress(0))
        answers = ", ".join(f"{status}: {count}" for status, count in sorted(rain.answers.items()))
        return (f"{rain.answers.total()} requests to {len(pages.places(rain.stage))} pages; {answers}",
                [*taken, *(f"{one.operation} as {one.login}: {one.what}; {one.how}" for one in rain.wrong.values())])


def interface_of(storm: Storm, given: argparse.Namespace) -> None:
    """Drawn requests."""
    every = list(operations(storm.crowd.app, given.path))
    interface.attack(storm, every, examples=given.examples, draw=given.seed, everybody=True, told=_progress(len(every)))


def hostile_of(storm: Storm, given: argparse.Namespace) -> None:
    """Examples turned hostile."""
    every = list(operations(storm.crowd.app, given.path))
    hostile.attack(storm, every, share=given.share, draw=given.seed, told=_progress(len(every)))


def _storm(crowd: Crowd, given: argparse.Namespace, how: Callable[[Storm, argparse.Namespace], None]) -> tuple[str, list[str]]:
    storm = Storm(crowd, client(crowd.app))
    how(storm, given)
    answers = ", ".join(f"{status}: {count}" for status, count in sorted(storm.answers.items()))
    return (f"{storm.asked.total()} requests to {len(storm.asked)} operations; {answers}",
            [f"{wrong.operation} as {wrong.login or 'nobody'}: {wrong.what}\n{wrong.how}" for wrong in storm.wrong.values()])


def _patterns() -> tuple[str, list[str]]:
    every = patterns.ours()
    return f"{len(every)} patterns, {patterns.LENGTH} signs each", [str(slow) for slow in patterns.slow(every)]


def _secrets(found: list[secrets.Secret], what: str) -> tuple[str, list[str]]:
    return f"{what}; {len(secrets.known())} known entries that are none", [f"{one.file}:{one.line} {one.kind}" for one in found]


def _advisories(given: argparse.Namespace) -> tuple[str, list[str]]:
    found = advisories.offline(given.database) if given.offline else advisories.online()
    return found.told, [*found.weak, *([] if found.asked else ["NOT DONE: nobody who knows was reached; give --offline --database"])]


def _tests() -> tuple[str, list[str]]:
    """The attack tests of the suite, as `make test` runs them."""
    files = sorted(str(path) for path in (HERE.parents[1] / "tests" / "services").glob("test_attack_*.py"))
    ran = subprocess.run([sys.executable, "-m", "pytest", *files], cwd=HERE.parents[1], env=SURROUNDINGS, capture_output=True,
                         text=True)
    lines = ran.stdout.strip().splitlines()
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))] if ran.returncode else []
    counted = [line for line in lines if re.search("[0-9]+ (passed|failed|error)", line)]
    return counted[-1].strip("= ") if counted else "no answer", failed or (["no test ran to its end"] if ran.returncode else [])


def _timed(part: str, work: Callable[[], tuple[str, list[str]]]) -> Row:
    sys.stdout.write(f"… {part}\n")
    sys.stdout.flush()
    began = time.monotonic()
    try:
        did, found = work()
    except Exception as error:  # noqa: BLE001  # one part's end is not the others'; it stands in the table and the run ends with 1
        traceback.print_exc(file=sys.stdout)
        did, found = "did not come to its end", [repr(error)]
    return Row(part, did, tuple(found), time.monotonic() - began)


def _progress(_every: int) -> Callable[[str], None]:
    def told(line: str) -> None:
        if int(line.split("/")[0]) % LONG_RUN == 0:
            sys.stdout.write(f"  {line}\n")
            sys.stdout.flush()
    return told


def table(rows: list[Row], given: argparse.Namespace) -> str:
    """What was done and found."""
    sizes = f"{given.examples} drawn requests of a kind, {given.share:g} of the hostile values ({given.share * PAGES_SHARE:g} on pages)"
    head = f"make attack{' --offline' if given.offline else ''}, {datetime.now(UTC):%Y-%m-%d}, seed {given.seed}: {sizes}\n\n"
    lines = [f"{'ok   ' if not row.found else 'FOUND'}  {row.part}: {row.did} ({row.seconds:.0f} s)" for row in rows]
    told = [f"\n{row.part}:\n" + "\n".join(f"  {one}" for one in row.found) for row in rows if row.found]
    return head + "\n".join([*lines, *told, f"\nfound: {sum(len(row.found) for row in rows)}"]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
