"""A claim's progress in a reader's language: which words for which state, and a count of days put into words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.core.words import date_cn
from services.reporting.progress import Progress, Promise
from services.web import words_en, words_zh
from services.workdays.count import Count

Language = str     # a code of services.web.language
_WORDS = {"zh": words_zh.WORDS, "en": words_en.WORDS}
_STATES = {"zh": words_zh.STATES, "en": words_en.STATES}
_INSURER_NEXT = {"zh": words_zh.INSURER_NEXT, "en": words_en.INSURER_NEXT}


@dataclass(frozen=True, slots=True)
class Deadline:
    """A promise as it is shown."""

    due: str
    iso: str
    counted: str
    notes: tuple[str, ...]
    late: bool
    paused: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """A station of the walk as it is shown."""

    name: str
    when: str
    iso: str
    here: bool
    reached: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything the result page says."""

    claim_no: str
    now: str
    next: str
    notices: tuple[str, ...]
    step: Deadline | None
    promise: Deadline | None
    stops: tuple[Stop, ...]
    report: str
    report_counted: str


def words(language: Language) -> dict[str, str]:
    """The page's fixed words."""
    return _WORDS[language]


def say_day(day: date, language: Language) -> str:
    """2026年3月12日, or 12 March 2026."""
    return date_cn(day) if language == "zh" else f"{day.day} {day:%B %Y}"


def shown(progress: Progress, language: Language) -> Shown:
    """The result page's words for a claim."""
    said = _WORDS[language]
    _, now, following = _STATES[language][progress.state]
    if progress.route == "insurer":
        following = _INSURER_NEXT[language].get(progress.state, following)
    return Shown(
        claim_no=progress.claim_no, now=now, next=following, notices=_notices(progress, said),
        step=_deadline(progress.step, language), promise=_deadline(progress.promise, language),
        stops=tuple(Stop(_STATES[language][stop.state][0], say_day(stop.on, language) if stop.on else "",
                         stop.on.isoformat() if stop.on else "", stop.here, stop.on is not None) for stop in progress.walk),
        report=_report(progress, language),
        report_counted=progress.report_words if language == "zh" else "")


def _report(progress: Progress, language: Language) -> str:
    said = _WORDS[language]
    sentence = said["report_said"].format(on=say_day(progress.reported_on, language),
                                          due=say_day(progress.report_due, language))
    return sentence + ("" if language == "zh" else " ") + said["report_late" if progress.late else "report_kept"]


def _notices(progress: Progress, said: dict[str, str]) -> tuple[str, ...]:
    found = []
    if progress.asks_member:
        found.append(said["asks"])
    if progress.held:
        found.append(said["held"])
    if progress.round > 1:
        found.append(said["round"].format(round=progress.round))
    return tuple(found)


def _deadline(promise: Promise | None, language: Language) -> Deadline | None:
    if promise is None:
        return None
    said, notes = _WORDS[language], []
    if promise.paused and promise.pauses:
        notes.append(said["paused"].format(since=say_day(promise.pauses[-1][0], language)))
    if promise.late_days:
        notes.append(said["late"].format(days=promise.late_days))
    if promise.provisional:
        notes.append(said["provisional"])
    if promise.kept is not None:
        notes.append(said["kept"] if promise.kept else said["missed"])
    late = bool(promise.late_days) or promise.kept is False
    return Deadline(say_day(promise.due_on, language), promise.due_on.isoformat(), _count(promise, language), tuple(notes), late,
                    promise.paused)


def _count(promise: Promise, language: Language) -> str:
    if language == "zh":
        return promise.words
    return in_english(promise.counted, promise) if promise.counted else ""


def in_english(counted: Count, promise: Promise) -> str:
    """The count as English sentences, saying the same as the Chinese."""
    working = promise.day_kind == "working"
    parts = [f"Counting begins the day after {say_day(counted.start, 'en')}."]
    parts += [f"The days after {say_day(first, 'en')} up to {say_day(last, 'en')} do not count: the office waited for papers."
              for first, last in promise.pauses if last]
    if working and counted.skipped:
        skipped = _list([f"{days} day{'s' if days > 1 else ''} of {words_en.HOLIDAYS.get(name, name)}"
                         for name, days in counted.skipped])
        parts.append(f"Not counted: weekends and {skipped}.")
    elif working:
        parts.append("Weekends are not counted.")
    if counted.makeups:
        days = _list([say_day(day, "en") for day in counted.makeups])
        parts.append(f"Counted although on a weekend, because people work on it: {days}.")
    kind = "working day" if working else "day"
    parts.append(f"The {_ordinal(counted.days)} {kind} is {say_day(counted.raw_last, 'en')}.")
    if counted.raw_last != counted.due:
        parts.append(f"It is a day off, so the last day moves to {say_day(counted.due, 'en')}.")
    return " ".join(parts)


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _list(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
