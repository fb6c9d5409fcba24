"""Templates into pages: one Jinja environment for each language, the headers of every page, the static files."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from services.core.identity import BANKS
from services.core.money import show, to_yuan
from services.core.words import date_cn
from services.web.language import LANGUAGES, Language

HERE = Path(__file__).parent
# Read with the code that fills them: an upgrade in place changes the files under a process that still runs the old code, which
# would lack values that a newer template needs.
_TEMPLATES = {path.relative_to(HERE / "templates").as_posix(): (path.read_text("utf-8"), str(path))
              for path in sorted((HERE / "templates").rglob("*.html"))}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; font-src 'self';"
                               " img-src 'self' blob:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN", "X-Robots-Tag": "noindex", "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()"}


def page(template: str, language: Language, values: dict[str, object], *, status: int = 200) -> HTMLResponse:
    """One page. A value that the template needs and does not get is an error, not an empty place."""
    text = _environment(language.code).get_template(template).render(language=language, languages=LANGUAGES.values(), **values)
    return HTMLResponse(text, status, headers=HEADERS)


@lru_cache(maxsize=len(LANGUAGES))
def _environment(code: str) -> Environment:
    language = LANGUAGES[code]
    made = Environment(loader=FunctionLoader(_source), undefined=StrictUndefined, autoescape=True, auto_reload=False,
                       trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n", "jinja2.ext.do"])
    made.install_gettext_translations(language.words, newstyle=True)    # type: ignore[attr-defined]
    made.filters.update(day=language.day, days_cn=days_cn, moment=language.moment, money=money, yuan=yuan, bank=bank)
    made.globals.update(static=static)
    return made


def _source(name: str) -> tuple[str, str, None] | None:
    found = _TEMPLATES.get(name)
    return found and (*found, None)


def money(fen: int | None) -> str:
    """Fen as yuan with thousands: 1,009.00; a dash for no sum."""
    return "—" if fen is None else f"{to_yuan(fen):,.2f}"


def yuan(amount: str | Decimal | None) -> str:
    """A decimal text in yuan with thousands; a dash for no sum."""
    return "—" if amount is None else f"{Decimal(show(Decimal(amount))):,.2f}"


def bank(code: str | None) -> Markup:
    """A bank's own name for its code; nothing for no bank."""
    return Markup('<span lang="zh-CN">{}</span>').format(BANKS.get(code, code)) if code else Markup()


def days_cn(text: str) -> str:
    """A Chinese text with each 2026-03-12 in it as letters write a day; what is no day stays."""
    def written(found: re.Match[str]) -> str:
        try:
            return date_cn(date.fromisoformat(found[0]))
        except ValueError:
            return found[0]
    return re.sub(r"(?<![\d-])\d{4}-\d{2}-\d{2}(?![\d-])", written, text)


MEDIA = {".css": "text/css", ".svg": "image/svg+xml", ".js": "text/javascript", ".png": "image/png",
         ".webp": "image/webp"}


@lru_cache(maxsize=1)
def files() -> dict[str, Path]:
    """The files that are served as they lie, by name; nothing else is."""
    return {path.name: path for path in sorted((HERE / "static").rglob("*")) if path.suffix in MEDIA}


@lru_cache(maxsize=64)
def static(name: str) -> str:
    """The address of a static file, which changes with its bytes, so that a browser may keep it for good."""
    return f"/static/{name}?v={hashlib.sha256(files()[name].read_bytes()).hexdigest()[:12]}"
