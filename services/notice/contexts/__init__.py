"""What each letter says, built from its file: one builder per code, checked against the letter's own context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from services.notice.contexts.again import objection_receipt, reexamined, reopened
from services.notice.contexts.ahead import advance
from services.notice.contexts.decided import consolation, decision, refund, refusal
from services.notice.contexts.insured import cover_note, transfer
from services.notice.contexts.listed import not_pursued, reminder, supplement
from services.notice.contexts.paid import payment
from services.notice.contexts.recounted import date_changed
from services.notice.contexts.reported import receipt, withdrawal
from services.notice.contexts.timely import extended, held, limitation_ends
from services.notice.contexts.turned import account, heirs, recalled, repayment
from services.notice.files import File

# (file, the day the letter is issued) → its own values, without those every letter has.
Builder = Callable[[File, date], dict[str, object]]
BUILDERS: Mapping[str, Builder] = {
    "receipt": receipt, "supplement": supplement, "withdrawal": withdrawal, "decision": decision,
    "consolation": consolation, "refusal": refusal, "refund": refund, "transfer": transfer, "cover_note": cover_note,
    "payment": payment, "objection_receipt": objection_receipt, "reopened": reopened, "reexamined": reexamined,
    "reminder": reminder, "not_pursued": not_pursued, "advance": advance,
    "recalled": recalled, "held": held, "extended": extended, "heirs": heirs, "repayment": repayment, "account": account,
    "limitation": limitation_ends, "date_changed": date_changed,
}
