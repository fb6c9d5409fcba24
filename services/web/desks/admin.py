"""The administrator: what stands at the way in, accounts. No page here reads a claim, a paper or a letter."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from fastapi import Response
from sqlmodel import Session

from services.access import credentials, duties, queries, sessions
from services.access import service as access
from services.access.actor import Role
from services.core.errors import HuzhuError, InputError, NotFound
from services.enrolment import service as enrolment
from services.enrolment import tree
from services.releases import queries as releases
from services.sla.calendars import calendar_for
from services.web.claim_words import ROLES
from services.web.door import Pages
from services.web.language import N_
from services.web.menu import Item
from services.web.office_words import ACCOUNT_KINDS
from services.web.visit import Visit

pages = Pages()
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
PROGRAMS = (Role.SYSTEM, Role.INSURER, Role.HOSPITAL)
SAID = {"opened": N_("账号已开设。请发放一次性口令。"), "closed": N_("账号已停用，登录和凭证随即失效。"), "reopened": N_("账号已启用。"),
        "roles": N_("职责已调整，该账号须重新登录。"), "factor": N_("动态口令已重置，登录和凭证已失效；该账号须重新登录并设置。"),
        "sessions": N_("该账号的登录已全部结束，凭证已全部停用。")}


@pages.get("/admin", roles=ADMINISTRATORS, menu=Item(70, "管理"))
def overview(visit: Visit) -> Response:
    """What wants the administrator's eye."""
    def run(session: Session) -> tuple[duties.Waiting, int, list[str]]:
        return (duties.waiting(session, actor=visit.actor, now=visit.now),
                len(releases.releases(session, actor=visit.actor, state="proposed")),
                calendar_for(session, visit.actor.org_key).alarms(visit.today))
    guard, proposals, alarms = visit.read(run)
    return visit.page("admin.html", guard=guard, proposals=proposals, alarms=alarms, here="admin")


@pages.get("/admin/accounts", roles=ADMINISTRATORS)
def accounts(visit: Visit) -> Response:
    """Accounts by organisation and login, fifty at a time."""
    search = visit.query.get("q", "").strip()[:50]
    after = (visit.query.get("after_org", ""), visit.query.get("after_login", ""))
    found = visit.read(lambda session: queries.accounts(session, actor=visit.actor, search=search, after=after, limit=queries.PAGE + 1))
    shown, more = found[:queries.PAGE], ""
    if len(found) > queries.PAGE:
        more = "/admin/accounts?" + urlencode({"q": search, "after_org": shown[-1].org_key, "after_login": shown[-1].login})
    return visit.page("admin_accounts.html", found=shown, more=more, q=search, role_words=ROLES, here="accounts")


@pages.get("/admin/accounts/new", roles=ADMINISTRATORS)
def new_account(visit: Visit) -> Response:
    """The form of a new account."""
    return _new(visit)


@pages.post("/admin/accounts", roles=ADMINISTRATORS)
def open_account(visit: Visit) -> Response:
    """Open it: for a person known by number, or recorded now."""
    def run(session: Session) -> str:
        try:
            org = tree.find(session, _key(visit.field("org_key")))
        except NotFound as error:       # beside its field, with all that was typed
            raise InputError(error.code, "没有这个组织，或不在您的管辖范围内", remedy=error.remedy, field="org_key") from None
        person_id = None
        if visit.field("id_number"):
            person_id = enrolment.add_person(session, name=visit.field("name"), id_number=visit.field("id_number"), actor=visit.actor,
                                             now=visit.now).id
        for name, words in (("login", "登录名"), ("name", "姓名")):
            if not visit.field(name):
                raise InputError("missing", f"没有填写{words}", remedy="填写后再提交", field=name)
        made = access.open_account(session, login=visit.field("login"), name=visit.field("name"), org_id=org.id,
                                   roles=_roles(visit), person_id=person_id, actor=visit.actor, now=visit.now)
        return f"/admin/accounts/{made.id}"
    return visit.attempt(run, again=lambda error: _new(visit, error), then=str, done="opened")


@pages.get("/admin/accounts/{account_id}", roles=ADMINISTRATORS)
def account(visit: Visit, account_id: str) -> Response:
    """One account and all that may be done to it."""
    return _account(visit, known_id(account_id))


