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
from infra.lab.compare import Difference, Snapshot, differences, of_rows, told
from infra.lab.crash import labour
from infra.lab.crash.journal import Journal, Seen
from infra.lab.crash.judging import Verdict, judged
from infra.lab.crash.points import COMMIT, FILE, MESSAGE, PREFECT, SIDES, STORE, Point, recorded
from infra.lab.crash.runs import Lab, Recording

SEED, RUNS = 5, 7
# Small ones, of about as many flows as there are runs: papers, money, messages, letters, rosters.
HERE = ("reported/paper.upload", "paid/payment_run.release", "rostered/roster.enrol", "told/letter.carry", "told/notice.create")


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
    begun = {str(recording.case): recording for recording in recordings}
    points = labour.home({case: recording.seen for case, recording in begun.items()})
    assert {point.kind for _, point in points} == {COMMIT, STORE, MESSAGE, FILE, PREFECT}
    before, after = ({(point.label, point.nth, point.kind) for _, point in points if point.side == side} for side in SIDES)
    assert after <= before, "each is met before it is met after"
    assert {kind for _, _, kind in before - after} <= {STORE, PREFECT}, "only what was there already, or did not answer"
    flows = {point.flow for _, point in points}
    assert {"check_evidence", "pay", "enrol_rosters", "carry_letters", "send_notices"} <= flows
    drawn = labour.sample([pair for pair in points if pair[1].kind != PREFECT], SEED, RUNS)
    verdicts = [labour.kill(lab, keeper, begun[case], point) for case, point in drawn]
    assert [(str(one.point), one.died, told(one.differences), one.findings) for one in verdicts if not one.good] == []
    _nothing_is_overlooked(next(one for one in recordings if str(one.case) == "paid/payment_run.release"))


def _nothing_is_overlooked(recording: Recording) -> None:
    """The same ending with one row less, one more or one file torn is told, whatever table; a file that nothing names is counted apart."""
    whole = recording.ended.snapshot
    point = recording.ended.points[0]
    for table in ("payment", "bank_line", "audit_record", "bank", "papers"):
        row = next(iter((whole.tables[table] - recording.begun.tables.get(table, Counter())).elements()))
        less = Snapshot({**whole.tables, table: whole.tables[table] - Counter([row])})
        more = Snapshot({**whole.tables, table: whole.tables[table] + Counter([row])})
        for changed, lost in ((less, 1), (more, 0)):
            verdict = judged(point, recording.begun, whole, changed, died=True, seconds=0, findings=[])
            assert verdict.lost >= lost and not verdict.good, table
            assert verdict.doubled == (table in ("payment", "bank_line", "bank") and not lost)
    more = Snapshot({**whole.tables, "papers": whole.tables["papers"] + of_rows([{"name": "0" * 64, "whole": True}])})
    verdict = judged(point, recording.begun, whole, more, died=True, seconds=0, findings=[])
    assert verdict.good and verdict.left == 1
    name = next(json.loads(row)["name"] for row in whole.tables["papers"])
    torn = Snapshot({**whole.tables, "papers": Counter({row.replace("true", "false") if name in row else row: times
                                                        for row, times in whole.tables["papers"].items()})})
    assert not judged(point, recording.begun, whole, torn, died=True, seconds=0, findings=[]).good


def _sent(*outcomes: str, told: Sequence[str] = ("a",)) -> Snapshot:
    """A message's attempt "a" with these outcomes, one of another attempt, and what the provider has."""
    events = [{"attempt_id": "a", "outcome": outcome} for outcome in outcomes] + [{"attempt_id": "b", "outcome": "calling"}]
    return _rows(delivery_event=events, messages=[{"key": key} for key in told], notice=[{"id": 1, "state": "dispatched"}])


def test_a_cut_message_excuses_its_answer_and_nothing_else() -> None:
    start, whole = _rows(delivery_event=[], messages=[], notice=[]), _sent("calling", "sent")
    before, after = (Point("letter.carry > carry_letters", 1, MESSAGE, "send", side) for side in SIDES)

    def verdict(point: Point, found: Snapshot) -> Verdict:
        return judged(point, start, whole, found, died=True, seconds=0, findings=[])

    assert verdict(before, _sent("calling", told=())).good and verdict(after, _sent("calling")).good
    assert verdict(before, _sent("calling", told=())).cut
    gone = Snapshot({**_sent("calling", told=()).tables, "notice": Counter()})
    for point, found in ((after, _sent("calling", told=())), (before, _sent("calling", told=("a", "a"))),
                         (after, _sent("calling", told=("a", "a"))), (before, _sent()), (before, _sent("calling", "calling", "sent")),
                         (before, _sent("calling", "failed")), (before, gone)):
        assert not verdict(point, found).good
    commit = Point("letter.carry > carry_letters", 1, COMMIT, "send", "after")
    assert not verdict(commit, _sent("calling")).good


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
    pairs = [("start/t", point) for point in points]
    for seed in range(5):
        drawn = [point for _, point in labour.sample(pairs, seed, 6)]
        assert Counter(point.flow for point in drawn) == {"a": 2, "b": 2, "c": 2}


def test_every_place_comes_once_before_any_comes_twice() -> None:
    """At its first coming, in the shortest case; ours before Prefect's."""
    points = [(case, Point(f"{topic} > {flow}", nth, kind, "work:7", side)) for case, topic in (("long/t", "t"), ("short/u", "u"))
              for flow in ("a", "b") for nth in (1, 2, 3) for kind in (COMMIT, PREFECT) for side in SIDES]
    for seed in range(5):
        order = labour.in_order(points, seed, {"long/t": 9.0, "short/u": 1.0})
        assert sorted(map(str, order)) == sorted(map(str, points))
        first = order[:8]
        assert len({point.place for _, point in first}) == 8 and {(case, point.nth) for case, point in first} == {("short/u", 1)}
        assert [point.kind for _, point in first] == [COMMIT] * 4 + [PREFECT] * 4
        assert {(case, point.nth) for case, point in order[8:16]} == {("long/t", 1)}


def test_an_interrupted_lab_goes_on_with_the_same_code_only(tmp_path: Path) -> None:
    point = Point("t > a", 1, COMMIT, "work:7", "before")
    file, verdict = tmp_path / "journal", Verdict(point, True, 1.5, findings=[("a", "b", "c")], left=2)
    verdict.differences.append(Difference("payment", "more", "{}"))
    begun = Journal(file, "one")
    begun.saw(Seen("start/t", [point], ["x"], 2.0))
    begun.judged("start/t", verdict)
    begun.sat(3)
    with file.open("ab") as out:
        out.write(b'{"code": "one", "ver')               # killed while it was writing
    again = Journal(file, "one")
    assert again.seen == begun.seen == {"start/t": Seen("start/t", [point], ["x"], 2.0)}
    assert again.verdicts == begun.verdicts == {("start/t", str(point)): verdict} and (again.seconds, again.sittings) == (3.0, 1)
    again.sat(1)
    other = Journal(file, "two")
    assert (other.seen, other.verdicts, other.skipped) == ({}, {}, 4)
