"""What may be proposed, and what the separation rule demands in any case. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from services.core.errors import InputError
from services.releases import book_change, clock_policy, passages
from services.workdays.years import parse


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two kinds of act that may not be one person's. `demanded`: no release may switch it off; `ground` says by what."""

    name: str
    words: str
    ground: str
    demanded: bool = True


# The names are those of the proof (`huzhu check separation`), and `substitute`. The Accounting Act (内部会计监督) asks that who
# approves, handles and keeps money be different persons; the rest is the brief: DESIGN, "Separation of persons".
COMPARISONS = (
    Comparison("claimant", "申请人、领款人、监护人本人不办理自己的案件", "总体设计：人员分离"),
    Comparison("family", "申请人、领款人的家属不办理其案件", "总体设计：人员分离"),
    Comparison("verifier", "核验人与各审核级、决定人不是同一人", "总体设计：人员分离"),
    Comparison("levels", "各审核级之间不是同一人", "总体设计：人员分离"),
    Comparison("judged", "核定金额或改定等级的人不单独决定", "总体设计：人员分离"),
    Comparison("maker", "制单人未参与核验、审核、决定", "会计法：内部会计监督，职责相互分离"),
    Comparison("checker", "复核放行人未参与核验、审核、决定", "会计法：内部会计监督，职责相互分离"),
    Comparison("payers", "制单人与复核放行人不是同一人", "会计法：内部会计监督，职责相互分离"),
    Comparison("substitute", "代理人同时算作本人和被代理人", "总体设计：人员分离"),
)


def in_force(payload: Mapping[str, object] | None, known: Iterable[Comparison] = COMPARISONS) -> frozenset[str]:
    """The comparisons that hold under a released rule (None: no release). Fails closed: what a payload does not plainly
    switch off, or may not, is on.
    """
    off = payload.get("off") if isinstance(payload, Mapping) else None
    named = {name for name in off if isinstance(name, str)} if isinstance(off, list) else set()
    return frozenset(one.name for one in known if one.demanded or one.name not in named)


def checked(kind: str, payload: Mapping[str, object], effective_on: date) -> dict[str, object]:
    """The payload as it will be kept. InputError (field "payload.…") naming what is wrong with it."""
    if kind == "clock_policy":
        return clock_policy.checked(payload)
    if kind == "wording":
        return passages.checked(payload)
    if kind == "rule_book":
        return book_change.checked(payload, effective_on)
    if kind not in _SHAPES:
        known = (*_SHAPES, "rule_book", "wording", "clock_policy")
        raise InputError("release_kind", f"不认识的变更种类：{kind}", remedy=f"可用：{'、'.join(known)}", field="kind")
    fields = _SHAPES[kind]
    unknown, missing = set(payload) - set(fields), set(fields) - set(payload)
    if unknown or missing:
        raise InputError("release_payload", f"内容的键不对：{'、'.join(sorted(unknown | missing))}", remedy=f"应有：{'、'.join(fields)}",
                         field=f"payload.{min(unknown | missing)}")
    for name, pattern in fields.items():
        if pattern is not None and not (isinstance(payload[name], str) and re.fullmatch(pattern, str(payload[name]))):
            raise InputError("release_payload", f"{name} 的写法不对", remedy="核对内容", field=f"payload.{name}")
    if kind == "separation_rule":
        _require_strict(payload["off"])
    if kind == "calendar":
        _require_year(payload, effective_on)
    return dict(payload)


_SHAPES: dict[str, dict[str, str | None]] = {
    "separation_rule": {"off": None},
    "calendar": {"year": r"20\d\d", "text": r"(?s)\S.{0,19999}"},
}


def _require_year(payload: Mapping[str, object], effective_on: date) -> None:
    """The file reads as one year's arrangement, of the year it is proposed for, in force from that year's first day."""
    try:
        year = parse(str(payload["text"]))
    except InputError as error:
        raise InputError(error.code, error.message, remedy=error.remedy, field=f"payload.text.{error.field}") from None
    if str(year.number) != payload["year"]:
        raise InputError("release_payload", f"文件写的是{year.number}年", remedy="年份与文件一致", field="payload.year")
    if effective_on != date(year.number, 1, 1):
        raise InputError("release_effective", "工作日历自该年1月1日起适用", remedy=f"写 {year.number}-01-01", field="effective_on")


def _require_strict(off: object) -> None:
    known = {one.name: one for one in COMPARISONS}
    if not isinstance(off, list) or not all(isinstance(name, str) and name in known for name in off):
        raise InputError("separation_unknown", "不认识的分离要求", remedy=f"可用：{'、'.join(known)}", field="payload.off")
    held = [known[name] for name in off if known[name].demanded]
    if held:
        raise InputError("separation_demanded", f"不能取消：{'；'.join(f'{one.words}（{one.ground}）' for one in held)}",
                         remedy="这些要求不因放行而放宽", field="payload.off")


def digest(kind: str, payload: Mapping[str, object], effective_on: date) -> str:
    """What the second person sees and releases, as SHA-256."""
    text = json.dumps([kind, effective_on.isoformat(), payload], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
