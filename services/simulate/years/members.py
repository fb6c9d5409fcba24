"""The members of a district, their cards and covers, and the claims they are going to make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from services.core.crypto import key_ring
from services.core.errors import InputError
from services.core.ids import check_digit
from services.core.money import to_fen
from services.enrolment.people import CARD, ID_NUMBER, PHONE
from services.rulebook.registry import resolve
from services.rulebook.schema import RuleBook
from services.simulate.synthetic import Sex, synthetic_card, synthetic_id, synthetic_name, synthetic_phone
from services.simulate.years import plans
from services.simulate.years.desk import at, in_hours
from services.simulate.years.keys import Chance, key
from services.simulate.years.plans import EVENTS, FOR_WOMEN, SHARES, Cover, Words, event_day, last_day
from services.simulate.years.premium import Premiums
from services.simulate.years.rows import Tables
from services.simulate.years.size import OFFICES, Place, Size
from services.simulate.years.tree import began
from services.simulate.years.world import Held, Member, Org, Told
from services.workdays.calendar import DAY

_BORN, _BIRTHDAYS = date(1970, 1, 1), 11_000
_BANKS = ("ICBC", "CCB")
_WOMEN = 0.7
_RENEWED = 0.85
# Where some histories stay, with the days before `now` of their report: every state has its claims, however few there are.
_HALTS = (("reported", 0, 1), ("supplementing", 7, 18), ("verified", 6, 12), ("in_review", 7, 20), ("with_insurer", 12, 25),
          ("payable", 18, 30), ("returned", 26, 40), ("refused", 25, 35), ("paid", 32, 45), ("lapsed", 70, 90),
          ("cancelled", 7, 20), ("withdrawn", 12, 25))
_EVERY = 60                 # one of each kind among so many claims
_SEASONS = (1.2, 0.7, 1.1, 1.1, 1.0, 1.0, 0.9, 0.9, 1.0, 0.9, 1.1, 1.1)     # reports by month; February has the festival
_UNLISTED = 0.03
_TRIES = 200


@dataclass(slots=True)
class _Draft:
    """A claim as drawn, before its cover is known to be a renewal."""

    member: Member
    book: RuleBook
    effective: date
    event: Words
    reported_at: datetime
    halt: str


def people(size: Size, place: Place, tables: Tables) -> list[Member]:
    """The district's members with their sealed numbers and cards."""
    office, chance, ring, joined = OFFICES[place.office], size.chance("members", place.index), key_ring(), began(size)
    only_women = all(plan in FOR_WOMEN for plan in office.plans)
    found = []
    for nth in range(place.members):
        number = place.first_member + nth
        sex: Sex = "F" if only_women or chance.random() < _WOMEN else "M"
        born = _BORN + timedelta(days=number * 7919 % _BIRTHDAYS)
        id_number, bank = synthetic_id(office.region, born, number // _BIRTHDAYS % 500, sex), _BANKS[number % len(_BANKS)]
        card = synthetic_card(bank, number)
        member = Member(key(chance, joined), number, synthetic_name(number, sex), born, sex, key(chance, joined), bank,
                        nth % place.units)
        tables.add("person", member.id, member.name, ring.seal(id_number, field=ID_NUMBER),
                   ring.index(id_number, field=ID_NUMBER), born, sex, "normal",
                   ring.seal(synthetic_phone(number), field=PHONE), joined)
        tables.add("bank_card", member.card, member.id, ring.seal(card, field=CARD), ring.index(card, field=CARD), card[-4:], bank,
                   member.name, joined)
        found.append(member)
    return found


def claims(size: Size, place: Place, units: Sequence[Org], members: Sequence[Member], premiums: Premiums,
           tables: Tables) -> list[Told]:
    """Covers for everybody, and the claims in order of their reports, computed by the columns reading."""
    chance = size.chance("claims", place.index)
    taken: dict[tuple[int, str], set[date]] = {}
    drafts = [_draft(size, place, members[nth % len(members)], nth, taken, chance) for nth in range(place.claims)]
    drafts.sort(key=lambda draft: draft.reported_at)
    certificates = _Certificates(place)
    held = [_cover(draft.member, draft.book, draft.effective, taken, chance) for draft in drafts]
    paid = _computed(drafts, held)

    def entered(held: Held, member: Member, *, claimed: bool) -> None:
        for one in filter(None, (held.former, held)):
            _cover_row(one, member, units, certificates, tables)
            premiums.cover(one, member, claimed=claimed)

    told = []
    for nth, (draft, cover) in enumerate(zip(drafts, held, strict=True)):
        told.append(Told(draft.member, cover, draft.event, event_day(draft.event), draft.reported_at, draft.halt,
                         place.first_claim + nth + 1, paid[nth]))
        entered(cover, draft.member, claimed=True)
    for member in members[place.claims:]:
        book = _books(_plans_of(member, place)[0], size.today)
        cover = _cover(member, book, _effective(member, size.today), taken, chance)
        entered(cover, member, claimed=False)
    return told


def _computed(drafts: Sequence[_Draft], held: Sequence[Held]) -> list[plans.Paid]:
    found: dict[int, plans.Paid] = {}
    by_book: dict[str, list[int]] = {}
    for nth, draft in enumerate(drafts):
        by_book.setdefault(draft.book.digest, []).append(nth)
    for places in by_book.values():
        done = plans.compute(drafts[places[0]].book, [(drafts[nth].event, held[nth].terms) for nth in places])
        found.update(zip(places, done, strict=True))
    return [found[nth] for nth in range(len(drafts))]


def _plans_of(member: Member, place: Place) -> list[str]:
    return [plan for plan in OFFICES[place.office].plans if member.sex == "F" or plan not in FOR_WOMEN]


def _books(plan: str, day: date) -> RuleBook:
    return resolve(plan, day)


def _effective(member: Member, day: date) -> date:
    """The unit's covers begin on the first of its month, every year."""
    month = member.unit % 12 + 1
    return date(day.year - (day.month < month), month, 1)


def _draft(size: Size, place: Place, member: Member, nth: int, taken: dict[tuple[int, str], set[date]],
           chance: Chance) -> _Draft:
    """A claim on a cover that has none yet: plan, day and illness are drawn until they fit."""
    halt, early, late = _HALTS[nth % _EVERY] if nth % _EVERY < len(_HALTS) else ("", 0, 0)
    for attempt in range(_TRIES):
        if attempt == _TRIES // 2:
            halt = ""                   # this member's present covers are all spent
        plan = chance.choice(_plans_of(member, place))
        reported = _reported(size, (early, late) if halt else None, chance)
        day = reported.date() - DAY * min(35, int(chance.lognormvariate(1.3, 0.8)))
        effective = _effective(member, day)
        used = taken.setdefault((member.number, plan), set())
        if effective not in used:
            event = EVENTS[plan](chance, day, len(used), halt == "refused" or (not halt and chance.random() < _UNLISTED))
            used.add(effective)
            return _Draft(member, _books(plan, day), effective, event, reported, halt)
    raise RuntimeError("no cover is left for a claim")


def _reported(size: Size, days: tuple[int, int] | None, chance: Chance) -> datetime:
    """An office hour of a day: some days ago, or anywhere in the two years by season."""
    if days:
        raw = size.now - timedelta(days=days[0], seconds=3600 + chance.randrange(86_400 * max(1, days[1] - days[0])))
    else:
        while True:
            day = size.since + DAY * chance.randrange((size.today - size.since).days)
            if chance.random() * max(_SEASONS) < _SEASONS[day.month - 1]:
                break
        raw = at(day, 9) + timedelta(seconds=chance.randrange(30_000))
    moved = in_hours(raw, chance)
    return moved if moved < size.now else raw       # on a day off the member reports from home


def _cover(member: Member, book: RuleBook, effective: date, taken: dict[tuple[int, str], set[date]],
           chance: Chance) -> Held:
    """A year's cover; renewed when the member had the one before, which then is there."""
    year_before, years = effective.replace(year=effective.year - 1), taken.get((member.number, book.plan), set())
    shares = 1 + chance.randrange(SHARES.get(book.plan, 1))
    former, renewal = None, year_before in years
    if not renewal and chance.random() < _RENEWED:
        former = _former(member, book.plan, year_before, shares, years, chance)
        renewal = former is not None
    return Held(key(chance, at(effective, 0)), book, _terms(member, book, effective, shares, renewal=renewal), former)


def _former(member: Member, plan: str, effective: date, shares: int, years: set[date], chance: Chance) -> Held | None:
    """The year's cover before, on which nobody claimed; None when the plan was not there yet."""
    book = _book_then(plan, effective)
    if book is None:
        return None
    renewal = effective.replace(year=effective.year - 1) in years
    return Held(key(chance, at(effective, 0)), book, _terms(member, book, effective, shares, renewal=renewal))


def _terms(member: Member, book: RuleBook, effective: date, shares: int, *, renewal: bool) -> Cover:
    return Cover(effective, last_day(effective), renewal, shares, to_fen(book.fee_due(shares)), member.born, member.sex)


@cache
def _book_then(plan: str, effective: date) -> RuleBook | None:
    try:
        return resolve(plan, effective)
    except InputError as error:
        if error.code == "before_first_version":
            return None
        raise


class _Certificates:
    """Certificate numbers of a district: a range of its office's own."""

    def __init__(self, place: Place) -> None:
        self._code, self._serial = f"{OFFICES[place.office].code.upper()}BZ", 2 * (place.first_member + place.first_claim)

    def draw(self, year: int) -> str:
        """The next one."""
        self._serial += 1
        body = f"{year}{self._serial:07d}"
        return f"{self._code}{body}{check_digit(body)}"


def _cover_row(held: Held, member: Member, units: Sequence[Org], certificates: _Certificates, tables: Tables) -> None:
    terms, unit = held.terms, units[member.unit]
    tables.add("cover", held.id, unit.key, held.book.plan, held.book.from_, member.id, unit.id, terms.effective, terms.until,
               terms.renewal, terms.shares, "employee", terms.premium_fen, "self", certificates.draw(terms.effective.year), False,
               at(terms.effective - DAY * 7, 10))
