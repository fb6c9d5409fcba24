"""Which identity at the organisation's own provider opens an account: bound by an administrator in two steps, and unbound."""

from __future__ import annotations

import uuid

from fastapi import Response
from sqlmodel import Session

from services.access import oidc, queries
from services.access.actor import Role
from services.core.errors import Conflict, HuzhuError, InputError, NotFound
from services.core.settings import settings
from services.models import OidcSubject
from services.web.acts import picked
from services.web.desks.admin import known_id
from services.web.door import Audience, Pages
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()
ADMINISTRATORS: Audience = frozenset({Role.ADMINISTRATOR})
SAID = {"bound": N_("已绑定统一身份，本人可以用它登录。"), "unbound": N_("已解除统一身份绑定。")}


@pages.get("/admin/identities/{account_id}", roles=ADMINISTRATORS)
def bound(visit: Visit, account_id: str) -> Response:
    """The identities bound to an account, and the form of another."""
    return _page(visit, known_id(account_id))


@pages.post("/admin/identities/{account_id}", roles=ADMINISTRATORS)
def bind(visit: Visit, account_id: str) -> Response:
    """First shown beside the account's own words, then, confirmed, bound; recorded."""
    chosen, subject = known_id(account_id), visit.field("subject")
    if not visit.field("confirmed"):
        wrong = None if subject else InputError("subject_missing", "没有写明身份标识", remedy="填写身份提供方的 sub", field="subject")
        return _page(visit, chosen, problem=wrong, ask=not wrong)

    def verb(session: Session) -> None:
        if not settings().oidc_issuer:
            raise Conflict("oidc_not_set", "没有设置统一身份提供方", remedy="由系统管理员在设置中写明后再绑定")
        oidc.bind_subject(session, account_id=chosen, issuer=settings().oidc_issuer, subject=subject, actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _page(visit, chosen, problem=problem), then=f"/admin/identities/{chosen}",
                         done="bound")


@pages.post("/admin/identities/{account_id}/end", roles=ADMINISTRATORS)
def unbind(visit: Visit, account_id: str) -> Response:
    """It opens the account no longer; the tick beside it is the second step."""
    chosen = known_id(account_id)

    def verb(session: Session) -> None:
        row = picked(visit, "row")
        if row not in {one.id for one in oidc.subjects(session, account_id=chosen, actor=visit.actor)}:
            raise NotFound("subject_missing", "没有这一绑定", remedy="刷新后核对")
        if not visit.field("sure"):
            raise InputError("not_sure", "没有勾选确认", remedy="核对后勾选，再解除", field=f"sure-{row}")
        oidc.unbind_subject(session, subject_id=row, actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _page(visit, chosen, problem=problem), then=f"/admin/identities/{chosen}",
                         done="unbound")


def _page(visit: Visit, account_id: uuid.UUID, *, problem: HuzhuError | None = None, ask: bool = False) -> Response:
    def read(session: Session) -> tuple[queries.AccountLine, list[OidcSubject]]:
        line = queries.account(session, account_id=account_id, actor=visit.actor)
        if line is None:
            raise NotFound("account_missing", "没有这一账号，或不在您的管辖范围内", remedy="核对账号")
        return line, oidc.subjects(session, account_id=account_id, actor=visit.actor)
    line, rows = visit.read(read)
    return visit.page("identities.html", problem=problem, line=line, rows=rows, ask=ask, subject=visit.field("subject"),
                      issuer=settings().oidc_issuer, said=SAID, here="accounts")
