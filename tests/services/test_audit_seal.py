"""The day's seal: signed, written once to a second place; from it a missing tail, a replaced chain and a removed claim are found."""

from __future__ import annotations

import base64
import gzip
import hmac
import json
import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.audit import sealing
from services.audit.since import check_days, stands, verify_since
from services.audit.verify import verify
from services.core.clock import business_day
from services.core.db import Database
from services.core.errors import Conflict, NotFound, OutsideError
from services.core.settings import settings
from services.core.signing import make_signing_key, signing_keys
from services.models import AuditSeal
from services.storage.backend import StoreDown
from services.storage.second import SecondPlace
from tests.support.databases import Fresh, past_row_security
from tests.support.road import decided
from tests.support.world import ROOT, World, build_world

Superuser = psycopg.Connection[tuple[object, ...]]
FIRST = date(2026, 3, 20)


class House:
    """Two decided claims sealed in spans of one chain each, and a third one after the seal."""

    def __init__(self, db: Database, now: datetime, folder: Path) -> None:
        self.db, self.now, self.folder = db, now, folder
        self.place = SecondPlace(settings().model_copy(update={"audit_place": f"file:{folder}"}))
        self.keys = signing_keys(settings().signing_keys)
        self.world: World = build_world(db, now)
        self.sealed = [decided(self.world, 1, now), decided(self.world, 2, now)]
        self.row = self.seal(now)
        self.new = decided(self.world, 3, now)

    def seal(self, now: datetime) -> AuditSeal:
        return sealing.seal(self.db, ROOT.scope, place=self.place, keys=self.keys, day=business_day(now), now=now, size=1)

    def since(self, day: date | None = None, size: int = 10_000) -> set[tuple[str, str]]:
        _, findings = verify_since(self.db, ROOT.scope, place=self.place, keys=self.keys, day=day, workers=1, chains_a_span=size)
        return {(finding.code, finding.chain_id) for finding in findings}

    def whole(self) -> set[str]:
        with self.db.view(ROOT.scope) as session:
            found = verify(session)
        return {finding.code for finding in [*found, *stands(self.db, ROOT.scope, place=self.place, keys=self.keys),
                                             *check_days(self.db, ROOT.scope, self.place, self.keys)]}

    def statement(self) -> Path:
        return self.folder / "days" / f"{FIRST}.json"


@pytest.fixture(scope="module")
def template(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Fresh, House]]:
    db = Fresh(server)
    folder = tmp_path_factory.mktemp("place")
    house = House(db, datetime.fromisoformat("2026-03-20T09:00:00+08:00"), folder)
    yield db, house
    db.drop()


@pytest.fixture
def house(template: tuple[Fresh, House]) -> House:
    return template[1]


@pytest.fixture
def spoiled(template: tuple[Fresh, House]) -> Iterator[Superuser]:
    """A connection past row security whose changes are undone after the test: what it removed is put back from copies."""
    db, _ = template
    with past_row_security(db) as connection:
        connection.execute("CREATE TABLE kept_record AS TABLE audit_record; CREATE TABLE kept_seal AS TABLE audit_seal;"
                           "CREATE TABLE kept_claim AS SELECT id, audit_seq, audit_head FROM claim")
        yield connection
        connection.execute("SET session_replication_role = replica; TRUNCATE audit_record; INSERT INTO audit_record TABLE kept_record;"
                           "TRUNCATE audit_seal; INSERT INTO audit_seal TABLE kept_seal;"
                           "UPDATE claim c SET audit_seq = k.audit_seq, audit_head = k.audit_head, id = k.id FROM kept_claim k"
                           " WHERE k.id = c.id OR c.claim_no = 'gone-' || k.id; DROP TABLE kept_record, kept_claim, kept_seal")


def test_a_statement_is_signed_and_says_what_it_is_over(house: House) -> None:
    said = json.loads(house.statement().read_bytes())
    keys = json.loads(settings().signing_keys.read_text())
    Ed25519PublicKey.from_public_bytes(base64.b64decode(keys["public"][said["key"]])).verify(
        base64.b64decode(said["signature"]), said["statement"].encode())
    statement = json.loads(said["statement"])
    assert (statement["day"], statement["chains"], statement["losses"], statement["previous"]) == ("2026-03-20", 4, 0, "")
    lines = [gzip.decompress((house.folder / f"spans/{span['sha256'][:2]}/{span['sha256']}.gz").read_bytes()).decode().split()
             for span in statement["spans"]]
    assert {line[0] for line in lines} >= set(map(str, house.sealed)) and lines == sorted(lines)    # and two rosters
    assert statement["records"] == sum(int(line[1]) for line in lines) > 10


