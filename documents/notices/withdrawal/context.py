"""撤回申请确认书: the claim was withdrawn by signature; what that means and until when it may be made anew."""

from __future__ import annotations

from datetime import date

from pydantic import model_validator

from documents.layout.context import Due, Letter, Text


class Context(Letter):
    """Values of the confirmation."""

    reported_on: date
    signed_on: date
    """Date on the signed withdrawal."""
    received_on: date
    withdrawn_by: Text
    """本人, or who signed for whom: 其配偶李某（受委托）."""
    reason: Text | None = None
    """As the claimant gave it; nobody has to give one."""
    papers_words: Text
    """What happens to the papers, as a sentence."""
    limitation: Due
    limitation_basis: Text

    @model_validator(mode="after")
    def _dates_in_order(self) -> Context:
        if not self.reported_on <= self.received_on or self.signed_on > self.received_on:
            raise ValueError("报案、签署、收到撤回申请的日期顺序不符")
        return self
