"""The pages on rules and on settling a city: more of `addresses`, which says what the names in braces are."""

from __future__ import annotations

NOBODY, HEAD, ADMIN = "", "xj.head", "xj.admin"

MORE_NOT_PAGES = {"/settlements/{settlement_id}/unresolved", "/settlements/{settlement_id}/workbook",
                  "/window/workbook", "/letter-wordings/{code}/{letter}/{number}", "/plans/replay/chart", "/plans/replay/workbook",
                  "/mine/access/workbook", "/people/{person_id}/access/workbook", "/mine/privacy/requests/{request_no}/file",
                  "/privacy/requests/{request_no}/file"}

MORE_FORMS: dict[str, tuple[str, str]] = {
    "/payments/{payment_id}/heirs": ("xj.maker", "/payments/{nothing}/heirs"),
    "/stuck/look": (HEAD, "/stuck/look"),
    "/stuck/{stuck_id}/again": (HEAD, "/stuck/{nothing}/again"),
    "/stuck/{stuck_id}/back": (HEAD, "/stuck/{nothing}/back"),
    "/stuck/{stuck_id}/put-off": (HEAD, "/stuck/{nothing}/put-off"),
    "/mine/privacy/consent": ("xj.m1", "/mine/privacy/consent"),
    "/mine/privacy/requests": ("xj.m1", "/mine/privacy/requests"),
    "/mine/privacy/requests/{request_no}/withdraw": ("xj.m1", "/mine/privacy/requests/SQ20260320-ABC234/withdraw"),
    "/privacy/requests/{request_no}": (HEAD, "/privacy/requests/SQ20260320-ABC234"),
    "/privacy/holds": (HEAD, "/privacy/holds"),
    "/privacy/holds/{hold_id}/ask": (HEAD, "/privacy/holds/{nothing}/ask"),
    "/privacy/holds/{hold_id}/lift": (HEAD, "/privacy/holds/{nothing}/lift"),
    "/people/{person_id}/data-request": ("xj.clerk", "/people/{person}/data-request"),
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
    "/mine/access": ("xj.m1", "/mine/access"),
    "/mine/access/workbook": ("xj.m1", "/mine/access/workbook"),
    "/people/{person_id}/access": ("xj.auditor", "/people/{person}/access"),
    "/people/{person_id}/access/workbook": ("xj.auditor", "/people/{person}/access/workbook"),
    "/mine/privacy": ("xj.m1", "/mine/privacy"),
    "/mine/privacy/requests/{request_no}/file": ("xj.m1", "/mine/privacy/requests/SQ20260320-ABC234/file"),
    "/privacy": (HEAD, "/privacy"),
    "/privacy/requests/{request_no}": (HEAD, "/privacy/requests/SQ20260320-ABC234"),
    "/privacy/requests/{request_no}/file": ("xj.clerk", "/privacy/requests/SQ20260320-ABC234/file"),
    "/people/{person_id}/data-request": ("xj.clerk", "/people/{person}/data-request"),
    "/privacy/holds": (HEAD, "/privacy/holds"),
    "/privacy/keeping": (HEAD, "/privacy/keeping"),
    "/claims/{claim_no}/replay": ("xj.auditor", "/claims/{decided}/replay"),
}
