"""S09–S16: the women's plan in Xinjiang. Unit, district and office review; the office decides and its bank pays."""

from __future__ import annotations

from services.simulate.steps import Diary

HOSPITAL = "新疆示例医科大学附属肿瘤医院"


def _opened(scenario: str, day: str, who: str = "member") -> Diary:
    """Report and papers on one day."""
    return Diary(scenario).on(day, who, "report", hospital=HOSPITAL).on(day, who, "papers")


def _paid(diary: Diary, day: str, answered: str) -> Diary:
    """A payment run of two persons and the bank's return file."""
    return diary.on(day, "maker", "run").on(day, "checker", "release").on(answered, "bank", "credit")


def _certified(diary: Diary, day: str) -> Diary:
    """The clerk verifies the papers and passes the unit's own level."""
    return diary.on(day, "clerk", "verify").on(day, "clerk", "pass")


# The district gives it back for a clearer page, answered the same day; 60,000 is above the first reviewer's limit.
S09 = _paid(
    _certified(
        _certified(_opened("S09", "2026-05-12"), "2026-05-14")
        .on("2026-05-14", "district", "ask", items=[
            {"paper": "diagnosis", "reason": "诊断证明书影像不清，医院公章无法辨认，请重新上传"}])
        .on("2026-05-14", "member", "open", letter="supplement").on("2026-05-14", "member", "answer"), "2026-05-14")
    .on("2026-05-15", "district", "pass").on("2026-05-15", "office", "pass").on("2026-05-15", "senior", "pass"),
    "2026-05-15", "2026-05-20")

S10 = _paid(
    _certified(_opened("S10", "2026-04-16", "clerk"), "2026-04-20").on("2026-04-20", "district", "pass")
    .on("2026-04-21", "office", "pass"), "2026-04-21", "2026-04-22")

S11 = _paid(
    _certified(_opened("S11", "2026-05-25"), "2026-05-27").on("2026-05-27", "district", "pass")
    .on("2026-05-28", "office", "pass"), "2026-05-28", "2026-05-29")

# The bank returns the first transfer; clerk and finance correct the account, a new run pays.
S12 = _paid(
    _certified(_opened("S12", "2026-06-05"), "2026-06-08").on("2026-06-08", "district", "pass")
    .on("2026-06-09", "office", "pass").on("2026-06-09", "maker", "run").on("2026-06-09", "checker", "release")
    .on("2026-06-12", "bank", "credit", closed="账户已销户")
    .on("2026-06-12", "clerk", "card").on("2026-06-12", "maker", "confirm_card"), "2026-06-12", "2026-06-15")

# The only reviewer of the district is her husband: the level goes up to the city, never past.
S13 = _paid(
    _certified(_opened("S13", "2026-06-19"), "2026-06-23")
    .on("2026-06-23", "district", "barred").on("2026-06-23", "city", "pass")
    .on("2026-06-24", "office", "pass").on("2026-06-24", "senior", "pass"), "2026-06-24", "2026-06-25")

S14 = _paid(
    _certified(_opened("S14", "2026-06-12"), "2026-06-15").on("2026-06-15", "district", "pass")
    .on("2026-06-16", "office", "pass"), "2026-06-16", "2026-06-23")

# She dies while the district looks at it: husband and daughter take her place, half each.
S15 = _paid(
    _certified(_opened("S15", "2026-09-11"), "2026-09-18").on("2026-09-21", "clerk", "death", died_on="2026-09-19")
    .on("2026-09-21", "district", "pass").on("2026-09-22", "office", "pass"), "2026-09-30", "2026-10-09")

S16 = _opened("S16", "2026-08-07").on("2026-08-10", "member", "withdraw", reason="本人自愿撤回，另作安排")

XINJIANG = (S09, S10, S11, S12, S13, S14, S15, S16)
