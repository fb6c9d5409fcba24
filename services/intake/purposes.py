"""What a person consents to, one entry a purpose: the words with their version, the law's ground, what stops without it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from services.core.errors import InputError

_FILE = Path(__file__).with_name("purposes.yaml")


class Words(BaseModel):
    """The sentence a person agrees to; never changed once shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    words: str


class Purpose(BaseModel):
    """One purpose. `scope`: whether each report asks anew, or the person once. The first of `versions` is asked today."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    title: str
    scope: Literal["case", "person"]
    grounds: tuple[str, ...] = Field(min_length=1)
    asked: str
    without: str
    withdrawn: str
    versions: tuple[Words, ...] = Field(min_length=1)

    @property
    def present(self) -> Words:
        """What is asked today."""
        return self.versions[0]

    def words(self, version: str | None) -> str:
        """The words of a version; today's for a consent from before versions were kept."""
        return next((one.words for one in self.versions if one.version == version), self.present.words)


@lru_cache(maxsize=1)
def purposes() -> dict[str, Purpose]:
    """Every purpose by its code, in the order of the file."""
    found = [Purpose.model_validate(one) for one in yaml.safe_load(_FILE.read_text(encoding="utf-8"))]
    return {one.code: one for one in found}


def of_case(code: str) -> Purpose:
    """A purpose that each report asks for. InputError for any other word."""
    found = purposes().get(code)
    if found is None or found.scope != "case":
        known = [one.code for one in purposes().values() if one.scope == "case"]
        raise InputError("purpose", f"不认识的用途“{code}”", remedy=f"可用：{'、'.join(known)}", field="purpose")
    return found
