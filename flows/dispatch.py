"""From owed work to flows: which flow follows which topic, in which lane, awaited in place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from flows.archive_claims import archive_claims
from flows.carry_letters import carry_letters, unopened_letters
from flows.check_evidence import check_evidence, owe_check
from flows.collect_replies import collect_replies
from flows.compute_benefit import compute_benefit
from flows.conclude_rounds import conclude_rounds
from flows.enrol_rosters import enrol_rosters
from flows.escalate_levels import escalate_levels
from flows.export_data import export_data
from flows.find_stuck import find_stuck
from flows.hand_to_insurer import forward_to_insurer, hand_to_insurer, recall_from_insurer, reply_to_insurer
from flows.keep_papers import keep_papers, remove_bytes
from flows.pay import pay, plan_payments, settle_claims
from flows.prove_money import prove_money
from flows.reconcile import reconcile
from flows.recount_clocks import recount_clocks
from flows.refresh_figures import WHOLE, refresh_figures
from flows.runtime import Batch, looking, transaction
from flows.seal_record import seal_record
from flows.send_notices import draft_notices, send_notices
from flows.settle_city import settle_city
from flows.sweep_deadlines import sweep_deadlines
from services.core import telemetry
from services.evidence import leaving
from services.intake.queries import claim_numbers
from services.lifecycle.topics import TIMETABLES
from services.outbox import service as outbox
from services.outbox.service import Taken

Flow = Callable[[str, Batch], Awaitable[None]]
log = structlog.get_logger()

_SHOWN = 3                          # claim numbers in a run's name
_PATIENCE = 300.0                   # seconds, the longest wait before a failed row is tried again

ROUTES: dict[str, tuple[Flow, ...]] = {
    "claim.create": (draft_notices, owe_check),
    "claim.answer": (check_evidence,),
    "paper.upload": (check_evidence,),
    "claim.send_back": (check_evidence,),
    "claim.recall": (draft_notices, check_evidence),
    "claim.resume": (draft_notices, owe_check),
    "claim.verify": (compute_benefit,),
    "claim.reopen": (draft_notices, compute_benefit),
    "claim.unhold": (compute_benefit, forward_to_insurer),
    "claim.approve": (plan_payments, draft_notices, conclude_rounds),
    "claim.refuse": (draft_notices, conclude_rounds, plan_payments),       # what a round upholds may have come back while it ran
    "claim.forward": (draft_notices,),
    "claim.insurer_pay": (plan_payments, draft_notices, conclude_rounds),
    "claim.insurer_refuse": (draft_notices, conclude_rounds),
    "claim.settle": (draft_notices,),
    "claim.advance": (draft_notices,),
    "claim.note_death": (draft_notices,),
    "claim.cancel": (draft_notices,),
    "claim.close": (archive_claims,),
    "review_step.pass": (forward_to_insurer,),
    "supplement.create": (draft_notices,),
    "supplement.answer": (reply_to_insurer,),
    "supplement.lapse": (draft_notices,),
    "handoff.create": (hand_to_insurer,),
    "payment_run.release": (pay,),
    "payment.credit": (settle_claims,),
    "payment.bounce": (plan_payments, draft_notices),     # the payee may have died while the bank had the money
    "notice.create": (send_notices,),
    "letter.carry": (carry_letters,),
    "clock.breach": (escalate_levels,),
    "objection.create": (draft_notices,),
    "objection.decide": (draft_notices,),
    "receivable.create": (draft_notices,),
    "receivable.receive": (draft_notices,),
    "receivable.write_off": (draft_notices,),
    "insurer.message": (collect_replies,),
    "insurer.recall": (recall_from_insurer,),
    "roster.enrol": (enrol_rosters,),
    "data.export": (export_data,),
    leaving.TOPIC: (remove_bytes,),
    "settlement.settle": (settle_city,),
    "calendar.release": (recount_clocks,),
    "timetable.recount": (recount_clocks,),
    "timetable.collect": (collect_replies,),
    "timetable.sweep": (sweep_deadlines,),
    "timetable.papers": (keep_papers,),
    "timetable.reconcile": (reconcile,),
    "timetable.prove": (prove_money,),
    "timetable.letters": (unopened_letters,),
    "timetable.figures": (refresh_figures,),
    WHOLE: (refresh_figures,),
    "timetable.stuck": (find_stuck,),
    "timetable.seal": (seal_record,),
}


@dataclass(frozen=True, slots=True)
class Lane:
    """Topics that wait only for one another. Each worker works its lanes side by side."""

    slow: bool
    batch: int              # rows at once


# Reading takes a second a page: a letter or a payment must never stand behind five hundred of them. Small batches, because a claim's
# findings come at the end of its batch, and a worker that is told to stop finishes the batch in hand.
# A provider of messages may think for seconds too, and nobody waits for an archive sheet or a
# board's figures. A year released touches every open clock.
_SLOW = {check_evidence, keep_papers, carry_letters, archive_claims, recount_clocks, refresh_figures, settle_city, find_stuck, seal_record,
         export_data, remove_bytes}
SLOW = frozenset({topic for topic, flows in ROUTES.items() if not _SLOW.isdisjoint(flows)})
LANES = (Lane(slow=False, batch=200), Lane(slow=True, batch=25))


def batch_of(rows: Sequence[Taken]) -> Batch:
    """The rows of one topic, with claim numbers for the run's name."""
    claims = [row.claim_id for row in rows if row.claim_id]
    topic = rows[0].topic
    with looking() as session:
        numbers = claim_numbers(session, list(dict.fromkeys(claims))[:_SHOWN])
    named = "、".join(numbers) or f"outbox {rows[0].id}"
    more = f" 等{len(set(claims))}件" if len(set(claims)) > _SHOWN else ""
    return Batch(f"{topic} {named}{more}", topic, claims, [row.subject_id for row in rows if row.subject_id], [row.payload for row in rows])


async def work(rows: Sequence[Taken]) -> None:
    """Await every flow of the topic, then let go of the rows. A failing batch is split, a failing row waits its turn."""
    try:
        batch = batch_of(rows)
        for flow in ROUTES[rows[0].topic]:
            with telemetry.flow(flow.__name__, topic=batch.topic, size=len(rows)):
                await flow(batch.label, batch)
    except Exception as error:
        if len(rows) > 1:
            for row in rows:
                await work([row])
            return
        await _failed(rows[0], error)
        return
    with transaction() as session:
        outbox.done(session, [row.id for row in rows])
        if rows[0].topic in TIMETABLES:
            outbox.ran(session, rows[0].topic)


async def _failed(row: Taken, error: Exception) -> None:
    telemetry.FAILED.labels(row.topic).inc()
    delay = min(_PATIENCE, 0.5 * 2 ** min(row.tries, 12))
    log.error("work_failed", topic=row.topic, outbox=row.id, tries=row.tries, again_in=delay, error=repr(error))
    with transaction() as session:
        outbox.put_back(session, [row.id], fault=repr(error), delay_seconds=delay)


async def drain(worker: int, lane: Lane) -> int:
    """Take one batch of the lane and work it; returns how many rows it held."""
    with transaction() as session:
        rows = outbox.take(session, worker=worker, size=lane.batch, apart=SLOW, slow=lane.slow)
    if rows:
        await work(rows)
    return len(rows)
