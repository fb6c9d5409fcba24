"""What the guards look at, each fact one SQL expression over the locked row.

`c` is the claim, `r` the machine's own row (for the claim machine both are the same). `%(persons)s` are all whom the
actor counts as (a substitute: the own person and those stood in for), `%(account)s` is the actor's, `%(today)s` is the
business day. A guard's `needs` choose which of these are loaded.

Persons are compared here and nowhere else: `deciding_person` (a view) says who decided on a claim's round, and every check
of separation, also of other stages, is made of the expressions below."""

from __future__ import annotations

# Facts about the call itself, which the calling stage states; everything else comes from the tables below.
CALL = frozenset({
    "reason_given", "two_persons", "reopen_ground", "advance_fen", "signature_valid", "recall_confirmed", "fault_given",
    "report_no_given", "case_no_given", "question_items", "items_without_reason", "answered_now", "amount_or_refusal",
    "bank_proof_given", "bytes_unchanged", "successor_issued", "actor_senior", "actor_is_head",
})

_SIDE = """(SELECT c.person_id UNION SELECT y.person_id FROM payee y WHERE y.claim_id = c.id AND y.active)"""
ACTOR = "%(persons)s::uuid[]"
_TODAY = "%(today)s::date"
# Who amends what the decision rests on by judgement: an amount no rate is published for, a grade of the illness.
_JUDGED = ("amount", "regrade")


def bound(expression: str) -> str:
    """An expression for `sa.text`, with `:persons` and `:today` as its parameters."""
    return expression.replace(ACTOR, "CAST(:persons AS uuid[])").replace(_TODAY, "CAST(:today AS date)")


def on_claimant_side(persons: str) -> str:
    """One of the persons (an array) is claimant, payee or of their family."""
    return f"""EXISTS (SELECT 1 FROM {_SIDE} AS side(person_id) WHERE side.person_id = ANY({persons}) OR EXISTS (
        SELECT 1 FROM family_tie t WHERE t.person_id = side.person_id AND t.relative_id = ANY({persons})))"""


def _did(acts: tuple[str, ...], persons: str, but: str = "") -> str:
    """One of the persons did one of these acts on the claim's round, himself or through a substitute; `but` one row."""
    listed = ", ".join(f"'{act}'" for act in acts)
    other = f" AND d.subject_id <> {but}" if but else ""
    return f"""EXISTS (SELECT 1 FROM deciding_person d WHERE d.claim_id = c.id AND d.round = c.round AND d.act IN ({listed})
        AND d.person_id = ANY({persons}){other})"""


def _weighed(persons: str) -> str:
    """They decided, amended by judgement, or are on the claimant's side (also an heir or guardian): such ones do not pay it out."""
    return f"({_did(('verify', 'review', 'advance', *_JUDGED), persons)} OR {on_claimant_side(persons)})"


def barred(step: str, persons: str) -> str:
    """Separation keeps the persons from acting on the level: claimant's side, another deciding act of the round, or, at the
    level that decides, an amount or grade of their own.
    """
    return f"""({on_claimant_side(persons)} OR ({step}.act = 'review' AND ({_did(("verify", "review"), persons, but=f"{step}.id")}
        OR ({step}.decides AND {_did(_JUDGED, persons)}))))"""


# The absent colleagues of account `a` today, from its own organisation.
_AWAY = f"""substitute u JOIN account b ON b.id = u.absent_id WHERE u.account_id = a.id AND u.ended_at IS NULL
    AND {_TODAY} BETWEEN u.from_on AND u.until_on"""
_COUNTS_AS = f"(ARRAY(SELECT b.person_id FROM {_AWAY} AND b.person_id IS NOT NULL) || a.person_id)"


def able(step: str) -> str:
    """Account `a` may act on the level: in use, its role held or lent, and separation permits (claim `c`)."""
    return f"""(a.active AND a.person_id IS NOT NULL AND (
        EXISTS (SELECT 1 FROM role_grant g WHERE g.account_id = a.id AND g.role = {step}.role)
        OR EXISTS (SELECT 1 FROM {_AWAY} AND b.active AND b.org_key = a.org_key AND {step}.role = ANY(string_to_array(u.roles, ' '))
            AND EXISTS (SELECT 1 FROM role_grant g WHERE g.account_id = b.id AND g.role = {step}.role)))
        AND NOT {barred(step, _COUNTS_AS)})"""


def candidates(step: str) -> str:
    """FROM and WHERE of the accounts `a` at the level's duty organisation that may act on it."""
    return f"FROM account a WHERE a.org_key = {step}.duty_key AND {able(step)}"


