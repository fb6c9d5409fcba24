"""Papers that lie in another claim too, as findings. Their words name no other claim: who reads them may not see that one."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlmodel import Session

from services.evidence.rules import SERIOUS, Finding

_SAME = sa.text("""
    SELECT DISTINCT p.claim_id, p.id AS paper_id, p.sha256 FROM paper p JOIN claim c ON c.id = p.claim_id
    JOIN paper o ON o.sha256 = p.sha256 AND o.claim_id <> p.claim_id
    JOIN claim d ON d.id = o.claim_id AND d.person_id <> c.person_id WHERE p.claim_id = ANY(CAST(:ids AS uuid[])) ORDER BY 2""")


def findings(session: Session, claim_ids: Sequence[uuid.UUID],
             names: Mapping[uuid.UUID, str]) -> dict[uuid.UUID, list[Finding]]:
    """Each claim's papers that were seen in another's. `names`: of the papers, in words."""
    found: dict[uuid.UUID, list[Finding]] = defaultdict(list)
    for row in session.execute(_SAME, {"ids": list(claim_ids)}):
        found[row.claim_id].append(Finding("paper_repeated", f"“{names[row.paper_id]}”与他人案件中的文件完全相同，请核对",
                                           (row.sha256,), SERIOUS, row.paper_id))
    return found
