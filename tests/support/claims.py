"""Walks the first stages with public verbs: a report, papers uploaded and judged, verified."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from PIL import Image
from sqlmodel import Session

from services.evidence import service as evidence
from services.intake import queries as intake_queries
from services.intake import service as intake
from services.models import Case, Claim
from tests.support.world import Member, World

NX_EVENT: dict[str, object] = {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-03-10",
                               "diagnosed_on": "2026-03-16"}                                    # S01
XJ_EVENT: dict[str, object] = {"kind": "diagnosis", "icd10": "C53.900", "behaviour": "3", "severity": "malignant",
                               "specimen_on": "2026-03-10", "diagnosed_on": "2026-03-16"}


def picture(serial: int = 0) -> bytes:
    """A PNG as small as a paper may be, another one for each serial."""
    buffer = io.BytesIO()
    Image.new("RGB", (420, 420), (serial % 256, serial // 256 % 256, serial // 65536 % 256)).save(buffer, "PNG")
    return buffer.getvalue()


def report(session: Session, world: World, member: Member, event: Mapping[str, object], now: datetime, *,
           by: str = "", late_reason: str | None = None) -> tuple[Case, list[Claim]]:
    """A member's own report (or another login's, `by`)."""
    actor = world.actor(by) if by else member.actor
    case = intake.report(session, person_id=member.person_id, event=event, hospital="示例市第一医院",
                         channel="clerk" if by else "member", late_reason=late_reason, actor=actor, now=now)
    return case, intake_queries.claims_of(session, case.id)


def papers(session: Session, world: World, claim: Claim, now: datetime, *, clerk: str, kinds: Sequence[str] | None = None,
           serial: int = 0) -> list[uuid.UUID]:
    """Upload and accept the required papers (or `kinds`)."""
    made = []
    for place, kind in enumerate(claim.required if kinds is None else kinds):
        paper = evidence.upload(session, claim_id=claim.id, kind=kind, file_name=f"{kind}.png",
                                content=picture(serial + place + claim.id.int % (1 << 24)), actor=world.actor(clerk), now=now)
        evidence.judge(session, paper_id=paper.id, accept=True, actor=world.actor(clerk), now=now)
        made.append(paper.id)
    return made


def verified(session: Session, world: World, member: Member, event: Mapping[str, object], now: datetime, *,
             clerk: str) -> Claim:
    """A claim in `verified`: reported by the member, papers accepted and verified by the clerk, consent given."""
    case, claims = report(session, world, member, event, now)
    intake.record_consent(session, case_id=case.id, purpose="insurer", actor=member.actor, now=now)
    papers(session, world, claims[0], now, clerk=clerk)
    evidence.verify(session, claim_id=claims[0].id, actor=world.actor(clerk), now=now)
    session.refresh(claims[0])
    return claims[0]
