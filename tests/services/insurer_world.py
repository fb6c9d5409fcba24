"""The insurer's twin as a process of its own, the office's webhook door, and a dossier: what the tests stand on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID, uuid5

import httpx
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.cli.setup import make_pair
from services.core.errors import Unauthenticated
from services.insurer.adapters.http import HttpInsurer
from services.insurer.adapters.sftp import SftpInsurer
from services.insurer.port import (
    Consent,
    Cover,
    Dossier,
    EventFacts,
    InboundMessage,
    Insured,
    Insurer,
    Paper,
    Payee,
    Stay,
    Worksheet,
    WorksheetLine,
)
from services.insurer.post import post_of

ROOT = Path(__file__).resolve().parents[2]
SPACE = UUID("3f0c1f0e-5b1a-4b7e-9d57-0a1c6f2b7a10")
AT = datetime(2026, 3, 27, 10, 0, tzinfo=UTC)
DESK_TIME = "2026-03-30T09:00:00+08:00"
PDF = b"%PDF-1.7 pathology report"


def clock() -> datetime:
    return AT


def private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())


def public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)


class Office:
    """The office's webhook door: verifies, keeps, signs its answer. `down` refuses with 503, `mute` does not sign."""

    def __init__(self) -> None:
        self.port: HttpInsurer | None = None
        self.heard: list[InboundMessage] = []
        self.raw: list[tuple[dict[str, str], bytes]] = []
        self.strangers = 0
        self.down = self.mute = False
        office = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, answer = office.take(dict(self.headers), self.path, body)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, headers: dict[str, str], path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.down or self.port is None:
            return 503, {}, b"{}"
        try:
            message = self.port.verify(headers, "POST", path, body)
        except Unauthenticated:
            self.strangers += 1
            return 401, {}, b"{}"
        self.heard.append(message)
        self.raw.append((headers, body))
        answer = self.port.answer(headers, "POST", path, status=202, body={"kept": str(message.message_id)})
        return answer.status, {} if self.mute else dict(answer.headers), answer.body

    def of(self, claim_no: str) -> list[InboundMessage]:
        return [message for message in self.heard if message.claim_no == claim_no]

    def kinds(self, claim_no: str) -> list[str]:
        return [message.kind for message in self.of(claim_no)]


class Twin:
    """The twin's process, its desk and an adapter to it. On the loopback, loading certificates would cost more than a call."""

    def __init__(self, folder: Path, *options: str, suite: str = "gm", sftp: bool = False) -> None:
        self.office, self.folder, self.options, self.suite = Office(), folder, ("--suite", suite, *options), suite
        self.sftp, self.sftp_port = sftp, 0
        self.keys = folder / "keys"
        make_pair(self.keys, "office", suite)
        self.office_pem = (self.keys / "office.pem").read_bytes()
        self.listening = 0
        self.start()
        self.url = f"http://127.0.0.1:{self.listening}"
        self.insurer_pem = (self.keys / "insurer.pub.pem").read_bytes()
        self.post = post_of(self.keys, suite)
        self.adapter = self.office.port = self.connect()
        self.batch = self.connect_sftp() if sftp else None
        self.port: Insurer = self.batch or self.adapter

    def connect(self, *, office_pem: bytes = b"", timeout: float = 10.0) -> HttpInsurer:
        return HttpInsurer(url=self.url, office_key=office_pem or self.office_pem, clock=clock, timeout=timeout, post=self.post,
                           insurer_public_key=self.insurer_pem)

    def connect_sftp(self, *, office_pem: bytes = b"", insurer_pem: bytes = b"", timeout: float = 15.0) -> SftpInsurer:
        return SftpInsurer(url=f"sftp://office@127.0.0.1:{self.sftp_port}/", office_key=office_pem or self.office_pem, clock=clock,
                           timeout=timeout, post=self.post, insurer_public_key=insurer_pem or self.insurer_pem)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "infra.twins.insurer", "--port", str(self.listening), "--data",
             str(self.folder / "data"), "--keys", str(self.keys), "--office-url", self.office.url, *self.options,
             *(["--sftp-port", str(self.sftp_port)] if self.sftp else [])],
            cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        if self.sftp:
            self.sftp_port = int(self.process.stdout.readline().strip().rsplit(":", 1)[1])
        self.listening = int(self.process.stdout.readline().strip().rsplit(":", 1)[1])

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def desk(self, claim_no: str, step: str, **more: object) -> dict[str, object]:
        answer = httpx.post(f"{self.url}/desk/{claim_no}/{step}", json={"at": DESK_TIME, **more}, timeout=60,
                            trust_env=False, verify=False)
        assert answer.status_code == 200, answer.text
        result: dict[str, object] = answer.json()
        return result

    def undelivered(self, claim_no: str) -> int:
        listed = httpx.get(f"{self.url}/desk", trust_env=False, verify=False).json()["dossiers"]
        return next(int(row["undelivered"]) for row in listed if row["claim_no"] == claim_no)

    def heard(self, claim_no: str) -> list[InboundMessage]:
        """What the office heard of a claim: by the webhook, or by looking into the folder where there is none."""
        return polled(self, claim_no) if self.sftp else self.office.of(claim_no)

    def kinds(self, claim_no: str) -> list[str]:
        return [message.kind for message in self.heard(claim_no)]

    def fault(self, claim_no: str, name: str, times: int = 1, **more: object) -> None:
        wish = {"claim_no": claim_no, "fault": name, "times": times, **more}
        httpx.post(f"{self.url}/desk/faults", json=wish, trust_env=False, verify=False).raise_for_status()

    def walk(self, claim_no: str, *steps: str) -> None:
        for step in steps:
            self.desk(claim_no, step)


