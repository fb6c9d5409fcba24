"""What the guards of money look at: payments, the runs that carry them, what is asked back. Expressions as in `facts`."""

from __future__ import annotations

from services.lifecycle import settled_facts as settled
from services.lifecycle.contradicted import credit_reported
from services.lifecycle.persons import ACTOR, JUDGED, did, makers, on_claimant_side, second, weighed

# The plan's fund by the ledger: the opening and what really came in, less what was credited, is in transit, or is in a run.
FUND_BALANCE = f"""(SELECT f.opening_fen + (SELECT coalesce(sum(e.amount_fen), 0)::bigint FROM ledger_entry e JOIN ledger_transaction t
    ON t.id = e.transaction_id AND t.plan = n.plan AND t.kind <> 'opening' WHERE e.account IN ('cash', 'in_transit'))
    - (SELECT coalesce(sum(p.amount_fen), 0)::bigint FROM payment p JOIN payment_run m ON m.id = p.run_id AND m.plan = n.plan
       WHERE p.state IN ('batched', 'released')) - {settled.GATHERED.format(plan="n.plan")} FROM fund f WHERE f.plan = n.plan)"""
_DIGEST = """(SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws(':', p.id, p.payee_id, p.bank_card_id,
    p.amount_fen, p.attempt), ',' ORDER BY p.id), ''), 'UTF8')), 'hex') FROM payment p WHERE p.run_id = n.id)"""
RUN_DIGEST = f"(CASE WHEN n.settlement_id IS NULL THEN {_DIGEST} ELSE {settled.DIGEST} END)"
# Nobody makes one payment of the round and checks another, say the other heir's: no swapping of places.
# A payment in no run is not asked for it: `but` no run would be true of nothing.
ACTOR_DECIDED = f"({weighed(ACTOR)} OR (r.run_id IS NOT NULL AND {did(('make',), ACTOR, but='r.run_id')}))"
# A payment's run, joined where a fact names it. `near`: its makers or the actor did something in the claim's round or are of its
# side. Most runs are near none of them: one look for all (what a release costs most), and only then what each of them did.
_ACTS = ("verify", "review", "advance", *JUDGED, "make", "check")
RUN = f"""LEFT JOIN LATERAL (SELECT z.state, z.makers, {did(_ACTS, "z.persons", but="z.id")} OR {on_claimant_side("z.persons")} AS near
    FROM (SELECT m.id, m.state, m.makers, m.makers || {ACTOR} AS persons
    FROM (SELECT n.id, n.state, {makers("n")} AS makers FROM payment_run n WHERE n.id = r.run_id OFFSET 0) m OFFSET 0) z OFFSET 0)
    run ON true"""

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

# Nobody is owed the payment any more. An advance is not its round's; it falls away with the claim, unless a decision took it in,
# and under a decision that gives less than was to be paid ahead.
REPLACED = """(NOT (SELECT y.active FROM payee y WHERE y.id = r.payee_id) OR (r.purpose = 'advance' AND (
    c.state = 'cancelled' OR (c.state = 'closed' AND c.outcome IS NOT DISTINCT FROM 'not_pursued' AND NOT EXISTS (
        SELECT 1 FROM decision d WHERE d.claim_id = c.id AND d.amount_fen > 0))
    OR EXISTS (SELECT 1 FROM decision d WHERE d.claim_id = c.id AND d.round = r.round AND d.amount_fen < (SELECT sum(a.amount_fen)
        FROM payment a WHERE a.claim_id = c.id AND a.purpose = 'advance' AND a.state <> 'cancelled')))))"""

# What an earlier sending of it, or a payment that it replaces, was to bring arrived as well, says the bank: the receiver's own, or
# that of a former receiver; another heir's is no reason to keep hers back.
_CREDIT_REPORTED = f"""EXISTS (SELECT 1 FROM payment o JOIN payee f ON f.id = o.payee_id WHERE o.claim_id = r.claim_id
    AND ((o.id = r.id AND r.attempt > 1) OR (o.state = 'cancelled' AND (f.id = r.payee_id OR NOT f.active)))
    AND {credit_reported('o.id')})"""

