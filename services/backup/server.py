"""The database server as a backup needs it: its own programs, a replication connection, a slot that keeps what we have not fetched."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import tuple_row

from services.core import embedded
from services.core.errors import ConfigError, Conflict, OutsideError
from services.core.settings import Settings

SLOT = "huzhu_backup"
GRACE = 15.0                # seconds that a program has to end
AWAY = (psycopg.OperationalError, psycopg.InterfaceError)       # the server does not answer, or not any more
_MAJOR = 18
_ERROR = re.compile(r"\b(error|FATAL|PANIC):")
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Log:
    """How far the server's log is: its instant, the position that a power cut would not lose, and the segment that this lies in."""

    at: datetime
    lsn: str
    segment: str


@dataclass(frozen=True, slots=True)
class Server:
    """A server by the URL of a role that may replicate."""

    url: str

    def connect(self) -> psycopg.Connection[Row]:
        """A connection for questions; each statement by itself."""
        return psycopg.connect(self.url, autocommit=True, row_factory=tuple_row)

    def ask(self, statement: str, *values: object) -> Row:
        """One row."""
        with self.connect() as connection:
            row = connection.execute(statement.encode(), values).fetchone()
        assert row is not None
        return row

    def identity(self) -> str:
        """The system identifier, which all copies of this database share and no other has. ConfigError for another version."""
        system, version = self.ask("SELECT system_identifier::text, current_setting('server_version_num')::int"
                                   " FROM pg_control_system()")
        if int(str(version)) // 10000 != _MAJOR:
            raise ConfigError("server_version", f"数据库是 PostgreSQL {int(str(version)) // 10000}，备份程序是 {_MAJOR}",
                              remedy=f"数据库升到 {_MAJOR}，或用同一版本的程序备份", field="HUZHU_BACKUP_URL")
        return str(system)

    def segment_size(self) -> int:
        """Bytes of a segment of the log."""
        return int(str(self.ask("SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'")[0]))

    def log(self) -> Log:
        """The instant first, then the position: whatever was acknowledged by that instant lies before that position."""
        with self.connect() as connection:
            now = connection.execute("SELECT clock_timestamp()").fetchone()
            # The segment of the last byte: at a segment's end the position itself lies in the next, in which nothing stands yet.
            at = connection.execute("SELECT l::text, pg_walfile_name(l - 1) FROM pg_current_wal_flush_lsn() AS l").fetchone()
        assert now is not None and at is not None and isinstance(now[0], datetime)
        return Log(now[0], str(at[0]), str(at[1]))

    def received(self, lsn: str, receiver: str) -> bool:
        """Whether this receiver (not another's, nor a base backup's own) has on its disk all that lies before a position."""
        return bool(self.ask("SELECT coalesce(bool_or(flush_lsn >= %s::pg_lsn), false) FROM pg_stat_replication"
                             " WHERE application_name = %s", lsn, receiver)[0])

    def free_slot(self, receiver: str) -> None:
        """Have nobody on the slot. A receiver of ours that outlived its stream is ended; Conflict when it is another stream's."""
        with self.connect() as connection:
            row = connection.execute("SELECT s.active_pid, r.application_name FROM pg_replication_slots s"
                                     " LEFT JOIN pg_stat_replication r ON r.pid = s.active_pid"
                                     " WHERE s.slot_name = %s AND s.active", (SLOT,)).fetchone()
            if row is None:
                return
            if row[1] != receiver:
                raise Conflict("backup_stream_twice", "这个数据库另有一个持续备份在运行，没有开始第二个",
                               remedy="一个数据库只运行一个 huzhu backup stream：停掉另一个（别的机器、别的数据文件夹），或只用它")
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", (row[0],))

    def hold_slot(self) -> bool:
        """Have the slot: the server keeps what we did not fetch. False when it had to be made, now or anew: earlier log may be lost."""
        with self.connect() as connection:
            row = connection.execute("SELECT wal_status FROM pg_replication_slots WHERE slot_name = %s", (SLOT,)).fetchone()
            if row is not None and row[0] != "lost":
                return True
            if row is not None:
                connection.execute("SELECT pg_drop_replication_slot(%s)", (SLOT,))
            connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (SLOT,))
        return False

    def drop_slot(self) -> None:
        """Let the server forget us: nobody fetches its log any more. Conflict while somebody does."""
        with self.connect() as connection:
            try:
                connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", (SLOT,))
            except errors.ObjectInUse:
                raise Conflict("backup_stream_runs", "持续备份还在运行，数据库仍为它保留日志",
                               remedy="先停掉 huzhu backup stream，再运行 huzhu backup forget") from None

    def behind(self) -> int:
        """Bytes of the log that the server keeps for us."""
        return int(str(self.ask("SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::bigint"
                                " FROM pg_replication_slots WHERE slot_name = %s", SLOT)[0]))


