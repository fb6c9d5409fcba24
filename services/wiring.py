"""Which adapters this process runs with. Doors and flows take them from here; nothing is picked silently."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from sqlmodel import Session

from services.access.actor import Actor, Role
from services.core.clock import Clock, RealClock, business_day
from services.core.crypto import key_ring
from services.core.db import BusinessClock, Database, Scope, database
from services.core.errors import ConfigError
from services.core.settings import Settings, settings
from services.evidence.recognition.engine import refuse_without_reader
from services.insurer.adapters.http import HttpInsurer
from services.insurer.adapters.sftp import SftpInsurer
from services.insurer.port import Insurer
from services.insurer.post import needed, post_of
from services.notice.adapters.messages import messenger_of
from services.notice.port import Messenger, NoMessenger

OFFICE_KEY = "office.pem"
INSURER_PUBLIC_KEY = "insurer.pub.pem"


T = TypeVar("T")


@dataclass(frozen=True)
class Wiring:
    """What a process was built with. `root` is the scope of the worker and of public look-ups."""

    db: Database
    clock: Clock
    insurer: Insurer
    root: Scope
    messenger: Messenger = field(default_factory=NoMessenger)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks at a door, and when; what is read runs in the asker's scope."""

    wiring: Wiring
    actor: Actor
    now: datetime

    @property
    def today(self) -> date:
        """The business day in China."""
        return business_day(self.now)

    def require(self, *roles: Role, what: str) -> None:
        """Refuse unless the caller holds one of the roles."""
        self.actor.require(*roles, what=what)

    def read(self, query: Callable[[Session], T]) -> T:
        """Run a query in the caller's scope."""
        with self.wiring.db.view(self.actor.scope) as session:
            return query(session)

    def note(self, query: Callable[[Session], T]) -> T:
        """Run a verb, or a read that leaves a record of who looked, in one transaction in the caller's scope."""
        with self.wiring.db.unit_of_work(self.actor.scope) as session:
            return query(session)


def build(config: Settings | None = None) -> Wiring:
    """Assemble from the settings. ConfigError names the setting or file that is missing; there is no stand-in."""
    config = config or settings()
    if config.movable_clock and config.mode == "production":
        raise ConfigError("movable_clock", "正式环境的业务时钟不可移动", remedy="删去 HUZHU_MOVABLE_CLOCK",
                          field="HUZHU_MOVABLE_CLOCK")
    refuse_without_insurer(config)
    refuse_without_reader(config)
    messenger = messenger_of(config)
    key_ring()
    db = database()
    clock: Clock = BusinessClock(db) if config.movable_clock else RealClock()
    return Wiring(db, clock, insurer_of(config, clock.now), Scope(config.root_org), messenger)


@lru_cache(maxsize=1)
def wiring() -> Wiring:
    """This process's wiring, built once."""
    return build()


def refuse_without_insurer(config: Settings) -> None:
    """An insured plan cannot go without its insurer: no address, no start."""
    if not config.insurer_url:
        raise ConfigError("insurer_url", "没有设置保险公司接口地址，系统不启动",
                          remedy="设置 HUZHU_INSURER_URL", field="HUZHU_INSURER_URL")
    for name in (OFFICE_KEY, INSURER_PUBLIC_KEY, *needed(config.insurer_suite)):
        if not (config.insurer_keys / name).is_file():
            raise ConfigError("insurer_key", f"保险公司接口缺少密钥文件 {name}",
                              remedy="先运行 huzhu setup；insurer.* 的公钥向保险公司索取", field="HUZHU_INSURER_KEYS")


def insurer_of(config: Settings, now: Callable[[], datetime]) -> Insurer:
    """The adapter that the insurer's address asks for: a folder over SFTP, or HTTP."""
    adapter = SftpInsurer if config.insurer_url.startswith("sftp://") else HttpInsurer
    return adapter(url=config.insurer_url, office_key=_read(config.insurer_keys / OFFICE_KEY),
                   insurer_public_key=_read(config.insurer_keys / INSURER_PUBLIC_KEY), clock=now,
                   post=post_of(config.insurer_keys, config.insurer_suite))


def _read(path: Path) -> bytes:
    return path.read_bytes()
