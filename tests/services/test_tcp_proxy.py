"""The proxy that disturbs lines does what it says and nothing else; a program that echoes stands behind it."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from infra.lab.proxy import KINDS, Fault, Proxy, drawn

ALL = bytes(range(256)) * 8


class Echo:
    """Says back what it hears; keeps what it heard of each caller."""

    def __init__(self, path: Path | None = None) -> None:
        self.heard: list[bytearray] = []
        self.answering: list[threading.Thread] = []
        self.listening = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.listening.bind(str(path) if path else ("127.0.0.1", 0))
        self.listening.listen()
        self.target = str(path) if path else f"127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self.listening.accept()
                self.heard.append(bytearray())
                answering = threading.Thread(target=self._answer, args=(caller, self.heard[-1]), daemon=True)
                answering.start()
                self.answering.append(answering)

    @staticmethod
    def _answer(caller: socket.socket, heard: bytearray) -> None:
        with suppress(OSError), caller:
            while piece := caller.recv(1 << 16):
                heard += piece
                caller.sendall(piece)

    def ended(self, number: int) -> bytes:
        """What the caller of that number said, once its line is over."""
        until = time.monotonic() + 5
        while len(self.answering) <= number and time.monotonic() < until:
            time.sleep(0.01)
        self.answering[number].join(5)
        return bytes(self.heard[number])

    def close(self) -> None:
        self.listening.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.target, seed=3) as made:
        yield made


def call(proxy: Proxy) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    with suppress(OSError):                 # it may be reset already
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def heard_back(line: socket.socket, *, size: int = 1 << 20, seconds: float = 5) -> bytes:
    """What comes until so much is there or the line ends, broken or not."""
    line.settimeout(seconds)
    found = b""
    with suppress(OSError):
        while len(found) < size and (piece := line.recv(1 << 16)):
            found += piece
    return found


def said(proxy: Proxy, content: bytes) -> tuple[socket.socket, bytes]:
    try:
        line = call(proxy)
    except ConnectionResetError:            # it came while we were still connecting
        return socket.socket(), b""
    with suppress(OSError):
        line.sendall(content)
    return line, heard_back(line, size=len(content))


def test_without_a_fault_every_byte_passes_both_ways_and_an_end_is_an_end(proxy: Proxy) -> None:
    line = call(proxy)
    line.sendall(ALL)
    line.shutdown(socket.SHUT_WR)
    assert heard_back(line) == ALL
    assert [event.what for event in proxy.log] == ["open"]


def test_a_caller_who_is_reset_does_not_leave_the_target_waiting(proxy: Proxy, echo: Echo) -> None:
    """As a process that is killed with unread answers: a server that kept its transaction open for it would hold its locks for ever."""
    line = call(proxy)
    line.sendall(ALL)
    assert heard_back(line, size=len(ALL)) == ALL
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()
    assert echo.ended(0) == ALL
    assert not echo.answering[0].is_alive()


def test_a_unix_socket_can_be_the_target(tmp_path: Path) -> None:
    echo = Echo(tmp_path / "s")
    with Proxy(echo.target) as proxy:
        assert said(proxy, ALL)[1] == ALL
    echo.close()


@pytest.mark.parametrize("after", [0, 1, 700, len(ALL) - 1])
def test_cut_upwards_lets_exactly_so_many_bytes_through(proxy: Proxy, echo: Echo, after: int) -> None:
    proxy.befall(Fault("cut", "up", after), lines=1)
    _line, back = said(proxy, ALL)
    assert ALL.startswith(back) and len(back) <= after
    assert echo.ended(0) == ALL[:after]
    assert proxy.did("cut") == 1
    assert said(proxy, ALL)[1] == ALL            # only one line was to be cut


def test_cut_downwards_lets_the_target_hear_all_and_the_caller_so_much(proxy: Proxy, echo: Echo) -> None:
    proxy.befall(Fault("cut", "down", 100), lines=1)
    assert said(proxy, ALL)[1] == ALL[:100]
    assert echo.ended(0) == ALL


def test_cut_within_breaks_the_middle_of_the_nth_message(proxy: Proxy, echo: Echo) -> None:
    proxy.befall(Fault("cut_within", "down", 1), lines=1)
    line, first = said(proxy, b"first")
    assert first == b"first"
    line.sendall(b"second")
    assert heard_back(line) == b"sec"
    assert echo.ended(0) == b"firstsecond"


def test_a_refused_line_never_reaches_the_target(proxy: Proxy, echo: Echo) -> None:
    proxy.befall(Fault("refuse"), lines=2)
    assert [said(proxy, ALL)[1] for _ in range(3)] == [b"", b"", ALL]
    assert len(echo.heard) == 1 and proxy.did("refuse") == 2


def test_while_shut_nobody_listens_and_afterwards_the_port_is_the_same(proxy: Proxy) -> None:
    standing, _ = said(proxy, b"before")
    port = proxy.port
    proxy.shut()
    assert heard_back(standing) == b"" and proxy.standing == 0
    with pytest.raises(ConnectionRefusedError):
        call(proxy)
    proxy.open()
    assert proxy.port == port and said(proxy, ALL)[1] == ALL


def test_a_delay_holds_each_message_so_long_and_loses_none(proxy: Proxy) -> None:
    proxy.befall(Fault("delay", "down", seconds=0.15))
    began = time.monotonic()
    assert said(proxy, ALL)[1] == ALL
    assert time.monotonic() - began >= 0.15


def test_halved_messages_come_in_parts_and_whole(proxy: Proxy) -> None:
    proxy.befall(Fault("halve", "down", seconds=0.05))
    line = call(proxy)
    line.sendall(b"abcdefgh")
    first = line.recv(100)
    assert 0 < len(first) < 8
    assert first + heard_back(line, size=8 - len(first)) == b"abcdefgh"
    assert proxy.did("halve") == 1


def test_the_same_seed_breaks_the_same_place(echo: Echo) -> None:
    firsts = []
    for _ in range(2):
        with Proxy(echo.target, seed=11) as proxy:
            proxy.befall(Fault("halve", "down", seconds=0.05))
            line = call(proxy)
            line.sendall(bytes(200))
            firsts.append(len(line.recv(1000)))
    assert firsts[0] == firsts[1]


def test_a_hole_swallows_and_says_nothing(proxy: Proxy, echo: Echo) -> None:
    line, _ = said(proxy, b"before")
    proxy.befall(Fault("hole", "up"))           # a line that stands is befallen too
    line.sendall(b"lost")
    assert heard_back(line, seconds=0.3) == b""
    assert bytes(echo.heard[0]) == b"before" and proxy.standing == 1
    proxy.well()
    assert heard_back(line) == b"" and said(proxy, ALL)[1] == ALL
    assert echo.ended(0) == b"before"


def test_cut_resets_the_lines_that_stand(proxy: Proxy) -> None:
    lines = [said(proxy, b"x")[0] for _ in range(3)]
    assert proxy.cut() == 3
    assert [heard_back(line) for line in lines] == [b"", b"", b""]
    assert said(proxy, ALL)[1] == ALL


def test_a_target_that_is_away_is_a_broken_line(echo: Echo) -> None:
    with Proxy("127.0.0.1:9") as proxy:
        assert said(proxy, b"x")[1] == b"" and proxy.did("target_away") == 1


def test_what_is_drawn_is_drawn_again_and_is_every_kind() -> None:
    faults = [drawn(random.Random(n)) for n in range(200)]
    assert faults == [drawn(random.Random(n)) for n in range(200)]
    assert {fault.kind for fault in faults} == set(KINDS)
    assert all(fault.after < 4 for fault in faults if fault.kind == "cut_within")
