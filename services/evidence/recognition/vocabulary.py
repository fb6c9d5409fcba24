"""Kinds of sheets that come as papers, the fields read from each, and the event's facts they prove.

A written form for each type, so that two readings compare by their bytes: `text` without spaces at its ends, full-width
brackets; `date` as 2026-09-30; `money` as yuan with two decimals (1234.50); `int` and `number` as digits (an identity number's X
stays); `flag` as `yes` (a seal was seen).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldType = Literal["text", "date", "money", "int", "number", "flag"]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field. `label` is the desk's word, `fact` the event's fact (vocabulary.md) that it proves."""

    name: str
    type: FieldType
    label: str
    fact: str = ""


@dataclass(frozen=True, slots=True)
class SheetSpec:
    """One kind of sheet. `papers`: kinds of papers in the plans' checklists that are such a sheet, or may hold one."""

    sheet: str
    name: str
    papers: tuple[str, ...]
    fields: tuple[FieldSpec, ...]


def _f(name: str, kind: FieldType, label: str, fact: str = "") -> FieldSpec:
    return FieldSpec(name, kind, label, fact)


_NAME, _HOSPITAL = _f("name", "text", "姓名"), _f("hospital", "text", "医疗机构")
_SEAL = _f("seal", "flag", "印章")
_STAY = (_f("admitted_on", "date", "入院日期", "event.stays.from"), _f("discharged_on", "date", "出院日期", "event.stays.to"),
         _f("days", "int", "住院天数", "event.stays.days"))

SHEETS: dict[str, SheetSpec] = {spec.sheet: spec for spec in (
    SheetSpec("id_card", "居民身份证", ("id_card",), (
        _NAME, _f("sex", "text", "性别"), _f("born", "date", "出生日期"), _f("number", "number", "公民身份号码"),
        _f("valid_until", "text", "有效期止（日期或长期）"))),
    SheetSpec("bank_card", "银行卡", ("bank_card",), (
        _f("account", "number", "卡号"), _f("bank", "text", "开户银行"))),
    SheetSpec("diagnosis", "疾病诊断证明书", ("diagnosis", "medical_records", "onset_record"), (
        _NAME, _HOSPITAL, _f("disease", "text", "诊断", "event.disease"),
        _f("diagnosed_on", "date", "确诊（开具）日期", "event.diagnosed_on"), _SEAL)),
    SheetSpec("pathology", "病理检查报告单", ("pathology",), (
        _NAME, _HOSPITAL, _f("number", "number", "病理号"),
        _f("specimen_on", "date", "标本提取（采集）日期", "event.specimen_on"), _f("received_on", "date", "标本接收日期"),
        _f("reported_on", "date", "报告日期"), _f("disease", "text", "病理诊断", "event.disease"), _SEAL)),
    SheetSpec("discharge", "出院小结", ("discharge_record", "hospital", "medical_records"), (
        _NAME, _HOSPITAL, *_STAY, _f("disease", "text", "出院诊断", "event.disease"), _SEAL)),
    SheetSpec("settlement", "住院费用结算单", ("settlement_statement", "settlement_bill", "inpatient_bill"), (
        _NAME, _HOSPITAL, _f("number", "number", "结算单号"), *_STAY, _f("settled_on", "date", "结算日期", "event.settled_on"),
        _f("total", "money", "费用总额"), _f("pool_fund_paid", "money", "统筹基金支付", "event.pool_fund_paid"),
        _f("large_fund_paid", "money", "大额互助（大病）支付"), _f("own_1", "money", "自付一", "event.stays_own_1"),
        _f("own_2", "money", "自付二"), _f("own_expense", "money", "自费"),
        _f("own_payment", "money", "个人支付合计", "event.own_payment"), _SEAL)),
    SheetSpec("invoice", "医疗收费票据", ("receipts", "outpatient_receipts", "inpatient_bill", "observation_receipt", "hospital"), (
        _f("code", "number", "票据代码"), _f("number", "number", "票据号码"), _f("name", "text", "交款人"),
        _f("hospital", "text", "收款单位"), _f("issued_on", "date", "开票日期"), _f("amount", "money", "金额合计（小写）"),
        _f("amount_in_words", "text", "金额合计（大写）"), _SEAL)),
    SheetSpec("fire", "火灾事故认定书", ("fire_determination",), (
        _f("number", "text", "文号"), _f("name", "text", "当事人"), _f("place", "text", "起火地点"),
        _f("on", "date", "起火日期", "event.on"), _f("cause", "text", "起火原因"), _f("issued_on", "date", "认定日期"), _SEAL)),
)}

OFFICIAL = frozenset({"diagnosis", "pathology", "discharge", "settlement", "invoice", "fire"})   # a seal is looked for


def sheets_for(paper_kind: str) -> tuple[SheetSpec, ...]:
    """The sheets that a paper of this kind may hold, likeliest first; none for kinds that no machine reads (photos, an application)."""
    return tuple(spec for spec in SHEETS.values() if paper_kind in spec.papers)


def field(sheet: str, name: str) -> FieldSpec:
    """One field's description. KeyError for a field that the sheet does not have."""
    return next((spec for spec in SHEETS[sheet].fields if spec.name == name), None) or _missing(sheet, name)


def _missing(sheet: str, name: str) -> FieldSpec:
    raise KeyError(f"{sheet}.{name}")
