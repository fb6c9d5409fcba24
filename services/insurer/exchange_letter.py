"""The letter of a period's report: its figures as the letter's values."""

from __future__ import annotations

from datetime import date

from services.core.money import show, to_yuan
from services.insurer.exchange_facts import Contents, insurers
from services.insurer.exchange_words import AGES, BASIS, DUTIES, period_words, plan_name
from services.models import Organisation

ENCLOSURE = "合作情况明细（XLSX）"


def values(contents: Contents, *, office: Organisation, number: str, issued_on: date, corrects: str | None,
           why: str | None) -> dict[str, object]:
    """The values of `documents/notices/exchange`."""
    return {
        "office_name": office.letter_organ, "number": number, "issued_on": issued_on, "addressee": contents.insurer,
        "plan_name": "、".join(plan_name(plan) for plan in insurers().get(contents.insurer, ())), "contact": _contact(office),
        "period": period_words(contents.from_on, contents.until_on), "basis": BASIS, "from_on": contents.from_on,
        "until_on": contents.until_on, "corrects": corrects, "why": why, "enclosures": [ENCLOSURE],
        "covers": [{"plan": plan_name(one.plan), "in_force": one.in_force, "begun": one.begun, "ended": one.ended,
                    "premium": _yuan(one.premium_fen), "received": _yuan(one.received_fen)} for one in contents.covers],
        "claims": [{"plan": plan_name(one.plan), "handed_over": one.handed_over,
                    "answered": one.paid_out + one.part + one.refund + one.nothing, "decided": _yuan(one.decided_fen),
                    "paid": one.paid, "paid_amount": _yuan(one.paid_fen)} for one in contents.claims],
        "open_files": len(contents.open), "ages": [{"words": AGES[band], "count": count} for band, count in contents.ages().items()],
        "differing": sum(1 for one in contents.differing if not one.ended),
        "insurer_duties": _duties(contents, "insurer"), "union_duties": _duties(contents, "union"),
        "reserved": sum(one.count for one in contents.reserves), "reserve": _yuan(sum(one.reserve_fen for one in contents.reserves)),
        "unreserved": sum(one.uncomputed for one in contents.reserves)}


def _duties(contents: Contents, side: str) -> list[dict[str, object]]:
    return [{"words": DUTIES[one.code], "clause": one.clause, "kept": one.kept, "missed": one.missed, "late": one.late}
            for one in contents.duties if one.side == side]


def _contact(office: Organisation) -> str | None:
    return f"电话{office.contact}" if office.contact else None


def _yuan(fen: int) -> str:
    return show(to_yuan(fen))
