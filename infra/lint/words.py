"""The words of the pages against their translations: `python infra/lint/words.py`. Part of `make lint`.

Every text that the pages can show is extracted (templates and Python) and held against the union of each language's
.po files: nothing missing, nothing that no page says any more, no placeholder lost, no text translated twice differently.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

WEB = Path(__file__).resolve().parents[2] / "services" / "web"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"templates/**.html": {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "trimmed": "false", "silent": "false",
                                 "trim_blocks": "true", "lstrip_blocks": "true"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "Item": (2,), "N_": None}
PLACE = re.compile(r"%\(\w+\)s|\{\w+\}")


def said() -> dict[str, str]:
    """Every text of the pages with the file that says it."""
    found: dict[str, str] = {}
    for file, _line, message, _comments, _context in extract_from_dir(str(WEB), METHODS, OPTIONS, KEYWORDS):
        for text in message if isinstance(message, tuple) else (message,):
            if text:
                found.setdefault(text, file)
    return found


def translated(language: Path) -> tuple[dict[str, str], list[str]]:
    """The language's texts, and what its files say twice and differently."""
    found: dict[str, str] = {}
    twice = []
    for file in sorted(language.glob("*.po")):
        with file.open("rb") as written:
            catalogue = read_po(written, locale=language.name)
        for entry in catalogue:
            text = entry.id if isinstance(entry.id, str) else entry.id[0]
            words = entry.string if isinstance(entry.string, str) else "\n".join(entry.string or ())
            if text and found.setdefault(text, words) != words:
                twice.append(f"{file.name}: “{text}” stands twice with different words")
    return found, twice


def faults(language: Path) -> Iterator[str]:
    """What is wrong with a language, one line each."""
    wanted, (given, twice) = said(), translated(language)
    yield from twice
    for text in sorted(wanted.keys() - given.keys()):
        yield f"{wanted[text]}: “{text}” has no words"
    for text in sorted(given.keys() - wanted.keys()):
        yield f"“{text}” is translated and nowhere said"
    for text in sorted(wanted.keys() & given.keys()):
        if not given[text].strip():
            yield f"{wanted[text]}: “{text}” has empty words"
        elif set(PLACE.findall(text)) != set(PLACE.findall(given[text])):
            yield f"“{text}” and “{given[text]}” name different values"


def main() -> int:
    """Print every fault; 1 when there is one."""
    found = [f"{language.name}: {fault}" for language in sorted((WEB / "locale").iterdir()) if language.is_dir()
             for fault in faults(language)]
    sys.stderr.writelines(f"{fault}\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
