"""What the guards of a run look at when it carries lines of a settlement: expressions as in `money_facts`.

A line stands where its run stands until the bank answers, so a run's facts are all there is to guard; `n` and `r` are the run.
"""

from __future__ import annotations

from services.lifecycle.persons import ACTOR, makers

# Count and sum stand in the digest, because limits and the fund's balance go by them.
DIGEST = """(SELECT encode(sha256(convert_to(concat_ws('/', n.settlement_id, n.count, n.total_fen, coalesce(string_agg(concat_ws(':',
    p.line, p.id, p.person_id, p.card_id, p.amount_fen, p.attempt), ',' ORDER BY p.line), '')), 'UTF8')), 'hex')
    FROM settlement_payment p WHERE p.run_id = n.id)"""
# What runs that are not sent are to take from the fund; a claims' run by its payments, a settlement's by its sealed sum.
GATHERED = """(SELECT coalesce(sum(m.total_fen), 0)::bigint FROM payment_run m WHERE m.settlement_id IS NOT NULL
    AND m.plan = {plan} AND m.state IN ('draft', 'submitted', 'released'))"""


def kin(persons: str) -> str:
    """Whom the persons (an array) may not pay: themselves and their family, also under records merged into theirs since."""
    return f"""(SELECT w.id FROM (SELECT unnest({persons}) UNION SELECT t.person_id FROM family_tie t WHERE t.relative_id = ANY({persons}))
        k(id) CROSS JOIN LATERAL (SELECT k.id UNION ALL SELECT m.id FROM person m WHERE m.merged_into = k.id) w)"""


def _own_line(persons: str) -> str:
    return f"""(r.settlement_id IS NOT NULL AND EXISTS (SELECT 1 FROM settlement_payment q WHERE q.run_id = r.id
        AND q.person_id IN {kin(persons)}))"""


def _lines(state: str) -> str:
    return f"(SELECT count(*) FROM settlement_payment p WHERE p.run_id = r.id AND p.state IN {state})"


BATCHED, UNANSWERED = _lines("('batched')"), _lines("('batched', 'sent')")
MAKERS_OWN, ACTORS_OWN = _own_line(makers("r")), _own_line(ACTOR)
