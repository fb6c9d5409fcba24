"""A database that is out of reach or out of room: which of the driver's errors say so, and what people are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from services.core.errors import OutsideError

# Of SQLSTATE: shut down or crashed, starting up, taken off the line; broken connections; too many of them.
_GONE = ("57P01", "57P02", "57P03", "57P05", "53300")
_BROKEN = "08"
_FULL = "53100"
_OURS = {"connect_timeout": 10, "keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 50_000}
_SERVERS_HALF = ("-c tcp_keepalives_idle=20", "-c tcp_keepalives_interval=10", "-c tcp_keepalives_count=3", "-c tcp_user_timeout=50000")


class DatabaseAway(OutsideError):
    """The database does not answer. `unsure`: it went while it was committing, so nobody knows yet whether that was kept."""

    status = 503

    def __init__(self, *, unsure: bool = False) -> None:
        self.unsure = unsure
        if unsure:
            super().__init__("commit_unknown", "数据库在写入时断开，还不能确认是否已经写入",
                             remedy="请稍候返回上一页，原样再提交一次：已经写入的不会重复（接口请用同一幂等键重发）")
        else:
            super().__init__("database_away", "数据库暂时连接不上，本次没有写入", remedy="请稍候再试；一直如此请联系管理员检查数据库")


class DatabaseFull(OutsideError):
    """The database's disk holds no more: reading goes on, nothing new is kept."""

    status = 503

    def __init__(self) -> None:
        super().__init__("database_full", "数据库的磁盘已满，本次没有写入", remedy="请联系管理员清出磁盘空间，然后再提交一次")


class Busy(OutsideError):
    """Others were in the way, or nobody's turn came in time: nothing was written."""

    status = 503

    def __init__(self) -> None:
        super().__init__("busy", "记录正被他人办理，本次没有写入", remedy="稍候再提交一次")


def away(error: BaseException) -> bool:
    """Whether the server or the line to it is gone, rather than a statement refused."""
    cause = getattr(error, "orig", error)
    if not isinstance(cause, psycopg.OperationalError):
        return False
    state = cause.sqlstate      # none: the line broke, or was never there
    return state is None or state in _GONE or state.startswith(_BROKEN)


@contextmanager
def named() -> Iterator[None]:
    """DatabaseAway or DatabaseFull instead of the driver's words; every other error as it is."""
    try:
        yield
    except (psycopg.OperationalError, sa.exc.OperationalError) as error:
        if away(error):
            raise DatabaseAway() from error
        if getattr(getattr(error, "orig", error), "sqlstate", None) == _FULL:
            raise DatabaseFull() from error
        raise


def lively(url: str, *options: str) -> str:
    """The same address with these options, and with what lets both ends notice within a minute that the other machine is gone; what
    the address says itself stands. The server's half frees the locks of a worker whose machine vanished: PostgreSQL by itself waits
    two hours.
    """
    given: dict[str, Any] = conninfo_to_dict(url)
    given["options"] = " ".join([*_SERVERS_HALF, *options, str(given.get("options", ""))]).strip()
    return make_conninfo(**{**_OURS, **given})
