"""Writing a message of the insurer into the outbox, with the faults that will befall it."""

from __future__ import annotations

import json
import sqlite3
from uuid import NAMESPACE_URL, uuid5

from infra.twins.insurer import faults
from infra.twins.insurer.store import last_seq
from infra.twins.insurer.wire import Json, canonical

HELD = ("ack", "file")


def say(db: sqlite3.Connection, dossier: sqlite3.Row, kind: str, at: str, body: Json, *, seed: int) -> str:
    """Add a message about this dossier; its message_id, the same for the same seed and history."""
    seq, claim_no = last_seq(db) + 1, dossier["claim_no"]
    message_id = str(uuid5(NAMESPACE_URL, f"huzhu-insurer-twin/{seed}/{claim_no}/{dossier['round']}/{seq}/{kind}"))
    message: Json = {"message_id": message_id, "handoff_id": dossier["handoff_id"], "claim_no": claim_no,
                     "round": dossier["round"], "version": dossier["version"], "seq": seq, "kind": kind, "at": at,
                     "body": body}
    held = kind in HELD and faults.find(db, claim_no, "out_of_order", "decide") is not None
    never = faults.take(db, claim_no, "no_webhook", kind) is not None
    db.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (
        seq, claim_no, kind, at, canonical(message).decode(), "never" if never else "held" if held else "pending", seq,
        1 if faults.take(db, claim_no, "duplicate", kind) is None else 2,
        int(faults.take(db, claim_no, "wrong_signature", kind) is not None),
        faults.take(db, claim_no, "slow", kind) or 0.0))
    if kind == "decide" and faults.take(db, claim_no, "out_of_order", "decide") is not None:
        _let_overtake(db, claim_no, seq)
    return message_id


def _let_overtake(db: sqlite3.Connection, claim_no: str, seq: int) -> None:
    """The decision goes first, the held ack and file after it."""
    db.execute("UPDATE message SET rank = 0 WHERE seq = ?", (seq,))
    db.execute("UPDATE message SET webhook = 'pending' WHERE claim_no = ? AND webhook = 'held'", (claim_no,))


def after(db: sqlite3.Connection, seq: int, *, page: int = 20) -> Json:
    """What polling sees: everything ever said, in sequence, whatever became of its webhook."""
    rows = db.execute("SELECT text FROM message WHERE seq > ? ORDER BY seq LIMIT ?", (seq, page))
    return {"messages": [json.loads(row["text"]) for row in rows], "last": last_seq(db)}