@contextmanager
def running(folder: Path, *options: str, suite: str = "gm", sftp: bool = False) -> Iterator[Twin]:
    """A twin and its office, until the block ends."""
    twin = Twin(folder, *options, suite=suite, sftp=sftp)
    try:
        yield twin
    finally:
        twin.close()
        twin.adapter.close()
        if twin.batch is not None:
            twin.batch.close()
        twin.office.server.shutdown()
        twin.office.server.server_close()


def until(reached: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "not reached in time"
        time.sleep(0.02)


def dossier(claim_no: str, **changes: object) -> Dossier:
    """Scenario S03: C50.900/3, stays of 10 and 5 days, 100900.00."""
    plain = Dossier(
        message_id=uuid5(SPACE, claim_no), handoff_id=uuid5(SPACE, claim_no + "/handoff"), claim_no=claim_no, round=1,
        version=1, at=AT, plan="nx-ankangbao", policy_no="NX-2026-0001",
        insured=Insured(name="测试甲", id_number="640181198503070027", sex="F", born=date(1985, 3, 7)),
        event=EventFacts(icd10="C50.900", behaviour="3", specimen_on=date(2026, 3, 12), diagnosed_on=date(2026, 3, 18),
                         reported_on=date(2026, 3, 23),
                         stays=(Stay(days=10), Stay(from_=date(2026, 3, 20), to=date(2026, 3, 25)))),
        cover=Cover(effective=date(2026, 1, 1), until=date(2026, 12, 31), renewal=False,
                    premium_paid=Decimal("100.00")),
        worksheet=Worksheet(rulebook="2019-01-03", outcome="pay", total=Decimal("100900.00"), refund=Decimal("0.00"),
                            lines=(WorksheetLine(benefit="breast_cancer", amount=Decimal("100000.00"), clause="第五条"),
                                   WorksheetLine(benefit="breast_cancer_allowance", amount=Decimal("900.00"),
                                                 clause="第六条"))),
        papers=(Paper.of("pathology", "application/pdf", PDF),),
        consent=Consent(purpose="insurer", given_on=date(2026, 3, 23)),
        payee=Payee(name="测试甲", bank="ICBC", account="6222000000000000123"))
    # A person of her own per claim, as the insurer remembers what it paid on a policy.
    return plain.model_copy(update={"policy_no": f"POLICY-{claim_no}", **changes})


def polled(twin: Twin, claim_no: str) -> list[InboundMessage]:
    found: list[InboundMessage] = []
    page = twin.port.messages(0)
    while page:
        found += [message for message in page if message.claim_no == claim_no]
        page = twin.port.messages(page[-1].seq)
    return found
