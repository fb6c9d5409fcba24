"""What a report must say, the count of its days, the digest of its facts. Pure."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.core.clock import business_day
from services.core.errors import Conflict, InputError
from services.engine.event import plain_event as plain_words
from services.engine.matching.match import Answer
from services.models import Case, Claim
from services.models.case import CHANNELS
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import Computation
from services.workdays.count import Count


def plain_event(words: Computation) -> dict[str, object]:
    """The event in the words of `vocabulary.md`, normalised, without what was not stated."""
    return plain_words(words.event)


def same_event(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether two events of one kind and day are the same: their illnesses do not differ.

    Facts are completed and corrected from the papers after the report, so the words need not be equal.
    """
    illnesses = {str(code)[:3] for event in (one, other) if (code := event.get("icd10"))}
    return len(illnesses) < 2


def facts_digest(event: Mapping[str, object], accepted_sha256s: Iterable[str],
                 inputs: Mapping[str, object] | None = None) -> str:
    """SHA-256 over event, accepted papers and reviewers' inputs: a reviewer who saw this digest saw these facts."""
    facts = {"event": event, "papers": sorted(accepted_sha256s), **({"inputs": inputs} if inputs else {})}
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def required_kinds(book: RuleBook, event: Mapping[str, object]) -> list[str]:
    """The kinds of papers that the plan asks for this event."""
    return [paper.kind for paper in book.required_papers({"event": event})]


def waived_kinds(book: RuleBook, claim: Claim) -> set[str]:
    """The kinds that somebody did without. `book`: the wording by which the claim's event was asked for its papers."""
    return set(required_kinds(book, claim.event)) - set(claim.required)


@dataclass(frozen=True, slots=True)
class Told:
    """When the report reached whom. The earliest counts: either addressee in time is in time (reading A-15)."""

    reported_on: date
    committee_at: datetime | None
    insurer_at: datetime | None

    @property
    def first(self) -> date:
        """The first day on which anybody who counts knew."""
        days = [business_day(at) for at in (self.committee_at, self.insurer_at) if at]
        return min([self.reported_on, *days])


def check_days(told: Told, event_day: date, today: date) -> None:
    """Nothing happens after today, and no report comes before its event."""
    if event_day > today:
        raise InputError("event_future", f"事件日期 {event_day} 在今天之后", remedy="核对日期", field="event.diagnosed_on")
    if max(told.reported_on, told.first) > today:
        raise InputError("report_future", f"报案日期 {told.reported_on} 在今天之后", remedy="核对日期", field="reported_on")
    for field, at in (("committee_told_at", told.committee_at), ("insurer_told_at", told.insurer_at)):
        if at and business_day(at) > today:
            raise InputError("told_future", f"告知时间 {business_day(at)} 在今天之后", field=field,
                             remedy="还没有告知的不填，系统列入当日待转告")
    if told.first < event_day:
        raise InputError("report_before_event", "报案日期早于事件日期", remedy="核对两个日期", field="reported_on")


def check_joinable(told: Told, case: Case, *, field: str) -> None:
    """A report of the case's event cannot have come before it; else any older report would make a late case timely."""
    if told.first < case.diagnosed_on:
        raise Conflict("join_before_event", f"报案 {told.first} 早于报案 {case.case_no} 的事件日期 {case.diagnosed_on}，不能并入",
                       remedy="不是同一事件的，另行报案；是同一事件的，反过来并入较早的报案", field=field)


def check_channel(channel: str) -> None:
    """A channel of the table."""
    if channel not in CHANNELS:
        raise InputError("channel", f"不认识的报案渠道“{channel}”", remedy=f"可用：{'、'.join(CHANNELS)}", field="channel")


def is_late(told: Told, counted: Count, late_reason: str | None) -> bool:
    """Late is a flag with a reason, never a refusal (保险法 21; reading A-14). InputError when the reason is missing."""
    late = told.first > counted.due
    if late and not (late_reason or "").strip():
        raise InputError("late_reason_missing", f"报案已超过最后期限 {counted.due}（{counted.words}），须写明原因",
                         remedy="补上原因；迟报不会仅因此不予给付", field="late_reason")
    return late


def earliest(counts: Sequence[Count]) -> Count:
    """The shortest of the plans' counts: it is the one printed."""
    return min(counts, key=lambda counted: counted.due)


def require_opening(answers: Sequence[Answer]) -> None:
    """Some cover opens a claim. InputError otherwise, with the reason of each, or naming the fact that is wanted."""
    if any(answer.opens for answer in answers):
        return
    told = "；".join(f"{answer.name}：{answer.said}" for answer in answers)
    waits = [answer for answer in answers if answer.answer == "needs"]
    if waits:
        raise InputError("facts_missing", f"所报事实还不足以受理。{told}", remedy=waits[0].said, field=waits[0].needs[0].fact)
    raise InputError("no_cover", "事件当日没有可以受理的有效保障" + (f"。{told}" if told else ""),
                     remedy="核对身份证号、事件日期和参保情况", field="id_number")


# Papers that are of the person and not of the event.
PERSONAL_PAPERS = ("id_card", "bank_card", "policy_copy", "certificate", "consent")
NEAR_DAYS, HOSPITAL_DAYS, ILLNESS_DAYS = 7, 30, 180


@dataclass(frozen=True, slots=True)
class Likeness:
    """One reason why two reports may be one event."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What of a report is held against another: kind, day, hospital, illnesses (three places of ICD-10), papers."""

    kind: str
    day: date
    hospital: str
    illnesses: frozenset[str]
    papers: frozenset[str]

    @classmethod
    def of(cls, case: Case, claims: Sequence[Claim], papers: frozenset[str]) -> Seen:
        """As a case shows itself, its facts as they were completed since."""
        return cls(case.event_kind, case.diagnosed_on, same_place(case.hospital), illnesses(claim.event for claim in claims), papers)


def same_place(hospital: str | None) -> str:
    """A hospital's name without blanks and brackets, for comparing; empty when not stated."""
    return re.sub(r"[\s（）()·・]", "", unicodedata.normalize("NFKC", hospital or ""))


def illnesses(events: Iterable[Mapping[str, object]]) -> frozenset[str]:
    """The illnesses that events name."""
    return frozenset(str(code)[:3].upper() for event in events if (code := event.get("icd10")))


def likenesses(one: Seen, other: Seen) -> list[Likeness]:
    """Why the two may be one event; empty when nothing says so."""
    apart = abs((one.day - other.day).days)
    found = []
    if one.kind == other.kind and apart == 0:
        found.append(Likeness("same_day", "同一天的同类事件"))
    elif one.kind == other.kind and apart <= NEAR_DAYS:
        found.append(Likeness("near_days", f"同类事件，日期相差 {apart} 天"))
    if one.hospital and one.hospital == other.hospital and apart <= HOSPITAL_DAYS:
        found.append(Likeness("same_hospital", f"同一医院，日期相差 {apart} 天"))
    shared = one.illnesses & other.illnesses
    if shared and apart <= ILLNESS_DAYS:
        found.append(Likeness("same_illness", f"同一疾病（{'、'.join(sorted(shared))}），日期相差 {apart} 天"))
    if one.papers & other.papers:
        found.append(Likeness("same_paper", "交来的文件完全相同"))
    return found
