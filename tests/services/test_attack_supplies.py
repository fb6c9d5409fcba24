"""The attack's own tools see what they are for: a planted key, a known weakness, a pattern that hangs. Ours have none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from infra.attack import advisories, patterns, secrets
from services.evidence.recognition.extract import extract
from services.evidence.recognition.lines import LONGEST, Box, Line, Words

KEY = "-----BEGIN " + "RSA PRIVATE KEY-----"
ADVISORY = {"id": "PYSEC-2030-1", "affected": [{"package": {"name": "Sample_Box", "ecosystem": "PyPI"}, "ranges": [
    {"type": "ECOSYSTEM", "events": [{"introduced": "1.2"}, {"fixed": "1.10"}, {"introduced": "2.0"}, {"last_affected": "2.3"}]}]}]}


def _git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words], cwd=root, check=True, capture_output=True)


def test_a_key_is_found_in_the_tree_and_after_it_was_taken_away(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text(f"KEY = '''{KEY}'''\nTOKEN = 'ghp_{'aB3dE6gH9' * 4}'\n")
    _git(tmp_path, "add", "a.py")
    assert {one.kind for one in secrets.tree(tmp_path)} >= {"Private Key", "GitHub Token"}
    _git(tmp_path, "commit", "-qm", "1")
    (tmp_path / "a.py").write_text("KEY = ''\n")
    _git(tmp_path, "commit", "-qam", "2")
    assert secrets.tree(tmp_path) == []
    assert {(one.file, one.kind) for one in secrets.history(tmp_path)} >= {("a.py", "Private Key"), ("a.py", "GitHub Token")}


def test_every_known_one_says_why() -> None:
    assert all(file and kind and len(why) > 10 for file, kind, why in secrets.known())


@pytest.mark.parametrize(("version", "weak"), [("1.1.9", False), ("1.2", True), ("1.9.9", True), ("1.10", False), ("2.0", True),
                                               ("2.3", True), ("2.3.1", False)])
def test_a_version_in_a_range_is_weak(tmp_path: Path, version: str, weak: bool) -> None:
    (tmp_path / "vulns").mkdir()
    (tmp_path / "vulns" / "one.yaml").write_text(yaml.safe_dump(ADVISORY))
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "1")
    lock, kept = tmp_path / "lock", tmp_path / "kept.txt"
    lock.write_text(f"sample-box=={version} \\\n    --hash=sha256:00\n")
    found = advisories.offline(tmp_path, lock, kept)
    assert (found.asked, bool(found.weak), found.good) == (True, weak, not weak)
    assert bool(advisories.offline(None, lock, kept).weak) is weak
    lock.write_text(f"sample-box=={version}\nother==1\n")
    assert not advisories.offline(None, lock, kept).good, "a package nobody compared"


def test_a_package_nobody_asked_about_is_not_a_good_one() -> None:
    told = {"name": "a", "version": "1", "vulns": []}
    assert advisories.judged([told]).good
    assert not advisories.judged([told, {"name": "b", "skip_reason": "not found"}]).good
    assert not advisories.judged([{**told, "vulns": [{"id": "PYSEC-2030-1"}]}]).good


def test_what_is_written_down_speaks_of_the_lock() -> None:
    assert advisories.offline(None).good


def test_a_pattern_that_hangs_is_found_and_ours_do_not() -> None:
    for hangs in (r"(a+)+$", r"^(\w+\s?)*$", r"(x|x)*y", r"\s*\s*\s*\s*z"):
        assert patterns.slow([patterns.Pattern("here", hangs)], length=2000, seconds=0.1), hangs
    every = patterns.ours()
    assert len(every) > 250
    assert patterns.slow(every, length=1000, seconds=0.3) == []


def test_a_line_of_blanks_does_not_hold_the_reading_up() -> None:
    """Found by the patterns' search: hidden blanks between the signs of a PDF's line cost hours."""
    lines = [Line(f"{word}{' ' * 20000}", 1.0, Box(0.1, at / 20, 0.9, at / 20 + 0.03)) for at, word in enumerate(
        ("诊断证明书", "姓名", "住院", "ICD10", "病理号", "收", "诊断", "一1911"))]
    assert max(len(line.text) for line in lines) < 10
    assert len(Line("字" * 9000, 1.0, Box(0, 0, 1, 1)).text) == LONGEST
    extract(Words(1, "text", 0.7, tuple(lines)))        # ends
