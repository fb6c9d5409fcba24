"""The accounts of a plan's fund, and which book a plan's bookings stand in. Pure but for the released rule-books."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from services.core.errors import HuzhuError
from services.models.ledger import MEMO
from services.rulebook import registry


class Account(StrEnum):
    """Debit stands above zero. A union's own plan holds them as its fund, an insured one as memo accounts."""

    CASH = "cash"                       # 专户存款
    RECEIVABLE = "receivable"           # 应收费用, by cover
    INCOME = "income"                   # 费用收入
    PREPAID = "prepaid"                 # 预收费用: came in, not yet placed on a cover
    OWED_BACK = "refund_payable"        # 应退费用, by cover
    REFUNDS = "refunds"                 # 退还费用: given back on a claim, by cover


WORDS: dict[str, str] = {"cash": "专户存款", "receivable": "应收费用", "income": "费用收入", "prepaid": "预收费用",
                         "refund_payable": "应退费用", "refunds": "退还费用"}


class Unbalanced(HuzhuError):
    """A booking whose debits and credits differ: a fault of the program, refused before it is written."""


def is_memo(plan: str) -> bool:
    """Whether the plan's money is the insurer's: the union only keeps note of it."""
    return registry.latest(plan).route == "insurer"


def prefix(plan: str) -> str:
    """What the names of a plan's accounts begin with."""
    return MEMO if is_memo(plan) else ""


def name_of(account: str) -> str:
    """The account in words: `专户存款`, `备查：专户存款`."""
    word = WORDS[account.removeprefix(MEMO)]
    return f"备查：{word}" if account.startswith(MEMO) else word


def check_balanced(amounts: Sequence[int]) -> None:
    """Refuse what does not add up to zero, or moves nothing. The database looks again."""
    if sum(amounts) != 0 or not amounts or 0 in amounts:
        raise Unbalanced("ledger_unbalanced", f"记账借贷不平：{'、'.join(map(str, amounts))} 分", remedy="请报系统管理员")
