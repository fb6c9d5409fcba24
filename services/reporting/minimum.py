"""The least of personal data for each role (个人信息保护法 6, 19): one table. Numbers are masked for everybody but where it says so.

Who may not open a view at all is the doors' matter (services/api/who.py, the pages' roles); which claims and persons, the scope's.
A test walks every route and page as every role and holds the answers against `IN_FULL`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.access.actor import REVIEWERS, Actor, Role

FIELDS = ("id_number", "phone", "bank_account")
SHOWN: Mapping[str, tuple[int, int]] = {"id_number": (3, 4), "phone": (3, 4), "bank_account": (0, 4)}     # places at either end
_DESKS = frozenset({Role.UNIT_CLERK, *REVIEWERS})
_FINANCE = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER})
# Whose work ever needs a number in full, field by field; each time with a reason, and on the record. A program, a member, an
# administrator: never.
UNMASK: Mapping[str, frozenset[Role]] = {
    "id_number": _DESKS | _FINANCE | {Role.AUDITOR}, "phone": _DESKS | _FINANCE | {Role.AUDITOR},
    "bank_account": _DESKS | _FINANCE | {Role.AUDITOR}}
UNMASKS_AN_HOUR = 30        # ours: of one account, with the numbers it asked for in vain; who needs more works from lists made for it


@dataclass(frozen=True, slots=True)
class InFull:
    """An answer that holds numbers in full: which, for whom, and why it must."""

    fields: tuple[str, ...]
    roles: frozenset[Role]
    why: str


# By method and address, of the interface (with its /api/v1 left out) and of the pages.
IN_FULL: Mapping[str, InFull] = {
    "POST /people/{person_id}/unmask": InFull(FIELDS, _DESKS | _FINANCE | {Role.AUDITOR}, "看全号的唯一途径，写明理由并留痕"),
    "POST /claims/{claim_no}/unmask": InFull(FIELDS, _DESKS | {Role.AUDITOR}, "看全号的唯一途径，写明理由并留痕"),
    "GET /payment-runs/{run_id}/file": InFull(("bank_account",), _FINANCE | {Role.AUDITOR}, "银行按账号付款"),
    "GET /runs/{run_no}/file": InFull(("bank_account",), _FINANCE | {Role.AUDITOR}, "银行按账号付款"),
    "GET /me/privacy-requests/{request_no}/file": InFull(FIELDS, frozenset({Role.MEMBER}), "本人的副本"),
    "GET /privacy/requests/{request_no}/file": InFull(FIELDS, _DESKS, "凭本人签字的申请在柜台制作、当面交给本人的副本，下载留痕"),
}


def unmasks(actor: Actor) -> bool:
    """Whether this actor's work ever needs an identity number in full."""
    return actor.has(*UNMASK["id_number"])


def masked(field: str, value: str) -> str:
    """A number as lists show it."""
    first, last = SHOWN[field]
    return f"{value[:first]}{'*' * max(0, len(value) - first - last)}{value[-last:]}"
