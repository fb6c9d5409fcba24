"""The pages on rules and on settling a city: more of `addresses`, which says what the names in braces are."""

from __future__ import annotations

NOBODY, HEAD, ADMIN = "", "xj.head", "xj.admin"

MORE_NOT_PAGES = {"/letter-wordings/{code}/{letter}/{number}", "/plans/replay/chart", "/plans/replay/workbook"}

MORE_FORMS: dict[str, tuple[str, str]] = {
    "/runs/{run_no}/telling": ("xj.maker", "/runs/{run}/telling"),
    "/plans/compose/{draft_id}/{act}": (ADMIN, "/plans/compose/{composed}/propose")}

MORE: dict[str, tuple[str, str]] = {
    "/runs/{run_no}/telling": ("xj.maker", "/runs/{run}/telling"),
    "/plans": (NOBODY, "/plans"),
    "/plans/{plan}": (NOBODY, "/plans/xj-women"),
    "/letter-wordings": (ADMIN, "/letter-wordings"),
    "/letter-wordings/{code}": (ADMIN, "/letter-wordings/receipt.care"),
    "/letter-wordings/{code}/{letter}/{number}": (ADMIN, "/letter-wordings/receipt.care/receipt/1"),
    "/plans/compose": (ADMIN, "/plans/compose"),
    "/plans/compose/{draft_id}": (ADMIN, "/plans/compose/{composed}"),
    "/plans/replay": (HEAD, "/plans/replay"),
    "/plans/replay/chart": (HEAD, "/plans/replay/chart"),
    "/plans/replay/workbook": (HEAD, "/plans/replay/workbook"),
    "/plans/replay/{release_id}": (HEAD, "/plans/replay/{release}"),
}
