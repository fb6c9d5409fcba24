"""What stands on each of a claimant's papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from services.core.words import date_cn
from services.simulate.cast import Member
from services.simulate.scans import scan
from services.simulate.scenarios import Illness

Facts = Sequence[tuple[str, str]]
_SITES: Mapping[str, str] = {"C50": "乳腺恶性肿瘤", "C53": "宫颈恶性肿瘤", "C54": "子宫体恶性肿瘤", "C56": "卵巢恶性肿瘤",
                             "C79": "卵巢继发恶性肿瘤",
                             "D05": "乳腺原位癌", "D06": "宫颈原位癌", "D25": "子宫平滑肌瘤"}


def _who(member: Member) -> list[tuple[str, str]]:
    return [("姓名", member.person.name), ("公民身份号码", member.person.id_number)]


def _disease(row: Illness) -> str:
    return f"{_SITES[row.icd10[:3]]}（ICD-10 {row.icd10}）"


def _diagnosis(member: Member, row: Illness) -> Facts:
    return [*_who(member), ("诊断", _disease(row)), ("确诊日期", date_cn(row.diagnosed_on)),
            ("医师签章", "示例医师"), ("医院公章", "（已盖）")]


def _pathology(member: Member, row: Illness) -> Facts:
    return [*_who(member), ("标本提取日期", date_cn(row.specimen_on)), ("病理诊断", _disease(row)),
            ("形态学行为编码", f"/{row.behaviour}"), ("报告日期", date_cn(row.diagnosed_on))]


_FACTS: Mapping[str, Callable[[Member, Illness], Facts]] = {
    "policy_copy": lambda member, row: [*_who(member), ("保障起期", date_cn(row.cover_effective)), ("投保单位盖章", "（已盖）")],
    "application": lambda member, row: [*_who(member), ("申请事项", f"{_disease(row)}互助金"), ("申请人签字", member.person.name)],
    "id_card": lambda member, row: [*_who(member), ("性别", "女")],
    "diagnosis": _diagnosis,
    "pathology": _pathology,
    "bank_card": lambda member, row: [("户名", member.person.name), ("开户行", member.person.bank), ("账号", member.person.card)],
    "hospital": lambda member, row: [*_who(member), ("住院", "两次，分别为 10 天、5 天"), ("出院诊断", _disease(row))],
    "consent": lambda member, row: [*_who(member), ("同意", "为办理本次理赔，同意向保险公司提供本人个人信息和医疗健康信息"),
                                    ("签字", member.person.name)],
    "withdrawal": lambda member, row: [*_who(member), ("申请", "自愿撤回本次互助金申请"), ("签字", member.person.name)],
    "death_proof": lambda member, row: [*_who(member), ("结论", "因病死亡"), ("出具单位", "示例医院")],
    "household_cancellation": lambda member, row: [*_who(member), ("户籍", "因死亡注销"), ("出具单位", "示例派出所")],
    "heir_proof": lambda member, row: [*_who(member), ("继承人", "第一顺序继承人二人"), ("出具单位", "示例居民委员会")],
}


def page(kind: str, member: Member, row: Illness, *, copy: int = 1) -> bytes:
    """The scan of one paper of a claimant; `copy` 2 is another scan of the same paper."""
    return scan(kind, _FACTS[kind](member, row), copy=copy)
