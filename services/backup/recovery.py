"""A server of its own over a restored directory: it replays the log up to an instant, is asked questions, and is stopped again."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from services.backup import server
from services.core import embedded
from services.core.clock import CHINA
from services.core.errors import InputError

_LAST = re.compile(r"last completed transaction was at log time (\S+ \S+)")
_SHORT = "recovery ended before configured recovery target was reached"
_TOLD = re.compile(r'restored log file "([0-9A-F]{24})"')
_SUPERUSER = "postgres"
_HBA = "local all all trust\n"
# What a server that keeps its configuration elsewhere (Debian's packages: under /etc) has not in its data, so that a copy starts by itself.
_CONFIGURATION = {"postgresql.conf": "", "pg_hba.conf": _HBA, "pg_ident.conf": ""}
Tell = Callable[[str], None]


class EndedBefore(Exception):
    """The log has no transaction after the wanted instant; `last` is the instant of its last one."""

    def __init__(self, last: datetime | None) -> None:
        super().__init__(str(last))
        self.last = last


@dataclass(frozen=True, slots=True)
class Recovery:
    """A data directory and the folder with the log's segments; `until`: the last instant that counts, None for all."""

    data: Path
    segments: Path
    until: datetime | None

    @contextmanager
    def running(self, tell: Tell = lambda _: None) -> Iterator[tuple[str, datetime | None]]:
        """The superuser's URL of the recovered server while the block lasts, and the instant of the last transaction replayed.

        EndedBefore; OutsideError with PostgreSQL's words.
        """
        (self.data / "recovery.signal").touch()
        for name, content in _CONFIGURATION.items():
            if not (self.data / name).exists():
                (self.data / name).write_text(content)
        user = embedded.give(self.data)
        embedded.give(self.segments)
        with tempfile.TemporaryDirectory(prefix="hz") as room:
            where = Path(room)
            for name, content in _CONFIGURATION.items():
                (where / name).write_text(content)
            embedded.give(where)
            log = where / "log"
            with log.open("wb") as sink:
                process = subprocess.Popen([server.program("postgres"), "-D", str(self.data), *self._settings(where)], stdout=sink,
                                           stderr=sink, stdin=subprocess.DEVNULL, cwd="/", env=server.surroundings(), user=user,
                                           start_new_session=True)
                try:
                    url = make_conninfo("", host=str(where), user=_SUPERUSER, dbname="postgres")
                    _wait(process, url, log, tell)
                    yield url, _last(log.read_text(errors="replace"))
                finally:
                    _stop(process)

    def _settings(self, where: Path) -> list[str]:
        """Nothing of the old machine's network, archive, libraries, memory or included files is wanted here."""
        chosen = {"config_file": str(where / "postgresql.conf"), "hba_file": str(where / "pg_hba.conf"),
                  "ident_file": str(where / "pg_ident.conf"), "listen_addresses": "", "unix_socket_directories": str(where), "ssl": "off",
                  "hot_standby": "off", "archive_mode": "off", "shared_preload_libraries": "", "logging_collector": "off",
                  "log_destination": "stderr", "log_min_messages": "log", "lc_messages": "C", "log_timezone": "UTC",
                  "restore_command": f'cp "{self.segments}/%f" "%p"', "recovery_target_timeline": "latest",
                  "recovery_target_action": "promote"}
        if self.until is not None:
            chosen["recovery_target_time"] = self.until.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")
        return [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]


def _wait(process: subprocess.Popen[bytes], url: str, log: Path, tell: Tell) -> None:
    """Until it takes questions; a recovery may take hours, so there is no time limit but its own end."""
    told = ""
    while True:
        if process.poll() is not None:
            raise _why(log.read_text(errors="replace"))
        try:
            with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
                row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
                if row is not None and not row[0]:
                    return
        except psycopg.OperationalError:
            pass            # still replaying
        found = _TOLD.findall(log.read_text(errors="replace"))
        if found and found[-1] != told:
            told = found[-1]
            tell(f"重放日志：{told}（第 {len(found)} 段）")
        time.sleep(0.1)


def _why(said: str) -> Exception:
    if _SHORT in said:
        return EndedBefore(_last(said))
    return server.failed("postgres", [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line] or said.splitlines())


def _last(said: str) -> datetime | None:
    found = _LAST.findall(said)
    return datetime.fromisoformat(found[-1]).replace(tzinfo=UTC) if found else None


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)      # a fast shutdown: sessions end, everything is written
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tidy(data: Path, segments: Path) -> None:
    """What only the old machine or the recovery needed goes."""
    shutil.rmtree(segments)
    for name in ("log", ".handle_pids.json", "backup_manifest", "backup_label.old", "tablespace_map.old"):
        (data / name).unlink(missing_ok=True)


def too_late(until: datetime, last: datetime | None) -> InputError:
    """The wanted instant lies behind all that the place has."""
    words = f"备份只到 {spoken(last)}" if last else "备份里没有这一时刻的记录"
    return InputError("until_too_late", f"要恢复到 {spoken(until)}，{words}", field="--until",
                      remedy="不写 --until 即恢复到备份的最后一刻；恢复文件夹先清空")


def spoken_since(at: datetime) -> str:
    """The first whole second that an instant has come by: who types it back asks for nothing earlier."""
    return spoken(at + timedelta(microseconds=999_999))


def spoken(at: datetime) -> str:
    """An instant as people at the office read it."""
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
