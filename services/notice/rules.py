"""Which letters an event owes. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from services.evidence import reminders

# One word of STATES per event; decisions depend on what was decided and are picked in `letters_for`.
_ALWAYS: Mapping[str, tuple[str, ...]] = {
    "claim.create": ("receipt",), "claim.resume": ("receipt",), "supplement.create": ("supplement",),
    reminders.FIRST: ("reminder",), reminders.LAST: ("reminder",), "supplement.lapse": ("not_pursued",),
    "claim.forward": ("transfer",), "claim.refuse": ("refusal",),
    "claim.insurer_refuse": ("cover_note",), "claim.settle": ("payment",), "claim.cancel": ("withdrawal",),
    "objection.create": ("objection_receipt",), "claim.reopen": ("reopened",), "objection.decide": ("reexamined",),
    "correction.conclude": ("reexamined",), "claim.advance": ("advance",),
}
# Each subject named has a letter of its own; other events have one a round.
BY_SUBJECT = ("supplement.", "objection.")
TOPICS = frozenset(_ALWAYS) | {"claim.approve", "claim.insurer_pay"}


def letters_for(topic: str, *, kind: str | None, consolation: bool) -> tuple[str, ...]:
    """The letters of an event; `kind` is the decision's, `consolation` whether it pays the early band's sum."""
    if topic == "claim.approve":
        if kind == "refund":
            return ("refund",)
        return ("decision", "consolation") if consolation else ("decision",)
    if topic == "claim.insurer_pay":
        return ("refund",) if kind == "refund" else ("cover_note",)
    return _ALWAYS.get(topic, ())


def cause_of(topic: str, subject: object) -> str:
    """What a letter answers: the same cause never makes two letters of one kind.

    The last reminder's cause is the word the supplement's guard looks for.
    """
    return f"{reminders.CAUSES.get(topic, topic)}:{subject}"
