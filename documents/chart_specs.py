"""How each chart is drawn, in the grammar of Vega-Lite. Loaded with the first chart only (`charts.draw`)."""

from __future__ import annotations

from typing import cast

import altair as alt

from documents.charts import Bands, Bars, Chart, Months, Palette, number
from documents.faces import measure

FONT = "Letter Hei, Letter Rarehei"
EM = 13         # of a label, in CSS pixels
NARROW = 400


def spec(chart: Chart, palette: Palette, width: int) -> dict[str, object]:
    """The chart as a Vega-Lite specification."""
    drawn = _bars(chart, palette, width) if isinstance(chart, Bars) else _months(chart, palette, width) \
        if isinstance(chart, Months) else _bands(chart, palette, width)
    text = {"labelFont": FONT, "titleFont": FONT, "labelColor": palette.ink, "titleColor": palette.quiet, "labelFontSize": EM,
            "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 0}
    return dict(drawn.configure(background=palette.ground, padding=6, font=FONT).configure_view(stroke=None)
                .configure_axis(**text, gridColor=palette.grid, domainColor=palette.quiet, tickColor=palette.quiet)
                .configure_legend(**text, orient="top", symbolStrokeWidth=0, columns=2 if width < NARROW else 0).to_dict())


def _layers(*charts: alt.Chart) -> alt.LayerChart:
    return cast(alt.LayerChart, alt.layer(*charts))


def _labels(chart: Bars | Bands) -> alt.Y:
    return alt.Y("label:N", sort=[label for label, _ in chart.rows], title=None,
                 axis=alt.Axis(ticks=False, domain=False, labelPadding=6))


def _inner(chart: Bars | Bands, width: int, beside: int) -> int:
    return max(width - beside - round(EM * max((measure(label, "hei") for label, _ in chart.rows), default=1.0)), 120)


def _bars(chart: Bars, palette: Palette, width: int) -> alt.LayerChart:
    rows = [{"label": label, "value": value, "shown": f"{number(value)}{chart.unit}"} for label, value in chart.rows]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=_labels(chart), x=alt.X("value:Q", title=None, axis=None, scale=alt.Scale(domainMin=0, nice=False, zero=True)))
    bars = base.mark_bar(color=palette.series[0], height={"band": .68})
    words = base.mark_text(align="left", dx=5, color=palette.ink, font=FONT, fontSize=EM).encode(text="shown:N")
    beside = 40 + round(EM * max((measure(str(row["shown"]), "hei") for row in rows), default=1.0))
    return _layers(bars, words).properties(width=_inner(chart, width, beside), height={"step": 30})


def _months(chart: Months, palette: Palette, width: int) -> alt.LayerChart:
    names = [name for name, _ in chart.series]
    rows = [{"month": month, "name": name, "value": value}
            for name, values in chart.series for month, value in zip(chart.months, values, strict=True) if value is not None]
    known = [value for _, values in chart.series for value in values if value is not None]
    most, low = max(known, default=1.0), max(0.0, min(known, default=0.0) - .05) if chart.percent else 0.0
    scale = alt.Scale(domain=[low, 1.0 if chart.percent else max(most * 1.1, 1.0)], nice=not chart.percent)
    shown = "%" if chart.percent else "d" if most > 5 else ""
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("month:O", sort=list(chart.months), title=None, scale=alt.Scale(domain=list(chart.months)),
                axis=alt.Axis(labelAngle=0, labelOverlap="greedy", ticks=False, labelPadding=6)),
        y=alt.Y("value:Q", title=None, scale=scale, axis=alt.Axis(format=shown, tickCount=4, domain=False, ticks=False)),
        color=alt.Color("name:N", sort=names, title=None, scale=alt.Scale(domain=names, range=list(palette.series[:len(names)]))))
    dashes = alt.Scale(domain=names, range=[[1, 0], [6, 4], [2, 3]][:len(names)])
    marks = alt.Scale(domain=names, range=["circle", "square", "triangle-up"][:len(names)])
    lines = base.mark_line(strokeWidth=2.5).encode(strokeDash=alt.StrokeDash("name:N", sort=names, title=None, scale=dashes))
    points = base.mark_point(filled=True, size=46, opacity=1).encode(shape=alt.Shape("name:N", sort=names, title=None, scale=marks))
    return _layers(lines, points).properties(width=width - 70, height=190)


def _bands(chart: Bands, palette: Palette, width: int) -> alt.LayerChart:
    rows = [{"label": label, "band": band, "n": n, "place": place, "shown": str(n), "ink": palette.on_bands[place]}
            for label, values in chart.rows for place, (band, n) in enumerate(zip(chart.bands, values, strict=True))]
    most = max((sum(values) for _, values in chart.rows), default=1) or 1
    inner = _inner(chart, width, 50)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=_labels(chart), order=alt.Order("place:Q"),
        x=alt.X("n:Q", title=None, stack="zero", axis=None, scale=alt.Scale(domain=[0, most], nice=False)))
    colours = alt.Scale(domain=list(chart.bands), range=list(palette.bands[:len(chart.bands)]))
    bars = base.mark_bar(stroke=palette.ground, strokeWidth=1, height={"band": .72}).encode(
        color=alt.Color("band:N", sort=list(chart.bands), title=None, scale=colours))
    fits = f"datum.n * {inner} / {most} > 9 * length(datum.shown) + 6"        # the number inside its own band, or none
    words = base.mark_text(font=FONT, fontSize=12).encode(
        x=alt.X("n:Q", stack="zero", bandPosition=.5), text="shown:N", color=alt.Color("ink:N", scale=None, legend=None),
        opacity=alt.condition(fits, alt.value(1), alt.value(0)))
    layers = _layers(bars, words).resolve_scale(color="independent")
    return cast(alt.LayerChart, layers.properties(width=inner, height={"step": 32}))
