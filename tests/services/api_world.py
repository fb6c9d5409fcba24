"""The API over a real database and the small world, spoken to as people do: with their tokens."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw

from services.benefit import service as benefit
from services.cli.setup import make_pair
from services.core.clock import FixedClock
from services.core.db import Database, Scope
from services.evidence import service as evidence
from services.insurer.adapters.http import HttpInsurer
from services.insurer.post import post_of
from services.reporting.claims import locate
from services.review import service as review
from services.wiring import Wiring
from tests.support.apps import app_over, plain_tls
from tests.support.world import ROOT, World, build_world

EVENT = {"kind": "diagnosis", "icd10": "C53.900", "behaviour": "3", "severity": "malignant",
         "diagnosed_on": "2026-03-16", "specimen_on": "2026-03-12"}
PAPERS = ("application", "id_card", "diagnosis", "pathology", "bank_card")


def picture(text: str) -> bytes:
    """A PNG that differs with its text."""
    image = Image.new("L", (600, 420), "white")
    ImageDraw.Draw(image).text((10, 10), text, fill="black")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


class Api:
    """`api.post("xj.clerk", "/cases", {...})`; every POST gets a fresh key unless one is given."""

    def __init__(self, db: Database, now: datetime, keys: Path) -> None:
        for name in ("office", "insurer"):
            make_pair(keys, name)
        self.clock = FixedClock(now)
        self.insurer_key = load_pem_private_key((keys / "insurer.pem").read_bytes(), password=None)
        assert isinstance(self.insurer_key, Ed25519PrivateKey)
        insurer = HttpInsurer(url="http://127.0.0.1:9", office_key=(keys / "office.pem").read_bytes(),
                              insurer_public_key=(keys / "insurer.pub.pem").read_bytes(), clock=self.clock.now, post=post_of(keys, "gm"),
                              transport=httpx.HTTPTransport(verify=plain_tls()))
        self.world: World = build_world(db, now)
        self.db = db
        self.app = app_over(Wiring(db, self.clock, insurer, Scope("cn")))
        self.http = TestClient(self.app, raise_server_exceptions=True)

    def headers(self, login: str) -> dict[str, str]:
        token = self.world.root_token if login == "admin" else self.world.tokens[login]
        return {"Authorization": f"Bearer {token}"}

    def get(self, login: str, path: str, **query: object) -> httpx.Response:
        return self.http.get(f"/api/v1{path}", headers=self.headers(login), params=query)  # type: ignore[arg-type]

    def post(self, login: str, path: str, body: Mapping[str, object] | None = None, *, version: int | None = None,
             key: str = "") -> httpx.Response:
        headers = {**self.headers(login), "Idempotency-Key": key or str(uuid.uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return self.http.post(f"/api/v1{path}", headers=headers, json=body or {})

    def upload(self, login: str, path: str, content: bytes, *, name: str = "scan.png", key: str = "",
               **words: str) -> httpx.Response:
        return self.http.post(f"/api/v1{path}", headers={**self.headers(login), "Idempotency-Key": key or str(uuid.uuid4())},
                              data=words, files={"file": (name, content)})

    def version(self, claim_no: str) -> int:
        with self.db.view(ROOT.scope) as session:
            return locate(session, claim_no).version

    # What people do, in one line each.
    def report(self, n: int = 0, office: str = "xj") -> str:
        """The unit's clerk reports a member's diagnosis; the claim's number."""
        number = self.world.member(n, office).synthetic.id_number
        answer = self.post(f"{office}.clerk", "/cases", {"id_number": number, "event": EVENT, "channel": "clerk",
                                                          "hospital": "示例医院", "reported_on": "2026-03-20"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["claims"][0]["claim_no"])

    def papers(self, claim_no: str, *, office: str = "xj") -> None:
        """Every required paper, uploaded and accepted by the clerk."""
        for kind in PAPERS:
            paper = self.upload(f"{office}.clerk", f"/claims/{claim_no}/papers", picture(f"{kind} {claim_no}"), kind=kind)
            assert paper.status_code == 201, paper.text
            judged = self.post(f"{office}.clerk", f"/papers/{paper.json()['id']}/judgement", {"accept": True})
            assert judged.json()["verdict"] == "accepted", judged.text

    def checked(self, claim_no: str) -> None:
        """What the worker does after a report: the automatic checks."""
        with self.db.unit_of_work(ROOT.scope) as session:
            evidence.check(session, claim_ids=[locate(session, claim_no).id], actor=ROOT, now=self.clock.now())

    def routed(self, claim_no: str) -> None:
        """What the worker does after the verification: worksheet and chain."""
        with self.db.unit_of_work(ROOT.scope) as session:
            claim_id = locate(session, claim_no).id
            benefit.preview(session, claim_ids=[claim_id], why="first", actor=ROOT, now=self.clock.now())
            review.route(session, claim_ids=[claim_id], actor=ROOT, now=self.clock.now())

    def act(self, login: str, claim_no: str, verb: str, body: Mapping[str, object] | None = None) -> httpx.Response:
        """A change of the claim as it now stands."""
        return self.post(login, f"/claims/{claim_no}/{verb}", body, version=self.version(claim_no))

    def in_review(self, n: int = 0) -> str:
        """Reported, papers accepted, verified, computed, routed."""
        claim_no = self.report(n)
        self.papers(claim_no)
        self.checked(claim_no)
        verified = self.act("xj.clerk", claim_no, "verify")
        assert verified.status_code == 200, verified.text
        self.routed(claim_no)
        return claim_no
