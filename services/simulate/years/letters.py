"""Letters of a history: drafted, issued, dispatched, delivered; numbered without gaps when the district is whole."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.notice.issuing import letter_number
from services.simulate.years.desk import SYSTEM, Who
from services.simulate.years.history import History, Row
from services.simulate.years.keys import digest
from services.simulate.years.rows import Tables
from services.simulate.years.world import District, Sent, Told

_DAY = 86_400


def send(h: History, district: District, told: Told, code: str, cause: str, instant: datetime, *, days: float = 1.0,
         insurer: str | None = None) -> datetime | None:
    """A letter to the member (or the insurer) from `instant` on; when it was delivered, None when that is still to come."""
    delivered = _send(h, district, told, code, cause, instant, days, insurer)
    h.letters.append(delivered)
    return delivered


def _send(h: History, district: District, told: Told, code: str, cause: str, instant: datetime, days: float,
          insurer: str | None) -> datetime | None:
    row = h.create("notice", instant, SYSTEM, {"code": code, "cause": cause}, claim_id=h.chain_id, code=code, cause=cause,
                   recipient="insurer" if insurer else "member", person_id=None if insurer else told.member.id,
                   recipient_name=insurer or told.member.name, drafted_at=instant, context={}, enclosures=[], attempt=0)
    issued = instant + timedelta(seconds=2 + h.chance.randrange(50))
    if issued > h.now:
        h.rows.append(("outbox", {"org_key": h.org_key, "topic": "notice.create", "claim_id": h.chain_id, "tries": 0,
                                  "subject_id": row["id"], "payload": {"seq": 1}, "created_at": instant}))
        return None
    details: Row = {"sha256": digest(h.chance, "letter", row["id"])}
    row |= {"issued_at": issued, "issued_on": issued.date(), "sha256": details["sha256"]}
    h.fire("notice", row, "issue", issued, details=details)
    district.letters.append(Sent(issued, row, details))
    dispatched = issued + timedelta(seconds=1 + h.chance.randrange(5))
    if dispatched > h.now:
        return None
    row |= {"dispatched_at": dispatched, "channel": "portal", "attempt": 1}
    h.fire("notice", row, "dispatch", dispatched, details={"channel": "portal"})
    if code in ("refusal", "cover_note"):
        h.stop(("refusal_letter",), dispatched.date())
    delivered = dispatched + timedelta(seconds=60 + int(days * _DAY * h.chance.lognormvariate(0, 0.7)))
    if delivered > h.now:
        return None
    _delivered(h, row, delivered, district.staff.clerks[told.member.unit])
    return delivered


def _delivered(h: History, row: Row, delivered: datetime, clerk: Who) -> None:
    by_hand = h.chance.random() < 0.3
    proof = "单位经办当面交付，本人签收" if by_hand else "会员在线查阅"
    row |= {"delivered_at": delivered, "proof": proof}
    h.fire("notice", row, "deliver", delivered, clerk if by_hand else SYSTEM, {"proof": proof})


def number(district: District, tables: Tables) -> None:
    """Every issued letter's number, in order of issue, year by year, and the series' last."""
    last: dict[int, int] = {}
    for sent in sorted(district.letters, key=lambda one: (one.issued_at, one.row["id"])):
        year = sent.issued_at.year
        serial = last[year] = last.get(year, 0) + 1
        words = letter_number(district.series, year, serial)
        sent.row |= {"series": district.series, "year": year, "serial": serial, "number": words,
                     "context": {"number": words, "recipient": sent.row["recipient_name"],
                                 "issued_on": sent.issued_at.date().isoformat()}}
        sent.details["number"] = words
    for year, serial in sorted(last.items()):
        tables.add("number_series", district.series, year, serial)
