"""Organisations: opened, changed, moved, merged, closed; each act leaves who, when, why, from and to."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor, Role
from services.audit import service as audit
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.identity import CREDIT_REASONS, check_credit_code
from services.enrolment import numbers
from services.models import FormerKey, Liaison, Organisation, OrganisationChange
from services.models.organisation import KINDS

_CODE = re.compile(r"[a-z0-9]{1,16}")
_MAY = (Role.ADMINISTRATOR, Role.SYSTEM)
# What may be changed on a node without moving it.
_WORDS = ("name", "letter_organ", "letter_series", "contact", "credit_code")


def add_organisation(session: Session, *, parent_id: uuid.UUID | None, code: str, name: str, kind: str,
                     office: str | None = None, letter_organ: str | None = None, letter_series: str | None = None,
                     contact: str | None = None, credit_code: str | None = None, actor: Actor,
                     now: datetime) -> Organisation:
    """A node of the tree; its key is the parent's plus the code. Only the system makes a root (no parent).

    InputError: code, kind, 统一社会信用代码. Conflict: key in use or once another's, credit code of another open one, parent closed.
    """
    actor.require(*_MAY, what="组织管理")
    if not _CODE.fullmatch(code):
        raise InputError("org_code", f"组织代码“{code}”不对", remedy="1 至 16 位小写字母或数字", field="code")
    if kind not in KINDS:
        raise InputError("org_kind", f"不认识的组织类别“{kind}”", remedy=f"可用：{'、'.join(KINDS)}", field="kind")
    parent_key = ""
    if parent_id is not None:
        parent_key = locked(session, parent_id, actor, field="parent_id").org_key
    elif not actor.has(Role.SYSTEM):
        raise NotPermitted("root_organisation", "只有系统初始化时可以建立根组织", remedy="写明上级组织")
    key = f"{parent_key}{code}."
    require_free(session, key)
    made = Organisation(parent_id=parent_id, org_key=key, name=name, kind=kind, office=office, letter_organ=letter_organ,
                        letter_series=letter_series, contact=contact, credit_code=_credit_code(session, credit_code))
    session.add(made)
    session.flush()
    record(session, made, "opened", why="新建", actor=actor, now=now)
    return made


def change_organisation(session: Session, *, org_id: uuid.UUID, words: Mapping[str, str | None], why: str,
                        version: int | None = None, actor: Actor, now: datetime) -> Organisation:
    """New words for a node: name, letter_organ, letter_series, contact, credit_code; the old ones stay in its history."""
    actor.require(*_MAY, what="组织管理")
    org = locked(session, org_id, actor, version=version)
    unknown = sorted(set(words) - set(_WORDS))
    if unknown:
        raise InputError("org_field", f"不能这样更改：{'、'.join(unknown)}", remedy=f"可改：{'、'.join(_WORDS)}", field=unknown[0])
    if "name" in words and not (words["name"] or "").strip():
        raise InputError("org_name", "名称不能为空", remedy="填写名称", field="name")
    new = dict(words)
    if "credit_code" in new:
        new["credit_code"] = _credit_code(session, new["credit_code"], but=org.id)
    changed = {name: [getattr(org, name), value] for name, value in new.items() if getattr(org, name) != value}
    if not changed:
        return org
    for name, (_, value) in changed.items():
        setattr(org, name, value)
    record(session, org, "changed", why=why, details={"words": changed}, actor=actor, now=now)
    return org


def close_organisation(session: Session, *, org_id: uuid.UUID, why: str, version: int | None = None, actor: Actor,
                       now: datetime) -> Organisation:
    """A node that nobody needs any more: no covers, reports or accounts from today.

    Conflict when it still has open nodes, covers, claims or active accounts: those go on at a successor (`merge`).
    """
    actor.require(*_MAY, what="组织管理")
    org = locked(session, org_id, actor, version=version)
    left = _left(session, org)
    if left:
        raise Conflict("org_in_use", f"{org.name}名下还有{'、'.join(left)}", remedy="并入接续的组织（合并），未结案件和保障随之接续")
    org.closed_on = business_day(now)
    record(session, org, "closed", why=why, actor=actor, now=now)
    return org


_LEFT = sa.text("""
    SELECT (SELECT count(*) FROM organisation o WHERE o.parent_id = :id AND o.closed_on IS NULL) AS nodes,
           (SELECT count(*) FROM cover v WHERE v.org_id = :id) AS covers,
           (SELECT count(*) FROM claim c WHERE c.org_key = :key) AS claims,
           (SELECT count(*) FROM account a WHERE a.org_id = :id AND a.active) AS accounts,
           (SELECT count(*) FROM review_step s WHERE s.duty_org = :id AND s.state IN ('waiting', 'open')) AS levels""")


def _left(session: Session, org: Organisation) -> list[str]:
    session.flush()
    row = session.execute(_LEFT, {"id": org.id, "key": org.org_key}).one()
    words = ("个下级组织", "份保障", "件案件", "个账号", "个待办审核环节")
    return [f"{count}{word}" for count, word in zip(row, words, strict=True) if count]


def add_liaison(session: Session, *, org_id: uuid.UUID, area_id: uuid.UUID, name: str, duty: str, phone: str, from_on: date,
                until_on: date | None = None, actor: Actor, now: datetime) -> Liaison:
    """Whom an area calls at an organisation (an insurer's branch, an agency). The phone is an office line, kept plain."""
    actor.require(*_MAY, what="组织管理")
    org, area = locked(session, org_id, actor), numbers.organisation(session, area_id, actor.org_key)
    if until_on is not None and until_on < from_on:
        raise InputError("liaison_dates", "止日早于起日", remedy="改正日期", field="until_on")
    made = Liaison(org_id=org.id, area_id=area.id, name=name, duty=duty, phone=phone, from_on=from_on, until_on=until_on)
    session.add(made)
    record(session, org, "changed", why=f"联络人：{duty}",
           details={"liaison": [None, str(made.id)], "area": area.org_key}, actor=actor, now=now)
    return made


def locked(session: Session, org_id: uuid.UUID, actor: Actor, *, version: int | None = None, field: str = "org_id",
           open_only: bool = True) -> Organisation:
    """A node of the actor's scope, locked till the end: no move runs beside it. Conflict: closed, or seen in another version."""
    session.flush()
    org = session.exec(select(Organisation).where(Organisation.id == org_id).with_for_update()
                       .execution_options(populate_existing=True)).first()
    if org is None or not org.org_key.startswith(actor.org_key):
        raise NotFound("organisation_missing", "没有这一组织，或不在您的管辖范围内", remedy="核对组织", field=field)
    if version is not None and version != org.version:
        raise Conflict("stale_version", f"记录已被他人更新（您看到第{version}版，现为第{org.version}版）", remedy="刷新后核对变动，再办理")
    if open_only:
        require_open(org, field=field)
    return org


def require_open(org: Organisation, *, field: str = "org_id") -> None:
    """Conflict for a closed organisation: nothing new begins there."""
    if org.closed_on is not None:
        raise Conflict("organisation_closed", f"{org.name}已于 {org.closed_on} 撤销", remedy="改在接续的组织办理")


def require_free(session: Session, key: str) -> None:
    """Conflict when a key is an organisation's, or was: old records under it speak of that one."""
    if session.exec(select(Organisation.id).where(Organisation.org_key == key)).first():
        raise Conflict("org_exists", f"组织 {key} 已存在", remedy="换一个代码")
    if session.get(FormerKey, key):
        raise Conflict("org_key_used", f"代码 {key} 曾属于另一组织，旧记录仍以它为准", remedy="换一个代码")


def _credit_code(session: Session, code: str | None, *, but: uuid.UUID | None = None) -> str | None:
    if not code:
        return None
    clean, reason = check_credit_code(code)
    if reason:
        raise InputError("credit_code", f"统一社会信用代码{CREDIT_REASONS[reason]}", remedy="按登记证书核对", field="credit_code")
    holder = session.exec(select(Organisation).where(Organisation.credit_code == clean, col(Organisation.closed_on).is_(None),
                                                     Organisation.id != but)).first()
    if holder:
        raise Conflict("credit_code_used", f"统一社会信用代码已登记在“{holder.name}”名下", remedy="核对单位；同一单位不重复登记")
    return clean


def record(session: Session, org: Organisation, kind: str, *, why: str, actor: Actor, now: datetime,
           from_key: str | None = None, into: Organisation | None = None, details: Mapping[str, object] | None = None) -> None:
    """Write the act into the node's history and count its version up; the access record keeps who did it."""
    if not why.strip():
        raise InputError("why_missing", "须写明原因", remedy="写明依据的文件或事由", field="why")
    if kind != "opened":
        org.version += 1
    session.add(org)
    session.add(OrganisationChange(
        org_id=org.id, kind=kind, from_key=from_key, to_key=(into or org).org_key, into_id=into.id if into else None, why=why,
        account_id=actor.account_id, person_id=actor.person_id, details=dict(details or {}), at=now))
    if actor.account_id:
        audit.looked(session, org_key=org.org_key, account=actor.account_id, claim_id=None,
                     what=f"organisation.{kind}:{org.id}", reason=why, at=now)
    session.flush()
