"""What stands in the shape of things: no body takes more than it says, no caller names where we connect, no letter fetches anything."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from documents.errors import DocumentError
from documents.render import leaves
from services.api.app import create_app
from services.core.errors import InputError
from services.payment.banks.iso20022 import Iso20022Format
from services.wiring import Wiring

# Maps whose keys are a plan's own facts: refused by the rule-book's words instead (`unknown_fact`).
FREE = {"event", "facts", "answers", "contributions"}
# A computation's case and a provider's signed receipt are read by their own checks; a draft's and a paper's words are a map of fields.
OPEN = {"POST /api/v1/compute ", "POST /api/v1/compute/worksheet ", "POST /api/v1/letters/receipts ", "POST /api/v1/drafts words",
        "POST /api/v1/drafts/{draft_id} words", "POST /api/v1/papers/{paper_id}/fields values"}
OUTWARD = ("url", "uri", "host", "callback", "webhook", "endpoint", "redirect")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(cast(Wiring, None)).openapi()


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(operation, where in its body, schema) of every object that a caller sends."""
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield from _objects(schemas, content["schema"], f"{method.upper()} {path}", "", frozenset())


def _objects(schemas: dict[str, Any], schema: Any, operation: str, at: str,
             seen: frozenset[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name not in seen:
            yield from _objects(schemas, schemas[name], operation, at, seen | {name})
        return
    if schema.get("type") == "object":
        yield operation, at, schema
    for name, part in schema.get("properties", {}).items():
        yield from _objects(schemas, part, operation, f"{at}.{name}" if at else name, seen)
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from _objects(schemas, part, operation, at, seen)


def test_no_body_takes_a_key_it_does_not_name(document: dict[str, Any]) -> None:
    """Mass assignment: an unknown key is refused, nowhere passed on. Uploads' forms name each of their fields in the route."""
    found = list(bodies(document))
    assert len(found) > 80
    open_ = {f"{operation} {at}" for operation, at, schema in found
             if schema.get("additionalProperties") is not False and at.rsplit(".", 1)[-1] not in FREE
             and not schema.get("title", "").startswith("Body_")}
    assert open_ == OPEN


def test_nobody_names_an_address_to_which_we_connect(document: dict[str, Any]) -> None:
    """Request forgery from the server: where we connect stands in the operator's settings, never in what a caller sends."""
    named = {f"{operation} {at}.{name}" for operation, at, schema in bodies(document) for name in schema.get("properties", {})
             if any(word in name.lower() for word in OUTWARD)}
    assert named == set()


PIECES = ('<img src="{away}">', '<img src="file://{secret}">', '<a rel="attachment" href="file://{secret}">a</a>',
          '<object data="{away}"></object>', '<svg><image href="{away}"/></svg>', '<embed src="{away}">',
          '<p style="background:url({away})">字</p>',
          '<link rel="attachment" href="file://{secret}">', '<style>@import url({away});</style>',
          '<style>@font-face {{ font-family: x; src: url({away}) }} p {{ font-family: x }}</style><p>字</p>')


class Trap:
    """A listener on this machine that counts who comes."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.came = self.socket.getsockname()[1], 0
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.came += 1
            connection.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    listening = Trap()
    yield listening
    listening.socket.close()


def test_a_pdf_fetches_nothing_whatever_stands_in_it(trap: Trap, tmp_path: Path) -> None:
    """Pictures, styles, attachments and frames of the net and of the disk: none is asked for, none lies in the file."""
    secret = tmp_path / "secret.txt"
    secret.write_text("THE-SECRET-OF-THE-DISK")
    away = f"http://127.0.0.1:{trap.port}/x"
    with pytest.raises(httpx.HTTPError):
        httpx.get(away, timeout=5)      # the trap sees who comes
    assert trap.came == 1
    html = """<html lang="zh-CN"><head><title>t</title><link rel="stylesheet" href="{away}"><link rel="attachment" href="file://{secret}">
      <style>@import url({away}); body {{ background: url({away}) }} li {{ list-style-image: url(file://{secret}) }}</style></head>
        <body><img src="{away}"><img src="file://{secret}"><a rel="attachment" href="file://{secret}">a</a><object data="{away}"></object>
        <svg><image href="{away}"/><use href="file://{secret}#a"/></svg><ul><li>字</li></ul></body></html>"""
    for part in (html, *(f'<html lang="zh-CN"><head><title>t</title></head><body>{piece}</body></html>' for piece in PIECES)):
        try:
            pdf = leaves(part.format(away=away, secret=secret), "dossier.css")
        except DocumentError as error:
            assert error.code == "no_fetch"
        else:
            assert pdf.startswith(b"%PDF-")
            assert b"EmbeddedFile" not in pdf
    assert trap.came == 1


ENTITY = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>'
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "' + b"x" * 1000 + b'"><!ENTITY c "' + b"&b;" * 1000 + b'">]><a>&c;</a>'


@pytest.mark.parametrize("content", [ENTITY, LAUGHS, ENTITY.decode().encode("utf-16"), ENTITY.replace(b"DOCTYPE", b"doctype")],
                         ids=["external", "laughs", "utf-16", "small"])
def test_a_bank_file_with_entities_is_not_looked_at(content: bytes) -> None:
    with pytest.raises(InputError):
        Iso20022Format().read(content)
