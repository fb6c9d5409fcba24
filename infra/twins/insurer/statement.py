"""The list of one day for the office's daily comparison, from what was kept: by the messages' own times, in China."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone

from infra.twins.insurer.wire import Fault, Json

CHINA = timezone(timedelta(hours=8))
OVER = ("settled", "rejected", "recalled")
AFTER = {"ack": "received", "file": "filed", "question": "questioned", "decide": "decided", "settle": "settled",
         "reject": "rejected", "recalled": "recalled"}
Key = tuple[str, int, int]
SAID = """
    SELECT claim_no, json_extract(text, '$.round') AS round, json_extract(text, '$.version') AS version, seq, kind, at,
           json_extract(text, '$.message_id') AS message_id, json_extract(text, '$.body.total') AS total,
           json_extract(text, '$.body.amount') AS amount, json_extract(text, '$.body.serial') AS serial FROM message ORDER BY seq"""


def of(db: sqlite3.Connection, day: object) -> Json:
    """Every dossier that was open at the day's end or had a message dated that day. Fault for what is no day."""
    wanted = _wanted(day)
    heard, said = _heard(db, wanted), _said(db, wanted)
    digests = {(row["claim_no"], row["round"], row["version"]): row["digest"]
               for row in db.execute("SELECT claim_no, round, version, digest FROM dossier")}
    positions = [_position(key, digests[key], heard[key], said.get(key, [])) for key in sorted(heard) if key in digests]
    return {"day": wanted.isoformat(), "positions": [
        position for position in positions if position["state"] not in OVER or _moved(position, wanted)]}


def _wanted(day: object) -> date:
    try:
        found = date.fromisoformat(str(day))
    except ValueError:
        raise Fault(422, "invalid", "day：应为 YYYY-MM-DD", "day") from None
    if found.isoformat() != day:
        raise Fault(422, "invalid", "day：应为 YYYY-MM-DD", "day")
    return found


def _day(at: object) -> date:
    return datetime.fromisoformat(str(at)).astimezone(CHINA).date()


def _heard(db: sqlite3.Connection, until: date) -> dict[Key, list[Json]]:
    """The office's messages up to the day, each dossier's in the order they came."""
    found: dict[Key, list[Json]] = defaultdict(list)
    for row in db.execute("SELECT message_id, claim_no, round, version, kind, receipt FROM inbound ORDER BY rowid"):
        at = json.loads(row["receipt"])["at"]
        if _day(at) <= until:
            found[row["claim_no"], row["round"], row["version"]].append({"message_id": row["message_id"], "kind": row["kind"], "at": at})
    return found


def _said(db: sqlite3.Connection, until: date) -> dict[Key, list[Json]]:
    """Our messages up to the day, in their sequence, the sums beside them."""
    found: dict[Key, list[Json]] = defaultdict(list)
    for row in db.execute(SAID):
        if _day(row["at"]) <= until:
            found[row["claim_no"], row["round"], row["version"]].append(dict(row))
    return found


def _position(key: Key, digest: str, heard: Sequence[Json], said: Sequence[Json]) -> Json:
    newest = {str(message["kind"]): message for message in said}
    decided, settled = newest.get("decide", {}), newest.get("settle", {})
    return {"claim_no": key[0], "round": key[1], "version": key[2], "package_digest": digest, "state": _state(heard, said),
            "heard": list(heard), "said": [{name: message[name] for name in ("message_id", "seq", "kind", "at")} for message in said],
            "decided": decided.get("total"), "settled": settled.get("amount"), "serial": settled.get("serial")}


def _state(heard: Sequence[Json], said: Sequence[Json]) -> str:
    state, filed = "new", False
    for message in said:
        filed = filed or message["kind"] == "file"
        state = AFTER.get(str(message["kind"]), state)
    replies = sum(1 for message in heard if message["kind"] == "reply")
    questions = sum(1 for message in said if message["kind"] == "question")
    if state == "questioned" and replies >= questions:
        return "filed" if filed else "received"
    return state


def _moved(position: Json, day: date) -> bool:
    heard, said = position["heard"], position["said"]
    assert isinstance(heard, list) and isinstance(said, list)
    return any(_day(message["at"]) == day for message in [*heard, *said])
