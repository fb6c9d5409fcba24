"""Lines of Chinese text on a grid of cells: where they break, and by how much each is spread to close flush right.

The layout engine justifies by widening spaces, of which Chinese has none. So lines are broken here, after the rules of
GB/T 15834 on what may begin and end a line, and every line gets a letter-spacing of its own. A number keeps its unit, a
person's name stays whole; a line that would have to be spread visibly is left short instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from documents.faces import measure

COLUMNS = 28.0
STRETCH, SQUEEZE = 0.10, 0.036      # em a character, at most: three cells more, or one punctuation mark squeezed in
_NOT_FIRST = set("，。、；：？！）》〉〕】』」”’…—·%‰℃％,.;:?!)]}〗々～")
_NOT_LAST = set("（《〈〔【『「“‘￥¥$([{〖")
_UNITS = "年月日元％份个人名次项页件天岁号条款时分期"
_ATOM = re.compile(r"——|……|尾号[0-9]{4}|[0-9][0-9.,]*(?:[%" + _UNITS + r"]|(?![A-Za-z0-9:/_@-]))"
                   r"|[A-Za-z0-9](?:[A-Za-z0-9.,:/_@%+#=?&-]*[A-Za-z0-9%/])?|.", re.S)
_SOFT = re.compile(r"(?<=[-@&=])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9]/)(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=\?)")


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one look. `whole` is not to be broken; `style` is the class of its span, empty for plain text."""

    text: str
    whole: bool = False
    style: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One set line: what stands on it, its indent in cells, its letter-spacing in em."""

    runs: tuple[Run, ...]
    indent: float
    spacing: float

    @property
    def text(self) -> str:
        """The words alone."""
        return "".join(run.text for run in self.runs)


def set_lines(runs: Iterable[Run], *, first: float = 2.0, rest: float = 0.0, columns: float = COLUMNS,
              names: frozenset[str] = frozenset(), flush: bool = True) -> list[Line]:
    """Break text into lines of `columns` cells. `first` and `rest` are indents; `names` are kept whole; `flush` closes lines."""
    queue = _glued(_atoms(runs, names))[::-1]
    lines: list[Line] = []
    now: list[Run] = []
    used, indent = 0.0, first
    while queue:
        unit = queue.pop()
        wide, room = _wide(unit), columns - indent - used
        if wide <= room + 1e-6:
            now, used = now + unit, used + wide
            continue
        count = sum(len(run.text) for run in now)
        over = wide - room
        if flush and now and over <= SQUEEZE * (count + 1) and over < room + 0.25:
            lines.append(_line(now + unit, columns, indent, flush))
        else:
            gap = room / max(1, count - 1)
            head, tail = _cut(unit, room, force=not now) if not now or gap > STRETCH else ([], unit)
            if tail:
                queue.append(tail)
            lines.append(_line(now + head, columns, indent, flush))
        now, used, indent = [], 0.0, rest
        while queue and queue[-1][0].text.strip(" ") == "":
            queue.pop()
    if now:
        lines.append(Line(_joined(now), indent, 0.0))
    return lines


def _atoms(runs: Iterable[Run], names: frozenset[str]) -> Iterable[Run]:
    """Smallest parts: a word, a number with its unit, a name, a single Chinese character."""
    known = re.compile("|".join(map(re.escape, sorted(names, key=lambda name: (-len(name), name))))) if names else None
    for run in runs:
        if run.whole and measure(run.text) <= COLUMNS / 2:
            yield run
            continue
        place = 0
        while place < len(run.text):
            found = (known.match(run.text, place) if known else None) or _ATOM.match(run.text, place)
            assert found is not None    # the last branch of _ATOM takes anything
            yield Run(found.group(), False, run.style)
            place = found.end()


def _glued(atoms: Iterable[Run]) -> list[list[Run]]:
    """Atoms that must share a line: closing marks with what they close, opening marks with what follows."""
    units: list[list[Run]] = []
    for atom in atoms:
        last = units[-1][-1].text if units else ""
        if last and ((atom.text[0] in _NOT_FIRST and last != " ") or last[-1] in _NOT_LAST):
            units[-1].append(atom)
        else:
            units.append([atom])
    return units


def _wide(unit: list[Run]) -> float:
    return sum(measure(run.text) for run in unit)


def _cut(unit: list[Run], room: float, *, force: bool) -> tuple[list[Run], list[Run]]:
    """Divide a unit that is too wide at a hyphen or slash; `force` divides anywhere, when it stands alone on its line."""
    for place, run in enumerate(unit):
        if measure(run.text) <= room:
            room -= measure(run.text)
            continue
        soft = [at.start() for at in _SOFT.finditer(run.text)]
        spots = [at for at in (soft if not run.whole else []) if measure(run.text[:at]) <= room] or (
            [at for at in range(1, len(run.text)) if measure(run.text[:at]) <= room] if force else [])
        if not spots:
            break
        left, right = run.text[:spots[-1]], run.text[spots[-1]:]
        return [*unit[:place], Run(left, run.whole, run.style)], [Run(right, run.whole, run.style), *unit[place + 1:]]
    return (unit, []) if force else ([], unit)


def _line(parts: list[Run], columns: float, indent: float, flush: bool) -> Line:
    """A line that is not the last of its paragraph, spread or squeezed to its full width."""
    while len(parts) > 1 and parts[-1].text == " ":
        parts = parts[:-1]
    count = sum(len(run.text) for run in parts)
    gap = columns - indent - _wide(parts)
    spacing = max(-SQUEEZE, gap / (count - 1)) if flush and count > 1 else 0.0
    return Line(_joined(parts), indent, spacing if spacing <= STRETCH else 0.0)


def _joined(parts: list[Run]) -> tuple[Run, ...]:
    runs: list[Run] = []
    for part in parts:
        if runs and runs[-1].style == part.style:
            runs[-1] = Run(runs[-1].text + part.text, False, part.style)
        else:
            runs.append(Run(part.text, False, part.style))
    return tuple(runs)
