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
    "claim.recall": ("recalled",), "claim.note_death": ("heirs",), "payment.bounce": ("account",), "receivable.create": ("repayment",),
    "receivable.receive": ("repayment",), "receivable.write_off": ("repayment",),
}
# Owed by the calendar, not by an event: the sweep drafts them, cause by cause.
BY_CALENDAR: Mapping[str, str] = {"held": "claim.hold", "extended": "clock.late", "limitation": "claim.limitation",
                                "date_changed": "clock.recounted"}
HOLD_DAYS = 3           # calendar days that a hold may last without a word to the member (STATES)
LIMITATION_DAYS = 30    # calendar days before the right ends that a resting claim's reader is reminded
# Each subject named has a letter of its own; other events have one a round.
BY_SUBJECT = ("supplement.", "objection.", "receivable.")
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


def owed_by(code: str, subject: object, *, lap: int = 1) -> str:
    """The cause of a letter that the calendar owes; a clock that began anew (`lap` above 1) owes another."""
    return f"{BY_CALENDAR[code]}{f'.{lap}' if lap > 1 else ''}:{subject}"


def for_heir(cause: str, place: int, heir: object) -> str:
    """Of several heirs each has a letter of her own: the first by the cause itself, the others by the cause and who they are."""
    return f"{cause}:{heir}" if place else cause


def base_of(cause: str) -> str:
    """Event and subject, whichever heir is told."""
    return ":".join(cause.split(":")[:2])
