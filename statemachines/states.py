"""States and events of every machine, as stored in the tables and spoken by the API. Open to all."""

from __future__ import annotations

from enum import StrEnum


class ClaimState(StrEnum):
    """Ten states of a claim; `payable` is a decision with money in it (pay, part or refund)."""

    REPORTED = "reported"
    SUPPLEMENTING = "supplementing"
    VERIFIED = "verified"
    IN_REVIEW = "in_review"
    WITH_INSURER = "with_insurer"
    PAYABLE = "payable"
    REFUSED = "refused"
    PAID = "paid"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class ReviewState(StrEnum):
    """One review level of one round."""

    WAITING = "waiting"
    OPEN = "open"
    PASSED = "passed"
    REFUSED = "refused"
    VOID = "void"


class HandoffState(StrEnum):
    """One claim and round at the insurer."""

    PREPARED = "prepared"
    SENT = "sent"
    RECEIVED = "received"
    QUESTIONED = "questioned"
    DECIDED = "decided"
    SETTLED = "settled"
    RECALLED = "recalled"


class PaymentState(StrEnum):
    """One obligation: claim, round, payee, purpose."""

    PLANNED = "planned"
    BATCHED = "batched"
    RELEASED = "released"
    SENT = "sent"
    CREDITED = "credited"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class PaymentRunState(StrEnum):
    """One pay run, one file to one bank."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RELEASED = "released"
    SENT = "sent"
    RECONCILED = "reconciled"


class ReceivableState(StrEnum):
    """Money to be recovered after an amended decision."""

    OPEN = "open"
    AGREED = "agreed"
    RECEIVED = "received"
    WRITTEN_OFF = "written_off"


class NoticeState(StrEnum):
    """One letter with its number."""

    DRAFTED = "drafted"
    ISSUED = "issued"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"
    REPLACED = "replaced"
    VOIDED = "voided"


class SupplementState(StrEnum):
    """One supplement list."""

    DRAFTED = "drafted"
    DELIVERED = "delivered"
    ANSWERED = "answered"
    LAPSED = "lapsed"


class ObjectionState(StrEnum):
    """One objection to a decision."""

    LODGED = "lodged"
    ACCEPTED = "accepted"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


class ClaimEvent(StrEnum):
    """What may happen to a claim."""

    VERIFY = "verify"
    ASK = "ask"
    ANSWER = "answer"
    LAPSE = "lapse"
    RESUME = "resume"
    ROUTE = "route"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    REFUSE = "refuse"
    FORWARD = "forward"
    INSURER_PAY = "insurer_pay"
    INSURER_REFUSE = "insurer_refuse"
    RECALL = "recall"
    SETTLE = "settle"
    REOPEN = "reopen"
    CLOSE = "close"
    CANCEL = "cancel"
    HOLD = "hold"
    UNHOLD = "unhold"
    NOTE_DEATH = "note_death"
    ADVANCE = "advance"


class ReviewEvent(StrEnum):
    """What may happen to a review level. `reopen` and `reset` are what a level above does to this one."""

    OPEN = "open"
    TAKE = "take"
    DROP = "drop"
    PASS = "pass"
    SEND_DOWN = "send_down"
    REOPEN = "reopen"
    RESET = "reset"
    REFUSE = "refuse"
    VOID = "void"


class HandoffEvent(StrEnum):
    """What may happen to a handoff."""

    SEND = "send"
    REPEAT = "repeat"
    REJECT = "reject"
    ACK = "ack"
    FILE = "file"
    QUESTION = "question"
    REPLY = "reply"
    ANSWER_PART = "answer_part"
    DECIDE = "decide"
    SETTLE = "settle"
    REOPEN = "reopen"
    RECALL = "recall"


class PaymentEvent(StrEnum):
    """What may happen to a payment."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    RELEASE = "release"
    SEND = "send"
    ANNOUNCE = "announce"
    CREDIT = "credit"
    BOUNCE = "bounce"
    CORRECT = "correct"
    CANCEL = "cancel"


class PaymentRunEvent(StrEnum):
    """What may happen to a pay run."""

    SUBMIT = "submit"
    SEND_BACK = "send_back"
    RELEASE = "release"
    SEND = "send"
    RECONCILE = "reconcile"


class ReceivableEvent(StrEnum):
    """What may happen to a receivable."""

    AGREE = "agree"
    RECEIVE = "receive"
    WRITE_OFF = "write_off"


class NoticeEvent(StrEnum):
    """What may happen to a letter."""

    ISSUE = "issue"
    DISPATCH = "dispatch"
    DELIVER = "deliver"
    BOUNCE = "bounce"
    REPLACE = "replace"
    VOID = "void"


class SupplementEvent(StrEnum):
    """What may happen to a supplement list."""

    DELIVER = "deliver"
    ANSWER = "answer"
    LAPSE = "lapse"


class ObjectionEvent(StrEnum):
    """What may happen to an objection."""

    ACCEPT = "accept"
    DECIDE = "decide"
    WITHDRAW = "withdraw"
