"""Sample cases of a composed plan: the worked cases of the plans its parts come from, moved into the new plan's days."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from services.engine.checking.examples import cases
from services.releases import book_change
from services.releases.book_change import MOST_SAMPLES
from services.releases.composing.catalogue import Part
from services.rulebook import registry

EACH = 2            # worked cases of one part
Given = dict[str, object]


def samples(chosen: Sequence[Part], from_: date) -> list[tuple[str, Given]]:
    """Name and computation of up to `MOST_SAMPLES` cases: those in which the chosen parts pay, moved so that cover begins in force."""
    found: dict[str, Given] = {}
    for part in chosen:
        for name, given in list(_worked(part))[:EACH]:
            found.setdefault(f"{name}（{part.plan_name}）", _moved(given, from_))
    return list(found.items())[:MOST_SAMPLES]


def fields(name: str, given: Mapping[str, object]) -> list[tuple[str, str]]:
    """The values of a case that a form may set, with their places: "samples.5f0c2a91.cover.shares" (by the case's name)."""
    code = hashlib.sha256(name.encode()).hexdigest()[:8]
    return [(f"samples.{code}.{path}", text) for path, text in _leaves(given, "")]


def edited(found: Sequence[tuple[str, Given]], values: Mapping[str, str]) -> list[tuple[str, Given]]:
    """The cases with what a form says of them."""
    made = []
    for name, given in found:
        own = copy.deepcopy(given)
        known = dict(fields(name, given))
        for path, text in values.items():
            if path in known and text.strip() and text.strip() != known[path]:
                _set(own, path.split(".")[2:], text.strip())
        made.append((name, own))
    return made


def _worked(part: Part) -> Iterator[tuple[str, Given]]:
    """The cases of the part's own plan in which it pays and nothing was paid before."""
    for case in _cases(part):
        expect, given = case.get("expect"), case.get("input")
        if not isinstance(expect, dict) or not isinstance(given, dict) or "paid" in given or expect.get("outcome") != "pay":
            continue
        lines = expect.get("lines")
        if isinstance(lines, dict) and part.code in lines:
            yield str(case.get("case", "")), given


def _cases(part: Part) -> list[Mapping[str, object]]:
    """Those of the program's file, or those with which a released wording was proposed."""
    book = next((one for one in registry.plans() if (one.plan, one.version) == (part.plan, part.version)), None)
    released = registry.released(book) if book else None
    if released is not None:
        return [{"case": one["name"], "input": one["input"], "expect": {"outcome": one["outcome"], "lines": one.get("lines", {})}}
                for one in book_change.samples_of({"samples": list(released.samples)})]
    paths = [path for path in registry.files() if (path.parent.name, path.stem) == (part.plan, part.version)]
    return [case for path in paths for case in cases(_beside(path))]


def _beside(path: Path) -> Path:
    return path.with_suffix(".examples.yaml")


def _moved(given: Mapping[str, object], from_: date) -> Given:
    """Every day as much later as the cover must be; a medical year by whole years."""
    cover, event = given.get("cover"), given.get("event")
    begins = cover.get("effective") if isinstance(cover, dict) else None
    start = begins if isinstance(begins, date) else date.fromisoformat(str(begins))
    if isinstance(event, dict) and "year" in event:
        years = max(0, from_.year - start.year + (from_.month > 1 or from_.day > 1))
        shifted = _shift(given, lambda day: day.replace(year=day.year + years, day=min(day.day, 28) if day.month == 2 else day.day))
        shifted["event"] = {**_mapping(shifted["event"]), "year": int(str(event["year"])) + years}
        return shifted
    delta = max(timedelta(0), from_ - start)
    return _shift(given, lambda day: day + delta)


def _shift(given: Mapping[str, object], later: object) -> Given:
    def walk(raw: object) -> object:
        if isinstance(raw, dict):
            return {str(key): walk(value) for key, value in raw.items()}
        if isinstance(raw, list):
            return [walk(value) for value in raw]
        if isinstance(raw, date):
            return later(raw).isoformat() if callable(later) else raw
        if isinstance(raw, str) and len(raw) == 10 and raw[4:5] == raw[7:8] == "-" and raw[:4].isdigit():
            return walk(date.fromisoformat(raw))
        return raw if isinstance(raw, bool | int | str) or raw is None else str(raw)
    found = walk(dict(given))
    assert isinstance(found, dict)
    return found


def _leaves(raw: object, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(raw, Mapping):
        for key, value in raw.items():
            yield from _leaves(value, f"{at}.{key}" if at else str(key))
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from _leaves(value, f"{at}.{index}")
    elif raw is not None:
        yield at, {True: "true", False: "false"}[raw] if isinstance(raw, bool) else str(raw)


def _set(raw: object, at: list[str], text: str) -> None:
    for part in at[:-1]:
        raw = raw[part] if isinstance(raw, dict) else raw[int(part)] if isinstance(raw, list) else raw
    old = raw.get(at[-1]) if isinstance(raw, dict) else raw[int(at[-1])] if isinstance(raw, list) else None
    value: object = text == "true" if isinstance(old, bool) else int(text) if isinstance(old, int) and text.isdecimal() else text
    if isinstance(raw, dict):
        raw[at[-1]] = value
    elif isinstance(raw, list):
        raw[int(at[-1])] = value


def _mapping(raw: object) -> Given:
    return raw if isinstance(raw, dict) else {}
