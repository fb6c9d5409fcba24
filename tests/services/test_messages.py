"""The one contract of whoever carries messages, against a real HTTP gateway and a real mail server; and what the settings refuse."""

from __future__ import annotations

import http.server
import socket
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.core.errors import ConfigError
from services.core.settings import Settings
from services.notice.adapters.messages import AppriseMessenger, messenger_of
from services.notice.port import Message, NoMessenger
from tests.support.gateway import Gateway, http_gateway, mail_server

ADDRESSES = {"sms": "13812345678", "mail": "reader@post.example"}
TEXT = "【示例办事处】您有一份文书，受理编号尾号0017。"


@pytest.fixture(params=["sms", "mail"])
def carried(request: pytest.FixtureRequest) -> Iterator[tuple[str, Gateway]]:
    with (http_gateway if request.param == "sms" else mail_server)() as gateway:
        yield request.param, gateway


def message(channel: str) -> Message:
    return Message(uuid.UUID(int=7), channel, ADDRESSES[channel], "文书送达提醒", TEXT)


def test_taken_once_with_its_address_and_number(carried: tuple[str, Gateway]) -> None:
    channel, gateway = carried
    assert AppriseMessenger({channel: gateway.url}).send(message(channel)).outcome == "sent"
    [(to, text, number)] = gateway.got
    assert to == ADDRESSES[channel]
    if channel == "sms":
        assert TEXT in text and number == str(uuid.UUID(int=7))


@pytest.mark.parametrize("more", [
    "?to=thief@post.example", "&cc=thief@post.example", "\r\nBcc: thief@post.example", "/thief@post.example", ",thief@post.example"])
def test_an_address_brings_no_second_reader_and_no_line_of_the_head(more: str) -> None:
    with mail_server() as gateway:
        odd = Message(uuid.UUID(int=7), "mail", ADDRESSES["mail"] + more, "文书送达提醒", TEXT)
        assert AppriseMessenger({"mail": gateway.url}).send(odd).outcome == "refused"
    assert gateway.got == []


@pytest.mark.parametrize(("mood", "outcome", "arrived"), [("refuses", "refused", 0), ("hangs up", "lost", 1)])
def test_a_refusal_is_not_a_lost_answer(carried: tuple[str, Gateway], mood: str, outcome: str, arrived: int) -> None:
    channel, gateway = carried
    gateway.mood = mood  # type: ignore[assignment]
    assert AppriseMessenger({channel: gateway.url}).send(message(channel)).outcome == outcome
    assert len(gateway.got) == arrived, "nothing is sent twice behind our back"


def test_where_nobody_listens_nothing_left(carried: tuple[str, Gateway]) -> None:
    channel, gateway = carried
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = gateway.url.replace(str(gateway.port), str(free.getsockname()[1]))
    assert AppriseMessenger({channel: url}).send(message(channel)).outcome == "unreached"


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    """A gateway that points to another: its answer to everything is a redirect there."""

    there = ""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(307)
        self.send_header("Location", self.there)
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_a_gateway_that_points_elsewhere_is_not_followed() -> None:
    with http_gateway() as gateway, http.server.HTTPServer(("127.0.0.1", 0), _Elsewhere) as pointing:
        _Elsewhere.there = f"http://127.0.0.1:{gateway.port}/send?to=13812345678&id=7"
        thread = threading.Thread(target=pointing.serve_forever, daemon=True)
        thread.start()
        reply = AppriseMessenger({"sms": gateway.url.replace(str(gateway.port), str(pointing.server_port))}).send(message("sms"))
        pointing.shutdown()
        thread.join()
    assert reply.outcome != "sent" and gateway.got == []


def test_a_channel_without_address_does_not_start(tmp_path: Path) -> None:
    urls = tmp_path / "urls"
    urls.write_text("# the gateway\nsms json://127.0.0.1/send?:to={address}\nwecom json://127.0.0.1/send\n")
    assert isinstance(messenger_of(Settings()), NoMessenger)
    assert isinstance(messenger_of(Settings(channels="sms", channel_urls=urls)), AppriseMessenger)
    for channels, path in (("sms", None), ("sms,mail", urls), ("wecom", urls), ("sms", tmp_path / "none")):
        with pytest.raises(ConfigError, match="channel_address"):
            messenger_of(Settings(channels=channels, channel_urls=path))
