"""Pure arithmetic of paying: shares by fen and what they are paid as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from services.core.errors import InputError

# What an heir is to the member (民法典 1127), in the words of the family ties.
HEIR_RELATIONS: Mapping[str, str] = {
    "husband": "丈夫", "wife": "妻子", "spouse": "配偶", "child": "子女", "parent": "父母", "sibling": "兄弟姐妹",
    "other": "其他继承人"}


def split(amount_fen: int, shares: Sequence[Fraction]) -> list[int]:
    """Parts in fen, each rounded down; what is left goes to the first, so that the parts add up to the whole.

    `shares` must add up to one (see `whole`).
    """
    parts = [int(amount_fen * share) for share in shares]
    parts[0] += amount_fen - sum(parts)
    return parts


def whole(shares: Sequence[Fraction]) -> None:
    """Refuse shares that are not positive or do not add up to exactly one."""
    if not shares or any(share <= 0 for share in shares):
        raise InputError("heir_share", "每位继承人的份额须大于零", remedy="写成 [1, 2] 这样的分子、分母", field="heirs.share")
    total = sum(shares, Fraction(0))
    if total != 1:
        raise InputError("heir_shares_sum", f"各继承人份额之和为 {total}，须等于 1", remedy="核对继承公证或协议中的份额",
                         field="heirs.share")


def share_of(raw: object) -> Fraction:
    """[1, 2] → 1/2. Raises InputError for anything else."""
    if isinstance(raw, list | tuple) and len(raw) == 2:
        numerator, denominator = raw
        if type(numerator) is int and type(denominator) is int and denominator > 0:
            return Fraction(numerator, denominator)
    raise InputError("heir_share", f"份额“{raw}”不是分数", remedy="写成 [1, 2] 这样的分子、分母", field="heirs.share")


def purpose_of(kind: str, round_: int) -> str:
    """What a round's decision is paid as: a refund, the first benefit, or the difference of a later round."""
    if kind == "refund":
        return "refund"
    return "benefit" if round_ == 1 else "difference"
