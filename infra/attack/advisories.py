"""Known weaknesses of what the lock installs.

With a way out pip-audit asks the advisory service. Where no service answers, that is said and counts as not done. `--offline`
compares the lock with a checkout of the Python Packaging Authority's advisory database (`--database`, whose own date is told)
and writes advisories.txt; without a checkout it asks only whether advisories.txt speaks of this very lock.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

HERE = Path(__file__).parent
LOCK, KEPT = HERE.parents[1] / "requirements.lock", HERE / "advisories.txt"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Found:
    """What came of the question. `asked`: whether anybody who knows answered it."""

    asked: bool
    told: str
    weak: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Answered, and nothing known."""
        return self.asked and not self.weak


def pinned(text: str) -> dict[str, str]:
    """Name → version of a lock."""
    return {canonicalize_name(name): version for name, version in PIN.findall(text)}


def online(lock: Path = LOCK) -> Found:
    """By pip-audit and the package index's advisory service."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(lock), "--disable-pip", "--progress-spinner", "off", "-f", "json"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600)
    try:
        packages = json.JSONDecoder().raw_decode(ran.stdout[ran.stdout.index("{"):])[0]["dependencies"]
    except ValueError:
        lines = ran.stderr.strip().splitlines() or ["no word"]
        return Found(False, f"no advisory source answers: {lines[-1][:160]}")
    return judged(packages)


def judged(packages: list[dict[str, Any]]) -> Found:
    """Of pip-audit's answer: a package that nobody looked at is not a package without weakness."""
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    weak = tuple(f"{package['name']}=={package['version']}: {', '.join(one['id'] for one in package['vulns'])}"
                 for package in packages if package.get("vulns"))
    if skipped:
        return Found(False, f"no advisory source answers for {len(skipped)} of {len(packages)} packages ({skipped[0]} …)", weak)
    return Found(True, f"{len(packages)} packages asked, {len(weak)} with known weaknesses", weak)


def offline(database: Path | None, lock: Path = LOCK, kept: Path = KEPT) -> Found:
    """Against a checkout (a git directory), which is written down; or against what was written down."""
    pins = pinned(lock.read_text())
    if database is None:
        return _compared(pins, kept)
    day = _git(database, "log", "-1", "--format=%cs %H").strip()
    known = list(_advisories(database))
    about = [one for one in known if canonicalize_name(one["package"]) in pins]
    weak = tuple(sorted(f"{one['package']}=={pins[canonicalize_name(one['package'])]}: {one['id']}" for one in about
                        if touches(one, pins[canonicalize_name(one["package"])])))
    counts = {name: sum(canonicalize_name(one["package"]) == name for one in about) for name in pins}
    head = (f"PyPA advisory database of {day}\n"
            f"{len(known)} advisories, {len(about)} about packages of the lock, {len(weak)} touch its versions\n"
            "A database older than a version knows nothing of what was found in it since: with a way out the service is asked.\n")
    kept.write_text(head + "\n".join([*(f"WEAK {line}" for line in weak), *(f"{name}=={version} {counts[name]}" for name, version
                                                                            in sorted(pins.items()))]) + "\n")
    return Found(True, f"NOBODY WAS ASKED; {len(pins)} packages against the PyPA database {aged(day[:10])}: {len(weak)} weak", weak)


def _compared(pins: Mapping[str, str], kept: Path) -> Found:
    lines = kept.read_text().splitlines()
    looked = {line.rsplit(" ", 1)[0] for line in lines if "==" in line and not line.startswith("WEAK ")}
    new = sorted({f"{name}=={version}" for name, version in pins.items()} - looked)
    weak = tuple(line.removeprefix("WEAK ") for line in lines if line.startswith("WEAK "))
    if new:
        return Found(False, f"{kept.name} does not speak of {', '.join(new[:5])}: write it anew with --offline --database", weak)
    day = DAY.search(lines[0])
    source = aged(day[0]) if day else "of no day that is told"
    return Found(True, f"NOBODY WAS ASKED; {len(pins)} packages as in {kept.name}, made of the PyPA database {source}", weak)


def aged(day: str) -> str:
    """How old a database is, and what it therefore cannot know."""
    return f"of {day}, {(date.today() - date.fromisoformat(day)).days} days old (it knows no weakness that was found since)"


def touches(advisory: Mapping[str, Any], version: str) -> bool:
    """Whether a version lies in one of the advisory's ranges; listed versions count as said."""
    if version in advisory["versions"]:
        return True
    for events in advisory["ranges"]:
        inside = False
        for event in sorted(events, key=lambda event: _order(next(iter(event.values())))):
            [(kind, bound)] = event.items()
            reached = _order(version) >= _order(bound)
            if kind == "introduced" and reached:
                inside = True
            elif (kind == "fixed" and reached) or (kind == "last_affected" and _order(version) > _order(bound)):
                inside = False
        if inside:
            return True
    return False


def _order(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")


def _advisories(database: Path) -> Iterator[dict[str, Any]]:
    """Every advisory about a package of Python's index, from the newest commit of a checkout with or without work tree."""
    names = [name for name in _git(database, "ls-tree", "-r", "--name-only", "HEAD", "vulns").splitlines() if name.endswith(".yaml")]
    asked = "".join(f"HEAD:{name}\n" for name in names).encode()
    blobs = subprocess.run(["git", "cat-file", "--batch"], cwd=database, input=asked, capture_output=True, check=True).stdout
    at = 0
    while at < len(blobs):
        end = blobs.index(b"\n", at)
        size = int(blobs[at:end].split()[2])
        told = yaml.load(blobs[end + 1:end + 1 + size], Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        at = end + size + 2
        if "withdrawn" in told:
            continue
        for one in told.get("affected", []):
            yield {"id": told["id"], "package": one["package"]["name"], "versions": frozenset(one.get("versions") or ()),
                   "ranges": [part["events"] for part in one.get("ranges", []) if part["type"] == "ECOSYSTEM"]}


def _git(database: Path, *command: str) -> str:
    return subprocess.run(["git", *command], cwd=database, capture_output=True, text=True, check=True).stdout
