"""Carrying messages to the office's webhook: per claim in order, again and again until the office signs for it."""

from __future__ import annotations

import http.client
import secrets
import sqlite3
import threading
import time
from urllib.parse import urlsplit

from infra.twins.insurer import spoil
from infra.twins.insurer.outgoing import CUT, STRANGER
from infra.twins.insurer.store import Store
from infra.twins.insurer.wire import HEADER, Fault, Keys

PATH = "/api/v1/insurer/messages"
LONGEST_WAIT, FIRST_WAIT, TIMEOUT = 2.0, 0.1, 10.0
DUE = """SELECT * FROM message AS m WHERE webhook = 'pending' AND rank = (
    SELECT min(rank) FROM message WHERE claim_no = m.claim_no AND webhook = 'pending') ORDER BY rank"""


class Postman(threading.Thread):
    """One background thread; what is left when it dies is in the store."""

    def __init__(self, store: Store, keys: Keys, office_url: str) -> None:
        super().__init__(daemon=True, name="postman")
        self._store, self._keys, self._office = store, keys, urlsplit(office_url)
        self._target = self._office.path.rstrip("/") + PATH
        self._tries: dict[int, int] = {}
        self._not_before: dict[int, float] = {}

    def run(self) -> None:
        """Go round for ever: deliver what is due, then sleep until woken or until a try is due again."""
        while True:
            self._store.woken.clear()
            with self._store.reading() as db:
                due = db.execute(DUE).fetchall()
            for row in due:
                self._visit(row)
            self._store.woken.wait(self._pause())

    def _visit(self, row: sqlite3.Row) -> None:
        seq, now = row["seq"], time.monotonic()
        not_before = self._not_before.setdefault(seq, now + row["delay"])
        if now < not_before:
            return
        if self._deliver(row, row["wrong"]) and not row["wrong"]:
            for _ in range(row["copies"] - 1):
                self._deliver(row, 0)
            self._mark(seq, "UPDATE message SET webhook = 'done' WHERE seq = ?")
            self._not_before.pop(seq)
            self._tries.pop(seq, None)
            return
        if row["wrong"]:
            self._mark(seq, "UPDATE message SET wrong = 0 WHERE seq = ?")
        tries = self._tries[seq] = self._tries.get(seq, 0) + 1
        self._not_before[seq] = time.monotonic() + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries - 1, 10))

    def _pause(self) -> float:
        if not self._not_before:
            return LONGEST_WAIT
        return max(0.01, min(LONGEST_WAIT, min(self._not_before.values()) - time.monotonic()))

    def _mark(self, seq: int, statement: str) -> None:
        with self._store.transaction() as db:
            db.execute(statement, (seq,))

    def _deliver(self, row: sqlite3.Row, wrong: int) -> bool:
        """One try, spoiled when `wrong`; True when the office answered 2xx with its signature over this very request."""
        body, nonce = row["text"].encode(), secrets.token_hex(16)
        header = self._keys.sign("POST", self._target, row["at"], nonce, body, stranger=wrong == STRANGER)
        body = spoil.cut(body) if wrong == CUT else body
        kind = http.client.HTTPSConnection if self._office.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._office.hostname or "", self._office.port, timeout=TIMEOUT)
        try:
            connection.request("POST", self._target, body, {HEADER: header, "Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read()
            if response.status // 100 != 2:
                return False
            signed = self._keys.check(response.getheader(HEADER), f"POST {response.status}", self._target, answer)
        except (OSError, http.client.HTTPException):
            return False                                         # nobody there, or nonsense: the next round tries again
        except Fault as fault:
            print(f"message {row['seq']} will be sent again, the office's answer is not signed: {fault}", flush=True)
            return False
        finally:
            connection.close()
        return signed.nonce == nonce
