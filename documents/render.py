"""Letters in, bytes out: a typed context becomes HTML and a PDF that is the same every time.

One letter is a folder `notices/<code>/` with `context.py` (class `Context`), `template.html` and `sample.json`.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NoReturn

import pydyf
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from pydantic import BaseModel, ValidationError
from weasyprint import CSS, HTML, Attachment
from weasyprint.document import Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher

from documents.errors import ContextError, DocumentError, MissingGlyph, UnknownLetter
from documents.faces import common, css
from documents.layout import template as layout
from documents.layout.context import Issued
from documents.proof import VARIANT, add_ua1, data_file, seal_field
from documents.writing import resting, write_once

HERE = Path(__file__).parent
FAMILY = "Letter "
_ORDINALS = "一二三四五六七八九十"

# Pango's font map is not safe between threads; one letter at a time leaves the process.
press_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Rendered:
    """One finished letter. `sha256` is the hex digest of `pdf`."""

    code: str
    title: str
    html: str
    pdf: bytes
    sha256: str
    pages: int


def codes() -> list[str]:
    """Codes of all letters, sorted."""
    return sorted(path.parent.name for path in (HERE / "notices").glob("*/template.html"))


@cache
def context_model(code: str) -> type[Issued]:
    """The context class of a letter. Raises UnknownLetter."""
    if code not in codes():
        near = difflib.get_close_matches(code, codes(), 1)
        raise UnknownLetter("unknown_letter", f"没有代码为“{code}”的文书",
                            remedy=f"是否为“{near[0]}”" if near else "可用代码：" + "、".join(codes()))
    model: object = importlib.import_module(f"documents.notices.{code}.context").Context
    if not (isinstance(model, type) and issubclass(model, Issued)):
        raise TypeError(f"{code}: Context must be a Letter or an Official")
    return model


def check_context(code: str, context: Mapping[str, object] | BaseModel) -> Issued:
    """The context as the letter's own model. Raises ContextError naming the first value to blame."""
    model = context_model(code)
    if isinstance(context, model):
        return context
    values = context.model_dump() if isinstance(context, BaseModel) else dict(context)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _context_error(code, model, error) from error


def render(code: str, context: Mapping[str, object] | BaseModel, *, data: Mapping[str, object] | None = None,
           sealed: bool = True) -> Rendered:
    """Set one letter as PDF/A-3a and PDF/UA-1, unsigned. The same input gives the same bytes.

    `data` goes along as data.json. `sealed`: an empty signature field stands where the seal goes; without, none.
    Raises UnknownLetter, ContextError (a value missing, unknown or contradictory) and MissingGlyph.
    """
    letter = check_context(code, context)
    html = compose(_environment().get_template(f"notices/{code}/template.html"), letter)
    attachments = [data_file(data, letter.issued_on)] if data is not None else []
    pdf, pages, title = _set(html, attachments, sealed)
    return Rendered(code, title, html, pdf, hashlib.sha256(pdf).hexdigest(), pages)


def proof(template: str, letter: Issued, *, sealed: bool = False) -> Rendered:
    """Set a template that is no letter yet, given as text: to try words and layout."""
    html = compose(_environment().from_string(template), letter)
    pdf, pages, title = _set(html, [], sealed)
    return Rendered("", title, html, pdf, hashlib.sha256(pdf).hexdigest(), pages)


def leaves(html: str, sheet: str) -> bytes:
    """Pages that are no letter (contents, page numbers), set in the faces of letters by a style sheet of `layout`.

    The faces hold every character that letters hold; what none of them draws is left to the machine's own fonts.
    """
    with press_lock, _fetching_nothing() as nothing:
        fonts, style = _plain_case(sheet)
        pdf = HTML(string=html, url_fetcher=nothing).write_pdf(stylesheets=[style], font_config=fonts)
    if not isinstance(pdf, bytes):
        raise DocumentError("no_pdf", "排版程序没有返回文件")
    return pdf


