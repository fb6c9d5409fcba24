"""Which days of a clock were not counted, and why: told on the claim's page and by `huzhu clocks`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.core.clock import business_day
from services.core.words import date_cn
from services.reporting.views import ClockView, SupplementView
from services.sla.queries import INSURER

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pause:
    """Days that did not run: `first` to `last`, both not counted; `last` None while it goes on. The day of delivery still counted,
    the day of receipt no more, so that an answer of the same day leaves `days` 0.

    `why`: list (the union's), or insurer (its question). `sent`: when the list was delivered or the question came; `got`: when
    everything was in. `ended`: the clock stopped while it stood.
    """

    why: str
    sent: date
    got: date | None
    ended: date | None

    @property
    def first(self) -> date:
        """The first day that was not counted."""
        return self.sent + DAY

    @property
    def days(self) -> int | None:
        """Calendar days that were not counted; None while it goes on."""
        last = self.got or self.ended
        return (last - self.sent).days if last else None


def pauses(clock: ClockView) -> list[Pause]:
    """The pauses of one clock, in order."""
    why = "insurer" if clock.kind in INSURER else "list"
    return [Pause(why, date.fromisoformat(sent), date.fromisoformat(got) if got else None, None if got else clock.stopped_on)
            for sent, got in clock.pauses if sent]


def of_list(listed: SupplementView) -> Pause | None:
    """What a list of ours did to the clocks; None before its delivery, and for the insurer's, whose own clocks paused."""
    if listed.delivered_at is None or listed.source != "union":
        return None
    return Pause("list", business_day(listed.delivered_at), business_day(listed.answered_at) if listed.answered_at else None, None)


_WAITS = {"list": "等待申请人补充材料（告知书{sent}送达）", "insurer": "等待答复保险公司的疑问（{sent}提出）"}
_CAME = {"list": "补充材料告知书{sent}送达，{got}收齐", "insurer": "保险公司{sent}提出疑问，{got}答复"}


def words(pause: Pause) -> str:
    """One sentence without full stop."""
    sent = date_cn(pause.sent)
    if pause.got is None:
        waits = _WAITS[pause.why].format(sent=sent)
        if pause.ended is None:
            return f"自{date_cn(pause.first)}起不计：{waits}"
        return f"自{date_cn(pause.first)}起不计：{waits}，至{date_cn(pause.ended)}时限停止"
    came = _CAME[pause.why].format(sent=sent, got=date_cn(pause.got))
    if not pause.days:
        return f"没有停计：{came}，在同一天"
    return f"{date_cn(pause.first)}至{date_cn(pause.got)}不计，共{pause.days}日：{came}"


def said(clocks: Sequence[ClockView]) -> list[tuple[ClockView, list[str]]]:
    """Each clock with its pauses in words."""
    return [(clock, [words(pause) for pause in pauses(clock)]) for clock in clocks]
