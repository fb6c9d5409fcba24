"""Workers that issue letters, each a process of its own, and that die or lose the database in the middle.

`python -m tests.support.issuers` loads the code and the faces once and waits for orders, one JSON list a line: each of its entries is
one worker, forked, and all of them work at once. The answer is a list of how they ended: 0 done, 1 stopped by a lost connection,
negative the signal that killed it. Nothing of the flow is changed but its chunk (two letters); what is added is only where a worker
dies: when it stored so many letters' bytes of a transaction that has not been committed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import traceback
import uuid
from datetime import UTC, datetime
from typing import cast

import psycopg
import sqlalchemy as sa

from documents.render import HERE
from flows import runtime, send_notices
from services.core.away import DatabaseAway
from services.core.clock import FixedClock
from services.core.db import Database, Scope
from services.insurer.port import Insurer
from services.notice.pressing import Job, Office, press
from services.storage import service as storage
from services.wiring import Wiring

CHUNK = 2
Order = dict[str, str | int | list[str]]


def issue(order: Order) -> None:
    """One worker's run over its letters: `url`, `ids`, `now`; `dies` or `loses` after so many letters, `server` to be cut off by."""
    os.environ["PGAPPNAME"] = name = f"issuer {os.getpid()}"
    db = Database(str(order["url"]), pool_size=2)
    wiring = Wiring(db, FixedClock(datetime.fromisoformat(str(order["now"]))), cast(Insurer, None), Scope("cn"))
    runtime.wiring = lambda: wiring      # type: ignore[attr-defined,assignment]
    send_notices.CHUNK = CHUNK
    stored = 0
    put = storage.put

    def counted(content: bytes) -> str:
        nonlocal stored
        sha256 = put(content)
        stored += 1
        if stored == order.get("dies"):
            os.kill(os.getpid(), signal.SIGKILL)
        if stored == order.get("loses"):
            with psycopg.connect(str(order["server"]), autocommit=True) as connection:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", (name,))
        return sha256

    storage.put = counted
    ids = [uuid.UUID(one) for one in cast(list[str], order["ids"])]
    asyncio.run(send_notices.issue.fn(ids))


def forked(order: Order) -> int:
    """The process number of a new worker."""
    if child := os.fork():
        return child
    ended = 2
    try:
        issue(order)
        ended = 0
    except (DatabaseAway, sa.exc.OperationalError, psycopg.OperationalError):      # the last where a statement goes past SQLAlchemy
        ended = 1
    except Exception:  # noqa: BLE001 (said, and told by the ending)
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(ended)


def main() -> None:
    """Orders in, endings out."""
    # Faces, style and the signing library, which every worker then has.
    values = (HERE / "notices" / "receipt" / "sample.json").read_text("utf-8")
    press(Job("receipt", values, Office("cn.loaded.", "示例办事处"), datetime.now(UTC)))
    sa.orm.configure_mappers()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        workers = [forked(order) for order in json.loads(line)]
        ended = [os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) for worker in workers]
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
