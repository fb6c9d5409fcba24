"""Which role may fire which event. What is not here is refused."""

from __future__ import annotations

from collections.abc import Iterable

from services.access.actor import OFFICE, REVIEWERS, Actor, Role
from services.core.errors import NotFound, NotPermitted
from statemachines.words import event_words

_CLERK = frozenset({Role.UNIT_CLERK})
_MEMBER = frozenset({Role.MEMBER})
_SYSTEM = frozenset({Role.SYSTEM})
_INSURER = frozenset({Role.INSURER})
_MAKER = frozenset({Role.FINANCE_MAKER})
_CHECKER = frozenset({Role.FINANCE_CHECKER})
_SENIORS = frozenset({Role.SENIOR_REVIEWER, Role.HEAD})
_LEVEL = REVIEWERS | _CLERK     # whose level it is, the review stage checks against the step's own role

PERMITS: dict[str, dict[str, frozenset[Role]]] = {
    "claim": {
        "create": _MEMBER | _CLERK | _INSURER | _SYSTEM | OFFICE, "verify": _CLERK | REVIEWERS, "ask": _CLERK | REVIEWERS | _SYSTEM,
        "answer": _MEMBER | _CLERK | _SYSTEM, "lapse": _SYSTEM, "resume": _MEMBER | _CLERK, "route": _SYSTEM, "send_back": REVIEWERS,
        "approve": REVIEWERS, "refuse": REVIEWERS, "forward": _SYSTEM, "insurer_pay": _INSURER,
        "insurer_refuse": _INSURER, "recall": _CLERK | OFFICE | _SYSTEM, "settle": _SYSTEM,
        "reopen": _SENIORS | _INSURER, "close": _SYSTEM, "cancel": _MEMBER | _CLERK | OFFICE, "hold": REVIEWERS,
        "unhold": REVIEWERS, "note_death": _CLERK | REVIEWERS, "advance": _SENIORS | _INSURER,
    },
    "review_step": {
        "create": _SYSTEM, "open": _SYSTEM | _LEVEL, "take": _LEVEL, "drop": _LEVEL, "pass": _LEVEL,
        "send_down": REVIEWERS | _SYSTEM, "reopen": REVIEWERS | _SYSTEM, "reset": REVIEWERS | _SYSTEM, "refuse": REVIEWERS,
        "void": _SYSTEM | _MEMBER | _LEVEL,
    },
    "handoff": {
        "create": _SYSTEM, "send": _SYSTEM, "repeat": _SYSTEM, "reject": _INSURER, "ack": _INSURER | _SYSTEM,
        "file": _INSURER, "question": _INSURER, "reply": _SYSTEM | _MEMBER | _CLERK, "answer_part": _INSURER,
        "decide": _INSURER, "settle": _INSURER | _SYSTEM, "reopen": _INSURER | _SENIORS, "recall": _INSURER | _CLERK | OFFICE,
    },
    "payment": {
        "create": _SYSTEM | REVIEWERS | _INSURER, "include": _MAKER, "exclude": _MAKER | _CHECKER | _SYSTEM,
        "release": _CHECKER, "send": _SYSTEM, "announce": _INSURER | _SYSTEM, "credit": _SYSTEM | _INSURER,
        "bounce": _SYSTEM, "correct": _MAKER | _CHECKER,
        "cancel": _SYSTEM | _SENIORS | _CLERK | REVIEWERS,
    },
    "payment_run": {
        "create": _MAKER, "submit": _MAKER, "send_back": _CHECKER, "release": _CHECKER, "send": _SYSTEM,
        "reconcile": _SYSTEM,
    },
    "notice": {
        "create": _SYSTEM, "issue": _SYSTEM, "dispatch": _SYSTEM, "deliver": _SYSTEM | _CLERK | _MEMBER | _INSURER,
        "bounce": _SYSTEM | _CLERK, "replace": OFFICE, "void": OFFICE | _SYSTEM,
    },
    "supplement": {
        "create": _CLERK | REVIEWERS | _INSURER, "deliver": _SYSTEM | _CLERK | _MEMBER, "answer": _MEMBER | _CLERK | _SYSTEM,
        "lapse": _SYSTEM,
    },
    "objection": {
        "create": _MEMBER | _CLERK | OFFICE, "accept": _SENIORS, "decide": frozenset({Role.HEAD}) | _SYSTEM, "withdraw": _MEMBER | _CLERK,
    },
    "receivable": {
        "create": _SYSTEM, "agree": _MAKER, "receive": _MAKER | _CHECKER | _SYSTEM, "write_off": _CHECKER | frozenset({Role.HEAD}),
    },
}


def permit(actor: Actor, machine: str, event: str, org_keys: Iterable[str]) -> None:
    """Refuse an actor without the event's role, and any row outside the actor's organisation."""
    allowed = PERMITS.get(machine, {}).get(event)
    if allowed is None or not actor.has(*allowed):
        raise NotPermitted("event_not_permitted", f"{actor.name} 不能{event_words(machine, event)}",
                           remedy="请由有相应职责的人员办理")
    for key in org_keys:
        if not key.startswith(actor.org_key):
            raise NotFound("not_in_scope", "没有这一记录，或不在您的管辖范围内", remedy="核对编号")
