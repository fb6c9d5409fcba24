"""Worksheets computed again from their stored inputs under the wording of their digest; decisions reckoned from them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import HuzhuError
from services.core.money import show, to_fen, to_yuan
from services.engine.one import compute
from services.reporting.archive_sheet import DECISIONS
from services.reporting.reproduced import Claim, Reproduced
from services.rulebook import registry
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse

Words = dict[str, Any]
Lines = dict[uuid.UUID, list[Reproduced]]
_SHEETS = sa.text("""SELECT * FROM worksheet WHERE claim_id IN (SELECT unnest(CAST(:ids AS uuid[]))) ORDER BY claim_id, round, seq""")
# What earlier rounds gave by the time of a decision, as it was reckoned then: what lapsed and what was asked back is taken off.
_DECISIONS = sa.text("""
    SELECT d.*, w.frozen, w.round AS sheet_round, w.output, w.total_fen, w.refund_fen,
           (SELECT coalesce(sum(e.amount_fen), 0) FROM decision e WHERE e.claim_id = d.claim_id AND e.round < d.round)
           - (SELECT coalesce(sum(q.lapsed_fen), 0) FROM reopening q WHERE q.claim_id = d.claim_id AND q.round <= d.round)
           - (SELECT coalesce(sum(CASE WHEN v.state = 'written_off' THEN v.received_fen ELSE v.amount_fen END
                - CASE WHEN v.why = 'advance' THEN v.amount_fen ELSE 0 END), 0)
              FROM receivable v WHERE v.claim_id = d.claim_id AND v.round < d.round) AS before_fen
    FROM decision d JOIN worksheet w ON w.id = d.worksheet_id
    WHERE d.claim_id IN (SELECT unnest(CAST(:ids AS uuid[]))) ORDER BY d.claim_id, d.round""")


def worksheets(session: Session, claims: Sequence[Claim]) -> Lines:
    """Each worksheet's whole output, step by step, from its input; and that the record names it with these sums."""
    by_id = {claim.id: claim for claim in claims}
    found: Lines = {}
    for row in session.execute(_SHEETS, {"ids": list(by_id)}).mappings():
        claim = by_id[row["claim_id"]]
        what = f"第{row['round']}轮第{row['seq']}份核算表{'（决定所依据）' if row['frozen'] else ''}"
        found.setdefault(claim.id, []).append(_again(claim, what, row))
        found[claim.id].append(_named(claim, what, row))
    return found


def _again(claim: Claim, what: str, row: Any) -> Reproduced:
    decided = _sums(row["outcome"], row["total_fen"], row["refund_fen"])
    book = wording(claim, row["rule_digest"])
    if book is None:
        return Reproduced("benefit", what, decided, f"没有校验值为 {row['rule_digest'][:12]}… 的规则文件", agrees=False)
    try:
        result = compute(book, parse(row["input"]), report_due=claim.last_timely_day)
    except HuzhuError as error:
        return Reproduced("benefit", what, decided, f"算不出：{error.message}", agrees=False)
    again = _sums(result.outcome, to_fen(result.total), to_fen(result.refund))
    told, stored = _compared(result.to_dict(), row["output"])
    differing = "、".join(sorted(name for name in {*told, *stored} if told.get(name) != stored.get(name)))
    if differing:
        return Reproduced("benefit", what, decided, f"{again}；不同之处：{differing}", agrees=False)
    return Reproduced("benefit", what, decided, again, again == decided)


def _compared(told: Words, stored: Words) -> tuple[Words, Words]:
    """Both outputs as far as they say the same things: a sheet of the columns' reading keeps each line's amount and clause, no steps
    and no remarks (engine/bulk.py).
    """
    if not stored["lines"] or any(line["steps"] for line in stored["lines"]):
        return told, stored
    left_out = {"flags", "nothing"}
    return tuple({name: [{**line, "steps": []} for line in value] if name == "lines" else value  # type: ignore[return-value]
                  for name, value in one.items() if name not in left_out} for one in (told, stored))


def wording(claim: Claim, digest: str) -> RuleBook | None:
    """The wording of the claim's plan with this digest, the pinned one first."""
    books = [book for book in registry.plans() if book.plan == claim.plan]
    return next((book for book in sorted(books, key=lambda book: book.from_ != claim.plan_from) if book.digest == digest), None)


def _named(claim: Claim, what: str, row: Any) -> Reproduced:
    """The signed record of a worksheet says its sums: a row that was changed afterwards differs from it."""
    said = next((record.details for record in claim.records if record.details.get("worksheet") == str(row["id"])
                 and record.event in ("worksheet", "freeze")), None)
    again = _sums(row["outcome"], row["total_fen"], row["refund_fen"])
    if said is None:
        return Reproduced("benefit", f"{what}：留痕", "记录里没有", again, agrees=False)
    decided = _sums(str(said["outcome"]), int(said["total_fen"]), int(said["refund_fen"]))
    return Reproduced("benefit", f"{what}：留痕", decided, again, again == decided)


def _sums(outcome: str, total_fen: int, refund_fen: int) -> str:
    refund = f"，退费 {show(to_yuan(refund_fen))} 元" if refund_fen else ""
    return f"{DECISIONS.get(outcome, outcome)} {show(to_yuan(total_fen))} 元{refund}"


def decisions(session: Session, claims: Sequence[Claim]) -> Lines:
    """Each decision's amount from its worksheet less what was given before, or from the insurer's answer; and the record's word."""
    by_id = {claim.id: claim for claim in claims}
    found: Lines = {}
    for row in session.execute(_DECISIONS, {"ids": list(by_id)}).mappings():
        what = f"第{row['round']}轮决定（{'办事处' if row['source'] == 'office' else '保险公司'}）"
        kind = DECISIONS.get(row["kind"], row["kind"])
        again, own = _amount(row), bool(row["frozen"] and row["sheet_round"] == row["round"])
        lines = [Reproduced("decision", what, f"{kind} {show(to_yuan(row['amount_fen']))} 元",
                            f"{kind} {show(to_yuan(again))} 元", again == row["amount_fen"]),
                 Reproduced("decision", f"{what}：依据", "本轮冻结的核算表", "本轮冻结的核算表" if own else "不是本轮冻结的核算表", own)]
        said = next((record.details.get("amount_fen") for record in by_id[row["claim_id"]].records
                     if record.event == "approve" and record.details.get("worksheet") == str(row["worksheet_id"])), None)
        if said is not None:
            lines.append(Reproduced("decision", f"{what}：留痕", f"{show(to_yuan(int(said)))} 元", f"{show(to_yuan(row['amount_fen']))} 元",
                                    int(said) == row["amount_fen"]))
        found.setdefault(row["claim_id"], []).extend(lines)
    return found


def _amount(row: Any) -> int:
    if row["kind"] == "nothing" and row["source"] == "office":
        return 0
    given = to_fen(Decimal(str(row["answer"]["total"]))) if row["source"] == "insurer" else row["total_fen"] + row["refund_fen"]
    return max(0, given - int(row["before_fen"]))
