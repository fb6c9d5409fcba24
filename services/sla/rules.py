"""Which clocks follow which move. Budgets come from the plan's rule-book, never from here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.releases.clock_policy import SAME_RULE as SAME_RULE


class Op(StrEnum):
    """What a move does to clocks."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Step:
    """`kinds` empty: all clocks of the claim. `subject`: the clock belongs to the moved row, not to the whole claim.

    `where` is a condition on the moved row `r`; rows that do not meet it are left out. `verdict` False: what stops was taken back,
    neither kept nor missed.
    """

    op: Op
    kinds: tuple[str, ...] = ()
    subject: bool = False
    where: str = ""
    verdict: bool = True


UNION = ("verification", "pay")
# Of a report: its own days, and for 安康保 that each addressee is told (`subject`: which) on the day of the report.
REPORT, FIRST_NOTICE = "report", "first_notice"
INSURER = ("insurer_pay", "assessment", "advance")
# That an objection came too late opens no new days to object.
_DECISION_LETTERS = """r.code IN ('decision', 'consolation', 'refusal', 'refund', 'cover_note', 'reexamined')
    AND NOT EXISTS (SELECT FROM objection b WHERE b.id::text = split_part(r.cause, ':', 2) AND b.result = 'dismissed')"""

FOLLOWS: dict[tuple[str, str], tuple[Step, ...]] = {
    ("claim", "create"): (Step(Op.START, ("verification",)),),
    ("claim", "verify"): (Step(Op.STOP, ("verification",)), Step(Op.START, ("pay",))),
    ("claim", "ask"): (Step(Op.STOP, ("level",)),),                 # the file leaves the desk; it begins anew when it is back
    ("claim", "answer"): (Step(Op.START, ("verification",)),),      # asked after the verification: verified anew, in time
    ("claim", "send_back"): (Step(Op.START, ("verification",)),),
    ("claim", "resume"): (Step(Op.START, ("verification",)),),
    ("claim", "refuse"): (Step(Op.STOP, ("pay",)), Step(Op.START, ("refusal_letter",))),
    ("claim", "insurer_pay"): (Step(Op.STOP, ("assessment", "advance")), Step(Op.START, ("agreement",))),
    ("claim", "insurer_refuse"): (Step(Op.STOP, ("pay", *INSURER)), Step(Op.START, ("refusal_letter",))),
    ("claim", "recall"): (Step(Op.STOP, INSURER), Step(Op.STOP, ("pay",), verdict=False), Step(Op.START, ("verification",))),
    # What a decision that falls away had promised; the round that begins is promised anew.
    ("claim", "reopen"): (Step(Op.STOP, ("pay", "insurer_pay", "agreement"), verdict=False),),
    ("claim", "settle"): (Step(Op.STOP, ("pay", "insurer_pay", "agreement")),),
    ("claim", "lapse"): (Step(Op.STOP),),
    ("claim", "close"): (Step(Op.STOP),),
    ("claim", "cancel"): (Step(Op.STOP),),
    ("review_step", "open"): (Step(Op.START, ("level",), subject=True),),
    ("review_step", "reopen"): (Step(Op.START, ("level",), subject=True),),
    ("review_step", "pass"): (Step(Op.STOP, ("level",), subject=True),),
    ("review_step", "refuse"): (Step(Op.STOP, ("level",), subject=True),),
    ("review_step", "send_down"): (Step(Op.STOP, ("level",), subject=True),),
    ("review_step", "void"): (Step(Op.STOP, ("level",), subject=True),),
    ("supplement", "deliver"): (Step(Op.PAUSE, UNION, where="r.source = 'union'"),
                                Step(Op.START, ("supplement",), subject=True)),
    ("supplement", "answer"): (Step(Op.RESUME, UNION, where="r.source = 'union'"),
                               Step(Op.STOP, ("supplement",), subject=True)),
    ("supplement", "lapse"): (Step(Op.STOP, ("supplement",), subject=True),),
    ("handoff", "ack"): (Step(Op.STOP, (FIRST_NOTICE,)), Step(Op.START, INSURER)),    # now at the latest the insurer knows
    ("handoff", "question"): (Step(Op.PAUSE, INSURER),),
    ("handoff", "reply"): (Step(Op.RESUME, INSURER),),
    ("notice", "dispatch"): (Step(Op.STOP, ("refusal_letter",), where="r.code IN ('refusal', 'cover_note', 'reexamined')"),),
    ("notice", "deliver"): (Step(Op.START, ("objection",), where=_DECISION_LETTERS),),
}

# A stopped clock of these kinds begins anew when its stage is entered again. The promise to pay stops within a round only
# when an unanswered list lapsed: a claim taken up again and verified anew is promised anew.
RESTARTS = frozenset({"verification", "level", "supplement", "pay"})
# A window is open to somebody, not promised by anybody: when it closes, nothing was kept or missed.
WINDOWS = frozenset({"objection"})