def refuse_unnamed(config: Settings) -> None:
    """ConfigError when a database is named, but nobody who may copy it."""
    if config.database_url and not config.backup_url:
        raise ConfigError("backup_url", "没有设置可以复制数据库的角色", field="HUZHU_BACKUP_URL",
                          remedy="设置 HUZHU_BACKUP_URL（角色须有 REPLICATION 与 pg_monitor）")


def server_of(config: Settings) -> Server:
    """The server of the settings. ConfigError when a database is named, but nobody who may copy it."""
    refuse_unnamed(config)
    if config.backup_url:
        found = Server(config.backup_url)
    elif not (config.data_dir / "postgres" / "PG_VERSION").is_file():
        raise ConfigError("not_set_up", "这台机器上没有可以备份的系统", field="HUZHU_DATA_DIR",
                          remedy="核对 HUZHU_DATA_DIR；初次安装先运行 huzhu setup")
    else:
        found = Server(embedded.start(config.data_dir / "postgres"))
    try:
        found.identity()
    except errors.InsufficientPrivilege:
        raise ConfigError("backup_role", "备份用的数据库角色权限不足", remedy="GRANT pg_monitor 给它，并 ALTER ROLE … REPLICATION",
                          field="HUZHU_BACKUP_URL") from None
    return found


def program(name: str) -> str:
    """One of the server's programs."""
    return str(embedded.binaries() / name)


def run(name: str, *arguments: str | Path, server: Server | None = None) -> str:
    """Run one to its end; what it printed. OutsideError with its last words when it fails."""
    done = subprocess.run([program(name), *reaching(server), *map(str, arguments)], capture_output=True, text=True, check=False,
                          env=surroundings(server), stdin=subprocess.DEVNULL, cwd="/")
    if done.returncode:
        raise failed(name, done.stderr.splitlines())
    return done.stdout


def failed(name: str, said: Sequence[str]) -> OutsideError:
    """What a program's failure is told as: its last error, not what it said while tidying up after it."""
    lines = [line for line in said if line.strip()]
    words = ([line for line in lines if _ERROR.search(line)] or lines or ["没有说明原因"])[-1]
    return OutsideError("backup_program", f"{name} 没有做成：{words.strip()}", remedy="按这句话排除原因后再做一次")


def reaching(server: Server | None, name: str = "huzhu_base") -> list[str]:
    """Arguments by which a program reaches the server and how it is called there; no password, since everyone on the machine reads them."""
    if server is None:
        return []
    parts = {name: value for name, value in conninfo_to_dict(server.url).items() if name != "password"}
    return ["--dbname", make_conninfo("", **parts | {"application_name": name})]


def surroundings(server: Server | None = None) -> dict[str, str]:
    """What the programs get of this process's surroundings: nothing that redirects their connections, messages in English."""
    found = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "HUZHU_"))}
    password = conninfo_to_dict(server.url).get("password") if server else None
    return found | {"LC_ALL": "C.UTF-8", "TZ": "UTC"} | ({"PGPASSWORD": str(password)} if password else {})
