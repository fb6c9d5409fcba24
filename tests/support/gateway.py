"""The outside world of messages: an SMS gateway over HTTP and a mail server over SMTP, on ports of their own, with their moods."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Mood = Literal["takes", "refuses", "hangs up"]


class Gateway:
    """`got`: what arrived, (address, text, id) each, also where the answer was lost. `mood` is how it answers."""

    def __init__(self, server: socketserver.BaseServer, scheme: str) -> None:
        self.mood: Mood = "takes"
        self.got: list[tuple[str, str, str]] = []
        self._server, self._scheme = server, scheme

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])   # type: ignore[index]

    @property
    def url(self) -> str:
        """As the settings have it."""
        if self._scheme == "http":
            return f"json://127.0.0.1:{self.port}/send?:to={{address}}&+Idempotency-Key={{id}}"
        return f"mailto://127.0.0.1:{self.port}?from=letters@office.example&to={{address}}"


@contextmanager
def http_gateway() -> Iterator[Gateway]:
    """A gateway that takes JSON."""
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if gateway.mood != "refuses":
                gateway.got.append((body["to"], body["message"], self.headers.get("Idempotency-Key", "")))
            if gateway.mood == "hangs up":
                self.connection.close()
                return
            self.send_response(200 if gateway.mood == "takes" else 403)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway = Gateway(server, "http")
    with _serving(server):
        yield gateway


@contextmanager
def mail_server() -> Iterator[Gateway]:
    """As much of RFC 5321 as a client needs to hand over one mail."""
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 mail\r\n")
            to, body, reading = "", b"", False
            for line in self.rfile:
                word = line[:4].upper().strip()
                if reading:
                    if line == b".\r\n":
                        reading = False
                        gateway.got.append((to, body.decode(), ""))
                        if gateway.mood == "hangs up":
                            return
                        self.wfile.write(b"250 taken\r\n")
                    else:
                        body += line
                elif word == b"RCPT":
                    to = line.decode().split("<")[1].split(">")[0]
                    self.wfile.write(b"250 ok\r\n" if gateway.mood != "refuses" else b"550 nobody here\r\n")
                elif word == b"DATA":
                    reading = True
                    self.wfile.write(b"354 go on\r\n")
                elif word == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    gateway = Gateway(server, "smtp")
    with _serving(server):
        yield gateway


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
