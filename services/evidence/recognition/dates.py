"""What a date on a page is of, told by the words beside it: for sheets whose labels no table of labels has. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.evidence.recognition.common import TOLD, found
from services.evidence.recognition.layout import Token
from services.evidence.recognition.lines import Found
from services.evidence.recognition.places import Reader
from services.evidence.recognition.values import Day, days_in

# Turns that name a date, by what it is of. The first one that fits the words counts.
TURNS: dict[str, re.Pattern[str]] = {
    "born": re.compile(r"出生|生日"),
    "printed": re.compile(r"打印|制表|有效|预约|复查|随访|休息"),
    "specimen_on": re.compile(r"采集|取材|提取|取样|采样|离体|取出|切取|切除|活检|留取|穿刺|获取|采取"),
    "received_on": re.compile(r"接收|收到|签收|核收|收样|收检|送达|收件|验收|接受|到达|收取|入科|登记"),
    "sent": re.compile(r"送检|送出|寄出|送验|申请"),
    "reported_on": re.compile(r"报告|签发|发出|发布|审核|出具"),
    "admitted_on": re.compile(r"入院|收治|住入|收住|住院开始|住院起"),
    "discharged_on": re.compile(r"出院|离院|住院结束|住院止"),
    "settled_on": re.compile(r"结算|结账|结清|报销"),
    "diagnosed_on": re.compile(r"确诊|诊断"),
    "issued_on": re.compile(r"开票|开具|收费|填开|开据|出票|制票|认定|制作|签发"),
    "on": re.compile(r"起火|失火|着火|火灾|报警|接警|事发|发生"),
}


@dataclass(frozen=True, slots=True)
class Dated:
    """A date with the words before it (its label, wherever that stands) and those after it."""

    day: Day
    token: Token
    before: str
    after: str
    near: bool          # the words stand in the same line


def dated(reader: Reader) -> Iterator[Dated]:
    """All dates that stand by themselves (not in long sentences), in reading order."""
    for token in reader.tokens:
        days = days_in(token.text)
        for place, day in enumerate(days):
            start = days[place - 1].end if place else 0
            end = days[place + 1].start if place + 1 < len(days) else len(token.text)
            before, after = token.text[start:day.start], token.text[day.end:end]
            if len(before) > 24 or len(token.text) > 70:
                continue
            near = bool(re.search(r"[\u4e00-\u9fff]", before))
            if not near and place == 0:
                before = _beside(reader, token)
            yield Dated(day, token.part(day.start, day.end), before, after, near)


def _beside(reader: Reader, token: Token) -> str:
    """The words left of a date that stands alone, else those over it."""
    left = next(iter(reader.page.left_of(token)), None)
    if left is not None and not days_in(left.text) and re.search(r"[\u4e00-\u9fff]{2}", left.text):
        return left.text[-14:]
    over = [other for other in reader.tokens if 0 < token.y - other.y < 3.2 * max(token.height, reader.page.unit)
            and min(other.right, token.right) - max(other.left, token.left) > 0 and len(other.text) < 16]
    return max(over, key=lambda other: other.y).text if over else ""


def of(reader: Reader, *names: str, taken: tuple[Found, ...] = ()) -> list[Found]:
    """Fields for dates whose words fit one of `names`, one each; `taken` are fields already read, whose places are theirs."""
    out: dict[str, Found] = {}
    places = {field.box for field in taken}
    for one in dated(reader):
        clause = re.split(r"[,;。]", one.after)[0][:12] if re.search(r"[于在,;。]\s*$", one.before) else ""     # 于某日采集，某日接收
        name = next((name for text in (clause, one.before) for name, turn in TURNS.items() if turn.search(text)), "")
        name = name or next((name for name, turn in TURNS.items() if turn.match(re.sub(r"^[日\s,，]+", "", one.after)[:6])), "")
        if name not in names or name in out or one.token.box in places:
            continue
        sure = one.token.confidence * one.day.sure * (TOLD if one.near else 0.86)
        out[name] = found(reader.page, name, one.day.day.isoformat(), sure, (one.token,))
    return list(out.values())
