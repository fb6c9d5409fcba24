"""Pure arithmetic of paying: shares by fen and what they are paid as."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from services.enrolment.heirs import RELATIONS, share_of, whole

__all__ = ["HEIR_RELATIONS", "purpose_of", "share_of", "split", "whole"]

HEIR_RELATIONS = RELATIONS


def split(amount_fen: int, shares: Sequence[Fraction]) -> list[int]:
    """Parts in fen by largest remainder: each rounded down, the fen left over go to the largest remainders, of equal
    ones to the earlier heir. The parts add up to the whole, and none is off by a whole fen.

    `shares` must add up to one (see `whole`).
    """
    exact = [amount_fen * share for share in shares]
    parts = [int(part) for part in exact]
    nearest = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in nearest[:amount_fen - sum(parts)]:
        parts[place] += 1
    return parts


def purpose_of(kind: str, round_: int) -> str:
    """What a round's decision is paid as: a refund, the first benefit, or the difference of a later round."""
    if kind == "refund":
        return "refund"
    return "benefit" if round_ == 1 else "difference"
