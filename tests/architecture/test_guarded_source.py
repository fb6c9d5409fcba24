"""What the product's source never does, found by reading its syntax: code made of data, chance that can be guessed, open bodies."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from services.api.app import create_app
from services.core.settings import Settings
from services.wiring import Wiring

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("services", "flows", "documents", "statemachines")
SOURCE = sorted(path for part in PARTS for path in (ROOT / part).rglob("*") if path.suffix in (".py", ".js", ".html", ".css"))
PYTHON = [path for path in SOURCE if path.suffix == ".py"]
# Chance that guards nothing: scanned papers and people of a trial, when a killed process dies, who comes again a second later.
HARMLESS = ("services/simulate/", "services/api/crowding.py")
PATTERNS = {"compile", "search", "match", "fullmatch", "findall", "finditer", "split", "sub"}


@lru_cache
def tree(path: Path) -> ast.Module:
    """The file's syntax."""
    return ast.parse(path.read_text("utf-8"))


@lru_cache
def imports(path: Path) -> frozenset[str]:
    """The packages a file imports, by their first names and by their first two."""
    names = [alias.name for node in ast.walk(tree(path)) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    return frozenset({name.partition(".")[0] for name in names} | {".".join(name.split(".")[:2]) for name in names})


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the name of what is called, as written."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def place(path: Path, node: ast.AST) -> str:
    """Where in the source."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def _dangerous(node: ast.Call, name: str) -> bool:
    if name in ("eval", "exec", "compile", "__import__", "os.system", "os.popen", "marshal.loads", "yaml.unsafe_load", "yaml.full_load"):
        return True
    if name == "yaml.load":
        loader = ast.unparse(node.args[1]) if len(node.args) > 1 else ""
        return not loader.endswith(("LOADER", "_Loader", "SafeLoader", "BaseLoader"))
    return any(word.arg == "shell" and not (isinstance(word.value, ast.Constant) and word.value.value is False) for word in node.keywords)


def test_no_code_is_made_of_data() -> None:
    found = [f"{place(path, node)} {name}" for path in PYTHON for node, name in calls(path) if _dangerous(node, name)]
    unsafe = {"pickle", "shelve", "marshal", "dill"}
    found += [f"{path.relative_to(ROOT)} imports {name}" for path in PYTHON for name in imports(path) & unsafe]
    assert found == []


def test_the_reader_of_dangerous_calls_sees_them() -> None:
    bad = ("eval(x)", "yaml.load(x)", "yaml.load(x, yaml.Loader)", "subprocess.run(x, shell=True)", "os.system(x)")
    good = ("yaml.load(x, yaml.CSafeLoader)", "yaml.safe_load(x)", "subprocess.run([x], shell=False)", "re.compile(x)", "frame.eval(x)")
    parsed = {text: ast.parse(text, mode="eval").body for text in (*bad, *good)}
    assert [_dangerous(node, ast.unparse(node.func)) for node in parsed.values() if isinstance(node, ast.Call)] == [True] * 5 + [False] * 5


def _constant(value: ast.expr) -> bool:
    """A word of the source itself: a constant by its name, the key of one, or passed through `re.escape`."""
    text = ast.unparse(value)
    names = [name.id for name in ast.walk(value) if isinstance(name, ast.Name)]
    return "re.escape" in text or text == "latin" or all(re.fullmatch(r"_?[A-Z][A-Z0-9_]*", name) for name in names)


def test_patterns_of_data_are_escaped() -> None:
    found = [place(path, node) for path in PYTHON for node, name in calls(path)
             if name.startswith("re.") and name[3:] in PATTERNS and node.args and isinstance(node.args[0], ast.JoinedStr)
             and not all(_constant(part.value) for part in node.args[0].values if isinstance(part, ast.FormattedValue))]
    assert found == []


def test_chance_that_guards_comes_from_the_system() -> None:
    found = {path.relative_to(ROOT).as_posix() for path in PYTHON if "random" in imports(path)}
    assert {name for name in found if not name.startswith(HARMLESS)} == set()
    for name in ("services/access/sessions.py", "services/access/service.py", "services/access/credentials.py", "services/access/oidc.py"):
        assert "secrets" in imports(ROOT / name), name


def test_redirects_are_not_followed() -> None:
    """httpx follows none unless told; Apprise is told not to (test_messages shows it)."""
    told = [place(path, node) for path in PYTHON for node, _ in calls(path) for word in node.keywords
            if word.arg in ("follow_redirects", "allow_redirects", "http_redirects") and ast.unparse(word.value) != "False"]
    assert told == []
    carriers = [node for node, name in calls(ROOT / "services/notice/adapters/messages.py") if name == "apprise.AppriseAsset"]
    assert len(carriers) == 1 and "http_redirects=False" in ast.unparse(carriers[0])


def test_addresses_outside_come_from_settings_only() -> None:
    """No body, form or table has a field for an address that we would call; the settings that name one are all there are."""
    outside = re.compile(r"url|uri|host|endpoint|webhook|callback")
    fields = {name for schema in bodies().values() for name in schema["properties"] if outside.search(name)}
    assert fields == set()
    page = (ROOT / "infra/docs/security.md").read_text("utf-8").split("## Network")[1]
    ends = {"database_url", "owner_url", "prefect_api_url", "insurer_url", "oidc_issuer", "store", "clamav", "otlp_url", "channel_urls",
            "settle_scheduler", "public_url", "audit_place", "backup_place"} & set(Settings.model_fields)
    assert {name for name in ends if f"HUZHU_{name.upper()}`" not in page} == set()
    scripts = [path for path in SOURCE if path.suffix == ".js" and re.search(r"https?://", path.read_text("utf-8"))]
    assert scripts == []


@lru_cache
def bodies() -> dict[str, dict[str, Any]]:
    """The schema of every JSON body of the interface and of every object inside one, by name."""
    document = create_app(cast(Wiring, None)).openapi()
    known, found = document["components"]["schemas"], dict[str, dict[str, Any]]()

    def gather(schema: object) -> None:
        if isinstance(schema, list):
            for inner in schema:
                gather(inner)
        elif isinstance(schema, dict):
            name = str(schema.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found[name] = known[name]
                gather(known[name])
            for key, inner in schema.items():
                if key not in ("example", "examples", "default"):
                    gather(inner)
    for operations in document["paths"].values():
        for operation in operations.values():
            gather(operation.get("requestBody", {}).get("content", {}).get("application/json", {}))
    return {name: schema for name, schema in found.items() if "properties" in schema}


def test_every_body_refuses_fields_it_does_not_name() -> None:
    models = bodies()
    assert len(models) > 60
    assert {name for name, schema in models.items() if schema.get("additionalProperties") is not False} == set()


def test_password_fields_hide_what_is_typed_and_let_it_be_pasted() -> None:
    seen = 0
    for path in sorted((ROOT / "services/web/templates").glob("*.html")):
        for call in re.findall(r'parts\.field\("(?:password|again|old)".*', path.read_text("utf-8")):
            seen += 1
            assert 'type="password"' in call and re.search(r'"autocomplete": "(current|new)-password"', call), f"{path.name}: {call}"
        assert "onpaste" not in path.read_text("utf-8"), path.name
    assert seen >= 6
