"""Numbers drawn from a series under its row lock: no doubles, and no gaps, because a rollback gives them back."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.errors import ConfigError, Conflict, NotFound
from services.core.ids import check_digit, spoken_number
from services.models import Organisation

_DRAW = sa.text("""
    INSERT INTO number_series (series, year, last) VALUES (:series, :year, :count)
    ON CONFLICT (series, year) DO UPDATE SET last = number_series.last + excluded.last RETURNING last""")


def draw(session: Session, series: str, year: int, count: int = 1) -> range:
    """The next `count` serials of a series and year."""
    last = session.execute(_DRAW, {"series": series, "year": year, "count": count}).scalar_one()
    return range(last - count + 1, last + 1)


def ancestor_keys(org_key: str) -> list[str]:
    """The keys from the root down to the organisation itself."""
    parts = org_key.rstrip(".").split(".")
    return [".".join(parts[:depth]) + "." for depth in range(1, len(parts) + 1)]


def office_of(session: Session, org_key: str) -> Organisation:
    """The nearest organisation at or above that is an office. NotFound when the tree has none."""
    offices = session.exec(select(Organisation).where(col(Organisation.org_key).in_(ancestor_keys(org_key)),
                                                      col(Organisation.office).is_not(None))).all()
    if not offices:
        raise NotFound("office_missing", "该组织之上没有办事处", remedy="请管理员核对组织树", field="org_id")
    return max(offices, key=lambda org: len(org.org_key))


def office_code(office: Organisation) -> str:
    """The letters an office's numbers begin with: "NX"."""
    return office.org_key.rstrip(".").rsplit(".", 1)[-1].upper()


def spoken_numbers(session: Session, office: Organisation, prefix: str, year: int, count: int) -> list[str]:
    """`count` numbers people can read out, e.g. claims `NX2026-0004-217`; `prefix` tells other series apart."""
    code = prefix + office_code(office)
    return [spoken_number(code, year, serial) for serial in draw(session, f"no:{code}", year, count)]


def certificate_numbers(session: Session, office: Organisation, year: int, count: int) -> list[str]:
    """`count` cover certificate numbers: office, BZ, year, serial, check digit."""
    code = f"{office_code(office)}BZ"
    bodies = [f"{year}{serial:07d}" for serial in draw(session, f"no:{code}", year, count)]
    return [f"{code}{body}{check_digit(body)}" for body in bodies]


def organisation(session: Session, org_id: uuid.UUID, within: str) -> Organisation:
    """An open organisation in somebody's scope (`within`: their key). NotFound otherwise; Conflict when it was closed."""
    found = session.get(Organisation, org_id)
    if found is None or not found.org_key.startswith(within):
        raise NotFound("organisation_missing", "没有这一组织，或不在您的管辖范围内", remedy="核对组织", field="org_id")
    if found.closed_on is not None:
        heir = session.get(Organisation, found.merged_into) if found.merged_into else None
        raise Conflict("organisation_closed", f"{found.name}已于 {found.closed_on} 撤销" + (f"，由{heir.name}接续" if heir else ""),
                       remedy="改在接续的组织办理", field="org_id")
    return found


def signing_office(session: Session, org_key: str) -> Organisation:
    """The nearest organisation that signs letters. ConfigError without one."""
    rows = session.exec(select(Organisation).where(col(Organisation.org_key).in_(ancestor_keys(org_key)),
                                                   col(Organisation.letter_organ).is_not(None),
                                                   col(Organisation.letter_series).is_not(None))).all()
    if not rows:
        raise ConfigError("letter_series_missing", f"{org_key} 之上没有登记落款机关和机关代字的组织",
                          remedy="请管理员登记办事处的落款机关和机关代字", field="letter_series")
    return max(rows, key=lambda org: len(org.org_key))
