"""Diseases in letters, by ICD-10 code: the names that worksheet and explanation use too."""

from __future__ import annotations

from services.engine.telling.words import disease_name


def disease_words(icd10: str) -> str:
    """C50.900 → 乳腺癌（C50.900）; a code outside the table stands for itself."""
    name = disease_name(icd10)
    return f"{name}（{icd10}）" if name else f"疾病编码{icd10}所列疾病"
