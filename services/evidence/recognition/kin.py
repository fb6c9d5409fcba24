"""What a label that no table has is of, by the words it is made of: 政策范围内个人负担 is a part that the person bears. Pure."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("kin.toml")
LONGEST = 18
_A_PLACE = re.compile(r".{5,}(?:医院|卫生院|中心|诊所|公司|分局|大队|支队)(?:\([^()]*\))?$")       # whose name it is, and no label
_A_TITLE = re.compile(r".{2,}(?:证明书?|报告[单书]|诊断书|意见书|认定书|记录|小结|票据|清单|结算[单表]|收据|发票)$")
# Where such a label may stand: before a colon, in brackets, alone in its cell, before a figure or a blank.
RUN = re.compile(r"(?<![\u4e00-\u9fff\d])"
                 r"([\u4e00-\u9fff](?:\s{0,4}[\u4e00-\u9fffIVX、/№]|[12](?![\d.,])|\([\u4e00-\u9fff12/]{1,6}\)){1,17})"
                 r"(?:\((?:元|天|日)\)|/元)?(\s*:\s*|\s*[\])]\s*|\s*$|\s+|(?=[¥\d]))")


class Kin:
    """The patterns of one sheet."""

    def __init__(self, sheet: str) -> None:
        self._keys = [(key, re.compile(pattern)) for key, pattern in _patterns().get(sheet, {}).items()]

    def key(self, label: str) -> str | None:
        """Whose a label is; empty for what is surely no field, None when its words tell nothing."""
        text = re.sub(r"[\s:;|]", "", label)
        if not 2 <= len(text) <= LONGEST or _A_PLACE.match(text) or _A_TITLE.match(text):
            return None
        key = next((key for key, pattern in self._keys if pattern.search(text)), None)
        return "" if key == "stop" else key


@cache
def _patterns() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    shared = table.pop("shared")
    return {sheet: {key: _filled(pattern, shared) for key, pattern in keys.items()} for sheet, keys in table.items()}


def _filled(pattern: str, shared: dict[str, str]) -> str:
    for name, said in shared.items():
        pattern = pattern.replace("{" + name + "}", said)
    return pattern
