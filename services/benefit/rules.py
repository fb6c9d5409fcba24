"""What a computed result takes from a cover. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from services.core.money import to_fen
from services.engine.ceiling import PREMIUM_REFUND
from services.rulebook.results import Line, Result

__all__ = ["PREMIUM_REFUND", "Taking", "ahead", "given_words", "granted_takings", "set_off", "takings"]

Inputs = Mapping[str, Mapping[str, Mapping[str, object]]]


@dataclass(frozen=True, slots=True)
class Taking:
    """What one benefit of a claim takes from its cover: fen, and paid days where the cap counts days."""

    benefit: str
    amount_fen: int
    days: int = 0


def set_off(amounts: Sequence[int]) -> list[int]:
    """Fen by benefit of one year with what is below zero taken off the others: who set off under one benefit what another took there
    has given less under another, and nothing was ever given below zero.
    """
    short, left = -sum(fen for fen in amounts if fen < 0), []
    for fen in amounts:
        off = min(short, max(fen, 0))
        short -= off
        left.append(max(fen, 0) - off)
    return left


def takings(result: Result, before: Mapping[str, int]) -> list[Taking]:
    """The office's own decision: each line. Of a year that is reckoned as a whole only what is new, together what is due.

    `before`: the fen by benefit that the year was given (none in other plans). A benefit that now gives less, or nothing, is below
    zero, for that much less is paid under the others: so each stands at what the year gives it, and nobody sets it off again. A year
    that was given too much takes nothing: what went out stays taken.
    """
    lines = {line.benefit: line for line in result.lines}
    found = [Taking(name, to_fen(line.amount) - before.get(name, 0), line.days) for name, line in lines.items()]
    found += [Taking(name, -fen) for name, fen in before.items() if name not in lines]
    if sum(taking.amount_fen for taking in found) < 0:
        found = []
    if result.refund:
        found.append(Taking(PREMIUM_REFUND, to_fen(result.refund)))
    return [taking for taking in found if taking.amount_fen or taking.days]


def ahead(found: Sequence[Taking], fen: int) -> list[Taking]:
    """Of what a claim takes, the part that a sum paid ahead stands for: line by line, as far as it reaches.

    Days are rounded up: what another claim could take of them would be missing for the sum that went out.
    """
    kept = list[Taking]()
    for taking in found:
        part = min(fen, max(taking.amount_fen, 0))
        if part:
            kept.append(replace(taking, amount_fen=part, days=-(-part * taking.days // taking.amount_fen)))
        fen -= part
    return kept


def given_words(inputs: Inputs, round_: int) -> dict[str, object]:
    """A reviewer's amounts and answers of this round (`claim.inputs`) as the computation's `manual` and `exclusions`.

    Another round begins anew: what an objection or a correction reopened is looked at again.
    """
    standing = {kind: {name: row for name, row in rows.items() if row["round"] == round_} for kind, rows in inputs.items()}
    words: dict[str, object] = {}
    if standing.get("manual"):
        words["manual"] = {name: {"amount": row["amount"], "reason": row["reason"]}
                           for name, row in standing["manual"].items()}
    if standing.get("exclusions"):
        words["exclusions"] = {name: row["answer"] for name, row in standing["exclusions"].items()}
    return words


def granted_takings(granted: Mapping[str, Decimal], refund: Decimal, lines: Sequence[Line]) -> list[Taking]:
    """The insurer's decision, yuan by liability. Its days are ours in the proportion that it pays of our amount."""
    ours = {line.benefit: line for line in lines}
    found = [Taking(name, to_fen(amount), _days(amount, ours.get(name))) for name, amount in granted.items() if amount]
    return [*found, Taking(PREMIUM_REFUND, to_fen(refund))] if refund else found


def _days(amount: Decimal, line: Line | None) -> int:
    if line is None or not line.days or not line.amount:
        return 0
    return int(amount * line.days / line.amount)
