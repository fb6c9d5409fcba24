"""The reason codes that may be chosen for each act, with their words, for those who offer them."""

from __future__ import annotations

from services.review.rules import HOLDS, REFUSALS, RETURNS

_OVER = "hold_over"         # the reason of an end, never of a hold
_BY_REGRADE = "regraded"    # given by the act itself


def refusals() -> dict[str, str]:
    """Why nothing is paid."""
    return dict(REFUSALS)


def returns() -> dict[str, str]:
    """Why a file goes back."""
    return {code: words for code, words in RETURNS.items() if code != _BY_REGRADE}


def holds() -> dict[str, str]:
    """Why a claim waits."""
    return {code: words for code, words in HOLDS.items() if code != _OVER}
