"""Organisations and the people at work: offices written once, each district with its units by itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.access.actor import Role
from services.core.crypto import key_ring
from services.enrolment.people import ID_NUMBER, PHONE
from services.simulate.synthetic import Sex, synthetic_id, synthetic_name, synthetic_phone
from services.simulate.years.books import opening
from services.simulate.years.desk import Staff, Who, at
from services.simulate.years.keys import key
from services.simulate.years.rows import Tables
from services.simulate.years.size import OFFICES, Place, Size
from services.simulate.years.world import Org

_OFFICE_ROLES = ((Role.OFFICE_REVIEWER.value, 6), (Role.SENIOR_REVIEWER.value, 2), (Role.HEAD.value, 1), (Role.FINANCE_MAKER.value, 2),
                 (Role.FINANCE_CHECKER.value, 2))
_DISTRICT_REVIEWERS = 2
_BY_CITY = 10               # districts of a city
_STAFF_BORN, _A_DAY = date(1966, 1, 1), 450
_OPENING_FEN = 10**15
_INDUSTRY = 5               # every fifth place of Beijing is an industry


@dataclass(frozen=True, slots=True)
class Post:
    """Somebody at work: account and person, role, organisation, and the person's number in the region."""

    who: Who
    role: str
    org: Org
    number: int
    login: str


def began(size: Size) -> datetime:
    """When organisations and accounts were set up."""
    return at(size.since - timedelta(days=60), 9)


def offices(size: Size, root: Org) -> tuple[Org, ...]:
    """The three offices under the root."""
    chance = size.chance("offices")
    return tuple(Org(key(chance, began(size)), root.id, f"{root.key}{office.code}.", office.name, "office") for office in OFFICES)


def cities(size: Size, roots: tuple[Org, ...]) -> dict[int, Org]:
    """The city above each district's index; Beijing has none."""
    found: dict[int, Org] = {}
    made: dict[tuple[int, int], Org] = {}
    for place in size.places:
        if place.office == 0:
            continue
        number = place.index // _BY_CITY
        if (place.office, number) not in made:
            office = roots[place.office]
            made[place.office, number] = Org(key(size.chance("city", place.index), began(size)), office.id,
                                             f"{office.key}c{number:02d}.", f"示例第{number + 1}市总工会", "city")
        found[place.index] = made[place.office, number]
    return found


def office_staff(size: Size, roots: tuple[Org, ...]) -> list[list[Post]]:
    """Who works at each office; the numbers are the first of its region."""
    found = []
    for org in roots:
        number, posts = 0, []
        for role, count in _OFFICE_ROLES:
            for nth in range(count):
                posts.append(_post(size, role, org, number, nth))
                number += 1
        found.append(posts)
    return found


def _post(size: Size, role: str, org: Org, number: int, nth: int) -> Post:
    chance = size.chance(f"post/{org.key}", number)
    who = Who(key(chance, began(size)), key(chance, began(size)), synthetic_name(number, _sex(number)))
    return Post(who, role, org, number, f"{org.key}{role}.{nth + 1}")


def _sex(number: int) -> Sex:
    return "F" if number % 2 else "M"


def district(size: Size, place: Place, parent: Org) -> tuple[Org, tuple[Org, ...], list[Post]]:
    """A district, its units, its reviewers and each unit's one clerk."""
    chance = size.chance("district", place.index)
    industry = place.office == 0 and place.index % _INDUSTRY == _INDUSTRY - 1
    name = f"示例{place.index + 1}{'产业' if industry else '区'}工会"
    org = Org(key(chance, began(size)), parent.id, f"{parent.key}d{place.index:03d}.", name, "industry" if industry else "district")
    units = tuple(Org(key(chance, began(size)), org.id, f"{org.key}u{nth:04d}.", f"示例{place.index + 1}-{nth + 1}单位工会", "unit")
                  for nth in range(place.units))
    first = 100 + place.first_unit + place.index * _DISTRICT_REVIEWERS
    posts = [_post(size, Role.DISTRICT_REVIEWER.value, org, first + nth, nth) for nth in range(_DISTRICT_REVIEWERS)]
    posts += [_post(size, Role.UNIT_CLERK.value, unit, first + _DISTRICT_REVIEWERS + nth, 0) for nth, unit in enumerate(units)]
    return org, units, posts


def staff(office: Iterable[Post], local: Iterable[Post]) -> Staff:
    """The desks of a district."""
    by_role: dict[str, list[Who]] = {}
    clerks = []
    for post in (*office, *local):
        if post.role == Role.UNIT_CLERK.value:
            clerks.append(post.who)
        else:
            by_role.setdefault(post.role, []).append(post.who)
    return Staff(tuple(clerks), {role: tuple(people) for role, people in by_role.items()})


def insurer(size: Size) -> Who:
    """The insurer's program."""
    return Who(key(size.chance("insurer"), began(size)), None, "承保公司")


def base_rows(size: Size, root: Org, tables: Tables) -> None:
    """Offices, cities, their people, the insurer's account, funds and the last numbers of claims, cases, certificates, runs."""
    roots = offices(size, root)
    for org, office in zip(roots, OFFICES, strict=True):
        tables.add("organisation", org.id, org.parent, org.key, org.name, org.kind, office.office, office.name,
                   f"{office.series}总", office.contact)
    for city in {org.key: org for org in cities(size, roots).values()}.values():
        tables.add("organisation", city.id, city.parent, city.key, city.name, city.kind, None, None, None, None)
    for posts, office in zip(office_staff(size, roots), OFFICES, strict=True):
        people_rows(size, posts, office.region, tables)
    program = insurer(size)
    tables.add("account", program.account, "insurer.simulated", "insurer", program.name, None, root.id, root.key, True, began(size))
    tables.add("role_grant", program.account, Role.INSURER.value)
    chance = size.chance("funds")
    for plan in sorted({plan for office in OFFICES for plan in office.plans}):
        fund = key(chance, began(size))
        tables.add("fund", fund, plan, _OPENING_FEN)
        opening(chance, fund, plan, _OPENING_FEN, root.key, began(size), tables)
    years = range(size.since.year - 1, size.today.year + 1)
    for year in years:
        tables.add("number_series", "payment_run", year, (len(size.places) + 1) * 1000)
        for office in OFFICES:
            for series in (f"no:{office.code.upper()}", f"no:BA{office.code.upper()}"):
                tables.add("number_series", series, year, size.claims)
            tables.add("number_series", f"no:{office.code.upper()}BZ", year, 2 * (size.members + size.claims))
            tables.add("number_series", f"no:SK{office.code.upper()}", year, size.orgs * max(len(one.plans) for one in OFFICES))


def people_rows(size: Size, posts: Iterable[Post], region: str, tables: Tables) -> None:
    """Persons, accounts and roles of people at work."""
    ring, born_at = key_ring(), began(size)
    for post in posts:
        assert isinstance(post.who.person, uuid.UUID)
        born, sex = _STAFF_BORN + timedelta(days=post.number // _A_DAY), _sex(post.number)
        number = synthetic_id(region, born, post.number % _A_DAY, sex)
        tables.add("person", post.who.person, post.who.name, ring.seal(number, field=ID_NUMBER),
                   ring.index(number, field=ID_NUMBER), born, sex, "normal",
                   ring.seal(synthetic_phone(post.number), field=PHONE), born_at)
        tables.add("account", post.who.account, post.login, "person", post.who.name, post.who.person, post.org.id, post.org.key,
                   True, born_at)
        tables.add("role_grant", post.who.account, post.role)
