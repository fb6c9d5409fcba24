"""The hospital's twin, a process of its own: whatever goes wrong on the way, the books end as if nothing had."""

from __future__ import annotations

import ast
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.core.clock import at_hour
from tests.services.window_world import Window, bill, served, window_world
from tests.support.databases import Fresh

HERE = Path(__file__).parents[2]
NOW = at_hour(date(2026, 6, 1))
FAULTS = "lost=0.2,timeout=0.2,duplicate=0.2,late=0.2,mistyped=0.15,stray=0.15"


def script(window: Window, hospital: str, seed: int, count: int = 36) -> list[dict[str, Any]]:
    """Settlements of four members over the limit in May, some corrected, some reversed; the same for the same seed."""
    draw, events = random.Random(f"{hospital}/{seed}"), []
    for n in range(count):
        person, own = window.people[draw.randrange(4)], draw.randrange(200, 4000)
        setl = f"{hospital}-{n:03d}"
        body = bill(person, setl, pool_pay=draw.randrange(1000, 60000), pool_own=draw.randrange(100, 9000), large_own=own,
                    remote=draw.random() < 0.3, at=f"2026-05-{1 + n // 12:02d} 1{n % 10}:{draw.randrange(60):02d}:00")
        events.append({"do": "settle", "setl_id": setl, "body": body})
        if draw.random() < 0.2:
            less = bill(person, setl, pool_pay=20000, pool_own=own, large_own=draw.randrange(200, 2000), at=str(body["setl_time"]))
            events.append({"do": "correct", "setl_id": setl, "body": {**less, "correction_no": 2, "reason": "重新结算"}})
        elif draw.random() < 0.2:
            events.append({"do": "reverse", "setl_id": setl, "body": {"reason": "退费重结"}})
    return events


class Twin:
    """`python -m infra.twins.hospital` over a folder of its own."""

    def __init__(self, folder: Path, window: Window, hospital: str, events: list[dict[str, Any]]) -> None:
        folder.mkdir(parents=True)
        self.folder, self.token = folder, window.api.world.tokens[f"xj.{hospital}"]
        (folder / "script.jsonl").write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events), encoding="utf-8")

    def start(self, url: str, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "infra.twins.hospital", "--url", url, "--script", str(self.folder / "script.jsonl"),
                   "--data", str(self.folder / "data"), *options]
        return subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env={**os.environ, "HOSPITAL_TOKEN": self.token})

    def run(self, url: str, *options: str, code: int = 0) -> str:
        process = self.start(url, *options)
        said, _ = process.communicate(timeout=90)
        assert process.returncode == code, said
        return said


@pytest.fixture(scope="module")
def calm(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """Where nothing goes wrong: each event once, in its order, one hospital after the other."""
    db = Fresh(server)
    window = window_world(db, NOW, tmp_path_factory.mktemp("keys"))
    with served(window.api) as url:
        for hospital in ("h1", "h2"):
            Twin(tmp_path_factory.mktemp("calm") / hospital, window, hospital, script(window, hospital, 1)).run(url)
    yield window
    db.drop()


@pytest.fixture(scope="module")
def rough(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """Every fault, both at once, one of them stopped in the midst and started again, the other cut off for twenty events."""
    db = Fresh(server)
    window = window_world(db, NOW, tmp_path_factory.mktemp("keys"))
    folder = tmp_path_factory.mktemp("rough")
    with served(window.api) as url:
        first, second = (Twin(folder / hospital, window, hospital, script(window, hospital, 1)) for hospital in ("h1", "h2"))
        cut = second.start(url, "--seed", "5", "--faults", FAULTS, "--outage", "6:20")
        first.run(url, "--seed", "4", "--faults", FAULTS, "--attempts", "25")
        first.run(url, "--seed", "4", "--faults", FAULTS)
        said, _ = cut.communicate(timeout=90)
        assert cut.returncode == 0, said
    yield window
    db.drop()


def test_faults_and_an_outage_end_with_the_same_books(calm: Window, rough: Window) -> None:
    assert len(calm.books()[0]) > 40
    assert {calm.taken(person) for person in calm.people[:4]} == {800_000}      # the limit binds for each of them
    assert rough.books() == calm.books()
    calm.proven()
    rough.proven()


def test_the_lists_name_each_difference_and_agree_in_the_end(rough: Window, tmp_path: Path) -> None:
    """The hospital's own list, as it was answered, with faults of its own: each is named; set right, every day agrees."""
    events = [{"do": "settle", "setl_id": f"D-{n}", "body": bill(rough.people[5], f"D-{n}", pool_pay=60000, pool_own=1000 + n,
                                                                at="2026-05-20 10:00:00")} for n in range(6)]
    twin = Twin(tmp_path / "lists", rough, "h1", events)
    with served(rough.api) as url:
        said = twin.run(url, "--lists", "--seed", "2", "--faults", "forgotten=0.3,other_amount=0.4,unknown", code=1)
        kinds = {line.split()[1] for line in said.splitlines() if line.startswith("2026-05-20 only") or " amount " in line}
        assert kinds == {"only_ours", "amount", "only_theirs"}, said
        assert twin.run(url, "--lists").splitlines()[-1] == "2026-05-20 agreed 3609.00"


def test_the_twin_knows_nothing_of_the_product() -> None:
    for path in (HERE / "infra" / "twins" / "hospital").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""] if isinstance(
                node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in ("services", "flows", "documents", "statemachines")], path


def test_the_twin_speaks_the_published_interface(calm: Window) -> None:
    """Every field it sends is one of the interface's, every field it reads is answered; addresses are the interface's own."""
    paths = calm.api.app.openapi()["paths"]
    schemas = calm.api.app.openapi()["components"]["schemas"]
    sent = {"settle": "Settlement", "correct": "SettlementCorrection", "reverse": "SettlementReversal"}
    for event in script(calm, "h1", 1):
        schema = schemas[sent[event["do"]]]
        assert set(event["body"]) <= set(schema["properties"]) and set(schema.get("required", ())) <= set(event["body"])
    assert {"setl_id", "day", "share", "version", "state", "adjusted"} <= set(schemas["SettlementAnswer"]["properties"])
    assert {"state", "differences", "our_sum"} <= set(schemas["WindowDayView"]["properties"])
    for path in ("settlements", "settlements/{setl_id}", "settlements/{setl_id}/corrections", "settlements/{setl_id}/reversal", "lists"):
        assert f"/api/v1/window/{path}" in paths
