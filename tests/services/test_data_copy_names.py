"""A copy unpacks into its own folder, whatever a file was called once, and says what could not be put in."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import Environment

from services.reporting.copies import pack
from services.reporting.copies.gather import File, Gathered
from services.storage import service as storage
from tests.services.test_storage import PDF

# The name as it lay in the database, and as it may stand in a ZIP on any machine.
NAMES = (("../../../../etc/passwd", ".._.._.._.._etc_passwd"), ("..\\..\\x.pdf", ".._.._x.pdf"), ("/etc/x.pdf", "_etc_x.pdf"),
         ("C:\\x.pdf", "C__x.pdf"), ("a\u202efdp.exe", "a_fdp.exe"), ("a\x00b\n.pdf", "a_b_.pdf"), ("点。.pdf. .", "点。.pdf"),
         ("x" * 200 + ".pdf", "x" * 200 + ".pdf"))


@pytest.mark.parametrize(("name", "safe"), NAMES)
def test_a_name_stays_a_name(name: str, safe: str, tmp_path: Path) -> None:
    sha256 = storage.put(PDF)
    files = (File(f"材料/XJ2026-1/001_other_{name}", sha256), File("材料/XJ2026-1/002_other_缺.pdf", "0" * 64))
    found = Gathered("示一", {}, [], [], files)
    with io.BytesIO() as into:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pack, "_template", lambda: Environment(autoescape=True).from_string("页"))
            pack.write(into, found, at=datetime(2026, 3, 20, tzinfo=UTC), told=lambda *_: None)
        with zipfile.ZipFile(into) as bundle:
            assert bundle.namelist()[3:] == [f"材料/XJ2026-1/001_other_{safe}", "缺少的文件.txt"]
            assert bundle.read(bundle.namelist()[3]) == PDF and "002_other_缺.pdf" in bundle.read("缺少的文件.txt").decode()
            bundle.extractall(tmp_path)
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")} <= {
        "材料", "个人信息.html", "个人信息.json", "查看记录.xlsx", "缺少的文件.txt"}
