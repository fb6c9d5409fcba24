"""A concrete address of every page, and whose page it is: the tests look at each, so a new page needs a line here.

The names in braces are fields of `tests.browser.stage.Stage`.
"""

from __future__ import annotations

NOBODY = ""
CLERK, DISTRICT, OFFICE, SENIOR, HEAD = "xj.clerk", "xj.district", "xj.office1", "xj.senior", "xj.head"
MEMBER, AUDITOR, MAKER, CHECKER, ADMIN = "xj.m1", "xj.auditor", "xj.maker", "xj.checker", "xj.admin"

# Answers that are no pages: a file, a count for a script, a way to somewhere else.
NOT_PAGES = {"/claims/{claim_no}/pulse", "/papers/{paper_id}/content", "/letters/{notice_id}/content"}

# route: (who looks, where)
ADDRESSES: dict[str, tuple[str, str]] = {
    "/": (NOBODY, "/"),
    "/progress": (NOBODY, "/progress?no=XJ2026-0000-017"),
    "/sign-in": (NOBODY, "/sign-in"),
    "/sign-in/code": (NOBODY, "/sign-in/code"),
    "/sign-in/enrol": (NOBODY, "/sign-in/enrol"),
    "/sign-in/oidc": (NOBODY, "/sign-in/oidc"),
    "/sign-in/oidc/start": (NOBODY, "/sign-in/oidc/start"),
    "/first-password": (NOBODY, "/first-password"),
    "/demonstration": (NOBODY, "/demonstration"),
    "/keys": (OFFICE, "/keys"),
    "/work": (DISTRICT, "/work"),
    "/search": (OFFICE, "/search"),
    # one claim
    "/claims/{claim_no}": (OFFICE, "/claims/{office}"),
    "/claims/{claim_no}/pulse": (OFFICE, "/claims/{office}/pulse"),
    "/claims/{claim_no}/unmask": (OFFICE, "/claims/{office}/unmask"),
    "/claims/{claim_no}/pass": (OFFICE, "/claims/{office}/pass"),
    "/claims/{claim_no}/recommend": (OFFICE, "/claims/{office}/recommend"),
    "/claims/{claim_no}/refuse": (OFFICE, "/claims/{later}/refuse"),
    "/claims/{claim_no}/send-down": (OFFICE, "/claims/{office}/send-down"),
    "/claims/{claim_no}/send-back": (OFFICE, "/claims/{office}/send-back"),
    "/claims/{claim_no}/hold": (OFFICE, "/claims/{office}/hold"),
    "/claims/{claim_no}/delegate": (HEAD, "/claims/{office}/delegate"),
    "/claims/{claim_no}/take-over": (HEAD, "/claims/{office}/take-over"),
    "/claims/{claim_no}/amount": (OFFICE, "/claims/{office}/amount"),
    "/claims/{claim_no}/regrade": (OFFICE, "/claims/{office}/regrade"),
    "/claims/{claim_no}/uphold": (OFFICE, "/claims/{later}/uphold"),
    "/claims/{claim_no}/exclusion": (OFFICE, "/claims/{office}/exclusion"),
    "/claims/{claim_no}/verify": (CLERK, "/claims/{reported}/verify"),
    "/claims/{claim_no}/waive": (OFFICE, "/claims/{reported}/waive"),
    "/claims/{claim_no}/papers/{paper_id}": (CLERK, "/claims/{reported}/papers/{paper}"),
    "/claims/{claim_no}/facts": (CLERK, "/claims/{reported}/facts"),
    "/claims/{claim_no}/ask": (CLERK, "/claims/{clerk}/ask"),
    "/claims/{claim_no}/object": (CLERK, "/claims/{office}/object"),
    "/claims/{claim_no}/accept-objection": (HEAD, "/claims/{decided}/accept-objection"),
    "/claims/{claim_no}/dismiss-objection": (HEAD, "/claims/{decided}/dismiss-objection"),
    "/claims/{claim_no}/withdraw-objection": (CLERK, "/claims/{decided}/withdraw-objection"),
    "/claims/{claim_no}/correct": (CLERK, "/claims/{decided}/correct"),
    "/claims/{claim_no}/confirm-correction": (HEAD, "/claims/{decided}/confirm-correction"),
    "/claims/{claim_no}/drop-correction": (CLERK, "/claims/{decided}/drop-correction"),
    "/claims/{claim_no}/correct-facts": (CLERK, "/claims/{decided}/correct-facts"),
    "/claims/{claim_no}/ask-original": (OFFICE, "/claims/{office}/ask-original"),
    "/claims/{claim_no}/receive-original": (CLERK, "/claims/{office}/receive-original"),
    "/claims/{claim_no}/return-original": (CLERK, "/claims/{office}/return-original"),
    "/claims/{claim_no}/drop-original": (OFFICE, "/claims/{office}/drop-original"),
    "/papers/{paper_id}/content": (CLERK, "/papers/{paper}/content"),
    "/letters/{notice_id}/content": (CLERK, "/letters/{letter}/content"),
    "/cases/{case_no}/papers": (MEMBER, "/cases/{case}/papers"),
    # the member
    "/mine": (MEMBER, "/mine"),
    "/mine/{claim_no}": (MEMBER, "/mine/{reported}"),
    "/mine/{claim_no}/lists/{list_id}": (MEMBER, "/mine/{reported}/lists/{supplement}"),
    "/mine/{claim_no}/objection": (MEMBER, "/mine/{reported}/objection"),
    "/mine/{claim_no}/withdraw": (MEMBER, "/mine/{reported}/withdraw"),
    "/report": (MEMBER, "/report"),
}
