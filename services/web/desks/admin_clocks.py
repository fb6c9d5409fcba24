"""The clocks of every plan: what is promised, who is reminded when, to whom it goes up; and the form that proposes a change."""

from __future__ import annotations

from datetime import date

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import HuzhuError, InputError
from services.enrolment import tree
from services.models import Release
from services.releases import service
from services.releases.clock_policy import ALL_PLANS, KINDS, PLACES
from services.releases.clock_policy import ROLES as OWNERS
from services.reporting.clock_policies import plan_lines
from services.rulebook import registry
from services.web.claim_words import CLOCKS, ORIGINS, ROLES
from services.web.door import Pages
from services.web.language import N_
from services.web.office_words import PLACES as PLACES_WORDS
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
WHO = frozenset({Role.ADMINISTRATOR, Role.HEAD})
RUNGS = 3
BASES = {"law": N_("法定"), "promised": N_("条款或承诺"), "ours": N_("内部规定")}


@pages.get("/admin/clocks", roles=WHO)
def clocks(visit: Visit) -> Response:
    """The clocks of one plan, and the form."""
    return _page(visit)


@pages.post("/admin/clocks", roles=WHO)
def propose(visit: Visit) -> Response:
    """Propose a change for the visitor's organisation; another person releases it."""
    def run(session: Session) -> Release:
        try:
            own = tree.find(session, visit.actor.org_key)
            return service.propose(session, kind="clock_policy", payload=_payload(visit), effective_on=_day(visit),
                                   note=visit.field("note"), org_id=own.id, actor=visit.actor, now=visit.now)
        except InputError as error:
            raise InputError(error.code, error.message, remedy=error.remedy, field=_shown(error.field or "")) from None
    return visit.attempt(run, again=lambda error: _page(visit, error), then=lambda made: f"/releases/{made.id}", done="proposed")


def _page(visit: Visit, problem: HuzhuError | None = None) -> Response:
    names = plan_names()
    asked = visit.query.get("plan", "") or visit.field("of")
    plan = asked if asked in names else _first(visit.actor.org_key)
    lines = visit.read(lambda session: plan_lines(session, plan=plan, org_key=visit.actor.org_key, on=visit.today))
    return visit.page("admin_clocks.html", problem=problem, lines=lines, plan=plan, names=names, kinds=CLOCKS, origins=ORIGINS, roles=ROLES,
                      bases=BASES, places=PLACES_WORDS, all_plans=ALL_PLANS, clock_kinds=KINDS, owners=OWNERS, at=PLACES,
                      rungs=range(1, RUNGS + 1),
                      book=registry.latest(plan), here="clocks")


def _first(org_key: str) -> str:
    """A plan of the visitor's own office, by the code of its folder; any at the root."""
    office = org_key.split(".")[1] if org_key.count(".") > 1 else ""
    plans = sorted(plan_names())
    return next((plan for plan in plans if plan.startswith(f"{office}-")), plans[0])


def _payload(visit: Visit) -> dict[str, object]:
    """Only what was filled in is changed."""
    payload: dict[str, object] = {"plan": visit.field("plan"), "kind": visit.field("kind")}
    if visit.field("days"):
        payload["days"] = _number(visit, "days")
    if visit.field("warn"):
        payload["warn"] = [_share(part) for part in visit.field("warn").replace("，", " ").replace("、", " ").replace(",", " ").split()]
    rungs = [{"after": _number(visit, f"after{n}"), "days": visit.field("ladder_days") or "working", "role": visit.field(f"role{n}"),
              "at": visit.field(f"at{n}")} for n in range(1, RUNGS + 1) if visit.field(f"after{n}")]
    if rungs:
        payload["ladder"] = rungs
    if visit.field("owner"):
        payload["owner"] = {"role": visit.field("owner"), "at": visit.field("owner_at")}
    if visit.field("cutoff"):
        payload["cutoff"] = visit.field("cutoff")
    return payload


def _number(visit: Visit, name: str) -> int:
    written = visit.field(name)
    if not written.isdecimal() or len(written) > 4:
        raise InputError("not_a_number", f"“{written}”不是天数", remedy="写整数，如 10", field=name)
    return int(written)


def _share(written: str) -> float:
    """A share as people write one: 0.7, 70% or 70."""
    bare = written.removesuffix("%").removesuffix("％")
    if not bare.replace(".", "", 1).isdecimal() or len(bare) > 6:
        raise InputError("not_a_share", f"“{written}”不是比例", remedy="如 0.5 0.8 或 50% 80%", field="warn")
    whole, _, part = bare.partition(".")
    share: float = int(whole + part) / 10 ** len(part)
    return share / 100 if bare != written or share > 1 else share


def _day(visit: Visit) -> date:
    try:
        return date.fromisoformat(visit.field("effective_on"))
    except ValueError:
        raise InputError("day_wrong", "没有填写生效日", remedy="如 2026-12-01", field="effective_on") from None


def _shown(field: str) -> str:
    """The form's field for a key of the payload."""
    name = field.removeprefix("payload.")
    return {"ladder": "after1"}.get(name, name)
