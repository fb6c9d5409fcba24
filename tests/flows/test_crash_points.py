"""A worker dies at points that were found by watching it, another works on: all ends as if nobody had died. `python -m infra.lab.crash`
tries every point; here a drawn few, and that nothing is left out and nothing would be overlooked.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from flows.dispatch import ROUTES
from infra.lab.compare import Snapshot, differences, of_rows, told
from infra.lab.crash import labour
from infra.lab.crash.judging import judged
from infra.lab.crash.points import COMMIT, FILE, MESSAGE, PREFECT, SIDES, STORE, Point, recorded
from infra.lab.crash.runs import Lab, Recording

SEED, RUNS = 5, 9
# Small ones, of as many flows as there are runs: papers, money, messages, letters, rosters, the record's days.
HERE = ("reported/paper.upload", "paid/payment_run.release", "paid/payment.credit", "rostered/roster.enrol", "told/letter.carry",
        "told/notice.create", "timed/timetable.seal")


@pytest.fixture(scope="module")
def lab(server: str, prefect_api: str, var: Path) -> Iterator[Lab]:
    (var / "crash").mkdir()
    found = Lab(server, prefect_api, var / "crash")
    yield found
    found.close()


def test_no_topic_of_the_house_is_left_out() -> None:
    """Each is owed by a start, or follows in a case that is named; the lab's report says so if one does not come by."""
    owed = {case.topic for case in labour.CASES}
    assert owed | labour.FOLLOWS.keys() == ROUTES.keys()
    assert not owed & labour.FOLLOWS.keys()
    assert set(labour.FOLLOWS.values()) <= {str(case) for case in labour.CASES}


def test_drawn_deaths_end_as_if_nobody_had_died(lab: Lab) -> None:
    keeper = lab.keeper()
    recordings = [labour.record(lab, keeper, case) for case in labour.CASES if str(case) in HERE]
    points = labour.home(recordings)
    assert {point.kind for _, point in points} == {COMMIT, STORE, MESSAGE, FILE, PREFECT}
    before, after = ({(point.label, point.nth, point.kind, point.verb) for _, point in points if point.side == side} for side in SIDES)
    assert after <= before, "each is met before it is met after"
    assert {kind for _, _, kind, _ in before - after} <= {STORE, PREFECT}, "only what was there already, or did not answer"
    flows = {point.flow for _, point in points}
    assert {"check_evidence", "pay", "settle_claims", "enrol_rosters", "carry_letters", "send_notices", "seal_record"} <= flows
    drawn = labour.sample([pair for pair in points if pair[1].kind != PREFECT], SEED, RUNS)
    verdicts = [labour.kill(lab, keeper, *pair) for pair in drawn]
    assert [(str(one.point), one.died, told(one.differences), one.findings) for one in verdicts if not one.good] == []
    _nothing_is_overlooked(next(one for one in recordings if str(one.case) == "paid/payment_run.release"))


def _nothing_is_overlooked(recording: Recording) -> None:
    """The same ending with one row less, one more or one cell otherwise is told, whatever table."""
    whole = recording.ended.snapshot
    point = recording.ended.points[0]
    for table in ("payment", "bank_line", "audit_record", "bank", "papers"):
        row = next(iter((whole.tables[table] - recording.begun.tables.get(table, Counter())).elements()))
        less = Snapshot({**whole.tables, table: whole.tables[table] - Counter([row])})
        more = Snapshot({**whole.tables, table: whole.tables[table] + Counter([row])})
        for changed, lost in ((less, 1), (more, 0)):
            found = differences(recording.begun, whole, changed)
            assert sum(one.kind == "lost" for one in found) >= lost and found, table
            verdict = judged(point, died=True, seconds=0, differences=found, findings=[])
            assert not verdict.good or (table, lost) == ("papers", 0), "a file too many is counted apart"
            assert verdict.doubled == (table in ("payment", "bank_line", "bank") and not lost)


def _rows(**tables: Sequence[Mapping[str, object]]) -> Snapshot:
    return Snapshot({name: of_rows(rows) for name, rows in tables.items()})


def _end(*, swapped: bool = False, at: str = "2026-03-20T01:00:00+00:00") -> Snapshot:
    """Two claims with a payment each, ids drawn anew."""
    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    paid = (two, one) if swapped else (one, two)
    return _rows(claim=[{"id": one, "no": 1}, {"id": two, "no": 2}],
                 payment=[{"id": str(uuid.uuid4()), "claim_id": claim, "fen": fen, "at": at}
                          for claim, fen in zip(paid, (5, 7), strict=True)])


def test_ids_are_names_and_what_they_hang_on_is_not() -> None:
    assert differences(_rows(), _end(), _end()) == []
    assert {one.table for one in differences(_rows(), _end(), _end(swapped=True))} == {"claim", "payment"}
    assert told(differences(_rows(), _rows(c=[{"a": 1, "b": 2}]), _rows(c=[{"a": 1, "b": 3}]))) == ["otherwise c b: 2 → 3"]


def test_instants_count_when_the_clock_stood() -> None:
    later = "2026-03-20T01:00:01+00:00"
    assert len(differences(_rows(), _end(), _end(at=later))) == 4
    assert differences(_rows(), _end(), _end(at=later), instants=False) == []


def test_a_row_of_the_start_that_went_is_a_difference() -> None:
    start = _rows(claim=[{"id": 1}], outbox=[{"topic": "claim.create"}])
    assert [(one.kind, one.table) for one in differences(start, start, _rows(claim=[{"id": 1}]))] == [("more", "outbox (gone)")]


def test_a_sample_takes_the_first_of_each_flow_before_the_second_of_any(tmp_path: Path) -> None:
    points = [Point(f"t > {flow}", nth, COMMIT, "work", side) for flow in ("a", "b", "c") for nth in range(1, 9) for side in SIDES]
    (tmp_path / "points").write_text("".join(json.dumps({
        "label": one.label, "nth": one.nth, "kind": one.kind, "verb": one.verb, "side": one.side}) + "\n" for one in points))
    assert recorded(tmp_path / "points") == points
    recording = Recording(labour.CASES[0], _rows(), None)  # type: ignore[arg-type]  # its ending is not looked at
    for seed in range(5):
        drawn = [point for _, point in labour.sample([(recording, point) for point in points], seed, 6)]
        assert Counter(point.flow for point in drawn) == {"a": 2, "b": 2, "c": 2}
