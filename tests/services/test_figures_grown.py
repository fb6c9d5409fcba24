"""Figures brought up after what grew equal figures made anew, in a simulated house; without a record nothing is counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.reporting.figures.service import refresh
from tests.support.databases import Fresh, Superuser, past_row_security
from tests.support.simulated import NOW, ROOT, SMALL, fill

FIGURES = ("stage_visit", "day_tally", "month_tally", "open_tally", "forecast_days", "claim_risk", "move_tally", "rework_tally",
           "variant_tally")


@pytest.fixture(scope="module")
def house(server: str) -> Iterator[Fresh]:
    db = Fresh(server)
    fill(db, replace(SMALL, members=150, claims=200))
    yield db
    db.drop()


def _figures(superuser: Superuser) -> dict[str, list[str]]:
    """Every derived row but the number it was given."""
    return {table: sorted(str(row[0]) for row in superuser.execute(f"SELECT (to_jsonb(t) - 'id')::text FROM {table} t").fetchall())
            for table in FIGURES}


@pytest.mark.parametrize("back", [timedelta(days=15), timedelta(hours=8)], ids=["half a month", "the same day"])
def test_what_grew_since_is_the_same_as_everything_anew(house: Fresh, back: timedelta) -> None:
    """The newest part of the record is put aside, the figures are made anew without it; then it comes back."""
    earlier = NOW - back
    with past_row_security(house) as superuser:
        with house.unit_of_work(ROOT) as session:
            refresh(session, now=NOW, whole=True)
        whole = _figures(superuser)
        superuser.execute("CREATE TABLE aside AS SELECT * FROM audit_record WHERE at >= %s", (earlier,))
        superuser.execute("DELETE FROM audit_record WHERE at >= %s", (earlier,))
        with house.unit_of_work(ROOT) as session:
            assert refresh(session, now=earlier, whole=True)
        without = _figures(superuser)
        assert all(without[table] != whole[table] for table in ("stage_visit", "claim_risk", "move_tally"))
        superuser.execute("INSERT INTO audit_record SELECT * FROM aside")
        superuser.execute("DROP TABLE aside")
        with house.unit_of_work(ROOT) as session:
            found = refresh(session, now=NOW)
        assert found is not None
        assert (found.whole, 0 < found.claims < 200) == (False, True)
        assert _figures(superuser) == whole
        for table in FIGURES:
            superuser.execute(f"DELETE FROM {table}")
        with house.unit_of_work(ROOT) as session:
            refresh(session, now=NOW, whole=True)
        assert _figures(superuser) == whole


def test_without_a_record_nothing_is_counted_and_with_any_of_a_claim_its_clocks_are(house: Fresh) -> None:
    """A clock is paused by hand, first without a record, then with one that is of no stay and of no money."""
    later, quiet = NOW + timedelta(hours=3), NOW + timedelta(hours=2)
    with past_row_security(house) as superuser:
        with house.unit_of_work(ROOT) as session:
            refresh(session, now=quiet, whole=True)
        before = _figures(superuser)
        [(claim,)] = superuser.execute("SELECT claim_id FROM sla_clock WHERE kind = 'pay' AND state = 'running' AND pauses = '[]'"
                                       " ORDER BY id LIMIT 1").fetchall()
        superuser.execute("UPDATE sla_clock SET state = 'paused', pauses = '[[\"2026-11-17\", null]]' WHERE kind = 'pay' AND claim_id = %s",
                          (claim,))
        with house.unit_of_work(ROOT) as session:
            found = refresh(session, now=quiet + timedelta(minutes=1))
        assert (found and (found.whole, found.claims, found.months), _figures(superuser)) == ((False, 0, 0), before)
        superuser.execute("INSERT INTO audit_record SELECT DISTINCT ON (chain_id) chain_id, seq + 1000, org_key, 'supplement', subject_id,"
                          " 'deliver', account_id, person_id, %s, record, prev, hash FROM audit_record WHERE chain_id = %s", (later, claim))
        with house.unit_of_work(ROOT) as session:
            refresh(session, now=later)
        after = _figures(superuser)
        assert all(after[table] != before[table] for table in ("open_tally", "claim_risk"))
        with house.unit_of_work(ROOT) as session:
            refresh(session, now=later, whole=True)
        assert _figures(superuser) == after
        superuser.execute("DELETE FROM audit_record WHERE chain_id = %s AND seq >= 1000", (claim,))
        superuser.execute("UPDATE sla_clock SET state = 'running', pauses = '[]' WHERE kind = 'pay' AND claim_id = %s", (claim,))


def test_an_end_told_for_an_earlier_day_is_a_like_at_once(house: Fresh) -> None:
    """A promise to pay ends today as of the day before yesterday: the histograms have that day already, and are brought up."""
    told, ended = NOW + timedelta(hours=4), (NOW - timedelta(days=2)).date()
    with past_row_security(house) as superuser:
        with house.unit_of_work(ROOT) as session:
            refresh(session, now=told - timedelta(minutes=5), whole=True)
        before = _figures(superuser)
        [(claim, clock)] = superuser.execute("SELECT claim_id, id FROM sla_clock WHERE kind = 'pay' AND state = 'running' AND start_on < %s"
                                             " ORDER BY id LIMIT 1", (ended,)).fetchall()
        superuser.execute("UPDATE sla_clock SET state = 'stopped', stopped_on = %s, kept = true WHERE id = %s", (ended, clock))
        superuser.execute("INSERT INTO audit_record SELECT DISTINCT ON (chain_id) chain_id, seq + 2000, org_key, 'payment', subject_id,"
                          " 'credit', account_id, person_id, %s, record, prev, hash FROM audit_record WHERE chain_id = %s", (told, claim))
        with house.unit_of_work(ROOT) as session:
            refresh(session, now=told)
        after = _figures(superuser)
        assert all(after[table] != before[table] for table in ("forecast_days", "claim_risk", "open_tally", "month_tally"))
        with house.unit_of_work(ROOT) as session:
            refresh(session, now=told, whole=True)
        assert _figures(superuser) == after


def test_an_end_told_for_a_month_of_no_stay_counts_there_at_once(house: Fresh) -> None:
    """The clock ends as of a day two months ago, by a record that is of no stay: that month's kept promises have it, and lose it again."""
    told, ended = NOW + timedelta(hours=5), (NOW - timedelta(days=62)).date()
    month = ended.replace(day=1)
    with past_row_security(house) as superuser:
        with house.unit_of_work(ROOT) as session:
            refresh(session, now=told - timedelta(minutes=5), whole=True)
        before = _figures(superuser)
        [(claim, clock)] = superuser.execute("""
            SELECT k.claim_id, k.id FROM sla_clock k WHERE k.kind = 'pay' AND k.state = 'running' AND NOT EXISTS (
                SELECT 1 FROM stage_visit v WHERE v.claim_id = k.claim_id AND v.left_at < %s) ORDER BY k.id LIMIT 1""",
            (month + timedelta(days=45),)).fetchall()
        superuser.execute("UPDATE sla_clock SET state = 'stopped', start_on = %s, stopped_on = %s, kept = true WHERE id = %s",
                          (ended, ended, clock))
        superuser.execute("INSERT INTO audit_record SELECT DISTINCT ON (chain_id) chain_id, seq + 3000, org_key, 'notice', subject_id,"
                          " 'deliver', account_id, person_id, %s, record, prev, hash FROM audit_record WHERE chain_id = %s", (told, claim))
        with house.unit_of_work(ROOT) as session:
            refresh(session, now=told)
        after = _figures(superuser)
        assert any(f'"{month}"' in row for row in set(after["month_tally"]) - set(before["month_tally"]))
        with house.unit_of_work(ROOT) as session:
            refresh(session, now=told, whole=True)
        assert _figures(superuser) == after
