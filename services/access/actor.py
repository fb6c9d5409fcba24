"""The one who acts: a person under a token, the system's own worker, or the insurer's program."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from services.core.db import Scope
from services.core.errors import NotPermitted


class Role(StrEnum):
    """The people of DESIGN; `system`, `insurer` and `hospital` are programs."""

    MEMBER = "member"
    UNIT_CLERK = "unit_clerk"
    DISTRICT_REVIEWER = "district_reviewer"
    OFFICE_REVIEWER = "office_reviewer"
    SENIOR_REVIEWER = "senior_reviewer"
    HEAD = "head"
    FINANCE_MAKER = "finance_maker"
    FINANCE_CHECKER = "finance_checker"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    INSURER = "insurer"
    HOSPITAL = "hospital"
    SYSTEM = "system"


# What people call them, in the order of the work.
ROLE_WORDS: Mapping[str, str] = {
    Role.MEMBER: "会员", Role.UNIT_CLERK: "基层工会经办", Role.DISTRICT_REVIEWER: "区、产业工会审核", Role.OFFICE_REVIEWER: "办事处初审",
    Role.SENIOR_REVIEWER: "办事处复审", Role.HEAD: "办事处主任", Role.FINANCE_MAKER: "财务制单", Role.FINANCE_CHECKER: "财务复核",
    Role.AUDITOR: "审计", Role.ADMINISTRATOR: "管理员", Role.INSURER: "保险公司", Role.HOSPITAL: "定点医院",
    Role.SYSTEM: "系统"}


def role_words(roles: Iterable[str]) -> str:
    """办事处复审、办事处主任: any of these."""
    held = set(roles)
    return "、".join(words for role, words in ROLE_WORDS.items() if role in held)


REVIEWERS = frozenset({Role.DISTRICT_REVIEWER, Role.OFFICE_REVIEWER, Role.SENIOR_REVIEWER, Role.HEAD})
OFFICE = frozenset({Role.OFFICE_REVIEWER, Role.SENIOR_REVIEWER, Role.HEAD})
FINANCE = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER})
AT_CLAIMS = REVIEWERS | {Role.UNIT_CLERK}


# What may be lent to a substitute: work at a desk. Who sees everything, or runs the system, cannot be stood in for.
LENDABLE = REVIEWERS | {Role.UNIT_CLERK, Role.FINANCE_MAKER, Role.FINANCE_CHECKER}
# Whoever decides, pays, sees everything or runs the system signs in with a second factor; members and unit clerks may.
NEED_SECOND_FACTOR = (LENDABLE - {Role.UNIT_CLERK}) | {Role.AUDITOR, Role.ADMINISTRATOR}


@dataclass(frozen=True, slots=True)
class Lent:
    """A role of an absent colleague, held today by a substitute at that colleague's organisation."""

    account_id: uuid.UUID
    person_id: uuid.UUID
    role: str
    org_key: str


@dataclass(frozen=True, slots=True)
class Actor:
    """`org_key` ends in a dot and bounds what the actor sees; `person_id` is what separation compares.

    `acts_for`: the people whose proxy this person is on the day of the request. `stands_for`: the absent colleagues
    (persons) whose work this person does that day; in every separation check the actor counts as all of them. `roles`
    holds the own roles and the lent ones; `lent` says whose each lent one is.
    """

    account_id: uuid.UUID | None
    person_id: uuid.UUID | None
    org_key: str
    name: str
    roles: frozenset[str]
    acts_for: frozenset[uuid.UUID] = frozenset()
    stands_for: frozenset[uuid.UUID] = frozenset()
    lent: frozenset[Lent] = frozenset()

    @property
    def persons(self) -> frozenset[uuid.UUID]:
        """Everyone this actor counts as: the own person and the absent ones."""
        return self.stands_for | ({self.person_id} if self.person_id else frozenset())

    @property
    def scope(self) -> Scope:
        """The row-security scope of this actor's transactions."""
        return Scope(self.org_key.rstrip("."), str(self.account_id or ""))

    @property
    def below_office(self) -> bool:
        """A district's or a unit's: of a plan's money it sees its own branch only, which an office (`cn.xj.`) sees whole."""
        return len(self.org_key.strip(".").split(".")) > 2

    def has(self, *roles: str) -> bool:
        """Whether any of these roles is held."""
        return not self.roles.isdisjoint(roles)

    def as_member(self) -> Actor:
        """The same person as nothing but a member: who works at a desk too sees and does so only what is her own."""
        return replace(self, roles=frozenset({Role.MEMBER}), lent=frozenset(), stands_for=frozenset())

    def anywhere(self, root: str) -> Actor:
        """Herself in the house's sight ("cn"): only for a member's verb that has her in every condition. A reader of others stays."""
        return replace(self, org_key=f"{root}.") if self.roles <= {Role.MEMBER} else self

    def at(self, people: frozenset[Role]) -> Actor:
        """As whom a door for these people lets her in: where nothing but being a member opens it, as nothing but a member.

        Else she would pass it as a member, and be taken for staff behind it, who act for strangers.
        """
        return self.as_member() if self.roles & people == {Role.MEMBER} else self

    def require(self, *roles: str, what: str) -> None:
        """Refuse unless one of the roles is held; deny by default."""
        if not self.has(*roles):
            raise NotPermitted("role_missing", f"{self.name} 没有“{what}”的权限",
                               remedy=f"请由{role_words(roles)}办理")


def system(root: str) -> Actor:
    """The product's own worker at the root organisation ("cn")."""
    return Actor(None, None, f"{root.rstrip('.')}.", "系统", frozenset({Role.SYSTEM}))


def insurer(org_key: str, name: str) -> Actor:
    """The insurer's program, whose messages carry its signature."""
    return Actor(None, None, org_key, name, frozenset({Role.INSURER}))
