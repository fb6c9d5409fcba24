"""Letters of common characters are set with cut faces, others with the whole ones: the same picture, the same bytes each time."""

from __future__ import annotations

import json
import subprocess

import pytest

from documents import faces, render
from documents.render import HERE, Rendered


def letter(name: str) -> Rendered:
    """A receipt to this person."""
    values = json.loads((HERE / "notices" / "receipt" / "sample.json").read_text("utf-8"))
    return render.render("receipt", values | {"person_name": name, "addressee": f"{name}同志"})


def seen(pdf: bytes, *command: str) -> bytes:
    """What poppler makes of it."""
    return subprocess.run(command, input=pdf, capture_output=True, check=True).stdout


def test_the_whole_faces_give_the_same_picture_and_words_and_a_larger_file(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = faces.common()
    assert cut is not None and cut.sets("互助保障〔2026〕—①，“”") and not cut.sets("王㛃")
    small = letter("示一兰")
    monkeypatch.setattr(render, "common", lambda: None)
    whole = letter("示一兰")
    assert len(small.pdf) < len(whole.pdf) - 15_000
    assert seen(small.pdf, "pdftotext", "-", "-") == seen(whole.pdf, "pdftotext", "-", "-")
    for page in ("1", str(whole.pages)):
        drawing = ("pdftoppm", "-r", "100", "-gray", "-f", page, "-l", page, "-")
        assert (picture := seen(small.pdf, *drawing)).startswith(b"P5") and picture == seen(whole.pdf, *drawing)


def test_bytes_do_not_depend_on_what_was_set_before() -> None:
    first, rare = letter("示一兰"), letter("示㛃䶮")
    assert "示㛃䶮" in seen(rare.pdf, "pdftotext", "-", "-").decode()
    assert (letter("示一兰").pdf, letter("示㛃䶮").pdf) == (first.pdf, rare.pdf)
