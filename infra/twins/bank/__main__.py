"""Starts the bank: `python -m infra.twins.bank --help`."""

from __future__ import annotations

import argparse
import hashlib
import json
import signal
import time
from pathlib import Path

from infra.twins.bank.answering import files
from infra.twins.bank.book import Book, accounts_of
from infra.twins.bank.faults import NAMES, Faults, parsed
from infra.twins.bank.reading import read
from infra.twins.bank.values import Refused
from infra.twins.bank.writing import ENDINGS

PAUSE = 0.2
LAID = (".txt", ".csv", ".xml")


class Counter:
    """Looks into the folder where the house lays its files, and lays the answers into its own."""

    def __init__(self, inbox: Path, outbox: Path, book: Book, faults: Faults) -> None:
        self._inbox, self._outbox, self._book, self._faults = inbox, outbox, book, faults
        self._seen: dict[str, str] = {}
        outbox.mkdir(parents=True, exist_ok=True)

    def look(self) -> None:
        """Take every file that is new or other than it was; the house's own folder is only read."""
        for path in sorted(self._inbox.glob("*")) if self._inbox.is_dir() else []:
            if path.suffix in LAID and path.is_file():
                content = path.read_bytes()
                sha256 = hashlib.sha256(content).hexdigest()
                if self._seen.get(path.name) != sha256:
                    self._take(path.name, content, sha256)
                    self._seen[path.name] = sha256

    def _take(self, name: str, content: bytes, sha256: str) -> None:
        try:
            asked = read(content)
            first, late = self._book.take(asked, sha256)
        except Refused as refusal:
            words = {"file": name, "sha256": sha256, "code": refusal.code, "message": refusal.message}
            self._lay(f"{name}.refused.json", json.dumps(words, ensure_ascii=False, sort_keys=True).encode())
            print(f"refused {name}: {refusal}", flush=True)
            return
        for place, answer in enumerate(files(asked, first, late, self._faults), 1):
            self._lay(f"{asked.run_no}-{place}.{ENDINGS[asked.layout]}", answer)
        credited = sum(one.credited for one in first)
        print(f"taken {name}: {len(first)} lines, {credited} credited, {len(late)} back later", flush=True)

    def _lay(self, name: str, content: bytes) -> None:
        part = self._outbox / f"{name}.part"
        part.write_bytes(content)
        part.replace(self._outbox / name)


def main() -> None:
    """Look until stopped, or once."""
    parser = argparse.ArgumentParser(prog="python -m infra.twins.bank", description="A stand-in of a bank")
    parser.add_argument("--in", dest="inbox", type=Path, required=True, help="folder where the house lays payment files; only read")
    parser.add_argument("--out", dest="outbox", type=Path, required=True, help="folder for return files and refusals")
    parser.add_argument("--data", type=Path, required=True, help="folder of the bank's own books")
    parser.add_argument("--accounts", type=Path, help="JSON, see PROTOCOL.md; without it every account exists")
    parser.add_argument("--seed", type=int, default=0, help="which lines and files the faults befall")
    parser.add_argument("--faults", default="", help=f"NAME=SHARE or NAME:LINE,…; names: {', '.join(NAMES)}")
    parser.add_argument("--once", action="store_true", help="look once and end")
    given = parser.parse_args()
    faults = parsed(given.faults, given.seed)
    counter = Counter(given.inbox, given.outbox, Book(given.data, accounts_of(given.accounts), faults), faults)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(SystemExit(0)))
    counter.look()
    while not given.once:
        time.sleep(PAUSE)
        counter.look()


if __name__ == "__main__":
    main()
