"""A feed received: kept sealed, entered once, and bills only within one's scope; against the real database and store."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import psycopg
import pytest

from services.access.actor import Actor, Role
from services.audit.verify import verify
from services.core.crypto import key_ring
from services.core.db import Database, Scope
from services.core.errors import Conflict, HuzhuError, NotFound, NotPermitted
from services.core.ids import uuidv7
from services.core.settings import settings
from services.models import FeedFile
from services.settlement.feed import blind, keeping, receive
from services.settlement.feed.identities import clean
from services.settlement.feed.staging import stage
from services.storage import service as storage
from tests.services.feed_files import PEOPLE, row, whole, write
from tests.support.databases import Fresh, Superuser, past_row_security

NOW = datetime(2026, 10, 8, 2, 0, tzinfo=UTC)
ROWS = [row(number, certno=PEOPLE[number % 4]) for number in range(200)]


@pytest.fixture(scope="module")
def house(server: str) -> Iterator[Fresh]:
    """One database for the file: its tests enter different feeds."""
    database = Fresh(server)
    yield database
    database.drop()


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(tmp_path_factory.mktemp("feed") / "feed.csv", ROWS).read_bytes()


def who(*roles: Role, key: str = "cn.bj.") -> Actor:
    """Somebody of the Beijing office."""
    return Actor(account_id=uuidv7(), person_id=uuidv7(), name="示一兰", org_key=key, roles=frozenset(roles))


def sent(house: Database, content: bytes, *, actor: Actor | None = None, plan: str = "bj-medical", year: int = 2026, quarter: int = 3,
         now: datetime = NOW) -> FeedFile:
    acting = actor or who(Role.FINANCE_MAKER)
    with house.unit_of_work(acting.scope) as session:
        return receive.receive(session, io.BytesIO(content), file_name="三季度.csv", size=len(content), plan=plan, year=year,
                               quarter=quarter, actor=acting, now=now)


def objects() -> list[Path]:
    return [path for path in settings().papers_dir.rglob("*") if path.is_file()] if settings().papers_dir.exists() else []


@pytest.mark.parametrize("size", [keeping.PIECE, 1000], ids=["one piece", "many"])
def test_it_is_kept_sealed_and_read_again(house: Fresh, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Nowhere in the store a name or a number; what staging reads of it is what was sent, under the members' own indices."""
    monkeypatch.setattr(keeping, "PIECE", size)
    before = {*objects()}
    text = content + b"\n" * size       # another file for each size: blank lines are no rows
    feed = sent(house, text)
    assert (feed.size, feed.format, feed.rows) == (len(text), "csv", 0) and feed.plan == "bj-medical"
    laid = [path for path in objects() if path not in before]
    assert len(laid) == -(-len(text) // size)
    for path in laid:
        assert not any(secret.encode() in path.read_bytes() for secret in (*PEOPLE, "示一兰", "setl_id"))
    with receive.opened(feed).open() as again:
        assert again.read() == text
    found = whole(stage(receive.opened(feed), "csv", tmp_path / "staged", plan="bj-medical", year=2026, quarter=3))
    assert found["setl_id"].to_list() == [one["setl_id"] for one in ROWS]
    assert found["member"].to_list() == [key_ring().index(one["certno"], field="person.id_number") for one in ROWS]
    receive.forget(feed)
    assert {*objects()} == before


@pytest.mark.parametrize("fmt", ["csv.gz", "parquet"])
def test_the_format_is_told_by_the_content(house: Fresh, content: bytes, tmp_path: Path, fmt: str) -> None:
    if fmt == "parquet":
        pl.DataFrame(ROWS).write_parquet(tmp_path / "feed.parquet")
        text = (tmp_path / "feed.parquet").read_bytes()
    else:
        text = gzip.compress(content)
    feed = sent(house, text)
    assert feed.format == fmt
    found = stage(receive.opened(feed), fmt, tmp_path / "staged", plan="bj-medical", year=2026, quarter=3)  # type: ignore[arg-type]
    assert found.accepted == len(ROWS)


def test_the_same_file_again_is_the_same_row(house: Fresh, content: bytes) -> None:
    text = content + b"\n\n"
    first = sent(house, text)
    before = {*objects()}
    assert sent(house, text, actor=who(Role.HEAD)).id == first.id and {*objects()} == before
    with pytest.raises(Conflict) as refused:
        sent(house, text, quarter=2)
    assert refused.value.code == "feed_known" and {*objects()} == before
    with house.view(Scope("cn")) as session:
        assert verify(session) == []


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "nothing in it": ({"content": b""}, "file_empty"), "no feed": ({"content": b"a,b\n1,2\n"}, "feed_columns"),
    "gzip cut off": ({"content": gzip.compress(b"x" * 5000)[:20]}, "feed_damaged"),
    "a quarter to come": ({"quarter": 4, "now": datetime(2026, 9, 30, 15, 59, 59, tzinfo=UTC)}, "feed_quarter"),
    "a quarter that is none": ({"quarter": 5}, "feed_quarter"), "a plan of claims": ({"plan": "nx-ankangbao"}, "feed_plan"),
    "no such plan": ({"plan": "bj-nothing"}, "unknown_plan"),
}


