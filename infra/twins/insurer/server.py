"""HTTP: the protocol's signed requests, the desk's unsigned ones, and the pages behind their token."""

from __future__ import annotations

import socket
import time
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from infra.twins.insurer import batch, desk, faults, outgoing, spoil
from infra.twins.insurer.pages import Pages, token_of
from infra.twins.insurer.receive import Receiver
from infra.twins.insurer.store import Store
from infra.twins.insurer.wire import HEADER, Fault, Json, Keys, canonical, decode, parse_header, sha256

MOST_BYTES = 96 * 1024 * 1024


class Server(ThreadingHTTPServer):
    """The twin's socket with what its handlers need."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, *, store: Store, keys: Keys, receiver: Receiver, seed: int, data: Path) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.store, self.keys, self.receiver, self.seed = store, keys, receiver, seed
        self.token = token_of(data)
        self.pages = Pages(store, self.token, seed=seed)
        self.answered = "none-answered-so-far"      # the nonce of the request answered last


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: Server

    def do_GET(self) -> None:
        """Reads."""
        self._answer()

    def do_POST(self) -> None:
        """Messages and steps."""
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the store is the record."""

    def _answer(self) -> None:
        try:
            body = self._read()
        except Fault as fault:
            self.close_connection = True
            self._send(fault.status, canonical(fault.body()), None)
            return
        if self._parts()[:1] == ["desk"]:
            status, answer = self._guarded(lambda: self._desk(body))
            self._send(status, answer, None)
        elif self._parts()[:1] == ["pages"]:
            self._show(body)
        else:
            self._signed(body)

    def _read(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit():
            raise Fault(411, "invalid", "须给出 Content-Length")
        if int(length) > MOST_BYTES:
            raise Fault(413, "too_large", f"报文超过 {MOST_BYTES} 字节")
        return self.rfile.read(int(length))

    def _guarded(self, work: Callable[[], Json]) -> tuple[int, bytes]:
        try:
            return 200, canonical(work())
        except Fault as fault:
            return fault.status, canonical(fault.body())
        except Exception:  # noqa: BLE001  (the last net: a bug of the twin is a 500, not a dropped connection)
            traceback.print_exc()
            return 500, canonical({"fault": "internal", "message": "保险公司系统内部错误", "field": None})

    # ---- the protocol

    def _signed(self, body: bytes) -> None:
        kind, claim_no = self._what(body)
        with self.server.store.transaction() as db:
            befallen = spoil.befallen(db, claim_no, kind)
        time.sleep(befallen.get("slow", 0))
        status, answer = self._guarded(lambda: self._protocol(kind, claim_no, body))
        if "insurer_restart" in befallen:
            spoil.restart()
        if "lost_answer" in befallen:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if "wrong_digest" in befallen:
            answer = canonical(spoil.other_digest(decode(answer), claim_no))
        try:
            asked = parse_header(self.headers.get(HEADER))
            ts, nonce = asked.ts, asked.nonce
        except Fault:
            ts, nonce = "-", "-"
        stale, self.server.answered = self.server.answered, nonce
        header = self.server.keys.sign(f"{self.command} {status}", self.path, ts, stale if "stale_replay" in befallen else nonce, answer,
                                       stranger="wrong_signature" in befallen)
        self._send(status, answer, header, cut="truncated_body" in befallen)

    def _what(self, body: bytes) -> tuple[str, str]:
        """The kind of request and its claim; both empty for polling and for unknown paths."""
        match self.command, self._parts():
            case "POST", ["v1", "batches"]:
                return "batch", self._concerned(body)
            case "POST", ["v1", "dossiers", claim_no]:
                return "dossier", claim_no
            case "POST", ["v1", "dossiers", claim_no, "replies"]:
                return "reply", claim_no
            case "POST", ["v1", "dossiers", claim_no, "recall"]:
                return "recall", claim_no
            case "GET", ["v1", "dossiers", claim_no]:
                return "status", claim_no
        return "", ""

    def _concerned(self, container: bytes) -> str:
        opener = self.server.receiver.opener
        try:
            return batch.concerned(self.server.store, opener.open(container), opener.suite)
        except Fault:
            return ""

    def _parts(self) -> list[str]:
        return [unquote(part) for part in urlsplit(self.path).path.split("/")[1:]]

    def _protocol(self, kind: str, claim_no: str, body: bytes) -> Json:
        signed = self.server.keys.check(self.headers.get(HEADER), self.command, self.path, body)
        address = urlsplit(self.path)
        if self.command == "GET" and address.path == "/v1/messages":
            after = parse_qs(address.query).get("after", ["0"])[-1]
            if not after.isascii() or not after.isdigit() or len(after) > 15:
                raise Fault(422, "invalid", "after：应为不小于 0 的整数", "after")
            with self.server.store.reading() as db:
                return outgoing.after(db, int(after))
        if self.command == "GET" and address.path == "/v1/statement":
            return self.server.receiver.statement(parse_qs(address.query).get("day", [""])[-1])
        if kind == "status":
            return self.server.receiver.status(claim_no)
        if kind == "batch":
            opener = self.server.receiver.opener
            return batch.take(self.server.receiver, opener.open(body), opener.suite, nonce=signed.nonce,
                              signed_digest=sha256(b"\n".join((self.path.encode(), signed.ts.encode(), body))))
        if kind:
            digest = sha256(b"\n".join((self.path.encode(), signed.ts.encode(), body)))
            return self._received(kind, claim_no, body, nonce=signed.nonce, signed_digest=digest)
        raise Fault(404, "unknown_path", f"没有 {self.command} {address.path}")

    def _received(self, kind: str, claim_no: str, container: bytes, *, nonce: str, signed_digest: str) -> Json:
        receiver = self.server.receiver
        return receiver.post(kind, claim_no, receiver.open(kind, container), nonce=nonce, signed_digest=signed_digest)

    # ---- the desk

    def _desk(self, body: bytes) -> Json:
        store = self.server.store
        match self.command, self._parts():
            case "GET", ["desk"]:
                with store.reading() as db:
                    return desk.listing(db)
            case "GET", ["desk", "health"]:
                return {"ok": True}
            case "POST", ["desk", "faults"]:
                return faults.switch(store, decode(body, strict=False))
            case "POST", ["desk", claim_no, name] if name in desk.STEPS:
                with store.transaction() as db:
                    return desk.step(db, claim_no, name, decode(body, strict=False), seed=self.server.seed)
        raise Fault(404, "unknown_path", f"没有 {self.command} {self.path}")

    def _show(self, body: bytes) -> None:
        """A page for a person."""
        reply = self.server.pages.answer(self.command, self.path, dict(self.headers), body)
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Type": reply.kind, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def _send(self, status: int, body: bytes, signature: str | None, *, cut: bool = False) -> None:
        self.close_connection = self.close_connection or cut
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if signature is not None:
            self.send_header(HEADER, signature)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(spoil.cut(body) if cut else body)