def compose(template: Template, letter: Issued) -> str:
    """The letter as HTML with every line set."""
    charts = [name for name, value in vars(type(letter)).items() if isinstance(value, property)]
    values = {name: getattr(letter, name) for name in (*type(letter).model_fields, *charts)}
    return template.render(values, section=_sections(), kept_names=frozenset(layout.names(letter)))


def type_case() -> tuple[FontConfiguration, CSS]:
    """The whole faces and the style sheet, loaded once a process."""
    return _type_case(False)


def _set(html: str, attachments: list[Attachment], sealed: bool) -> tuple[bytes, int, str]:
    cut = common()
    with press_lock, resting(), _fetching_nothing() as nothing:
        fonts, style = _type_case(cut is not None and cut.sets(html))
        document = HTML(string=html, url_fetcher=nothing).render(stylesheets=[style], font_config=fonts, pdf_variant=VARIANT)
        add_ua1(document)
        pdf = document.write_pdf(pdf_variant=VARIANT, attachments=attachments, finisher=_finisher(sealed))
    if not isinstance(pdf, bytes):
        raise DocumentError("no_pdf", "排版程序没有返回文件")
    absent = {chr(point) for font in document.fonts.values() for point in font.missing}
    if absent:
        raise MissingGlyph("".join(sorted(absent)))
    strange = sorted({font.family for font in document.fonts.values()
                      if not font.family.startswith(FAMILY)})
    if strange:
        raise DocumentError("strange_font", "文书用到了规定之外的字体：" + "、".join(strange),
                            remedy="请核对版式文件所列的字体")
    return pdf, len(document.pages), document.metadata.title


def _finisher(sealed: bool) -> Callable[[Document, pydyf.PDF], None]:
    def finish(document: Document, pdf: pydyf.PDF) -> None:
        if sealed:
            seal_field()(document, pdf)
        write_once(pdf)

    return finish


@cache
def _type_case(cut: bool) -> tuple[FontConfiguration, CSS]:
    fonts = FontConfiguration()
    return fonts, CSS(string=css(common() if cut else None) + (HERE / "layout" / "letter.css").read_text("utf-8"), font_config=fonts)


@cache
def _plain_case(sheet: str) -> tuple[FontConfiguration, CSS]:
    fonts = FontConfiguration()
    return fonts, CSS(string=css() + (HERE / "layout" / sheet).read_text("utf-8"), font_config=fonts)


class _Refusing(URLFetcher):     # type: ignore[misc]
    """Fetches nothing, neither of the net nor of the disk: whatever asks for it is not set at all."""

    def fetch(self, url: str, headers: object = None) -> NoReturn:
        """Refuse."""
        raise FatalURLFetchingError(f"文书不得引用外部资源：{url}")


@contextmanager
def _fetching_nothing() -> Iterator[URLFetcher]:
    """The setter's own error is no Exception and would pass every door."""
    try:
        yield _Refusing()
    except FatalURLFetchingError as error:
        raise DocumentError("no_fetch", str(error)) from None


@cache
def _environment() -> Environment:
    environment = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, autoescape=True,
                              trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(cn_date=_cn_date, yuan=_yuan, stop=_stop, **layout.FILTERS)
    environment.globals.update(layout.FUNCTIONS)
    return environment


def _cn_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _yuan(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _stop(sentence: str) -> str:
    """The sentence with its full stop, whether the caller wrote one or not."""
    return sentence if sentence[-1] in "。！？；”" else sentence + "。"


def _sections() -> Callable[[str], Markup]:
    numbers = iter(_ORDINALS)
    return lambda title: Markup("<h2>{}、{}</h2>").format(next(numbers), title)


def _context_error(code: str, model: type[Issued], error: ValidationError) -> ContextError:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return ContextError("context_missing", f"文书“{code}”缺少必填项 {field}", field=field)
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(first["loc"][-1]), list(model.model_fields), 1)
        return ContextError("context_unknown", f"文书“{code}”没有 {field} 这一项", field=field,
                            remedy=f"是否为 {near[0]}" if near else "")
    reason = first["msg"].removeprefix("Value error, ")
    return ContextError("context_invalid", f"文书“{code}”的 {field or '各项'} 有误：{reason}", field=field or None)
