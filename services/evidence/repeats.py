"""Papers that were seen in another case, as findings. Words name the other claim only where the claim's own organisation may see it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlmodel import Session

from services.evidence import matches
from services.evidence.matches import ELSEWHERE, Match
from services.evidence.rules import NOTE, SERIOUS, Finding

_SAID = {"paper_repeated": "与另一案件中的文件完全相同", "invoice_repeated": "的票据号码在另一案件中用过",
         "picture_repeated": "与另一案件中的影像几乎相同", "picture_altered": "与另一案件中的影像几乎相同而内容有改动"}

CODES = frozenset(_SAID)


def findings(session: Session, claim_ids: Sequence[uuid.UUID],
             names: Mapping[uuid.UUID, str]) -> dict[uuid.UUID, list[Finding]]:
    """Each claim's papers that were seen in another case. `names`: of the papers, in words."""
    found = matches.of(session, claim_ids)
    return {claim_id: [finding(match, names[match.paper_id]) for match in found[claim_id] if match.paper_id in names]
            for claim_id in found}


def finding(match: Match, name: str) -> Finding:
    """One match. It is a note where the other claim fell, and for the claim that came first: its paper was used again later.

    The key holds which page of which other paper it is, so that an answer stays from run to run; what was said of a claim that had
    fallen is no answer once that claim stands again.
    """
    code = "paper_repeated" if match.how == "bytes" else "picture_altered" if match.altered else {
        "number": "invoice_repeated", "picture": "picture_repeated"}[match.how]
    where = f"案件 {match.other_claim_no}（{match.other_org_name}）" if match.other_claim_no else ELSEWHERE
    course = "该案已撤回、作废、不予给付或材料已退回；" if match.weak else "" if match.first else "另一案件在后；"
    return Finding(code, f"“{name}”第{match.page}页{_SAID[code]}，请核对：{course}{where}",
                   (str(match.other_paper_id), str(match.other_page), *match.altered, *(["weak"] if match.weak else [])),
                   NOTE if match.weak or not match.first else SERIOUS, match.paper_id, match.page, match.boxes[0] if match.boxes else None)
