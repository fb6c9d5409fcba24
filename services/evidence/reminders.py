"""When a delivered list that still waits is spoken of again, and how long the last reminder itself leaves. Pure.

The days are the office's policy, the first halfway through a list's thirty days. The last reminder is the one that the lapse rests on
(guard `deadline_not_passed`): its cause is the word the guard looks for.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

FIRST, LAST = "supplement.first_reminder", "supplement.reminder"      # topics of letters, in their order
CAUSES = {FIRST: "reminder.first", LAST: "reminder"}
DAYS = {FIRST: 15, LAST: 5}         # calendar days before the list's last day
GRACE = 3                           # calendar days after the last reminder came, however late it was


def due(deadline: date, today: date, said: Collection[str]) -> str | None:
    """The reminder that is owed today, or None. `said`: topics of those already drafted.

    Each once and in order: what an outage left out is not sent after the one that follows it.
    """
    if LAST in said:
        return None
    if deadline - today <= timedelta(days=DAYS[LAST]):
        return LAST
    return FIRST if FIRST not in said and deadline - today <= timedelta(days=DAYS[FIRST]) else None


def over(deadline: date, reminded_on: date, today: date) -> bool:
    """Whether nobody need be waited for any more: the deadline and the days after the last reminder have passed."""
    return today > deadline and today > reminded_on + timedelta(days=GRACE)
