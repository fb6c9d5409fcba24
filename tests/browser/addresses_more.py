"""The pages on rules and on settling a city: more of `addresses`, which says what the names in braces are."""

from __future__ import annotations

NOBODY, HEAD, ADMIN = "", "xj.head", "xj.admin"

MORE_NOT_PAGES = {"/settlements/{settlement_id}/unresolved", "/settlements/{settlement_id}/workbook",
                  "/window/workbook", "/letter-wordings/{code}/{letter}/{number}", "/plans/replay/chart", "/plans/replay/workbook"}

MORE_FORMS: dict[str, tuple[str, str]] = {
    "/stuck/look": (HEAD, "/stuck/look"),
    "/stuck/{stuck_id}/again": (HEAD, "/stuck/{nothing}/again"),
    "/stuck/{stuck_id}/back": (HEAD, "/stuck/{nothing}/back"),
    "/stuck/{stuck_id}/put-off": (HEAD, "/stuck/{nothing}/put-off"),
    "/window/{day_id}/payment": ("xj.maker", "/window/{nothing}/payment"),
    "/window/{day_id}/confirm": ("xj.checker", "/window/{nothing}/confirm"),
    "/window/{day_id}/send-back": ("xj.checker", "/window/{nothing}/send-back"),
    "/runs/{run_no}/telling": ("xj.maker", "/runs/{run}/telling"),
    "/plans/compose/{draft_id}/{act}": (ADMIN, "/plans/compose/{composed}/propose")}

MORE: dict[str, tuple[str, str]] = {
    "/stuck": (HEAD, "/stuck"),
    "/settlements": ("xj.maker", "/settlements"),
    "/settlements/{settlement_id}": ("xj.maker", "/settlements/{nothing}"),
    "/settlements/{settlement_id}/unresolved": ("xj.maker", "/settlements/{nothing}/unresolved"),
    "/settlements/{settlement_id}/workbook": ("xj.maker", "/settlements/{nothing}/workbook"),
    "/settlements/{settlement_id}/lines/{person_id}/{year}": ("xj.maker", "/settlements/{nothing}/lines/{nothing}/2026"),
    "/mine/settlements/{settlement_id}/{year}": ("xj.m0", "/mine/settlements/{nothing}/2026"),
    "/window": ("xj.maker", "/window"),
    "/window/workbook": ("xj.maker", "/window/workbook"),
    "/window/{day_id}": ("xj.maker", "/window/{nothing}"),
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
