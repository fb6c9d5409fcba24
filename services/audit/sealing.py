"""A day's seal: a signed statement over all chains, bounded in size, written once to a second place.

The statement names the spans of chains (spans.py) by their hashes, the statement before it, and how many chains no longer stand
against that one. First its spans are written, then it is recorded here, then it is written there, then that is recorded: after a kill
anywhere the next run writes the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.audit import spans
from services.audit.chain import canonical
from services.audit.place import Place
from services.audit.spans import Sealed
from services.core.db import Database, Scope
from services.core.errors import Conflict, OutsideError
from services.core.signing import Signed, SigningKeys
from services.models import AuditSeal

FORMAT = "huzhu-audit-seal/1"
_DAYS = "days"
Tell = Callable[[int], None]        # chains read so far


@dataclass(frozen=True, slots=True)
class Statement:
    """What a day's seal says. `records`: of all chains together; `previous`: SHA-256 of the statement before, or empty."""

    day: date
    at: datetime
    root_org: str
    chains: int
    records: int
    previous: str
    losses: int
    spans: list[Sealed]

    @property
    def root(self) -> bytes:
        """One hash over all spans in their order."""
        return hashlib.sha256("".join(f"{span.first} {span.last} {span.sha256}\n" for span in self.spans).encode()).digest()

    @property
    def sha256(self) -> str:
        """What the next statement calls it by."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def text(self) -> str:
        """What is signed."""
        return canonical({**asdict(self), "day": self.day.isoformat(), "at": self.at.isoformat(), "format": FORMAT,
                          "root": self.root.hex(), "spans": [asdict(span) for span in self.spans]})


@dataclass(frozen=True, slots=True)
class Kept:
    """A statement as it lies at the place."""

    text: str
    signed: Signed

    @property
    def content(self) -> bytes:
        """The file."""
        return json.dumps({"statement": self.text, "signature": base64.b64encode(self.signed.signature).decode(),
                           "key": self.signed.key_id}, ensure_ascii=False, indent=1).encode()


def parsed(text: str) -> Statement:
    """A statement from its text. ValueError, KeyError or TypeError when it is none, or not of this format."""
    said = json.loads(text)
    if said["format"] != FORMAT:
        raise ValueError(said["format"])
    statement = Statement(date.fromisoformat(said["day"]), datetime.fromisoformat(said["at"]), said["root_org"], said["chains"],
                          said["records"], said["previous"], said["losses"], [Sealed(**span) for span in said["spans"]])
    if statement.text != text:
        raise ValueError("not canonical")
    return statement


def seal(db: Database, scope: Scope, *, place: Place, keys: SigningKeys, day: date, now: datetime, size: int = spans.CHAINS,
         tell: Tell = lambda _done: None) -> AuditSeal:
    """The day's seal, at the place. A day that is sealed stays as it is; one that was not written there yet is written now.

    OutsideError when the place does not answer (the same run comes again); Conflict when it holds another statement of the day, or a
    later day is sealed.
    """
    with db.view(scope) as session:
        row = session.get(AuditSeal, day)
        owed = session.exec(select(AuditSeal).where(AuditSeal.day < day, col(AuditSeal.exported_at).is_(None))
                            .order_by(col(AuditSeal.day))).all()
        later = session.exec(select(col(AuditSeal.day)).where(AuditSeal.day > day).limit(1)).first() if row is None else None
    if later:       # each statement names the one before it: none can be put in between
        raise Conflict("audit_seal_later", f"{day} 之后的 {later} 已经封存", remedy="系统时钟是否被调回？核对后等到新的一日再封存")
    for before in owed:     # the night that could not write it; another statement under its name is what `verify` tells
        if _written(place, before):
            _note_written(db, scope, before.day, now)
    if row is None:
        row = _record(db, scope, keys, _stated(db, scope, place, day, now, size, tell), place.label)
    return row if row.exported_at else _export(db, scope, place, row, now)


def _record(db: Database, scope: Scope, keys: SigningKeys, statement: Statement, label: str) -> AuditSeal:
    """The day's row; of two who seal at once the first one's."""
    signed = keys.sign(statement.text)
    with db.unit_of_work(scope) as session:
        session.execute(insert(AuditSeal).values(
            day=statement.day, chains=statement.chains, records=statement.records, root=statement.root, statement=statement.text,
            signature=signed.signature, key_id=signed.key_id, place=label, losses=statement.losses, at=statement.at,
        ).on_conflict_do_nothing(index_elements=["day"]))
        return session.get_one(AuditSeal, statement.day)


def _stated(db: Database, scope: Scope, place: Place, day: date, now: datetime, size: int, tell: Tell) -> Statement:
    """Read all heads span by span, each in a transaction of its own, and write those that changed to the place."""
    before = last_before(db, scope, day)
    known = {span.sha256 for span in before.spans} if before else set()
    found: list[Sealed] = []
    after = spans.LOWEST
    while True:
        with db.view(scope) as session:
            heads = spans.read(session, after, size=size)
        if not heads:
            break
        text = spans.spelled(heads)
        found.append(spans.sealed(heads, text))
        if found[-1].sha256 not in known:
            spans.keep(place, found[-1], text)
        after = heads[-1].chain
        tell(sum(span.chains for span in found))
    losses = _losses(db, scope, place, before, {span.sha256 for span in found}) if before else 0
    return Statement(day, now, scope.org_path, sum(span.chains for span in found), sum(span.records for span in found),
                     before.sha256 if before else "", losses, found)


def _losses(db: Database, scope: Scope, place: Place, before: Statement, unchanged: set[str]) -> int:
    """How many chains of the statement before are shorter now, gone or written anew: the new statement must not hide it."""
    count = 0
    for span in before.spans:
        if span.sha256 not in unchanged:
            heads = spans.load(place, span)
            with db.view(scope) as session:
                count += len(spans.fallen(session, heads))
    return count


def last_before(db: Database, scope: Scope, day: date) -> Statement | None:
    """The newest statement of an earlier day that was written to the place."""
    with db.view(scope) as session:
        text = session.exec(select(AuditSeal.statement).where(AuditSeal.day < day, col(AuditSeal.exported_at).is_not(None))
                            .order_by(col(AuditSeal.day).desc()).limit(1)).first()
    return parsed(text) if text else None


def _export(db: Database, scope: Scope, place: Place, row: AuditSeal, now: datetime) -> AuditSeal:
    if not _written(place, row):
        raise Conflict("audit_seal_other", f"第二处已有 {row.day} 的另一份每日总校验",
                       remedy="两套系统不可共用一处；核对 HUZHU_AUDIT_PLACE，并运行 huzhu audit verify")
    return _note_written(db, scope, row.day, now)


def _written(place: Place, row: AuditSeal) -> bool:
    """Written now or before; False when another statement lies there."""
    content = Kept(row.statement, Signed(row.key_id, row.signature)).content
    name = name_of(row.day)
    return place.create(name, content) or place.read(name) == content


def _note_written(db: Database, scope: Scope, day: date, now: datetime) -> AuditSeal:
    with db.unit_of_work(scope) as session:
        kept = session.get(AuditSeal, day, with_for_update=True)
        assert kept is not None
        kept.exported_at = kept.exported_at or now
        session.add(kept)
        return kept


def name_of(day: date) -> str:
    """Where a day's statement lies."""
    return f"{_DAYS}/{day.isoformat()}.json"


