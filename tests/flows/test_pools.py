"""Work pools: Prefect's own server takes the templates and the deployments, and a helper works until nothing is owed."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import psycopg
import pytest
import yaml
from prefect.cli.deploy._models import PrefectYamlModel
from prefect.utilities.schema_tools import is_valid_schema, validate

from infra.prefect.apply import apply
from infra.prefect.pools import HERE, KINDS, template, written
from services.cli.setup import make_pair
from services.core.db import Database
from services.core.settings import PREFIX, ROOT, Settings, settings
from tests.services.review_world import report
from tests.support.world import build_world

Superuser = psycopg.Connection[tuple[object, ...]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_holds_together(kind: str) -> None:
    assert (HERE / "pools" / f"{kind}.json").read_text() == written(kind)
    made = template(kind)
    is_valid_schema(made["variables"])          # raises when it is none
    given = {name: one["default"] for name, one in made["variables"]["properties"].items() if one.get("default") is not None}
    validate(given, made["variables"], raise_on_error=True, preprocess=True)
    environment = given.get("env", {})
    Settings(**{name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)})
    assert not any("://" in value and "@" in value and ":" in value.partition("://")[2].partition("@")[0] for value in environment.values())


def test_a_clusters_job_can_do_little() -> None:
    pod = template("kubernetes")["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    one = pod["containers"][0]["securityContext"]
    assert (one["readOnlyRootFilesystem"], one["allowPrivilegeEscalation"], one["capabilities"]) == (True, False, {"drop": ["ALL"]})


def test_prefect_takes_pools_and_deployments(prefect_api: str) -> None:
    for _ in range(2):          # again, it renews them
        assert apply(prefect_api) == ["on-this-machine", "in-a-container", "in-the-cluster"]
    found = httpx.post(f"{prefect_api}/deployments/filter", json={}, timeout=60).json()
    declared = PrefectYamlModel.model_validate(yaml.safe_load((HERE / "prefect.yaml").read_text())).deployments
    assert {(one["name"], one["work_pool_name"]) for one in found if one["entrypoint"] == "flows/help_out.py:help_out"} == {
        (one.name, one.work_pool.name) for one in declared if one.work_pool}
    assert len(declared) == len(KINDS)


def test_a_busy_server_is_asked_again(prefect_api: str) -> None:
    """Prefect says 503 while its database is locked. Here each address is refused once on its way."""
    refused: set[tuple[str, str]] = set()

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, content = 503, b"{}"
            if (self.command, self.path) in refused:
                answer = httpx.request(self.command, prefect_api + self.path, content=body, timeout=60,
                                       headers={"content-type": "application/json"})
                status, content = answer.status_code, answer.content
            refused.add((self.command, self.path))
            self.send_response(status)
            self.send_header("retry-after", "0")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_PATCH(self) -> None:
            self.do_POST()

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as gate:
        Thread(target=gate.serve_forever, daemon=True).start()
        try:
            assert len(apply(f"http://127.0.0.1:{gate.server_address[1]}")) == len(KINDS)
        finally:
            gate.shutdown()
    assert ("POST", "/deployments/") in refused and ("POST", "/work_pools/") in refused


@pytest.mark.slow
def test_a_helper_works_until_nothing_is_owed(prefect_api: str, db: Database, now: datetime, superuser: Superuser, var: Path) -> None:
    for name in ("office", "insurer"):
        make_pair(settings().insurer_keys, name)
    world = build_world(db, now)
    report(world, 0, now)
    owed = superuser.execute("SELECT count(*) FROM outbox").fetchone()
    assert owed is not None
    assert int(str(owed[0])) > 0
    env = {**os.environ, "PREFECT_API_URL": prefect_api, "PREFECT_HOME": str(var / "prefect"), "HUZHU_DATABASE_URL": db.url}
    call = "import asyncio; from flows.help_out import help_out; asyncio.run(help_out(minutes=2, idle_seconds=3))"
    done = subprocess.run([sys.executable, "-c", call], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr[-2000:]
    assert superuser.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
    assert superuser.execute("SELECT code, state FROM notice").fetchall() == [("receipt", "dispatched")]
    assert superuser.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)
