"""Pure arithmetic of paying: shares by fen and what they are paid as."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from fractions import Fraction

from services.core.errors import Conflict
from services.enrolment.heirs import RELATIONS, share_of, whole

__all__ = ["HEIR_RELATIONS", "purpose_of", "rest_of_each", "share_of", "split", "whole"]

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


def rest_of_each(whole_fen: int, shares: Sequence[tuple[uuid.UUID, Fraction]], got: Mapping[uuid.UUID, int]) -> list[int]:
    """What each receiver is still to get, in fen: her share of the whole less what she `got`, on the way or credited.

    Conflict `heirs_overpaid` when somebody got more than her share, or got something and has none: the others would be
    short, or the whole paid twice over.
    """
    left = dict(got)
    rests = []
    for (person, _), part in zip(shares, split(whole_fen, [share for _, share in shares]), strict=True):
        taken = min(part, left.get(person, 0))
        left[person] = left.get(person, 0) - taken
        rests.append(part - taken)
    named = {person for person, _ in shares}
    over = sum(left.values())
    # A fen that an earlier round's rounding gave to one and this whole's rounding gives to another is nobody's fault.
    if any(fen > (1 if person in named else 0) for person, fen in left.items()) or over > sum(rests):
        raise Conflict("heirs_overpaid", "已付出或在途的款项与现列各继承人的份额不符：有人已超出其份额，或已不在名单内",
                       remedy="在途的等银行回单后再办理；已到账的，按原份额列明该人，或先追回款项")
    for place in reversed(range(len(rests))):
        off = min(over, rests[place])
        rests[place], over = rests[place] - off, over - off
    return rests


def purpose_of(kind: str, round_: int) -> str:
    """What a round's decision is paid as: a refund, the first benefit, or the difference of a later round."""
    if kind == "refund":
        return "refund"
    return "benefit" if round_ == 1 else "difference"
