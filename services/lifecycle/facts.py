"""What the guards look at, each fact one SQL expression over the locked row.

`c` is the claim, `r` the machine's own row (for the claim machine both are the same). `%(persons)s` are all whom the
actor counts as (a substitute: the own person and those stood in for), `%(account)s` is the actor's, `%(today)s` is the
business day. A guard's `needs` choose which of these are loaded.

Who may not act is compared in `persons`, what the guards of money look at is in `money_facts`."""

from __future__ import annotations

from services.lifecycle.money_facts import (
    ACTOR_DECIDED,
    FUND_BALANCE,
    PAYMENT,
    PAYMENT_RUN,
    RECEIVABLE,
    RUN,
    RUN_DIGEST,
)
from services.lifecycle.persons import ACTOR, able, barred, bound, candidates, did, eligible, on_claimant_side

__all__ = ["ACTOR", "ACTOR_DECIDED", "ADVANCE_BACK", "CALL", "CLAIM", "FUND_BALANCE", "PAYMENT", "RUN", "RUN_DIGEST", "SQL", "able",
           "barred", "bound", "candidates", "eligible", "on_claimant_side"]

# Facts about the call itself, which the calling stage states; everything else comes from the tables below.
CALL = frozenset({
    "reason_given", "two_persons", "reopen_ground", "advance_fen", "signature_valid", "recall_confirmed", "fault_given",
    "report_no_given", "case_no_given", "question_items", "items_without_reason", "answered_now", "amount_or_refusal",
    "bank_proof_given", "bytes_unchanged", "successor_issued", "actor_senior", "actor_is_head", "consent_missing",
})

_CONSENT_MISSING = """(c.route = 'insurer' AND NOT EXISTS (SELECT 1 FROM consent k WHERE k.case_id = c.case_id
    AND k.purpose = 'insurer' AND k.withdrawn_at IS NULL))"""
_DECIDED_FEN = "coalesce((SELECT d.amount_fen FROM decision d WHERE d.claim_id = c.id AND d.round = c.round), -1)"
# Money paid ahead that was asked back: it was credited and is not the decision's.
ADVANCE_BACK = "(SELECT coalesce(sum(v.amount_fen), 0) FROM receivable v WHERE v.claim_id = c.id AND v.why = 'advance')"


def _items_open(source: str) -> str:
    return f"""(SELECT count(*) FROM supplement s, jsonb_array_elements(s.items) i WHERE s.claim_id = c.id AND s.round = c.round
        AND s.state IN ('drafted', 'delivered') AND s.source = '{source}' AND i->>'state' = 'open')"""


_LIABILITIES_OPEN = """(SELECT count(*) FROM handoff h, jsonb_array_elements_text(h.liabilities) l WHERE h.claim_id = c.id
    AND h.round = c.round AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(h.answers) a WHERE a->>'liability' = l))"""
