"""The one who acts: a person under a token, the system's own worker, or the insurer's program."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum

from services.core.db import Scope
from services.core.errors import NotPermitted


class Role(StrEnum):
    """The people of DESIGN; `system` and `insurer` are programs."""

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
    SYSTEM = "system"


REVIEWERS = frozenset({Role.DISTRICT_REVIEWER, Role.OFFICE_REVIEWER, Role.SENIOR_REVIEWER, Role.HEAD})
OFFICE = frozenset({Role.OFFICE_REVIEWER, Role.SENIOR_REVIEWER, Role.HEAD})


@dataclass(frozen=True, slots=True)
class Actor:
    """`org_key` ends in a dot and bounds what the actor sees; `person_id` is what separation compares.

    `acts_for`: the people whose proxy this person is on the day of the request.
    """

    account_id: uuid.UUID | None
    person_id: uuid.UUID | None
    org_key: str
    name: str
    roles: frozenset[str]
    acts_for: frozenset[uuid.UUID] = frozenset()

    @property
    def scope(self) -> Scope:
        """The row-security scope of this actor's transactions."""
        return Scope(self.org_key.rstrip("."), str(self.account_id or ""))

    def has(self, *roles: str) -> bool:
        """Whether any of these roles is held."""
        return not self.roles.isdisjoint(roles)

    def require(self, *roles: str, what: str) -> None:
        """Refuse unless one of the roles is held; deny by default."""
        if not self.has(*roles):
            raise NotPermitted("role_missing", f"{self.name} 没有“{what}”的权限",
                               remedy=f"需要角色：{'、'.join(sorted(roles))}")


def system(root: str) -> Actor:
    """The product's own worker at the root organisation ("cn")."""
    return Actor(None, None, f"{root.rstrip('.')}.", "系统", frozenset({Role.SYSTEM}))


def insurer(org_key: str, name: str) -> Actor:
    """The insurer's program, whose messages carry its signature."""
    return Actor(None, None, org_key, name, frozenset({Role.INSURER}))
