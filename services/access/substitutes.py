"""Leave: who does an absent colleague's work, from which day to which, with which of the colleague's roles."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services.access.actor import LENDABLE, Actor, Role
from services.access.actors import granted
from services.access.lookup import account_of, record
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.models import Account, Grant, Substitute

LONGEST = timedelta(days=366)       # ours: whoever is away longer gives the post to somebody


@dataclass(frozen=True, slots=True)
class SubstituteView:
    """A substitution with names. `running`: today is one of its days and nobody ended it."""

    id: uuid.UUID
    absent_id: uuid.UUID
    absent_name: str
    account_id: uuid.UUID
    account_name: str
    org_key: str
    roles: tuple[str, ...]
    from_on: date
    until_on: date
    reason: str
    made_by: uuid.UUID
    made_at: datetime
    ended_at: datetime | None
    ended_why: str | None
    running: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A colleague who could stand in."""

    account_id: uuid.UUID
    name: str
    roles: tuple[str, ...]


def appoint_substitute(session: Session, *, absent_id: uuid.UUID, account_id: uuid.UUID, roles: Iterable[str] = (), from_on: date,
                       until_on: date, reason: str, actor: Actor, now: datetime) -> Substitute:
    """Name a colleague of the same organisation; `roles` empty lends all that can be lent.

    By the absent person, or by a head at or above the organisation, who cannot name himself. InputError: dates, roles,
    colleague or reason do not do. Conflict: already stood in for (same role, same days), or the colleague is away too.
    """
    absent, substitute = _locked(session, absent_id, account_id, actor)
    _require_maker(absent, substitute, actor)
    _require_days(from_on, until_on, business_day(now))
    if not reason.strip():
        raise InputError("reason_missing", "须写明事由", remedy="如：年假、产假、出差", field="reason")
    _require_colleague(session, absent, substitute)
    lent = _lendable(session, absent, set(roles))
    _require_free(session, absent, substitute, lent, from_on, until_on)
    made = Substitute(absent_id=absent.id, account_id=substitute.id, roles=" ".join(sorted(lent)), from_on=from_on, until_on=until_on,
                      reason=reason.strip(), made_by=actor.account_id or absent.id, made_at=now)
    session.add(made)
    session.flush()
    record(session, absent, "substitute.appointed", f"{substitute.login} {from_on}~{until_on} {made.roles}：{made.reason}",
           by=actor.account_id, now=now)
    return made


def end_substitute(session: Session, *, substitute_id: uuid.UUID, why: str, actor: Actor, now: datetime) -> None:
    """End it before its last day: by the absent person, the substitute or a head. Ending twice changes nothing."""
    made = session.get(Substitute, substitute_id, with_for_update=True)
    if made is None:
        raise _missing()
    absent = session.get_one(Account, made.absent_id)
    if actor.account_id not in (made.absent_id, made.account_id) and not (
            actor.has(Role.HEAD, Role.ADMINISTRATOR) and absent.org_key.startswith(actor.org_key)):
        raise _missing()
    if not why.strip():
        raise InputError("reason_missing", "须写明理由", remedy="如：提前返岗", field="why")
    if made.ended_at is None:
        _end(session, made, absent, why.strip(), actor, now)


def end_standing_in(session: Session, *, account: Account, why: str, actor: Actor, now: datetime) -> None:
    """An account without desk work any more: what it was to do for others, today or on days to come, is ended."""
    running = session.exec(select(Substitute, Account).join(Account, col(Account.id) == Substitute.absent_id).where(
        Substitute.account_id == account.id, col(Substitute.ended_at).is_(None), Substitute.until_on >= business_day(now))
        .order_by(col(Substitute.id)).with_for_update(of=Substitute)).all()
    for made, absent in running:
        _end(session, made, absent, f"代理人已不任经办：{why}", actor, now)


def _end(session: Session, made: Substitute, absent: Account, why: str, actor: Actor, now: datetime) -> None:
    made.ended_at, made.ended_by, made.ended_why = now, actor.account_id, why
    session.add(made)
    record(session, absent, "substitute.ended", why, by=actor.account_id, now=now)


def substitutes(session: Session, *, actor: Actor, running_on: date | None = None, now: datetime) -> list[SubstituteView]:
    """The newest first: a head, an auditor or an administrator sees all of the branch, anybody else the own ones.

    `running_on`: only those that hold on that day. Why somebody is away (it may be an illness) is empty for an administrator.
    """
    absent, stands_in = aliased(Account), aliased(Account)
    query = (select(Substitute, absent, stands_in).join(absent, col(absent.id) == Substitute.absent_id)
             .join(stands_in, col(stands_in.id) == Substitute.account_id)
             .order_by(col(Substitute.from_on).desc(), col(Substitute.id).desc()))
    if actor.has(Role.HEAD, Role.AUDITOR, Role.ADMINISTRATOR, Role.SYSTEM):
        low = actor.org_key
        query = query.where(absent.org_key >= low, absent.org_key < f"{low.rstrip('.')}/")
    else:
        query = query.where(sa.or_(col(Substitute.absent_id) == actor.account_id, col(Substitute.account_id) == actor.account_id))
    if running_on:
        query = query.where(col(Substitute.ended_at).is_(None), Substitute.from_on <= running_on, Substitute.until_on >= running_on)
    today = business_day(now)
    told = not actor.has(Role.ADMINISTRATOR) or actor.has(Role.HEAD, Role.AUDITOR)
    return [_view(one, away, other, today, told=told or actor.account_id in (away.id, other.id))
            for one, away, other in session.exec(query).all()]


