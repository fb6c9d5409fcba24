"""What a roster's row must meet: each fault names column, fault and remedy. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from unicodedata import normalize

from services.core.errors import InputError
from services.core.identity import (
    BANKS,
    NAME_REASONS,
    NAME_WARNINGS,
    REASONS,
    WARNINGS,
    Identity,
    age_on,
    bank_of,
    check_identity,
    check_name,
    luhn,
)
from services.core.money import to_fen
from services.engine.event import last_day
from services.enrolment import roster as sheet
from services.enrolment.faults import WHOLE, Fault, Notes
from services.enrolment.roster import RosterRow
from services.rulebook.schema import RuleBook
from services.rulebook.values import Table

__all__ = ["Entrant", "Fault", "Standing", "bank_code", "check_payer", "fee_tiers", "fits", "last_day", "plan_faults", "premium",
           "read_row", "standing_faults", "unit_faults"]

_RELATION_WORDS = {"employee": "职工本人", "wife": "男职工的配偶", "child": "职工子女"}
_SEX_WORDS = {"F": "女性", "M": "男性"}
_BANK_CODES = {code: code for code in BANKS} | {name: code for code, name in BANKS.items()} | {
    "工商银行": "ICBC", "工行": "ICBC", "建设银行": "CCB", "建行": "CCB", "农业银行": "ABC", "农行": "ABC", "中行": "BOC",
    "北京银行": "BOB_UNION_CARD", "北京银行(工会会员·京卡)": "BOB_UNION_CARD"}
PHONE = re.compile(r"1[3-9]\d{9}")
_STAFF_KINDS = frozenset(normalize("NFKC", kind) for kind in sheet.STAFF_KINDS)
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d\d)(\d\d)", re.ASCII)
_AS_TEXT = "按身份证核对；单元格设为“文本”格式"


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


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database and the file know against a row. `clash_no`: only of a cover that the caller may see."""

    row: int
    born: date
    first_row: int
    renamed: bool
    died: bool
    clash_from: date | None
    clash_until: date | None
    clash_no: str | None
    renewal: bool
    required: bool


def bank_code(word: str) -> str | None:
    """The code of a bank named in words or by code; None when unknown."""
    return _BANK_CODES.get(word.strip())


class _Say(Protocol):
    def __call__(self, column: str, words: str, remedy: str, code: str) -> None: ...


def read_row(row: RosterRow, book: RuleBook, notes: Notes) -> tuple[Entrant | None, list[Fault]]:
    """One row's own faults; the entrant when it has none. What only needs a look goes to `notes`."""
    faults: list[Fault] = []

    def fault(column: str, words: str, remedy: str, code: str) -> None:
        faults.append(Fault(row.row, column, words, remedy, code))

    name = _name(row, fault, notes)
    identity = _identity(row, fault, notes)
    shares = _shares(row.get(sheet.SHARES))
    if shares is None or not 1 <= shares <= book.shares.max:
        fault(sheet.SHARES, f"份数“{row.get(sheet.SHARES)}”不对，本计划每人 1 至 {book.shares.max} 份", "改正份数", "shares")
    tier = _tier(row, book, fault)
    high_risk = sheet.YES_NO.get(row.get(sheet.HIGH_RISK))
    if high_risk is None:
        fault(sheet.HIGH_RISK, f"“{row.get(sheet.HIGH_RISK)}”不对", "填“是”或“否”；留空为否", "high_risk")
    _staff_kind(row, fault)
    relation = sheet.RELATIONS.get(row.get(sheet.RELATION))
    if relation is None:
        fault(sheet.RELATION, f"不认识的关系“{row.get(sheet.RELATION)}”", "填“职工”“配偶”或“子女”", "relation")
    if row.get(sheet.PHONE) and not PHONE.fullmatch(row.get(sheet.PHONE)):
        fault(sheet.PHONE, "手机号应为 11 位", "改正手机号，或留空", "phone")
    bank = _bank(row, fault)
    if faults or identity.born is None or identity.sex is None or relation is None or shares is None or high_risk is None:
        return None, faults
    return Entrant(row.row, name, identity.number, identity.born, identity.sex, relation, shares,
                   tier, high_risk, row.get(sheet.PHONE) or None, bank, row.get(sheet.ACCOUNT) or None), []


