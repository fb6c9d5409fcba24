"""Secrets that lie in the tree or ever lay in it: detect-secrets over tracked files and over every line that history added.

Entropy is asked of the tree only; of history what looks like a key, a token or a password in an address. What is known and
harmless stands in known_secrets.yaml with its reason, by file and kind; nothing else may be found.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

import yaml
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.core.scan import scan_file, scan_line
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).resolve().parents[2]
KNOWN = Path(__file__).with_name("known_secrets.yaml")
KEYS = ("ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "GitHubTokenDetector",
        "GitLabTokenDetector", "JwtTokenDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector",
        "SendGridDetector", "SlackDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector")
ALL = (*KEYS, "Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector")
# Hashes of packages and of goldens are drawn by nobody; pictures hold no words.
SHORTEST = 16       # no key is shorter
UNREAD = ("*.lock", "*.png", "*.jpg", "*.svg", "*.pdf", "*.gz", "*.webp", "*.ttf", "*.xlsx", "infra/lab/*.txt",
          "infra/attack/known_secrets.yaml")
_FILTERS = [{"path": f"detect_secrets.filters.{name}"} for name in (
    "allowlist.is_line_allowlisted", "heuristic.is_sequential_string", "heuristic.is_potential_uuid", "heuristic.is_templated_secret",
    "heuristic.is_prefixed_with_dollar_sign",
    "heuristic.is_indirect_reference", "heuristic.is_not_alphanumeric_string")]


@dataclass(frozen=True, slots=True, order=True)
class Secret:
    """Where something that looks like a secret stands (line 0: in an earlier state of the file); never the thing itself."""

    file: str
    kind: str
    line: int


@lru_cache(maxsize=1)
def known() -> tuple[tuple[str, str, str], ...]:
    """(pattern of a file, kind, why it is none)."""
    return tuple((entry["file"], entry["kind"], entry["why"]) for entry in yaml.safe_load(KNOWN.read_text()))


def tree(root: Path = ROOT) -> list[Secret]:
    """In the tracked files as they lie, beyond what is known."""
    names = _git(root, "ls-files").splitlines()
    with transient_settings({"plugins_used": [{"name": name} for name in ALL], "filters_used": _FILTERS}):
        return _unknown(_told(found) for name in names if not _unread(name) for found in _file(root / name, name))


def history(root: Path = ROOT) -> list[Secret]:
    """In any line that any commit added, beyond what is known."""
    at, added = "", dict[str, str]()
    for line in _git(root, "log", "--all", "-p", "-U0", "--no-color", "--no-ext-diff", "--no-renames", "--format=").splitlines():
        if line.startswith("+++ "):
            at = line[4:].removeprefix("b/")
        elif line.startswith("+") and len(line) > SHORTEST and not _unread(at):
            added.setdefault(line[1:], at)      # a line that came and went many times is read once
    with transient_settings({"plugins_used": [{"name": name} for name in KEYS], "filters_used": _FILTERS}):
        return _unknown(Secret(name, found.type, 0) for line, name in added.items() for found in scan_line(line))


def _file(path: Path, name: str) -> Iterator[PotentialSecret]:
    for found in scan_file(str(path)):
        found.filename = name
        yield found


def _told(found: PotentialSecret) -> Secret:
    return Secret(found.filename, found.type, found.line_number)


def _unknown(found: Iterable[Secret]) -> list[Secret]:
    return sorted({one for one in found if not _unread(one.file)
                   and not any(fnmatch(one.file, file) and one.kind == kind for file, kind, _ in known())})


def _unread(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in UNREAD)


def _git(root: Path, *command: str) -> str:
    return subprocess.run(["git", *command], cwd=root, capture_output=True, check=True).stdout.decode(errors="replace")