def test_untouched_it_verifies_from_the_seal_on_and_as_a_whole(house: House) -> None:
    assert house.since() == set()
    assert house.since(FIRST, size=1) == set()
    assert house.whole() == set()


def test_what_is_proven_by_the_seal_is_not_read_again(house: House, spoiled: Superuser) -> None:
    """The ground is the seal: a change before its last record is what the whole verification is for."""
    spoiled.execute("UPDATE audit_record SET event = 'refuse' WHERE chain_id = %s AND seq = 3", (house.sealed[0],))
    assert house.since() == set()
    assert house.whole() == {"changed"}
    spoiled.execute("UPDATE audit_record SET event = 'refuse' WHERE chain_id = %s AND seq = 3", (house.new,))
    assert house.since() == {("changed", str(house.new))}


def test_a_missing_tail_is_found_though_the_claim_was_moved_back(house: House, spoiled: Superuser) -> None:
    cut(spoiled, house.sealed[0])
    assert house.since() == {("tail_missing", str(house.sealed[0]))}
    assert house.whole() == {"tail_missing"}


def test_a_claim_removed_with_all_its_records_is_found(house: House, spoiled: Superuser) -> None:
    spoiled.execute("DELETE FROM audit_record WHERE chain_id = %s", (house.sealed[1],))
    spoiled.execute("SET session_replication_role = replica; UPDATE claim SET claim_no = 'gone-' || id, id = gen_random_uuid(),"
                    " audit_seq = 0, audit_head = '\\x' || repeat('00', 32)::text::bytea WHERE id = '" + str(house.sealed[1]) + "'")
    assert ("claim_missing", str(house.sealed[1])) in house.since()
    assert "claim_missing" in house.whole()


def test_a_chain_written_anew_with_the_key_is_found(house: House, spoiled: Superuser) -> None:
    """Who has the audit key can write a chain that fits in itself, but not the one that was sealed."""
    forged(spoiled, house.sealed[0])
    assert house.since() == {("chain_replaced", str(house.sealed[0]))}
    assert house.whole() == {"chain_replaced"}


def test_the_next_day_names_the_day_before_and_writes_only_what_changed(house: House, spoiled: Superuser) -> None:
    before = {path.name for path in house.folder.glob("spans/*/*")}
    row = house.seal(house.now + timedelta(days=1))
    statement = sealing.parsed(row.statement)
    assert statement.previous == sealing.parsed(house.row.statement).sha256 and statement.chains == 5
    assert len({path.name for path in house.folder.glob("spans/*/*")} - before) == 1
    (house.folder / "days" / "2026-03-21.json").unlink()


def test_a_seal_does_not_hide_what_was_lost_before_it(house: House, spoiled: Superuser) -> None:
    cut(spoiled, house.sealed[0])
    assert house.seal(house.now + timedelta(days=2)).losses == 1
    assert house.since() == {("seal_losses", "2026-03-22")}
    assert ("tail_missing", str(house.sealed[0])) in house.since(FIRST)
    (house.folder / "days" / "2026-03-22.json").unlink()


def test_a_day_is_sealed_once_and_after_a_kill_the_same_bytes_are_written(house: House, spoiled: Superuser) -> None:
    written = house.statement().read_bytes()
    assert house.seal(house.now + timedelta(hours=3)).at == house.row.at
    spoiled.execute("UPDATE audit_seal SET exported_at = NULL")         # killed after the statement was recorded: written or not
    house.seal(house.now + timedelta(hours=4))
    house.statement().unlink()
    spoiled.execute("UPDATE audit_seal SET exported_at = NULL")
    house.seal(house.now + timedelta(hours=5))
    assert house.statement().read_bytes() == written
    spoiled.execute("UPDATE audit_seal SET exported_at = NULL, statement = replace(statement, '\"losses\":0', '\"losses\":7')")
    with pytest.raises(Conflict, match="另一份"):
        house.seal(house.now + timedelta(hours=6))


