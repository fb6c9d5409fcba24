"""What the demonstration leaves behind for people to look at: letters, bank files, insurer packages, the table."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from services.core.settings import Settings
from services.simulate.acts import Office
from services.simulate.outcome import Difference, Outcome


class Results:
    """`letters/<claim>/`, `bank/`, `insurer/`, `results.csv`, `results.json` in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def papers(self, office: Office, config: Settings) -> None:
        """Letters through the API, bank files as they were exchanged, packages as they were sent."""
        for claim_no, name, content in office.letters():
            self._put(self.directory / "letters" / claim_no / name, content)
        for claim_no, content in packages(config.data_dir / "twin" / "insurer.sqlite3"):
            self._put(self.directory / "insurer" / f"{claim_no}.json", content)
        if config.bank_dir.is_dir():
            shutil.copytree(config.bank_dir, self.directory / "bank", dirs_exist_ok=True)

    def table(self, outcomes: Sequence[Outcome], wrong: Sequence[Difference]) -> None:
        """The table as CSV and, with what differs, as JSON."""
        rows = [outcome.as_row() for outcome in outcomes]
        with (self.directory / "results.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else ["id"])
            writer.writeheader()
            writer.writerows(rows)
        told = {"equal": not wrong, "rows": rows, "differences": [asdict(item) for item in wrong]}
        self._put(self.directory / "results.json", json.dumps(told, ensure_ascii=False, indent=1).encode())

    def places(self) -> list[tuple[Path, str]]:
        """Where things lie, in words."""
        named = (("letters", "文书（PDF，按案号）"), ("bank", "银行付款文件与回盘文件"), ("insurer", "送交保险公司的案卷"),
                 ("results.csv", "结果表"), ("results.json", "结果表（JSON）"))
        return [(self.directory / name, words) for name, words in named if (self.directory / name).exists()]

    @staticmethod
    def _put(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def packages(records: Path) -> Iterator[tuple[str, bytes]]:
    """Every dossier as the insurer has it in its own records: claim number and canonical JSON."""
    with closing(sqlite3.connect(f"file:{records}?mode=ro", uri=True)) as db:
        for claim_no, body in db.execute("SELECT claim_no, body FROM dossier ORDER BY rowid"):
            yield claim_no, body if isinstance(body, bytes) else body.encode()
