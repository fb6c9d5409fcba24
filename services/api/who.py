"""Who may do what through the API: every route with its people (DESIGN, "People"). What is not here is refused.

This is the door only. Which records somebody sees is the organisation's and the family's matter (`rows`, row security);
what may happen to one, and by whom of these, is asked again by its verb.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import Request
from fastapi.routing import APIRoute

from services.access.actor import FINANCE, LENDABLE, OFFICE, REVIEWERS, Actor, Role
from services.core.errors import ConfigError, NotPermitted

Roles = frozenset[Role]

_MEMBER, _CLERK = frozenset({Role.MEMBER}), frozenset({Role.UNIT_CLERK})
_MAKER, _CHECKER = frozenset({Role.FINANCE_MAKER}), frozenset({Role.FINANCE_CHECKER})
_HEAD, _AUDITOR, _ADMIN = frozenset({Role.HEAD}), frozenset({Role.AUDITOR}), frozenset({Role.ADMINISTRATOR})
_SENIORS = frozenset({Role.SENIOR_REVIEWER, Role.HEAD})
# The office's own programs hand rosters and reports in and ask whether work is owed. They read no claim: whoever may open
# an account for a program would else read every illness. The insurer speaks by signed messages, never by a token.
_PROGRAM = frozenset({Role.SYSTEM})
_HOSPITAL = frozenset({Role.HOSPITAL})      # a hospital's program: its own bills, and nothing else of the house
_EVERYBODY = frozenset(Role) - _HOSPITAL
_PEOPLE = _EVERYBODY - {Role.SYSTEM, Role.INSURER}
_DESKS = _CLERK | REVIEWERS                 # who handles claims
_LOOKERS = _DESKS | _AUDITOR
_CLAIM = _LOOKERS | _MEMBER                 # who may see a claim at all; the administrator never
_REPORTERS = _MEMBER | _CLERK | OFFICE

# Nobody signs in: the insurer's message carries its signature, the form of its packages is no secret, and whoever holds a
# letter may ask whether it is genuine.
PUBLIC = frozenset({"GET /health", "GET /insurer/manifest.schema.json", "POST /insurer/messages",
                    "POST /letters/receipts", "GET /check/{code}",
                    "GET /check/files/{sha256}"})

_TABLE: tuple[tuple[Roles, str], ...] = (
    (_EVERYBODY, """
        GET /me; GET /clock; GET /plans; GET /plans/{plan}; GET /plans/{plan}/schema; GET /reasons; GET /words; GET /days/add
        GET /days/report; GET /days/waiting; POST /compute; POST /compute/worksheet; POST /identity/check; POST /tokens/revoke"""),
    # Accounts and organisations.
    (_PEOPLE, """
        GET /me/sessions; POST /me/sessions/end; POST /me/sessions/{session_id}/end; POST /accounts/{account_id}/tokens
        GET /organisations/{org_id}/liaisons"""),
    (_PEOPLE | _PROGRAM, "GET /organisations; GET /organisations/{org_id}"),
    (_PEOPLE - _MEMBER, "GET /organisations/{org_id}/history"),
    (_ADMIN | _AUDITOR, "GET /accounts"),
    (_ADMIN | _HEAD, "GET /plans/{plan}/clocks"),
    (_SENIORS | _AUDITOR | _ADMIN, "GET /releases/{release_id}/replay"),
    (_ADMIN, """
        POST /accounts; POST /accounts/{account_id}/close; POST /accounts/{account_id}/password-link; POST /clock
        POST /accounts/{account_id}/second-factor/reset; POST /accounts/{account_id}/sessions/end; POST /organisations
        POST /organisations/{org_id}/words; POST /organisations/{org_id}/move; POST /organisations/{org_id}/merge
        POST /organisations/{org_id}/close; POST /organisations/{org_id}/liaisons"""),
    (_ADMIN | _AUDITOR | _PROGRAM, "GET /system/idle; GET /metrics"),
    (LENDABLE, "POST /substitutes; GET /accounts/{account_id}/substitutes"),
    (LENDABLE | _ADMIN, "POST /substitutes/{substitute_id}/end"),
    (LENDABLE | _ADMIN | _AUDITOR, "GET /substitutes"),
    # People, covers, premium.
    (_DESKS | _ADMIN, "POST /people; POST /people/{person_id}/kin; POST /people/{person_id}/proofs"),
    (_LOOKERS | _ADMIN, "POST /people/find; GET /people/{person_id}"),
    (REVIEWERS | _AUDITOR, "POST /invoices/find"),
    (_LOOKERS, "GET /people/{person_id}/history"),
    (_LOOKERS | FINANCE, "POST /people/{person_id}/unmask"),
    (_PEOPLE, "GET /people/{person_id}/covers"),
    (_DESKS | _MEMBER, "POST /people/{person_id}/cards"),
    (_DESKS, "POST /people/{person_id}/proxies; POST /people/{person_id}/proxies/{proxy_id}/end"),
    (REVIEWERS | _ADMIN, "POST /people/{person_id}/categories; POST /people/{person_id}/categories/{category_id}/withdraw"),
    (OFFICE | _ADMIN, """
        POST /people/{person_id}/corrections; POST /people/{person_id}/kin/{relative_id}/remove; POST /people/{person_id}/merge
        POST /people/{person_id}/mergers/{merge_id}/undo; POST /funds; POST /funds/accounts"""),
    (_CLAIM | FINANCE, "GET /covers/{certificate_no}"),
    (_DESKS, "POST /covers/{certificate_no}/end; POST /covers/{certificate_no}/shares"),
    (OFFICE, "POST /covers/endorsements"),
    (_DESKS | _MEMBER, "POST /covers/{certificate_no}/certificate; GET /covers/{certificate_no}/certificate"),
    (_DESKS, "GET /print-file; GET /print-file.xlsx"),
    (_DESKS | _AUDITOR, "GET /claims/{claim_no}/dossier"),
    (_MAKER | OFFICE, "POST /premiums; POST /premiums/returns"),
    (REVIEWERS | FINANCE | _AUDITOR, "GET /premiums/books"),
    (_LOOKERS | FINANCE, "GET /cover-summary; GET /cover-summary.xlsx"),
    (_DESKS | _PROGRAM, "POST /rosters"),
    (_LOOKERS | _PROGRAM, "GET /rosters/template; GET /rosters/{roster_id}"),
    (_LOOKERS, "GET /rosters/{roster_id}/errors"),
    # Reports.
    (_REPORTERS, """
        POST /cases/preview; GET /drafts; POST /drafts; GET /drafts/{draft_id}; POST /drafts/{draft_id}
        POST /drafts/{draft_id}/drop"""),
    (_REPORTERS | _PROGRAM, "POST /cases"),
    (_CLERK | _PROGRAM, "POST /cases/files; GET /cases/files/template"),
    (_CLERK | _AUDITOR, "GET /cases/files/{import_id}/errors"),
    (_LOOKERS, "GET /cases/to-tell"),
    (_DESKS, "POST /cases/{case_no}/told; POST /cases/{case_no}/join; POST /cases/{case_no}/apart"),
    (OFFICE, "POST /cases/{case_no}/join/confirm"),
    (_CLAIM, "GET /cases/{case_no}; GET /cases/{case_no}/notes"),
    (_DESKS | _MEMBER, "POST /cases/{case_no}/consents; POST /cases/{case_no}/consents/withdraw"),
    # A person's rights over her data.
    (_MEMBER, """
        GET /me/access; GET /me/consents; GET /me/privacy-requests; POST /me/privacy-requests
        GET /me/privacy-requests/{request_no}/file"""),
    (_AUDITOR, "GET /people/{person_id}/access"),
    (_DESKS, "POST /people/{person_id}/privacy-requests"),
    (_LOOKERS, "GET /privacy-requests"),
    (OFFICE, "POST /privacy-requests/{request_no}/answer"),
    (_SENIORS, "POST /holds; POST /holds/{hold_id}/ask; POST /holds/{hold_id}/lift"),
    (_SENIORS | _AUDITOR, "GET /holds; GET /disposals"),
    # A claim: read, papers, words.
    (_CLAIM | FINANCE, "GET /claims; GET /claims/{claim_no}/head"),
    (_CLAIM, """
        GET /claims/{claim_no}; GET /claims/{claim_no}/heirs; GET /claims/{claim_no}/papers; GET /papers/{paper_id}/content
        GET /papers/{paper_id}/pages; GET /papers/{paper_id}/pages/{number}; GET /supplements/{supplement_id}
        GET /claims/{claim_no}/messages; GET /claims/{claim_no}/messages/unread
        GET /claims/{claim_no}/originals; GET /claims/{claim_no}/notices; GET /notices/{notice_id}
        GET /notices/{notice_id}/content; GET /notices/{notice_id}/enclosures/{sha256}; GET /claims/{claim_no}/objections"""),
    (_LOOKERS, "GET /claims/{claim_no}/findings; GET /claims/{claim_no}/facts/sources"),
    (_DESKS, "POST /claims/{claim_no}/findings; POST /claims/{claim_no}/facts/read"),
    (_DESKS | _MEMBER, """
        POST /claims/{claim_no}/papers; POST /claims/{claim_no}/messages; GET /claims/{claim_no}/cover-sheets
        POST /cases/{case_no}/uploads; GET /uploads/{upload_id}; POST /uploads/{upload_id}/parts
        POST /uploads/{upload_id}/finish; POST /uploads/{upload_id}/drop"""),
    (_DESKS, """
        POST /paper-stacks; POST /claims/{claim_no}/facts; POST /claims/{claim_no}/verify; POST /claims/{claim_no}/supplements
        POST /papers/{paper_id}/fields; POST /fields/{field_id}/answer; POST /papers/{paper_id}/pages/{number}/turn
        POST /papers/{paper_id}/read-again
        POST /claims/{claim_no}/death; POST /papers/{paper_id}/judgement; POST /originals/{request_id}/received
        POST /originals/{request_id}/returned; POST /claims/{claim_no}/cancellation
        POST /claims/{claim_no}/cancellation/withdraw"""),
    (_MEMBER, "GET /me/contacts; POST /me/contacts"),
    (_CLAIM, "GET /notices/{notice_id}/attempts"),
    (OFFICE | _AUDITOR, "GET /letter-register; GET /letter-register/numbers; GET /letter-register/stuck"),
    (OFFICE, "POST /notices/{notice_id}/void; POST /notices/{notice_id}/replace; POST /notices/{notice_id}/again"),
    (_LOOKERS, """
        GET /boards; GET /boards/open; GET /boards/time; GET /boards/kept; GET /boards/quality; GET /boards/outstanding
        GET /boards/claims; GET /boards/workbook"""),
    (OFFICE | {Role.DISTRICT_REVIEWER, Role.AUDITOR}, """
        GET /monthly-letters; GET /monthly-letters/{letter_id}/file; GET /monthly-letters/{letter_id}/table"""),
    (frozenset({Role.DISTRICT_REVIEWER, Role.SENIOR_REVIEWER, Role.HEAD}), "POST /monthly-letters"),
    (OFFICE, "POST /office-letters/{letter_id}/void"),
    (_CLERK, "POST /notices/{notice_id}/posted; POST /notices/{notice_id}/returned; POST /notices/{notice_id}/resend"),
    (_MEMBER | _CLERK, """
        POST /claims/{claim_no}/resume; POST /supplements/{supplement_id}/delivered; POST /supplements/{supplement_id}/answer
        POST /notices/{notice_id}/delivered; POST /objections/{objection_id}/withdraw"""),
    (_REPORTERS, "POST /claims/{claim_no}/withdraw; POST /claims/{claim_no}/objections"),
    (OFFICE, "POST /claims/{claim_no}/waivers; POST /claims/{claim_no}/cancellation/confirm"),
    (OFFICE | _CLERK, "POST /claims/{claim_no}/recall; POST /claims/{claim_no}/resend"),
    (REVIEWERS, """
        POST /claims/{claim_no}/notes; POST /papers/{paper_id}/original; POST /originals/{request_id}/dropped
        POST /claims/{claim_no}/advance; POST /claims/{claim_no}/advance/withdraw"""),
    # Review. The unit certifies: it passes its level, asks and hands on; it refuses, holds and sends back nothing.
    (_DESKS, """
        GET /worklist; GET /phrases; GET /claims/{claim_no}/colleagues; GET /claims/{claim_no}/changes
        POST /claims/{claim_no}/looks; POST /claims/{claim_no}/take; POST /claims/{claim_no}/drop; POST /claims/{claim_no}/pass
        POST /claims/{claim_no}/delegate; POST /review/bulk-pass; POST /review/bulk-check; POST /claims/{claim_no}/corrections
        POST /claims/{claim_no}/corrections/drop"""),
    (_LOOKERS, "GET /claims/{claim_no}/chain; GET /claims/{claim_no}/rounds; GET /papers/{paper_id}/fields"),
    (REVIEWERS, """
        POST /claims/{claim_no}/refuse; POST /claims/{claim_no}/send-down; POST /claims/{claim_no}/send-back
        POST /claims/{claim_no}/hold; POST /claims/{claim_no}/unhold; POST /claims/{claim_no}/regrade
        POST /claims/{claim_no}/amounts; POST /claims/{claim_no}/exclusions; POST /claims/{claim_no}/uphold; POST /phrases
        POST /phrases/{phrase_id}/retire; POST /summary-sheets; POST /summary-sheets/{sheet_id}/refresh
        POST /summary-sheets/{sheet_id}/take-out; POST /summary-sheets/{sheet_id}/sign; POST /summary-sheets/{sheet_id}/receive
        POST /summary-sheets/{sheet_id}/discard"""),
    (REVIEWERS | _AUDITOR, """
        GET /map; GET /claims/{claim_no}/inputs; GET /objections; GET /summary-sheets; GET /summary-sheets/{sheet_id}
        GET /summary-sheets/{sheet_id}/workbook"""),
    (_HEAD, """
        POST /claims/{claim_no}/take-over; POST /objections/{objection_id}/dismiss; POST /payment-runs/{run_id}/allow-over"""),
    (_SENIORS, """
        POST /review-steps/escalate; POST /claims/{claim_no}/advance/confirm
        POST /claims/{claim_no}/corrections/confirm; POST /objections/{objection_id}/accept
        POST /qa-samples"""),
    (OFFICE | _AUDITOR, "GET /qa-findings; GET /qa-samples; GET /qa-samples/{sample_id}; GET /qa-samples/{sample_id}/redraw"),
    (OFFICE, "POST /qa-items/{item_id}/finding"),
    (_HEAD | _AUDITOR, "GET /separation; GET /claims/{claim_no}/replay"),
    # Money.
    (FINANCE | _HEAD | _AUDITOR, """
        GET /payment-runs; GET /payment-runs/{run_id}; GET /bank-returns/unmatched; GET /bank-returns/unmatched/{line_id}"""),
    (FINANCE | _AUDITOR, "GET /payment-runs/{run_id}/file"),
    (FINANCE | _HEAD | _AUDITOR | _CLERK, "GET /payments"),
    (_MAKER, "POST /payment-runs; POST /payment-runs/{run_id}/submit; POST /receivables/{receivable_id}/agree"),
    (_MAKER, "POST /payments/{payment_id}/heirs"),
    (_CHECKER, "POST /payment-runs/{run_id}/release; POST /payment-runs/{run_id}/send-back"),
    (FINANCE, """
        POST /payments/exclude; POST /payments/{payment_id}/card/confirm; POST /bank-returns
        POST /receivables/{receivable_id}/receive; POST /bank-returns/unmatched/{line_id}/assign
        POST /bank-returns/unmatched/{line_id}/dismiss; POST /bank-returns/unmatched/{line_id}/confirm
        POST /bank-returns/unmatched/{line_id}/undo"""),
    (_MAKER | _CLERK, "POST /payments/{payment_id}/card"),
    (REVIEWERS | FINANCE | _AUDITOR, "GET /receivables"),
    (FINANCE | _HEAD, "POST /receivables/{receivable_id}/propose-write-off"),
    (_CHECKER | _HEAD, "POST /receivables/{receivable_id}/write-off"),
    # Quarters settled at once.
    (FINANCE | OFFICE | _AUDITOR, "GET /settlements; GET /settlements/{settlement_id}"),
    # Hospitals' windows.
    (_HOSPITAL, """
        POST /window/settlements; GET /window/settlements/{setl_id}; POST /window/settlements/{setl_id}/corrections
        POST /window/settlements/{setl_id}/reversal; POST /window/lists; GET /window/lists"""),
    (_ADMIN, "POST /window/hospitals"),
    (FINANCE | OFFICE | _AUDITOR, "GET /window/days; GET /window/days/{day_id}"),
    (_MAKER, "POST /window/days/{day_id}/payment"),
    (_CHECKER, "POST /window/days/{day_id}/payment/confirm; POST /window/days/{day_id}/payment/send-back"),
)


def _read(table: Iterable[tuple[Roles, str]]) -> dict[str, Roles]:
    found: dict[str, Roles] = {}
    for roles, lines in table:
        for route in filter(None, (part.strip() for part in lines.replace("\n", ";").split(";"))):
            if found.setdefault(route, roles) is not roles:
                raise ConfigError("route_twice", f"{route} 有两组人员", remedy="只写一次")
    return found


WHO: dict[str, Roles] = _read(_TABLE)


def admit(request: Request, actor: Actor) -> Actor:
    """As whom the route's people let the caller in; one who is not among them is refused before anything of the request is looked at."""
    route = request.scope.get("route")
    assert isinstance(route, APIRoute)
    roles = WHO.get(f"{request.method} {route.path}", frozenset())
    if not actor.has(*roles):
        raise NotPermitted("role_missing", f"{actor.name} 没有“{route.summary}”的权限",
                           remedy=f"需要角色：{'、'.join(sorted(roles)) or '无'}")
    return actor.at(roles)
