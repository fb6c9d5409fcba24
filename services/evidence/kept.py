"""The statements behind `keeping.yaml`: which rows of a kind are over, whose hold keeps them, and how they go. Pure text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.evidence.holds import on_claim, on_person


@dataclass(frozen=True, slots=True)
class Statement:
    """Rows of `table` (alias t) that are over when `due`; `under`: whether a hold keeps one. `change`: what is set, else they are deleted.

    `blanks`: (parameter, sealed field) of an empty sealed value; `object`: an expression naming the stored bytes that go too.
    """

    table: str
    due: str
    under: str
    change: str = ""
    blanks: tuple[tuple[str, str], ...] = ()
    object: str = "NULL::text"

    def taking(self) -> str:
        """Take a batch; one row back for each."""
        act = f"UPDATE {self.table} t SET {self.change}" if self.change else f"DELETE FROM {self.table} t"
        source = "FROM" if self.change else "USING"
        return f"""
            WITH over AS MATERIALIZED (
                SELECT t.ctid AS place, {self.object} AS object FROM {self.table} t WHERE {self.due} AND NOT {self.under}
                LIMIT :most)
            {act} {source} over WHERE t.ctid = over.place RETURNING over.object"""

    def holding(self) -> str:
        """How many are over and kept by a hold."""
        return f"SELECT count(*) FROM {self.table} t WHERE {self.due} AND {self.under}"


def _account(account: str) -> str:
    """Whether a hold stands on whoever has an account."""
    return f"(SELECT coalesce(bool_or({on_person('a.person_id')}), false) FROM account a WHERE a.id = {account})"


def _said(column: str) -> str:
    """Whether a sealed value says anything: more than a nonce and a tag behind its key's name, however long that name is."""
    return f"octet_length({column}) - position(convert_to(chr(58), 'UTF8') IN {column}) > 28"


_NEVER = "false"
_ENDED_CLAIM = """EXISTS (SELECT FROM claim c WHERE c.id = t.claim_id AND c.state IN ('closed', 'cancelled') AND c.updated_at < :before)"""
_NOTHING_LEFT = """t.erased_at IS NULL AND t.merged_into IS NULL AND t.created_at < :before
    AND NOT EXISTS (SELECT FROM cover v WHERE v.person_id = t.id AND coalesce(v.ended_on, v.until) >= CAST(:before AS date))
    AND NOT EXISTS (SELECT FROM claim c WHERE c.person_id = t.id AND (c.state NOT IN ('closed', 'cancelled') OR c.updated_at >= :before))
    AND NOT EXISTS (SELECT FROM payee y JOIN claim c ON c.id = y.claim_id WHERE y.person_id = t.id
                    AND (c.state NOT IN ('closed', 'cancelled') OR c.updated_at >= :before))
    AND NOT EXISTS (SELECT FROM settlement_payment y JOIN settlement s ON s.id = y.settlement_id WHERE y.person_id = t.id
                    AND y.part = get_byte(t.id_number_index, 0) / 4 AND coalesce(s.ended_at, :before) >= :before)
    AND NOT EXISTS (SELECT FROM account a WHERE a.person_id = t.id AND a.active)"""

_NAMELESS = """name = '（已销毁）', id_number_sealed = :no_number, phone_sealed = NULL, erased_at = :now, version = t.version + 1,
    id_number_index = substring(t.id_number_index FROM 1 FOR 1) || uuid_send(t.id)"""
_NO_NUMBER = (("no_number", "person.id_number"),)

_ONE: Mapping[str, Statement] = {
    "messages": Statement(
        "claim_message", f"{_said('t.words_sealed')} AND {_ENDED_CLAIM}",
        f"(SELECT {on_claim('c')} FROM claim c WHERE c.id = t.claim_id)", "words_sealed = :no_words",
        (("no_words", "claim_message.words"),)),
    "calls": Statement(
        "report_note", """(t.caller_phone_sealed IS NOT NULL OR t.said_sealed IS NOT NULL) AND NOT EXISTS (SELECT FROM claim c
            WHERE c.case_id = t.case_id AND (c.state NOT IN ('closed', 'cancelled') OR c.updated_at >= :before)) AND t.at < :before""",
        f"(SELECT {on_person('f.person_id')} FROM case_file f WHERE f.id = t.case_id)", "caller_phone_sealed = NULL, said_sealed = NULL"),
    "people": Statement("person", _NOTHING_LEFT, on_person("t.id"), _NAMELESS, _NO_NUMBER),
    "drafts": Statement("report_draft", "t.saved_at < :before", _account("t.account_id")),
    "contacts": Statement(
        "letter_contact", f"t.withdrawn_at < :before AND {_said('t.address_sealed')}",
        on_person("t.person_id"), "address_sealed = :no_address", (("no_address", "letter_contact.address"),)),
    "request_words": Statement(
        "privacy_request", "t.answered_at < :before AND (t.wanted_sealed IS NOT NULL OR t.words_sealed IS NOT NULL)",
        on_person("t.person_id"), "wanted_sealed = NULL, words_sealed = NULL"),
    "error_lists": Statement(
        "roster_import", "t.at < :before AND (t.errors_sha256 IS NOT NULL OR t.faults <> '[]')", _NEVER,
        "errors_sha256 = NULL, faults = '[]'", object="t.errors_sha256"),
    "answers": Statement("idempotency_key", "t.at < :before", _account("t.account_id")),
    "sessions": Statement("web_session", "coalesce(t.ended_at, t.expires_at) < :before", _account("t.account_id")),
    "guards": Statement("sign_in_guard", "t.last_at < :before", _NEVER),
    "one_time_codes": Statement("password_link", "t.expires_at < :before", _account("t.account_id")),
    "sign_in_attempts": Statement("oidc_attempt", "t.expires_at < :before", _NEVER),
}
# What hangs on people who are gone.
_OF_GONE = "EXISTS (SELECT FROM person p WHERE p.id = t.person_id AND p.erased_at IS NOT NULL)"
_PEOPLE = (
    Statement("person", "t.erased_at IS NULL AND EXISTS (SELECT FROM person p WHERE p.id = t.merged_into AND p.erased_at IS NOT NULL)",
              _NEVER, _NAMELESS, _NO_NUMBER),
    Statement("bank_card", f"t.last4 <> '' AND {_OF_GONE}", _NEVER,
              "number_sealed = :no_card, number_index = uuid_send(t.id), last4 = '', holder = '（已销毁）'",
              (("no_card", "bank_card.number"),)),
    Statement("letter_contact", f"{_said('t.address_sealed')} AND {_OF_GONE}", _NEVER,
              "address_sealed = :no_address, shown = '', withdrawn_at = coalesce(t.withdrawn_at, :now)",
              (("no_address", "letter_contact.address"),)))
KINDS: Mapping[str, tuple[Statement, ...]] = {
    code: (one, *_PEOPLE) if code == "people" else (one,) for code, one in _ONE.items()}
