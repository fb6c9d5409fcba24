"""What a hospital sends: one settlement in the national platform's fields, its corrections and reversal, its list of a day."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.api.bodies import Day, Text, example
from services.core.clock import CHINA
from services.rulebook.computation import MOST_YUAN
from services.settlement.window import reconciling
from services.settlement.window.rules import Bill, checked


def _china(value: datetime) -> datetime:
    """The platform writes the hour of China without a zone."""
    return value if value.tzinfo else value.replace(tzinfo=CHINA)


def _number_text(value: object) -> object:
    if isinstance(value, float):
        raise ValueError("金额写成文字，如 \"8000.00\"")
    return value


Id30 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30, pattern=r"^[0-9A-Za-z_.\-]+$")]
Code6 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=6)]
Money = Annotated[Decimal, BeforeValidator(_number_text), Field(ge=0, le=MOST_YUAN, decimal_places=2)]
SetlTime = Annotated[datetime, AfterValidator(_china)]
Flag = Literal["0", "1"]
NOUGHT = Decimal("0.00")
_EXAMPLE = {
    "mdtrt_id": "M20260302000001", "setl_id": "S20260302000001", "psn_name": "样例", "psn_cert_type": "01", "certno": "11010519491231002X",
    "insutype": "310", "setl_time": "2026-03-02 10:30:00", "med_type": "21", "medfee_sumamt": "92000.00", "inscp_scp_amt": "88000.00",
    "hifp_pay": "60000.00", "hifob_pay": "10000.00", "fund_pay_sumamt": "70000.00", "psn_part_amt": "22000.00",
    "pool_own_amt": "8000.00", "large_own_amt": "10000.00", "out_of_region": "0"}


class Settlement(BaseModel):
    """One settlement in the fields of the national platform (2304); the last three are ours. Yuan as text."""

    model_config = example(**_EXAMPLE)

    mdtrt_id: Id30 = Field(description="就诊ID")
    setl_id: Id30 = Field(description="结算ID：同一结算ID、同一内容得到同一答复")
    psn_no: Id30 | None = Field(None, description="人员编号")
    psn_name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)] = Field(description="人员姓名")
    psn_cert_type: Code6 = Field(description="人员证件类型：01 居民身份证")
    certno: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)] = Field(
        description="证件号码，不留存明文")
    gend: Code6 | None = Field(None, description="性别")
    brdy: date | None = Field(None, description="出生日期")
    insutype: Code6 = Field(description="险种类型：310 职工基本医疗保险")
    psn_type: Code6 | None = Field(None, description="人员类别")
    setl_time: SetlTime = Field(description="结算时间；不带时区的为北京时间")
    med_type: Code6 = Field(description="医疗类别：21、22、23、24、25、28 为住院")
    medfee_sumamt: Money = Field(description="医疗费总额")
    fulamt_ownpay_amt: Money = Field(NOUGHT, description="全自费金额")
    overlmt_selfpay: Money = Field(NOUGHT, description="超限价自费费用")
    preselfpay_amt: Money = Field(NOUGHT, description="先行自付金额")
    inscp_scp_amt: Money = Field(description="符合政策范围金额")
    act_pay_dedc: Money = Field(NOUGHT, description="实际支付起付线")
    hifp_pay: Money = Field(description="基本医疗保险统筹基金支出")
    pool_prop_selfpay: Annotated[Decimal, BeforeValidator(_number_text), Field(ge=0, le=1, decimal_places=4)] = Field(
        Decimal("0"), description="统筹基金支付比例")
    cvlserv_pay: Money = Field(NOUGHT, description="公务员医疗补助资金支出")
    hifes_pay: Money = Field(NOUGHT, description="企业补充医疗保险基金支出")
    hifmi_pay: Money = Field(NOUGHT, description="居民大病保险资金支出")
    hifob_pay: Money = Field(NOUGHT, description="职工大额医疗费用补助基金支出")
    maf_pay: Money = Field(NOUGHT, description="医疗救助基金支出")
    oth_pay: Money = Field(NOUGHT, description="其他支出")
    fund_pay_sumamt: Money = Field(description="基金支付总额，等于各项基金支出之和")
    psn_part_amt: Money = Field(description="个人负担总金额，等于医疗费总额减基金支付总额")
    acct_pay: Money = Field(NOUGHT, description="个人账户支出")
    psn_cash_pay: Money = Field(NOUGHT, description="个人现金支出")
    acct_mulaid_pay: Money = Field(NOUGHT, description="个人账户共济支付金额")
    medins_setl_id: Id30 | None = Field(None, description="医药机构结算ID")
    clr_way: Code6 | None = Field(None, description="清算方式")
    clr_type: Code6 | None = Field(None, description="清算类别")
    pool_own_amt: Money | None = Field(None, description="统筹段自付一；与大额段同填或同不填，不填的全部计入统筹段")
    large_own_amt: Money | None = Field(None, description="大额段自付一")
    out_of_region: Flag = Field("0", description="异地就医：1 是，0 否")

    def bill(self, now: datetime, correction_no: int = 0) -> Bill:
        """Checked against itself."""
        fields = {name: getattr(self, name) for name in Settlement.model_fields}
        return checked(fields, now=now, correction_no=correction_no)


class SettlementCorrection(Settlement):
    """The whole settlement as it should read."""

    model_config = example(**_EXAMPLE, correction_no=1, reason="病案首页诊断更正后重新结算")

    correction_no: int = Field(ge=1, le=999, description="第几次更正，从 1 起；序号大的为准，与到达先后无关")
    reason: Text


class SettlementReversal(BaseModel):
    """Why the settlement counts no more."""

    model_config = example(reason="退费重结")

    reason: Text


class WindowItem(BaseModel):
    """One settlement of the day; net of that day's corrections and reversals, below zero where more was taken back."""

    model_config = ConfigDict(extra="forbid")

    setl_id: Id30
    share: Annotated[Decimal, BeforeValidator(_number_text), Field(ge=-MOST_YUAN, le=MOST_YUAN, decimal_places=2)]


class WindowList(BaseModel):
    """The hospital's own list of a day that is over."""

    model_config = example(day="2026-03-02", items=[{"setl_id": "S20260302000001", "share": "9800.00"}])

    day: Day
    items: list[WindowItem] = Field(max_length=reconciling.MOST)
