"""What the letter tests share: the samples, and what a reader sees in a PDF."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from documents.render import HERE, Rendered, render

Sample = Callable[[str], dict[str, object]]
Read = Callable[[bytes], str]


@pytest.fixture(scope="session")
def sample() -> Sample:
    """A fresh copy of a letter's sample.json each time."""
    def load(code: str) -> dict[str, object]:
        loaded: dict[str, object] = json.loads((HERE / "notices" / code / "sample.json").read_text("utf-8"))
        return loaded
    return load


@pytest.fixture(scope="session")
def press(sample: Sample) -> Callable[[str], Rendered]:
    """A letter's sample rendered, once per session."""
    done: dict[str, Rendered] = {}

    def printed(code: str) -> Rendered:
        if code not in done:
            done[code] = render(code, sample(code))
        return done[code]
    return printed


def words_of(html: str) -> str:
    """A letter's words, a line for each paragraph and table row, without the spaces and line ends that another face may move."""
    seen = re.sub(r"<title>.*?</title>", "", html.split("<body", 1)[1])       # a drawing's words for who does not see it
    text = re.sub(r"</(?:p|h[123]|tr)>", "\n", seen.split(">", 1)[1].replace("\n", ""))
    lines = [unescape(re.sub(r"<[^>]+>", "", re.sub(r"</t[dh]>", "\t", line))).rstrip("\t").replace(" ", "") for line in text.splitlines()]
    return "".join(line + "\n" for line in lines if line)


@pytest.fixture(scope="session")
def worded() -> Callable[[str], str]:
    """The words of a letter as it was set."""
    return words_of


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """The text poppler finds in a PDF, laid out as on the page."""
    def text(pdf: bytes) -> str:
        path: Path = tmp_path_factory.mktemp("letter") / "letter.pdf"
        path.write_bytes(pdf)
        found = subprocess.run(["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True)
        return found.stdout.decode()
    return text
