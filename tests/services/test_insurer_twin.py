"""The twin's own judgement against the seed tables, and its strictness about what it is sent."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from infra.twins.insurer import check, letter
from infra.twins.insurer.decide import ZERO, Case, Stay, judge
from infra.twins.insurer.wire import Fault, canonical, decode, sha256
from tests.services.insurer_world import dossier


def case(icd10: str = "C50.900", behaviour: str = "3", specimen: str = "2026-03-10", effective: str = "2026-01-01",
         stays: tuple[Stay, ...] = (), *, renewal: bool = False, before: dict[str, Decimal] | None = None) -> Case:
    start = date.fromisoformat(effective)
    return Case(icd10=icd10, behaviour=behaviour, specimen_on=date.fromisoformat(specimen), stays=stays,
                effective=start, until=start + timedelta(days=364), renewal=renewal, premium_paid=Decimal("100.00"),
                claimed={}, paid_before=before or {})


# The rows S01 to S08 of the scenario table.
@pytest.mark.parametrize(("number", "effective", "icd10", "behaviour", "specimen", "days", "outcome", "amount"), [
    ("S01", "2026-01-01", "C50.900", "3", "2026-03-10", (), "pay", "100000.00"),
    ("S02", "2026-01-01", "C53.900", "3", "2026-02-03", (), "pay", "50000.00"),
    ("S03", "2026-01-01", "C50.900", "3", "2026-03-12", (10, 5), "pay", "100900.00"),
    ("S04", "2026-03-01", "C54.100", "3", "2026-03-20", (), "refund", "100.00"),
    ("S05", "2026-01-01", "D05.900", "2", "2026-04-02", (), "nothing", "0.00"),
    ("S06", "2026-01-01", "C79.600", "6", "2026-04-02", (), "nothing", "0.00"),
    ("S07", "2025-07-01", "C56.x00", "3", "2026-04-20", (), "pay", "50000.00"),
    ("S08", "2026-01-01", "C50.100", "3", "2026-05-11", (), "pay", "100000.00"),
])
def test_scenarios(number: str, effective: str, icd10: str, behaviour: str, specimen: str, days: tuple[int, ...],
                   outcome: str, amount: str) -> None:
    judged = judge(case(icd10, behaviour, specimen, effective, tuple(Stay(days=n) for n in days)))
    assert (judged.outcome, f"{judged.total:.2f}") == (outcome, amount), number
    assert len(judged.answers) == 4


# The six rows of 安康保 in the hospital-allowance table.
@pytest.mark.parametrize(("days", "amount"), [
    ((2,), 0), ((4,), 100), ((10, 5), 900), ((183,), 18000), ((190,), 18000), ((90, 93, 10), 18000)])
def test_hospital_allowance(days: tuple[int, ...], amount: int) -> None:
    judged = judge(case(stays=tuple(Stay(days=n) for n in days)))
    assert judged.total == 100000 + amount


# The three rows of the waiting table, its last covered-free day and the first covered one.
@pytest.mark.parametrize(("specimen", "outcome"), [
    ("2026-03-01", "refund"), ("2026-03-29", "refund"), ("2026-03-30", "refund"), ("2026-03-31", "pay")])
def test_waiting_period(specimen: str, outcome: str) -> None:
    assert judge(case(specimen=specimen, effective="2026-03-01")).outcome == outcome
    assert judge(case(specimen=specimen, effective="2026-03-01", renewal=True)).outcome == "pay"


@pytest.mark.parametrize(("icd10", "behaviour", "reason"), [
    ("C79.600", "6", "not_primary"), ("D05.900", "2", "in_situ"), ("D06.900", "2", "in_situ"),
    ("C51.900", "3", "not_in_list"),
    ("C57.100", "3", "not_in_list"), ("C50.900", "6", "not_primary"), ("D39.100", "1", "not_in_list")])
def test_reasons(icd10: str, behaviour: str, reason: str) -> None:
    judged = judge(case(icd10, behaviour))
    assert judged.outcome == "nothing"
    assert {answer.reason for answer in judged.answers} == {reason}


def test_outside_the_cover_and_what_was_paid_before() -> None:
    assert {a.reason for a in judge(case(specimen="2025-12-31")).answers} == {"not_in_cover"}
    stays = (Stay(days=13),)
    before = {"breast_cancer": Decimal(100000), "breast_cancer_allowance": Decimal(17500)}
    again = judge(case(stays=stays, before=before))
    assert {a.liability: (a.amount, a.reason) for a in again.answers if a.liability.startswith("breast")} == {
        "breast_cancer": (ZERO, "paid_before"), "breast_cancer_allowance": (Decimal(500), "cap_reached")}


@pytest.mark.parametrize(("admitted", "discharged", "amount"), [
    ("2025-12-25", "2026-01-11", 700),        # 10 days inside the cover, 3 of them free
    ("2026-05-01", "2026-05-11", 700), ("2026-05-01", "2026-05-01", 0)])
def test_stays_by_their_dates(admitted: str, discharged: str, amount: int) -> None:
    stay = Stay(admitted=date.fromisoformat(admitted), discharged=date.fromisoformat(discharged))
    assert judge(case(stays=(stay,))).total == 100000 + amount


def test_the_letter_names_the_decision_and_is_a_pdf() -> None:
    body = dossier("LETTER-1").body()
    judged = judge(case(specimen="2026-01-10"))
    words = letter.words(judged, dict(body), number="演示1号", case_no="LA1", on=date(2026, 1, 20))
    assert words.head == "退还保险费通知书"
    assert "退还已交保险费 100.00 元" in words.text
    assert "第五条" in words.text
    assert letter.pdf(words).startswith(b"%PDF-")


# ---- strictness

Change = Callable[[dict[str, dict[str, object]]], object]


def message(change: Change | None = None, *, seal: bool = True) -> dict[str, object]:
    """A dossier as it travels, changed, and with a fitting package digest unless the change is what must show."""
    sent = dossier("STRICT-1")
    body = json.loads(canonical(sent.body()))
    if change is not None:
        change(body)
    if seal:
        manifest = copy.deepcopy(body)
        del manifest["package_digest"]
        for paper in manifest["papers"]:
            paper.pop("content_base64", None)
        body["package_digest"] = sha256(canonical(manifest))
    return {"message_id": str(sent.message_id), "handoff_id": str(sent.handoff_id), "claim_no": "STRICT-1", "round": 1,
            "version": 1, "kind": "dossier", "at": "2026-03-27T10:00:00+00:00", "body": body}


def test_a_good_dossier_passes() -> None:
    check.dossier(message())


@pytest.mark.parametrize(("field", "change"), [
    ("body.insured.id_number", lambda b: b["insured"].update(id_number="640181198503070028")),
    ("body.insured.born", lambda b: b["insured"].update(born="1985-03-08")),
    ("body.insured.sex", lambda b: b["insured"].update(sex="M")),
    ("body.insured.nickname", lambda b: b["insured"].update(nickname="甲")),
    ("body.event.specimen_on", lambda b: b["event"].update(specimen_on="2026-02-30")),
    ("body.event.icd10", lambda b: b["event"].pop("icd10")),
    ("body.event.stays.1.to", lambda b: b["event"]["stays"][1].update(to="2026-03-19")),
    ("body.cover.premium_paid", lambda b: b["cover"].update(premium_paid="100")),
    ("body.cover.until", lambda b: b["cover"].update(until="2025-12-31")),
    ("body.consent", lambda b: b.pop("consent")),
    ("body.consent.purpose", lambda b: b["consent"].update(purpose="statistics")),
    ("body.payee.account", lambda b: b["payee"].update(account="6222 0000")),
    ("body.papers", lambda b: b.update(papers=[])),
    ("body.papers.0.sha256", lambda b: b["papers"][0].update(sha256="0" * 64)),
    ("body.papers.0.size", lambda b: b["papers"][0].update(size=1)),
    ("body.papers.0.mime", lambda b: b["papers"][0].update(mime="image/png")),
    ("body.round", lambda b: b.update(round=2)),
])
def test_what_is_wrong_is_named(field: str, change: Change) -> None:
    with pytest.raises(Fault) as caught:
        check.dossier(message(change))
    assert (caught.value.status, caught.value.field) == (422, field)


def test_a_fact_changed_under_the_old_digest_shows() -> None:
    with pytest.raises(Fault) as caught:
        check.dossier(message(lambda b: b["payee"].update(account="6222000000000000999"), seal=False))
    assert caught.value.field == "body.package_digest"


@pytest.mark.parametrize("body", [b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1,"a":1}', b'{"a":1.0}', b'{"a":NaN}', b"[]",
                                  b"\xff", b'{"a":"\\u4e00"}', b""])
def test_only_canonical_json_is_read(body: bytes) -> None:
    with pytest.raises(Fault) as caught:
        decode(body)
    assert caught.value.code == "not_canonical"
