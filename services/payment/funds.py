"""The account a plan's money is paid from (专户): registered with the fund, changed by an administrator, each entry kept."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from services.access.actor import OFFICE, Actor, Role
from services.core.errors import InputError, NotFound, NotPermitted
from services.core.texts import written
from services.ledger import service as ledger
from services.models import Fund, FundAccount
from services.payment.banks.text import plain

_HOLDER, _NUMBER = 140, 34            # what pain.001 carries (Max140Text, Max34Text)


def require_whole_fund(actor: Actor) -> None:
    """NotPermitted below an office: the fund's opening is everybody's to see, what went out of it only within one's own branch."""
    if actor.below_office:
        raise NotPermitted("fund_partly_seen", "专户由办事处统一支付，区县及基层不制单、不放行", remedy="请办事处的财务人员办理")


def fund_account(session: Session, plan: str, *, at: datetime) -> FundAccount | None:
    """The account as it stood at an instant, so that a run's file is the same whenever it is written."""
    return session.exec(select(FundAccount).where(FundAccount.plan == plan, col(FundAccount.entered_at) <= at).order_by(
        col(FundAccount.entered_at).desc(), col(FundAccount.id).desc()).limit(1)).first()


def register_account(session: Session, *, plan: str, holder: str, number: str, why: str = "", actor: Actor,
                     now: datetime) -> FundAccount:
    """Enter the fund's holder and account number. The first comes with the fund; another needs an administrator and a reason.

    Runs released before go out under the account of their release. Raises NotFound without a fund, InputError by field.
    """
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, *sorted(OFFICE), what="登记专户账号")
    fund = session.exec(select(Fund).where(Fund.plan == plan).with_for_update()).first()
    if fund is None:
        raise NotFound("fund_missing", f"计划“{plan}”没有专户", remedy="先开立该计划的专户")
    before = fund_account(session, plan, at=now)
    if before is not None:
        actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="更改专户账号")
        why = written(why, "why")
    name, digits = plain(holder.strip(), field="holder"), "".join(number.split())
    if not 0 < len(name) <= _HOLDER:
        raise InputError("fund_holder", f"专户户名须为 1 至 {_HOLDER} 字", remedy="按开户许可填写户名", field="holder")
    if not (digits.isascii() and digits.isalnum() and 5 <= len(digits) <= _NUMBER):
        raise InputError("fund_account", f"专户账号须为 5 至 {_NUMBER} 位数字或字母", remedy="按开户许可填写账号", field="account")
    row = FundAccount(plan=plan, holder=name, number=digits, why=why or None, entered_by=actor.account_id,
                      entered_person=actor.person_id, entered_at=now)
    session.add(row)
    session.flush()
    ledger.move_account(session, plan=plan, actor=actor, now=now)
    return row
