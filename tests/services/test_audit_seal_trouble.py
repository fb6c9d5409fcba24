"""The day's seal in trouble: two who seal at once, a night that could not write, a clock turned back, a place somebody tampered with."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.audit import sealing, spans
from services.audit.since import check_days, stands
from services.core.errors import Conflict
from tests.services.test_audit_seal import House, Superuser, cut, forged, spoiled, template
from tests.support.databases import Fresh
from tests.support.world import ROOT

__all__ = ["spoiled", "template"]
DAY = timedelta(days=1)


@pytest.fixture
def house(template: tuple[Fresh, House]) -> Iterator[House]:
    """The two sealed claims; days after the first leave the place again."""
    yield template[1]
    for later in sorted((template[1].folder / "days").iterdir())[1:]:
        later.unlink()


def findings(house: House) -> set[tuple[str, str]]:
    found = [*check_days(house.db, ROOT.scope, house.place, house.keys), *stands(house.db, ROOT.scope, place=house.place, keys=house.keys)]
    return {(one.code, one.chain_id) for one in found}


@pytest.mark.usefixtures("spoiled")
def test_of_two_who_seal_at_once_both_give_the_same_day(house: House) -> None:
    both, rows = threading.Barrier(2, timeout=20), []

    def seal(minutes: int) -> None:
        at = house.now + DAY + timedelta(minutes=minutes)

        def read(_done: int) -> None:
            both.wait()             # both are reading, neither has written

        rows.append(sealing.seal(house.db, ROOT.scope, place=house.place, keys=house.keys, day=at.date(), now=at, tell=read))

    workers = [threading.Thread(target=seal, args=(minutes,)) for minutes in (0, 1)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(60)
    assert len(rows) == 2 and rows[0].statement == rows[1].statement and all(row.exported_at for row in rows)
    assert findings(house) == set()


def test_a_night_that_could_not_write_is_written_the_next_night(house: House, spoiled: Superuser) -> None:
    row = house.seal(house.now + DAY)
    (house.folder / "days" / "2026-03-21.json").unlink()
    spoiled.execute("UPDATE audit_seal SET exported_at = NULL WHERE day = '2026-03-21'")
    assert findings(house) == set()         # owed, which the list of stopped work tells
    assert sealing.parsed(house.seal(house.now + 2 * DAY).statement).previous == sealing.parsed(row.statement).sha256
    assert (house.folder / "days" / "2026-03-21.json").exists() and findings(house) == set()


def test_a_day_that_lies_there_is_asked_whatever_the_database_says_of_it(house: House, spoiled: Superuser) -> None:
    spoiled.execute("UPDATE audit_seal SET exported_at = NULL, statement = replace(statement, '\"losses\":0', '\"losses\":7')")
    assert findings(house) == {("seal_changed", "2026-03-20")}
    assert house.seal(house.now + DAY).exported_at, "one day that was touched does not stop the next"
    assert ("seal_changed", "2026-03-20") in findings(house)


@pytest.mark.usefixtures("spoiled")
def test_with_the_clock_turned_back_nothing_is_put_in_between(house: House) -> None:
    house.seal(house.now + 3 * DAY)
    with pytest.raises(Conflict, match="之后的 2026-03-23 已经封存"):
        house.seal(house.now + 2 * DAY)
    assert house.seal(house.now + timedelta(hours=1)).at == house.row.at
    assert findings(house) == set()


def test_a_seal_does_not_hide_a_chain_that_was_written_anew_before_it(house: House, spoiled: Superuser) -> None:
    forged(spoiled, house.sealed[0])
    assert house.seal(house.now + DAY).losses == 1
    assert findings(house) == {("seal_losses", "2026-03-21")}


def test_a_spoiled_place_hides_no_other_finding(house: House, spoiled: Superuser) -> None:
    cut(spoiled, house.sealed[0])
    named = {span.first: span.sha256 for span in sealing.parsed(house.row.statement).spans}
    file = house.folder / spans.name_of(named[str(house.sealed[1])])
    written = file.read_bytes()
    house.seal(house.now + DAY)
    newest = house.folder / "days" / "2026-03-21.json"
    try:
        file.write_bytes(gzip.compress(b"nothing"))
        newest.write_bytes(newest.read_bytes().replace(b'\\"losses\\":1', b'\\"losses\\":0'))
        (newest.parent / "notes.json").write_text("{}")
        (newest.parent / "2026-02-30.json").write_text("{}")
        assert findings(house) == {("seal_changed", "2026-03-21"), ("place_damaged", "2026-03-20"),
                                   ("tail_missing", str(house.sealed[0]))}
    finally:
        file.write_bytes(written)

