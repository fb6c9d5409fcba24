"""Why a row is not taken: code, the column to blame, what is wrong, what to do. Stable codes; infra/docs/feed.md lists them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """`column` empty: the row as a whole, or whichever column the check names."""

    column: str
    text: str
    remedy: str


_AGAIN = "请医保部门核对后重新报送这一行"
_FILE = "请重新导出文件"

REASONS: Mapping[str, Reason] = {
    "line": Reason("", "列数与表头不符，或引号不成对", "一条结算写一行，字段内不换行；含逗号的字段用成对的双引号"),
    "encoding": Reason("", "有无法识别的字符", "以 UTF-8 或 GB 18030 编码重新导出"),
    "id_empty": Reason("setl_id", "结算ID为空", _AGAIN),
    "id_form": Reason("", "编号超过30位，或含字母、数字和 . _ - 以外的字符", _AGAIN),
    "id_is_identity": Reason("", "编号里是身份证号", "列可能错位；核对导出的列，编号不得使用证件号码"),
    "name_empty": Reason("psn_name", "姓名为空", _AGAIN),
    "cert_type": Reason("psn_cert_type", "证件类型不是居民身份证（01）", "会员按居民身份证登记；请按身份证报送，或由会员所在单位另行申领"),
    "identity_pattern": Reason("certno", "证件号码不是18位或15位身份证号", _AGAIN),
    "identity_date": Reason("certno", "证件号码中的出生日期不存在", _AGAIN),
    "identity_checksum": Reason("certno", "证件号码校验码不符", _AGAIN),
    "insutype": Reason("insutype", "险种不是职工基本医疗保险（310）", "只报送职工基本医疗保险的结算"),
    "med_type": Reason("med_type", "医疗类别不在门诊、住院的代码之内", "见 infra/docs/feed.md 的医疗类别；其他类别不报送"),
    "date": Reason("setl_time", "结算时间不是有效的日期时间", "写成 2026-09-30 14:05:00"),
    "too_old": Reason("setl_time", "结算时间早于2012年5月1日（计划最早的规则）", _AGAIN),
    "not_due": Reason("setl_time", "未到期：结算时间在本季度之后", "留到所属季度报送"),
    "money": Reason("", "金额不是数字", "写成 1234.50 这样的数，不带货币符号和千分位"),
    "money_decimals": Reason("", "金额多于两位小数", "金额到分为止"),
    "money_size": Reason("", "金额超过14位整数", _AGAIN),
    "money_empty": Reason("", "必填的金额为空", _AGAIN),
    "money_negative": Reason("", "金额为负", "冲正的结算以 reversed=1 报送，金额不写负数"),
    "fund_sum": Reason("fund_pay_sumamt", "基金支付总额不等于各项基金支出之和", _AGAIN),
    "person_part": Reason("psn_part_amt", "医疗费总额不等于基金支付总额、个人负担总金额与医院负担金额之和", _AGAIN),
    "beyond_bill": Reason("inscp_scp_amt", "符合政策范围金额大于医疗费总额", _AGAIN),
    "own_negative": Reason("inscp_scp_amt", "自付一为负：符合政策范围金额小于统筹、大额、公务员补助三项支出之和", _AGAIN),
    "over_cap": Reason("over_cap_amt", "封顶线以上自付大于自付一", _AGAIN),
    "segments": Reason("pool_own_amt", "统筹段自付与大额段自付之和不等于自付一", _AGAIN),
    "reversed": Reason("reversed", "冲正标志不是 0 或 1", "未冲正写 0 或不写，已冲正写 1"),
    "twice_different": Reason("setl_id", "同一文件里同一结算ID有内容不同的两行", "只留正确的一行重新报送"),
    "hospital_twice": Reason("medins_setl_id", "同一人同一医药机构结算ID有两笔未冲正的结算", "作废的一笔以 reversed=1 报送"),
}
