"""A house of its own that may burn: a PostgreSQL server, papers and keys in one folder, and the real commands run on it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from services.core import embedded
from services.core.db import DATABASE
from services.core.settings import ROOT
from tests.support.databases import TEMPLATE

PASSPHRASE = "correct horse battery staple"
COPIER = "huzhu_backup"
_BIN = embedded.binaries()
_CONFIGURATION = {"config_file": "postgresql.conf", "hba_file": "pg_hba.conf", "ident_file": "pg_ident.conf"}


class OwnServer:
    """`postgres` over a data directory; killed as a power cut would, or stopped. `configuration`: where its own files lie, if not there."""

    def __init__(self, data: Path, configuration: Path | None = None) -> None:
        self.data = data
        self._room = tempfile.mkdtemp(prefix="hz")
        user = embedded.give(data)
        embedded.give(Path(self._room))
        self.url = make_conninfo("", host=self._room, user="postgres", dbname="postgres")
        self._log = (Path(self._room) / "log").open("wb")
        chosen = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self._room}"]
        if configuration:
            embedded.give(configuration)
            chosen += [part for option, name in _CONFIGURATION.items() for part in ("-c", f"{option}={configuration / name}")]
        self._process = subprocess.Popen([_BIN / "postgres", "-D", data, *chosen], user=user, cwd="/", stdin=subprocess.DEVNULL,
                                         stdout=self._log, stderr=self._log, start_new_session=True)
        until(lambda: subprocess.run([_BIN / "pg_isready", "-q", "-h", self._room], check=False).returncode == 0, "the server answers")

    def kill(self) -> None:
        """Every process of the server at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._leave()

    def stop(self) -> None:
        """In order."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._leave()

    def _leave(self) -> None:
        self._process.wait(30)
        self._log.close()
        shutil.rmtree(self._room)

    def of(self, database: str = DATABASE, role: str = "postgres") -> str:
        """The URL of a database under a role."""
        return embedded.with_user(self.url, role, database)


def cloned(source: str, home: Path, configuration: Path | None = None) -> OwnServer:
    """A server with the tables in a database of the product's name, copied from the test server.

    `configuration`: a folder that its configuration files are moved to, as Debian's packages have them.
    """
    data = home / "postgres"
    subprocess.run([_BIN / "pg_basebackup", "-d", source, "-D", data, "-X", "stream", "-c", "fast"], check=True, cwd="/")
    for left in ("log", ".handle_pids.json", "postgresql.auto.conf"):
        (data / left).unlink(missing_ok=True)
    if configuration:
        for name in _CONFIGURATION.values():
            (data / name).replace(configuration / name)
    server = OwnServer(data, configuration)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET autovacuum = off")
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
            *map(sql.Identifier, (DATABASE, TEMPLATE, embedded.OWNER))))
        # As infra/docker/db/roles.sh makes it: who copies is no superuser.
        connection.execute(f"CREATE ROLE {COPIER} LOGIN NOSUPERUSER NOBYPASSRLS REPLICATION; GRANT pg_monitor TO {COPIER}")
    return server


@dataclass
class House:
    """The house's folder, where its backups go, and its server while it stands."""

    home: Path
    server: OwnServer
    place: Path
    keys_place: Path
    secret: Path
    env: dict[str, str] = field(default_factory=dict)
    _stream: subprocess.Popen[bytes] | None = None

    def huzhu(self, *arguments: str | Path, code: int = 0, **more: str) -> str:
        """A command in a process of its own; what it printed."""
        done = subprocess.run([sys.executable, "-m", "services.cli.main", *map(str, arguments)], cwd=ROOT, env=self.env | more,
                              capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def start_stream(self) -> None:
        """`huzhu backup stream`, which takes the first base backup by itself."""
        command = ("backup", "stream", "--every", "1", "--nightly", "")
        with (self.home / "stream.log").open("ab") as log:
            self._stream = subprocess.Popen([sys.executable, "-m", "services.cli.main", *command], cwd=ROOT, env=self.env,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def wait(self, fine: Callable[[], bool], what: str) -> None:
        """Wait for the stream; its own words when it does not come."""
        try:
            until(fine, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{(self.home / 'stream.log').read_text()}") from None

    def kill_stream(self) -> None:
        """It and its receiver at once, as the machine's end would."""
        if self._stream is not None and self._stream.poll() is None:
            os.killpg(self._stream.pid, signal.SIGKILL)
            self._stream.wait()

    def bases(self) -> int:
        """Finished base backups in the place."""
        return len(list(self.place.glob("base/*/manifest.json")))

    def streamed(self) -> datetime:
        """Up to when rows and papers are in the place, by its own word."""
        if not (self.place / "status.json").is_file():
            return datetime.fromisoformat("2000-01-01T00:00:00+00:00")
        told = json.loads(json.loads((self.place / "status.json").read_text())["signed"])
        return min(datetime.fromisoformat(told[name] or "2000-01-01T00:00:00+00:00") for name in ("rows_until", "papers_until"))


def until(fine: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait for something; say what when it does not come."""
    ends = time.monotonic() + seconds
    while not fine():
        assert time.monotonic() < ends, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)


def clock(url: str) -> datetime:
    """The database's instant."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    at: datetime = row[0]
    return at


def rows(url: str) -> dict[str, tuple[int, str]]:
    """Of every table the number of rows and a digest over all of them, in whatever order they lie."""
    with psycopg.connect(url, autocommit=True, options="-c TimeZone=UTC") as connection:
        tables = [str(name) for name, in connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace")]
        found = {}
        for table in sorted(tables):
            lines = [str(line) for line, in connection.execute(
                sql.SQL("SELECT to_jsonb(x)::text FROM {} x ORDER BY 1").format(sql.Identifier(table)))]
            found[table] = (len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest())
    return found


def files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file under a folder by its name."""
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}
