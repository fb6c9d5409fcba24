"""Propose, release, reject, withdraw. Two persons, whatever accounts they use; in no colleague's place."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from services.access.actor import Actor, Role
from services.audit import service as audit
from services.core.clock import business_day
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.models import Organisation, Release
from services.outbox import service as outbox
from services.outbox.service import Work
from services.releases import rules

WHO = (Role.ADMINISTRATOR, Role.HEAD)


def propose(session: Session, *, kind: str, payload: Mapping[str, object], effective_on: date, note: str, org_id: uuid.UUID,
            actor: Actor, now: datetime) -> Release:
    """Propose a change for an organisation and all below it. It holds for nobody until another person releases it.

    InputError: kind, payload, date or note. NotPermitted: no administrator or head, an account without a person, a substitute.
    """
    person = _person(actor, "提出变更")
    org = session.get(Organisation, org_id)
    if org is None or not org.org_key.startswith(actor.org_key):
        raise NotFound("organisation_missing", "没有这一组织，或不在您的管辖范围内", remedy="核对组织", field="org_id")
    words = _note(note)
    kept = rules.checked(kind, payload, effective_on)
    _require_ahead(kind, effective_on, now)
    if kind == "rule_book":
        _require_office(str(kept["plan"]), org.org_key)
    made = Release(org_id=org.id, kind=kind, payload=kept, digest=rules.digest(kind, kept, effective_on), effective_on=effective_on,
                   note=words, proposed_by=_account(actor), proposed_person=person, proposed_at=now)
    session.add(made)
    session.flush()
    _record(session, made, org.org_key, "proposed", words, actor, now)
    return made


def release(session: Session, *, release_id: uuid.UUID, digest: str, note: str = "", actor: Actor, now: datetime) -> Release:
    """Put a proposal in force from its day on. `digest` is that of what this person saw.

    GuardFailed `same_person`: the proposer's own, also under another account. Conflict: answered already, or not what was seen.
    """
    found, org_key = _held(session, release_id, actor)
    person = _other_person(found, actor, "放行变更")
    if digest != found.digest:
        raise Conflict("release_digest", "所见内容与现内容不同", remedy="刷新后核对，再放行")
    if found.kind == "rule_book":
        _require_first(session, found.payload)
    kept = rules.checked(found.kind, found.payload, found.effective_on)
    if kept != found.payload:       # another version of the program computes a sample otherwise
        raise Conflict("release_digest", "按现在的程序核对，结果与提出时不同", remedy="核对后撤回，重新提出")
    _require_ahead(found.kind, found.effective_on, now)
    return _answer(session, found, org_key, "released", note.strip() or None, person, actor, now)


def reject(session: Session, *, release_id: uuid.UUID, note: str, actor: Actor, now: datetime) -> Release:
    """Refuse a proposal, with a reason, as another person."""
    found, org_key = _held(session, release_id, actor)
    person = _other_person(found, actor, "否决变更")
    return _answer(session, found, org_key, "rejected", _note(note), person, actor, now)


def withdraw(session: Session, *, release_id: uuid.UUID, note: str, actor: Actor, now: datetime) -> Release:
    """Take the own proposal back, with a reason."""
    found, org_key = _held(session, release_id, actor)
    if actor.person_id is None or actor.person_id != found.proposed_person:
        raise NotPermitted("not_proposer", "只有提出人可以撤回", remedy="他人请用否决")
    return _answer(session, found, org_key, "withdrawn", _note(note), actor.person_id, actor, now)


def _held(session: Session, release_id: uuid.UUID, actor: Actor) -> tuple[Release, str]:
    """Locked, in the actor's sight, unanswered."""
    found = session.get(Release, release_id, with_for_update=True, populate_existing=True)
    org = session.get(Organisation, found.org_id) if found else None
    if found is None or org is None or not org.org_key.startswith(actor.org_key):
        raise NotFound("release_missing", "没有这一变更，或不在您的管辖范围内", remedy="刷新后核对")
    if found.state != "proposed":
        raise Conflict("release_answered", "这一变更已有结论", remedy="刷新后核对")
    return found, org.org_key


def _answer(session: Session, found: Release, org_key: str, state: str, note: str | None, person: uuid.UUID, actor: Actor,
            now: datetime) -> Release:
    session.execute(sa.update(Release).where(col(Release.id) == found.id).values(
        state=state, answered_by=_account(actor), answered_person=person, answered_at=now, answer_note=note))
    session.refresh(found)
    _record(session, found, org_key, state, note, actor, now)
    if (found.kind, state) == ("calendar", "released"):     # the clocks that the year touches are counted anew
        outbox.add(session, [Work("calendar.release", org_key, subject_id=found.id)], now=now)
    return found


def _person(actor: Actor, what: str) -> uuid.UUID:
    """Whose act it is. Nobody proposes or releases in a colleague's place: a substitute counts as both, and would be two."""
    actor.require(*WHO, what=what)
    if actor.person_id is None:
        raise NotPermitted("person_missing", "该账号没有对应到人，无法比较是否两人", remedy="先为账号登记人员")
    if actor.stands_for:
        raise NotPermitted("stands_in", f"代理他人期间不能{what}", remedy="代理结束后办理，或由其他人办理")
    return actor.person_id


def _other_person(found: Release, actor: Actor, what: str) -> uuid.UUID:
    person = _person(actor, what)
    if person == found.proposed_person:
        raise GuardFailed("same_person", "提出人不能自己放行或否决", remedy="请另一人办理；自己的提案可以撤回")
    return person


def _account(actor: Actor) -> uuid.UUID:
    if actor.account_id is None:
        raise NotPermitted("account_missing", "当前操作没有对应的账号", remedy="请以本人账号登录")
    return actor.account_id


def _note(note: str) -> str:
    if not note.strip():
        raise InputError("reason_missing", "须写明理由", remedy="写明依据和理由", field="note")
    return note.strip()


def _require_office(plan: str, org_key: str) -> None:
    """Whole offices have plans, no district of one does; each its own, by the code that they begin with."""
    own = org_key.rstrip(".").split(".")[1:]
    if len(own) > 1 or (own and own[0] != plan.partition("-")[0]):
        raise NotPermitted("foreign_plan", f"{plan} 不是本办事机构的计划", remedy="由该计划的办事机构或上级提出")


def _require_first(session: Session, payload: Mapping[str, object]) -> None:
    """Of two proposals of one plan from one day only one is released, however close together: one waits for the other."""
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('rule_book ' || :plan, 0))"), {"plan": payload["plan"]})
    other = session.execute(sa.text("""
        SELECT EXISTS (SELECT 1 FROM release WHERE kind = 'rule_book' AND state = 'released' AND payload ->> 'plan' = :plan
                       AND payload ->> 'effective' = :effective AND payload ? 'text')"""),
                            {"plan": payload["plan"], "effective": payload["effective"]}).scalar_one()
    if other:
        raise Conflict("book_released", f"{payload['plan']} 已放行 {payload['effective']} 起施行的一版", remedy="撤回，另定生效日再提出")


def _require_ahead(kind: str, effective_on: date, now: datetime) -> None:
    """Nothing changes for days gone by; a calendar has its year's first day."""
    if kind != "calendar" and effective_on < business_day(now):
        raise InputError("effective_past", "生效日不能早于今天", remedy="改为今天或以后", field="effective_on")


def _record(session: Session, found: Release, org_key: str, what: str, note: str | None, actor: Actor, now: datetime) -> None:
    audit.looked(session, org_key=org_key, account=_account(actor), claim_id=None, what=f"release.{what}:{found.kind}:{found.id}",
                 reason=note, at=now)
    session.flush()
