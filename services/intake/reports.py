"""What somebody says at a report, checked before anybody is looked up. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from services.core.clock import at_hour, business_day
from services.core.errors import HuzhuError, InputError
from services.engine.event import event_day
from services.enrolment import queries as enrolment
from services.intake import rules
from services.intake.rules import Told
from services.models.case import LINES
from services.rulebook.vocabulary import Computation

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """A telephone note: whose line rang (`95511` or `office`), who called from where, when, and what was said."""

    line: str
    caller: str
    called_at: datetime
    number_called: str
    said: str
    caller_phone: str | None = None
    relation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """One report, by number or id of the person (none: the member who reports).

    `join`: the number of the case it belongs to; `apart`: why it is another event than one already handled.
    """

    event: Mapping[str, object]
    channel: str
    id_number: str | None = None
    person_id: uuid.UUID | None = None
    hospital: str | None = None
    reported_on: date | None = None
    late_reason: str | None = None
    committee_told_at: datetime | None = None
    insurer_told_at: datetime | None = None
    call: PhoneCall | None = None
    join: str | None = None
    apart: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A report that can be acted on: the event in plain words, its day, when it reached whom; `backdated`: before today."""

    new: NewReport
    words: Computation
    plain: dict[str, object]
    day: date
    told: Told
    backdated: bool = False


def heard(new: NewReport, *, own: bool, now: datetime) -> Heard:
    """Read one report; `own`: by a member, whose report is of the moment. InputError names the key."""
    rules.check_channel(new.channel)
    words = enrolment.read_event(new.event)
    if new.join and new.apart:
        raise InputError("join_or_apart", "不能既并入原报案又说明是另一事件", remedy="只写 join 或 apart", field="apart")
    told = _told(new, own=own, now=now)
    day = event_day(words.event)
    today = business_day(now)
    rules.check_days(told, day, today)
    return Heard(new, words, rules.plain_event(words), day, told, told.first < today)


def backdated() -> InputError:
    """Nobody says of her own event that it was reported before."""
    return InputError("report_backdated", "会员报案以提交当日为准", remedy="之前已口头报案的，由单位经办补录；经办人本人的，由他人补录",
                      field="reported_on")


def _told(new: NewReport, *, own: bool, now: datetime) -> Told:
    if own and new.channel != "member":
        raise InputError("report_channel", "会员自己报案的渠道是 member", remedy="电话报案由接听的工作人员登记", field="channel")
    if new.channel == "phone":
        return _called(new, now)
    if new.call:
        raise InputError("call_channel", "电话记录只用于电话报案", remedy="channel 写 phone", field="call")
    today = business_day(now)
    day = new.reported_on or today
    if own and (day != today or new.committee_told_at or new.insurer_told_at):
        raise backdated()
    at = now if day == today else at_hour(day)
    if new.channel == "insurer":
        return Told(day, new.committee_told_at, new.insurer_told_at or at)
    return Told(day, new.committee_told_at or at, new.insurer_told_at)


def _called(new: NewReport, now: datetime) -> Told:
    """The day of a report by telephone is the day of the call, and the line says who was told."""
    call = new.call
    if call is None:
        raise InputError("call_missing", "电话报案须有电话记录", remedy="写明来电人、时间、拨打号码和内容", field="call")
    for name, text in (("caller", call.caller), ("number_called", call.number_called), ("said", call.said)):
        if not text.strip():
            raise InputError("call_field", f"电话记录缺少 {name}", remedy="补上", field=f"call.{name}")
    if call.line not in LINES:
        raise InputError("call_line", f"不认识的线路“{call.line}”", remedy=f"可用：{'、'.join(LINES)}", field="call.line")
    if call.called_at.tzinfo is None or call.called_at > now:
        raise InputError("call_time", "来电时间须带时区，且不晚于现在", remedy="核对时间", field="call.called_at")
    day = business_day(call.called_at)
    if new.reported_on not in (None, day):
        raise InputError("call_day", f"报案日期与来电日期 {day} 不一致", remedy="电话报案以来电日为报案日，不必另填", field="reported_on")
    if call.line == "95511":
        return Told(day, new.committee_told_at, call.called_at)
    return Told(day, call.called_at, new.insurer_told_at)


def each(items: Sequence[S | HuzhuError], step: Callable[[S], T]) -> list[T | HuzhuError]:
    """One step for every item that has not been refused yet; a refusal stays in its place."""
    return [item if isinstance(item, HuzhuError) else tried(step, item) for item in items]


def tried(step: Callable[[S], T], item: S) -> T | HuzhuError:
    """The step's result, or why it was refused."""
    try:
        return step(item)
    except HuzhuError as error:
        return error
