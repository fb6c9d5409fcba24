"""One district from nothing: people, covers, histories, runs, letters, and all of it as rows with a whole record."""

from __future__ import annotations

from services.simulate.years import insured, letters, members, office, record, tree
from services.simulate.years.books import Books
from services.simulate.years.desk import CHINA
from services.simulate.years.history import History
from services.simulate.years.keys import key
from services.simulate.years.premium import Premiums
from services.simulate.years.rows import Tables
from services.simulate.years.runs import Run, Runs
from services.simulate.years.size import OFFICES, Place, Size
from services.simulate.years.steps import Walk
from services.simulate.years.world import District, Org, Told


def build(size: Size, place: Place, root: Org) -> Tables:
    """All rows of a district. The same size, seed and `now` give the same rows but for sealed values."""
    tables = Tables()
    roots = tree.offices(size, root)
    top, owner = roots[place.office], OFFICES[place.office]
    org, units, posts = tree.district(size, place, tree.cities(size, roots).get(place.index, top))
    series = f"{owner.series}{place.index + 1}"
    tables.add("organisation", org.id, org.parent, org.key, org.name, org.kind, None, org.name, series, owner.contact)
    for unit in units:
        tables.add("organisation", unit.id, unit.parent, unit.key, unit.name, unit.kind, None, None, None, None)
    tree.people_rows(size, posts, owner.region, tables)
    staff = tree.staff(tree.office_staff(size, roots)[place.office], posts)
    now = size.now.astimezone(CHINA)
    runs = Runs(place.index, top.key, staff.by_role["finance_maker"], staff.by_role["finance_checker"], now,
                size.chance("runs", place.index))
    district = District(place.index, top, org, units, staff, tree.insurer(size), owner.code.upper(), series, runs, now)
    people = members.people(size, place, tables)
    premiums = Premiums(size, place, district)
    told = members.claims(size, place, units, people, premiums, tables)
    premiums.write(tables)
    _claims(size, district, told, Books(size.chance("books", place.index), now, tables), tables)
    return tables


def _claims(size: Size, district: District, told: list[Told], books: Books, tables: Tables) -> None:
    chance = size.chance("walks", district.index)
    walks = []
    for claim in told:
        h = History(key(chance, claim.reported_at), district.units[claim.member.unit].key, claim.reported_at, district.now, chance,
                    claim.halt)
        walk = Walk(h, district, claim)
        (insured if walk.book.route == "insurer" else office).walk(walk)
        walks.append(walk)
    district.runs.number()
    letters.number(district, tables)
    for walk in walks:
        _write_claim(walk, size, tables)
        books.claim(walk)
    for run in district.runs.tables(tables):
        books.run(run)
        _write_run(run, tables)


def _write_claim(walk: Walk, size: Size, tables: Tables) -> None:
    h, claim = walk.h, walk.claim
    seq, head = _chain(h, tables)
    pay = h.clock("pay")
    claim |= {"audit_seq": seq, "audit_head": head, "updated_at": max(note.at for note in h.entries),
              "pay_due": pay.counted.due if pay else None}
    tables.extend("sla_clock", h.clock_lines(size.today))
    for table, row in h.rows:
        tables.row(table, row)


def _write_run(run: Run, tables: Tables) -> None:
    seq, head = _chain(run.history, tables)
    run.row |= {"audit_seq": seq, "audit_head": head}
    tables.row("payment_run", run.row)


def _chain(h: History, tables: Tables) -> tuple[int, bytes]:
    """The record in the order of time; gives the chain's last place and hash."""
    lines, seq, head = record.chain(h.chain_id, h.org_key, h.entries)
    tables.extend("audit_record", lines)
    return seq, head
