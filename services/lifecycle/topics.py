"""Which moves owe further work. `flows/dispatch.py` has one flow for each; a test holds the two equal."""

from __future__ import annotations

TOPICS = frozenset({
    "claim.create", "claim.verify", "claim.answer", "claim.send_back", "claim.resume", "claim.approve", "claim.refuse",
    "claim.forward", "claim.insurer_pay", "claim.insurer_refuse", "claim.settle", "claim.cancel", "claim.close",
    "claim.reopen", "claim.recall", "claim.unhold", "claim.advance", "claim.note_death",
    "review_step.pass", "supplement.create", "supplement.answer", "supplement.lapse", "handoff.create", "payment_run.release",
    "payment.credit", "payment.bounce", "notice.create", "objection.create", "objection.decide",
    "receivable.create", "receivable.receive", "receivable.write_off",
})
