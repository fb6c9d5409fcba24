"""Joining a second report to the case of its event: note, papers and new claims go over, doubled claims are cancelled."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access import standing
from services.access.actor import Actor
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.errors import Conflict, InputError, NotFound
from services.intake import consents, rules
from services.intake.addressees import earlier
from services.intake.cancelling import CANCELLED_FROM, MAY_ASK, MAY_CONFIRM, cancel, require_free
from services.intake.duplicates import verdict_between
from services.intake.queries import claims_by_case
from services.intake.rules import Told
from services.lifecycle.apart import require_apart
from services.models import Case, Claim, DuplicateVerdict, ReportNote
from services.outbox import service as outbox
from services.outbox.service import Work
from statemachines.states import ClaimState


@dataclass(frozen=True, slots=True)
class _Pair:
    """The later report, the case that stays, claims of the first that are doubled (with their twin) and that are not."""

    case: Case
    into: Case
    doubled: list[tuple[Claim, Claim]]
    moving: list[Claim]

    @property
    def claims(self) -> list[Claim]:
        return [*(one for one, _ in self.doubled), *self.moving]


def join(session: Session, *, case_id: uuid.UUID, into_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> DuplicateVerdict:
    """Put a report to the case of its event. Where a claim would fall away a second person confirms (`confirm_join`);
    where none does, it is done at once.
    """
    actor.require(*MAY_ASK, what="并入报案")
    pair = _pair(session, case_id, into_id, reason, actor)
    known = verdict_between(session, case_id, into_id)
    if known and known.verdict == "join":
        raise Conflict("join_asked", "已有人提出并入，等待另一人确认", remedy="由办事处另一人确认")
    if known:
        known.withdrawn_at = now
        session.add(known)
        session.flush()
    asked = _verdict(session, pair.case, pair.into, "join", reason, actor, now)
    if not pair.doubled:
        _done(session, pair, asked, actor, now)
    else:
        _record(session, pair.claims, pair.case, "ask_join", asked.reason, {"into": pair.into.case_no}, actor, now)
        standing.note(session, "case", "ask_join", [(asked.org_key, pair.case.id, asked.id)], actor=actor, now=now)
    return asked


def confirm_join(session: Session, *, case_id: uuid.UUID, actor: Actor, now: datetime) -> DuplicateVerdict:
    """Another person of the office agrees: doubled claims are cancelled, their papers go to the claims that stay."""
    actor.require(*MAY_CONFIRM, what="确认并入报案")
    asked = session.exec(select(DuplicateVerdict).where(
        DuplicateVerdict.case_id == case_id, DuplicateVerdict.verdict == "join", col(DuplicateVerdict.confirmed_at).is_(None),
        col(DuplicateVerdict.withdrawn_at).is_(None))).first()
    if asked is None:
        raise NotFound("join_not_asked", "没有待确认的并入", remedy="先由另一人提出")
    standing.require_second(session, asked.id, asked.asked_person, actor=actor)
    pair = _pair(session, asked.case_id, asked.other_id, asked.reason, actor)
    # Whoever held the cases may have kept them apart meanwhile.
    session.refresh(asked, with_for_update=True)
    if asked.withdrawn_at or asked.confirmed_at:
        raise Conflict("join_withdrawn", "这一并入已撤回或已办理", remedy="刷新后核对")
    _done(session, pair, asked, actor, now)
    return asked


def keep_apart(session: Session, *, case_id: uuid.UUID, other_id: uuid.UUID, reason: str, actor: Actor,
               now: datetime) -> DuplicateVerdict:
    """Two events after all, with the reason; the offer does not come again. It also takes back a joining not confirmed."""
    actor.require(*MAY_ASK, what="分开报案")
    pair = _pair(session, case_id, other_id, reason, actor, open_only=False)
    known = verdict_between(session, case_id, other_id)
    if known and known.verdict == "apart":
        return known
    if known:
        known.withdrawn_at = now
        session.add(known)
        session.flush()
    said = _verdict(session, pair.case, pair.into, "apart", reason, actor, now)
    said.confirmed_by, said.confirmed_person, said.confirmed_at = actor.account_id, actor.person_id, now
    session.add(said)
    session.flush()
    _record(session, pair.claims, pair.case, "kept_apart", said.reason, {"from": pair.into.case_no}, actor, now)
    return said


def _pair(session: Session, case_id: uuid.UUID, into_id: uuid.UUID, reason: str, actor: Actor, *, open_only: bool = True) -> _Pair:
    """Both cases locked in one order, held against each other. InputError, Conflict: they cannot be one."""
    if not reason.strip():
        raise InputError("reason_missing", "须写明理由", remedy="补上理由", field="reason")
    cases = {case.id: case for case in session.exec(
        select(Case).where(col(Case.id).in_([case_id, into_id])).order_by(col(Case.id)).with_for_update()
        .execution_options(populate_existing=True))}
    case, into = cases.get(case_id), cases.get(into_id)
    if case is None or into is None or case is into or case.person_id != into.person_id:
        raise NotFound("case_missing", "没有此人的另一报案，或不在您的管辖范围内", remedy="核对报案编号", field="into")
    if case.joined_into or into.joined_into:
        raise Conflict("case_joined", "其中一个报案已并入别的报案", remedy="刷新后核对")
    claims = claims_by_case(session, [case.id, into.id])
    live = {claim.cover_id: claim for claim in claims[into.id] if claim.state != ClaimState.CANCELLED}
    mine = [claim for claim in claims[case.id] if claim.state != ClaimState.CANCELLED]
    pair = _Pair(case, into, [(claim, live[claim.cover_id]) for claim in mine if claim.cover_id in live],
                 [claim for claim in mine if claim.cover_id not in live])
    require_apart(session, [claim.id for claim in claims[case.id]], actor)
    late = [claim.claim_no for claim, _ in pair.doubled if claim.state not in CANCELLED_FROM]
    if open_only:
        rules.check_joinable(_told(case), into, field="into")
    if open_only and late:
        raise Conflict("join_too_late", f"案件 {'、'.join(late)} 已有决定，不能并入", remedy="按更正办理，或反过来并入这一报案")
    if open_only:
        require_free(session, [claim.id for claim, _ in pair.doubled])
    return pair


def _told(case: Case) -> Told:
    return Told(case.reported_on, case.committee_told_at, case.insurer_told_at)


def _verdict(session: Session, case: Case, other: Case, verdict: str, reason: str, actor: Actor, now: datetime) -> DuplicateVerdict:
    made = DuplicateVerdict(org_key=case.org_key, case_id=case.id, other_id=other.id, verdict=verdict, reason=reason.strip(),
                            asked_by=actor.account_id, asked_person=actor.person_id, asked_at=now)
    session.add(made)
    session.flush()
    return made


# Papers go over unjudged: who verifies the claim that stays looks at them there. A closed claim takes none.
_PAPERS = sa.text("""
    INSERT INTO paper (id, org_key, claim_id, kind, sha256, mime, size, file_name, verdict, uploaded_by, uploaded_at)
    SELECT DISTINCT ON (m.twin, p.kind, p.sha256) uuidv7(), t.org_key, m.twin, p.kind, p.sha256, p.mime, p.size, p.file_name,
           'waiting', p.uploaded_by, p.uploaded_at
    FROM unnest(CAST(:claims AS uuid[]), CAST(:twins AS uuid[])) AS m(claim, twin)
    JOIN paper p ON p.claim_id = m.claim JOIN claim t ON t.id = m.twin AND t.state NOT IN ('closed', 'cancelled')
    WHERE NOT EXISTS (SELECT FROM paper o WHERE o.claim_id = m.twin AND o.kind = p.kind AND o.sha256 = p.sha256)
    RETURNING claim_id, id, kind, sha256""")


def _done(session: Session, pair: _Pair, asked: DuplicateVerdict, actor: Actor, now: datetime) -> None:
    case, into = pair.case, pair.into
    asked.confirmed_by, asked.confirmed_person, asked.confirmed_at = actor.account_id, actor.person_id, now
    doubled = [claim.id for claim, _ in pair.doubled]
    papers = session.execute(_PAPERS, {"claims": doubled, "twins": [twin.id for _, twin in pair.doubled]}).all()
    session.execute(sa.update(Claim).where(col(Claim.id).in_([claim.id for claim in pair.moving])).values(case_id=into.id))
    session.execute(sa.update(ReportNote).where(col(ReportNote.case_id) == case.id).values(case_id=into.id))
    session.add(_note(case, into, pair, actor, now))
    case.joined_into, case.joined_at = into.id, now
    session.add_all([case, asked])
    session.flush()
    earlier(session, [(into, _told(case))])
    if doubled:
        cancel(session, doubled, outcome="duplicate", reason=asked.reason, actor=actor, now=now)
    consents.settle(session, case, into, actor=actor, now=now)
    _record(session, pair.claims, case, "joined", asked.reason, {"into": into.case_no}, actor, now)
    of_claim = {twin.id: twin for _, twin in pair.doubled}
    audit.append(session, [Entry(row.claim_id, of_claim[row.claim_id].org_key, "paper", row.id, "joined", details={
        "kind": row.kind, "sha256": row.sha256, "from": case.case_no}) for row in papers],
        account=actor.account_id, person=actor.person_id, at=now)
    # Handed in anew, they are drawn, read and held against other cases anew: what was found at the cancelled claim is not found here.
    outbox.add(session, [Work("paper.upload", of_claim[row.claim_id].org_key, row.claim_id, row.id) for row in papers], now=now)
    for claim in [*pair.claims, *of_claim.values()]:
        session.refresh(claim)


def _note(case: Case, into: Case, pair: _Pair, actor: Actor, now: datetime) -> ReportNote:
    """What the joined report said, at the case that stays."""
    event: dict[str, object] = pair.claims[0].event if pair.claims else {"kind": case.event_kind}
    return ReportNote(org_key=into.org_key, case_id=into.id, channel=case.channel, reporter_name=case.reporter_name, event=event,
                      hospital=case.hospital, reported_on=case.reported_on, taken_by=case.reported_by, at=case.reported_at)


def _record(session: Session, claims: Sequence[Claim], case: Case, event: str, reason: str, details: dict[str, object],
            actor: Actor, now: datetime) -> None:
    audit.append(session, [Entry(claim.id, claim.org_key, "case", case.id, event, reason=reason,
                                 details={"case": case.case_no, **details}) for claim in claims],
                 account=actor.account_id, person=actor.person_id, at=now)
