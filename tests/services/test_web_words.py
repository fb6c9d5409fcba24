"""The pages in every language: nothing untranslated, and a right-to-left language needs no page of its own."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest
from babel.support import NullTranslations

from services.core.db import Database
from services.web import language as languages
from services.web import render, speaking
from services.web.language import LANGUAGES, Language
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in

CHECKER = Path(__file__).resolve().parents[2] / "infra" / "lint" / "words.py"
PUBLIC = ("/progress", "/sign-in", "/first-password", "/demonstration")
MIRRORED = Language("he", "he", "עברית", "he_IL", "rtl")


class Mirrored(NullTranslations):
    """A pseudo translation that marks every text it was asked for."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, num: int) -> str:
        return f"⟦{msgid1 if num == 1 else msgid2}⟧"

    ugettext, ungettext = gettext, ngettext


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


@pytest.fixture
def rtl(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setitem(LANGUAGES, MIRRORED.code, MIRRORED)
    for table in (speaking._WORDS, speaking._STATES):
        monkeypatch.setitem(table, MIRRORED.code, {key: f"⟦{words}⟧" for key, words in table["en"].items()})
    monkeypatch.setitem(speaking._INSURER_NEXT, MIRRORED.code, speaking._INSURER_NEXT["en"])
    known = languages._catalogue
    monkeypatch.setattr(languages, "_catalogue", lambda code: Mirrored() if code == MIRRORED.code else known(code))
    render._environment.cache_clear()
    yield MIRRORED.code
    render._environment.cache_clear()


def checker() -> ModuleType:
    """infra/lint/words.py, which is a script and no package."""
    spec = importlib.util.spec_from_file_location("lint_words", CHECKER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_text_of_every_page_has_its_english() -> None:
    assert list(checker().faults(CHECKER.parents[2] / "services" / "web" / "locale" / "en")) == []


def test_the_checker_finds_what_is_missing_stale_empty_and_misfilled(tmp_path: Path) -> None:
    language = tmp_path / "en"
    language.mkdir()
    (language / "x.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "退出"\nmsgstr ""\n\nmsgid "从没有人说过"\nmsgstr "never said"\n\n'
        'msgid "还有 %(n)s 个工作日"\nmsgstr "some working days"\n', encoding="utf-8")
    found = "\n".join(checker().faults(language))
    for fault in ("“登录” has no words", "“退出” has empty words", "“从没有人说过” is translated and nowhere said",
                  "name different values"):
        assert fault in found, fault


@pytest.mark.parametrize("path", PUBLIC)
def test_a_right_to_left_language_turns_every_public_page(api: Api, rtl: str, path: str) -> None:
    text = Visitor(api.app).get(path, lang=rtl).text
    assert '<html lang="he" dir="rtl">' in text
    assert "⟦登录⟧" in text
    title = re.search(r"<h1>(.*?)</h1>", text, re.S)
    assert title and "⟦" in title[1]


def test_a_right_to_left_language_turns_the_desks(api: Api, rtl: str) -> None:
    claim_no = api.in_review()
    clerk = sign_in(api.app, api.db, api.world, "xj.clerk", api.clock.now(), language=rtl)
    for path in ("/work", f"/claims/{claim_no}", f"/claims/{claim_no}/pass"):
        answer = clerk.get(path)
        assert answer.status_code == 200
        assert 'dir="rtl"' in answer.text and "⟦" in answer.text


def test_no_style_names_left_or_right() -> None:
    """Left and right are the start and the end of a line, which a language turns."""
    sided = re.compile(r"(?:margin|padding|border)-(?:left|right)|(?:text-align|float):\s*(?:left|right)|[;{]\s*(?:left|right):")
    for sheet in sorted((Path(render.__file__).parent / "static").glob("*.css")):
        assert sided.findall(sheet.read_text(encoding="utf-8")) == [], sheet.name
