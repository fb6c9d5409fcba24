"""The log as it is written: received from the server at once, put into the place every few seconds, with new papers and changed keys.

Killed anywhere it goes on where it was: the server keeps what was not received (a slot), the spool what was not put.
"""

from __future__ import annotations

import fcntl
import hashlib
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import psycopg

from services.backup import base, retention, sealing, server, signing, status, wal
from services.backup.base import Backup
from services.backup.status import Status
from services.core.clock import CHINA
from services.core.errors import Conflict, HuzhuError, OutsideError

EVERY = 5.0                 # seconds between two rounds: as much of the rows may be lost with the machine
_PATIENCE = 30.0            # seconds for the receiver to have what the server wrote
_SHARE = 20                 # looking through the papers takes at most a twentieth of the time
_REPORTS = 60.0             # seconds between two reports to the house
_AGAIN = timedelta(hours=1)     # after a nightly backup that failed
Tell = Callable[[str], None]


@dataclass
class Stream:
    """One place's stream. `tell` gets a line for each thing that people should know."""

    backup: Backup
    tell: Tell
    every: float = EVERY
    report: Callable[[Mapping[str, datetime]], None] = lambda _: None       # how far each kind of copy reaches (services/backup/telling.py)
    nightly: str = ""           # "02:30" in China; empty: base backups are taken by somebody else
    stopping: threading.Event = field(default_factory=threading.Event)
    _receiver: subprocess.Popen[bytes] | None = None
    _sent: str = ""             # digest of the partial segment as it was last put
    _keys: str = ""
    _papers_until: datetime | None = None
    _papers_next: float = 0
    _base_next: datetime | None = None
    _making: threading.Thread | None = None
    _told: str = ""
    _report_next: float = 0
    _made: datetime | None = None
    _name: str = ""             # of our receiver; this spool's own, so that no other's word is taken for its
    _alone: IO[str] | None = None

    @property
    def spool(self) -> Path:
        """Where the receiver writes."""
        return self.backup.config.data_dir.resolve() / "backup" / "wal"

    def run(self) -> None:
        """Until `stopping`; what is here then is put before it returns."""
        self._begin()
        try:
            while True:
                last = self.stopping.is_set()
                try:
                    self._round()
                    self._told = ""
                except HuzhuError as error:
                    self._tell_once(f"{error.message}（{error.remedy}）")
                except server.AWAY as error:
                    self._tell_once(f"数据库没有回应，稍后再试：{str(error).splitlines()[0]}")
                except OSError as error:
                    self._tell_once(f"文件读写出错，稍后再试：{error}")
                if last:
                    return
                self.stopping.wait(self.every)
        finally:
            self._end()

    def _tell_once(self, words: str) -> None:
        """The same trouble every five seconds is one line."""
        if words != self._told:
            self.tell(words)
        self._told = words

    def _begin(self) -> None:
        self.spool.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._be_alone()
        signing.make_key(self.backup.config.key_ring.parent)
        base.claim(self.backup)
        self.backup.server.free_slot(self._name)
        base.refuse_fork(self.backup.place, signing.load_key(self.backup.config.key_ring.parent).public_key(), self.backup.server.log())
        self._join()
        if self._base_next is None and self.nightly:
            self._base_next = self._due()

    def _be_alone(self) -> None:
        """One stream for a spool, while it lives; Conflict for the second."""
        self._alone = (self.spool.parent / "stream.name").open("a+")
        try:
            fcntl.flock(self._alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("backup_stream_twice", "这个数据文件夹的持续备份已经在运行，没有开始第二个",
                           remedy="huzhu up 已带着它运行；换备份处须先停掉原来的") from None
        self._alone.seek(0)
        self._name = self._alone.read()
        if not self._name:
            self._name = f"{server.SLOT}_{secrets.token_hex(8)}"
            self._alone.write(self._name)
            self._alone.flush()

    def _join(self) -> None:
        """The slot, free for our receiver. Where the server did not keep the log for us, a base backup begins a new span."""
        self.backup.server.free_slot(self._name)
        fresh = not self.backup.server.hold_slot()
        if fresh:
            self._put()
            for file in self.spool.iterdir():       # of a slot that is no more: what follows does not join it
                file.unlink()
        if fresh or self._gap():
            self.tell("此前的日志与现在接不上，马上做一份全量备份")
            self._base_next = self.backup.server.log().at

    def _gap(self) -> bool:
        """Whether a segment between the last one in the place and the first that the server still has is nowhere."""
        size = self.backup.server.segment_size()
        segments, _ = wal.listed(self.backup.place)
        whole = [one.name for one in segments if not one.partial]
        whole += [file.name for file in self.spool.iterdir() if wal.SEGMENT.match(file.name)]
        begins = str(self.backup.server.ask("SELECT pg_walfile_name(restart_lsn) FROM pg_replication_slots WHERE slot_name = %s",
                                            server.SLOT)[0])
        return not whole or wal.number(begins, size) > max(wal.number(name, size) for name in whole) + 1

    def _round(self) -> None:
        self._receive()
        log = self.backup.server.log()
        until = time.monotonic() + _PATIENCE
        while not self.backup.server.received(log.lsn, self._name):
            if time.monotonic() > until or self._receiver is None or self._receiver.poll() is not None:
                raise OutsideError("wal_receiver", "接收日志的程序没有跟上",
                                   remedy="核对数据库的 wal_level 与 max_wal_senders，系统会自己再试")
            time.sleep(0.05)
        self._copy_keys()
        while not self._put():
            pass
        self._copy_papers()
        status.write(self.backup.place, Status(log.at, self._papers_until, self.backup.server.behind(), log.segment),
                     signing.load_key(self.backup.config.key_ring.parent))
        self._report(log.at)
        self._nightly(log.at)

    def _report(self, rows: datetime) -> None:
        if time.monotonic() < self._report_next:
            return
        reached = {"rows": rows, "papers": self._papers_until, "base": self._made}
        self.report({kind: at for kind, at in reached.items() if at is not None})
        self._report_next = time.monotonic() + _REPORTS

    def _receive(self) -> None:
        """Have the receiver running."""
        if self._receiver is not None and self._receiver.poll() is None:
            return
        if self._receiver is not None:
            self._join()            # the server was away, or has given us up
        source = self.backup.server
        self._receiver = subprocess.Popen(
            [server.program("pg_receivewal"), *server.reaching(source, self._name), "-D", str(self.spool), "--slot", server.SLOT,
             "--synchronous", "--no-loop", "--no-password"], env=server.surroundings(source), stdin=subprocess.DEVNULL, cwd="/",
            stderr=(self.spool.parent / "receiver.log").open("wb"))

    def _put(self) -> bool:
        """Put whole segments and the one being written; False when that one became whole meanwhile."""
        key = signing.load_key(self.backup.config.key_ring.parent)
        for file in sorted(self.spool.iterdir()):
            if wal.SEGMENT.match(file.name) or wal.HISTORY.match(file.name):
                wal.ship(self.backup.place, file, key)
                file.unlink()
        for file in sorted(self.spool.glob(f"*{wal.PARTIAL}")):
            try:
                content = file.read_bytes()
            except FileNotFoundError:
                return False
            state = hashlib.sha256(file.name.encode() + content).hexdigest()
            if state != self._sent:
                wal.ship_partial(self.backup.place, file.name.removesuffix(wal.PARTIAL), content, key)
                self._sent = state
        return True

    def _copy_keys(self) -> None:
        """A key that is new opens values that are in the log already: it goes before the log does."""
        keys = sealing.gathered(self.backup.config)
        if (state := sealing.digest_of(keys)) != self._keys:
            sealing.keep(self.backup.keys_place, keys, self.backup.passphrase, self.backup.server.log().at)
            self._keys = state

    def _copy_papers(self) -> None:
        if time.monotonic() < self._papers_next and not self.stopping.is_set():
            return
        at, began = self.backup.server.log().at, time.monotonic()
        found = self.backup.copier.copy()
        if found.damaged:
            self._tell_once(f"文件库有 {len(found.damaged)} 份材料的内容与其校验值不符，未复制：{found.damaged[0]}")
        self._papers_until = at
        self._papers_next = time.monotonic() + _SHARE * (time.monotonic() - began)

    def _nightly(self, now: datetime) -> None:
        if self._base_next is None or now < self._base_next or (self._making and self._making.is_alive()):
            return
        self._base_next = now + _AGAIN
        self._making = threading.Thread(target=self._make, daemon=True)
        self._making.start()

    def _make(self) -> None:
        try:
            made = base.take(self.backup)
            self.tell(f"全量备份 {made.id} 已完成")
            self._made, self._report_next = made.ended_at, 0
            self._base_next = self._due() if self.nightly else None
        except (HuzhuError, OSError, *server.AWAY) as error:
            self.tell(f"全量备份没有做成，一小时后再做：{error}")
        self._prune()

    def _prune(self) -> None:
        """Also after a backup that failed: a full disk gets its room from what is over."""
        try:
            gone = retention.prune(self.backup, now=self.backup.server.log().at)
            self.tell(f"清理了过期的备份：{gone}") if gone.any else None
        except (HuzhuError, OSError, psycopg.Error) as error:
            self.tell(f"过期的备份没有清理成：{error}")

    def _due(self) -> datetime:
        """When the next base backup is due: at once when last night's is missing."""
        key = signing.load_key(self.backup.config.key_ring.parent).public_key()
        had = base.bases(self.backup.place, key)
        now = self.backup.server.log().at
        return due(self.nightly, had[-1].started_at if had else None, now)

    def _end(self) -> None:
        if self._receiver is not None and self._receiver.poll() is None:
            self._receiver.send_signal(signal.SIGINT)
            self._receiver.wait(server.GRACE)
        if self._making is not None:
            self._making.join(server.GRACE)
        if self._alone is not None:
            self._alone.close()


def due(nightly: str, last: datetime | None, now: datetime) -> datetime:
    """When the base backup after `last` is due, at the hour `nightly` ("02:30", China); `now` when a night was missed."""
    local = now.astimezone(CHINA)
    hour, minute = map(int, nightly.split(":"))
    tonight = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    latest = tonight if tonight <= local else tonight - timedelta(days=1)
    return now if last is None or last < latest else latest + timedelta(days=1)
