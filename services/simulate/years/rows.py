"""Rows as COPY text, and their way into the tables: a temporary table, then one INSERT under row security."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter

from psycopg import sql
from sqlmodel import Session

from services.core.db import driver_cursor
from services.simulate.years.keys import Key

# In the order of their references.
COLUMNS: Mapping[str, tuple[str, ...]] = {table: tuple(columns.split()) for table, columns in {
    "organisation": "id parent_id org_key name kind office letter_organ letter_series contact",
    "fund": "id plan opening_fen",
    "person": "id name id_number_sealed id_number_index born sex category phone_sealed created_at",
    "bank_card": "id person_id number_sealed number_index last4 bank holder added_at",
    "account": "id login kind name person_id org_id org_key active created_at",
    "role_grant": "account_id role",
    "cover": "id org_key plan plan_from person_id org_id effective until renewal shares relation premium_fen payer_kind"
             " certificate_no high_risk_work created_at",
    "case_file": "id org_key case_no person_id org_id event_kind diagnosed_on hospital reported_on reported_at reported_by"
                 " reporter_name channel committee_told_at last_timely_day count_words late late_reason answers",
    "consent": "id org_key case_id person_id purpose given_at recorded_by",
    "claim": "id org_key state version claim_no code case_id person_id cover_id plan plan_from route round event digest outcome"
             " amount_fen held hold_reason died identity_matched required banks findings inputs verified_person verified_on"
             " pay_due audit_seq audit_head created_at updated_at",
    "payee": "id org_key claim_id person_id relation ordinal share_num share_den bank_card_id active added_at",
    "payment_run": "id org_key state version run_no plan bank made_by made_person made_at checked_by checked_person"
                   " released_at count total_fen digest file_name file_sha256 sent_at audit_seq audit_head",
    "paper": "id org_key claim_id kind sha256 mime size file_name verdict uploaded_by uploaded_at checked_by checked_at",
    "supplement": "id org_key state version claim_id round source items reason asked_by asked_at delivered_at answered_at"
                  " deadline",
    "review_step": "id org_key state version claim_id round ordinal level name act role days decides duty_org duty_key escalated"
                   " taken_by done_by done_person done_at recommends reason seen_digest created_at",
    "worksheet": "id org_key claim_id round seq frozen input output outcome total_fen refund_fen facts_digest rule_digest why"
                 " made_at",
    "decision": "id org_key claim_id round source kind amount_fen worksheet_id decided_by decided_person reason clause answer"
                " at",
    "reservation": "id org_key cover_id claim_id round benefit amount_fen days state made_at",
    "handoff": "id org_key state version claim_id round package facts_digest liabilities package_digest package_sha256 sent_at"
               " complete_at report_no case_no receipt_no question answers serial flags",
    "sla_clock": "id org_key claim_id round kind subject budget day_kind clause origin start_on due_on provisional words calendar"
                 " pauses state stopped_on kept breached_at policy owner_role watch_days step watch_on",
    "notice": "id org_key state version claim_id code cause recipient person_id recipient_name series year serial number"
              " issued_on context sha256 enclosures channel attempt proof drafted_at issued_at dispatched_at delivered_at",
    "payment": "id org_key state version claim_id round payee_id person_id purpose channel amount_fen attempt bank_card_id"
               " run_id serial credited_at return_reason created_at",
    "bank_line": "id org_key payment_id run_id kind attempt reference amount_fen serial bank_time reason file_sha256 line_no at",
    "premium_voucher": "id org_key kind voucher_no plan org_id amount_fen dated_on party reference account_id at",
    "ledger_transaction": "id org_key plan kind booked_on voucher_id account_id at",
    "ledger_entry": "id org_key transaction_id account cover_id amount_fen source_id step attempt",
    "audit_record": "chain_id seq org_key machine subject_id event account_id person_id at record prev hash",
    "outbox": "org_key topic claim_id subject_id payload created_at tries",
    "number_series": "series year last",
}.items()}

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


NULL = "\\N"


def json_text(value: object) -> str:
    """A JSON column, for a value that stands in more than one row; others are spelled where they are added."""
    if not value:
        return "{}" if value.__class__ is dict else "[]"
    return _encode(value).replace("\\", "\\\\")


_TEXT: dict[type, Callable[..., str]] = {
    int: str, uuid.UUID: str, Key: attrgetter("text"), datetime: datetime.isoformat, date: date.isoformat,
    bool: {True: "t", False: "f"}.__getitem__, type(None): {None: NULL}.__getitem__, dict: json_text, list: json_text, tuple: json_text,
    bytes: lambda value: "\\\\x" + value.hex()}


def line(values: Iterable[object]) -> str:
    """One row of COPY's text format. Strings hold neither tab, line break nor backslash: `text` makes them so."""
    return "\t".join([value if value.__class__ is str else _TEXT[value.__class__](value)
                      for value in values])


def text(value: str) -> str:
    """A string that may hold anything."""
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


class Tables:
    """Rows by table, as lines; `add` takes the values in the order of COLUMNS."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {}

    def add(self, table: str, *values: object) -> None:
        """One row."""
        if len(values) != len(COLUMNS[table]):
            raise TypeError(f"{table}: {len(values)} values for {len(COLUMNS[table])} columns")
        self.lines.setdefault(table, []).append(line(values))

    def row(self, table: str, row: Mapping[str, object]) -> None:
        """One row by column; what it does not name is null."""
        self.lines.setdefault(table, []).append(line(map(row.get, COLUMNS[table])))

    def extend(self, table: str, lines: Iterable[str]) -> None:
        """Rows that are lines already."""
        self.lines.setdefault(table, []).extend(lines)

    def counts(self) -> dict[str, int]:
        """Rows by table."""
        return {table: len(lines) for table, lines in self.lines.items()}


def write(session: Session, tables: Tables) -> None:
    """All rows in the caller's transaction. COPY itself is not allowed under row security, so it fills a temporary table."""
    cursor = driver_cursor(session)
    for table in COLUMNS:
        lines = tables.lines.get(table)
        if not lines:
            continue
        name, shadow = sql.Identifier(table), sql.Identifier(f"simulated_{table}")
        columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
        cursor.execute(sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
            shadow, columns, name))
        with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(shadow)) as copy:
            for chunk in _chunks(lines):
                copy.write(chunk)
        cursor.execute(sql.SQL("INSERT INTO {} ({}) SELECT * FROM {}").format(name, columns, shadow))


def _chunks(lines: Sequence[str], size: int = 2000) -> Iterable[str]:
    for first in range(0, len(lines), size):
        yield "\n".join(lines[first:first + size]) + "\n"