def eligible(step: str, but: str = "") -> str:
    """How many may act on the level; `but`: not counting whoever counts as one of these persons (an array)."""
    others = f" AND NOT ({_COUNTS_AS} && {but})" if but else ""
    return f"(SELECT count(*) {candidates(step)}{others})"


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
# The plan's fund by the ledger: the opening and what really came in, less what was credited, is in transit, or is in a run.
FUND_BALANCE = """(SELECT f.opening_fen + (SELECT coalesce(sum(e.amount_fen), 0)::bigint FROM ledger_entry e JOIN ledger_transaction t
    ON t.id = e.transaction_id AND t.plan = n.plan AND t.kind <> 'opening' WHERE e.account IN ('cash', 'in_transit'))
    - (SELECT coalesce(sum(p.amount_fen), 0)::bigint FROM payment p JOIN payment_run m ON m.id = p.run_id AND m.plan = n.plan
       WHERE p.state IN ('batched', 'released')) FROM fund f WHERE f.plan = n.plan)"""
RUN_DIGEST = """(SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws(':', p.id, p.payee_id, p.bank_card_id,
    p.amount_fen, p.attempt), ',' ORDER BY p.id), ''), 'UTF8')), 'hex') FROM payment p WHERE p.run_id = n.id)"""


def _of_run(expression: str) -> str:
    return f"(SELECT {expression} FROM payment_run n WHERE n.id = r.run_id)"


def _makers(run: str) -> str:
    """The run's maker and whom that one stood in for when making it."""
    return f"""(ARRAY(SELECT t.for_person FROM stood_in t WHERE t.subject_id = {run}.id AND t.by_person = {run}.made_person)
        || {run}.made_person)"""


def _second(first: str) -> str:
    """The actor is somebody, and neither the one who asked nor whom that one stood in for when asking."""
    return f"""({first} IS NOT NULL AND {ACTOR} <> '{{}}' AND {first} <> ALL({ACTOR}) AND NOT EXISTS (SELECT 1 FROM stood_in t
        WHERE t.subject_id = r.id AND t.by_person = {first} AND t.for_person = ANY({ACTOR})))"""


CLAIM = {
    "papers_open": """(SELECT count(*) FROM jsonb_array_elements_text(c.required) k WHERE NOT EXISTS (SELECT 1 FROM paper p
        WHERE p.claim_id = c.id AND p.kind = k AND p.verdict = 'accepted'))""",
    "identity_matched": "c.identity_matched",
    "consent_missing": _CONSENT_MISSING,
    "route": "c.route",
    "held": "c.held",
    "actor_on_claimant_side": on_claimant_side(ACTOR),
    "actor_decided_before": _did(("review",), ACTOR),
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
    "actor_decided_before": f"(r.act = 'review' AND {_did(('verify', 'review', 'make', 'check'), ACTOR, but='r.id')})",
    "quorum_met": "true",                             # every chain in the seeds asks for one person a level
    "change_seen": "r.seen_digest IS NOT DISTINCT FROM c.digest",
    "digest_changed": "r.seen_digest IS DISTINCT FROM c.digest",
    "row_decides": "r.decides",
    "round_over": "(c.state = 'cancelled' OR c.round > r.round)",
}

HANDOFF = {
    "intent_recorded": "(r.package_digest IS NOT NULL AND r.package_sha256 IS NOT NULL)",
    "digest_current": "r.facts_digest IS NOT DISTINCT FROM c.digest",
    "consent_missing": _CONSENT_MISSING,
    "items_open": _items_open("insurer"),
    "liabilities_open": _LIABILITIES_OPEN,
    "decided_amount_fen": _DECIDED_FEN,
    "round_raised": "c.round > r.round",
}

# An heir's money waits for every paper her place rests on (`papers_asked` in services/enrolment/heirs.py), accepted by
# somebody; a minor's guardian receives until the minor is grown up, so that one's account is then the wrong one.
_SUCCESSION_OPEN = """EXISTS (SELECT 1 FROM payee h JOIN person q ON q.id = h.person_id WHERE h.claim_id = c.id AND h.active
    AND h.relation <> 'self' AND (EXISTS (SELECT 1 FROM (VALUES ('death_proof', true), ('household_cancellation', true),
        ('heir_proof', true), ('designation', coalesce(h.basis = 'named', false)), ('guardianship', h.guardian_id IS NOT NULL),
        ('renunciation', (SELECT a.record->'details'->>'left_out' IS NOT NULL FROM audit_record a WHERE a.chain_id = c.id
            AND a.machine = 'claim' AND a.event = 'note_death' ORDER BY a.seq DESC LIMIT 1))) AS need(kind, asked)
        WHERE need.asked AND NOT EXISTS (SELECT 1 FROM paper p WHERE p.claim_id = c.id AND p.kind = need.kind
            AND p.verdict = 'accepted'))
    OR (h.guardian_id IS NOT NULL AND extract(year FROM age(%(today)s::date, q.born)) >= 18
        AND extract(year FROM age((h.added_at AT TIME ZONE 'Asia/Shanghai')::date, q.born)) < 18)))"""

