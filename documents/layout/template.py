"""What the layout's templates call: lines on the grid, places in millimetres, the code to scan."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import segno
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from pydantic import BaseModel

from documents.charts import SIZES, Chart, draw, told
from documents.layout.grid import on_grid, paragraph
from documents.layout.head import (
    enclosure_lines,
    letter_head,
    long_imprint,
    middle,
    official_head,
    rear_rows,
    signature_lines,
)

ROW = 10.4489 / 25.4 * 96       # a row of the grid in CSS pixels
_DRAWING = re.compile(r'<div class="drawing" style="[^"]*"><svg.*?</svg></div>', re.S)
LONGEST_NAME = 6        # longer ones are organs, which may be broken over lines
_NAMED = ("name", "person_name", "deceased")


def names(values: object) -> set[str]:
    """Persons' names in a letter's values, to be kept on one line."""
    found: set[str] = set()
    if isinstance(values, BaseModel):
        for field in type(values).model_fields:
            value = getattr(values, field)
            if field in _NAMED and isinstance(value, str) and 1 < len(value) <= LONGEST_NAME:
                found.add(value)
            else:
                found |= names(value)
    elif isinstance(values, tuple):
        for value in values:
            found |= names(value)
    return found


@pass_context
def _on_grid(context: Context, html: str) -> Markup:
    """The body set; drawings stay as they are, in the places that they had."""
    kept = context.get("kept_names")
    drawings = _DRAWING.findall(html)
    empty = '<div class="drawing"></div>'
    done = on_grid(_DRAWING.sub(empty, html), kept if isinstance(kept, frozenset) else frozenset())
    for drawn in drawings:
        done = done.replace(empty, drawn, 1)
    return Markup(done)


def _drawing(chart: Chart) -> Markup:
    """A chart over whole rows of the grid, tagged as a figure whose alternative says its numbers."""
    svg = draw(chart, tone="print", width=SIZES["print"]).decode()
    high = re.search(r'height="([\d.]+)"', svg)
    rows = math.ceil(float(high[1] if high else 0) / ROW)
    titled = svg.replace(">", "><title>" + str(Markup.escape(told(chart))) + "</title>", 1)
    return Markup(f'<div class="drawing" style="height:calc({rows} * 10.4489mm)">{titled}</div>')


def _enclosed(listed: tuple[str, ...]) -> Markup:
    return Markup("").join(Markup(paragraph(runs, first=first, rest=rest))
                           for runs, first, rest in enclosure_lines(listed))


def _qr(url: str) -> Markup:
    """The code as SVG, quiet zone included. M: a fold or a stamp over a corner does not stop it."""
    code = segno.make(url, error="m", micro=False, boost_error=False)
    drawn = code.svg_inline(border=4, omitsize=True, dark="#000", light="#fff", lineclass=None, svgclass=None)
    drawn = drawn.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return Markup(drawn.replace(">", "><title>" + str(Markup.escape(f"核验二维码：{url}")) + "</title>", 1))


def _own_contact(contact: str, office: str) -> str:
    """The contact without the name of the organ under whose signature it stands."""
    return contact.removeprefix(office).lstrip("，、 ") or contact


FILTERS: dict[str, Callable[..., object]] = {"on_grid": _on_grid, "enclosed": _enclosed, "qr": _qr,
                                             "own_contact": _own_contact}
FUNCTIONS: dict[str, Callable[..., object]] = {"letter_head": letter_head, "official_head": official_head, "middle": middle,
                                               "drawing": _drawing, "rear_rows": rear_rows, "long_imprint": long_imprint,
                                               "signature_lines": signature_lines}
