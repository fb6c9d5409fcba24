"""The checklist of OWASP ASVS 5.0.0: every requirement once, every named test there, the page made of it, what is written down true."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import lru_cache
from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.attack import asvs
from infra.attack.asvs import Answer
from services.access import credentials, lockout, oidc, passwords, sessions, totp
from services.backup import sealing
from services.core.settings import Settings
from services.evidence import uploads
from services.storage import confined, inspect_pdf, kinds
from services.web import uploading
from services.web.desks import progress, sign_in
from tests.architecture.test_guarded_source import SOURCE, imports

ROOT = Path(__file__).resolve().parents[2]
ROWS = asvs.answers()
PAGE = (ROOT / "infra" / "docs" / "security.md").read_text("utf-8")


@lru_cache
def _tests_of(path: Path) -> frozenset[str]:
    """The test functions of a file, without running it."""
    return frozenset(node.name for node in ast.walk(ast.parse(path.read_text("utf-8")))
                     if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"))


@lru_cache
def _anchors(path: Path) -> frozenset[str]:
    """The headings of a page as Markdown makes addresses of them."""
    return frozenset(re.sub(r"[^\w-]", "", line.lstrip("#").strip().lower().replace(" ", "-"))
                     for line in path.read_text("utf-8").splitlines() if line.startswith("#"))


def test_every_requirement_of_both_levels_stands_once_in_its_order() -> None:
    known = asvs.numbers()
    assert (len(known), sum(level == 1 for level in known.values())) == (253, 70)        # as ASVS 5.0.0 counts
    assert [(row.id, row.level) for row in ROWS] == list(known.items())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_an_answer_names_is_there(row: Answer) -> None:
    for name in row.tests:
        path, _, function = name.partition("::")
        assert (ROOT / path).is_file() and path.startswith("tests/"), name
        assert function in _tests_of(ROOT / path) if function else _tests_of(ROOT / path), name
    for name in row.checks:
        assert (ROOT / name).is_file() and name.startswith(("infra/lint/", "infra/attack/")), name
    if row.page:
        path, _, anchor = row.page.partition("#")
        assert (ROOT / path).is_file() and (not anchor or anchor in _anchors(ROOT / path)), row.page


def test_what_is_said_to_be_nowhere_is_nowhere() -> None:
    text = {path: path.read_text("utf-8") for path in SOURCE}
    found = [f"{row.id}: {row.nowhere} in {path.relative_to(ROOT)}" for row in ROWS if row.nowhere
             for path, words in text.items() if re.search(row.nowhere, words, re.I)]
    assert found == []


def test_the_threat_model_names_tests_that_are_there() -> None:
    named = set(re.findall(r"`(tests/[^`]+)`", (ROOT / "infra" / "docs" / "threat-model.md").read_text("utf-8")))
    assert len(named) > 20 and {name for name in named if not (ROOT / name).is_file()} == set()


def test_the_page_is_made_of_the_list() -> None:
    assert asvs.PAGE.read_text("utf-8") == asvs.page(ROWS), "run python -m infra.attack.asvs"


@pytest.mark.parametrize("wrong", [
    {"state": "holds"}, {"state": "gap"}, {"state": "holds", "tests": ["x"], "gap": {
        "missing": "something or other", "risk": "low", "harm": "somebody is harmed", "closes": "work"}},
    {"state": "perhaps"}, {"state": "not applicable", "level": 3}, {"state": "not applicable", "why": "so"}])
def test_an_answer_without_ground_is_refused(wrong: dict[str, object]) -> None:
    good: dict[str, object] = {"id": "V1.1.1", "level": 1, "ours": "it is done so and so"}
    assert Answer.model_validate({**good, "state": "not applicable"})
    with pytest.raises(ValidationError):
        Answer.model_validate({**good, **wrong})


def _minutes(span: object) -> int:
    return int(span.total_seconds()) // 60      # type: ignore[attr-defined]


def test_the_security_page_says_what_the_code_does() -> None:
    limits = f"{progress.LOOK_UPS} public look-ups an asker, then one every {progress.SECONDS_EACH} seconds"
    tries = f"{sign_in.TRIES} sign-in tries\nan asker, then one every {sign_in.SECONDS_EACH} seconds"
    said = [
        f"{lockout.FREE} free tries of one login at one place, {lockout.FREE_LOGIN} of one login\nfrom anywhere, "
        f"{lockout.FREE_PLACE} from one place",
        f"Then {int(lockout.FIRST.total_seconds())} seconds, doubling to {_minutes(lockout.LONGEST)} minutes",
        f"forgotten after {_minutes(lockout.FORGOTTEN) // 60} hours", f"within {lockout.KNOWN.days} days waits by its own",
        f"{_minutes(credentials.LINK_LASTS) // 60} hours, once; {sign_in.TRIES} tries at once",
        f"an attempt lasts {_minutes(oidc.LASTS)} minutes", ", ".join(oidc.ALGORITHMS),
        f"{passwords.SHORTEST} to {passwords.LONGEST} characters", f"at least {passwords.OWN_SIGNS} signs must remain",
        f"{len(passwords._breached())} by digest", f"| rest | {_minutes(sessions.IDLE)} minutes; {_minutes(sessions.IDLE_MEMBER)} minutes",
        f"| in all | {_minutes(sessions.ABSOLUTE) // 60} hours",
        f"| between password and second factor | {_minutes(sessions.HALF_LASTS)} minutes", f"| at once | {sessions.MOST} an account",
        f"a body of {Settings().upload_limit_mb} MB", f"{uploading.MOST} files of a field", limits, tries,
        f"{uploads.OPEN} unfinished uploads", f"{inspect_pdf.PAGES} pages", f"{kinds.PIXELS} pixels",
        f"{kinds._UNPACKED >> 20} MB unpacked; {kinds._ENTRIES} files; {kinds._CELLS} cells",
        f"{inspect_pdf._STREAM >> 20} MB unpacked a stream, {inspect_pdf._ALL >> 20} MB in all; {inspect_pdf._CHAIN} filters",
        f"little memory and {confined.PATIENCE:.0f} seconds", f"scrypt ({sealing._N}, {sealing._R}, {sealing._P})",
        f"a passphrase of {sealing._LEAST} signs", "ten of them, each once"]
    assert totp.RECOVERY_CODES == 10 and totp.DRIFT == 1 and totp.SECONDS == 30
    assert [words for words in said if words not in PAGE] == []
    listed = {word for word in passwords._WORDS if word in PAGE}
    assert listed >= {"huzhu", "gonghui", "baozhang", "lipei", "互助", "工会", "职工", "保障"}


def test_the_inventory_names_every_place_of_cryptography() -> None:
    """Whoever brings a cipher, a signature or a key to another part of the house writes it into the inventory."""
    table = PAGE.split("## Cryptography")[1].split("## Keys")[0]
    used = {"/".join(path.relative_to(ROOT).parts[:2]) for path in SOURCE if path.suffix == ".py" and imports(path) & {
        "cryptography", "gmssl_pyx", "pyhanko", "joserfc", "authlib", "pwdlib", "pyotp", "asyncssh", "hmac"}}
    assert len(used) > 5 and {name for name in used if f"`{name}`" not in table} == set()


def test_the_network_table_names_every_client() -> None:
    table = PAGE.split("## Network")[1].split("## Cryptography")[0]
    used = {path.relative_to(ROOT).as_posix() for path in SOURCE if path.suffix == ".py" and imports(path) & {
        "httpx", "asyncssh", "apprise", "socket", "smtplib", "requests", "urllib.request", "opentelemetry.exporter", "uvicorn",
        "distributed"}}
    used -= {"services/core/embedded.py", "services/core/away.py"}      # a socket's options, no connection of their own
    assert {name for name in used if f"`{name}`" not in table} == set()


def test_every_library_is_locked_with_its_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8").replace("\\\n", " ")
    rows = [line for line in lock.splitlines() if line and not line.lstrip().startswith("#")]
    assert rows and all(re.match(r"[A-Za-z0-9_.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", row) for row in rows)
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    locked = {re.sub(r"[-_.]+", "-", row.split("==")[0]).lower() for row in rows}
    assert {name for line in asked if (name := re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", line)[0]).lower()) not in locked} == set()