def test_a_statement_that_is_changed_or_missing_is_no_ground(house: House, spoiled: Superuser) -> None:
    written = house.statement().read_bytes()
    try:
        house.statement().write_bytes(written.replace(b'\\"chains\\":4', b'\\"chains\\":1'))
        with pytest.raises(OutsideError, match="被改动"):
            house.since()
        assert ("seal_changed", "2026-03-20") in {(found.code, found.chain_id)
                                                  for found in check_days(house.db, ROOT.scope, house.place, house.keys)}
    finally:
        house.statement().write_bytes(written)
    with pytest.raises(OutsideError, match="没有 2026-03-19"):
        house.since(date(2026, 3, 19))
    spoiled.execute("DELETE FROM audit_seal")
    assert house.since() == {("seal_missing", "2026-03-20")}


def test_a_span_that_is_changed_is_no_ground(house: House) -> None:
    named = sealing.parsed(house.row.statement).spans[0].sha256
    span = house.folder / "spans" / named[:2] / f"{named}.gz"
    written = span.read_bytes()
    try:
        span.write_bytes(gzip.compress(gzip.decompress(written).replace(b" 1", b" 0", 1) + b"\n"))
        with pytest.raises(OutsideError, match="缺失或被改动"):
            house.since()
    finally:
        span.write_bytes(written)


def test_without_a_seal_there_is_nothing_to_go_on_from(house: House, tmp_path: Path) -> None:
    place = SecondPlace(settings().model_copy(update={"audit_place": f"file:{tmp_path}"}))
    with pytest.raises(NotFound, match="还没有每日总校验"):
        verify_since(house.db, ROOT.scope, place=place, keys=house.keys)


def test_a_place_that_does_not_answer_is_asked_again_later(house: House, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("aws_access_key_id = a\naws_secret_access_key = b\n")
    away = SecondPlace(settings().model_copy(update={"audit_place": "s3://heads", "audit_place_endpoint": "http://127.0.0.1:9",
                                                     "audit_place_keys": tmp_path / "keys", "audit_place_region": "x"}))
    with pytest.raises(StoreDown):
        sealing.seal(house.db, ROOT.scope, place=away, keys=house.keys, day=date(2026, 4, 1), now=house.now)
    with house.db.view(ROOT.scope) as session:
        assert session.get(AuditSeal, date(2026, 4, 1)) is None


def test_a_new_signing_key_leaves_old_days_verifiable(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "audit-signing.json"
    make_signing_key(path)
    signed = signing_keys(path).sign("一")
    make_signing_key(path)                      # what is there stays
    make_signing_key(path, anew=True)
    keys = signing_keys(path)
    assert (signed.key_id, keys.current) == ("s1", "s2") and keys.holds("一", signed) and keys.sign("一").key_id == "s2"
    assert not keys.holds("二", signed) and path.stat().st_mode & 0o777 == 0o600
    assert "s1" not in json.loads(path.read_text())["current"] and len(json.loads(path.read_text())["public"]) == 2


def forged(superuser: Superuser, chain: uuid.UUID) -> None:
    """A chain whose third record is another, linked anew with the stolen key, its claim's end moved with it."""
    key = base64.b64decode(json.loads(settings().key_ring.read_text())["audit_key"])
    before = bytes(32)
    for seq, record in superuser.execute("SELECT seq, record FROM audit_record WHERE chain_id = %s ORDER BY seq", (chain,)).fetchall():
        assert isinstance(record, dict)
        said = {**record, "reason": "另一理由"} if seq == 3 else record
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hmac.digest(key, before + text.encode(), "sha256")
        superuser.execute("UPDATE audit_record SET record = %s::jsonb, prev = %s, hash = %s WHERE chain_id = %s AND seq = %s",
                          (text, before, digest, chain, seq))
        before = digest
    superuser.execute("UPDATE claim SET audit_head = %s WHERE id = %s", (before, chain))


def cut(superuser: Superuser, chain: uuid.UUID) -> None:
    """Remove a chain's newest record and turn its claim back, as somebody with the database's password can."""
    superuser.execute("DELETE FROM audit_record a WHERE chain_id = %s AND seq = (SELECT max(seq) FROM audit_record b"
                      " WHERE b.chain_id = a.chain_id)", (chain,))
    superuser.execute("UPDATE claim c SET audit_seq = a.seq, audit_head = a.hash FROM audit_record a"
                      " WHERE c.id = %s AND a.chain_id = c.id AND a.seq = c.audit_seq - 1", (chain,))
