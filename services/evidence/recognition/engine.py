"""The reading machine as the house sees it: is it here, what is it called, and pages in, words out.

Pages are read in processes of their own (engine_child.py), which see only the view that we drew, never a stranger's file. They
are as many as the cores, and polite: whatever else the machine has to do goes first.
"""

from __future__ import annotations

import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import cast

from services.core.errors import ConfigError
from services.core.settings import Settings, settings
from services.evidence.recognition.lines import Box, Line
from services.storage.confined import Confined, Died, Rooms

_PARTS = ("rapidocr", "onnxruntime", "cv2")
_MOST, _OLD, _PATIENCE = 4, 600, 120.0      # processes; jobs of one process (two a page); seconds for a page on a busy machine
_RULES = 5                                  # raised when our own part of reading changes so that papers should be read anew
_Told = tuple[str, float, float, float, float, float]
_Stamp = tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """The lines of a page that was turned `turned` degrees clockwise to stand upright; its surest stamp, if one was seen."""

    turned: int
    lines: tuple[Line, ...]
    stamp: tuple[Box, float] | None = None


def installed() -> bool:
    """Whether the extra `ocr` is here. It is looked for, not loaded."""
    return all(importlib.util.find_spec(part) for part in _PARTS)


def refuse_without_reader(config: Settings) -> None:
    """A reading machine that was asked for and is not there: no start."""
    if config.ocr == "rapidocr" and not installed():
        raise ConfigError("ocr_missing", "设置了 HUZHU_OCR=rapidocr，但没有安装识别组件", field="HUZHU_OCR",
                          remedy="安装附加组件 huzhu[ocr]，或设置 HUZHU_OCR=none 由人工录入")


def name() -> str:
    """Program and version, so that a reading can be made again; empty when papers are left to hands."""
    config = settings()
    refuse_without_reader(config)
    return "" if config.ocr == "none" or not installed() else _name()


@lru_cache(maxsize=1)
def _name() -> str:
    return f"rapidocr {version('rapidocr')} / {_RULES}"


@lru_cache(maxsize=1)
def processes() -> int:
    """How many pages are read at once."""
    return max(1, min(_MOST, len(os.sched_getaffinity(0))))


@lru_cache(maxsize=1)
def _rooms() -> Rooms:
    return Rooms(processes(), lambda: Confined("services.evidence.recognition.engine_child", old=_OLD, patience=_PATIENCE))


@lru_cache(maxsize=1)
def hands() -> ThreadPoolExecutor:
    """Threads that wait for the processes, as many as they are."""
    return ThreadPoolExecutor(processes(), thread_name_prefix="reading")


def read(view: bytes) -> Seen:
    """All lines on a page (WEBP as we drew it). Died: twice the page was too much for the process, or it is broken."""
    try:
        return _read(view)
    except Died:
        return _read(view)      # it may have been the machine's fault, and not the page's


def _read(view: bytes) -> Seen:
    with _rooms().table(view) as room:
        answer, _ = room.ask({"do": "lines"})
    told = tuple(Line(text, sure, Box(left, top, right, bottom))
                 for text, sure, left, top, right, bottom in cast("list[_Told]", answer["lines"]))
    stamps = [(Box(left, top, right, bottom), sure) for left, top, right, bottom, sure in cast("list[_Stamp]", answer["stamps"])]
    return Seen(int(str(answer["turned"])), told, stamps[0] if stamps else None)
