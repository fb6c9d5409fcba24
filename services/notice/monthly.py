"""The month told up and down the tree: a 报告 to the organisation above with the units' table, a 通知 to those beneath.

Both are made by a person's button once the month is over, and frozen with their figures. Asked again with nothing changed, the one
that stands is given back; when figures changed since, the next one takes its place and names it and why.
"""

from __future__ import annotations

import hashlib
import uuid
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import OFFICE, Actor, Role
from services.core.clock import business_day
from services.core.errors import Conflict, GuardFailed, InputError, NotFound
from services.core.money import show, to_yuan
from services.core.texts import written
from services.core.words import uppercase
from services.enrolment.numbers import ancestor_keys, signing_office
from services.models import OfficeLetter, Organisation
from services.notice import office_letters
from services.notice.month_book import workbook
from services.notice.month_figures import OUTCOMES, PROMISES, STAGES, Month, Tally, figures
from services.notice.office_letters import About
from services.storage import service as storage

Kind = Literal["report", "notice"]
CODE = "monthly_summary"
SUFFIXES: Mapping[str, str] = {"report": "报", "notice": "发"}        # of the series
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtext('monthly:' || :subject))")
MAKERS = frozenset({Role.DISTRICT_REVIEWER, Role.SENIOR_REVIEWER, Role.HEAD})
READERS = OFFICE | {Role.DISTRICT_REVIEWER, Role.AUDITOR}
SHOWN = 12              # organisations beneath that a report itself lists; of more, only the table tells
NAMED = 6               # addressees by name; more are addressed together
# What a letter says that a correction may change; words and days around it are no figures.
FIGURES = ("reported", "asked", "decided", "outcomes", "benefit", "refund", "credited", "manual", "open", "stages", "promises", "lines",
           "enclosure_sha256")


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be issued: figures, to whom, and the letter that stands for the month, if any. `changed`: the figures are others now."""

    month: Month
    addressees: tuple[str, ...]
    standing: OfficeLetter | None
    changed: bool


def issue(session: Session, *, kind: Kind, month: date, why: str = "", actor: Actor, now: datetime) -> OfficeLetter:
    """The letter of the actor's own organisation on a month, or the one that stands and still says what the records say.

    `why`: asked when a standing one is corrected. InputError: a month that is not over. Conflict: figures changed and no reason was
    given. GuardFailed: nobody above to report to, nobody beneath to tell.
    """
    actor.require(*sorted(MAKERS), what="签发月度情况报告和通知")
    org, first, last = asked(session, month, actor, now)
    about = _about(kind, org, first, last)
    session.execute(_LOCK, {"subject": about.subject})
    found = figures(session, org_key=org.org_key, name=organ(org), first=first, last=last)
    table = workbook(found, period=period(first))
    values = _values(kind, found, table, first, last) | _around(session, kind, org, found, first, actor, now)
    former = standing(session, about)
    if former is not None:
        if not _changed(former, values):
            return former
        if not why.strip():
            raise Conflict("figures_changed", f"{former.number}签发以后数据有变动", remedy="写明更正的原因，签发新的一份代替它",
                           field="why")
        values |= {"instead_of": former.number, "why": written(why, "why")}
    if kind == "report":
        storage.put(table)
    return office_letters.issue(session, about, values, office=signer(session, org), actor=actor, now=now)


def draft(session: Session, *, kind: Kind, month: date, actor: Actor, now: datetime) -> Draft:
    """What `issue` would say now."""
    actor.require(*sorted(READERS), what="查看月度情况")
    org, first, last = asked(session, month, actor, now)
    found = figures(session, org_key=org.org_key, name=organ(org), first=first, last=last)
    former = standing(session, _about(kind, org, first, last))
    values = _values(kind, found, workbook(found, period=period(first)), first, last)
    return Draft(found, _addressees(session, kind, org, found), former, former is not None and _changed(former, values))


def listed(session: Session, *, actor: Actor, skip: int = 0, limit: int = 50) -> list[OfficeLetter]:
    """Reports and notices in sight, newest month first."""
    actor.require(*sorted(READERS), what="查看月度情况报告和通知")
    return list(session.exec(select(OfficeLetter).where(OfficeLetter.code == CODE).order_by(
        col(OfficeLetter.valid_on).desc(), col(OfficeLetter.org_key), col(OfficeLetter.issued_at).desc()).offset(skip).limit(limit)))


def one(session: Session, letter_id: uuid.UUID, *, actor: Actor) -> OfficeLetter:
    """A report or a notice. NotFound, also when it is another letter."""
    actor.require(*sorted(READERS), what="查看月度情况报告和通知")
    row = office_letters.letter(session, letter_id)
    if row.code != CODE:
        raise office_letters.missing()
    return row


def table(session: Session, letter_id: uuid.UUID, *, actor: Actor) -> bytes:
    """The enclosed table as it was frozen. NotFound for a notice, which has none."""
    digest = one(session, letter_id, actor=actor).context.get("enclosure_sha256")
    if not isinstance(digest, str):
        raise NotFound("table_missing", "通知没有附表", remedy="附表随报告保存")
    return storage.get(digest)


def kind_of(text: str) -> Kind:
    """The kind of that name. InputError for another."""
    if text == "report":
        return "report"
    if text == "notice":
        return "notice"
    raise InputError("kind_unknown", f"没有“{text}”这一种", remedy=f"可选：{'、'.join(SUFFIXES)}", field="kind")


def asked(session: Session, month: date, actor: Actor, now: datetime) -> tuple[Organisation, date, date]:
    """The actor's organisation with the month's first and last day. InputError: it is not over."""
    first, last = month.replace(day=1), month.replace(day=monthrange(month.year, month.month)[1])
    if last >= business_day(now):
        raise InputError("month_not_over", f"{period(first)}还没有结束", remedy="月份结束后再签发", field="month")
    org = session.exec(select(Organisation).where(Organisation.org_key == actor.org_key)).one()
    return org, first, last


def _about(kind: str, org: Organisation, first: date, last: date) -> About:
    return About(CODE, f"{org.id}:{first:%Y-%m}:{kind}", org.org_key, SUFFIXES[kind], last)


def standing(session: Session, about: About) -> OfficeLetter | None:
    """The letter that is valid for the month."""
    return session.exec(select(OfficeLetter).where(
        OfficeLetter.code == about.code, OfficeLetter.subject == about.subject, col(OfficeLetter.voided_at).is_(None),
        col(OfficeLetter.replaced_by).is_(None)).order_by(col(OfficeLetter.issued_at).desc())).first()


def signer(session: Session, org: Organisation) -> Organisation:
    """Who signs: the organisation itself. One without a series of its own has a part of its office's, told apart by its name."""
    if org.letter_organ and org.letter_series:
        return org
    office = signing_office(session, org.org_key)
    place = org.name.removesuffix("工会委员会").removesuffix("总工会").removesuffix("工会")
    return Organisation(id=org.id, org_key=org.org_key, name=org.name, kind=org.kind, letter_organ=organ(org),
                        letter_series=f"{office.letter_series}{''.join(place.split()) or org.name}", contact=org.contact)


