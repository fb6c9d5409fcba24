"""A bad night and a bad morning, drawn from a seed: what fails around worker and web leaves the tables as if nothing had failed.

`python -m infra.lab.faults` runs each failure by itself; here they come all in one run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.lab.faults.bench import Bench, unlike
from infra.lab.faults.scenarios import START, everything
from infra.lab.faults.web import may_mount
from infra.lab.faults.web_scenarios import WEB, morning, undisturbed

SEED = 20260320


@pytest.fixture(scope="module")
def bench(prefect_api: str, var: Path) -> Iterator[Bench]:
    folder = var / "around"
    folder.mkdir()
    made = Bench(folder, prefect_api, START)
    yield made
    made.close()


def test_a_worker_whose_database_insurer_and_flow_server_fail_ends_as_one_that_nothing_disturbs(bench: Bench) -> None:
    begun, calm = bench.run()
    _, ended = bench.run(everything, seed=SEED)
    assert ended.faults >= 3 and ended.restarts >= 1
    assert [str(one) for one in unlike(begun, calm, ended)] == []
    assert ended.findings - calm.findings == set()


@pytest.mark.skipif(not may_mount(), reason="no file system of one's own may be mounted here")
def test_a_clerk_whose_web_loses_lines_database_and_room_has_everything_once(bench: Bench, var: Path) -> None:
    ended = morning(bench, undisturbed(bench), WEB["web_everything"], seed=SEED, folder=var / "around" / "web", megabytes=16)
    assert ended.met["store_full"] and ended.met["database_away"] + ended.met["commit_unknown"]
    assert [str(one) for one in ended.unlike] == [] and ended.without_bytes == []
