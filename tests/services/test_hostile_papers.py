"""The hostile corpus: nothing of it is accepted, nothing of it breaks anything, and every refusal says what to do."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.errors import InputError
from services.storage import confined, reading
from services.storage.confined import Confined, Died
from tests.support.hostile import CORPUS, HONEST
from tests.support.paper_files import good_pdf, heic, page, photo, saved

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("what", CORPUS)
def test_the_hostile_are_refused_in_words_a_clerk_understands(what: str) -> None:
    content, name, code = CORPUS[what]
    with pytest.raises(InputError) as refused:
        reading.received(content(), name)
    assert refused.value.code == code, refused.value
    assert CHINESE.search(refused.value.message) and CHINESE.search(refused.value.remedy)
    assert refused.value.field == "content"


@pytest.mark.parametrize("what", HONEST)
def test_the_honest_are_received_by_their_bytes(what: str) -> None:
    content, name, mime = HONEST[what]
    found = reading.received(content(), name)
    assert (found.mime, found.name, found.pages) == (mime, name, 1)


GOOD = [photo(), saved(page(420, 500)), saved(page(420, 500), "WEBP"), heic(), good_pdf()]


@settings(max_examples=60)
@given(st.sampled_from(GOOD), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8),
       st.integers(0, 10**6), st.booleans())
def test_whatever_becomes_of_the_bytes_it_is_received_or_refused(content: bytes, changes: list[tuple[int, int]], cut: int,
                                                                 shortened: bool) -> None:
    changed = bytearray(content)
    for place, value in changes:
        changed[place % len(changed)] = value
    try:
        reading.received(bytes(changed[:cut % len(changed)] if shortened else changed), "a.pdf")
    except InputError as refused:
        assert refused.remedy


def test_the_process_of_strangers_files_has_no_keys_no_memory_and_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUZHU_SECRET_OF_THE_TEST", "x")
    room = Confined()
    try:
        room.lay(photo())
        process = room._process
        assert process is not None
        with Path(f"/proc/{process.pid}/environ").open("rb") as around:
            assert b"HUZHU" not in around.read()
        with Path(f"/proc/{process.pid}/limits").open() as limits:
            bounds = {line[:26].strip(): line[26:].split()[0] for line in limits}
        assert bounds["Max file size"] == "0"
        assert int(bounds["Max address space"]) <= 2 << 30
        assert int(bounds["Max cpu time"]) <= 40
    finally:
        room.close()


def test_a_process_that_hangs_or_dies_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Confined()
    try:
        room.lay(photo())
        assert room._process is not None
        room._process.send_signal(19)           # stopped: it will never answer
        monkeypatch.setattr(confined, "PATIENCE", 0.2)
        began = time.monotonic()
        with pytest.raises(Died):
            room.ask({"do": "inspect"})
        assert time.monotonic() - began < 5
        monkeypatch.setattr(confined, "PATIENCE", 40.0)
        room.lay(photo())
        assert room.ask({"do": "inspect"})[0]["mime"] == "image/jpeg"
        room._process.kill()
        room._process.wait()
        room.lay(photo())
        assert room.ask({"do": "inspect"})[0]["mime"] == "image/jpeg"
    finally:
        room.close()