def _view(one: Substitute, away: Account, other: Account, today: date, *, told: bool) -> SubstituteView:
    running = one.ended_at is None and one.from_on <= today <= one.until_on
    return SubstituteView(one.id, away.id, away.name, other.id, other.name, away.org_key, tuple(one.roles.split()), one.from_on,
                          one.until_on, one.reason if told else "", one.made_by, one.made_at, one.ended_at, one.ended_why, running)


def candidates(session: Session, *, absent_id: uuid.UUID, actor: Actor) -> list[Candidate]:
    """Colleagues who could stand in: for the form of whoever goes on leave, and of those who see the team."""
    if actor.account_id != absent_id:
        actor.require(Role.SENIOR_REVIEWER, Role.HEAD, what="查看可代理的同事")
    absent = account_of(session, absent_id, actor)
    rows = session.exec(select(Account, Grant.role).join(Grant, col(Grant.account_id) == Account.id).where(
        Account.org_key == absent.org_key, col(Account.active), Account.id != absent.id, Account.person_id != absent.person_id,
        col(Grant.role).in_(LENDABLE)).order_by(col(Account.name))).all()
    found: dict[uuid.UUID, Candidate] = {}
    for account, role in rows:
        earlier = found.get(account.id)
        found[account.id] = Candidate(account.id, account.name, (*(earlier.roles if earlier else ()), role))
    return list(found.values())


def _missing() -> NotFound:
    return NotFound("substitute_missing", "没有这一代理安排，或不在您的管辖范围内", remedy="刷新后核对")


def _locked(session: Session, absent_id: uuid.UUID, account_id: uuid.UUID, actor: Actor) -> tuple[Account, Account]:
    """Both accounts, locked in order of ids: two appointments that meet in one of them wait for one another."""
    if absent_id == account_id:
        raise InputError("substitute_self", "不能代理自己", remedy="另选一位同事", field="account_id")
    for wanted in (absent_id, account_id):
        account_of(session, wanted, actor)
    held = {row.id: row for row in session.exec(
        select(Account).where(col(Account.id).in_((absent_id, account_id))).order_by(col(Account.id)).with_for_update()).all()}
    return held[absent_id], held[account_id]


def _require_maker(absent: Account, substitute: Account, actor: Actor) -> None:
    if actor.account_id == absent.id:
        return
    if not actor.has(Role.HEAD) or any(one.role == Role.HEAD for one in actor.lent):
        raise NotPermitted("substitute_maker", "代理只能由本人或主任安排", remedy="请休假人本人或其主任办理")
    if actor.account_id == substitute.id:
        raise NotPermitted("substitute_names_self", "不能自行安排由自己代理他人", remedy="请休假人本人或另一位主任办理")


def _require_days(from_on: date, until_on: date, today: date) -> None:
    if from_on < today:
        raise InputError("from_past", "代理不能从过去的日子起算", remedy="从今天或以后开始", field="from_on")
    if until_on < from_on:
        raise InputError("until_before_from", "结束日早于开始日", remedy="核对日期", field="until_on")
    if until_on - from_on >= LONGEST:
        raise InputError("substitute_long", f"一次代理最多 {LONGEST.days} 天", remedy="更长的离岗请调整岗位", field="until_on")


def _require_colleague(session: Session, absent: Account, substitute: Account) -> None:
    """Of the same organisation, so that what is lent reaches no further than where it is held; another person; working there."""
    if not substitute.active or substitute.org_key != absent.org_key:
        raise InputError("substitute_elsewhere", "代理人须是同一组织的在用账号", remedy="选一位同事；没有同事时案件按逾期规则上报",
                         field="account_id")
    if absent.person_id is None or substitute.person_id is None or absent.person_id == substitute.person_id:
        raise InputError("substitute_same_person", "两个账号须属于两个不同的人", remedy="另选一位同事", field="account_id")
    if not granted(session, substitute.id) & LENDABLE:
        raise InputError("substitute_not_staff", "代理人须是经办、审核或财务人员", remedy="另选一位同事", field="account_id")


def _lendable(session: Session, absent: Account, wanted: set[str]) -> set[str]:
    held = granted(session, absent.id) & LENDABLE
    if not held or not absent.active:
        raise InputError("nothing_to_lend", "该账号没有可由他人代理的职责", remedy="管理员、审计和会员账号不能代理", field="absent_id")
    wider = wanted - held
    if wider:
        raise InputError("role_not_held", f"休假人没有角色：{'、'.join(sorted(wider))}", remedy="只能代理休假人自己的职责", field="roles")
    return wanted or held


def _require_free(session: Session, absent: Account, substitute: Account, lent: set[str], from_on: date, until_on: date) -> None:
    meeting = session.exec(select(Substitute).where(
        sa.or_(col(Substitute.absent_id).in_((absent.id, substitute.id)), col(Substitute.account_id) == absent.id),
        col(Substitute.ended_at).is_(None), Substitute.from_on <= until_on, Substitute.until_on >= from_on)).all()
    for one in meeting:
        if one.absent_id == substitute.id:
            raise Conflict("substitute_away", f"{substitute.name}在 {one.from_on} 至 {one.until_on} 也不在岗", remedy="另选一位同事")
        if one.account_id == absent.id:
            raise Conflict("absent_stands_in", f"{absent.name}在这些日子里正代理他人", remedy="先结束那项代理，再安排休假")
        if set(one.roles.split()) & lent:
            raise Conflict("already_stood_in", f"{absent.name}在 {one.from_on} 至 {one.until_on} 已有代理人",
                           remedy="先结束原代理，或改日期")