def organ(org: Organisation) -> str:
    """As an organisation signs."""
    return org.letter_organ or org.name


def _addressees(session: Session, kind: str, org: Organisation, found: Month) -> tuple[str, ...]:
    if kind == "notice":
        if not found.children:
            raise GuardFailed("nobody_beneath", "本组织没有下级组织，不必发通知", remedy="向上级报告即可")
        names = tuple(one.name for one in found.children)
        return names if len(names) <= NAMED else ("各下级工会组织",)
    return (above(session, org),)


def above(session: Session, org: Organisation) -> str:
    """The organ that a report goes to. GuardFailed: nobody is above."""
    found = session.exec(select(Organisation).where(col(Organisation.org_key).in_(ancestor_keys(org.org_key)[:-1]))).all()
    if not found:
        raise GuardFailed("nobody_above", "本组织没有上级组织，不必报告", remedy="向下级通知即可")
    return organ(max(found, key=lambda one: len(one.org_key)))


def _around(session: Session, kind: str, org: Organisation, found: Month, first: date, actor: Actor, now: datetime) -> dict[str, object]:
    """What stands about the figures."""
    said: dict[str, object] = {"addressees": list(_addressees(session, kind, org, found)), "printed_by": organ(org),
                               "printed_on": business_day(now)}
    if kind == "report":
        said |= {"signer": actor.name, "enclosures": [f"{period(first)}各单位理赔情况表（XLSX）"]}
    return said


def _values(kind: str, found: Month, table: bytes, first: date, last: date) -> dict[str, object]:
    """The figures as the letter's values, written as they are kept."""
    whole, beneath = found.whole, found.children
    values: dict[str, object] = {
        "units": len(found.units), "period": period(first), "from_on": first.isoformat(), "until_on": last.isoformat(),
        "reported": whole.n("reported"), "asked": whole.n("asked"), "decided": whole.decided,
        "outcomes": [{"words": words, "count": whole.n(code)} for code, words in OUTCOMES.items()],
        "benefit": _sum(whole.n("pay") + whole.n("part"), whole.benefit_fen), "refund": _of(whole, "refund"),
        "credited": _of(whole, "credited"), "manual": _of(whole, "manual"), "open": whole.open,
        "stages": [{"words": words, "count": whole.stages.get(state, 0)} for state, words in STAGES.items()],
        "promises": [dict(zip(("words", "kept", "missed", "late"), (words, *whole.promised[code]), strict=True))
                     for code, words in PROMISES.items() if code in whole.promised],
        "lines": _lines(beneath if kind == "notice" or len(beneath) <= SHOWN else ())}
    if kind == "report":
        values["enclosure_sha256"] = hashlib.sha256(table).hexdigest()
    return values


def _lines(rows: Sequence[Tally]) -> list[dict[str, object]]:
    return [{"name": one.name, "reported": one.n("reported"), "decided": one.decided, "amount": show(to_yuan(one.benefit_fen)),
             "open": one.open, "late": one.broken} for one in rows]


def _of(whole: Tally, what: str) -> dict[str, object]:
    return _sum(whole.n(what), whole.fen.get(what, 0))


def _sum(count: int, fen: int) -> dict[str, object]:
    return {"count": count, "amount": show(to_yuan(fen)), "words": uppercase(to_yuan(fen))}


def _changed(former: OfficeLetter, values: Mapping[str, object]) -> bool:
    return any(former.context.get(name) != values.get(name) for name in FIGURES)


def period(first: date) -> str:
    """In words: 2026年3月."""
    return f"{first.year}年{first.month}月"
