"""The copy as one ZIP: a page to read, the same as JSON, the access record as a workbook, papers and letters."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import IO

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from services.core.clock import CHINA
from services.core.errors import NotFound, OutsideError
from services.reporting import seen_book
from services.reporting.copies.gather import File, Gathered
from services.storage import service as storage

ABOUT = "本文件是您在职工互助系统中的个人信息副本，含身份、病情和账户信息，请妥善保管。"
PART = ("本副本由{unit}在柜台制作，只含该单位及其下级单位掌握的信息，不是全部。在其他单位、办事处的信息，可由本人登录本系统，"
        "在“我的个人信息”页申请全部的副本，或到有关单位、办事处的柜台申请。")
_OFFICE_SIGNS = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]')
_STEP = 5       # files between two words of progress


def write(into: IO[bytes], found: Gathered, *, at: datetime, told: Callable[[int, int], None]) -> None:
    """`told(done, of)` as it goes on. A paper that the store has lost is named in `缺少的文件.txt`, never passed over in silence."""
    missing: list[str] = []
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as bundle:
        about = ABOUT + (PART.format(unit=found.held_by) if found.held_by else "")
        _put(bundle, "个人信息.html", _template().render(found=found, data=found.data, about=about, at=_moment(at)).encode(), at)
        _put(bundle, "个人信息.json", json.dumps({"about": about, **found.data}, ensure_ascii=False, indent=1).encode(), at)
        _put(bundle, "查看记录.xlsx", seen_book.workbook(found.seen, found.given, name=found.name, at=at), at)
        for done, file in enumerate(found.files, start=1):
            _copy(bundle, file, at, missing)
            if done % _STEP == 0 or done == len(found.files):
                told(done, len(found.files))
        if missing:
            _put(bundle, "缺少的文件.txt", "\n".join(["下列文件没有能够放入，请向办事处询问：", *missing]).encode(), at)


def _copy(bundle: zipfile.ZipFile, file: File, at: datetime, missing: list[str]) -> None:
    try:
        content = storage.get(file.sha256)
    except (NotFound, OutsideError) as error:
        storage.fault_of(error)         # a store that does not answer now is asked again later
        missing.append(file.path)
        return
    kind, claim_no, name = file.path.split("/", 2)      # a name from before names were checked may hold a path: it stays a name
    _put(bundle, "/".join(_OFFICE_SIGNS.sub("_", part).strip(" .") or "_" for part in (kind, claim_no, name)), content, at)


def _put(bundle: zipfile.ZipFile, path: str, content: bytes, at: datetime) -> None:
    local = at.astimezone(CHINA)
    entry = zipfile.ZipInfo(path, (local.year, local.month, local.day, local.hour, local.minute, local.second))
    entry.compress_type = zipfile.ZIP_DEFLATED
    bundle.writestr(entry, content)


@cache
def _template() -> Template:
    env = Environment(loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=True, trim_blocks=True,
                      lstrip_blocks=True)
    env.globals["shown"] = _shown
    return env.get_template("page.html")


def _shown(value: object) -> str:
    """A value of the document in words for the page: nested ones as their plain text."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping):
        return "；".join(f"{name}：{_shown(one)}" for name, one in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "、".join(_shown(one) for one in value) or "—"
    return str(value)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y年%m月%d日 %H:%M}"
