"""Named faults: switched on per claim and per message, used up by `times`, kept across a restart."""

from __future__ import annotations

import sqlite3

from infra.twins.insurer.store import Store
from infra.twins.insurer.wire import Fault, Json

ASKED = ("dossier", "reply", "recall", "status")
SENT = ("ack", "file", "question", "answer_part", "decide", "settle", "reject", "recalled")
REACH = {"slow": ASKED + SENT, "lost_answer": ASKED, "wrong_signature": ASKED + SENT, "duplicate": SENT,
         "no_webhook": SENT, "out_of_order": ("decide",), "partial_decision": ("decide",), "truncated_body": ASKED + SENT,
         "stale_replay": ASKED, "wrong_digest": ASKED[:3], "insurer_restart": ASKED, "wrong_amount": ("decide",),
         "unknown_claim": SENT, "reject_then_accept": ("dossier",), "question_twice": ("reply",), "clock_skew": SENT}
DEFAULT = {"slow": ASKED[:3], "lost_answer": ASKED[:3], "wrong_signature": SENT, "truncated_body": ASKED[:3],
           "stale_replay": ASKED[:3], "insurer_restart": ASKED[:3]}


def switch(store: Store, wish: Json) -> Json:
    """Switch a fault on, or off with `times: 0`; the answer lists all that are on."""
    claim_no, name, times = wish.get("claim_no"), wish.get("fault"), wish.get("times", 1)
    kind, seconds = wish.get("on"), wish.get("seconds", 2)
    if not isinstance(claim_no, str) or not isinstance(name, str) or name not in REACH:
        raise Fault(422, "invalid", f"fault：应为 {'、'.join(REACH)} 之一，并给出 claim_no", "fault")
    if kind is not None and kind not in REACH[name]:
        raise Fault(422, "invalid", f"on：{name} 只能作用于 {'、'.join(REACH[name])}", "on")
    if type(times) is not int or times < 0 or not isinstance(seconds, int | float):
        raise Fault(422, "invalid", "times 应为不小于 0 的整数，seconds 应为秒数", "times")
    with store.transaction() as db:
        db.execute("DELETE FROM fault WHERE claim_no = ? AND name = ? AND kind IS ?", (claim_no, name, kind))
        if times:
            db.execute("INSERT INTO fault (claim_no, name, kind, times, seconds) VALUES (?, ?, ?, ?, ?)",
                       (claim_no, name, kind, times, float(seconds)))
        return {"faults": [dict(row) for row in db.execute("SELECT claim_no, name, kind, times, seconds FROM fault")]}


def find(db: sqlite3.Connection, claim_no: str, name: str, kind: str) -> sqlite3.Row | None:
    """The fault in force for this claim and kind of message, if any; the claim's own before that of all claims."""
    by_default = kind in DEFAULT.get(name, REACH[name])
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM fault WHERE name = ? AND claim_no IN (?, '*') AND (kind = ? OR (kind IS NULL AND ?))"
        " ORDER BY claim_no = '*', id LIMIT 1", (name, claim_no, kind, by_default)).fetchone()
    return row


def take(db: sqlite3.Connection, claim_no: str, name: str, kind: str) -> float | None:
    """Use a fault up by one; its seconds when it was on, else None."""
    row = find(db, claim_no, name, kind)
    if row is None:
        return None
    db.execute("UPDATE fault SET times = times - 1 WHERE id = ?", (row["id"],))
    db.execute("DELETE FROM fault WHERE times <= 0")
    return float(row["seconds"])


def arm(store: Store, text: str) -> None:
    """The faults of the command line, `CLAIM:NAME:TIMES[:ON],…`; once per data folder, not again after a restart."""
    with store.transaction() as db:
        if db.execute("SELECT 1 FROM meta WHERE name = 'faults'").fetchone():
            return
        db.execute("INSERT INTO meta VALUES ('faults', ?)", (text,))
    for item in filter(None, text.split(",")):
        claim_no, name, times, *kind = item.split(":")
        switch(store, {"claim_no": claim_no, "fault": name, "times": int(times), "on": kind[0] if kind else None})
