"""Layouts that nobody looks at while rules are tuned, one of a kind: the bench reads them apart.

There is none at present: those that were here have been measured and are in third.py. Whoever draws the next ones reads nothing of
services/evidence/recognition; whoever tunes there reads neither them nor what the reading machine makes of them, except in the bench.
A kind without a layout here is read by the bench in known layouts only.
"""

from __future__ import annotations

from collections.abc import Callable

from services.simulate.scans.canvas import Page

LAYOUTS: dict[str, tuple[Callable[[Page], None], tuple[int, int]]] = {}     # by kind: who writes the page, and its size in points
