"""Writing a message of the insurer into the outbox, with the faults that will befall it."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5

from infra.twins.insurer import faults
from infra.twins.insurer.store import last_seq
from infra.twins.insurer.wire import Json, canonical

HELD = ("ack", "file")
STRANGER, CUT = 1, 2            # how the first try of a message is spoiled
AHEAD = timedelta(hours=26)     # how far the clock of `clock_skew` runs before everybody's


def say(db: sqlite3.Connection, dossier: sqlite3.Row, kind: str, at: str, body: Json, *, seed: int) -> str:
    """Add a message about this dossier; its message_id, the same for the same seed and history."""
    claim_no = dossier["claim_no"]
    if faults.take(db, claim_no, "unknown_claim", kind) is not None:
        _add(db, dossier, f"NOBODY-{claim_no}", kind, at, body, seed)
    if faults.take(db, claim_no, "clock_skew", kind) is not None:
        at, body = _ahead(at), {**body, "bank_time": _ahead(str(body["bank_time"]))} if body.get("bank_time") else body
    if faults.take(db, claim_no, "wrong_amount", kind) is not None:
        _add(db, dossier, claim_no, kind, at, {**body, "total": f"{Decimal(str(body['total'])) + 1:.2f}"}, seed)
    return _add(db, dossier, claim_no, kind, at, body, seed)


def _ahead(at: str) -> str:
    return (datetime.fromisoformat(at) + AHEAD).isoformat()


def _add(db: sqlite3.Connection, dossier: sqlite3.Row, claim_no: str, kind: str, at: str, body: Json, seed: int) -> str:
    seq = last_seq(db) + 1
    message_id = str(uuid5(NAMESPACE_URL, f"huzhu-insurer-twin/{seed}/{claim_no}/{dossier['round']}/{seq}/{kind}"))
    message: Json = {"message_id": message_id, "handoff_id": dossier["handoff_id"], "claim_no": claim_no,
                     "round": dossier["round"], "version": dossier["version"], "seq": seq, "kind": kind, "at": at,
                     "body": body}
    held = kind in HELD and faults.find(db, claim_no, "out_of_order", "decide") is not None
    never = faults.take(db, claim_no, "no_webhook", kind) is not None
    stranger = faults.take(db, claim_no, "wrong_signature", kind) is not None
    wrong = STRANGER if stranger else CUT if faults.take(db, claim_no, "truncated_body", kind) is not None else 0
    db.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (
        seq, claim_no, kind, at, canonical(message).decode(), "never" if never else "held" if held else "pending", seq,
        1 if faults.take(db, claim_no, "duplicate", kind) is None else 2, wrong, faults.take(db, claim_no, "slow", kind) or 0.0))
    if kind == "decide" and faults.take(db, claim_no, "out_of_order", "decide") is not None:
        _let_overtake(db, claim_no, seq)
    return message_id


def _let_overtake(db: sqlite3.Connection, claim_no: str, seq: int) -> None:
    """The decision goes first, the held ack and file half a second after it."""
    db.execute("UPDATE message SET rank = 0 WHERE seq = ?", (seq,))
    db.execute("UPDATE message SET webhook = 'pending', delay = max(delay, 0.5) WHERE claim_no = ? AND webhook = 'held'", (claim_no,))


def after(db: sqlite3.Connection, seq: int, *, page: int = 20) -> Json:
    """What polling sees: everything ever said, in sequence, whatever became of its webhook."""
    rows = db.execute("SELECT text FROM message WHERE seq > ? ORDER BY seq LIMIT ?", (seq, page))
    return {"messages": [json.loads(row["text"]) for row in rows], "last": last_seq(db)}