CLAIM = {
    "papers_open": """(SELECT count(*) FROM jsonb_array_elements_text(c.required) k WHERE NOT EXISTS (SELECT 1 FROM paper p
        WHERE p.claim_id = c.id AND p.kind = k AND p.verdict = 'accepted'))""",
    "identity_matched": "c.identity_matched",
    "consent_missing": _CONSENT_MISSING,
    "route": "c.route",
    "held": "c.held",
    "actor_on_claimant_side": on_claimant_side(ACTOR),
    "actor_decided_before": did(("review",), ACTOR),
    "actor_decides": """EXISTS (SELECT 1 FROM review_step o WHERE o.claim_id = c.id AND o.round = c.round AND o.decides
        AND o.state = 'refused' AND o.done_by = %(account)s::uuid)""",
    "first_list": """NOT EXISTS (SELECT 1 FROM supplement s WHERE s.claim_id = c.id AND s.round = c.round AND s.source = 'union')""",
    "items_open": _items_open("union"),
    "deadline_passed": """EXISTS (SELECT 1 FROM supplement s WHERE s.claim_id = c.id AND s.source = 'union'
        AND s.state IN ('delivered', 'lapsed') AND s.deadline < %(today)s::date)""",
    "reminder_delivered": """EXISTS (SELECT 1 FROM supplement s JOIN notice n ON n.claim_id = s.claim_id
        AND n.cause = 'reminder:' || s.id AND n.state = 'delivered' WHERE s.claim_id = c.id
        AND s.state IN ('delivered', 'lapsed'))""",
    "outcome_not_pursued": "c.outcome IS NOT DISTINCT FROM 'not_pursued'",
    "within_limitation": """(SELECT k.diagnosed_on + interval '2 years' >= %(today)s::date FROM case_file k WHERE k.id = c.case_id)""",
    "worksheet_current": """coalesce((SELECT w.facts_digest = c.digest FROM worksheet w WHERE w.claim_id = c.id
        AND w.round = c.round ORDER BY w.seq DESC LIMIT 1), false)""",
    "worksheet_frozen": """EXISTS (SELECT 1 FROM worksheet w WHERE w.claim_id = c.id AND w.round = c.round AND w.frozen)""",
    "worksheet_fen": """coalesce((SELECT w.total_fen FROM worksheet w WHERE w.claim_id = c.id AND w.round = c.round
        ORDER BY w.seq DESC LIMIT 1), 0)""",
    "levels_without_person": f"""(SELECT count(*) FROM review_step t WHERE t.claim_id = c.id AND t.round = c.round
        AND t.state IN ('waiting', 'open') AND {eligible("t")} = 0)""",
    "chain_open": """(SELECT count(*) FILTER (WHERE t.state <> 'passed') + (count(*) = 0)::int FROM review_step t
        WHERE t.claim_id = c.id AND t.round = c.round)""",
    "certification_overdue": """EXISTS (SELECT 1 FROM sla_clock k JOIN review_step t ON t.id::text = k.subject
        WHERE k.claim_id = c.id AND k.round = c.round AND t.act = 'certify' AND k.state = 'running'
        AND k.due_on < %(today)s::date)""",
    "decided_amount_fen": _DECIDED_FEN,
    "clause_given": "EXISTS (SELECT 1 FROM decision d WHERE d.claim_id = c.id AND d.round = c.round AND d.clause <> '')",
    "liabilities_open": _LIABILITIES_OPEN,
    "credited_minus_decided_fen": f"""((SELECT coalesce(sum(p.amount_fen), 0) FROM payment p WHERE p.claim_id = c.id
        AND p.state = 'credited') - {ADVANCE_BACK} - (SELECT coalesce(sum(d.amount_fen), 0) FROM decision d WHERE d.claim_id = c.id)
        + (SELECT coalesce(sum(q.lapsed_fen), 0) FROM reopening q WHERE q.claim_id = c.id))""",
    "payments_in_flight": """(SELECT count(*) FROM payment p WHERE p.claim_id = c.id AND p.state IN ('released', 'sent'))""",
    "letters_undelivered": """(SELECT count(*) FROM notice n WHERE n.claim_id = c.id AND n.state IN ('drafted', 'issued', 'dispatched'))""",
    "objection_window_open": """EXISTS (SELECT 1 FROM sla_clock k WHERE k.claim_id = c.id AND k.kind = 'objection'
        AND k.state <> 'stopped' AND k.due_on >= %(today)s::date)""",
    "open_items": """((SELECT count(*) FROM supplement s WHERE s.claim_id = c.id AND s.round = c.round
        AND s.state IN ('drafted', 'delivered'))
        + (SELECT count(*) FROM handoff h WHERE h.claim_id = c.id AND h.state NOT IN ('settled', 'recalled'))
        + (SELECT count(*) FROM payment p WHERE p.claim_id = c.id AND p.state NOT IN ('credited', 'cancelled'))
        + (SELECT count(*) FROM objection b WHERE b.claim_id = c.id AND b.state IN ('lodged', 'accepted'))
        + (SELECT count(*) FROM disagreement d WHERE d.claim_id = c.id AND d.closed_at IS NULL)
        + (SELECT count(*) FROM receivable v WHERE v.claim_id = c.id AND v.state IN ('open', 'agreed')))""",
    "withdrawal_signed": """EXISTS (SELECT 1 FROM paper p WHERE p.claim_id = c.id AND p.kind = 'withdrawal' AND p.verdict <> 'rejected')""",
    "death_proved": """EXISTS (SELECT 1 FROM paper p WHERE p.claim_id = c.id AND p.kind = 'death_proof' AND p.verdict <> 'rejected')""",
    "undisputed_fen": f"""({ADVANCE_BACK} + coalesce((SELECT w.total_fen FROM worksheet w WHERE w.claim_id = c.id AND w.round = c.round
        ORDER BY w.seq DESC LIMIT 1), 0) - (SELECT coalesce(sum(p.amount_fen), 0) FROM payment p WHERE p.claim_id = c.id
        AND p.purpose = 'advance' AND p.state <> 'cancelled'))""",
}

