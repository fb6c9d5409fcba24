"""重新登记收款账户通知书: the bank sent a payment back; another account is needed, or this one put right."""

from __future__ import annotations

from datetime import date

from documents.layout.context import HasAmount, Payee, Text


class Context(HasAmount):
    """Values of the note."""

    payee: Payee
    returned_on: date
    reason: Text
    """The bank's words: 账户已销户."""
    banks: tuple[Text, ...] = ()
    """Banks that the plan pays to; empty: any."""
