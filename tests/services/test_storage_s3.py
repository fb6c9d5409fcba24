"""The same store over S3: a server of its own, every request signed and proved."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.core import settings as settings_module
from services.core.errors import ConfigError, NotFound, OutsideError
from services.core.settings import ROOT, settings
from services.evidence import viewing
from services.evidence.viewing import Undrawn
from services.storage import service as storage
from services.storage.backend import StoreDown, store
from services.storage.space import places
from tests.services.test_storage import PDF

KEY, SECRET = "ID4TESTS", "a/secret+of=tests"


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """The port of a server with the bucket `papers`."""
    program = [sys.executable, str(ROOT / "tests" / "support" / "s3_server.py"), "papers", KEY, SECRET]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.terminate()


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    """Other settings hold for one test only."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
    settings_module.settings.cache_clear()


def chosen(**words: str) -> None:
    os.environ.update({f"HUZHU_STORE{name.upper()}": value for name, value in words.items()})
    settings_module.settings.cache_clear()


def bucket(server: int, keys: Path, *, secret: str = SECRET, name: str = "papers/office-one") -> None:
    keys.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {secret}\n")
    chosen(**{"": f"s3://{name}", "_endpoint": f"http://127.0.0.1:{server}", "_region": "cn-north-1", "_keys": str(keys)})


def test_bytes_come_back_by_their_hash_and_are_written_once(server: int, tmp_path: Path) -> None:
    bucket(server, tmp_path / "keys")
    content = PDF + b"% of the bucket's test alone\n"          # others may have laid the same file on this machine
    sha256 = storage.put(content)
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert storage.put(content) == sha256 and storage.get(sha256) == content and storage.has(sha256)
    assert not (settings().papers_dir / sha256[:2] / sha256[2:4] / sha256).exists(), "nothing lies on this machine"
    storage.remove(sha256)
    storage.remove(sha256)
    assert not storage.has(sha256)
    with pytest.raises(NotFound, match="object_missing"):
        storage.get(sha256)


def test_bytes_that_no_longer_give_their_name_are_not_handed_out(server: int, tmp_path: Path) -> None:
    bucket(server, tmp_path / "keys")
    upload, sha256 = uuid.UUID(int=7), hashlib.sha256(PDF).hexdigest()
    storage.put_part(upload, 0, b"something else")
    store().put(f"{sha256[:2]}/{sha256[2:4]}/{sha256}", b"something else")
    with pytest.raises(OutsideError, match="object_damaged"):
        storage.get(sha256)
    with pytest.raises(OutsideError, match="object_damaged"):
        storage.put(PDF)
    storage.remove(sha256)
    storage.drop_parts(upload)


def test_parts_are_joined_over_several_pages_of_a_list_and_dropped(server: int, tmp_path: Path) -> None:
    bucket(server, tmp_path / "keys")
    upload, other = uuid.UUID(int=1), uuid.UUID(int=2)
    pieces = [bytes([65 + number]) * 10 for number in range(8)]
    storage.put_part(other, 0, b"another upload's")
    for number in reversed(range(8)):
        storage.put_part(upload, number * 10, pieces[number])
    assert storage.joined(upload) == b"".join(pieces)
    storage.drop_parts(upload)
    assert storage.joined(upload) == b"" and storage.joined(other) == b"another upload's"


def test_a_store_that_refuses_or_does_not_answer_is_said_to_be_down(server: int, tmp_path: Path) -> None:
    bucket(server, tmp_path / "wrong", secret="another")
    with pytest.raises(StoreDown, match="store_down"):
        storage.put(PDF)
    bucket(server, tmp_path / "keys", name="nobody/x")
    with pytest.raises(StoreDown, match="store_down"):
        storage.put(PDF)


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    for address in ("ftp://papers", "s3:/papers", "s3://Papers", "papers"):
        with pytest.raises(ConfigError, match="HUZHU_STORE"):
            chosen(**{"": address})
            settings()
    chosen(**{"": "s3://papers", "_keys": str(tmp_path / "none")})
    with pytest.raises(ConfigError, match="store_keys"):
        storage.put(PDF)
    (tmp_path / "half").write_text("aws_access_key_id = X\n")
    chosen(_keys=str(tmp_path / "half"))
    with pytest.raises(ConfigError, match="aws_secret_access_key"):
        storage.put(PDF)


def test_another_folder(tmp_path: Path) -> None:
    chosen(**{"": f"file:{tmp_path}/elsewhere"})
    sha256 = storage.put(PDF)
    assert (tmp_path / "elsewhere" / sha256[:2] / sha256[2:4] / sha256).read_bytes() == PDF


def test_a_store_that_refuses_us_blames_no_page(server: int, tmp_path: Path) -> None:
    bucket(server, tmp_path / "keys")
    paper = Undrawn(uuid.uuid4(), storage.put(PDF), "application/pdf")
    bucket(server, tmp_path / "other", secret="another/secret")
    with pytest.raises(StoreDown):                      # the flow asks again
        viewing.draw(paper)
    bucket(server, tmp_path / "keys")
    assert [leaf.fault for leaf in viewing.draw(Undrawn(paper.id, "f" * 64, paper.mime))] == ["object_missing"]
    assert viewing.draw(paper)


def test_a_bucket_that_answers_is_told_from_one_that_is_not_there(server: int, tmp_path: Path) -> None:
    bucket(server, tmp_path / "keys")
    assert (places(settings())[-1].path, places(settings())[-1].fault) == ("s3://papers/office-one", "")
    bucket(server, tmp_path / "keys", name="elsewhere/office-one")
    assert places(settings())[-1].fault == "没有应答"
    chosen(_keys=str(tmp_path / "gone"))
    assert "密钥文件读不出来" in places(settings())[-1].fault
