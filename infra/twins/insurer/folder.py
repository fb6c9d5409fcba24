"""The batch folder: an SFTP server over it, and the clerk that works off what is laid in.

`in/<name>.hzp` is moved to `taken/` once it has its name, answered as `answers/<name>.hzp` and removed; messages to the office are laid as
`messages/<seq>.hzp`. Every file is a sealed container and is renamed into its place when it is whole.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
import traceback
from pathlib import Path

import asyncssh

from infra.twins.insurer import batch, spoil, unpack
from infra.twins.insurer.opener import Opener, digest
from infra.twins.insurer.outgoing import CUT, STRANGER
from infra.twins.insurer.receive import Receiver
from infra.twins.insurer.store import Store
from infra.twins.insurer.wire import Fault, Json, canonical, sha256

KINDS = ("dossier", "batch", "reply", "recall", "status", "statement")
ENDING = ".hzp"
PAUSE = 0.05
LATE = 0.6              # seconds until what was spoiled, or kept back, lies there as it should


def serve(folder: Path, keys: Path, port: int) -> int:
    """Start the server in a thread of its own; the port it listens on. Only the office's key gets in, and only to this folder."""
    for name in ("in", "taken", "answers", "messages"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    listening, ready = [0], threading.Event()

    async def start() -> None:
        office = asyncssh.import_public_key((keys / "office.pub.pem").read_bytes())
        acceptor = await asyncssh.listen(
            "127.0.0.1", port, server_host_keys=[asyncssh.import_private_key((keys / "insurer.pem").read_bytes())],
            authorized_client_keys=asyncssh.import_authorized_keys(office.export_public_key().decode()),
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(folder)), allow_scp=False, x11_forwarding=False,
            agent_forwarding=False, password_auth=False, kbdint_auth=False)
        listening[0] = acceptor.get_port()
        ready.set()
        await acceptor.wait_closed()
    threading.Thread(target=lambda: asyncio.run(start()), daemon=True, name="sftp").start()
    if not ready.wait(30):
        raise SystemExit("the SFTP server did not start")
    return listening[0]


class Clerk(threading.Thread):
    """Works off `in/` and lays messages out, until the process ends."""

    def __init__(self, folder: Path, store: Store, receiver: Receiver, opener: Opener) -> None:
        super().__init__(daemon=True, name="clerk")
        self._folder, self._store, self._receiver, self._opener = folder, store, receiver, opener
        self._not_before: dict[int, float] = {}

    def run(self) -> None:
        """Look, work, rest."""
        while True:
            try:
                for path in sorted((self._folder / "taken").glob(f"*{ENDING}")):     # of a clerk that was killed
                    self._take(path)
                for path in sorted((self._folder / "in").glob(f"*{ENDING}")):
                    self._take(path.replace(self._folder / "taken" / path.name))    # the same name may be laid in meanwhile
                self._lay_messages()
            except OSError:
                traceback.print_exc()
            time.sleep(PAUSE)

    def _take(self, path: Path) -> None:
        kind, container = path.name.partition("-")[0], path.read_bytes()
        claim_no, to, status, body = self._worked(kind, container)
        with self._store.transaction() as db:
            befallen = spoil.befallen(db, claim_no, kind)
        time.sleep(befallen.get("slow", 0))
        if "insurer_restart" in befallen:
            spoil.restart()
        if "wrong_digest" in befallen:
            body = spoil.other_digest(body, claim_no)
        if "lost_answer" not in befallen:
            said = {"to": digest(self._opener.suite, to.encode()) if "stale_replay" in befallen else to, "status": status, "body": body}
            answer = self._opener.close(canonical(said), stranger="wrong_signature" in befallen)
            _lay(self._folder / "answers" / path.name, spoil.cut(answer) if "truncated_body" in befallen else answer)
        path.unlink()

    def _worked(self, kind: str, container: bytes) -> tuple[str, str, int, Json]:
        """The claim, the digest of the content, and the answer to it."""
        claim_no = to = ""
        try:
            if kind not in KINDS:
                raise Fault(404, "unknown_path", f"不认识的文件种类 {kind[:20]}")
            content = self._opener.open(container)
            to = digest(self._opener.suite, content)
            mark = sha256(container)
            if kind == "batch":
                claim_no = batch.concerned(self._store, content, self._opener.suite)
                return claim_no, to, 200, batch.take(self._receiver, content, self._opener.suite, nonce=mark[:32], signed_digest=mark)
            message = unpack.one(content, kind, self._opener.suite)
            if kind == "statement":
                return claim_no, to, 200, self._receiver.statement(message.get("day"))
            claim_no = str(message.get("claim_no"))
            if kind == "status":
                return claim_no, to, 200, self._receiver.status(claim_no)
            return claim_no, to, 200, self._receiver.post(kind, claim_no, message, nonce=mark[:32], signed_digest=mark)
        except Fault as fault:
            return claim_no, to, fault.status, fault.body()
        except Exception:  # noqa: BLE001  (the last net, as over HTTP: what one file breaks must not end the clerk)
            traceback.print_exc()
            return claim_no, to, 500, {"fault": "internal", "message": "保险公司系统内部错误", "field": None}

    def _lay_messages(self) -> None:
        """Each message in its turn. A spoiled one is laid right after a while; one the webhook would not bring comes that much later."""
        with self._store.reading() as db:
            rows = db.execute("SELECT * FROM message WHERE webhook IN ('pending', 'never') ORDER BY rank, seq").fetchall()
        for row in rows:
            late = row["delay"] + (LATE if row["webhook"] == "never" else 0)
            if time.monotonic() >= self._not_before.setdefault(row["seq"], time.monotonic() + late):
                self._lay_message(row)

    def _lay_message(self, row: sqlite3.Row) -> None:
        path, seq = self._folder / "messages" / f"{row['seq']:012d}{ENDING}", row["seq"]
        container = self._opener.close(row["text"].encode(), stranger=row["wrong"] == STRANGER)
        _lay(path, spoil.cut(container) if row["wrong"] == CUT else container)
        with self._store.transaction() as db:
            if row["wrong"]:
                db.execute("UPDATE message SET wrong = 0 WHERE seq = ?", (seq,))
            elif row["copies"] > 1:
                db.execute("UPDATE message SET copies = copies - 1 WHERE seq = ?", (seq,))
            else:
                db.execute("UPDATE message SET webhook = 'done' WHERE seq = ?", (seq,))
        self._not_before[seq] = time.monotonic() + LATE


def _lay(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)

