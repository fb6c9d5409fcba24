"""Keys in trouble: two commands at once, one that was killed while it held the lock, values that bear no key's name."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from services.access.custody import rewrap, ring
from services.access.custody.columns import SEALED
from services.cli import keys as command
from services.cli import main
from services.core import embedded
from services.core.crypto import KeyRing, key_ring
from services.core.errors import Conflict
from services.settlement.feed import keeping
from services.storage import service as storage
from tests.services.test_keys import EACH, EXPECTED, NOW, feed_row, filled, own_ring, read
from tests.support.databases import Fresh, past_row_security

__all__ = ["filled", "own_ring"]


@pytest.fixture
def url(filled: Fresh, own_ring: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The owner's address, given to the command too, of values under `k1` with a newer key made some hours ago."""
    address = embedded.with_user(filled.url, embedded.OWNER)
    monkeypatch.setattr(command, "urls", lambda _config: (filled.url, address))
    if ring.told(own_ring).current == "k1":
        ring.rotate(own_ring, now=NOW - timedelta(days=1))
    yield address


def huzhu(*words: str) -> tuple[int, str]:
    told = CliRunner().invoke(main.build(("keys",)), ["keys", *words])
    return told.exit_code, told.output + str(told.exception or "")


def test_a_key_goes_by_the_commands_and_none_of_them_meets_another(filled: Fresh, own_ring: Path, url: str) -> None:
    met: list[tuple[int, str]] = []

    def at_once(_column: str, _done: int, _of: int) -> None:
        if not met:
            met.extend([huzhu("rewrap"), huzhu("retire", "k1")])

    code, told = huzhu("retire", "k1")
    assert code and "还有值用 k1 加密" in told and f"person.phone_sealed {EACH} 个" in told
    with rewrap.owner(url, "cn") as connection:
        rewrap.rewrap(connection, key_ring(), tell=at_once, batch=2)
    assert len(met) == 2 and all(code and "正在进行" in told for code, told in met)
    code, told = huzhu("rewrap", "--json")
    assert code == 0 and json.loads(told)["current"] == "k2"
    code, told = huzhu("retire", "k1")
    assert code == 0 and "k1 已停用" in told and ring.told(own_ring).ids == ("k2",)
    passing = {one.words for one in SEALED if one.passing}
    assert read(filled) == {words: set() if words in passing else values for words, values in EXPECTED.items()}


def test_who_was_killed_holds_nobody_up(filled: Fresh, own_ring: Path, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as killed, rewrap.owner(url, "cn") as connection:
        held = rewrap.alone(killed)
        held.__enter__()
        with pytest.raises(Conflict, match="正在进行"):
            rewrap.rewrap(connection, key_ring())
        with past_row_security(filled) as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s)", (killed.info.backend_pid,))
        for _ in range(100):
            try:
                assert rewrap.rewrap(connection, key_ring()) == 0
                break
            except Conflict:
                continue
        else:
            pytest.fail("the lock outlived its holder")


class Meanwhile(KeyRing):
    """The ring as it is, used while somebody else goes on: `then` happens between a value's opening and its sealing anew."""

    def __init__(self, ring: KeyRing, then: Callable[[], None]) -> None:
        self.__dict__.update(ring.__dict__)
        self.then = then

    def open_bytes(self, sealed: bytes, *, field: str) -> bytes:
        """The value; then the other goes on."""
        value = super().open_bytes(sealed, field=field)
        if field.startswith("feed_file."):
            self.then()
        return value


def test_a_feed_that_is_settled_while_it_is_sealed_anew_does_not_come_back(filled: Fresh, own_ring: Path, url: str) -> None:
    """It names everybody insured in a city; what the settlement forgot would have stayed in the store for good."""
    feed, other = (pieces(filled, sha256) for sha256 in ("1" * 64, "2" * 64))
    ring.rotate(own_ring, now=NOW)

    def settled() -> None:
        with past_row_security(filled) as superuser:
            superuser.execute("UPDATE feed_file SET state = 'settled' WHERE id = %s", (feed,))
        storage.drop_parts(feed)

    with rewrap.owner(url, "cn") as connection:
        rewrap.rewrap(connection, Meanwhile(key_ring(), settled))
        assert storage.part_offsets(feed) == []
        assert storage.get_part(other, 0).startswith(f"{key_ring().current}:".encode())
        assert rewrap.held(connection)[-1].by_key == {key_ring().current: len(storage.part_offsets(other))}


def pieces(db: Fresh, sha256: str) -> uuid.UUID:
    """A received file of two pieces."""
    feed = uuid.uuid4()
    for offset in (0, 5):
        storage.put_part(feed, offset, key_ring().seal_bytes(b"1,2,3", field=keeping._field(feed, offset)))
    feed_row(db, feed, sha256)
    return feed


def test_values_that_bear_no_keys_name_are_listed_not_stumbled_over(filled: Fresh, own_ring: Path, url: str) -> None:
    with past_row_security(filled) as connection:
        connection.execute("UPDATE report_draft SET words_sealed = CASE id WHEN (SELECT min(id::text)::uuid FROM report_draft)"
                           " THEN '\\x'::bytea ELSE '\\xff3a00'::bytea END")
    code, told = huzhu("list", "--json")
    assert code == 0, told
    assert json.loads(told)["columns"]["report_draft.words_sealed"] == {"": 1, "\\377": EACH - 1}
