"""Where a sweep meets what is not its own: bytes that others rest on, joined reports, holds on strangers, a wish beside a hold."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.exc import ProgrammingError

from services.backup.needed import columns
from services.core.clock import at_hour
from services.core.crypto import key_ring
from services.core.db import Database
from services.evidence import holds, resting, retention
from services.evidence import service as evidence
from services.evidence.holds import Subject
from services.intake import data_requests, opening, queries, service
from services.models import Claim, OfficeLetter, RosterImport
from services.storage import service as storage
from tests.services.test_keeping import placed, run, swept
from tests.services.test_retention import LAST_DAY, Archive
from tests.services.test_retention import archive as archive
from tests.support.claims import XJ_EVENT, report
from tests.support.paper_files import page, saved
from tests.support.world import EFFECTIVE, NX_PLAN, ROOT, World, build_world, enrol_members

OVER = LAST_DAY + timedelta(days=1)
ABROAD = saved(page(700, 900))


def letter(archive: Archive, **changes: object) -> OfficeLetter:
    values: dict[str, object] = {
        "org_key": "cn.xj.", "code": "archive_sheet", "subject": f"{archive.claim}:1", "claim_id": archive.claim, "valid_on": OVER,
        "series": "示", "year": 2026, "serial": 1, "number": "示1", "issued_on": OVER, "context": {}, "digest": "0", "sha256": "0" * 64,
        "check_code": "0001", "issued_at": archive.now}
    return OfficeLetter(**values | changes)     # type: ignore[arg-type]


def test_a_dossier_that_was_handed_in_elsewhere_stays_there(archive: Archive) -> None:
    """The dossier of a claim is handed in as a paper of another, which is open and held; the first claim's time ends."""
    with archive.db.unit_of_work(ROOT.scope) as session:
        handed = evidence.upload(session, claim_id=archive.other, kind="pathology", file_name="案卷.png", content=ABROAD, actor=ROOT,
                                 now=archive.now).sha256
        alone = storage.put(b"a dossier that nobody has but its claim")
        session.add_all([letter(archive, dossier_sha256=handed), letter(
            archive, dossier_sha256=alone, subject=f"{archive.claim}:2", serial=2, number="示2", check_code="0002")])
    placed(archive.db, archive.world, archive.now, claim_id=archive.other)
    assert [one.claim_id for one in archive.sweep(OVER)] == [archive.claim]
    assert storage.has(handed), "a paper under a hold lost its bytes with another claim's dossier"
    assert not storage.has(alone)
    assert run(archive.db, "SELECT FROM office_letter WHERE dossier_sha256 IS NOT NULL") == []


def test_a_list_of_errors_that_was_handed_in_stays(archive: Archive) -> None:
    handed, alone = archive.paper(archive.shared).sha256, storage.put(b"a list of errors")
    with archive.db.unit_of_work(ROOT.scope) as session:
        session.add_all([RosterImport(
            org_key="cn.xj.", plan="xj-women", effective=date(2026, 1, 1), file_name="r.xlsx", rows=1, accepted=0, sha256=str(number) * 64,
            errors_sha256=sha256, at=at_hour(date(2026, 1, 1))) for number, sha256 in enumerate((handed, alone))])
    assert swept(archive.db, at_hour(date(2027, 6, 1)))["error_lists"] == (2, 0)
    assert (storage.has(handed), storage.has(alone)) == (True, False)


def test_every_column_that_names_bytes_is_asked_before_bytes_go() -> None:
    own = {("paper", "sha256"), ("paper_page", "view_sha256"), ("paper_page", "thumb_sha256")}
    assert set(resting.ELSEWHERE) | own == set(columns())


def moved(world: World, now: datetime) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """(the joined report, the one it went into, a claim that went over)."""
    member = world.member(0, "xj")
    with world.db.unit_of_work(ROOT.scope) as session:
        first, _ = report(session, world, member, XJ_EVENT, now)
        enrol_members(session, world, "nx", NX_PLAN, [replace(member.synthetic, shares=1)], EFFECTIVE, now)
        second = service.report(session, person_id=member.person_id, event=XJ_EVENT, channel="clerk", actor=ROOT, now=now)
        [claim] = queries.claims_of(session, second.id)
        evidence.upload(session, claim_id=claim.id, kind="diagnosis", file_name="材料.png", content=ABROAD, actor=ROOT, now=now)
    return second.id, first.id, claim.id


