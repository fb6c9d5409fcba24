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
    OPENING = "opening"                 # 专户期初: what the fund began with
    BENEFITS = "benefits"               # 互助金支出: what decisions gave
    PAYABLE = "payable"                 # 应付互助金: decided and not yet sent, refunds on claims too
    IN_TRANSIT = "in_transit"           # 在途款项: sent to the bank, not yet answered
    ADVANCES = "advances"               # 先予支付款: paid before the decision, until it is deducted there
    RECOVERABLE = "recoverable"         # 应收返还款: asked back after a later round
    WRITTEN_OFF = "written_off"         # 免予返还: asked back no longer


WORDS: dict[str, str] = {
    "cash": "专户存款", "receivable": "应收费用", "income": "费用收入", "prepaid": "预收费用", "refund_payable": "应退费用",
    "refunds": "退还费用", "opening": "专户期初", "benefits": "互助金支出", "payable": "应付互助金", "in_transit": "在途款项",
    "advances": "先予支付款", "recoverable": "应收返还款", "written_off": "免予返还"}


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
