"""House rules that no linter knows. Prints each breach; exits 1 when there is one."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 300
LEFTOVERS = re.compile(r"NotImplementedError|\bTODO\b|\bFIXME\b|\bXXX\b|\bHACK\b")
ADDRESSES = re.compile(r"https?://(pypi|files\.python|registry\.|deb\.)|(^|[^A-Za-z0-9.])/(root|home|work)/")


def tracked() -> list[Path]:
    """Files under version control (and new ones not ignored)."""
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                         capture_output=True, text=True).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).is_file()]


def python_breaches(path: Path, text: str) -> list[str]:
    """Too long, leftovers, a commit outside the unit of work, a state written beside the lifecycle."""
    name = path.relative_to(ROOT).as_posix()
    found = []
    lines = text.count("\n")
    if lines > LIMIT and not name.startswith("infra/migrations/versions/"):
        found.append(f"{name}: {lines} lines, at most {LIMIT}")
    if name.startswith("infra/lint/"):
        return found
    for number, line in enumerate(text.splitlines(), 1):
        if LEFTOVERS.search(line):
            found.append(f"{name}:{number}: leftover: {line.strip()}")
    if name.startswith(("services/", "flows/")):
        found += [f"{name}:{line}: {what}" for line, what in product_breaches(ast.parse(text), name)]
    return found


def product_breaches(tree: ast.AST, name: str) -> list[tuple[int, str]]:
    """Rules for product code only."""
    found = []
    for node in ast.walk(tree):
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
                and not name.startswith("services/core/")):
            found.append((node.lineno, "commit outside unit_of_work"))
        if (isinstance(node, ast.Assign) and not name.startswith(("services/lifecycle/", "services/core/"))
                and any(isinstance(target, ast.Attribute) and target.attr == "state"
                        and not (isinstance(target.value, ast.Name) and target.value.id in ("app", "request", "self"))
                        for target in node.targets)):
            found.append((node.lineno, "state written outside the lifecycle"))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            found.append((node.lineno, "float: money is Decimal"))
    return found


def main() -> int:
    """Check every tracked file."""
    breaches: list[str] = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        name = path.relative_to(ROOT).as_posix()
        if name != "infra/lint/house.py":
            breaches += [f"{name}:{number}: address or machine path: {line.strip()[:120]}"
                         for number, line in enumerate(text.splitlines(), 1) if ADDRESSES.search(line)]
        if path.suffix == ".py":
            breaches += python_breaches(path, text)
    print("\n".join(breaches) or "house rules: clean")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