def sealed_days(place: Place) -> list[date]:
    """The days whose statements lie at the place, in order; what else somebody laid there is none."""
    return [day for name in place.names(_DAYS) if (day := _day_of(name))]


def _day_of(name: str) -> date | None:
    try:
        day = date.fromisoformat(name.removesuffix(".json"))
    except ValueError:
        return None
    return day if name_of(day) == f"{_DAYS}/{name}" else None


def proven(place: Place, keys: SigningKeys, day: date) -> Statement:
    """A day's statement from the place, its signature checked. OutsideError when it is missing, changed or not ours."""
    try:
        said = json.loads(place.read(name_of(day)))
        kept = Kept(said["statement"], Signed(said["key"], base64.b64decode(said["signature"])))
        if not keys.holds(kept.text, kept.signed):
            raise ValueError("signature")
        statement = parsed(kept.text)
        if statement.day != day:
            raise ValueError("day")
    except FileNotFoundError:
        raise OutsideError("audit_seal_missing", f"第二处没有 {day} 的每日总校验",
                           remedy="换一个已封存的日期，或核对 HUZHU_AUDIT_PLACE") from None
    except (ValueError, KeyError, TypeError):
        raise OutsideError("audit_seal_changed", f"第二处 {day} 的每日总校验被改动，或不是本系统签的",
                           remedy="从第二处的备份恢复；核对签名密钥 keys/audit-signing.json") from None
    return statement


def seals(session: Session) -> list[AuditSeal]:
    """All seals of the database, oldest first."""
    return list(session.exec(select(AuditSeal).order_by(col(AuditSeal.day))))
