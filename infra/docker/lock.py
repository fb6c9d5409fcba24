"""The lock of the image: of requirements.lock what the product itself needs to run, with every hash; no test tools.

`python -m infra.docker.lock` prints it for infra/docker/requirements.lock; a test holds the two equal.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
_ENTRY = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)


def entries(lock: str) -> dict[str, list[str]]:
    """A lock's entries, hashes and all, by the package's name (some stand twice, for different systems)."""
    found: dict[str, list[str]] = {}
    for entry in _ENTRY.split(lock):
        if match := re.match(r"([A-Za-z0-9._-]+)==", entry):
            found.setdefault(canonicalize_name(match[1]), []).append(entry)
    return found


def wanted() -> set[str]:
    """Every package that the product needs, and what those need; on a system like this one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"]["ocr"]]]
    while waiting:
        need = waiting.pop()
        name, extras = canonicalize_name(need.name), frozenset(need.extras)
        if (name, extras) not in seen:
            seen.add((name, extras))
            waiting += _needs(name, extras)
    return {name for name, _ in seen}


def _needs(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    try:
        told = requires(name) or []
    except PackageNotFoundError:
        return          # for another system
    for text in told:
        need = Requirement(text)
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras or {""}):
            yield need


def lock() -> str:
    """The text of the image's lock."""
    whole, needed = entries((ROOT / "requirements.lock").read_text()), wanted()
    return "".join(entry for name, listed in sorted(whole.items()) if name in needed for entry in listed)


if __name__ == "__main__":
    print(lock(), end="")