@pages.post("/admin/accounts/{account_id}/code", roles=ADMINISTRATORS)
def code(visit: Visit, account_id: str) -> Response:
    """A one-time code, shown this once; sent again, the form gives a new one and the earlier stops."""
    chosen = known_id(account_id)
    try:
        made = visit.note(lambda session: credentials.issue_password_link(
            session, account_id=chosen, reason=visit.field("reason"), actor=visit.actor, now=visit.now))
    except (InputError, NotFound) as error:
        return _account(visit, chosen, error, "code")
    return visit.page("admin_code.html", code=made, until=visit.now + timedelta(hours=72), account_id=chosen, here="accounts",
                      line=visit.read(lambda session: queries.account(session, account_id=chosen, actor=visit.actor)))


@pages.post("/admin/accounts/{account_id}/{act}", roles=ADMINISTRATORS)
def change(visit: Visit, account_id: str, act: str) -> Response:
    """Roles, closing, opening again, the second factor, sessions and tokens: each with a reason."""
    chosen, reason = known_id(account_id), visit.field("reason")
    verbs: dict[str, tuple[Callable[[Session], object], str]] = {
        "roles": (lambda session: duties.change_roles(session, account_id=chosen, roles=_roles(visit), reason=reason, actor=visit.actor,
                                                      now=visit.now), "roles"),
        "close": (lambda session: duties.shut_account(session, account_id=chosen, reason=reason, actor=visit.actor, now=visit.now),
                  "closed"),
        "reopen": (lambda session: duties.reopen_account(session, account_id=chosen, reason=reason, actor=visit.actor, now=visit.now),
                   "reopened"),
        "factor": (lambda session: credentials.reset_second_factor(session, account_id=chosen, reason=reason, actor=visit.actor,
                                                                   now=visit.now), "factor"),
        "sessions": (lambda session: sessions.end_account_sessions(session, account_id=chosen, reason=reason, actor=visit.actor,
                                                                   now=visit.now), "sessions")}
    if act not in verbs:
        raise NotFound("page_missing", "没有这个页面", remedy="核对地址")
    verb, done = verbs[act]
    return visit.attempt(verb, again=lambda error: _account(visit, chosen, error, act), then=f"/admin/accounts/{chosen}", done=done)


def known_id(text: str) -> uuid.UUID:
    """An id out of an address. NotFound when it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("not_found", "没有这一记录，或不在您的管辖范围内", remedy="核对地址") from None


def _account(visit: Visit, account_id: uuid.UUID, problem: HuzhuError | None = None, act: str = "") -> Response:
    me = visit.actor

    def run(session: Session) -> tuple[queries.AccountLine | None, credentials.Standing, list[sessions.SessionView], duties.Wrong]:
        return (queries.account(session, account_id=account_id, actor=me),
                credentials.standing(session, account_id=account_id, actor=me, now=visit.now),
                sessions.sessions_of(session, account_id=account_id, actor=me, now=visit.now),
                duties.wrong_tries(session, account_id=account_id, actor=me, now=visit.now))
    line, standing, open_here, wrong = visit.read(run)
    return visit.page("admin_account.html", problem=problem, act=act, line=line, standing=standing, open=open_here, wrong=wrong,
                      kinds=ACCOUNT_KINDS, role_words=ROLES, roles=_choice(), said=SAID, own=account_id == me.account_id, here="accounts",
                      ticked=visit.listed("roles") if act == "roles" else list(line.roles if line else ()))


def _new(visit: Visit, problem: HuzhuError | None = None) -> Response:
    return visit.page("admin_account_new.html", problem=problem, act="new", roles=_choice(), role_words=ROLES, ticked=visit.listed("roles"),
                      org_key=visit.query.get("org", visit.actor.org_key), here="accounts")


def _choice() -> list[str]:
    return [role for role in ROLES if role not in PROGRAMS]


def _roles(visit: Visit) -> list[str]:
    wanted = visit.listed("roles")
    if set(wanted) & set(PROGRAMS):
        raise InputError("role_unknown", "程序的账号不在这里开设", remedy="用命令行开设", field="roles")
    return wanted


def _key(text: str) -> str:
    """An organisation's key as typed, with its last dot."""
    return text.strip().rstrip(".") + "."
