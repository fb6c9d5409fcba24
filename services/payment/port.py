"""The port to a bank: what we tell it to pay and what it tells us. Values only; the layouts are in `banks/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Order:
    """One line to pay. `account` digits, `bank` a code of `core.identity.BANKS`, `purpose` the words on the statement."""

    reference: str
    amount_fen: int
    bank: str
    account: str
    holder: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One file: a released run. `at` is the moment of release, so that writing it again gives the same bytes.

    `payer` and `payer_account` name the fund's own account, for layouts that ask for it.
    """

    run_no: str
    at: datetime
    orders: Sequence[Order]
    payer: str = ""
    payer_account: str = ""

    @property
    def total_fen(self) -> int:
        """Sum of the orders; fen."""
        return sum(order.amount_fen for order in self.orders)


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of a bank's return file. `serial` is the bank's own number, `reason` its words for a return."""

    line_no: int
    reference: str
    amount_fen: int
    status: Literal["credited", "returned"]
    account: str
    holder: str
    serial: str
    bank_time: datetime
    reason: str


class BankFormat(Protocol):
    """One bank's file layout. Both directions are pure: bytes and values, no clock, no disk."""

    code: str
    name: str                         # what finance calls it
    needs_payer: bool                 # whether the file names the fund's own account

    def file_name(self, batch: Batch) -> str:
        """The name the bank's client software expects."""

    def write(self, batch: Batch) -> bytes:
        """The file. Raises InputError (`field` names the person's field) when GBK or a column cannot carry a value."""

    def check(self, order: Order) -> None:
        """InputError (`field` names the person's field) when this one payment could not be written."""

    def recognises(self, content: bytes) -> bool:
        """Whether these bytes look like a return file of this bank."""

    def read(self, content: bytes) -> list[Answer]:
        """A return file's lines. Raises InputError when digest, counts or a line do not hold."""

    def answer(self, run_no: str, answers: Sequence[Answer]) -> bytes:
        """A return file, as the bank writes it: for training, demo and tests."""
