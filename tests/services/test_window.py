"""One-bill settlement through the interface: the published table to the fen, once by number, corrected, reversed, refused by name."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import permutations

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.enrolment.people import index_of
from services.simulate.synthetic import REGIONS, synthetic_person
from tests.rulebook.case_tables import rows
from tests.services.window_world import PLAN, Window, bill, window_world
from tests.support.databases import Fresh
from tests.support.world import ROOT, enrol_members

NOW = at_hour(date(2026, 6, 1))


@pytest.fixture(scope="module")
def window(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    db = Fresh(server)
    yield window_world(db, NOW, tmp_path_factory.mktemp("keys"), members=14)
    db.drop()


def test_the_published_table_to_the_fen(window: Window) -> None:
    """Each row on a member of its own; what was used before is used by a bill before."""
    for number, (row, person) in enumerate(zip(rows("xinjiang-inpatient"), window.people, strict=False)):
        given = {word: Decimal(str(value)) for word, value in _inputs(row["inputs"]).items()}
        if used := given.pop("big_used", Decimal(0)):
            assert window.share("h1", bill(person, f"U{number}", large_own=used * 2, at="2026-04-01 10:00:00")) == f"{used:.2f}"
        remote = bool(given.pop("remote", Decimal(0)))
        answer = window.settle("h1", bill(person, f"T{number}", pool_pay=given["pool_pay"], pool_own=given["pool_self"],
                                          large_own=given.get("big_self", Decimal(0)), remote=remote)).json()
        parts = {line["benefit"]: line["amount"] for line in answer["lines"]}
        assert (answer["share"], parts.get("inpatient_pool", "0.00"), parts.get("inpatient_large", "0.00")) == (
            row["total"], row["pool_part"], row["big_part"]), row["case"]
        assert all(line["clause"] and line["steps"] for line in answer["lines"])
    window.proven()


def _inputs(text: str) -> dict[str, int]:
    return {word: int(value) for word, value in json.loads(text).items()}


def test_a_number_is_settled_once(window: Window) -> None:
    """The same content again, under another key, written otherwise: the same answer. Other content: refused with the remedy."""
    person = window.people[5]
    content = bill(person, "ONCE", pool_pay=60000, pool_own=Decimal("1000.01"))
    first = window.settle("h1", content).json()
    assert first["share"] == "600.01"                           # 1000.01 × 60 % rounds half up
    again = window.settle("h1", {**content, "setl_time": "2026-05-01T02:00:00Z", "hifp_pay": "60000"})
    assert (again.status_code, again.json()) == (201, first)
    other = window.settle("h1", {**content, "pool_own_amt": "1000.00", "large_own_amt": "0.01"})
    assert (other.status_code, other.json()["code"]) == (409, "setl_differs")
    assert "corrections" in other.json()["remedy"]
    assert window.settle("h2", content).json()["setl_id"] == "ONCE"     # another hospital's number is its own
    assert window.reverse("h2", "ONCE").json()["share"] == "0.00"
    assert window.standing("h1", "ONCE") == "600.01"


def test_a_correction_replaces_and_its_number_orders_it(window: Window) -> None:
    person = window.people[6]
    content = bill(person, "C1", pool_pay=60000, large_own=8000)
    assert window.share("h1", content) == "4000.00"
    second = {**content, **bill(person, "C1", pool_pay=60000, large_own=2000)}
    assert window.correct("h1", second, 2).json()["share"] == "1000.00"
    late = window.correct("h1", bill(person, "C1", pool_pay=60000, large_own=6000), 1).json()
    assert (late["share"], late["correction_no"]) == ("1000.00", 2)     # older than what stands: known, without effect
    assert window.correct("h1", second, 2).json()["share"] == "1000.00"
    differs = window.correct("h1", content, 2)
    assert (differs.status_code, differs.json()["code"]) == (409, "correction_differs")
    stranger = window.correct("h1", bill(window.people[7], "C1", pool_pay=60000, large_own=2000), 3)
    assert (stranger.status_code, stranger.json()["field"]) == (422, "certno")
    assert window.correct("h1", bill(person, "NONE", large_own=1), 1).json()["code"] == "setl_missing"
    assert window.settle("h1", content).json()["share"] == "1000.00"    # the first content again is known: the bill as it stands
    assert window.taken(person) == 100_000
    window.proven()


def test_a_reversal_restores_the_limit(window: Window) -> None:
    person = window.people[8]
    first = bill(person, "R1", large_own=12000, at="2026-04-02 10:00:00")
    assert window.share("h1", first) == "6000.00"
    assert window.share("h1", bill(person, "R2", large_own=10000, at="2026-04-03 10:00:00")) == "2000.00"
    assert window.share("h2", bill(person, "R3", large_own=10000, at="2026-04-04 10:00:00")) == "0.00"
    back = window.reverse("h1", "R1").json()
    assert (back["state"], back["share"], back["reason"]) == ("reversed", "0.00", "reversed")
    assert back["adjusted"] == [{"setl_id": "R2", "before": "2000.00", "after": "5000.00"}]     # h2's bill is not h1's business
    assert (window.standing("h1", "R2"), window.standing("h2", "R3")) == ("5000.00", "3000.00")
    assert window.taken(person) == 800_000
    assert window.reverse("h1", "R1").json()["version"] == back["version"]
    assert window.settle("h1", first).json()["state"] == "reversed"
    again = window.correct("h1", first, 1)
    assert (again.status_code, again.json()["code"]) == (409, "setl_reversed")
    window.proven()


def test_any_order_ends_with_the_same_shares(window: Window) -> None:
    """Three bills over the limit, one corrected, one reversed: by hand 2000, 0 (reversed), 5000 of 8000, whatever comes first."""
    found = set()
    for turn, order in enumerate(permutations(range(3))):
        person = synthetic_person(800 + turn, region=REGIONS["xinjiang"], born=date(1981, 4, 1 + turn))
        with window.api.db.unit_of_work(ROOT.scope) as session:
            enrol_members(session, window.api.world, "xj", PLAN, [person], date(2026, 1, 1), window.now)
        contents = [bill(person, f"O{turn}-{n}", large_own=own, at=f"2026-05-0{n + 1} 10:00:00")
                    for n, own in enumerate((8000, 9000, 10000))]
        for n in order:
            assert window.settle("h1", contents[n]).status_code == 201
        smaller = bill(person, f"O{turn}-0", large_own=4000, at="2026-05-01 10:00:00")
        changes = [partial(window.correct, "h1", smaller), partial(window.reverse, "h1", f"O{turn}-1")]
        random.Random(turn).shuffle(changes)
        assert [change().status_code for change in changes] == [200, 200]
        found.add(tuple(window.standing("h1", f"O{turn}-{n}") for n in range(3)))
    assert found == {("2000.00", "0.00", "5000.00")}
    window.proven()


WRONG: tuple[tuple[str, dict[str, object]], ...] = (
    ("certno", {"certno": "11010519491231002Y"}), ("psn_cert_type", {"psn_cert_type": "03"}), ("insutype", {"insutype": "390"}),
    ("setl_time", {"setl_time": "2026-06-01 10:00:00"}), ("setl_time", {"setl_time": "2023-06-01 10:00:00"}),
    ("setl_time", {"setl_time": "昨天"}), ("med_type", {"med_type": "99"}), ("hifp_pay", {"hifp_pay": "-1.00"}),
    ("hifp_pay", {"hifp_pay": "1.001"}), ("hifp_pay", {"hifp_pay": 1.5}), ("fund_pay_sumamt", {"fund_pay_sumamt": "0.01"}),
    ("psn_part_amt", {"psn_part_amt": "0.01"}), ("inscp_scp_amt", {"inscp_scp_amt": "99999.00"}),
    ("inscp_scp_amt", {"inscp_scp_amt": "1.00"}), ("pool_own_amt", {"pool_own_amt": "1.00"}), ("large_own_amt", {"large_own_amt": None}),
    ("out_of_region", {"out_of_region": "2"}), ("brdy", {"brdy": "1949-12-30"}), ("setl_id", {"setl_id": ""}),
    ("psn_name", {"psn_name": "1"}), ("unknown", {"unknown": "1"}))


@pytest.mark.parametrize(("field", "wrong"), WRONG)
def test_a_wrong_field_is_named(window: Window, field: str, wrong: dict[str, object]) -> None:
    content = {**bill(window.people[9], "W1", pool_pay=8000, pool_own=3000), **wrong}
    answer = window.settle("h1", content)
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (422, field), problem
    assert problem["title"] and problem["remedy"]
    assert window.api.get("xj.h1", "/window/settlements/W1").status_code == 404


def test_segments_not_split_are_the_pooled_ones_with_a_flag(window: Window) -> None:
    content = {**bill(window.people[9], "F1", pool_pay=60000, pool_own=1000), "pool_own_amt": None, "large_own_amt": None}
    answer = window.settle("h1", content).json()
    assert (answer["share"], answer["flags"]) == ("600.00", ["segments_missing"])


def test_nothing_is_an_answer_with_its_reason(window: Window) -> None:
    """A stranger, another name, no cover of this plan, before it begins, in its waiting time, after its end, an outpatient."""
    stranger, other = synthetic_person(950, born=date(1990, 1, 1)), window.api.world.member(0, "xj").synthetic
    late, ended, whole = (synthetic_person(951 + n, born=date(1990, 2, 1 + n)) for n in range(3))
    with window.api.db.unit_of_work(ROOT.scope) as session:
        enrol_members(session, window.api.world, "xj", PLAN, [late], date(2026, 5, 15), window.now)
        enrol_members(session, window.api.world, "xj", PLAN, [ended, whole], date(2026, 1, 1), window.now)
        session.execute(sa.text("UPDATE cover v SET ended_on = '2026-04-30', end_reason = 'transfer' FROM person p WHERE p.id = v.person_id"
                                " AND p.id_number_index = :index AND v.plan = :plan"), {"index": index_of(ended.id_number), "plan": PLAN})
    cases = [(stranger, {}, "not_member"), (whole, {"psn_name": "样例错"}, "name_differs"), (other, {}, "cover_missing"),
             (late, {}, "cover_waiting"), (late, {"setl_time": "2026-05-31 23:59:59"}, "waiting_period"), (ended, {}, "cover_ended"),
             (whole, {"med_type": "11"}, "not_inpatient"),
             (whole, {"hifp_pay": "0.00", "fund_pay_sumamt": "0.00", "medfee_sumamt": "3000.00", "inscp_scp_amt": "3000.00"},
              "cap_reached")]
    for n, (person, more, reason) in enumerate(cases):
        answer = window.settle("h1", {**bill(person, f"N{n}", pool_pay=8000, pool_own=3000), **more})
        body = answer.json()
        assert (answer.status_code, body["share"], body["reason"]) == (201, "0.00", reason), (reason, body)
        assert body["reason_text"] and body["outcome"] == "nothing"
        assert window.settle("h1", {**bill(person, f"N{n}", pool_pay=8000, pool_own=3000), **more}).json() == body
    window.proven()


def test_a_hospital_sees_its_own_bills_and_nothing_else(window: Window) -> None:
    window.settle("h1", bill(window.people[10], "MINE", pool_pay=8000, pool_own=3000))
    get = window.api.get
    assert get("xj.h1", "/window/settlements/MINE").status_code == 200
    assert get("xj.h2", "/window/settlements/MINE").status_code == 404
    corrected = {**bill(window.people[10], "MINE"), "correction_no": 1, "reason": "x"}
    for verb, body in (("corrections", corrected), ("reversal", {"reason": "x"})):
        assert window.api.post("xj.h2", f"/window/settlements/MINE/{verb}", body).json()["code"] == "setl_missing"
    ours = {item["setl_id"] for item in get("xj.h2", "/window/lists", day="2026-05-01").json()["items"]}
    assert "MINE" not in ours
    closed = ("/me", "/claims", "/worklist", "/covers/x", "/window/days?first=2026-05-01&last=2026-05-02", "/plans", "/clock")
    assert {path: get("xj.h1", path).status_code for path in closed} == dict.fromkeys(closed, 403)
    assert window.api.post("xj.h1", "/people/find", {"id_number": window.people[0].id_number}).status_code == 403
    assert window.api.post("xj.clerk", "/window/settlements", bill(window.people[10], "X")).status_code == 403
