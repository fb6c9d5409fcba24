"""What was recorded and run so far, one JSON object a line, written at once: a lab that was interrupted goes on where it was.

A line counts only for the code it was made with: the digest of every program file that a run executes stands in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock

from infra.lab.compare import Difference
from infra.lab.crash.judging import Verdict
from infra.lab.crash.points import Point
from services.core.settings import ROOT

_CODE = ("flows", "services", "statemachines", "documents", "infra/lab", "infra/twins", "infra/migrations", "tests/support",
         "tests/services")
_KINDS = (".py", ".sql", ".yaml", ".json", ".html", ".j2")


def code() -> str:
    """Digest of the programs, their rules and forms."""
    digest = hashlib.sha256()
    for folder in _CODE:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in _KINDS and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Seen:
    """A case that was recorded undisturbed: its points, what a second such run had otherwise, how long it took."""

    case: str
    points: list[Point]
    restless: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Journal:
    """The file; `seen` and `verdicts` are what stands in it for this code, each by its case (and point)."""

    def __init__(self, file: Path, code: str) -> None:
        self._file, self._code, self._lock = file, code, Lock()
        self.seen: dict[str, Seen] = {}
        self.verdicts: dict[tuple[str, str], Verdict] = {}
        self.seconds = 0.0                  # of all sittings
        self.sittings = 0
        self.skipped = 0                    # lines of other code
        for line in self._lines():
            self._take(line)

    def _lines(self) -> Iterator[dict[str, object]]:
        if not self._file.exists():
            return
        content = self._file.read_bytes()
        whole = content[:content.rfind(b"\n") + 1]
        if len(whole) < len(content):                   # killed while it was writing
            self._file.write_bytes(whole)
        for line in whole.splitlines():
            said = json.loads(line)
            if said["code"] == self._code:
                yield said
            else:
                self.skipped += 1

    def _take(self, said: dict[str, object]) -> None:
        match said:
            case {"seen": dict(one)}:
                seen = Seen(**{**one, "points": [Point(**point) for point in one["points"]]})
                self.seen[seen.case] = seen
            case {"verdict": dict(one), "case": str(case)}:
                verdict = Verdict(**{**one, "point": Point(**one["point"]), "findings": [tuple(row) for row in one["findings"]],
                                     "differences": [Difference(**row) for row in one["differences"]]})
                self.verdicts[case, str(verdict.point)] = verdict
            case {"sitting": float(seconds)}:
                self.seconds += seconds
                self.sittings += 1

    def _write(self, **said: object) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"code": self._code, **said}, ensure_ascii=False) + "\n"
        with self._lock, self._file.open("ab") as out:
            out.write(line.encode())
            self._take(json.loads(line))

    def saw(self, seen: Seen) -> None:
        """A case was recorded."""
        self._write(seen=asdict(seen))

    def judged(self, case: str, verdict: Verdict) -> None:
        """A run was judged."""
        self._write(case=case, verdict=asdict(verdict))

    def sat(self, seconds: float) -> None:
        """A sitting ended after so long."""
        self._write(sitting=float(seconds))
