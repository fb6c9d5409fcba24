"""Every column that holds sealed values, and what each value is bound to. A test finds columns of bytes that nobody put into a list."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A sealed column. `key`: its table's primary key, one uuid or bytes; `bound`: the field name that a value was sealed under.

    `passing`: secrets of some minutes, bound to a place that no row tells: those of an old key are forgotten, not sealed anew.
    """

    table: str
    name: str
    bound: Callable[[object], str]
    key: str = "id"
    passing: bool = False

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.table}.{self.name}"


def _always(field: str) -> Callable[[object], str]:
    return lambda _key: field


def _secret(account: object) -> str:
    assert isinstance(account, uuid.UUID)
    return f"credential.totp.{account}."


SEALED: tuple[Column, ...] = (
    Column("person", "id_number_sealed", _always("person.id_number")), Column("person", "phone_sealed", _always("person.phone")),
    Column("bank_card", "number_sealed", _always("bank_card.number")),
    Column("person_change", "old_sealed", _always("person_change.value")),
    Column("person_change", "new_sealed", _always("person_change.value")),
    Column("letter_contact", "address_sealed", _always("letter_contact.address")),
    Column("report_draft", "words_sealed", _always("report_draft.words")),
    Column("report_note", "caller_phone_sealed", _always("report_note.caller_phone")),
    Column("report_note", "said_sealed", _always("report_note.said")),
    Column("claim_message", "words_sealed", _always("claim_message.words")),
    Column("paper_field", "value_sealed", _always("paper_field.value")), Column("paper_field", "read_sealed", _always("paper_field.value")),
    Column("privacy_request", "wanted_sealed", _always("privacy_request.wanted")),
    Column("privacy_request", "words_sealed", _always("privacy_request.words")),
    Column("credential", "totp_sealed", _secret, key="account_id"),
    Column("credential", "totp_pending", _secret, key="account_id", passing=True),
    Column("oidc_attempt", "verifier_sealed", _always("oidc_attempt.verifier"), key="state_digest", passing=True))

# Bytes that are no sealed values: hashes, blind indexes, signatures, the grain of a picture.
OPEN = frozenset({
    "audit_head.digest", "audit_record.prev", "audit_record.hash", "audit_seal.root", "audit_seal.signature", "money_proof.signature",
    "oidc_attempt.state_digest", "oidc_attempt.binder_digest", "person.id_number_index", "sign_in_guard.login_index",
    "bank_card.number_index", "claim.audit_head", "payment_run.audit_head", "password_link.digest", "recovery_code.digest",
    "token.digest", "web_session.digest", "window_bill.person_index", "window_bill.digest", "paper_page.grain", "window_version.digest"})

# What lies sealed in the store: the pieces of a feed, under the row's id, bound to their place in it.
FEED = "feed_file.content"