PAYMENT = {
    "channel": "r.channel",
    "payees_ready": f"""(NOT {_SUCCESSION_OPEN} AND coalesce((SELECT bool_and(y.bank_card_id IS NOT NULL)
        AND abs(sum(y.share_num::numeric / y.share_den) - 1) < 0.000001
        AND NOT bool_or(q.died_on IS NOT NULL)        -- noted on any claim of the person: each needs its heirs
        FROM payee y JOIN person q ON q.id = y.person_id WHERE y.claim_id = c.id AND y.active), false))""",
    "held": "c.held",
    "bank_allowed": """(c.banks = '[]'::jsonb OR EXISTS (SELECT 1 FROM bank_card b WHERE b.id = r.bank_card_id AND c.banks ? b.bank))""",
    "actor_is_maker": _of_run(f"{_makers('n')} && {ACTOR}"),
    # Nobody makes one payment of the round and checks another, say the other heir's: no swapping of places.
    "maker_decided_before": _of_run(f"({_weighed(_makers('n'))} OR {_did(('check',), _makers('n'), but='n.id')})"),
    "actor_decided_before": f"({_weighed(ACTOR)} OR {_did(('make',), ACTOR, but='r.run_id')})",
    # The run is released first, in the same transaction, and its guards looked at fund and digest once for all.
    "fund_after_fen": _of_run("CASE WHEN n.state = 'released' THEN 0 ELSE -1 END"),
    "run_unchanged": _of_run("n.state = 'released'"),
    "file_accepted": _of_run("n.file_sha256 IS NOT NULL"),
    "credit_difference_fen": """(coalesce((SELECT l.amount_fen FROM bank_line l WHERE l.payment_id = r.id
        AND l.kind = 'credit' AND l.attempt = r.attempt AND l.fault IS NULL), 0) - r.amount_fen)""",
    "payee_matches": """EXISTS (SELECT 1 FROM bank_line l WHERE l.payment_id = r.id AND l.kind = 'credit'
        AND l.attempt = r.attempt AND l.fault IS NULL)""",
    "return_matched": """EXISTS (SELECT 1 FROM bank_line l WHERE l.payment_id = r.id AND l.kind = 'return'
        AND l.attempt = r.attempt AND l.fault IS NULL)""",
    "new_account_given": "(r.proposed_card_id IS NOT NULL AND r.proposed_card_id IS DISTINCT FROM r.bank_card_id)",
    "two_persons": _second("r.corrected_person"),
    # An advance is not its round's; it falls away with the claim, and under a decision that gives less than was to be paid ahead.
    "superseded": """(NOT (SELECT y.active FROM payee y WHERE y.id = r.payee_id) OR CASE r.purpose WHEN 'advance' THEN
        c.state = 'cancelled' OR (c.state = 'closed' AND c.outcome IS NOT DISTINCT FROM 'not_pursued') OR EXISTS (
        SELECT 1 FROM decision d WHERE d.claim_id = c.id AND d.round = r.round AND d.amount_fen < (SELECT sum(a.amount_fen)
        FROM payment a WHERE a.claim_id = c.id AND a.purpose = 'advance' AND a.state <> 'cancelled')) ELSE c.round > r.round END)""",
}


def _any_claim(expression: str) -> str:
    return f"""EXISTS (SELECT 1 FROM payment q JOIN claim c ON c.id = q.claim_id WHERE q.run_id = r.id AND {expression})"""


PAYMENT_RUN = {
    "payments": "(SELECT count(*) FROM payment p WHERE p.run_id = r.id AND p.state = 'batched')",
    "actor_is_maker": f"{_makers('r')} && {ACTOR}",
    "maker_decided_before": _any_claim(_weighed(_makers("r"))),
    "actor_decided_before": _any_claim(_weighed(ACTOR)),
    "fund_after_fen": f"(SELECT {FUND_BALANCE} FROM payment_run n WHERE n.id = r.id)",
    "run_unchanged": f"(SELECT n.digest = {RUN_DIGEST} FROM payment_run n WHERE n.id = r.id)",
    "file_accepted": "r.file_sha256 IS NOT NULL",
    "payments_unanswered": "(SELECT count(*) FROM payment p WHERE p.run_id = r.id AND p.state IN ('batched', 'released', 'sent'))",
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

RECEIVABLE = {
    "agreement_given": "r.agreement IS NOT NULL",
    "outstanding_fen": "(r.amount_fen - r.received_fen)",
    "two_persons": _second("r.write_off_person"),
}

SQL: dict[str, dict[str, str]] = {
    "claim": CLAIM, "review_step": REVIEW_STEP, "handoff": HANDOFF, "payment": PAYMENT, "payment_run": PAYMENT_RUN,
    "notice": NOTICE, "supplement": SUPPLEMENT, "objection": OBJECTION, "receivable": RECEIVABLE,
}
