"""ClamAV by setting, against a small clamd that speaks the protocol over real sockets."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.core import settings as settings_module
from services.core.errors import ConfigError, InputError
from services.storage import clamav, reading
from tests.support.paper_files import photo

EICAR = b"a part that the small clamd knows for a virus"


class SmallClamd:
    """INSTREAM of the clamd protocol: sized pieces up to an empty one, then one line with a NUL behind."""

    def __init__(self, listening: socket.socket, answer: bytes = b"stream: OK\0") -> None:
        self.listening, self.answer, self.received = listening, answer, b""
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        line, _ = self.listening.accept()
        with closing(line), line.makefile("rb") as coming:
            if coming.read(10) != b"zINSTREAM\0":
                return
            while size := struct.unpack(">I", coming.read(4))[0]:
                self.received += coming.read(size)
            line.sendall(b"stream: Test.Virus FOUND\0" if EICAR in self.received else self.answer)


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        yield found


@pytest.fixture(autouse=True)
def settings_anew() -> Iterator[None]:
    yield
    settings_module.settings.cache_clear()


def use(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setenv("HUZHU_CLAMAV", where)
    settings_module.settings.cache_clear()


def at(listening: socket.socket) -> str:
    return f"tcp:127.0.0.1:{listening.getsockname()[1]}"


def test_a_clean_file_passes_whole_to_the_scanner(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, at(listening))
    scanner, content = SmallClamd(listening), photo()
    assert reading.received(content, "a.jpg").mime == "image/jpeg"
    scanner.thread.join(5)
    assert scanner.received == content


def test_what_the_scanner_finds_is_refused(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, at(listening))
    SmallClamd(listening)
    with pytest.raises(InputError, match="file_virus"):
        reading.received(photo(comment=EICAR), "a.jpg")


def test_over_a_unix_socket_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as own:
        own.bind(str(tmp_path / "c"))
        own.listen()
        use(monkeypatch, f"unix:{tmp_path / 'c'}")
        scanner = SmallClamd(own)
        clamav.scan(b"x" * 200_000)
        scanner.thread.join(5)
        assert scanner.received == b"x" * 200_000


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b"", b"nonsense\0"])
def test_an_answer_that_does_not_say_clean_is_no_clean(listening: socket.socket, monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    use(monkeypatch, at(listening))
    SmallClamd(listening, answer)
    with pytest.raises(clamav.ScannerDown, match="scanner_down") as refused:
        reading.received(photo(), "a.jpg")
    assert refused.value.status == 503


def test_a_scanner_that_is_away_is_never_skipped(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, at(listening))
    listening.close()
    with pytest.raises(clamav.ScannerDown):
        reading.received(photo(), "a.jpg")


def test_a_wrong_address_refuses_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "clamd.local")
    with pytest.raises(ConfigError, match="HUZHU_CLAMAV"):
        settings_module.settings()
