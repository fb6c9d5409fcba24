"""What a roster's row must meet: each fault names column, fault and remedy. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from services.core.errors import InputError
from services.core.identity import BANKS, REASONS, age_on, bank_of, check_identity, luhn
from services.engine.event import last_day
from services.enrolment import roster as sheet
from services.enrolment.roster import Roster, RosterRow
from services.rulebook.schema import RuleBook
from services.rulebook.values import Table

__all__ = ["Entrant", "Fault", "bank_code", "check_name", "check_payer", "fee_tiers", "is_renewal", "joining_faults",
           "last_day", "read_row", "twice", "unit_faults"]

_RELATIONS = {"": "employee", "本人": "employee", "职工": "employee", "员工": "employee", "配偶": "wife", "妻子": "wife",
              "子女": "child"}
_RELATION_WORDS = {"employee": "职工本人", "wife": "男职工的配偶", "child": "职工子女"}
_YES_NO = {"": False, "否": False, "是": True}
_SEX_WORDS = {"F": "女性", "M": "男性"}
_BANK_CODES = {code: code for code in BANKS} | {name: code for code, name in BANKS.items()} | {
    "工商银行": "ICBC", "工行": "ICBC", "建设银行": "CCB", "建行": "CCB", "农业银行": "ABC", "农行": "ABC", "中行": "BOC",
    "北京银行": "BOB_UNION_CARD"}
_PHONE = re.compile(r"1[3-9]\d{9}")
_NAME = re.compile(r"[^\d\s,;:!?()（）《》<>\"']{1,40}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one row."""

    row: int
    column: str
    fault: str
    remedy: str

    def as_words(self) -> dict[str, str]:
        """As stored with the import and shown to the unit."""
        return {"row": str(self.row), "column": self.column, "fault": self.fault, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class Entrant:
    """A row that can be read: what it says, checked for itself."""

    row: int
    name: str
    id_number: str
    born: date
    sex: str
    relation: str
    shares: int
    tier: str | None
    high_risk_work: bool
    phone: str | None
    bank: str | None
    account: str | None


class KnownCover(Protocol):
    """What the checks look at of an earlier cover."""

    @property
    def effective(self) -> date: ...
    @property
    def until(self) -> date: ...
    @property
    def ended_on(self) -> date | None: ...
    @property
    def certificate_no(self) -> str: ...


def bank_code(word: str) -> str | None:
    """The code of a bank named in words or by code; None when unknown."""
    return _BANK_CODES.get(word.strip())


def read_row(row: RosterRow, book: RuleBook) -> tuple[Entrant | None, list[Fault]]:
    """One row's own faults; the entrant when it has none."""
    faults: list[Fault] = []

    def fault(column: str, words: str, remedy: str) -> None:
        faults.append(Fault(row.row, column, words, remedy))

    if not _NAME.fullmatch(row.get(sheet.NAME)):
        fault(sheet.NAME, "姓名为空或含有符号、数字", "按身份证填写姓名")
    identity = check_identity(row.get(sheet.NUMBER))
    for reason in identity.reasons:
        fault(sheet.NUMBER, REASONS[reason], "按身份证核对；单元格设为“文本”格式")
    shares = _shares(row.get(sheet.SHARES))
    if shares is None or not 1 <= shares <= book.shares.max:
        fault(sheet.SHARES, f"份数“{row.get(sheet.SHARES)}”不对，本计划每人 1 至 {book.shares.max} 份", "改正份数")
    tier = _tier(row, book, fault)
    high_risk = _YES_NO.get(row.get(sheet.HIGH_RISK))
    if high_risk is None:
        fault(sheet.HIGH_RISK, f"“{row.get(sheet.HIGH_RISK)}”不对", "填“是”或“否”；留空为否")
    relation = _RELATIONS.get(row.get(sheet.RELATION))
    if relation is None:
        fault(sheet.RELATION, f"不认识的关系“{row.get(sheet.RELATION)}”", "填“职工”“配偶”或“子女”")
    if row.get(sheet.PHONE) and not _PHONE.fullmatch(row.get(sheet.PHONE)):
        fault(sheet.PHONE, "手机号应为 11 位", "改正手机号，或留空")
    bank = _bank(row, fault)
    if faults or identity.born is None or identity.sex is None or relation is None or shares is None or high_risk is None:
        return None, faults
    return Entrant(row.row, row.get(sheet.NAME), identity.number, identity.born, identity.sex, relation, shares,
                   tier, high_risk, row.get(sheet.PHONE) or None, bank, row.get(sheet.ACCOUNT) or None), []


def _shares(text: str) -> int | None:
    return 1 if not text else int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


class _Say(Protocol):
    def __call__(self, column: str, words: str, remedy: str) -> None: ...


def _tier(row: RosterRow, book: RuleBook, fault: _Say) -> str | None:
    """The fee tier, where the plan's fee hangs on one; a fault when it is missing, unknown or not asked for."""
    tier, tiers = row.get(sheet.TIER).removesuffix("元"), fee_tiers(book)
    if tier in tiers or not (tier or tiers):
        return tier or None
    if tiers:
        fault(sheet.TIER, f"缴费档次“{tier}”不对，本计划的档次为 {'、'.join(tiers)}（{book.fee.clause}）", "按应缴费用填写档次")
    else:
        fault(sheet.TIER, "本计划不分缴费档次", "留空")
    return None


def fee_tiers(book: RuleBook) -> tuple[str, ...]:
    """The tiers of a plan whose fee hangs on one; empty for any other."""
    return tuple(book.fee.amount.cases) if isinstance(book.fee.amount, Table) else ()


def _bank(row: RosterRow, fault: _Say) -> str | None:
    bank, account = row.get(sheet.BANK), row.get(sheet.ACCOUNT)
    if not bank and not account:
        return None
    if not bank or not account:
        fault(sheet.ACCOUNT if bank else sheet.BANK, "开户行和银行账号须同时填写", "补全，或两项都留空")
        return None
    code = bank_code(bank)
    if code is None:
        fault(sheet.BANK, f"不认识的开户行“{bank}”", f"可填：{'、'.join(BANKS.values())}")
    if not luhn(account):
        fault(sheet.ACCOUNT, "银行账号校验不通过", "按银行卡核对；单元格设为“文本”格式")
    elif code and bank_of(account) not in (None, code):
        fault(sheet.BANK, f"该账号属于{BANKS[bank_of(account) or code]}", "核对开户行")
    return code


def unit_faults(roster: Roster, unit: str) -> list[Fault]:
    """The footer must name the unit that sends the roster; an empty footer is let pass."""
    if not roster.unit or roster.unit == unit:
        return []
    return [Fault(0, "单位名称", f"名单写的是“{roster.unit}”，上传单位是“{unit}”", "核对名单，或由该单位上传")]


def twice(entrants: Sequence[Entrant]) -> list[Fault]:
    """The same person on two rows."""
    first: dict[str, int] = {}
    faults = []
    for entrant in entrants:
        seen = first.setdefault(entrant.id_number, entrant.row)
        if seen != entrant.row:
            faults.append(Fault(entrant.row, sheet.NUMBER, f"与第 {seen} 行是同一人", "删去重复的一行"))
    return faults


def is_renewal(covers: Sequence[KnownCover], effective: date) -> bool:
    """Unbroken: an earlier cover of the plan ran to its end on the day before."""
    return any((cover.ended_on or cover.until) == cover.until == effective - timedelta(days=1) for cover in covers)


def joining_faults(entrant: Entrant, book: RuleBook, effective: date, covers: Sequence[KnownCover],
                   other_plans: frozenset[str]) -> list[Fault]:
    """What the plan says about this person joining on that day; `covers`: the person's covers of the plan."""
    until = last_day(effective, book.term.years)
    clause = book.eligible.clause
    faults = []
    for cover in covers:
        if cover.effective <= until and effective <= (cover.ended_on or cover.until):
            faults.append(Fault(entrant.row, sheet.NUMBER,
                                f"保障期重叠：已有保障 {cover.certificate_no}（{cover.effective} 至 {cover.until}）",
                                f"生效日应在 {cover.until} 之后"))
    if book.eligible.sex and entrant.sex != book.eligible.sex:
        faults.append(Fault(entrant.row, sheet.NUMBER, f"本计划只接受{_SEX_WORDS[book.eligible.sex]}（{clause}）", "从名单中删去"))
    if book.eligible.relation and entrant.relation not in book.eligible.relation:
        allowed = "、".join(_RELATION_WORDS[word] for word in book.eligible.relation)
        faults.append(Fault(entrant.row, sheet.RELATION, f"本计划只接受{allowed}（{clause}）", "核对关系，或从名单中删去"))
    renewal = is_renewal(covers, effective)
    span = book.eligible.renewal_age if renewal and book.eligible.renewal_age else book.eligible.age
    age = age_on(entrant.born, effective)
    if span is not None and not span.holds(age):
        faults.append(Fault(entrant.row, sheet.NUMBER, f"生效日 {age} 周岁，不在{'续保' if renewal else '参保'}年龄内（{clause}）",
                            "从名单中删去"))
    if book.requires and book.requires.plan not in other_plans:
        faults.append(Fault(entrant.row, sheet.NUMBER, f"须先参加 {book.requires.plan}（{book.requires.clause}）",
                            "先参加该计划"))
    return faults


def check_payer(book: RuleBook, payer_kind: str) -> None:
    """Public money may not buy a cover whose plan bans it (reading A-42)."""
    if payer_kind not in ("self", "enterprise", "public"):
        raise InputError("payer_kind", f"不认识的缴费来源“{payer_kind}”", remedy="填 self、enterprise 或 public", field="payer_kind")
    if book.payer_ban and payer_kind == "public":
        raise InputError("payer_banned", f"党政机关、事业单位不得用公款（含工会经费）购买（{book.payer_ban.clause}）",
                         remedy="改由个人缴费", field="payer_kind")


def check_name(known: Mapping[str, str], entrant: Entrant) -> list[Fault]:
    """A number already on record under another name (`known`: number -> name)."""
    name = known.get(entrant.id_number, entrant.name)
    if name == entrant.name:
        return []
    return [Fault(entrant.row, sheet.NAME, "该身份证号已登记在另一姓名下", "核对姓名；确有更名的由办事处更正")]
