"""What stands in a feed: the fields of 2304 we read, our own few, and how a file's headings name them (infra/docs/feed.md). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from services.core.errors import InputError

IDS = ("setl_id", "mdtrt_id", "medins_setl_id")
NEEDED_MONEY = ("medfee_sumamt", "inscp_scp_amt", "hifp_pay", "fund_pay_sumamt", "psn_part_amt")
# Blank or missing is nothing paid.
OTHER_MONEY = ("act_pay_dedc", "hifob_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "maf_pay", "oth_pay", "hosp_part_amt", "over_cap_amt")
# Blank or missing is not known: all of the member's own payment is then the pool segment's.
SEGMENTS = ("pool_own_amt", "large_own_amt")
MONEY = (*NEEDED_MONEY, *OTHER_MONEY, *SEGMENTS)
FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")      # what fund_pay_sumamt sums up
NEEDED = ("setl_id", "certno", "psn_name", "insutype", "setl_time", "med_type", *NEEDED_MONEY)
USED = (*NEEDED, "mdtrt_id", "medins_setl_id", "psn_cert_type", *OTHER_MONEY, *SEGMENTS, "reversed")
# What a staged row keeps in money, in fen.
KEPT_MONEY = ("own_1", "over_cap", "other_reimb", "medfee_sumamt", "inscp_scp_amt", "act_pay_dedc", "hifp_pay", "hifob_pay", "cvlserv_pay",
              "hifes_pay", "maf_pay", "psn_part_amt", "pool_own", "large_own")

INSURANCE = "310"           # 职工基本医疗保险
ID_CARD = "01"              # 居民身份证（户口簿）
KINDS = {"11": "outpatient", "12": "outpatient", "13": "outpatient", "14": "outpatient", "19": "outpatient", "21": "inpatient",
         "22": "inpatient", "23": "inpatient", "24": "inpatient", "25": "inpatient", "28": "inpatient"}

# The names of 2304 (../domain's list) where a file has them in Chinese.
CHINESE = {"就诊ID": "mdtrt_id", "结算ID": "setl_id", "人员姓名": "psn_name", "人员证件类型": "psn_cert_type", "证件号码": "certno",
           "险种类型": "insutype", "结算时间": "setl_time", "医疗类别": "med_type", "医疗费总额": "medfee_sumamt",
           "符合政策范围金额": "inscp_scp_amt", "实际支付起付线": "act_pay_dedc", "基本医疗保险统筹基金支出": "hifp_pay",
           "公务员医疗补助资金支出": "cvlserv_pay", "企业补充医疗保险基金支出": "hifes_pay", "居民大病保险资金支出": "hifmi_pay",
           "职工大额医疗费用补助基金支出": "hifob_pay", "医疗救助基金支出": "maf_pay", "医院负担金额": "hosp_part_amt",
           "其他支出": "oth_pay", "基金支付总额": "fund_pay_sumamt", "个人负担总金额": "psn_part_amt", "医药机构结算ID": "medins_setl_id",
           "封顶线以上自付金额": "over_cap_amt", "统筹段自付": "pool_own_amt", "大额段自付": "large_own_amt", "冲正": "reversed"}


def named(headings: Sequence[str]) -> list[str]:
    """Our name of each heading, in the file's order; a column we do not read keeps its own.

    InputError `feed_columns` when a needed column is missing or one comes twice.
    """
    plain = ["".join(heading.split()) for heading in headings]
    names = [CHINESE.get(heading, heading if heading in USED else heading.lower()) for heading in plain]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise InputError("feed_columns", f"缺少列：{'、'.join(missing)}", field="source",
                         remedy="第一行写各列的名称（2304 的字段名或中文名），见 infra/docs/feed.md")
    twice = sorted({name for name in names if name in USED and names.count(name) > 1})
    if twice:
        raise InputError("feed_columns", f"列重复：{'、'.join(twice)}", remedy="每一列只写一次", field="source")
    return names
