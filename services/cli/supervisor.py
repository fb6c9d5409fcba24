"""One machine's processes: PostgreSQL, one Prefect server, a worker, the web; started in order, stopped in reverse."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

import httpx

from services.cli.stopping import undisturbed
from services.core import crypto, embedded, schema
from services.core.db import DATABASE
from services.core.errors import ConfigError
from services.core.settings import ROOT, Settings

GRACE_SECONDS = 15
_UNUSED = ("EVENT_PERSISTER", "TRIGGERS", "FOREMAN", "PAUSE_EXPIRATIONS", "CANCELLATION_CLEANUP")
# Prefect's server spends a third of its time on writing each task's three states by themselves; a hundred cost what one does.
_TOGETHER = {"PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100"}


def prefect_server() -> dict[str, str]:
    """The Prefect server's settings, as far as the environment does not say otherwise: only the services that we use."""
    # Prefect's server writes one SQLite file, and a flow run that meets its lock waits two seconds.
    ours = {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in _UNUSED} | _TOGETHER
    return {name: os.environ.get(name, value) for name, value in ours.items()}


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Program:
    """A child process, its log and how to tell that it is ready."""

    name: str
    argv: list[str]
    env: dict[str, str]
    log: Path
    health: str = ""                # a URL that answers 200 when ready
    process: subprocess.Popen[bytes] | None = field(default=None)
    _out: IO[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start in a process group of its own, so that a Ctrl-C reaches the supervisor first."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._out = self.log.open("ab")
        with undisturbed():
            self.process = subprocess.Popen(self.argv, env=self.env, stdout=self._out, stderr=subprocess.STDOUT,
                                            stdin=subprocess.DEVNULL, start_new_session=True, cwd=ROOT)

    def wait_ready(self, seconds: float) -> None:
        """Wait for the health URL; a child that died or stays silent is named with its log."""
        deadline = time.monotonic() + seconds
        while self.health:
            if self.process is None or self.process.poll() is not None:
                raise ConfigError("program_died", f"{self.name} 启动失败", remedy=f"查看日志 {self.log}")
            try:
                if httpx.get(self.health, timeout=2).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass                # not listening yet
            if time.monotonic() > deadline:
                raise ConfigError("program_silent", f"{self.name} 在{seconds:.0f}秒内没有就绪", remedy=f"查看日志 {self.log}")
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL to the whole group: what a power cut would do."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after a grace."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        if self._out:
            self._out.close()


class Supervisor:
    """`with Supervisor(settings) as machine:` … `machine.base_url`. Children get their settings by environment."""

    def __init__(self, config: Settings) -> None:
        self.config = config
        self.logs = config.data_dir / "logs"
        self.base_url = f"http://{config.web_host}:{config.web_port}"
        self._programs: dict[str, Program] = {}
        self._env: dict[str, str] = {}

    def __enter__(self) -> Supervisor:
        try:
            self.prepare()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def prepare(self) -> None:
        """Keys, database and its migrations; then the environment that all children share."""
        config = self.config
        app_url, owner_url = config.database_url, config.owner_url
        if not app_url:
            app_url, owner_url = embedded.prepare(embedded.start(config.data_dir / "postgres"), DATABASE)
        schema.refuse_without_ring(owner_url or app_url, config.key_ring)
        crypto.make_ring(config.key_ring)
        if owner_url:
            schema.upgrade(owner_url)
        prefect_url = config.prefect_api_url or f"http://127.0.0.1:{config.prefect_port}/api"
        ours = {f"HUZHU_{name.upper()}": str(value) for name, value in config.model_dump().items() if value not in ("", None)}
        home = (config.data_dir / "prefect").resolve()
        self._env = {**os.environ, **ours, **prefect_server(), "HUZHU_DATABASE_URL": app_url, "HUZHU_OWNER_URL": owner_url,
                     "PREFECT_API_URL": prefect_url, "PREFECT_HOME": str(home), "PREFECT_LOGGING_LEVEL": "WARNING",
                     "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PYTHONUNBUFFERED": "1",
                     "HUZHU_PREFECT_API_URL": prefect_url, "HUZHU_PUBLIC_URL": self._public_url()}

    def _public_url(self) -> str:
        """The office's own address when it was set: letters, cookies and sign-in elsewhere go by it. Else where the web listens here."""
        named = "public_url" in self.config.model_fields_set and self.config.public_url
        return named or self.base_url

    def start_all(self) -> None:
        """The Prefect server (unless one is configured), the web and the worker."""
        if not self.config.prefect_api_url:
            port = str(self.config.prefect_port)
            self.add("prefect", [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port],
                     health=f"http://127.0.0.1:{port}/api/health", wait=False)
        self.add("web", [sys.executable, "-m", "services.api", "--host", self.config.web_host,
                         "--port", str(self.config.web_port)], health=f"{self.base_url}/api/v1/health", wait=False)
        for name in ("prefect", "web"):
            if name in self._programs:
                self._programs[name].wait_ready(90)
        self.add("worker", [sys.executable, "-m", "flows.worker"])

    def add(self, name: str, argv: Sequence[str], *, health: str = "", env: Mapping[str, str] | None = None,
            wait: bool = True) -> None:
        """Start one more program under this supervisor."""
        program = Program(name, list(argv), {**self._env, **(env or {})}, self.logs / f"{name}.log", health)
        self._programs[name] = program
        program.start()
        if wait:
            program.wait_ready(60)

    def kill(self, name: str) -> None:
        """kill -9."""
        self._programs[name].kill()

    def restart(self, name: str) -> None:
        """Start a program again with the same arguments."""
        program = self._programs[name]
        program.stop()
        program.start()
        program.wait_ready(60)

    def revive_database(self) -> bool:
        """The embedded server that died is started again; True when it had. A server of others is theirs to start."""
        return not self.config.database_url and embedded.revive(self.config.data_dir / "postgres")

    def died(self) -> list[str]:
        """Names of programs that ended by themselves."""
        return [name for name, program in self._programs.items()
                if program.process is not None and program.process.poll() is not None]

    def stop(self) -> None:
        """Stop the children, last started first. The embedded database ends with this process."""
        for program in reversed(self._programs.values()):
            program.stop()
