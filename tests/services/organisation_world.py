"""Trees that change: adding nodes, meeting people again after a move, and what must hold afterwards."""

from __future__ import annotations

from datetime import datetime

import psycopg
from sqlmodel import Session

from services.access import service as access
from services.access.actor import Actor
from services.audit.verify import verify
from services.core.db import Scope
from services.enrolment import service
from services.models import Organisation
from services.reporting import checks
from tests.support.world import World

Superuser = psycopg.Connection[tuple[object, ...]]
CN = Scope("cn")
TSD, U1 = "cn.xj.wlmq.tsd.", "cn.xj.wlmq.tsd.u001."


def add(session: Session, world: World, parent: str, code: str, kind: str, now: datetime, **more: str) -> Organisation:
    made = service.add_organisation(session, parent_id=world.org(parent), code=code, name=f"示例{code}", kind=kind,
                                    actor=world.actor("admin"), now=now, **more)
    world.orgs[made.org_key] = made.id
    return made


def again(world: World, login: str, now: datetime) -> Actor:
    """The actor as the next request would find it."""
    with world.db.view(CN) as session:
        world.actors[login] = access.authenticate(session, world.tokens[login], now=now)
    return world.actors[login]


def clean(world: World) -> None:
    """No promise broken, no record touched."""
    with world.db.view(CN) as session:
        assert checks.run(session) == []
        assert verify(session) == []


def stray(superuser: Superuser, key: str) -> list[tuple[str, int]]:
    """Tables with rows still under a key, beside the signed records."""
    tables = superuser.execute("SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE a.attname = 'org_key'"
                               " AND c.relkind = 'r' AND c.relname NOT IN ('audit_record', 'access_record')").fetchall()
    found = []
    for (table,) in tables:
        row = superuser.execute(f"SELECT count(*) FROM {table} WHERE starts_with(org_key, '{key}')").fetchone()
        if row and row[0]:
            found.append((str(table), int(str(row[0]))))
    return found
