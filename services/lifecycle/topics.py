"""Which moves owe further work, and what the timetables owe. `flows/dispatch.py` has flows for each; tests hold them equal."""

from __future__ import annotations

TOPICS = frozenset({
    "claim.create", "claim.verify", "claim.answer", "claim.send_back", "claim.resume", "claim.approve", "claim.refuse",
    "claim.forward", "claim.insurer_pay", "claim.insurer_refuse", "claim.settle", "claim.cancel", "claim.close",
    "claim.reopen", "claim.recall", "claim.unhold", "claim.advance", "claim.note_death",
    "review_step.pass", "supplement.create", "supplement.answer", "supplement.lapse", "handoff.create", "payment_run.release",
    "payment.credit", "payment.bounce", "notice.create", "objection.create", "objection.decide",
    "receivable.create", "receivable.receive", "receivable.write_off",
})

# What the timetables owe: by the topic, its name in Prefect, when (cron, Asia/Shanghai), and for how many hours it may be silent
# before somebody is told (services/reporting/stuck).
TIMETABLES = {
    "timetable.collect": ("collect-replies", "*/10 * * * *", 1),
    "timetable.sweep": ("sweep-deadlines", "5 0,8,12,18 * * *", 13),
    "timetable.papers": ("keep-papers", "30 2 * * *", 26),
    "timetable.reconcile": ("reconcile", "20 6 * * *", 26),
    "timetable.prove": ("prove-money", "40 6 * * *", 26),
    "timetable.recount": ("recount-clocks", "50 0 * * *", 26),
    "timetable.letters": ("unopened-letters", "20 8 * * *", 26),
    "timetable.figures": ("refresh-figures", "*/15 * * * *", 2),
    "timetable.figures_whole": ("figures-anew", "50 2 * * 0", 8 * 24),
    "timetable.stuck": ("find-stuck", "10 7 * * *", 26),
    "timetable.seal": ("seal-record", "20 0 * * *", 26),
}
