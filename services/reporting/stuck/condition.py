"""What a condition is: a name, its words, one statement that finds it, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """One way in which work stops.

    `statement` gives rows (subject, org_key, claim_id, row_id, since, said): the name by which people know the thing, whose it is,
    its claim or none, its row or none, since when it stands, and in words how. It may use `:now`, `:today`,
    `:audit_place`, `:places` (what the disks say, `of_places`) and `:space_low_mb`. `remedy` is a command or a page, with `{subject}` in
    its place; `topic` is the work that is owed anew by `huzhu stuck again`, where that is the remedy.
    """

    code: str
    words: str
    remedy: str
    statement: str
    topic: str = ""


AGAIN = "huzhu stuck again {code} {subject}"
