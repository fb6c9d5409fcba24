"""What stands on each of a claimant's papers: sheets as hospitals and banks print them where a machine reads such a paper, plain
pages for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from services.core.identity import check_identity
from services.core.words import date_cn
from services.simulate.cast import Member
from services.simulate.scans import MIME, scan, sheet
from services.simulate.scans.facts import BANKS
from services.simulate.scenarios import Illness
from services.simulate.stories.ningxia import HOSPITAL as NINGXIA_HOSPITAL
from services.simulate.stories.xinjiang import HOSPITAL as XINJIANG_HOSPITAL

Facts = Sequence[tuple[str, str]]
_SITES: Mapping[str, str] = {"C50": "乳腺恶性肿瘤", "C53": "宫颈恶性肿瘤", "C54": "子宫体恶性肿瘤", "C56": "卵巢恶性肿瘤",
                             "C79": "卵巢继发恶性肿瘤",
                             "D05": "乳腺原位癌", "D06": "宫颈原位癌", "D25": "子宫平滑肌瘤"}


def _who(member: Member) -> list[tuple[str, str]]:
    return [("姓名", member.person.name), ("公民身份号码", member.person.id_number)]


def _disease(row: Illness) -> str:
    return f"{_SITES[row.icd10[:3]]}（ICD-10 {row.icd10}）"


def _printed(member: Member, row: Illness) -> dict[str, str]:
    """The facts of a claim as they are printed on sheets, in the written form of the vocabulary."""
    person, known = member.person, check_identity(member.person.id_number)
    hospital = NINGXIA_HOSPITAL if member.unit.startswith("nx") else XINJIANG_HOSPITAL
    return {"name": person.name, "sex": "女" if known.sex == "F" else "男", "born": known.born.isoformat() if known.born else "",
            "id_number": person.id_number, "age": str(row.diagnosed_on.year - known.born.year if known.born else ""),
            "disease": _SITES[row.icd10[:3]], "icd": row.icd10, "hospital": hospital, "diagnosed_on": row.diagnosed_on.isoformat(),
            "specimen_on": row.specimen_on.isoformat(), "received_on": row.specimen_on.isoformat(),
            "reported_on": row.diagnosed_on.isoformat(), "account": person.card, "bank": BANKS[person.bank][0],
            "bank_english": BANKS[person.bank][1], "unit_name": "示例单位",
            "ward": "乳腺外科" if row.icd10.startswith(("C50", "D05")) else "妇科"}


# Kinds of papers that are drawn as sheets: kind of sheet and layout.
_SHEETS: Mapping[str, tuple[str, str]] = {"id_card": ("id_card", "copied"), "diagnosis": ("diagnosis", "classic"),
                                          "pathology": ("pathology", "grid"), "bank_card": ("bank_card", "pasted")}


_FACTS: Mapping[str, Callable[[Member, Illness], Facts]] = {
    "policy_copy": lambda member, row: [*_who(member), ("保障起期", date_cn(row.cover_effective)), ("投保单位盖章", "（已盖）")],
    "application": lambda member, row: [*_who(member), ("申请事项", f"{_disease(row)}互助金"), ("申请人签字", member.person.name)],
    "hospital": lambda member, row: [*_who(member), ("住院", "两次，分别为 10 天、5 天"), ("出院诊断", _disease(row))],
    "consent": lambda member, row: [*_who(member), ("同意", "为办理本次理赔，同意向保险公司提供本人个人信息和医疗健康信息"),
                                    ("签字", member.person.name)],
    "withdrawal": lambda member, row: [*_who(member), ("申请", "自愿撤回本次互助金申请"), ("签字", member.person.name)],
    "death_proof": lambda member, row: [*_who(member), ("结论", "因病死亡"), ("出具单位", "示例医院")],
    "household_cancellation": lambda member, row: [*_who(member), ("户籍", "因死亡注销"), ("出具单位", "示例派出所")],
    "heir_proof": lambda member, row: [*_who(member), ("继承人", "第一顺序继承人二人"), ("出具单位", "示例居民委员会")],
}

_NUMBERS: Mapping[str, Callable[[Member, Illness], str]] = {
    "id_card": lambda member, row: member.person.id_number,
    "pathology": lambda member, row: f"{row.specimen_on.year}{member.person.phone[-5:]}"}


def page(kind: str, member: Member, row: Illness, *, copy: int = 1) -> tuple[bytes, str]:
    """The picture of one paper of a claimant and its type; `copy` 2 is another scan of the same paper."""
    if kind not in _SHEETS:
        return scan(kind, _FACTS[kind](member, row), copy=copy), "image/png"
    name, layout = _SHEETS[kind]
    facts = _printed(member, row)
    serial = int(member.person.phone[-5:])
    if name in _NUMBERS:
        facts["number"] = _NUMBERS[name](member, row)
    return sheet(name, serial * 10 + copy, layout=layout, quality="flat", facts=facts, foot="演示样张 SPECIMEN").data, MIME