REVIEW_STEP = {
    "route": "c.route",
    "previous_open": """(SELECT count(*) FROM review_step o WHERE o.claim_id = c.id AND o.round = r.round
        AND o.ordinal < r.ordinal AND o.state <> 'passed')""",
    "eligible_persons": eligible("r"),
    "actor_on_claimant_side": on_claimant_side(ACTOR),
    "actor_decided_before": f"(r.act = 'review' AND {did(('verify', 'review', 'make', 'check'), ACTOR, but='r.id')})",
    "quorum_met": "true",                             # every chain in the seeds asks for one person a level
    "change_seen": "r.seen_digest IS NOT DISTINCT FROM c.digest",
    "digest_changed": "r.seen_digest IS DISTINCT FROM c.digest",
    "row_decides": "r.decides",
    "round_over": "(c.state = 'cancelled' OR c.round > r.round)",
}

HANDOFF = {
    "intent_recorded": "(r.package_digest IS NOT NULL AND r.package_sha256 IS NOT NULL)",
    "digest_current": "r.facts_digest IS NOT DISTINCT FROM c.digest",
    "items_open": _items_open("insurer"),
    "liabilities_open": _LIABILITIES_OPEN,
    "decided_amount_fen": _DECIDED_FEN,
    "round_raised": "c.round > r.round",
}

NOTICE = {
    "context_complete": "r.context <> '{}'::jsonb",
    "number_drawn": "r.number IS NOT NULL",
    "bytes_frozen": "r.sha256 IS NOT NULL",
    "signed": "r.sha256 IS NOT NULL",                 # the office's mark; signatures come with sealed letters
    "channel_chosen": "r.channel IS NOT NULL",
    "proof_given": "r.proof IS NOT NULL",
}

SUPPLEMENT = {
    "proof_given": "r.delivered_at IS NOT NULL",
    "items_open": "(SELECT count(*) FROM jsonb_array_elements(r.items) i WHERE i->>'state' = 'open')",
    "deadline_passed": "coalesce(r.deadline < %(today)s::date, false)",
    "reminder_delivered": """EXISTS (SELECT 1 FROM notice n WHERE n.claim_id = c.id AND n.cause = 'reminder:' || r.id
        AND n.state = 'delivered')""",
}

# A member signed in signs by the act itself; a clerk brings the paper.
OBJECTION = {
    "late": "r.late",
    "actor_on_claimant_side": on_claimant_side(ACTOR),
    "actor_decided_before": f"""EXISTS (SELECT 1 FROM deciding_person d WHERE d.claim_id = c.id AND d.round = r.round
        AND d.act IN ('verify', 'review') AND d.person_id = ANY({ACTOR}))""",
    "withdrawal_signed": f"""(r.objector_id = ANY({ACTOR}) OR EXISTS (SELECT 1 FROM paper p WHERE p.claim_id = c.id
        AND p.kind = 'objection_withdrawal' AND p.verdict <> 'rejected' AND p.uploaded_at >= r.lodged_at))""",
}

SQL: dict[str, dict[str, str]] = {
    "claim": CLAIM, "review_step": REVIEW_STEP, "handoff": HANDOFF, "payment": PAYMENT, "payment_run": PAYMENT_RUN,
    "notice": NOTICE, "supplement": SUPPLEMENT, "objection": OBJECTION, "receivable": RECEIVABLE,
}
