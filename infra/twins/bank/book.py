"""The bank's own books in one SQLite file: files taken, what every account was credited and gave back. A killed bank goes on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from infra.twins.bank.faults import Faults
from infra.twins.bank.values import Instruction, Line, Refused, Result

SCHEMA = """
CREATE TABLE IF NOT EXISTS taken (run_no TEXT PRIMARY KEY, sha256 TEXT NOT NULL, layout TEXT NOT NULL, fen INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS entry (
    serial TEXT PRIMARY KEY, run_no TEXT NOT NULL, reference TEXT NOT NULL, account TEXT NOT NULL, fen INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('credit', 'refused', 'back')), at TEXT NOT NULL, why TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS entry_once ON entry (reference, kind);
"""
CREDITED, LATE = timedelta(hours=18), timedelta(days=3)         # after the run's release


class Book:
    """Books a file once: every line is credited or refused, in one transaction."""

    def __init__(self, folder: Path, accounts: Mapping[str, Mapping[str, str]] | None, faults: Faults) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "bank.sqlite3", isolation_level=None)
        self._db.executescript(SCHEMA)
        self._accounts, self._faults = accounts, faults

    def take(self, asked: Instruction, sha256: str) -> tuple[list[Result], list[Result]]:
        """What became of the lines, and what came back days later. The very same file again gets the same and books nothing.

        Refused `run_reused`: the run's number was taken with other content; `reference_reused`: another run has one of the payments.
        """
        self._db.execute("BEGIN IMMEDIATE")
        try:
            known = self._db.execute("SELECT sha256 FROM taken WHERE run_no = ?", (asked.run_no,)).fetchone()
            if known is not None and known[0] != sha256:
                raise Refused("run_reused", f"批次 {asked.run_no} 已收过，内容不同")
            if known is None:
                self._not_yet(asked)
            first = [self._booked(asked, line) for line in asked.lines]
            late = [self._back(asked, one) for one in first
                    if one.credited and self._faults.of_line(one.line) == "late_return"]
            if known is None:
                self._db.execute("INSERT INTO taken VALUES (?, ?, ?, ?)", (asked.run_no, sha256, asked.layout, asked.fen))
                booked = [*(("credit" if one.credited else "refused", one) for one in first), *(("back", one) for one in late)]
                self._db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [
                    (one.serial, asked.run_no, one.line.reference, one.line.account, one.line.fen, kind, one.at.isoformat(), one.why)
                    for kind, one in booked])
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return first, late

    def _not_yet(self, asked: Instruction) -> None:
        for line in asked.lines:
            taken = self._db.execute("SELECT run_no FROM entry WHERE reference = ?", (line.reference,)).fetchone()
            if taken is not None:
                raise Refused("reference_reused", f"付款编号 {line.reference} 已在批次 {taken[0]} 中")

    def _booked(self, asked: Instruction, line: Line) -> Result:
        why, fault = self._why_not(line), self._faults.of_line(line)
        why = why or {"account_unknown": "账号不存在", "name_mismatch": "户名与账号不符"}.get(fault, "")
        meant = Line(**{**vars(line), "fen": line.fen + 100}) if fault == "other_amount" and not why else line
        return Result(meant, not why, _serial(asked, line, "C"), asked.at + CREDITED, why)

    def _back(self, asked: Instruction, one: Result) -> Result:
        return Result(one.line, False, _serial(asked, one.line, "R"), asked.at + LATE, "收款行退汇")

    def _why_not(self, line: Line) -> str:
        """Why the bank's own list of accounts does not take it; without a list every account is there under the name given."""
        if self._accounts is None:
            return ""
        known = self._accounts.get(line.account)
        if known is None:
            return "账号不存在"
        if known.get("state") == "closed":
            return "账户已销户"
        return "" if known.get("holder") == line.holder else "户名与账号不符"


def _serial(asked: Instruction, line: Line, kind: str) -> str:
    return f"{asked.run_no}{kind}{line.number:06d}"[-24:]


def accounts_of(path: Path | None) -> dict[str, dict[str, str]] | None:
    """The list of accounts, `{"account": {"holder", "state"?}}`, or None."""
    return None if path is None else json.loads(path.read_text(encoding="utf-8"))
