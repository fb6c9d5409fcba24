"""One layout of each kind that nobody looks at while rules are tuned: the bench reads them apart.

NOBODY TUNES ON THESE. Whoever works on services/evidence/recognition neither reads this file nor runs the reading machine over
what it draws, except through the bench; a layout that was looked at is no longer held out and has to be replaced.
"""

from __future__ import annotations

from collections.abc import Callable

from services.simulate.scans.canvas import Page

LAYOUTS: dict[str, tuple[Callable[[Page], None], tuple[int, int]]] = {}
