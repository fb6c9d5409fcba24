"""What of the store something still rests on: the same bytes lie there once for all who handed them in, so none takes them from another."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlmodel import Session

# Every other column that names bytes by their hash; a test holds it against the models.
ELSEWHERE = (
    ("answer_sheet", "errors_sha256"), ("answer_sheet", "sha256"), ("bank_line", "file_sha256"), ("consent", "paper_sha256"),
    ("consent", "withdrawn_sha256"), ("exchange_report", "letter_sha256"), ("exchange_report", "workbook_sha256"),
    ("feed_file", "rejects_sha256"), ("handoff", "package_sha256"), ("money_proof", "sha256"), ("notice", "sha256"),
    ("office_letter", "dossier_sha256"), ("office_letter", "sha256"), ("payee", "proof_sha256"), ("payment_run", "file_sha256"),
    ("person_category", "proof_sha256"), ("privacy_request", "proof_sha256"), ("proxy", "proof_sha256"),
    ("report_import", "errors_sha256"), ("report_import", "sha256"), ("roster_import", "errors_sha256"), ("roster_import", "sha256"),
    ("settlement", "unresolved_sha256"), ("settlement_part", "unresolved_sha256"))
_NAMED = "".join(f"\n    UNION SELECT x.{column} FROM {table} x JOIN asked s ON s.sha256 = x.{column}" for table, column in ELSEWHERE)

# A paper whose pages are not drawn yet will need the same views as its twin's: those it was drawn with, before anybody turned it.
_DRAWN = "coalesce(g.former[1:2], ARRAY[g.view_sha256, g.thumb_sha256])"
_STILL = sa.text(f"""
    WITH asked AS MATERIALIZED (SELECT DISTINCT s.sha256 FROM unnest(CAST(:hashes AS text[])) AS s(sha256))
    SELECT s.sha256 FROM asked s WHERE EXISTS (SELECT FROM paper p WHERE p.sha256 = s.sha256 AND p.removed_at IS NULL)
       OR EXISTS (SELECT FROM paper_page g JOIN paper p ON p.id = g.paper_id
                  WHERE p.removed_at IS NULL AND s.sha256 IN (g.view_sha256, g.thumb_sha256))
       OR EXISTS (SELECT FROM paper_page g JOIN paper gone ON gone.id = g.paper_id JOIN paper p ON p.sha256 = gone.sha256
                  WHERE p.removed_at IS NULL AND p.pages IS NULL AND s.sha256 = ANY({_DRAWN}))
       OR EXISTS (SELECT FROM notice x WHERE x.enclosures @> jsonb_build_array(jsonb_build_object('sha256', s.sha256))){_NAMED}""")


def still(session: Session, hashes: Iterable[str]) -> set[str]:
    """Those that must stay. The caller sees all organisations, and has taken its own rows' word back before."""
    return set(session.execute(_STILL, {"hashes": sorted(set(hashes))}).scalars())
