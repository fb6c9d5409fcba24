"""Files in parts: cut in the middle, begun elsewhere, forged, another's, too many, too late, two at once."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.db import Database
from services.core.errors import Conflict, InputError, NotFound
from services.evidence import service as evidence
from services.evidence import uploads
from services.evidence.uploads import PART, Coming, WrongOffset
from services.models import Paper
from services.storage import service as storage
from tests.support.claims import XJ_EVENT, report
from tests.support.paper_files import page, photo, saved
from tests.support.world import ROOT, World, build_world

PHOTO = photo()


class Place:
    """One reported case of xj.m0, and what she does with her files."""

    def __init__(self, db: Database, now: datetime) -> None:
        self.db, self.now = db, now
        self.world: World = build_world(db, now)
        member = self.world.member(0, "xj")
        with db.unit_of_work(ROOT.scope) as session:
            case, claims = report(session, self.world, member, XJ_EVENT, now)
            self.case, self.claim = case.id, claims[0].id

    def do(self, verb: object, login: str = "xj.m0", **words: object) -> object:
        actor: Actor = self.world.actor(login)
        words = {"now": self.now, **words}
        with self.db.unit_of_work(actor.scope) as session:
            return verb(session, actor=actor, **words)      # type: ignore[operator]

    def begin(self, content: bytes = PHOTO, **words: object) -> Coming:
        said: dict[str, object] = {"case_id": self.case, "kind": "pathology", "file_name": "病理报告.jpg", "size": len(content),
                                   "sha256": hashlib.sha256(content).hexdigest()}
        found = self.do(uploads.begin, **{**said, **words})
        assert isinstance(found, Coming)
        return found

    def part(self, upload: uuid.UUID | None, offset: int, content: bytes, **words: object) -> Coming:
        found = self.do(uploads.part, upload_id=upload, offset=offset, content=content, **words)
        assert isinstance(found, Coming)
        return found

    def swept(self) -> int:
        with self.db.unit_of_work(ROOT.scope) as session:
            return uploads.expire(session, now=self.now)

    def count(self, table: str) -> int:
        with self.db.view(ROOT.scope) as session:
            return int(session.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())


@pytest.fixture
def place(db: Database, now: datetime) -> Iterator[Place]:
    yield Place(db, now)


def test_a_file_cut_in_the_middle_goes_on_where_it_stopped(place: Place) -> None:
    whole = PHOTO + b"\0" * (2 * PART - len(PHOTO) + 500)       # cameras fill their files up
    coming = place.begin(whole)
    assert (coming.received, coming.size) == (0, len(whole))
    place.part(coming.id, 0, whole[:PART])
    again = place.begin(whole)                                   # the page was read anew, the same file chosen
    assert (again.id, again.received) == (coming.id, PART)
    with pytest.raises(WrongOffset, match="1048576"):
        place.do(uploads.finish, upload_id=coming.id)
    place.part(coming.id, PART, whole[PART:2 * PART])
    place.part(coming.id, 2 * PART, whole[2 * PART:])
    papers = place.do(uploads.finish, upload_id=coming.id)
    assert isinstance(papers, list) and [(paper.claim_id, paper.kind, paper.size) for paper in papers] == [
        (place.claim, "pathology", len(whole))]
    assert storage.get(papers[0].sha256) == whole and papers[0].file_name == "病理报告.jpg"
    assert coming.id and place.swept() == 1
    assert storage.joined(coming.id) == b"" and place.count("upload_session") == 0
    there = place.begin(whole)                                   # sent once more: nothing is left to send
    assert there.id is None and there.received == len(whole)


def test_a_part_that_begins_elsewhere_is_told_where_to_go_on(place: Place) -> None:
    coming = place.begin()
    place.part(coming.id, 0, PHOTO[:1000])
    for offset in (0, 500, 2000):
        with pytest.raises(WrongOffset) as refused:
            place.part(coming.id, offset, PHOTO[offset:offset + 1000])
        assert refused.value.offset == 1000 and refused.value.as_problem()["offset"] == 1000 and refused.value.status == 409
    for content in (b"", b"x" * (PART + 1), b"x" * len(PHOTO)):
        with pytest.raises(InputError, match="upload_part"):
            place.part(coming.id, 1000, content)


def test_a_file_does_not_come_by_single_bytes(place: Place) -> None:
    whole = PHOTO + b"\0" * (5000 - len(PHOTO) % 5000)
    coming = place.begin(whole)
    with pytest.raises(InputError, match="upload_part"):
        place.part(coming.id, 0, whole[:len(whole) // 1000 - 1])
    place.part(coming.id, 0, whole[:-1])
    place.part(coming.id, len(whole) - 1, whole[-1:])       # what is left may be short


def test_bytes_other_than_those_announced_are_refused(place: Place) -> None:
    coming = place.begin()
    place.part(coming.id, 0, PHOTO[:-1] + b"x")
    with pytest.raises(InputError, match="upload_hash"):
        place.do(uploads.finish, upload_id=coming.id)
    assert place.count("paper") == 0
    place.do(uploads.drop, upload_id=coming.id)
    assert coming.id and place.swept() == 1
    assert storage.joined(coming.id) == b"" and place.count("upload_session") == 0
    for words in ({"sha256": "x"}, {"size": 0}, {"size": 51 << 20}, {"kind": "nonsense"}, {"file_name": "../x.jpg"}):
        with pytest.raises(InputError):
            place.begin(**words)


@pytest.mark.parametrize("verb", [uploads.finish, uploads.drop])
def test_a_commit_that_fails_takes_no_part_away(place: Place, verb: object) -> None:
    coming = place.begin()
    place.part(coming.id, 0, PHOTO)

    def cut(*arguments: object, **words: object) -> None:
        verb(*arguments, **words)                   # type: ignore[operator]
        raise ConnectionError("the database went away before the commit")
    with pytest.raises(ConnectionError):
        place.do(cut, upload_id=coming.id)
    assert place.swept() == 0
    papers = place.do(uploads.finish, upload_id=coming.id)
    assert isinstance(papers, list) and storage.get(papers[0].sha256) == PHOTO
    with pytest.raises(NotFound, match="upload_missing"):
        place.do(uploads.state, upload_id=coming.id)
    assert place.do(uploads.unfinished, case_id=place.case) == []


def test_a_hostile_file_is_as_hostile_in_parts(place: Place) -> None:
    bad = PHOTO + b"<script>alert(1)</script>"
    coming = place.begin(bad)
    for at in range(0, len(bad), 9000):
        place.part(coming.id, at, bad[at:at + 9000])
    with pytest.raises(InputError, match="file_mixed"):
        place.do(uploads.finish, upload_id=coming.id)
    assert place.count("paper") == 0


def test_nobody_else_touches_an_upload(place: Place) -> None:
    coming = place.begin()
    for login in ("xj.m1", "xj.clerk", "nx.m0"):
        for verb, words in ((uploads.part, {"offset": 0, "content": PHOTO}), (uploads.state, {}), (uploads.finish, {}), (uploads.drop, {})):
            with pytest.raises(NotFound, match="upload_missing"):
                place.do(verb, login, upload_id=coming.id, **words)
    with pytest.raises(NotFound):
        place.do(uploads.begin, "xj.m1", case_id=place.case, kind="pathology", file_name="x.jpg", size=5, sha256="0" * 64)
    assert place.count("upload_session") == 1


def test_unfinished_files_have_a_limit_and_an_end(place: Place) -> None:
    for number in range(uploads.FOLD):
        place.begin(size=50 << 20, sha256=f"{number:064x}")
    with pytest.raises(Conflict, match="uploads_many"):
        place.begin(size=1, sha256="f" * 64)
    first = place.do(uploads.unfinished, case_id=place.case)
    assert isinstance(first, list) and len(first) == uploads.FOLD
    place.part(first[0].id, 0, b"x" * 60_000)
    later = place.now + uploads.PATIENCE
    with pytest.raises(NotFound, match="upload_missing"):
        place.do(uploads.part, upload_id=first[0].id, offset=1, content=b"x", now=later)
    assert place.begin(now=later).received == 0, "what is over counts no more"
    with place.db.unit_of_work(ROOT.scope) as session:
        assert uploads.expire(session, now=later - timedelta(seconds=1)) == 0
        assert uploads.expire(session, now=later) == uploads.FOLD
    assert storage.joined(first[0].id) == b"" and place.count("upload_session") == 1


def test_of_two_parts_at_once_one_is_taken(place: Place) -> None:
    coming, content = place.begin(), PHOTO
    half = len(content) // 2
    said: list[str] = []
    ready = threading.Barrier(3)

    def send() -> None:
        ready.wait()
        try:
            place.part(coming.id, 0, content[:half])
            said.append("taken")
        except WrongOffset as refused:
            said.append(str(refused.offset))
    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == sorted(["taken", str(half), str(half)])
    place.part(coming.id, half, content[half:])
    assert place.do(uploads.finish, upload_id=coming.id)


def _kinds(session: Session) -> list[str]:
    return [str(kind) for kind in session.execute(sa.select(Paper.__table__.c.kind).order_by(Paper.__table__.c.kind)).scalars()]


def test_a_kind_that_no_claim_asks_for_goes_onto_all_of_them(place: Place) -> None:
    picture = saved(page(600, 800))
    papers = place.do(uploads.hand_in, case_id=place.case, kind="other", files=[("甲.png", picture)])
    assert isinstance(papers, list) and [paper.kind for paper in papers] == ["other"]
    with place.db.view(ROOT.scope) as session:
        assert _kinds(session) == ["other"]


def test_a_file_that_was_sent_back_is_refused_with_its_fault(place: Place) -> None:
    def again() -> object:
        return place.do(uploads.hand_in, case_id=place.case, kind="pathology", files=[("病理报告.jpg", PHOTO)])

    papers = again()
    assert isinstance(papers, list)
    place.do(evidence.judge, login="xj.clerk", paper_id=papers[0].id, accept=False, fault="缺第二页")
    for verb in (place.begin, again):
        with pytest.raises(InputError, match=r"paper_sent_back.*缺第二页") as refused:
            verb()
        assert refused.value.field == "content"
    assert (place.count("paper"), place.count("upload_session")) == (1, 0)
    assert place.begin(PHOTO + b"\0").received == 0            # another picture
    place.do(evidence.judge, login="xj.clerk", paper_id=papers[0].id, accept=True)
    assert place.begin().id is None                             # good after all: it lies there
