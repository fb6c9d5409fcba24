"""Who fires each event, which letter it owes and what it does to the clocks: data for the tables and pages.

Letters are the codes of `documents/notices`; a clock's words are those of DESIGN, “Clocks”.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effect:
    """What follows an event. `fired_by`: roles, or `system` for a flow or sweep; `letters`: notice codes owed."""

    fired_by: tuple[str, ...]
    letters: tuple[str, ...] = ()
    clock: str = ""


def _by(*who: str, letters: tuple[str, ...] = (), clock: str = "") -> Effect:
    return Effect(who, letters, clock)


_REVIEWERS = ("district_reviewer", "office_reviewer", "senior_reviewer", "head")
_OFFICE = ("office_reviewer", "senior_reviewer", "head")
_VERIFIERS = ("unit_clerk", "office_reviewer")
_ANY_REVIEWER = ("unit_clerk", *_REVIEWERS)

EFFECTS: dict[tuple[str, str], Effect] = {
    ("claim", "create"): _by("member", "unit_clerk", "insurer", "system", letters=("receipt",),
                             clock="report stops; verification starts"),
    ("claim", "verify"): _by(*_VERIFIERS, clock="verification stops; pay starts the next working day"),
    ("claim", "ask"): _by(*_ANY_REVIEWER, letters=("supplement",), clock="the open level stops; pay pauses at proof of delivery"),
    ("claim", "answer"): _by("member", "unit_clerk", "system", clock="pay goes on from receipt"),
    ("claim", "lapse"): _by("system", letters=("not_pursued",), clock="all but limitation stop; a hold ends"),
    ("claim", "resume"): _by("member", "unit_clerk", letters=("receipt",), clock="verification starts"),
    ("claim", "route"): _by("system", clock="first level starts"),
    ("claim", "send_back"): _by(*_REVIEWERS, clock="verification starts; pay runs on"),
    ("claim", "approve"): _by(*_OFFICE, letters=("decision", "consolation", "refund"),
                              clock="finance and agreement start; objection starts at delivery"),
    ("claim", "refuse"): _by(*_OFFICE, letters=("refusal",), clock="refusal letter, 3 days"),
    ("claim", "forward"): _by("system", letters=("transfer",), clock="assessment starts"),
    ("claim", "insurer_pay"): _by("insurer", letters=("cover_note",), clock="assessment stops; agreement starts"),
    ("claim", "insurer_refuse"): _by("insurer", letters=("cover_note",), clock="refusal letter, 3 days"),
    ("claim", "recall"): _by("office_reviewer", "head", letters=("recalled",),
                            clock="assessment and pay stop; verification starts"),
    ("claim", "settle"): _by("system", letters=("payment",), clock="pay stops at bank credit"),
    ("claim", "reopen"): _by("office_reviewer", "head", "insurer", letters=("reopened",),
                             clock="the former promise stops; the new round's clocks start"),
    ("claim", "close"): _by("system", letters=("archive_sheet",), clock="every clock stops"),
    ("claim", "cancel"): _by("member", "office_reviewer", "head", letters=("withdrawal",),
                             clock="every clock stops; a hold ends"),
    ("claim", "hold"): _by(*_REVIEWERS, "auditor", letters=("hold",), clock="letter owed after 3 days; no pause"),
    ("claim", "unhold"): _by(*_REVIEWERS),
    ("claim", "note_death"): _by("unit_clerk", *_REVIEWERS),
    ("claim", "advance"): _by("head", "insurer", letters=("advance",), clock="advance stops"),
    ("review_step", "open"): _by("system", clock="level starts"),
    ("review_step", "take"): _by(*_ANY_REVIEWER),
    ("review_step", "drop"): _by(*_ANY_REVIEWER),
    ("review_step", "pass"): _by(*_ANY_REVIEWER, clock="level stops"),
    ("review_step", "send_down"): _by(*_ANY_REVIEWER, clock="level stops"),
    ("review_step", "reopen"): _by("system", clock="level starts again"),
    ("review_step", "reset"): _by("system"),
    ("review_step", "refuse"): _by(*_OFFICE, clock="level stops"),
    ("review_step", "void"): _by("system", clock="level stops"),
    ("handoff", "send"): _by("system"),
    ("handoff", "repeat"): _by("system"),
    ("handoff", "reject"): _by("insurer"),
    ("handoff", "ack"): _by("insurer", clock="insurer's pay clock starts the next working day"),
    ("handoff", "file"): _by("insurer"),
    ("handoff", "question"): _by("insurer", letters=("supplement",), clock="insurer's clocks pause"),
    ("handoff", "reply"): _by("system", clock="insurer's clocks go on"),
    ("handoff", "answer_part"): _by("insurer"),
    ("handoff", "decide"): _by("insurer"),
    ("handoff", "settle"): _by("insurer"),
    ("handoff", "reopen"): _by("office_reviewer", "head", "insurer"),
    ("handoff", "recall"): _by("office_reviewer", "head"),
    ("payment", "include"): _by("finance_maker"),
    ("payment", "exclude"): _by("finance_maker", "finance_checker"),
    ("payment", "release"): _by("finance_checker", clock="finance stops; bank starts"),
    ("payment", "send"): _by("system"),
    ("payment", "announce"): _by("system"),
    ("payment", "credit"): _by("system", letters=("payment",), clock="bank and pay stop"),
    ("payment", "bounce"): _by("system", clock="finance starts again; pay runs on"),
    ("payment", "correct"): _by("unit_clerk", "finance_maker"),
    ("payment", "cancel"): _by("system"),
    ("payment_run", "submit"): _by("finance_maker"),
    ("payment_run", "send_back"): _by("finance_checker"),
    ("payment_run", "release"): _by("finance_checker"),
    ("payment_run", "send"): _by("system"),
    ("payment_run", "reconcile"): _by("system"),
    ("receivable", "agree"): _by("finance_maker"),
    ("receivable", "receive"): _by("system"),
    ("receivable", "write_off"): _by("finance_checker", "head"),
    ("notice", "issue"): _by("system"),
    ("notice", "dispatch"): _by("system"),
    ("notice", "deliver"): _by("system", "unit_clerk", clock="the clock that hangs on this letter starts"),
    ("notice", "bounce"): _by("system"),
    ("notice", "replace"): _by("office_reviewer", "head"),
    ("notice", "void"): _by("office_reviewer", "head"),
    ("supplement", "deliver"): _by("system", "unit_clerk", clock="pay pauses; supplement starts"),
    ("supplement", "answer"): _by("member", "unit_clerk", "system", clock="pay goes on"),
    ("supplement", "lapse"): _by("system"),
    ("objection", "accept"): _by("senior_reviewer", "head", clock="the new round's clocks start"),
    ("objection", "decide"): _by("head", "system", letters=("reexamined",), clock="objection starts again at delivery"),
    ("objection", "withdraw"): _by("member", "unit_clerk"),
}