@pytest.mark.parametrize(("changes", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_a_feed_is_refused_and_nothing_kept(house: Fresh, content: bytes, changes: dict[str, object], code: str) -> None:
    before = {*objects()}
    with pytest.raises(HuzhuError) as refused:
        sent(house, **{"content": content + b"\n\n\n", **changes})      # type: ignore[arg-type]
    assert refused.value.code == code and {*objects()} == before


def test_the_quarter_may_be_sent_from_its_first_day_on(house: Fresh, content: bytes) -> None:
    """Midnight of 1 October in China."""
    assert sent(house, content + b"\n\n\n\n", quarter=4, now=datetime(2026, 9, 30, 16, 0, tzinfo=UTC)).quarter == 4


@pytest.mark.parametrize("role", [Role.MEMBER, Role.UNIT_CLERK, Role.DISTRICT_REVIEWER, Role.FINANCE_CHECKER, Role.AUDITOR,
                                  Role.ADMINISTRATOR, Role.INSURER])
def test_only_office_and_maker_receive(house: Fresh, content: bytes, role: Role) -> None:
    with pytest.raises(NotPermitted):
        sent(house, content, actor=who(role))


def test_changed_bytes_in_the_store_are_loud(house: Fresh, content: bytes) -> None:
    before = {*objects()}
    feed = sent(house, content + b"\n\n\n\n\n")
    piece, = (path for path in objects() if path not in before)
    held = piece.read_bytes()
    piece.write_bytes(held[:-1] + bytes([held[-1] ^ 1]))
    with pytest.raises(HuzhuError) as refused, receive.opened(feed).open() as file:
        file.read()
    assert refused.value.code == "sealed_value"


def test_a_shorter_file_under_its_name_is_loud(house: Fresh, content: bytes) -> None:
    feed = sent(house, content + b"\n" * 6)
    storage.put_part(feed.id, 0, key_ring().seal_bytes(content, field=f"feed_file.content/{feed.id}/0"))
    with pytest.raises(NotFound) as refused, receive.opened(feed).open() as file:
        file.read()
    assert refused.value.code == "object_missing"


# A bill as COPY text in the order of the columns named.
_COPY = ("COPY {table} (year, part, person_id, setl_id, version, feed_id, org_key, own_1, over_cap, other_reimb, medfee_sumamt, "
         "inscp_scp_amt, act_pay_dedc, hifp_pay, hifob_pay, cvlserv_pay, hifes_pay, maf_pay, psn_part_amt, digest, setl_at, setl_on, "
         "row_no, reversed, superseded, kind) FROM STDIN")
_LINE = "2026\t5\t{id}\t{setl}\t1\t{id}\t{key}" + "\t0" * 12 + "\t7\t2026-08-01 10:00+08\t2026-08-01\t1\tf\tf\toutpatient\n"


def bill(house: Database, setl: str, *, scope: str, key: str, table: str = "bill_2026") -> None:
    """One bill through COPY, as settlements write them."""
    with house.unit_of_work(Scope(scope)) as session:
        cursor = session.connection().connection.driver_connection.cursor()     # type: ignore[union-attr]
        with cursor.copy(_COPY.format(table=table)) as copy:
            copy.write(_LINE.format(id=uuidv7(), setl=setl, key=key))


def seen(house: Database, scope: str, table: str = "bill") -> set[str]:
    with house.view(Scope(scope)) as session:
        cursor = session.connection().connection.driver_connection.cursor()     # type: ignore[union-attr]
        return {name for (name,) in cursor.execute(f"SELECT setl_id FROM {table}").fetchall()}


def test_bills_are_copied_and_read_within_ones_scope(house: Fresh) -> None:
    bill(house, "own", scope="cn.bj", key="cn.bj.")
    for scope, expected in (("cn", {"own"}), ("cn.bj", {"own"}), ("cn.xj", set()), ("cn.b", set()), ("", set())):
        assert seen(house, scope) >= expected and (expected or "own" not in seen(house, scope))
    for scope, key in (("cn.bj", "cn.xj."), ("cn.bj", "cn."), ("", "cn.bj.")):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            bill(house, "other", scope=scope, key=key)
    with past_row_security(house) as superuser:
        assert _count(superuser, "bill WHERE setl_id = 'other'") == 0


def test_a_years_partition_is_written_and_nothing_else(house: Fresh) -> None:
    """Reading it past the table's row security, and COPY into the table itself, are not possible."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        seen(house, "cn", "bill_2026")
    with pytest.raises(psycopg.Error):
        bill(house, "straight", scope="cn.bj", key="cn.bj.", table="bill")


def _count(superuser: Superuser, where: str) -> int:
    found = superuser.execute(f"SELECT count(*) FROM {where}").fetchone()       # type: ignore[call-overload]
    return int(str(found[0])) if found else 0


def test_many_indices_are_each_the_index() -> None:
    numbers = list(clean(pl.Series([*PEOPLE, "110099620101000"])))
    assert blind.index(numbers) == [key_ring().index(number, field="person.id_number") for number in numbers]
    assert numbers[-1] == PEOPLE[0]
