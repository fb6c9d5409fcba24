"""Charts drawn on the server: plain typed values in, SVG out, with a sentence that says the same.

Characters are set as outlines of the letters' own faces (`chart_glyphs`), so that a chart looks the same in a browser, in a letter and
on paper, and a character that no face draws is named instead of left blank. No meaning is carried by colour alone: lines differ in
dash and point, bands in lightness and order, and numbers stand on the marks. Altair and vl-convert are loaded with the first chart
(0.7 s, 120 MB; afterwards 50-80 ms a chart), so no page waits for them: a chart is a request of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from documents.chart_glyphs import outlined
from documents.faces import FOLDER, require

Tone = Literal["light", "dark", "print"]
SIZES = {"wide": 680, "narrow": 350, "print": 590}      # CSS pixels; of a letter 156 mm
_drawing = threading.Lock()             # one JavaScript engine, one chart at a time


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one background. `series` in order of weight, `bands` from young to old."""

    ink: str
    quiet: str
    grid: str
    ground: str
    series: tuple[str, ...]
    bands: tuple[str, ...]
    on_bands: tuple[str, ...]


# Blue and vermilion of Okabe and Ito; bands fall evenly in lightness, so that they also part in grey.
PALETTES: dict[str, Palette] = {
    "light": Palette("#1d2733", "#4d5966", "#d5dbe2", "#ffffff", ("#0b5f9e", "#b8460e", "#5a6672"),
                     ("#d3e4f3", "#8fbbe0", "#3f82bd", "#0b4f8a", "#7a1f05"),
                     ("#1d2733", "#1d2733", "#ffffff", "#ffffff", "#ffffff")),
    "dark": Palette("#e6ebf1", "#aab6c3", "#33404c", "#14191f", ("#7cc0ff", "#ffa566", "#b6c1cc"),
                    ("#274056", "#35688f", "#5b9bd0", "#a9d3f7", "#ffb38a"),
                    ("#e6ebf1", "#ffffff", "#0f141a", "#0f141a", "#0f141a")),
    "print": Palette("#000000", "#333333", "#cccccc", "#ffffff", ("#0b4f8a", "#a83c08", "#555555"),
                     ("#dbe8f4", "#9fc3e3", "#4c8cc4", "#0b4f8a", "#5f1804"),
                     ("#000000", "#000000", "#ffffff", "#ffffff", "#ffffff")),
}


@dataclass(frozen=True, slots=True)
class Bars:
    """One number a label, longest texts first in mind: horizontal bars with the number at their end."""

    rows: tuple[tuple[str, float], ...]
    unit: str = ""

    @property
    def words(self) -> str:
        """Every character that is drawn."""
        return "".join(label for label, _ in self.rows) + self.unit


@dataclass(frozen=True, slots=True)
class Months:
    """A line a series over the same months; None where a month has no number. `percent`: values are shares of one."""

    months: tuple[str, ...]
    series: tuple[tuple[str, tuple[float | None, ...]], ...]
    unit: str = ""
    percent: bool = False

    @property
    def words(self) -> str:
        """Every character that is drawn."""
        return "".join((*self.months, *(name for name, _ in self.series), self.unit))


@dataclass(frozen=True, slots=True)
class Bands:
    """Counts a label in bands from young to old (at most five), stacked."""

    bands: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    unit: str = ""

    @property
    def words(self) -> str:
        """Every character that is drawn."""
        return "".join((*self.bands, *(label for label, _ in self.rows), self.unit))


Chart = Bars | Months | Bands
Say = Callable[..., str]
MOST, NOTHING = "最多的是{label}：{n}{unit}；合计{all}{unit}。", "没有可以画出的数据。"
LINE = "{name}：{first_month}{first}，{last_month}{last}，最低{low}，最高{high}。"
BAND = "{label}：{bands}。"


def draw(chart: Chart, *, tone: Tone = "light", width: int = SIZES["wide"]) -> bytes:
    """The chart as SVG of that many CSS pixels. The same values give the same bytes. MissingGlyph names what cannot be drawn."""
    require(chart.words, "hei")
    with _drawing:
        svg = _engine()(chart, PALETTES[tone], width)
    return outlined(svg)


def told(chart: Chart, say: Say = str.format) -> str:
    """The chart in words, for who does not see it; `say(words, **values)` brings the words into the reader's language."""
    if isinstance(chart, Bars):
        if not chart.rows:
            return say(NOTHING)
        label, most = max(chart.rows, key=lambda row: row[1])
        return say(MOST, label=label, n=number(most), unit=chart.unit, all=number(sum(value for _, value in chart.rows)))
    if isinstance(chart, Months):
        return " ".join(_line_told(chart, name, values, say) for name, values in chart.series) or say(NOTHING)
    return " ".join(say(BAND, label=label, bands="，".join(f"{band} {n}{chart.unit}" for band, n in zip(chart.bands, values, strict=True)))
                    for label, values in chart.rows) or say(NOTHING)


def table(chart: Chart) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Headings (the first empty) and rows: every number of the chart, to stand beside it."""
    if isinstance(chart, Bars):
        return ("", chart.unit), tuple((label, number(value)) for label, value in chart.rows)
    if isinstance(chart, Bands):
        return ("", *chart.bands), tuple((label, *map(str, values)) for label, values in chart.rows)
    rows = tuple((month, *(written(values[place], chart) for _, values in chart.series)) for place, month in enumerate(chart.months))
    return ("", *(name for name, _ in chart.series)), rows


def number(value: float) -> str:
    """Whole numbers without a point, others with one place."""
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


def written(value: float | None, chart: Months) -> str:
    """A point of a line as people write it; a dash for none."""
    if value is None:
        return "—"
    return f"{value * 100:.1f}%" if chart.percent else f"{number(value)}{chart.unit}"


def _line_told(chart: Months, name: str, values: tuple[float | None, ...], say: Say) -> str:
    known = [(month, value) for month, value in zip(chart.months, values, strict=True) if value is not None]
    if not known:
        return f"{name}：{say(NOTHING)}"
    inside = [value for _, value in known]
    return say(LINE, name=name, first_month=known[0][0], first=written(known[0][1], chart), last_month=known[-1][0],
               last=written(known[-1][1], chart), low=written(min(inside), chart), high=written(max(inside), chart))


_READY: list[Callable[[Chart, Palette, int], str]] = []


def _engine() -> Callable[[Chart, Palette, int], str]:
    """The drawing engine with the letters' faces, loaded once a process."""
    if not _READY:
        import vl_convert

        from documents.chart_specs import spec
        vl_convert.register_font_directory(str(FOLDER))
        _READY.append(lambda chart, palette, width: str(vl_convert.vegalite_to_svg(
            spec(chart, palette, width), vl_version="v5.20", allowed_base_urls=[])))
    return _READY[0]
