"""Faults that befall an answer: what is done to it on its way, over both lines alike."""

from __future__ import annotations

import json
import os
import sqlite3
import sys

from infra.twins.insurer import faults
from infra.twins.insurer.wire import Json, canonical, sha256

ANSWERED = ("slow", "lost_answer", "wrong_signature", "truncated_body", "stale_replay", "wrong_digest", "insurer_restart")
_how: list[str] = []


def befallen(db: sqlite3.Connection, claim_no: str, kind: str) -> dict[str, float]:
    """The faults this answer meets, each used up by one, with their seconds. A package suffers as one of its dossiers would."""
    kind = "dossier" if kind == "batch" else kind
    found = {name: faults.take(db, claim_no, name, kind) for name in ANSWERED if kind in faults.ASKED}
    return {name: seconds for name, seconds in found.items() if seconds is not None}


def other_digest(body: Json, claim_no: str) -> Json:
    """The receipt of this claim names a digest that is not the dossier's; nothing else is changed."""
    if "answers" in body:
        answers: list[Json] = json.loads(canonical(body["answers"]))
        return {**body, "answers": [{**one, "body": other_digest(_record(one["body"]), claim_no)}
                                    if one.get("claim_no") == claim_no else one for one in answers]}
    return {**body, "digest": sha256(str(body["digest"]).encode())} if "digest" in body else body


def _record(value: object) -> Json:
    assert isinstance(value, dict)
    return value


def cut(content: bytes) -> bytes:
    """The first half."""
    return content[:len(content) // 2]


def remember(arguments: list[str]) -> None:
    """How this twin was started, its ports chosen: `insurer_restart` starts it so again."""
    _how[:] = arguments


def restart() -> None:
    """Gone as by kill -9, every thread in the midst of what it did, and started again: nobody answers until it listens anew."""
    if not _how:
        raise SystemExit("the twin does not know how it was started")
    os.execv(sys.executable, [sys.executable, "-m", "infra.twins.insurer", *_how])
