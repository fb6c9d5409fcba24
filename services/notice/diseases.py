"""Chinese names of the diseases that the women's plans meet, by ICD-10 code: for letters people read."""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "C50": "乳腺恶性肿瘤", "C51": "外阴恶性肿瘤", "C52": "阴道恶性肿瘤", "C53": "子宫颈恶性肿瘤", "C54": "子宫体恶性肿瘤",
    "C55": "子宫恶性肿瘤", "C56": "卵巢恶性肿瘤", "C57": "女性生殖器官恶性肿瘤", "C57.0": "输卵管恶性肿瘤",
    "C58": "胎盘恶性肿瘤（绒毛膜癌）", "C79.6": "卵巢继发性恶性肿瘤", "D05": "乳腺原位癌", "D06": "子宫颈原位癌",
    "D07": "女性生殖器官原位癌", "D39.1": "卵巢交界性肿瘤", "D39.2": "恶性葡萄胎",
}


def disease_words(icd10: str) -> str:
    """C50.900 → 乳腺恶性肿瘤（C50.900）; a code outside the table stands for itself."""
    name = NAMES.get(icd10[:5]) or NAMES.get(icd10[:3])
    return f"{name}（{icd10}）" if name else f"疾病编码{icd10}所列疾病"
