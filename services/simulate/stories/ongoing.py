"""T01–T24: the last four days, in which the offices are left in the middle of their work (table: ongoing.csv)."""

from __future__ import annotations

from datetime import date

from services.simulate.steps import Diary, Step
from services.simulate.stories.ningxia import HOSPITAL as NINGXIA_HOSPITAL
from services.simulate.stories.xinjiang import HOSPITAL as XINJIANG_HOSPITAL

FIRST, SECOND, TODAY = "2026-12-01", "2026-12-02", "2026-12-04"
_SAMPLED = {"from_on": "2026-03-01", "until_on": "2026-12-03", "share": "50", "seed": "2026-11"}
_DISPUTE = "病理会诊意见已更正为子宫体恶性肿瘤，请按恶性肿瘤重新审核"


def _told(scenario: str, day: str, who: str = "clerk") -> Diary:
    """Ningxia: reported with consent and papers."""
    return (Diary(scenario).on(day, who, "report", hospital=NINGXIA_HOSPITAL).on(day, who, "consent").on(day, who, "papers"))


def _opened(scenario: str, day: str, who: str = "clerk") -> Diary:
    """Xinjiang: reported with papers."""
    return Diary(scenario).on(day, who, "report", hospital=XINJIANG_HOSPITAL).on(day, who, "papers")


def _reached(scenario: str, day: str, *levels: str, who: str = "clerk") -> Diary:
    """Verified and passed at the unit, then by these levels."""
    diary = _opened(scenario, day, who).on(day, "clerk", "verify").on(day, "clerk", "pass")
    for level in levels:
        diary.on(day, level, "pass")
    return diary


def _sent(scenario: str) -> Diary:
    """Certified and taken in by the insurer."""
    return _told(scenario, FIRST).on(FIRST, "clerk", "verify").on(FIRST, "clerk", "pass").on(SECOND, "insurer", "file")


NINGXIA = (
    _told("T01", FIRST),
    _sent("T02").on(SECOND, "insurer", "question", items=[
        {"code": "Q1", "paper": "pathology", "text": "请补充免疫组化检验结果，以确认宫颈肿瘤为原发"}])
    .on(TODAY, "member", "open", letter="supplement")
    .on(TODAY, "member", "message", words="免疫组化结果医院要下周才出，晚几天交可以吗？"),
    _sent("T03"),
    _told("T04", TODAY).on(TODAY, "clerk", "verify"),
    Diary("T06").on(TODAY, "member", "report", hospital=NINGXIA_HOSPITAL),
    Diary("T07").on(TODAY, "member", "draft", hospital=NINGXIA_HOSPITAL),
)

# The order within a day matters for finance alone: T12's run takes T12 and T13, T14 is decided after it.
XINJIANG = (
    _opened("T08", FIRST),
    _reached("T09", FIRST, "district", "office").on(SECOND, "maker", "run").on(SECOND, "checker", "release")
    .on(TODAY, "bank", "credit", closed="账户已销户"),
    _reached("T11", FIRST, "district", who="member").on(FIRST, "office", "refuse", reason="not_in_list", clause="一览表 女职工特殊疾病行")
    .on(TODAY, "member", "open", letter="refusal").on(TODAY, "member", "object", grounds=_DISPUTE),
    _reached("T12", FIRST, "district").on(SECOND, "office", "pass").on(TODAY, "maker", "run"),
    _reached("T13", FIRST, "district").on(SECOND, "office", "pass"),
    _reached("T14", FIRST, "district").on(TODAY, "office", "pass"),
    _reached("T15", FIRST),
    _reached("T16", FIRST, "district", "office"),
    _reached("T10", SECOND, "district"),
    _opened("T17", SECOND, "member").on(SECOND, "clerk", "ask", items=[
        {"paper": "pathology", "reason": "病理诊断报告缺第二页，请上传完整的报告"}])
    .on(TODAY, "member", "open", letter="supplement"),
    _opened("T18", SECOND),
    _reached("T19", SECOND),
    _opened("T05", TODAY),
    _reached("T20", TODAY, "district", "office", who="member")
    .on(TODAY, "member", "message", words="请问我的申请到哪一级了，大约什么时候能到账？")
    .on(TODAY, "senior", "sample", **_SAMPLED),
    _reached("T21", TODAY, "district").on(TODAY, "office", "send_down", to_level="district", reason="opinion_incomplete")
    .on(TODAY, "district", "sheet", month=TODAY[:7]),
    _reached("T22", TODAY, "district").on(TODAY, "office", "hold", reason="investigation"),
    _reached("T23", TODAY, "district").on(TODAY, "office", "delegate", to="xj.reviewer2", reason="出差一周，转交同事"),
    _reached("T24", TODAY),
)


def last_days() -> tuple[Step, ...]:
    """Every step in the order of days; within a day every story's first step, then every second one."""
    ranked: list[tuple[date, int, Step]] = []
    for story in (*NINGXIA, *XINJIANG):
        seen: dict[date, int] = {}
        for step in story.steps:
            seen[step.day] = seen.get(step.day, -1) + 1
            ranked.append((step.day, seen[step.day], step))
    return tuple(step for *_, step in sorted(ranked, key=lambda item: item[:2]))
