"""Who may ask what of the API: the people of DESIGN by the letters of `LETTERS`, thought out route by route; * is anyone.

M member, U unit clerk, D district or industry reviewer, O office reviewer, S senior reviewer, H head, K finance maker,
C finance checker, A auditor, X administrator; Y a program of the office's own, I one of the insurer's, Z one of a hospital's.
"""

from __future__ import annotations

from services.access.actor import Role
from tests.services.api_people_more import MORE

LETTERS = {"M": Role.MEMBER, "U": Role.UNIT_CLERK, "D": Role.DISTRICT_REVIEWER, "O": Role.OFFICE_REVIEWER, "S": Role.SENIOR_REVIEWER,
           "H": Role.HEAD, "K": Role.FINANCE_MAKER, "C": Role.FINANCE_CHECKER, "A": Role.AUDITOR, "X": Role.ADMINISTRATOR,
           "Y": Role.SYSTEM, "I": Role.INSURER, "Z": Role.HOSPITAL}

# Who: then "R" reads, "W" sends, both "RW", and the address.
TABLE = """
*             R   /health
*             W   /insurer/messages
*             W   /letters/receipts
*             R   /insurer/manifest.schema.json
*             R   /check/{code}
*             R   /check/files/{sha256}
MUDOSHKCAXYI  R   /clock
X             W   /clock
AXY           R   /system/idle
AXY           R   /metrics
MUDOSHKCAXYI  R   /plans
MUDOSHKCAXYI  R   /plans/{plan}
MUDOSHKCAXYI  R   /plans/{plan}/schema
HX            R   /plans/{plan}/clocks
MUDOSHKCAXYI  R   /reasons
MUDOSHKCAXYI  R   /words
MUDOSHKCAXYI  R   /days/add
MUDOSHKCAXYI  R   /days/report
MUDOSHKCAXYI  R   /days/waiting
MUDOSHKCAXYI  W   /compute
MUDOSHKCAXYI  W   /compute/worksheet
MUDOSHKCAXYI  W   /identity/check

MUDOSHKCAXYI  R   /me
MUDOSHKCAX    R   /me/sessions
MUDOSHKCAX    W   /me/sessions/end
MUDOSHKCAX    W   /me/sessions/{session_id}/end
MUDOSHKCAXYI  W   /tokens/revoke
MUDOSHKCAX    W   /accounts/{account_id}/tokens
AX            R   /accounts
X             W   /accounts
X             W   /accounts/{account_id}/close
X             W   /accounts/{account_id}/password-link
X             W   /accounts/{account_id}/second-factor/reset
X             W   /accounts/{account_id}/sessions/end
UDOSHKC       R   /accounts/{account_id}/substitutes
UDOSHKCAX     R   /substitutes
UDOSHKC       W   /substitutes
UDOSHKCX      W   /substitutes/{substitute_id}/end

MUDOSHKCAXY   R   /organisations
X             W   /organisations
MUDOSHKCAXY   R   /organisations/{org_id}
UDOSHKCAX     R   /organisations/{org_id}/history
X             W   /organisations/{org_id}/words
X             W   /organisations/{org_id}/move
X             W   /organisations/{org_id}/merge
X             W   /organisations/{org_id}/close
MUDOSHKCAX    R   /organisations/{org_id}/liaisons
X             W   /organisations/{org_id}/liaisons

UDOSHX        W   /people
UDOSHAX       W   /people/find
DOSHA         W   /invoices/find
UDOSHAX       R   /people/{person_id}
UDOSHA        R   /people/{person_id}/history
MUDOSHKCAX    R   /people/{person_id}/covers
UDOSHKCA      W   /people/{person_id}/unmask
MUDOSH        W   /people/{person_id}/cards
UDOSHX        W   /people/{person_id}/kin
OSHX          W   /people/{person_id}/kin/{relative_id}/remove
UDOSHX        W   /people/{person_id}/proofs
UDOSH         W   /people/{person_id}/proxies
UDOSH         W   /people/{person_id}/proxies/{proxy_id}/end
DOSHX         W   /people/{person_id}/categories
DOSHX         W   /people/{person_id}/categories/{category_id}/withdraw
OSHX          W   /people/{person_id}/corrections
OSHX          W   /people/{person_id}/merge
OSHX          W   /people/{person_id}/mergers/{merge_id}/undo

UDOSHY        W   /rosters
UDOSHAY       R   /rosters/template
UDOSHAY       R   /rosters/{roster_id}
UDOSHA        R   /rosters/{roster_id}/errors
MUDOSHKCA     R   /covers/{certificate_no}
UDOSH         W   /covers/{certificate_no}/end
UDOSH         W   /covers/{certificate_no}/shares
OSH           W   /covers/endorsements
MUDOSH        RW  /covers/{certificate_no}/certificate
UDOSH         R   /print-file
UDOSHA        R   /boards
UDOSHA        R   /boards/open
UDOSHA        R   /boards/time
UDOSHA        R   /boards/kept
UDOSHA        R   /boards/quality
UDOSHA        R   /boards/outstanding
UDOSHA        R   /boards/claims
UDOSHA        R   /boards/workbook
DSH           W   /monthly-letters
DOSHA         R   /monthly-letters
DOSHA         R   /monthly-letters/{letter_id}/file
DOSHA         R   /monthly-letters/{letter_id}/table
OSH           W   /office-letters/{letter_id}/void
UDOSH         R   /print-file.xlsx
UDOSHA        R   /claims/{claim_no}/dossier
UDOSHKCA      R   /cover-summary
UDOSHKCA      R   /cover-summary.xlsx
OSHK          W   /premiums
OSHK          W   /premiums/returns
DOSHKCA       R   /premiums/books
OSHX          W   /funds
OSHX          W   /funds/accounts

MUOSH         RW  /drafts
MUOSH         RW  /drafts/{draft_id}
MUOSH         W   /drafts/{draft_id}/drop
MUOSHY        W   /cases
MUOSH         W   /cases/preview
UY            W   /cases/files
UY            R   /cases/files/template
UA            R   /cases/files/{import_id}/errors
UDOSHA        R   /cases/to-tell
MUDOSHA       R   /cases/{case_no}
MUDOSHA       R   /cases/{case_no}/notes
MUDOSH        W   /cases/{case_no}/consents
MUDOSH        W   /cases/{case_no}/consents/withdraw
UDOSH         W   /cases/{case_no}/told
UDOSH         W   /cases/{case_no}/join
OSH           W   /cases/{case_no}/join/confirm
UDOSH         W   /cases/{case_no}/apart

MUDOSHKCA     R   /claims
MUDOSHKCA     R   /claims/{claim_no}/head
MUDOSHA       R   /claims/{claim_no}
MUDOSHA       R   /claims/{claim_no}/heirs
MUDOSH        W   /claims/{claim_no}/papers
MUDOSHA       R   /claims/{claim_no}/papers
MUDOSH        W   /cases/{case_no}/uploads
MUDOSH        R   /uploads/{upload_id}
MUDOSH        W   /uploads/{upload_id}/parts
MUDOSH        W   /uploads/{upload_id}/finish
MUDOSH        W   /uploads/{upload_id}/drop
UDOSHA        R   /claims/{claim_no}/findings
UDOSH         W   /claims/{claim_no}/findings
UDOSH         W   /claims/{claim_no}/facts/read
UDOSHA        R   /claims/{claim_no}/facts/sources
MUDOSHA       R   /papers/{paper_id}/content
MUDOSHA       R   /papers/{paper_id}/pages
MUDOSHA       R   /papers/{paper_id}/pages/{number}
MUDOSH        R   /claims/{claim_no}/cover-sheets
UDOSH         W   /paper-stacks
UDOSH         W   /papers/{paper_id}/judgement
UDOSHA        R   /papers/{paper_id}/fields
UDOSH         W   /papers/{paper_id}/fields
UDOSH         W   /papers/{paper_id}/pages/{number}/turn
UDOSH         W   /papers/{paper_id}/read-again
UDOSH         W   /fields/{field_id}/answer
DOSH          W   /papers/{paper_id}/original
MUDOSHA       R   /claims/{claim_no}/originals
UDOSH         W   /originals/{request_id}/received
UDOSH         W   /originals/{request_id}/returned
DOSH          W   /originals/{request_id}/dropped
MUDOSHA       R   /claims/{claim_no}/messages
MUDOSH        W   /claims/{claim_no}/messages
MUDOSHA       R   /claims/{claim_no}/messages/unread
DOSH          W   /claims/{claim_no}/notes
UDOSH         W   /claims/{claim_no}/facts
UDOSH         W   /claims/{claim_no}/verify
OSH           W   /claims/{claim_no}/waivers
UDOSH         W   /claims/{claim_no}/supplements
MUDOSHA       R   /supplements/{supplement_id}
MU            W   /supplements/{supplement_id}/delivered
MU            W   /supplements/{supplement_id}/answer
MU            W   /claims/{claim_no}/resume
MUOSH         W   /claims/{claim_no}/withdraw
UDOSH         W   /claims/{claim_no}/death
UDOSH         W   /claims/{claim_no}/cancellation
OSH           W   /claims/{claim_no}/cancellation/confirm
UDOSH         W   /claims/{claim_no}/cancellation/withdraw
MUDOSHA       R   /claims/{claim_no}/notices
MUDOSHA       R   /notices/{notice_id}
MUDOSHA       R   /notices/{notice_id}/content
MUDOSHA       R   /notices/{notice_id}/enclosures/{sha256}
MU            W   /notices/{notice_id}/delivered
MUDOSHA       R   /notices/{notice_id}/attempts
U             W   /notices/{notice_id}/posted
U             W   /notices/{notice_id}/returned
U             W   /notices/{notice_id}/resend
OSH           W   /notices/{notice_id}/void
OSH           W   /notices/{notice_id}/replace
OSH           W   /notices/{notice_id}/again
OSHA          R   /letter-register
OSHA          R   /letter-register/numbers
OSHA          R   /letter-register/stuck
M             RW  /me/contacts
UOSH          W   /claims/{claim_no}/recall
UOSH          W   /claims/{claim_no}/resend

UDOSH         R   /worklist
UDOSH         R   /claims/{claim_no}/colleagues
UDOSH         R   /claims/{claim_no}/changes
UDOSH         W   /claims/{claim_no}/looks
UDOSHA        R   /claims/{claim_no}/chain
DOSHA         R   /claims/{claim_no}/inputs
UDOSH         W   /claims/{claim_no}/take
UDOSH         W   /claims/{claim_no}/drop
UDOSH         W   /claims/{claim_no}/pass
UDOSH         W   /claims/{claim_no}/delegate
H             W   /claims/{claim_no}/take-over
DOSH          W   /claims/{claim_no}/refuse
DOSH          W   /claims/{claim_no}/send-down
DOSH          W   /claims/{claim_no}/send-back
DOSH          W   /claims/{claim_no}/hold
DOSH          W   /claims/{claim_no}/unhold
DOSH          W   /claims/{claim_no}/regrade
DOSH          W   /claims/{claim_no}/amounts
DOSH          W   /claims/{claim_no}/exclusions
SH            W   /review-steps/escalate
UDOSH         W   /review/bulk-pass
UDOSH         W   /review/bulk-check
UDOSH         R   /phrases
DOSH          W   /phrases
DOSH          W   /phrases/{phrase_id}/retire
DOSHA         R   /summary-sheets
DOSH          W   /summary-sheets
DOSHA         R   /summary-sheets/{sheet_id}
DOSHA         R   /summary-sheets/{sheet_id}/workbook
DOSH          W   /summary-sheets/{sheet_id}/refresh
DOSH          W   /summary-sheets/{sheet_id}/take-out
DOSH          W   /summary-sheets/{sheet_id}/sign
DOSH          W   /summary-sheets/{sheet_id}/receive
DOSH          W   /summary-sheets/{sheet_id}/discard
OSHA          R   /qa-findings
DOSHA         R   /map
OSHA          R   /qa-samples
SH            W   /qa-samples
OSHA          R   /qa-samples/{sample_id}
OSHA          R   /qa-samples/{sample_id}/redraw
OSH           W   /qa-items/{item_id}/finding
HA            R   /separation

MUDOSHA       R   /claims/{claim_no}/objections
MUOSH         W   /claims/{claim_no}/objections
DOSHA         R   /objections
SH            W   /objections/{objection_id}/accept
H             W   /objections/{objection_id}/dismiss
MU            W   /objections/{objection_id}/withdraw
DOSH          W   /claims/{claim_no}/uphold
UDOSHA        R   /claims/{claim_no}/rounds
DOSH          W   /claims/{claim_no}/advance
SH            W   /claims/{claim_no}/advance/confirm
DOSH          W   /claims/{claim_no}/advance/withdraw
UDOSH         W   /claims/{claim_no}/corrections
SH            W   /claims/{claim_no}/corrections/confirm
UDOSH         W   /claims/{claim_no}/corrections/drop

HKCA          R   /payment-runs
K             W   /payment-runs
HKCA          R   /payment-runs/{run_id}
KCA           R   /payment-runs/{run_id}/file
K             W   /payment-runs/{run_id}/submit
C             W   /payment-runs/{run_id}/release
C             W   /payment-runs/{run_id}/send-back
H             W   /payment-runs/{run_id}/allow-over
UHKCA         R   /payments
KC            W   /payments/exclude
UK            W   /payments/{payment_id}/card
KC            W   /payments/{payment_id}/card/confirm
KC            W   /bank-returns
HKCA          R   /bank-returns/unmatched
HKCA          R   /bank-returns/unmatched/{line_id}
KC            W   /bank-returns/unmatched/{line_id}/assign
KC            W   /bank-returns/unmatched/{line_id}/dismiss
KC            W   /bank-returns/unmatched/{line_id}/confirm
KC            W   /bank-returns/unmatched/{line_id}/undo
DOSHKCA       R   /receivables
K             W   /receivables/{receivable_id}/agree
KC            W   /receivables/{receivable_id}/receive
HKC           W   /receivables/{receivable_id}/propose-write-off
HC            W   /receivables/{receivable_id}/write-off
"""


def table() -> dict[tuple[str, str], str]:
    """(method, path) → letters of the roles."""
    found: dict[tuple[str, str], str] = {}
    for line in (TABLE + MORE).split("\n"):
        if line.strip():
            who, how, path = line.split()
            for method in ("GET" if letter == "R" else "POST" for letter in how):
                assert (method, path) not in found, f"{path} stands twice"
                found[method, path] = who
    return found
