"""The pages on rules and on settling a city: more of `addresses`, which says what the names in braces are."""

from __future__ import annotations

NOBODY, HEAD = "", "xj.head"

MORE_NOT_PAGES = {"/plans/replay/chart", "/plans/replay/workbook"}

MORE: dict[str, tuple[str, str]] = {
    "/plans": (NOBODY, "/plans"),
    "/plans/{plan}": (NOBODY, "/plans/xj-women"),
    "/plans/replay": (HEAD, "/plans/replay"),
    "/plans/replay/chart": (HEAD, "/plans/replay/chart"),
    "/plans/replay/workbook": (HEAD, "/plans/replay/workbook"),
    "/plans/replay/{release_id}": (HEAD, "/plans/replay/{release}"),
}
