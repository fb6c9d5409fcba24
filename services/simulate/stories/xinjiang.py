"""S09–S16: the women's plan in Xinjiang. Unit, district and office review; the office decides and its bank pays."""

from __future__ import annotations

from services.simulate.steps import Diary

HOSPITAL = "新疆示例医科大学附属肿瘤医院"


def _opened(scenario: str, day: str, who: str = "member") -> Diary:
    """Report and papers on one day."""
    return Diary(scenario).on(day, who, "report", hospital=HOSPITAL).on(day, who, "papers")


def _paid(diary: Diary, made: str, released: str, answered: str) -> Diary:
    """A payment run of two persons and the bank's return file."""
    return diary.on(made, "maker", "run").on(released, "checker", "release").on(answered, "bank", "credit")


# The district gives it back for a clearer page, answered the same day; 60,000 is above the first reviewer's limit.
S09 = _paid(
    _opened("S09", "2026-05-12")
    .on("2026-05-14", "clerk", "verify").on("2026-05-14", "clerk", "pass")
    .on("2026-05-14", "district", "ask", items=[{"paper": "diagnosis", "reason": "诊断证明书影像不清，医院公章无法辨认，请重新上传"}])
    .on("2026-05-14", "member", "open", letter="supplement").on("2026-05-14", "member", "answer")
    .on("2026-05-14", "clerk", "verify").on("2026-05-14", "clerk", "pass")
    .on("2026-05-15", "district", "pass").on("2026-05-18", "office", "pass").on("2026-05-19", "senior", "pass"),
    "2026-05-20", "2026-05-21", "2026-05-22")

S10 = _paid(
    _opened("S10", "2026-04-16", "clerk").on("2026-04-20", "clerk", "verify").on("2026-04-20", "clerk", "pass")
    .on("2026-04-21", "district", "pass").on("2026-04-22", "office", "pass"),
    "2026-04-23", "2026-04-23", "2026-04-24")

S11 = _paid(
    _opened("S11", "2026-05-25").on("2026-05-27", "clerk", "verify").on("2026-05-27", "clerk", "pass")
    .on("2026-05-28", "district", "pass").on("2026-05-29", "office", "pass"),
    "2026-06-01", "2026-06-01", "2026-06-02")

# The bank returns the first transfer; clerk and finance correct the account, a new run pays.
S12 = _paid(
    _opened("S12", "2026-06-05").on("2026-06-08", "clerk", "verify").on("2026-06-08", "clerk", "pass")
    .on("2026-06-09", "district", "pass").on("2026-06-10", "office", "pass")
    .on("2026-06-11", "maker", "run").on("2026-06-11", "checker", "release")
    .on("2026-06-12", "bank", "credit", closed="账户已销户")
    .on("2026-06-15", "clerk", "card").on("2026-06-15", "maker", "confirm_card"),
    "2026-06-16", "2026-06-16", "2026-06-17")

# The only reviewer of the district is her husband: the level goes up to the city, never past.
S13 = _paid(
    _opened("S13", "2026-06-19").on("2026-06-23", "clerk", "verify").on("2026-06-23", "clerk", "pass")
    .on("2026-06-24", "district", "barred").on("2026-06-24", "city", "pass")
    .on("2026-06-25", "office", "pass").on("2026-06-26", "senior", "pass"),
    "2026-06-29", "2026-06-29", "2026-06-30")

S14 = _paid(
    _opened("S14", "2026-06-12").on("2026-06-15", "clerk", "verify").on("2026-06-15", "clerk", "pass")
    .on("2026-06-16", "district", "pass").on("2026-06-17", "office", "pass"),
    "2026-06-18", "2026-06-18", "2026-06-22")

# She dies while the district looks at it: husband and daughter take her place, half each.
S15 = _paid(
    _opened("S15", "2026-09-11").on("2026-09-18", "clerk", "verify").on("2026-09-18", "clerk", "pass")
    .on("2026-09-21", "clerk", "death", died_on="2026-09-19")
    .on("2026-09-22", "district", "pass").on("2026-09-23", "office", "pass"),
    "2026-09-24", "2026-09-28", "2026-10-09")

S16 = _opened("S16", "2026-08-07").on("2026-08-10", "member", "withdraw", reason="本人自愿撤回，另作安排")

XINJIANG = (S09, S10, S11, S12, S13, S14, S15, S16)