def _name(row: RosterRow, fault: _Say, notes: Notes) -> str:
    found = check_name(row.get(sheet.NAME))
    for reason in found.reasons:
        fault(sheet.NAME, NAME_REASONS[reason], "按身份证填写姓名", f"name_{reason}")
    for warning in found.warnings:
        notes.add(row.row, sheet.NAME, f"name_{warning}", NAME_WARNINGS[warning], "核对证件；无误则不必改")
    return found.text


def _identity(row: RosterRow, fault: _Say, notes: Notes) -> Identity:
    """The number, and what the roster says of sex and birth beside it."""
    identity = check_identity(row.get(sheet.NUMBER))
    for reason in identity.reasons:
        fault(sheet.NUMBER, REASONS[reason], _AS_TEXT, reason)
    for warning in identity.warnings:
        notes.add(row.row, sheet.NUMBER, warning, WARNINGS[warning], "核对证件；无误则不必改")
    sex, born = row.get(sheet.SEX), row.get(sheet.BORN)
    if sex and identity.valid and sheet.SEXES.get(sex) != identity.sex:
        fault(sheet.SEX, f"性别“{sex}”与身份证号不符", "核对身份证号和性别", "sex_differs")
    if born and identity.valid and _day(born) != identity.born:
        fault(sheet.BORN, f"出生日期“{born}”与身份证号不符", "核对身份证号和出生日期；日期写成 2026-02-13", "born_differs")
    return identity


def _day(text: str) -> date | None:
    """A day as people type it: 2026-02-13, 2026/2/13, 2026年2月13日, 20260213."""
    found = _DAY.fullmatch(text)
    try:
        return date(*(int(part) for part in found.groups() if part)) if found else None
    except ValueError:
        return None


def _shares(text: str) -> int | None:
    return 1 if not text else int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


def _tier(row: RosterRow, book: RuleBook, fault: _Say) -> str | None:
    """The fee tier, where the plan's fee hangs on one; a fault when it is missing, unknown or not asked for."""
    tier, tiers = row.get(sheet.TIER).removesuffix("元"), fee_tiers(book)
    if tier in tiers or not (tier or tiers):
        return tier or None
    if tiers:
        fault(sheet.TIER, f"缴费档次“{tier}”不对，本计划的档次为 {'、'.join(tiers)}（{book.fee.clause}）", "按应缴费用填写档次", "tier")
    else:
        fault(sheet.TIER, "本计划不分缴费档次", "留空", "tier")
    return None


def fee_tiers(book: RuleBook) -> tuple[str, ...]:
    """The tiers of a plan whose fee hangs on one; empty for any other."""
    return tuple(book.fee.amount.cases) if isinstance(book.fee.amount, Table) else ()


def _staff_kind(row: RosterRow, fault: _Say) -> None:
    """Temporary staff count as staff after a year of employment only (seed 002)."""
    kind = row.get(sheet.STAFF_KIND)
    if kind and kind not in _STAFF_KINDS:
        fault(sheet.STAFF_KIND, f"用工形式“{kind}”不对", f"填 {'、'.join(sheet.STAFF_KINDS)}，或留空；聘用未满一年的临时职工不能参加",
              "staff_kind")


def _bank(row: RosterRow, fault: _Say) -> str | None:
    bank, account = row.get(sheet.BANK), row.get(sheet.ACCOUNT)
    if not bank and not account:
        return None
    if not bank or not account:
        fault(sheet.ACCOUNT if bank else sheet.BANK, "开户行和银行账号须同时填写", "补全，或两项都留空", "bank_incomplete")
        return None
    code = bank_code(bank)
    if code is None:
        fault(sheet.BANK, f"不认识的开户行“{bank}”", f"可填：{'、'.join(BANKS.values())}", "bank_unknown")
    if not luhn(account):
        fault(sheet.ACCOUNT, "银行账号校验不通过", "按银行卡核对；单元格设为“文本”格式", "account")
    elif code and bank_of(account) not in (None, code):
        fault(sheet.BANK, f"该账号属于{BANKS[bank_of(account) or code]}", "核对开户行", "bank_differs")
    return code


