"""Every letter's sample, sealed as it would be issued: other programs confirm signature, QR and words.

Three pass veraPDF here, all in the lab: Java takes a second a letter.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from weasyprint import HTML

from documents.render import HERE, check_context, codes
from services.notice.checks import new_code, printed, spoken
from services.notice.examining import examine
from services.notice.pressing import Job, Office, press
from tests.support.vera import verdicts

NOW = datetime(2026, 3, 20, 1, tzinfo=UTC)
CODES = codes()
FEW = ("decision", "refusal", "supplement")     # a table, a clause, a list


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """The files and the check code each bears."""
    folder, made = tmp_path_factory.mktemp("letters"), {}
    for code in CODES:
        check = new_code()
        values = {**json.loads((HERE / "notices" / code / "sample.json").read_text("utf-8")), "check": printed(check)}
        office = Office("cn.nx.", str(values["office_name"]))
        path = folder / f"{code}.pdf"
        path.write_bytes(press(Job(code, check_context(code, values).model_dump_json(), office, NOW)).pdf)
        made[code] = path, check
    return made


def told(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def signs(text: str) -> list[str]:
    """The words as signs without order or blanks: two programs break lines and tables differently."""
    return sorted("".join(text.split()))


@pytest.mark.parametrize("code", CODES)
def test_signature_qr_and_words(sealed: dict[str, tuple[Path, str]], code: str) -> None:
    path, check = sealed[code]
    said = told(["pdfsig", "-nocert", str(path)])
    assert "Signature is Valid" in said and "Total document signed" in said
    assert examine(path.read_bytes()).sound

    text = told(["pdftotext", "-layout", str(path), "-"])
    assert signs(text) == signs(told(["mutool", "draw", "-q", "-F", "text", str(path)]))
    assert spoken(check) in text

    pages = pypdfium2.PdfDocument(path)
    pictures = [page.render(scale=100 / 72, grayscale=True).to_pil() for page in pages]
    pages.close()
    assert [found.text for picture in pictures for found in zxingcpp.read_barcodes(picture)] == [printed(check).url]


def test_verapdf_passes_some_of_them(sealed: dict[str, tuple[Path, str]], tmp_path: Path) -> None:
    """And fails a page that is neither archival nor accessible: the validator does find fault."""
    plain = tmp_path / "plain.pdf"
    HTML(string="<html><title>x</title><p>x</p></html>").write_pdf(plain)
    said = verdicts([*(sealed[code][0] for code in FEW), plain])
    passed = {name for name, _ in said if said[name, "3a"] == said[name, "ua1"] == "PASS"}
    assert passed == {f"{code}.pdf" for code in FEW}, said
    assert {said[plain.name, flavour].split()[0] for flavour in ("3a", "ua1")} == {"FAIL"}


@pytest.mark.slow
def test_verapdf_passes_all_of_them(sealed: dict[str, tuple[Path, str]]) -> None:
    said = verdicts([path for path, _ in sealed.values()])
    assert {key: words for key, words in said.items() if words != "PASS"} == {}
    assert len(said) == 2 * len(CODES)
