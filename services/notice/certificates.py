"""参保证明: what the records say of a cover on a day, as a letter that anybody can check."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from services.access.actor import REVIEWERS, Actor, Role
from services.core.clock import business_day
from services.core.errors import InputError, NotFound
from services.core.money import show, to_yuan
from services.enrolment import cover_queries, queries
from services.enrolment.numbers import signing_office
from services.ledger import queries as ledger
from services.models import Cover, OfficeLetter, Organisation, Person
from services.notice.office_letters import About, issue
from services.rulebook import registry

CODE, SUFFIX = "cover_certificate", "证"
MAY_ASK = frozenset({Role.MEMBER, Role.UNIT_CLERK, *REVIEWERS})


def certify(session: Session, *, certificate_no: str, valid_on: date | None = None, actor: Actor, now: datetime) -> OfficeLetter:
    """The certificate of a cover as it stands on `valid_on` (today when empty), issued at once.

    Asked by the member for herself, her kin and whom she acts for, or at the unit and above. NotFound: a cover out of sight;
    InputError: a day to come, about which the records say nothing yet.
    """
    actor.require(*sorted(MAY_ASK), what="开具参保证明")
    found = cover_queries.by_certificate(session, certificate_no, lock=True)
    if actor.roles <= {Role.MEMBER} and not queries.may_act_for(session, actor, found.person_id):
        raise cover_queries.unknown(certificate_no)
    today = business_day(now)
    day = valid_on or today
    if day > today:
        raise InputError("valid_on_future", f"证明不能写到今天以后（{day}）", remedy="改正截至日期", field="valid_on")
    if found.ended_on is not None and found.ended_on < found.effective:
        raise InputError("cover_taken_back", "这一保障已整份撤销，没有可以证明的保障期间", remedy="核对凭证号", field="certificate_no")
    office = signing_office(session, found.org_key)
    about = About(CODE, str(found.id), found.org_key, SUFFIX, day, cover_id=found.id, person_id=found.person_id)
    return issue(session, about, _values(session, found, day, today), office=office, actor=actor, now=now)


def _values(session: Session, cover: Cover, day: date, today: date) -> dict[str, object]:
    """What the letter says of the cover, apart from number, seal and code."""
    person, unit = session.get_one(Person, cover.person_id), session.get_one(Organisation, cover.org_id)
    book = registry.version(cover.plan, cover.plan_from)
    premium = ledger.premiums(session, [cover.id])[cover.id]
    last = cover.ended_on or cover.until
    standing, now_standing = ("coming" if on < cover.effective else "in_force" if on <= last else "ended" for on in (day, today))
    waits = _waits(session, cover, day) if standing != "ended" else None
    return {
        "plan_name": book.name, "person_name": person.name, "person_role": "被保险人" if book.insurer else "会员",
        "id_number": queries.masked_number(person), "unit": unit.name, "certificate_no": cover.certificate_no,
        "policy_no": cover.policy_no, "insurer_name": book.insurer, "effective": cover.effective, "until": cover.until,
        "ended_on": cover.ended_on, "shares": cover.shares, "due": show(to_yuan(premium.due_fen or cover.premium_fen)),
        "paid": show(to_yuan(premium.paid_fen)), "valid_on": day, "standing": standing, "waits_until": waits[0] if waits else None,
        "waiting_source": waits[1] if waits else None,
        "liabilities": [{"benefit": one.name, "clause": one.clause, "state": one.state if now_standing == "in_force" else now_standing}
                        for one in cover_queries.liabilities(session, cover)]}


def _waits(session: Session, cover: Cover, day: date) -> tuple[date, str] | None:
    """The last day of a waiting period that is not over on the day, and its clause."""
    rule = registry.version(cover.plan, cover.plan_from).waiting
    if rule is None or rule.days.high is None or (rule.unless == "cover.renewal" and cover.renewal):
        return None
    start = cover_queries.waiting_start(cover, queries.covers_of(session, cover.person_id, cover.plan))
    last = start + timedelta(days=rule.days.high - 1)
    return (last, rule.clause) if last >= day else None


def newest(session: Session, *, certificate_no: str, actor: Actor) -> OfficeLetter:
    """The last certificate of a cover that still stands. NotFound when none does, or the cover is out of the actor's sight."""
    actor.require(*sorted(MAY_ASK), what="下载参保证明")
    found = cover_queries.by_certificate(session, certificate_no)
    if actor.roles <= {Role.MEMBER} and not queries.may_act_for(session, actor, found.person_id):
        raise cover_queries.unknown(certificate_no)
    row = session.exec(select(OfficeLetter).where(
        OfficeLetter.code == CODE, OfficeLetter.subject == str(found.id), col(OfficeLetter.voided_at).is_(None),
        col(OfficeLetter.replaced_by).is_(None)).order_by(col(OfficeLetter.issued_at).desc(), col(OfficeLetter.serial).desc())
        .limit(1)).first()
    if row is None:
        raise NotFound("certificate_missing", "还没有开具参保证明", remedy="先开具参保证明")
    return row
