"""Commands that change records act for an account of the office: its roles and its sight decide, its name is on the record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.access.actors import actor_of
from services.core.db import BusinessClock, Database, Scope
from services.core.errors import InputError, NotFound
from services.core.settings import settings
from services.models import Account

As = Annotated[str, typer.Option("--as", help="办理人的登录名（按其权限办理）")]


def moment(db: Database) -> datetime:
    """Now, by the clock that this installation goes by."""
    return BusinessClock(db).now() if settings().movable_clock else datetime.now(UTC)


def acting(db: Database, login: str, now: datetime) -> Actor:
    """The person behind an account. InputError when none is named; NotFound for a program's, a closed or an unknown one."""
    if not login:
        raise InputError("missing_key", "缺少 --as（由谁办理）", remedy="写办理人的登录名，如 --as admin", field="--as")
    with db.view(Scope(settings().root_org)) as session:
        account = session.exec(select(Account).where(Account.login == login, Account.kind == "person",
                                                     col(Account.active))).first()
        if account is None:
            raise NotFound("account_missing", f"没有账号 {login}，或已停用", remedy="核对登录名", field="--as")
        return actor_of(session, account, now=now)


@contextmanager
def changing(db: Database, login: str) -> Iterator[tuple[Session, Actor, datetime]]:
    """One transaction in that person's sight."""
    now = moment(db)
    actor = acting(db, login, now)
    with db.unit_of_work(actor.scope) as session:
        yield session, actor, now