PAYMENT = {
    "channel": "r.channel",
    "payees_ready": f"""(NOT {_SUCCESSION_OPEN} AND coalesce((SELECT bool_and(y.bank_card_id IS NOT NULL)
        AND abs(sum(y.share_num::numeric / y.share_den) - 1) < 0.000001
        AND NOT bool_or(q.died_on IS NOT NULL)        -- noted on any claim of the person: each needs its heirs
        FROM payee y JOIN person q ON q.id = y.person_id WHERE y.claim_id = c.id AND y.active), false))""",
    "held": "c.held",
    "bank_allowed": """(c.banks = '[]'::jsonb OR EXISTS (SELECT 1 FROM bank_card b WHERE b.id = r.bank_card_id AND c.banks ? b.bank))""",
    "actor_is_maker": f"run.makers && {ACTOR}",
    "maker_decided_before": f"(coalesce(run.near, true) AND ({weighed('run.makers')} OR {did(('check',), 'run.makers', but='r.run_id')}))",
    "actor_decided_before": f"(coalesce(run.near, true) AND {ACTOR_DECIDED})",
    # The run is released first, in the same transaction, and its guards looked at fund and digest once for all.
    "fund_after_fen": "CASE WHEN run.state = 'released' THEN 0 ELSE -1 END",
    "run_unchanged": "coalesce(run.state = 'released', false)",
    "file_accepted": "(SELECT n.file_sha256 IS NOT NULL FROM payment_run n WHERE n.id = r.run_id)",
    "credit_difference_fen": """(coalesce((SELECT l.amount_fen FROM bank_line l WHERE l.payment_id = r.id
        AND l.kind = 'credit' AND l.attempt = r.attempt AND l.fault IS NULL), 0) - r.amount_fen)""",
    "payee_matches": """EXISTS (SELECT 1 FROM bank_line l WHERE l.payment_id = r.id AND l.kind = 'credit'
        AND l.attempt = r.attempt AND l.fault IS NULL)""",
    "return_matched": """EXISTS (SELECT 1 FROM bank_line l WHERE l.payment_id = r.id AND l.kind = 'return'
        AND l.attempt = r.attempt AND l.fault IS NULL)""",
    "new_account_given": "(r.proposed_card_id IS NOT NULL AND r.proposed_card_id IS DISTINCT FROM r.bank_card_id)",
    "two_persons": second("r.corrected_person"),
    "credit_reported": _CREDIT_REPORTED,
    "superseded": f"({REPLACED} OR (r.purpose <> 'advance' AND c.round > r.round))",
}


def _weighed_in_run(persons: str) -> str:
    return f"""EXISTS (SELECT 1 FROM payment q JOIN claim c ON c.id = q.claim_id WHERE q.run_id = r.id AND q.state <> 'batched'
        AND {weighed(persons)})"""


PAYMENT_RUN = {
    "payments": f"((SELECT count(*) FROM payment p WHERE p.run_id = r.id AND p.state = 'batched') + {settled.BATCHED})",
    "actor_is_maker": f"{makers('r')} && {ACTOR}",
    # The release asks this of each batched payment, under its claim's lock, in the same transaction (runs.py).
    "maker_decided_before": f"({_weighed_in_run(makers('r'))} OR {settled.MAKERS_OWN})",
    "actor_decided_before": f"({_weighed_in_run(ACTOR)} OR {settled.ACTORS_OWN})",
    "fund_after_fen": f"(SELECT {FUND_BALANCE} FROM payment_run n WHERE n.id = r.id)",
    "run_unchanged": f"(SELECT n.digest = {RUN_DIGEST} FROM payment_run n WHERE n.id = r.id)",
    "file_accepted": "r.file_sha256 IS NOT NULL",
    "payments_unanswered": f"""((SELECT count(*) FROM payment p WHERE p.run_id = r.id AND p.state IN ('batched', 'released', 'sent'))
        + {settled.UNANSWERED})""",
}

RECEIVABLE = {
    "agreement_given": "r.agreement IS NOT NULL",
    "outstanding_fen": "(r.amount_fen - r.received_fen)",
    "two_persons": second("r.write_off_person"),
}
