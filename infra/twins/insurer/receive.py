"""What the office may send: each message checked, kept once, and answered with the same receipt ever after."""

from __future__ import annotations

import json
import sqlite3

from infra.twins.insurer import check, desk, faults, statement, unpack
from infra.twins.insurer.opener import Opener
from infra.twins.insurer.store import Store, last_seq, newest
from infra.twins.insurer.wire import Fault, Json, canonical, sha256

OPEN = ("new", "received", "filed", "questioned")


class Receiver:
    """The protocol's five requests, after the signature held."""

    def __init__(self, store: Store, opener: Opener, *, seed: int, auto_ack: bool) -> None:
        self._store, self.opener, self._seed, self._auto_ack = store, opener, seed, auto_ack

    def open(self, kind: str, container: bytes) -> Json:
        """The message of a sealed container, its package checked file by file."""
        return unpack.one(self.opener.open(container), kind, self.opener.suite)

    def post(self, kind: str, claim_no: str, message: Json, *, nonce: str, signed_digest: str) -> Json:
        """Take a message in and give its receipt."""
        _shape(kind, message)
        if message["claim_no"] != claim_no:
            raise check.bad("claim_no", "与路径中的案件编号相同")
        with self._store.transaction() as db:
            _fresh_nonce(db, nonce, signed_digest)
            return self._known(db, kind, message) or self._take(db, kind, message)

    def status(self, claim_no: str) -> Json:
        """Where the newest dossier of a claim stands."""
        with self._store.reading() as db:
            row = newest(db, claim_no)
            if row is None:
                raise Fault(404, "unknown_claim", f"没有案卷 {claim_no}")
            return {"claim_no": claim_no, "round": row["round"], "version": row["version"],
                    "package_digest": row["digest"], "state": row["state"], "report_no": row["report_no"],
                    "case_no": row["case_no"], "recall_requested": bool(row["recall_requested"]),
                    "last_seq": last_seq(db)}

    def statement(self, day: object) -> Json:
        """The list of a day."""
        with self._store.reading() as db:
            return statement.of(db, day)

    def _known(self, db: sqlite3.Connection, kind: str, message: Json) -> Json | None:
        """The stored receipt of a repeat, by message id or by content."""
        digest = _digest(kind, message)
        row = db.execute("SELECT * FROM inbound WHERE message_id = ?", (message["message_id"],)).fetchone()
        if row is not None and (row["claim_no"], row["kind"], row["digest"]) != (message["claim_no"], kind, digest):
            raise Fault(409, "message_id_reused", "同一 message_id 对应不同内容", "message_id")
        row = row or db.execute(
            "SELECT * FROM inbound WHERE claim_no = ? AND round = ? AND version = ? AND kind = ? AND digest = ?",
            (message["claim_no"], message["round"], message["version"], kind, digest)).fetchone()
        return None if row is None else json.loads(row["receipt"])

    def _take(self, db: sqlite3.Connection, kind: str, message: Json) -> Json:
        number = db.execute("SELECT count(*) FROM inbound").fetchone()[0] + 1
        receipt: Json = {"receipt_no": f"SJ{self._seed:03d}{number:08d}", "claim_no": message["claim_no"],
                         "round": message["round"], "version": message["version"], "kind": kind,
                         "digest": _digest(kind, message), "at": message["at"]}
        {"dossier": self._dossier, "reply": self._reply, "recall": self._recall}[kind](db, message, receipt)
        db.execute("INSERT INTO inbound VALUES (?, ?, ?, ?, ?, ?, ?)", (
            message["message_id"], message["claim_no"], message["round"], message["version"], kind,
            receipt["digest"], canonical(receipt).decode()))
        return receipt

    def _dossier(self, db: sqlite3.Connection, message: Json, receipt: Json) -> None:
        _may_follow(newest(db, str(message["claim_no"])), message)
        body = message["body"]
        assert isinstance(body, dict)
        insured_key = sha256(canonical([body["insured"]["id_number"], body["policy_no"], body["cover"]["effective"]]))
        db.execute(
            "INSERT INTO dossier (claim_no, round, version, handoff_id, digest, at, body, receipt, insured_key, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'new')",
            (message["claim_no"], message["round"], message["version"], message["handoff_id"], body["package_digest"],
             message["at"], canonical(body).decode(), canonical(receipt).decode(), insured_key))
        if faults.take(db, str(message["claim_no"]), "reject_then_accept", "dossier") is not None:
            desk.step(db, str(message["claim_no"]), "reject", {"at": message["at"]}, seed=self._seed)
        elif self._auto_ack:
            desk.step(db, str(message["claim_no"]), "ack", {"at": message["at"]}, seed=self._seed)

    def _reply(self, db: sqlite3.Connection, message: Json, _receipt: Json) -> None:
        row = _in_force(db, message)
        body = message["body"]
        question = json.loads(row["question"]) if row["question"] else None
        assert isinstance(body, dict)
        if row["state"] != "questioned" or question is None or question["message_id"] != body["in_reply_to"]:
            raise Fault(409, "not_questioned", "没有这样一个待答的问题", "body.in_reply_to")
        _all_answered(question["codes"], body["items"])
        db.execute("INSERT INTO reply VALUES (?, ?, ?, ?, ?, ?)", (message["message_id"], row["claim_no"], row["round"], row["version"],
                                                                  message["at"], canonical(body).decode()))
        db.execute("UPDATE dossier SET state = ?, question = NULL WHERE claim_no = ? AND round = ? AND version = ?", (
            "filed" if row["case_no"] else "received", row["claim_no"], row["round"], row["version"]))
        if faults.take(db, row["claim_no"], "question_twice", "reply") is not None:
            self._ask_again(db, row["claim_no"], str(message["at"]))

    def _ask_again(self, db: sqlite3.Connection, claim_no: str, at: str) -> None:
        """The very question that was just answered, as a new message."""
        asked = db.execute("SELECT text FROM message WHERE claim_no = ? AND kind = 'question' ORDER BY seq DESC", (claim_no,)).fetchone()
        desk.step(db, claim_no, "question", {"at": at, "items": json.loads(asked["text"])["body"]["items"]}, seed=self._seed)

    def _recall(self, db: sqlite3.Connection, message: Json, _receipt: Json) -> None:
        row = _in_force(db, message)
        if row["state"] not in OPEN:
            raise Fault(409, "too_late", f"案卷已处于 {row['state']}，不能撤回")
        db.execute("UPDATE dossier SET recall_requested = 1 WHERE claim_no = ? AND round = ? AND version = ?",
                   (row["claim_no"], row["round"], row["version"]))


