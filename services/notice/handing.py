"""A delivery sheet comes back filled in: parcels posted, signed for, returned. All of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.errors import HuzhuError, InputError
from services.notice import delivering
from services.notice.delivery_sheet import Told
from services.notice.receiving import receive


@dataclass(frozen=True, slots=True)
class Handed:
    """How many letters were posted, delivered, returned."""

    posted: int = 0
    delivered: int = 0
    returned: int = 0


# A letter that arrived meanwhile, by the portal or another sheet, is not asked about again; nor a return that is written down,
# since a clerk hands the same sheet in again with more of it filled.
_FIND = sa.text("""
    SELECT n.number, n.id, n.state, (SELECT e.provider_id FROM delivery_attempt a JOIN delivery_event e ON e.attempt_id = a.id
        AND e.outcome = 'posted' WHERE a.notice_id = n.id AND a.n = n.attempt ORDER BY e.at DESC, e.id DESC LIMIT 1) AS tracking,
        ARRAY(SELECT concat_ws(' ', CAST(timezone('Asia/Shanghai', e.happened_at) AS date), e.words) FROM delivery_attempt a
            JOIN delivery_event e ON e.attempt_id = a.id AND e.outcome = 'returned' WHERE a.notice_id = n.id) AS returned
    FROM notice n WHERE n.number = ANY(CAST(:numbers AS text[]))""")


def hand_in(session: Session, *, told: Sequence[Told], actor: Actor, now: datetime) -> Handed:
    """Every row of the sheet, in its order. InputError names the first row that cannot be taken; then nothing was written."""
    found = {row.number: row for row in session.execute(_FIND, {"numbers": [one.number for one in told]})}
    posted = delivered = returned = 0
    for one in told:
        row = found.get(one.number)
        if row is None:
            raise _wrong(one, "没有这一文号，或不在您的管辖范围内", "核对文号")
        if one.signed_on and one.back_on:
            raise _wrong(one, "签收和退回都填了", "二者填一")
        if (one.signed_by and not one.signed_on) or (one.back_why and not one.back_on):
            raise _wrong(one, "没有填签收日期或退回日期", "补上日期")
        if row.state == "delivered" or (one.back_on and f"{one.back_on} {one.back_why}" in row.returned):
            continue
        try:
            if one.tracking and one.tracking != row.tracking:
                delivering.posted(session, notice_id=row.id, tracking=one.tracking, on=one.posted_on, actor=actor, now=now)
                posted += 1
            if one.signed_on:
                proof = "，".join(part for part in (one.tracking, f"{one.signed_by or '收件人'}签收") if part)
                receive(session, notice_id=row.id, proof=proof, on=one.signed_on, actor=actor, now=now)
                delivered += 1
            elif one.back_on:
                delivering.came_back(session, notice_id=row.id, reason=one.back_why, on=one.back_on, actor=actor, now=now)
                returned += 1
        except HuzhuError as error:
            raise _wrong(one, error.message, error.remedy) from error
    return Handed(posted, delivered, returned)


def _wrong(one: Told, message: str, remedy: str) -> InputError:
    return InputError("sheet_row", f"第 {one.row} 行（{one.number}）：{message}", remedy=remedy, field="file")
