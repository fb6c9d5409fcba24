"""What one bill of a hospital says, checked and put into the computation's words. Pure.

Fields and their names are those of the national platform's settlement (接口 2304); four are ours: `pool_own_amt`, `large_own_amt`
(own payment class one by segment), `out_of_region` and `correction_no`. Money is yuan in Decimal. Every error names its field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from services.core.clock import business_day
from services.core.errors import InputError
from services.core.identity import REASONS, check_identity, check_name, eighteen
from services.core.money import show

RESIDENT_CARD, EMPLOYEES = "01", "310"
INPATIENT = frozenset({"21", "22", "23", "24", "25", "28"})
OUTPATIENT = frozenset({"11", "12", "13", "14", "19"})
SEGMENTS_MISSING = "segments_missing"
SLACK = timedelta(minutes=5)        # by which a hospital's clock may run ahead of ours
# Why a bill's share is nothing before any rule is asked; the rule-book's own reasons stand in services/rulebook/reasons.py.
REASON_WORDS: Mapping[str, str] = {
    "not_inpatient": "不是住院结算，本计划的一单结算只含住院",
    "not_member": "没有此人的参保记录",
    "name_differs": "姓名与参保登记不一致",
    "cover_missing": "此人没有参加本计划",
    "cover_waiting": "保障尚未生效",
    "cover_ended": "保障已经终止",
    "reversed": "本次结算已冲正"}
FUND_PARTS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")


@dataclass(frozen=True, slots=True)
class Bill:
    """One settlement, checked. `pool_own` and `large_own` add up to the own payment class one."""

    setl_id: str
    mdtrt_id: str
    number: str
    name: str
    settled_at: datetime
    settled_on: date
    med_type: str
    out_of_region: bool
    medfee: Decimal
    pool_paid: Decimal
    pool_own: Decimal
    large_own: Decimal
    correction_no: int
    flags: tuple[str, ...]
    content: str

    @property
    def event(self) -> dict[str, object]:
        """The settlement in the vocabulary's words."""
        return {"kind": "settlement", "settled_on": self.settled_on.isoformat(), "pool_fund_paid": show(self.pool_paid),
                "pool_own": show(self.pool_own), "large_own": show(self.large_own), "out_of_region": self.out_of_region}


def checked(fields: Mapping[str, object], *, now: datetime, correction_no: int = 0) -> Bill:
    """A bill from its fields (text, Decimal, datetime as the API's model gives them). InputError names the first wrong field."""
    money = {name: value for name, value in fields.items() if isinstance(value, Decimal)}
    identity = _identity(fields)
    _word(fields, "insutype", EMPLOYEES, "只受理职工基本医疗保险（310）的结算")
    _sums(money)
    settled_at = fields["setl_time"]
    assert isinstance(settled_at, datetime)
    if settled_at > now + SLACK:
        raise _wrong("setl_time", "晚于当前时间", "核对医院系统的时钟")
    if fields["med_type"] not in INPATIENT | OUTPATIENT:
        raise _wrong("med_type", f"不认识的医疗类别“{fields['med_type']}”", f"可用：{'、'.join(sorted(INPATIENT | OUTPATIENT))}")
    pool_own, large_own, flags = _segments(fields, money)
    return Bill(str(fields["setl_id"]), str(fields["mdtrt_id"]), identity, check_name(str(fields["psn_name"])).text, settled_at,
                business_day(settled_at), str(fields["med_type"]), fields["out_of_region"] == "1", money["medfee_sumamt"],
                money["hifp_pay"], pool_own, large_own, correction_no, flags, _canonical(fields))


def _identity(fields: Mapping[str, object]) -> str:
    _word(fields, "psn_cert_type", RESIDENT_CARD, "只受理居民身份证（01）")
    written = str(fields["certno"])
    identity = check_identity(eighteen(written) or written)
    if not identity.valid:
        raise _wrong("certno", "；".join(REASONS[reason] for reason in identity.reasons), "按身份证核对")
    if fields.get("brdy") is not None and fields["brdy"] != identity.born:
        raise _wrong("brdy", "与证件号码中的出生日期不一致", "按身份证核对")
    if check_name(str(fields["psn_name"])).reasons:
        raise _wrong("psn_name", "不是姓名", "按身份证填写")
    return identity.number


def _sums(money: Mapping[str, Decimal]) -> None:
    fund = sum((money[name] for name in FUND_PARTS), Decimal(0))
    if money["fund_pay_sumamt"] != fund:
        raise _wrong("fund_pay_sumamt", f"{money['fund_pay_sumamt']} 不等于各项基金支出之和 {fund}", "核对各项基金支出")
    own = money["medfee_sumamt"] - money["fund_pay_sumamt"]
    if money["psn_part_amt"] != own:
        raise _wrong("psn_part_amt", f"{money['psn_part_amt']} 不等于医疗费总额减基金支付总额 {own}", "核对个人负担总金额")
    if money["inscp_scp_amt"] > money["medfee_sumamt"]:
        raise _wrong("inscp_scp_amt", "大于医疗费总额", "核对符合政策范围金额")


def _segments(fields: Mapping[str, object], money: Mapping[str, Decimal]) -> tuple[Decimal, Decimal, tuple[str, ...]]:
    """Own payment class one by segment; where the hospital does not split it, all is the pooled segment's, with a flag."""
    own = money["inscp_scp_amt"] - money["hifp_pay"] - money["hifob_pay"] - money["cvlserv_pay"]
    if own < 0:
        raise _wrong("inscp_scp_amt", f"减去统筹、大额和公务员补助支出后为 {own}", "核对符合政策范围金额")
    given = [name for name in ("pool_own_amt", "large_own_amt") if fields.get(name) is not None]
    if not given:
        return own, Decimal(0), (SEGMENTS_MISSING,) if own else ()
    if len(given) == 1:
        missing = "large_own_amt" if given == ["pool_own_amt"] else "pool_own_amt"
        raise _wrong(missing, "分段自付的两项须同时填写", "两项都填，或都不填")
    pool, large = money["pool_own_amt"], money["large_own_amt"]
    if pool + large != own:
        raise _wrong("pool_own_amt", f"统筹段与大额段自付之和 {pool + large} 不等于自付一 {own}", "核对分段自付")
    return pool, large, ()


def _canonical(fields: Mapping[str, object]) -> str:
    """The content in one form: 8000 and 8000.00 are the same, and so is the instant in whatever zone."""
    def plain(value: object) -> object:
        if isinstance(value, Decimal):
            return show(value)
        return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else str(value)
    words = {name: value.timestamp() if isinstance(value, datetime) else plain(value)
             for name, value in fields.items() if value is not None}
    return json.dumps(words, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _word(fields: Mapping[str, object], name: str, wanted: str, remedy: str) -> None:
    if fields[name] != wanted:
        raise _wrong(name, f"“{fields[name]}”不受理", remedy)


def _wrong(field: str, what: str, remedy: str) -> InputError:
    return InputError("wrong_value", f"{field}：{what}", remedy=remedy, field=field)
