"""S01–S08: 安康保 in Ningxia. The unit certifies, the insurer decides and pays."""

from __future__ import annotations

from services.simulate.steps import Diary

HOSPITAL = "宁夏示例医科大学总医院"


def _opened(scenario: str, day: str, who: str = "member", **report: object) -> Diary:
    """Report, consent for the insurer, papers: all on one day."""
    return (Diary(scenario).on(day, who, "report", hospital=HOSPITAL, **report).on(day, who, "consent")
            .on(day, who, "papers"))


S01 = (_opened("S01", "2026-03-20")
       .on("2026-03-27", "clerk", "verify").on("2026-03-27", "clerk", "pass").on("2026-03-27", "insurer", "file")
       .on("2026-04-10", "insurer", "decide").on("2026-04-14", "insurer", "settle"))

S02 = (_opened("S02", "2026-03-02", "clerk", late_reason="确诊后即住院手术，出院后方能报案")
       .on("2026-03-09", "clerk", "verify").on("2026-03-09", "clerk", "pass").on("2026-03-09", "insurer", "file")
       .on("2026-03-20", "insurer", "decide").on("2026-03-24", "insurer", "settle"))

# The pathology report is missing: one list, delivered the next day, answered on 10 April.
S03 = (Diary("S03").on("2026-03-23", "member", "report", hospital=HOSPITAL, stays=[10, 5])
       .on("2026-03-23", "member", "consent").on("2026-03-23", "member", "papers", without=["pathology"])
       .on("2026-03-24", "clerk", "ask", items=[{"paper": "pathology", "reason": "缺少医院出具的病理诊断报告，无法确定是否属于保险责任"}])
       .on("2026-03-25", "member", "open", letter="supplement").on("2026-04-10", "member", "answer")
       .on("2026-04-13", "clerk", "verify").on("2026-04-13", "clerk", "pass").on("2026-04-14", "insurer", "file")
       .on("2026-04-20", "insurer", "decide").on("2026-04-28", "insurer", "settle"))

S04 = (_opened("S04", "2026-03-26")
       .on("2026-03-30", "clerk", "verify").on("2026-03-30", "clerk", "pass").on("2026-03-30", "insurer", "file")
       .on("2026-04-10", "insurer", "decide").on("2026-04-14", "insurer", "settle"))

S05 = (_opened("S05", "2026-04-10", "clerk")
       .on("2026-04-14", "clerk", "verify").on("2026-04-14", "clerk", "pass").on("2026-04-15", "insurer", "file")
       .on("2026-04-20", "insurer", "decide").on("2026-04-20", "insurer", "settle"))

S06 = (_opened("S06", "2026-04-13")
       .on("2026-04-15", "clerk", "verify").on("2026-04-15", "clerk", "pass").on("2026-04-16", "insurer", "file")
       .on("2026-04-21", "insurer", "decide").on("2026-04-21", "insurer", "settle"))

# The insurer asks for one more paper; its question goes to the member as a supplement list.
S07 = (_opened("S07", "2026-04-28", "clerk")
       .on("2026-04-30", "clerk", "verify").on("2026-04-30", "clerk", "pass").on("2026-04-30", "insurer", "file")
       .on("2026-05-08", "insurer", "question", items=[
           {"code": "Q1", "paper": "pathology", "text": "请补充免疫组化检验结果，以确认卵巢肿瘤为原发"}])
       .on("2026-05-08", "member", "open", letter="supplement").on("2026-05-12", "member", "answer")
       .on("2026-05-14", "insurer", "decide").on("2026-05-20", "insurer", "settle"))

# The receipt of the dossier is lost once; the decision and the payment are told twice.
S08 = (_opened("S08", "2026-05-20")
       .on("2026-05-22", "insurer", "fault", faults=[
           {"fault": "lost_answer", "on": "dossier"}, {"fault": "duplicate", "on": "decide"},
           {"fault": "duplicate", "on": "settle"}])
       .on("2026-05-22", "clerk", "verify").on("2026-05-22", "clerk", "pass").on("2026-05-25", "insurer", "file")
       .on("2026-05-28", "insurer", "decide").on("2026-06-05", "insurer", "settle"))

NINGXIA = (S01, S02, S03, S04, S05, S06, S07, S08)
