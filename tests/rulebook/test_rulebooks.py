"""The released rule-books: sound, found by date, and saying about papers, levels, clocks and banks what they must."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from services.core.errors import InputError, NotFound
from services.engine.checking.check import check
from services.rulebook import registry
from services.rulebook.reasons import FLAGS, REASONS

NX, XJ = registry.latest("nx-ankangbao"), registry.latest("xj-women")


@pytest.mark.parametrize("path", registry.files(), ids=lambda path: path.parent.name)
def test_each_file_is_sound_and_has_at_least_twelve_examples(path: Path) -> None:
    assert check(path) == []
    assert len(yaml.safe_load(path.with_suffix(".examples.yaml").read_text(encoding="utf-8"))) >= 12


def test_version_is_chosen_by_date() -> None:
    assert registry.resolve("nx-ankangbao", date(2019, 1, 3)).version == "2019-01-03"
    assert registry.version("xj-women", date(2024, 1, 1)).plan == "xj-women"
    assert [(book.plan, book.version) for book in registry.plans()] == sorted(
        (book.plan, book.version) for book in registry.plans())


def test_unknown_plan_names_the_nearest() -> None:
    with pytest.raises(NotFound) as refused:
        registry.resolve("nx-ankanbao", date(2026, 1, 1))
    assert "nx-ankangbao" in refused.value.remedy
    with pytest.raises(NotFound):
        registry.version("nx-ankangbao", date(2019, 1, 4))


def test_date_before_the_first_wording_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        registry.resolve("nx-ankangbao", date(2019, 1, 2))
    assert refused.value.field == "event.specimen_on"


def test_digest_is_of_the_files_bytes() -> None:
    path = next(path for path in registry.files() if path.parent.name == "xj-women")
    assert registry.latest("xj-women").digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_hospital_papers_are_asked_only_for_stays() -> None:
    six = ["policy_copy", "id_card", "diagnosis", "pathology", "bank_card", "hospital"]
    assert [paper.kind for paper in NX.required_papers({"event": {"stays": [{"days": 3}]}})] == six
    assert [paper.kind for paper in NX.required_papers({"event": {"stays": []}})] == six[:5]
    assert [paper.kind for paper in NX.required_papers({"event.stays": [{"days": 3}]})] == six
    assert [paper.kind for paper in XJ.required_papers({})] == ["application", "id_card", "diagnosis", "pathology",
                                                                "bank_card"]
    assert {paper.origin for paper in XJ.papers} == {"association"}


@pytest.mark.parametrize(("amount", "levels"), [
    ("2000", ["unit", "district", "office_first"]), ("20000", ["unit", "district", "office_first"]),
    ("20000.01", ["unit", "district", "office_first", "office_senior"]),
    ("100000", ["unit", "district", "office_first", "office_senior"]),
    ("100000.01", ["unit", "district", "office_first", "office_senior", "office_head"])])
def test_women_chain_grows_with_the_amount(amount: str, levels: list[str]) -> None:
    assert [level.level for level in XJ.levels_for(Decimal(amount))] == levels


def test_ankangbao_is_certified_by_the_unit_and_the_others_are_informed() -> None:
    assert [(level.level, level.act) for level in NX.levels_for(Decimal(100000))] == [("unit", "certify")]
    assert [level.level for level in NX.chain if level.act == "informed"] == ["district", "region"]


@pytest.mark.parametrize(("kind", "days", "counted"), [
    ("report", 10, "calendar"), ("pay", 15, "working"), ("verification", 2, "working"), ("finance", 2, "working"),
    ("bank", 4, "working"), ("objection", 15, "calendar"), ("supplement", 30, "calendar")])
def test_clocks_of_both_plans(kind: str, days: int, counted: str) -> None:
    for book in (NX, XJ):
        assert (book.clocks[kind].days, book.clocks[kind].kind) == (days, counted)
        assert book.clocks[kind].clause
        assert book.clocks[kind].start


@pytest.mark.parametrize(("kind", "days"), [("assessment", 30), ("refusal_letter", 3), ("agreement", 10), ("advance", 60)])
def test_statutory_clocks_run_on_the_insurers_route_only(kind: str, days: int) -> None:
    assert (NX.clocks[kind].days, NX.clocks[kind].origin) == (days, "law")
    assert kind not in XJ.clocks


def test_banks() -> None:
    assert [NX.bank_allowed(bank) for bank in ("ICBC", "CCB", "BOC")] == [True, True, False]
    assert XJ.bank_allowed("BOC")


def test_every_rule_has_a_clause() -> None:
    for book in (NX, XJ):
        parts = [*book.lists.values(), *book.benefits.values(), *book.papers, *book.chain, *book.clocks.values(),
                 book.banks, book.fee, book.eligible, book.shares]
        assert all(part.clause for part in parts)


def test_codes_have_chinese_words() -> None:
    assert all(words and not words.isascii() for words in (*REASONS.values(), *FLAGS.values()))
