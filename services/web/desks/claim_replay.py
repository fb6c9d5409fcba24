"""A claim's decisions made again from what was stored, side by side with what was decided: for the head and the auditor."""

from __future__ import annotations

from itertools import groupby

from fastapi import Response

from services.access.actor import Role
from services.reporting import reproducing
from services.web.door import Pages
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()
READERS = frozenset({Role.HEAD, Role.AUDITOR})
# The page's parts, what was decided first; the steps last, which are many.
PARTS = {"decision": N_("决定"), "benefit": N_("核算表"), "money": N_("决定与到账"), "clock": N_("时限"), "person": N_("回避"),
         "record": N_("记录链"), "move": N_("办理步骤")}


@pages.get("/claims/{claim_no}/replay", roles=READERS)
def replay(visit: Visit, claim_no: str) -> Response:
    """Each line as it was and as it comes out now; who looked is recorded."""
    claim_id = visit.note(lambda session: reproducing.looked(session, visit.actor, claim_no, now=visit.now))
    with visit.wiring.db.view(visit.wiring.root) as session:    # as `looked` says
        [found] = reproducing.replay(session, [claim_id])
    order = list(PARTS)
    lines = sorted(found.lines, key=lambda line: order.index(line.part))        # stable: in a part they keep their order
    parts = [(part, list(group)) for part, group in groupby(lines, key=lambda line: line.part)]
    return visit.page("claim_replay.html", claim_no=found.claim.claim_no, found=found, parts_of=parts, names=PARTS)
