"""Many dossiers in one package: each is taken or refused by itself, with the receipt it would have had alone."""

from __future__ import annotations

from infra.twins.insurer import unpack
from infra.twins.insurer.receive import Receiver
from infra.twins.insurer.store import Store
from infra.twins.insurer.wire import Fault, Json


def take(receiver: Receiver, content: bytes, suite: str, *, nonce: str, signed_digest: str) -> Json:
    """The answers in the package's order. A package that is broken as a whole is refused as a whole."""
    return {"answers": [_one(receiver, message, nonce, signed_digest) for message in unpack.messages(content, suite)]}


def _one(receiver: Receiver, message: Json, nonce: str, signed_digest: str) -> Json:
    status, body = 200, {}
    try:
        body = receiver.post("dossier", str(message["claim_no"]), message, nonce=nonce, signed_digest=signed_digest)
    except Fault as fault:
        status, body = fault.status, fault.body()
    return {"claim_no": message["claim_no"], "round": message["round"], "version": message["version"], "status": status, "body": body}


def concerned(store: Store, content: bytes, suite: str) -> str:
    """The claim of the package a fault lies in wait for, else its first; empty when nobody can tell."""
    try:
        claims = [str(message["claim_no"]) for message in unpack.messages(content, suite)]
    except Fault:
        return ""
    with store.reading() as db:
        waiting = {row["claim_no"] for row in db.execute("SELECT claim_no FROM fault")}
    return next((claim for claim in claims if claim in waiting), claims[0])