def unit_faults(named: str, unit: str) -> list[Fault]:
    """The footer must name the unit that sends the roster; an empty footer is let pass."""
    if not named or named == unit:
        return []
    return [Fault(WHOLE, sheet.UNIT, f"名单写的是“{named}”，上传单位是“{unit}”", "核对名单，或由该单位上传", "unit_differs")]


def plan_faults(entrant: Entrant, book: RuleBook) -> list[Fault]:
    """What the plan says about this person whatever her earlier covers."""
    clause, faults = book.eligible.clause, []
    if book.eligible.sex and entrant.sex != book.eligible.sex:
        faults.append(Fault(entrant.row, sheet.NUMBER, f"本计划只接受{_SEX_WORDS[book.eligible.sex]}（{clause}）", "从名单中删去", "sex"))
    if book.eligible.relation and entrant.relation not in book.eligible.relation:
        allowed = "、".join(_RELATION_WORDS[word] for word in book.eligible.relation)
        faults.append(Fault(entrant.row, sheet.RELATION, f"本计划只接受{allowed}（{clause}）", "核对关系，或从名单中删去", "relation"))
    return faults


def premium(entrant: Entrant, book: RuleBook) -> int:
    """The fee of one cover in fen."""
    return to_fen(book.fee_due(entrant.shares, entrant.tier, entrant.high_risk_work))


def fits(book: RuleBook, born: date, effective: date, *, renewal: bool) -> bool:
    """Whether the age on the effective day is within the plan's span; a renewal may have a wider one."""
    span = book.eligible.renewal_age if renewal and book.eligible.renewal_age else book.eligible.age
    return span is None or span.holds(age_on(born, effective))


def standing_faults(standing: Standing, book: RuleBook, effective: date) -> list[Fault]:
    """Faults that only the database or the rest of the file can show."""
    row, found = standing.row, []
    if standing.first_row < row:
        found.append(Fault(row, sheet.NUMBER, f"与第 {standing.first_row} 行是同一人", "删去重复的一行", "twice"))
    if standing.renamed:
        found.append(Fault(row, sheet.NAME, "该身份证号已登记在另一姓名下", "核对姓名；确有更名的由办事处更正", "renamed"))
    if standing.clash_until:
        where = (f"已有保障 {standing.clash_no}（{standing.clash_from} 至 {standing.clash_until}）" if standing.clash_no
                 else f"已在其他单位参加本计划，保障至 {standing.clash_until}")
        found.append(Fault(row, sheet.NUMBER, f"保障期重叠：{where}", f"生效日应在 {standing.clash_until} 之后", "overlap"))
    if not fits(book, standing.born, effective, renewal=standing.renewal):
        kind = "续保" if standing.renewal else "参保"
        age = age_on(standing.born, effective)
        found.append(Fault(row, sheet.NUMBER, f"生效日 {age} 周岁，不在{kind}年龄内（{book.eligible.clause}）", "从名单中删去", "age"))
    if book.requires and not standing.required:
        found.append(Fault(row, sheet.NUMBER, f"须先参加 {book.requires.plan}（{book.requires.clause}）", "先参加该计划", "requires"))
    if standing.died:
        found.append(Fault(row, sheet.NAME, "此人已登记死亡", "从名单中删去；登记有误的由办事处更正", "died"))
    return found


def check_payer(book: RuleBook, payer_kind: str) -> None:
    """Public money may not buy a cover whose plan bans it (reading A-42)."""
    if payer_kind not in ("self", "enterprise", "public"):
        raise InputError("payer_kind", f"不认识的缴费来源“{payer_kind}”", remedy="填 self、enterprise 或 public", field="payer_kind")
    if book.payer_ban and payer_kind == "public":
        raise InputError("payer_banned", f"党政机关、事业单位不得用公款（含工会经费）购买（{book.payer_ban.clause}）",
                         remedy="改由个人缴费", field="payer_kind")
