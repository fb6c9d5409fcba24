"""Papers seen in another case before: kept for both claims, and shown as far as the first claim may be seen.

Rows are written by the system over all offices. Whether the other claim still stands is asked when a match is read, where it may be
read at all; a match with a claim that was cancelled, withdrawn or refused, or with a paper that was sent back, is a weak one.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.core.ids import uuidv7
from services.enrolment.heirs import PROOFS
from services.evidence.matching import Seen
from services.evidence.papers import CHECKED_AGAIN
from services.evidence.recognition.lines import Box
from services.outbox import service as outbox
from services.outbox.service import Work
from statemachines.states import ClaimState

# Papers about a person, not about an event: who reports again rightly hands the same file in again.
_LASTING = sorted({"id_card", "bank_card", "policy_copy", "certificate", "consent", *PROOFS})
_MOST = 20                      # papers of other cases that one paper is matched with, the earliest first

_OTHER_CASE = "coalesce(k.joined_into, k.id) <> coalesce(l.joined_into, l.id)"
_BYTES = sa.text(f"""
    SELECT p.id AS paper, q.id AS other FROM paper p JOIN claim c ON c.id = p.claim_id JOIN case_file k ON k.id = c.case_id
    CROSS JOIN LATERAL (SELECT q.id, d.person_id FROM paper q JOIN claim d ON d.id = q.claim_id JOIN case_file l ON l.id = d.case_id
        WHERE q.sha256 = p.sha256 AND q.id <> p.id AND {_OTHER_CASE} ORDER BY q.id LIMIT {_MOST}) q
    WHERE p.claim_id = ANY(CAST(:claims AS uuid[])) AND (q.person_id <> c.person_id OR p.kind <> ALL(CAST(:lasting AS text[])))""")
_STALE = sa.text("""
    WITH gone AS (
        DELETE FROM paper_match m WHERE m.how = 'number' AND m.claim_id = ANY(CAST(:claims AS uuid[])) AND NOT EXISTS (
            SELECT FROM invoice a JOIN invoice b ON b.number = a.number AND b.sheet = a.sheet
            WHERE a.paper_id = m.paper_id AND a.page = m.page AND b.paper_id = m.other_paper_id AND b.page = m.other_page)
        RETURNING m.paper_id, m.page, m.other_paper_id, m.other_page)
    DELETE FROM paper_match m USING gone WHERE m.how = 'number' AND m.paper_id = gone.other_paper_id AND m.page = gone.other_page
        AND m.other_paper_id = gone.paper_id AND m.other_page = gone.page""")
_KEEP = sa.text("""
    INSERT INTO paper_match (id, org_key, claim_id, paper_id, page, other_claim_id, other_paper_id, other_page, how, detail, found_at)
    SELECT r.id, p.org_key, p.claim_id, p.id, r.page, q.claim_id, q.id, r.other_page, r.how,
           r.detail::jsonb || jsonb_build_object('first', (q.uploaded_at, q.id) < (p.uploaded_at, p.id)), :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:papers AS uuid[]), CAST(:pages AS int[]), CAST(:others AS uuid[]),
                CAST(:other_pages AS int[]), CAST(:hows AS text[]), CAST(:details AS text[]))
         AS r(id, paper, page, other, other_page, how, detail)
    JOIN paper p ON p.id = r.paper JOIN paper q ON q.id = r.other
    ON CONFLICT (paper_id, page, other_paper_id, other_page, how) DO UPDATE SET detail = EXCLUDED.detail
        WHERE paper_match.detail IS DISTINCT FROM EXCLUDED.detail
    RETURNING claim_id, org_key, xmax = 0 AS fresh""")
_OPEN = sa.text("""
    SELECT id, org_key FROM claim WHERE id = ANY(CAST(:claims AS uuid[])) AND state = ANY(CAST(:states AS text[])) ORDER BY id""")
_OF = sa.text("""
    SELECT m.claim_id, m.paper_id, m.page, m.how, m.detail, m.other_claim_id, m.other_paper_id, m.other_page,
        o.claim_no, o.org_key AS other_key, c.org_key, coalesce(u.name, '') AS unit,
        coalesce(o.state = 'cancelled' OR o.outcome IN ('withdrawn', 'not_pursued', 'nothing') OR q.verdict = 'rejected', false) AS weak
    FROM paper_match m JOIN claim c ON c.id = m.claim_id
    LEFT JOIN claim o ON o.id = m.other_claim_id LEFT JOIN paper q ON q.id = m.other_paper_id
    LEFT JOIN organisation u ON u.org_key = o.org_key
    WHERE m.claim_id = ANY(CAST(:claims AS uuid[])) ORDER BY m.claim_id, m.paper_id, m.page, m.other_paper_id, m.other_page, m.how""")
ELSEWHERE = "另一单位的案件，由上级办事处核对"


@dataclass(frozen=True, slots=True)
class Match:
    """A page that was seen in another case. `how`: bytes (the same file), number (the same invoice), picture (the same page).

    `other_claim_no` and `other_org_name` only where they may be told. `weak`: the other claim fell, or its paper was sent back,
    which is said under the same condition.
    `altered`: names of fields that differ (`picture`: something that nobody read), `boxes` where on this page. `first`: the
    other one came first.
    """

    paper_id: uuid.UUID
    page: int
    how: str
    other_claim_id: uuid.UUID
    other_claim_no: str | None
    other_org_name: str | None
    weak: bool
    boxes: tuple[Box, ...]
    altered: tuple[str, ...]
    first: bool
    other_paper_id: uuid.UUID
    other_page: int


def keep(session: Session, claim_ids: Sequence[uuid.UUID], seen: Sequence[Seen], *, now: datetime) -> None:
    """Record what was seen, for both claims; what a corrected number no longer bears out goes.

    Claims that are still being looked at, and learn only now that a paper of theirs came again, are checked again.
    """
    claims = list(claim_ids)
    session.execute(_STALE, {"claims": claims})
    rows = [row for one in seen for row in _both(one)]
    for paper, other in session.execute(_BYTES, {"claims": claims, "lasting": _LASTING}):
        rows += [(paper, 1, other, 1, "bytes", "{}"), (other, 1, paper, 1, "bytes", "{}")]
    unique = sorted({row[:5]: row for row in rows}.values())     # in one order, so that two runs that meet wait for one another
    papers, pages, others, other_pages, hows, details = ([row[at] for row in unique] for at in range(6))
    kept = session.execute(_KEEP, {"ids": [uuidv7() for _ in unique], "papers": papers, "pages": pages, "others": others,
                                   "other_pages": other_pages, "hows": hows, "details": details, "now": now}).all()
    told = {row.claim_id for row in kept if row.fresh} - set(claims)
    still = session.execute(_OPEN, {"claims": list(told), "states": [ClaimState.REPORTED, ClaimState.SUPPLEMENTING]})
    outbox.add(session, [Work(CHECKED_AGAIN, row.org_key, row.id, row.id) for row in still], now=now)


def _both(seen: Seen) -> list[tuple[uuid.UUID, int, uuid.UUID, int, str, str]]:
    one, other = seen.pair.page, seen.pair.other
    hows = [*(["number"] if seen.pair.number else []), *(["picture"] if seen.share is not None else [])]
    return [row for how in hows for row in (
        (one.paper_id, one.number, other.paper_id, other.number, how, _detail(seen, seen.boxes)),
        (other.paper_id, other.number, one.paper_id, one.number, how, _detail(seen, seen.other_boxes)))]


def _detail(seen: Seen, boxes: Sequence[Box]) -> str:
    return json.dumps({"altered": list(seen.altered), "boxes": [[box.left, box.top, box.right, box.bottom] for box in boxes],
                       **({} if seen.share is None else {"share": seen.share})})


def of(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Match]]:
    """Each claim's matches, for findings that are kept on the claim: the other claim is named only when the claim's own
    organisation may see it, whoever asks. One match for each page and other paper: the file itself, then what was altered, then the number.
    """
    return _matches(session, claim_ids, kept=True)


def shown(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Match]]:
    """The same for a page that a person looks at now: the other claim is named when it lies in the session's scope."""
    return _matches(session, claim_ids, kept=False)


def _matches(session: Session, claim_ids: Sequence[uuid.UUID], *, kept: bool) -> dict[uuid.UUID, list[Match]]:
    found: dict[uuid.UUID, dict[tuple[uuid.UUID, int, uuid.UUID], Match]] = {claim_id: {} for claim_id in claim_ids}
    for row in session.execute(_OF, {"claims": list(claim_ids)}):
        named = row.claim_no is not None and (not kept or row.other_key.startswith(row.org_key))
        match = Match(row.paper_id, row.page, row.how, row.other_claim_id, row.claim_no if named else None, row.unit if named else None,
                      named and row.weak, tuple(Box(*edges) for edges in row.detail.get("boxes", ())), tuple(row.detail.get("altered", ())),
                      bool(row.detail.get("first")), row.other_paper_id, row.other_page)
        of_claim, key = found[row.claim_id], (row.paper_id, row.page, row.other_paper_id)
        of_claim[key] = max(of_claim.get(key, match), match, key=_weight)
    return {claim_id: list(of_claim.values()) for claim_id, of_claim in found.items()}


def _weight(match: Match) -> int:
    return {"bytes": 4, "number": 2, "picture": 3 if match.altered else 1}[match.how]
