"""The stream against what befalls it while it runs: a second one, a receiver that outlived it, a server that has given it up."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from obstore.store import LocalStore

from services.access.custody import ring
from services.backup import base, checking, sealing, signing, status
from services.backup.base import Backup
from services.backup.papers import Copier
from services.backup.place import place_of
from services.backup.server import Server
from services.backup.stream import Stream
from services.core.errors import Conflict
from services.core.settings import Settings
from tests.support.drill import COPIER, PASSPHRASE, OwnServer, clock, cloned, until

LOST = "此前的日志与现在接不上，马上做一份全量备份"


@dataclass
class Running:
    """A house with a place, and what its stream said."""

    own: OwnServer
    backup: Backup
    said: list[str] = field(default_factory=list)

    def stream(self) -> Stream:
        return Stream(self.backup, self.said.append, every=0.2)

    @contextmanager
    def streaming(self) -> Iterator[Stream]:
        stream = self.stream()
        thread = threading.Thread(target=stream.run)
        thread.start()
        try:
            yield stream
        finally:
            stream.stopping.set()
            thread.join(30)
            assert not thread.is_alive()

    def do(self, *statements: str) -> None:
        with psycopg.connect(self.own.of(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def ask(self, statement: str) -> object:
        with psycopg.connect(self.own.of(), autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None

    def bases(self) -> list[base.Base]:
        return checking.spans(self.backup.place, self.key)[0]

    @property
    def key(self) -> Ed25519PublicKey:
        return signing.load_key(self.backup.config.key_ring.parent).public_key()

    def made(self, count: int) -> None:
        """So many base backups are told of, so the last one has its manifest."""
        until(lambda: sum("已完成" in line for line in self.said) == count, f"{count} base backups: {self.said}", seconds=60)


@pytest.fixture(scope="module")
def running(server: str, var: Path) -> Iterator[Running]:
    home = var / "streamed"
    shutil.copytree(var / "keys", home / "keys")
    own = cloned(server, home)
    config = Settings(data_dir=home, insurer_keys=home / "keys" / "insurer")
    (home / "objects").mkdir()
    place = place_of(config, str(var / "stream-place"))
    yield Running(own, Backup(config, server_by(own), place, place_of(config, str(var / "stream-keys")), PASSPHRASE,
                              Copier(LocalStore(home / "objects"), place)))
    own.stop()


def server_by(own: OwnServer) -> Server:
    return Server(own.of(role=COPIER))


def test_a_server_that_gave_the_stream_up_gets_a_base_backup_and_the_gap_is_told(running: Running) -> None:
    """While the stream is away the log outgrows what the server may keep for it; then the slot goes while the stream runs."""
    running.do("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'", "SELECT pg_reload_conf()")
    with running.streaming():
        running.made(1)
        assert running.said[0] == LOST          # a place that is new has no log to join
    for number in range(5):
        running.do(f"CREATE TABLE gap_{number} ()", "SELECT pg_switch_wal()")
    running.do("CHECKPOINT")
    assert running.ask("SELECT wal_status FROM pg_replication_slots") == "lost"
    running.do("ALTER SYSTEM RESET max_slot_wal_keep_size", "SELECT pg_reload_conf()")
    with running.streaming() as stream:
        running.made(2)
        assert running.said.count(LOST) == 2
        until(lambda: taken_away(running, stream), "the slot is dropped")
        running.made(3)
    first, second = running.bases()[:2]
    _, spans = checking.spans(running.backup.place, running.key)
    assert (spans[0].since, spans[1].since, spans[-1].missing) == (first.ended_at, second.ended_at, "")
    assert f"wal/{spans[0].missing}" in [fault.name for fault in checking.faults(running.backup.place, running.key, bytes_too=True)]


def taken_away(running: Running, stream: Stream) -> bool:
    """Between the receiver's end and its next start."""
    if stream._receiver is not None:
        stream._receiver.kill()
    try:
        running.do("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
    except psycopg.errors.ObjectInUse:
        return False
    return True


def test_a_file_that_cannot_be_read_is_told_and_the_stream_goes_on(running: Running) -> None:
    """A disk's fault ends a round, not the stream."""
    with running.streaming() as stream:
        until(lambda: stream.spool.is_dir(), "the spool")
        stands_in_the_way = stream.spool / "00000001000000FF000000FF"
        stands_in_the_way.mkdir()
        until(lambda: any("文件读写出错" in line for line in running.said), "the fault is told")
        stands_in_the_way.rmdir()
        mended = clock(running.own.url)
        until(lambda: reaches(running) > mended, "it goes on")


def reaches(running: Running) -> datetime:
    known = status.read(running.backup.place, running.key)
    assert known is not None
    return known.rows_until


def test_one_stream_for_a_database_and_a_receiver_left_over_is_ended(running: Running, tmp_path: Path) -> None:
    with running.streaming() as stream:
        until(lambda: running.ask("SELECT active FROM pg_replication_slots") is True, "the receiver is on its slot")
        with pytest.raises(Conflict, match="backup_stream_twice"):
            running.stream()._begin()
        elsewhere = Settings(data_dir=tmp_path)
        shutil.copytree(running.backup.config.key_ring.parent, tmp_path / "keys")
        other = Stream(Backup(elsewhere, running.backup.server, running.backup.place, running.backup.keys_place, PASSPHRASE,
                              running.backup.copier), running.said.append)
        with pytest.raises(Conflict, match="backup_stream_twice"):
            other._begin()
        with pytest.raises(Conflict, match="backup_stream_runs"):
            running.backup.server.drop_slot()
        left = stream._receiver
        assert left is not None and left.poll() is None
        stream._receiver = None         # as if the stream had been killed and its receiver had not
    assert left.poll() is None
    with running.streaming() as stream:
        left.wait(15)
        until(lambda: stream._receiver is not None and running.ask("SELECT active FROM pg_replication_slots") is True, "a new receiver")
        os.kill(stream._receiver.pid if stream._receiver else 0, 0)
    running.backup.server.drop_slot()
    assert running.ask("SELECT count(*) FROM pg_replication_slots") == 0


def test_a_key_that_came_while_the_database_was_copied_is_in_the_keys_copy(running: Running) -> None:
    """Without a stream nobody else copies it, and what was sealed with it in that hour is in the base backup."""
    ring_file, made = running.backup.config.key_ring, list[str]()

    def tell(words: str) -> None:
        if words == "核验数据库的副本":
            made.append(ring.rotate(ring_file, now=clock(running.own.url)))

    one = base.take(running.backup, tell)
    for instant in (None, one.ended_at):
        assert made[0] in json.loads(sealing.of(running.backup.keys_place, PASSPHRASE, instant)["ring.json"])["field_keys"]
    assert made[0] in json.loads(sealing.unseal(running.backup.keys_place.read(one.keys), PASSPHRASE)["ring.json"])["field_keys"]
