"""What papers say otherwise: each contradiction with its place, its weight and its boundary, over fields as read or as corrected."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from services.evidence.cross_checks import Stated, contradictions
from services.evidence.fact_checks import close
from services.evidence.readings import FieldView
from services.evidence.recognition.lines import Box
from services.evidence.rules import Finding
from services.evidence.sheet_checks import PaperRead
from services.rulebook import registry
from services.rulebook.vocabulary import parse

NUMBER, OTHER, WRONG = "110101199003070011", "110101199003070038", "110101199003070012"     # GB 11643: the last has no such check digit
CANCER = {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-03-10", "diagnosed_on": "2026-03-16"}
STAYS = {"kind": "inpatient", "stays": [{"from": "2026-03-01", "to": "2026-03-11"}], "own_payment": "1234.50"}
SETTLED = {"own_1": "1000.00", "own_2": "200.00", "own_expense": "34.50", "own_payment": "1234.50"}
BOX = Box(0.1, 0.2, 0.3, 0.25)
PLACES = {"id_card": "id_card", "bank_card": "bank_card", "diagnosis": "diagnosis", "pathology": "pathology",
          "discharge": "discharge_record", "settlement": "settlement_statement", "invoice": "outpatient_receipts",
          "fire": "fire_determination"}


def paper(sheet: str, *, kind: str = "", source: str = "text") -> PaperRead:
    return PaperRead(uuid.uuid4(), kind or PLACES[sheet], f"材料{sheet}", source, {1: sheet})


def fields(on: PaperRead, values: dict[str, str], *, confidence: float = 0.97, state: str = "read", page: int = 1,
           place: int = 0) -> list[FieldView]:
    sheet = on.sheets[min(on.sheets)]
    return [FieldView(uuid.uuid4(), on.id, uuid.uuid4(), page, sheet, name, place, value, value, confidence, BOX, "ocr", state)
            for name, value in values.items()]


def stated(plan: str, event: dict[str, object], papers: Sequence[PaperRead], read: Sequence[FieldView], **more: object) -> Stated:
    cover = {"effective": "2026-01-01", "until": "2026-12-31"}
    book = registry.latest(plan)
    base = Stated(name="王示例", number=NUMBER, others_too=False, words=parse({"plan": plan, "cover": cover, "event": event}), book=book,
                  last_day=date(2026, 12, 31), reported_on=date(2026, 3, 20), papers={one.id: one for one in papers}, fields=read,
                  marks={one.id: f"mark {one.value}" for one in read})
    return replace(base, **more)


def found(sheet: str, values: dict[str, str], *, plan: str = "nx-ankangbao", event: dict[str, object] | None = None,
          state: str = "read", confidence: float = 0.97, kind: str = "", **more: object) -> dict[str, Finding]:
    on = paper(sheet, kind=kind)
    read = fields(on, values, state=state, confidence=confidence)
    return {one.code: one for one in contradictions(stated(plan, event or CANCER, [on], read, **more))}


CASES = [
    # sheet, values, findings, of which serious
    ("id_card", {"name": "王示例", "number": NUMBER, "valid_until": "2026-03-20"}, [], []),
    ("id_card", {"number": OTHER}, ["identity_number_differs"], ["identity_number_differs"]),
    ("id_card", {"number": WRONG}, ["identity_number_invalid"], ["identity_number_invalid"]),
    ("id_card", {"name": "王例"}, ["name_differs"], ["name_differs"]),
    ("id_card", {"valid_until": "2026-03-19"}, ["id_card_expired"], []),
    ("id_card", {"valid_until": "长期"}, [], []),
    ("diagnosis", {"name": "王 示例", "diagnosed_on": "2026-03-16", "disease": "右乳腺浸润性导管癌"}, [], []),
    ("diagnosis", {"diagnosed_on": "2026-03-17"}, ["date_differs"], []),                  # the specimen's day dates this plan
    ("diagnosis", {"disease": "子宫平滑肌瘤"}, ["disease_not_listed"], []),
    ("pathology", {"specimen_on": "2026-03-10", "disease": "乳腺癌"}, [], []),
    ("pathology", {"specimen_on": "2026-03-09"}, ["date_differs"], ["date_differs"]),
    ("pathology", {"specimen_on": "2025-12-31"}, ["date_differs", "date_outside_cover"], ["date_differs", "date_outside_cover"]),
    ("pathology", {"specimen_on": "2026-01-30"}, ["date_differs", "date_in_waiting"], ["date_differs"]),     # day 30 of 30
    ("pathology", {"specimen_on": "2026-01-31"}, ["date_differs"], ["date_differs"]),                        # day 31
    ("fire", {"name": "某餐饮店", "on": "2026-03-01"}, ["name_differs"], []),             # a fire is no fact of an illness
    ("invoice", {"amount": "1050.00", "amount_in_words": "壹仟零伍拾元整"}, [], []),
    ("invoice", {"amount": "1050.00", "amount_in_words": "人民币壹仟零伍拾圆正"}, [], []),
    ("invoice", {"amount": "1050.00", "amount_in_words": "壹仟伍拾元整"}, [], []),        # no amount in proper words: nothing is said
    ("invoice", {"amount": "1050.00", "amount_in_words": "壹仟零伍拾元零伍分"}, ["amount_words_differ"], ["amount_words_differ"]),
]


@pytest.mark.parametrize(("sheet", "values", "codes", "serious"), CASES)
def test_a_sheet_against_what_is_known(sheet: str, values: dict[str, str], codes: list[str], serious: list[str]) -> None:
    told = found(sheet, values)
    assert sorted(told) == sorted(codes)
    assert sorted(code for code, one in told.items() if one.severity == "serious") == sorted(serious)
    assert all((one.page, one.box) == (1, BOX) and one.field and one.paper for one in told.values())


STAY = {"admitted_on": "2026-03-01", "discharged_on": "2026-03-11", "days": "10"}
INPATIENT = [
    ({**STAY, **SETTLED, "total": "5000.00", "pool_fund_paid": "3000.00", "large_fund_paid": "765.50"}, [], []),
    ({**STAY, "days": "11"}, ["days_differ"], []),                                       # both ends counted by the hospital
    ({**STAY, "discharged_on": "2026-03-12", "days": "11"}, ["stay_differs"], ["stay_differs"]),
    ({"admitted_on": "2026-03-11", "discharged_on": "2026-03-01", "days": "10"}, ["stay_backwards"], ["stay_backwards"]),
    ({**SETTLED, "own_2": "200.01"}, ["amounts_wrong"], ["amounts_wrong"]),
    ({**SETTLED, "total": "5000.00", "pool_fund_paid": "3000.00", "large_fund_paid": "765.51"}, ["amounts_wrong"], ["amounts_wrong"]),
    ({**SETTLED, "total": "5000.00", "pool_fund_paid": "3000.00", "large_fund_paid": "765.49"}, ["amounts_wrong"], []),   # another fund
    ({"own_payment": "1234.51"}, ["amount_differs"], ["amount_differs"]),
    ({"admitted_on": "2025-12-30", "discharged_on": "2025-12-31"}, ["date_outside_cover", "stay_differs"],
     ["date_outside_cover", "stay_differs"]),
    ({"hospital": "示例市第一医院"}, [], []),
]


@pytest.mark.parametrize(("values", "codes", "serious"), INPATIENT)
def test_a_stay_and_its_money(values: dict[str, str], codes: list[str], serious: list[str]) -> None:
    told = found("settlement", values, plan="bj-inpatient", event=STAYS)
    assert sorted(told) == sorted(codes)
    assert sorted(code for code, one in told.items() if one.severity == "serious") == sorted(serious)


def test_a_machine_unsure_contradicts_nothing_and_is_counted() -> None:
    told = found("pathology", {"specimen_on": "2025-12-31", "name": "李四"}, confidence=0.89)
    assert list(told) == ["fields_doubtful"]
    assert "2 项" in told["fields_doubtful"].words


def test_a_persons_word_counts_above_the_machines_confidence() -> None:
    assert "date_differs" in found("pathology", {"specimen_on": "2026-03-09"}, confidence=0.2, state="corrected")
    assert found("pathology", {"specimen_on": "2026-03-09"}, confidence=0.99, state="unreadable") == {}


def test_a_value_of_no_written_form_stops_nothing() -> None:
    assert list(found("pathology", {"specimen_on": "2026-3-9"})) == ["fields_doubtful"]


def test_numbers_are_masked_in_words_and_no_part_of_the_key() -> None:
    told = found("id_card", {"number": OTHER})["identity_number_differs"]
    assert OTHER not in told.words and NUMBER not in told.words and OTHER[6:14] not in told.words
    assert told.content == (f"mark {OTHER}",)
    card = found("bank_card", {"account": "6222020200012345678"}, account="6222020200012345999")["card_differs"]
    assert "62220202" not in card.words and "5678" in card.words


def test_the_key_stays_from_run_to_run_and_changes_with_what_is_said() -> None:
    on = paper("pathology")
    first, again = (fields(on, {"specimen_on": "2026-03-09"}) for _ in range(2))
    keys = [contradictions(stated("nx-ankangbao", CANCER, [on], read))[0].key for read in (first, again)]
    assert keys[0] == keys[1]
    other = contradictions(stated("nx-ankangbao", CANCER, [on], fields(on, {"specimen_on": "2026-03-08"})))[0].key
    moved = contradictions(stated("nx-ankangbao", CANCER | {"specimen_on": "2026-03-11"}, [on], first))[0].key
    assert len({keys[0], other, moved}) == 3


def test_relatives_papers_weigh_less() -> None:
    own, childs = paper("id_card"), paper("id_card")
    read = [*fields(own, {"number": NUMBER, "name": "王示例"}), *fields(childs, {"number": OTHER, "name": "王小例"})]
    told = contradictions(stated("nx-ankangbao", CANCER, [own, childs], read))
    assert {(one.code, one.severity, one.paper) for one in told} == {
        ("identity_number_differs", "note", childs.id), ("name_differs", "note", childs.id)}
    heirs = found("id_card", {"number": OTHER}, others_too=True)
    assert heirs["identity_number_differs"].severity == "note"


def test_a_second_certificate_of_another_day_is_a_note_where_one_agrees() -> None:
    first, second = paper("pathology"), paper("pathology")
    read = [*fields(first, {"specimen_on": "2026-03-10"}), *fields(second, {"specimen_on": "2026-03-12"})]
    [told] = contradictions(stated("nx-ankangbao", CANCER, [first, second], read))
    assert (told.code, told.severity, told.paper) == ("date_differs", "note", second.id)


def test_transfers_join_and_days_alone_are_counted() -> None:
    """A-17: a stay that begins on the day the one before ended is the same admission."""
    first, second = paper("discharge"), paper("discharge")
    read = [*fields(first, {"admitted_on": "2026-03-01", "discharged_on": "2026-03-05"}),
            *fields(second, {"admitted_on": "2026-03-05", "discharged_on": "2026-03-11"})]
    assert contradictions(stated("bj-inpatient", STAYS, [first, second], read)) == []
    days = STAYS | {"stays": [{"days": 10}], "settled_on": "2026-03-12"}
    assert found("discharge", {"admitted_on": "2026-03-01", "discharged_on": "2026-03-11"}, plan="bj-inpatient", event=days,
                 kind="hospital") == {}
    assert "stay_differs" in found("discharge", {"admitted_on": "2026-03-01", "discharged_on": "2026-03-10"}, plan="bj-inpatient",
                                   event=days)


def test_amounts_of_several_settlements_are_summed_once_each() -> None:
    first, second, again = (paper("settlement") for _ in range(3))
    read = [*fields(first, {"number": "1", "own_payment": "1000.00"}), *fields(second, {"number": "2", "own_payment": "234.50"}),
            *fields(again, {"number": "2", "own_payment": "234.50"})]
    assert contradictions(stated("bj-inpatient", STAYS, [first, second, again], read)) == []
    year = {"kind": "medical_year", "year": 2026, "stays_own_1": ["1000.00", "234.50"]}
    own = [*fields(first, {"own_1": "1000.00"}), *fields(second, {"own_1": "234.60"})]
    [told] = contradictions(stated("bj-medical", year, [first, second], own))
    assert (told.code, told.paper) == ("amount_differs", second.id)


def test_the_hospital_and_its_level() -> None:
    asked = found("discharge", {"hospital": "示例市第二医院"}, plan="bj-inpatient", event=STAYS, hospital="示例市第一医院")
    assert set(asked) == {"hospital_level", "hospital_differs"}
    told = found("discharge", {"hospital": "示例市第一医院（东院）"}, plan="bj-inpatient", event=STAYS, hospital="示例市第一医院")
    assert set(told) == {"hospital_level"}
    assert found("diagnosis", {"hospital": "示例市第一医院"}, hospital="示例市第一医院") == {}        # this plan asks for no level


def test_the_bank_card() -> None:
    allowed = found("bank_card", {"account": "6222 0202 0001 2345 678", "bank": "工商银行示例支行"}, account="6222020200012345678")
    assert allowed == {}
    told = found("bank_card", {"bank": "某某银行"}, plan="bj-inpatient", event=STAYS)
    limited = bool(registry.latest("bj-inpatient").banks.allow)
    assert ("card_bank_not_allowed" in told) is limited


def test_another_kind_of_sheet_and_a_missing_seal() -> None:
    wrong = PaperRead(uuid.uuid4(), "pathology", "病理报告", "ocr", {1: "diagnosis"})
    told = {one.code: one for one in contradictions(stated("nx-ankangbao", CANCER, [wrong], []))}
    assert set(told) == {"sheet_differs", "seal_missing"}
    assert (told["seal_missing"].paper, told["seal_missing"].page) == (wrong.id, 1)
    sealed = replace(wrong, kind="diagnosis")
    assert contradictions(stated("nx-ankangbao", CANCER, [sealed], fields(sealed, {"seal": "yes"}))) == []
    anything = replace(wrong, kind="other", source="text")
    assert contradictions(stated("nx-ankangbao", CANCER, [anything], [])) == []


@pytest.mark.parametrize(("listed", "said", "same"), [
    ("乳腺癌", "右侧乳腺浸润性导管癌", True), ("原发性输卵管恶性肿瘤", "左输卵管癌", True), ("子宫颈癌", "宫颈鳞状细胞癌", True),
    ("子宫颈癌", "子宫内膜癌", False), ("卵巢癌", "巢卵癌", False)])
def test_a_listed_disease_is_known_by_its_characters_in_order(listed: str, said: str, same: bool) -> None:
    assert close(listed, said) is same
