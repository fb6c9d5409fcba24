"""First drafts of offices' own days off: regional festivals, to be checked against the region's notice before they are proposed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Draft:
    """A region's festivals of a year in the form's own lines; `source` names the law, and whose notice still has to be named."""

    year: int
    holidays: str
    source: str


@lru_cache(maxsize=1)
def _data() -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load((Path(__file__).parent / "regional.yaml").read_text(encoding="utf-8"))
    return found


def drafts(org_key: str) -> list[Draft]:
    """Those of the region an organisation lies in (by the office's code in its key); none for others."""
    regions, codes = _data()["regions"], org_key.split(".")
    region = regions.get(codes[1]) if isinstance(regions, dict) and len(codes) > 2 else None
    if not isinstance(region, dict):
        return []
    return [Draft(year, "\n".join(lines), f"{region['region']}{year}年放假通知（请填文号、日期）；{_data()['basis']}")
            for year, lines in region.items() if isinstance(year, int)]