@pytest.mark.parametrize("late", [False, True])
def test_a_hold_on_a_report_reaches_claims_that_went_on_in_another(db: Database, now: datetime, late: bool) -> None:
    """Joined after the hold or before it: the claim bears the other report's number, and is held all the same."""
    world = build_world(db, now)
    second, first, claim = moved(world, now)
    clerk = world.actor("xj.clerk")
    if not late:
        placed(db, world, now, case_id=second)
    with db.unit_of_work(ROOT.scope) as session:
        service.join(session, case_id=second, into_id=first, reason="同一事件", actor=clerk, now=now)
    if late:
        placed(db, world, now, case_id=second)
    run(db, "UPDATE cover SET effective = '2026-01-01', until = '2026-12-31'")
    run(db, "UPDATE claim SET state = 'closed', updated_at = :now", now=now)
    with db.view(ROOT.scope) as session:
        assert session.get_one(Claim, claim).case_id == first
        assert claim not in {one.claim_id for one in retention.due(session, today=OVER)}


def test_calls_of_others_are_not_kept_by_a_strangers_hold(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    sealed = key_ring().seal("13900000000", field=opening.CALLER_PHONE)
    cases = []
    with db.unit_of_work(ROOT.scope) as session:
        for place in (0, 1):
            case, _ = report(session, world, world.member(place, "xj"), XJ_EVENT, now)
            cases.append(case.id)
    for case_id in cases:
        run(db, "INSERT INTO report_note (id, org_key, case_id, channel, reporter_name, event, reported_on, at, caller_phone_sealed)"
            " SELECT uuidv7(), org_key, id, 'phone', '', '{}', '2026-03-20', :now, :sealed FROM case_file WHERE id = :id",
            id=case_id, now=now, sealed=sealed)
    run(db, "UPDATE claim SET state = 'closed', updated_at = :now", now=now)
    placed(db, world, now, case_id=cases[0])
    swept(db, at_hour(date(2036, 6, 1)))
    left = run(db, "SELECT case_id FROM report_note WHERE caller_phone_sealed IS NOT NULL")
    assert [row.case_id for row in left] == [cases[0]]


def test_a_hold_waits_for_a_deletion_that_found_none(db: Database, now: datetime) -> None:
    """Who deletes on her own wish has looked for holds: none comes between the look and the deletion's commit."""
    world = build_world(db, now)
    person, head = world.member(0, "xj").person_id, world.actors["xj.head"]
    with db.unit_of_work(ROOT.scope) as session:
        case, _ = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
    done = threading.Event()

    def hold() -> None:
        with db.unit_of_work(head.scope) as session:
            holds.place(session, subject=Subject(head.org_key, case_id=case.id), ground="lawsuit", reason="法院要求保存证据",
                        actor=head, now=now)
        done.set()

    placing = threading.Thread(target=hold)
    with db.unit_of_work(world.actors["xj.m0"].scope) as session:
        data_requests.ask(session, person_id=person, kind="deletion", field="contacts", actor=world.actors["xj.m0"], now=now)
        placing.start()
        assert not done.wait(2), "a hold stood before the deletion was committed"
    placing.join(60)
    assert done.is_set()


def test_nothing_of_the_gone_is_left_in_what_they_were_before(db: Database, now: datetime) -> None:
    """A mistyped number that was corrected, and a second record that was merged, outlived the person's own."""
    world = build_world(db, now)
    gone, twin, other = (world.member(place, "xj").person_id for place in (3, 4, 5))
    for person in (gone, other):
        run(db, "INSERT INTO person_change (id, person_id, field, old_sealed, new_sealed, why, at)"
            " VALUES (uuidv7(), :person, 'id_number', :old, :old, '更正', :now)", person=person, now=now,
            old=key_ring().seal("440101199001011234", field="person_change.value"))
    run(db, "UPDATE account SET active = false WHERE person_id = ANY(:ids)", ids=[gone, twin])
    run(db, "UPDATE person SET created_at = '2026-01-01+08', merged_into = CASE WHEN id = :twin THEN CAST(:gone AS uuid) END"
        " WHERE id = ANY(:ids)", ids=[gone, twin], twin=twin, gone=gone)
    with pytest.raises(ProgrammingError):
        run(db, "UPDATE person_change SET old_sealed = NULL")
    swept(db, at_hour(date(2057, 3, 1)))
    names = run(db, "SELECT name FROM person WHERE id = ANY(:ids)", ids=[gone, twin])
    assert [row.name for row in names] == ["（已销毁）"] * 2
    left = run(db, "SELECT person_id FROM person_change WHERE old_sealed IS NOT NULL OR new_sealed IS NOT NULL")
    assert [row.person_id for row in left] == [other]
    assert "people" not in swept(db, at_hour(date(2057, 3, 2)))