def _shape(kind: str, message: Json) -> None:
    if kind == "dossier":
        check.dossier(message)
    else:
        check.envelope(message, kind, check.REPLY if kind == "reply" else check.RECALL)


def _digest(kind: str, message: Json) -> str:
    body = message["body"]
    assert isinstance(body, dict)
    return str(body["package_digest"]) if kind == "dossier" else sha256(canonical(body))


def _fresh_nonce(db: sqlite3.Connection, nonce: str, signed_digest: str) -> None:
    row = db.execute("SELECT digest FROM nonce WHERE nonce = ?", (nonce,)).fetchone()
    if row is not None and row["digest"] != signed_digest:
        raise Fault(409, "nonce_reused", "nonce 已用于另一报文")
    db.execute("INSERT OR IGNORE INTO nonce VALUES (?, ?)", (nonce, signed_digest))


def _may_follow(last: sqlite3.Row | None, message: Json) -> None:
    """A new dossier after the last one of the claim; see PROTOCOL.md for the order of rounds and versions."""
    if last is None:
        return
    number, before = (message["round"], message["version"]), (last["round"], last["version"])
    if number == before:
        raise Fault(409, "digest_mismatch", "同一案卷、轮次、版本的内容与已收到的不同", "body.package_digest")
    if number < before:
        raise Fault(409, "outdated", f"已有更新的案卷：第 {before[0]} 轮第 {before[1]} 版")
    ended = ("rejected", "recalled") if number[0] == before[0] else ("rejected", "recalled", "decided", "settled")
    if last["state"] not in ended:
        raise Fault(409, "in_hand", f"前一案卷仍在处理（{last['state']}）")


def _in_force(db: sqlite3.Connection, message: Json) -> sqlite3.Row:
    row = newest(db, str(message["claim_no"]))
    if row is None:
        raise Fault(404, "unknown_claim", f"没有案卷 {message['claim_no']}")
    if (row["round"], row["version"]) != (message["round"], message["version"]):
        raise Fault(409, "outdated", f"现行案卷为第 {row['round']} 轮第 {row['version']} 版")
    return row


def _all_answered(codes: list[str], items: list[Json]) -> None:
    if sorted(codes) != sorted(str(item["code"]) for item in items):
        raise Fault(422, "unanswered", f"须逐项答复：{'、'.join(codes)}", "body.items")
    for item in items:
        if not (item["text"] or item["papers"] or item["unavailable"]):
            raise Fault(422, "unanswered", f"{item['code']} 没有文字、材料，也未声明无法提供", "body.items")
