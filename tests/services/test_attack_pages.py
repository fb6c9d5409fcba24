"""Every page before forged forms, every writer of tables before words that look like formulas; `make attack` goes over all forms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.attack import pages
from infra.attack.pages import Rain

SERVICES = Path(__file__).resolve().parents[2] / "services"


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
