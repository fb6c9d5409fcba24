"""The union's computation as a page a person can read: one file, nothing loaded from elsewhere, the same bytes for the same dossier.

Its steps are told by `services/engine/telling/worksheet.py`, as the reviewers read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from services.core.money import show
from services.insurer.dossier import Dossier, Step, Worksheet
from services.rulebook import registry

OUTCOMES = {"pay": "给付", "nothing": "不给付", "refund": "退还保费", "manual": "须人工核定"}
_TITLES = {"check": "共同条件", "total": "合计", "nothing": "未给付的责任"}
_MOST = 2000                        # of a step's text, as the manifest's schema says


def page(dossier: Dossier) -> bytes:
    """The worksheet as HTML in UTF-8."""
    sheet = dossier.worksheet
    return _template().render(dossier=dossier, sheet=sheet, parts=list(_parts(sheet)), outcome=OUTCOMES[sheet.outcome],
                              plan=registry.latest(dossier.plan).name, yuan=show).encode()


def steps(output: Mapping[str, object]) -> Iterator[Step]:
    """The steps of a worksheet told in full, in the order they were taken: what holds for all, each line, the total, what pays nothing."""
    yield from (_step("check", row) for row in _rows(output, "checks"))
    for line in _rows(output, "lines"):
        yield from (_step(f"line/{line['benefit']}", row) for row in _rows(line, "rows"))
    yield from (_step("total", row) for row in _rows(output, "total_rows"))
    for item in _rows(output, "nothing"):
        yield _step("nothing", {**item, "words": f"{item['name']}：{item['why']}"})


def _step(part: str, row: Mapping[str, object]) -> Step:
    basis = "；".join(_input(item) for item in _rows(row, "inputs"))
    return Step(part=part, words=str(row["words"])[:_MOST], clause=str(row.get("clause") or "") or None, basis=basis[:_MOST] or None)


def _input(item: Mapping[str, object]) -> str:
    proofs = item.get("proved_by")
    proved = f"（{'、'.join(map(str, proofs))}）" if isinstance(proofs, list) and proofs else ""
    return f"{item['label']} {item['shown']}{proved}"


def _rows(of: Mapping[str, object], name: str) -> list[dict[str, object]]:
    found = of[name]
    return found if isinstance(found, list) else []


def _parts(sheet: Worksheet) -> Iterator[tuple[str, list[Step]]]:
    names = {f"line/{line.benefit}": line.name or line.benefit for line in sheet.lines}
    for part, taken in groupby(sheet.steps, key=lambda step: step.part):
        yield names.get(part) or _TITLES.get(part, part), list(taken)


@cache
def _template() -> Template:
    place = Path(__file__).with_name("worksheet.html")
    made = Environment(loader=FileSystemLoader(place.parent), undefined=StrictUndefined, autoescape=True, trim_blocks=True,
                       lstrip_blocks=True, keep_trailing_newline=True)
    return made.get_template(place.name)
