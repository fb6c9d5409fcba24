"""The plain lists of a person's copy, one statement each; `:person` is the person, whose merged records count too.

Row security keeps the rows of other organisations out of a narrower scope; accounts have none, so the scope is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.benefit.settled import lying

OWN = "SELECT p.id FROM person p WHERE p.id = :person OR p.merged_into = :person"
_IN_SCOPE = "a.org_key >= current_setting('app.org_path') || '.' AND a.org_key < current_setting('app.org_path') || '/'"
LISTS: Mapping[str, str] = {
    "covers": f"""SELECT v.certificate_no, v.plan, v.plan_from, v.effective, v.until, v.ended_on, v.shares, v.relation,
        o.name AS unit FROM cover v LEFT JOIN organisation o ON o.org_key = v.org_key
        WHERE v.person_id IN ({OWN}) ORDER BY v.effective, v.certificate_no""",
    "categories": f"""SELECT k.category, k.from_on, k.until_on, k.withdrawn_at FROM person_category k WHERE k.person_id IN ({OWN})
        ORDER BY k.from_on, k.id""",
    "relatives": f"""SELECT t.relation, r.name FROM family_tie t JOIN person r ON r.id = t.relative_id WHERE t.person_id IN ({OWN})
        ORDER BY r.name, t.relation""",
    "proxies": f"""SELECT r.name AS proxy, x.from_on, x.until_on, x.reason, x.ended_at FROM proxy x JOIN person r ON r.id = x.proxy_id
        WHERE x.person_id IN ({OWN}) ORDER BY x.from_on, x.id""",
    "accounts": f"""SELECT a.login, a.kind, o.name AS organisation, a.active, a.created_at,
        ARRAY(SELECT g.role FROM role_grant g WHERE g.account_id = a.id ORDER BY g.role) AS roles
        FROM account a JOIN organisation o ON o.id = a.org_id WHERE a.person_id IN ({OWN}) AND {_IN_SCOPE} ORDER BY a.login""",
    "sessions": f"""SELECT s.created_at, s.seen_at, s.ended_at, s.agent, s.address FROM web_session s JOIN account a ON a.id = s.account_id
        WHERE a.person_id IN ({OWN}) AND {_IN_SCOPE} ORDER BY s.created_at DESC, s.id""",
    "requests": f"""SELECT q.request_no, q.kind, q.field, q.state, q.asked_at, q.due_on, q.answer, q.answer_words,
        q.answered_at, q.kept_until FROM privacy_request q WHERE q.person_id IN ({OWN}) ORDER BY q.asked_at, q.id""",
    "settled": f"""SELECT s.plan, s.year AS of_year, s.quarter, l.year, l.due_fen, l.outcome, l.why_unpaid, y.amount_fen, y.state,
        y.credited_at FROM settlement s CROSS JOIN LATERAL {lying("CAST(:person AS uuid)")} w
        JOIN settlement_line l ON l.settlement_id = s.id AND l.part = w.part AND l.person_id = w.id
        LEFT JOIN settlement_payment y ON y.settlement_id = s.id AND y.part = w.part AND y.person_id = w.id
        WHERE s.state = 'settled' ORDER BY s.year, s.quarter, l.year""",
}
