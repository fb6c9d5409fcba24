"""Correcting a decided claim (更正): one person says what was wrong, another confirms, and a new round decides.

The earlier decision stays on file as it is; old, new and why stand on the record and in the letters.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from services.access import standing
from services.access.actor import REVIEWERS, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.errors import Conflict, InputError, NotFound
from services.core.ids import uuidv7
from services.core.texts import written
from services.intake import correcting
from services.intake.queries import claim_for
from services.lifecycle.apart import require_apart
from services.models import Claim, Objection, Reopening
from services.models.objection import KINDS
from services.review.differences import fact_words
from services.review.reopening import MAY_REOPEN, decided_claim, reopen
from services.rulebook.facts import FACTS
from statemachines.states import ObjectionState

MAY_ASK = (Role.UNIT_CLERK, *sorted(REVIEWERS))
MOST_CHANGES = 20


def ask_amendment(session: Session, *, claim_id: uuid.UUID, version: int | None = None, kind: str, why: str,
                  changes: Sequence[Mapping[str, str]] = (), event: Mapping[str, object] | None = None, actor: Actor,
                  now: datetime) -> Reopening:
    """Say what is wrong in a decided claim; nothing moves until another person confirms.

    `kind`: fact, amount, card, clerical, other. A wrong fact comes with the whole corrected `event`, whose changes are found
    here; any other with `changes` [{"what", "old", "new"}]. InputError, Conflict (not decided, asked already, objection open).
    """
    actor.require(*MAY_ASK, what="提出更正")
    claim = claim_for(session, claim_id, actor)
    decided_claim(session, claim)
    if version is not None and version != claim.version:
        raise Conflict("stale_version", "案件已被他人更新", remedy="刷新后核对变动，再办理")
    require_apart(session, [claim.id], actor)
    if kind not in KINDS:
        raise InputError("amendment_kind", f"不认识的更正种类“{kind}”", remedy=f"可用：{'、'.join(KINDS)}", field="kind")
    _check_free(session, claim)
    plain = correcting.checked(session, claim, event) if event is not None else None
    if (kind == "fact") != (plain is not None):
        raise InputError("amendment_event", "更正事实须且仅须提供更正后的全部事实", remedy="核对更正的种类和事实", field="event")
    listed = _facts_changed(claim.event, plain) if plain is not None else _changes(changes)
    made = Reopening(id=uuidv7(), org_key=claim.org_key, claim_id=claim.id, ground="correction", kind=kind, changes=listed,
                     event=plain, why=written(why, "why"), asked_by=actor.account_id, asked_person=actor.person_id, asked_at=now)
    session.add(made)
    session.flush()
    _record(session, made, "ask_amendment", made.why, actor, now)
    standing.note(session, "claim", "ask_amendment", [(claim.org_key, claim.id, made.id)], actor=actor, now=now)
    return made


def confirm_amendment(session: Session, *, claim_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> int:
    """Another person, a senior reviewer or the head, confirms: the corrected facts are written and a round begins; gives it.

    GuardFailed: the same person, money in a run or at the bank, past the limitation. Conflict: an objection was lodged, or
    a decision taken, since it was asked for.
    """
    actor.require(*MAY_REOPEN, what="确认更正")
    claim, made = _asked(session, claim_id, actor)
    if version is not None and version != claim.version:
        raise Conflict("stale_version", "案件已被他人更新", remedy="刷新后核对变动，再办理")
    standing.require_second(session, made.id, made.asked_person, actor=actor)
    require_apart(session, [claim.id], actor)
    if decided_claim(session, claim).at > made.asked_at:
        raise Conflict("amendment_overtaken", "提出更正之后又作出了新的决定", remedy="撤回后按新的决定重新提出")
    _check_no_objection(session, claim)
    round_ = reopen(session, claim, made, actor=actor, now=now)
    if made.event is not None:
        correcting.put_right(session, claim, made.event)
    _record(session, made, "confirm_amendment", made.why, actor, now)
    return round_


def drop_amendment(session: Session, *, claim_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> Reopening:
    """The request was wrong: taken back with the reason; the decision stands."""
    actor.require(*MAY_ASK, what="撤回更正")
    claim, made = _asked(session, claim_id, actor)
    require_apart(session, [claim.id], actor)
    made.withdrawn_at = now
    session.add(made)
    session.flush()
    _record(session, made, "drop_amendment", written(reason, "reason"), actor, now)
    return made


def _asked(session: Session, claim_id: uuid.UUID, actor: Actor) -> tuple[Claim, Reopening]:
    claim = claim_for(session, claim_id, actor)
    session.refresh(claim, with_for_update=True)
    made = _waiting(session, claim.id)
    if made is None:
        raise NotFound("amendment_not_asked", "没有待确认的更正", remedy="先由另一人提出")
    return claim, made


def _waiting(session: Session, claim_id: uuid.UUID) -> Reopening | None:
    return session.exec(select(Reopening).where(
        Reopening.claim_id == claim_id, col(Reopening.confirmed_at).is_(None), col(Reopening.withdrawn_at).is_(None))
        .execution_options(populate_existing=True)).first()


def _check_free(session: Session, claim: Claim) -> None:
    """One question at a time: an open objection opens a round of its own, where what is wrong is put right too."""
    if _waiting(session, claim.id):
        raise Conflict("amendment_asked", "已有人提出更正，等待另一人确认", remedy="由办事处另一人确认或撤回")
    _check_no_objection(session, claim)


def _check_no_objection(session: Session, claim: Claim) -> None:
    """Also at the confirmation: a correction, heard by the same persons, must not overtake an objection lodged meanwhile."""
    if session.exec(select(Objection.id).where(Objection.claim_id == claim.id, Objection.state == ObjectionState.LODGED)).first():
        raise Conflict("objection_open", "本案有异议待受理，更正随异议一并办理", remedy="受理异议后在新一轮审核中更正")


def _facts_changed(old: Mapping[str, object], new: Mapping[str, object]) -> list[dict[str, str]]:
    """Each changed fact in words. InputError when nothing changed."""
    found = []
    for name in sorted(set(old) | set(new)):
        if old.get(name) != new.get(name):
            full = f"event.{name}"
            found.append({"what": FACTS[full].label if full in FACTS else name,
                          "old": fact_words(full, old.get(name)) or "未申报", "new": fact_words(full, new.get(name)) or "未申报"})
    if not found:
        raise InputError("nothing_changed", "更正后的事实与原来相同", remedy="核对更正后的事实", field="event")
    return found


def _changes(changes: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    if not 0 < len(changes) <= MOST_CHANGES:
        raise InputError("changes_missing", f"须逐项写明原为和更正为，最多 {MOST_CHANGES} 项", remedy="补上原为和应为", field="changes")
    found = [{key: written(str(item.get(key) or ""), f"changes.{place}.{key}") for key in ("what", "old", "new")}
             for place, item in enumerate(changes)]
    if same := next((item for item in found if item["old"] == item["new"]), None):
        raise InputError("nothing_changed", f"“{same['what']}”更正前后相同", remedy="核对原为和应为", field="changes")
    return found


def _record(session: Session, made: Reopening, event: str, reason: str, actor: Actor, now: datetime) -> None:
    audit.append(session, [Entry(made.claim_id, made.org_key, "claim", made.claim_id, event, reason=reason, details={
        "kind": made.kind, "changes": made.changes})], account=actor.account_id, person=actor.person_id, at=now)
