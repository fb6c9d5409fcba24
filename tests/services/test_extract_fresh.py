"""Sheets as other provinces print them: what is read of them, and what is never certain."""

from __future__ import annotations

from services.evidence.recognition.extract import extract
from tests.services.drawn_words import read, words


def sure(drawn: str) -> dict[str, bool]:
    """Which fields are shown as certain."""
    return {field.name: field.confidence >= 0.9 for field in extract(words(drawn)).found}


def test_a_settlement_in_two_tongues_with_a_deposit_below() -> None:
    sheet, fields = read("""
        固原示例中医医院
        住院费用结算单  INPATIENT SETTLEMENT
        患者姓名 Patient      样海          结算单号 Statement No.      2026647479428
        入院 Admission      2026/8/28          出院 Discharge      2026/9/9
        费用总额 Total charges            38,505.81
        医保统筹基金支付 Pooled fund            22,429.92
        大病保险支付 Insurance            4,599.15
        自付- Co-payment            7,322.87
        自付二 Prior deduction            2,064.84
        自费 Not covered            2,089.03
        个人支付 Patient pays            11,476.74
        预交金 Deposit            12,000.00
        """)
    assert sheet == "settlement"
    assert fields == {
        "name": "样海", "hospital": "固原示例中医医院", "number": "2026647479428",
        "admitted_on": "2026-08-28", "discharged_on": "2026-09-09", "total": "38505.81", "pool_fund_paid": "22429.92",
        "large_fund_paid": "4599.15", "own_1": "7322.87", "own_2": "2064.84", "own_expense": "2089.03", "own_payment": "11476.74"}


def test_an_amount_that_no_sum_proves_is_not_certain() -> None:
    told = sure("""
        基本医疗保险住院结算单
        医院名称：石嘴山样本医院      姓名：示五松      结算单号：202600123456
        入院日期：2026-03-01      出院日期：2026-03-09      住院天数：8      结算日期：2026-03-10
        医疗费用总额：18000.00      统筹基金支付：11200.00
        自付一：2000.00      自付二：1000.00      个人支付合计：3000.00
        """)
    assert told["name"] and told["own_payment"] and not told["total"] and not told["pool_fund_paid"]


def test_a_tax_invoice_calls_both_parties_by_one_label() -> None:
    _, fields = read("""
                  增值税电子普通发票              发票代码：65060125
                                        发票号码：4313462269
                                        开票日期：2026 年 8 月 13 日
        名称：试樟桂
        纳税人识别号：
        项目名称      金额
        医疗服务检查费      23499.29
        价税合计（大写）  贰万叁仟肆佰玖拾玖元贰角玖分      （小写）¥23499.29
        名称：银川示例职工医院
        收款人：拟英棠
        """)
    assert fields == {"code": "65060125", "number": "4313462269", "name": "试樟桂",
                      "hospital": "银川示例职工医院",
                      "issued_on": "2026-08-13", "amount": "23499.29", "amount_in_words": "贰万叁仟肆佰玖拾玖元贰角玖分"}


DECISION = """
                     兴庆区消防救援大队
                      火灾事故认定书
                  兴消火认字〔2025〕第0043号
        报警人样珍雪系邻居，于2025年10月12日21时14分许报警。起火时间为2025
        年10月12日，起火部位位于石嘴山示例东路275号样本花园22号楼1单元1283室，
        承办人于2025-10-13到场勘验。当事人仿晓棠，男，汉族。
        综合分析，认定该起火灾事故的原因为：蓄电池充电时热失控。
        承办人：样雪荷
                              2025年11月09日（公章）
        送达日期：2025-11-12
        """


def test_a_decision_that_tells_more_days_and_people_than_count() -> None:
    sheet, fields = read(DECISION)
    assert sheet == "fire"
    assert fields == {"number": "兴消火认字〔2025〕第0043号", "name": "仿晓棠", "place": "石嘴山示例东路275号样本花园22号楼1单元1283室",
                      "on": "2025-10-12", "cause": "蓄电池充电时热失控", "issued_on": "2025-11-09"}


def test_what_sentences_tell_of_a_fire_is_never_certain() -> None:
    told = sure(DECISION)
    assert set(told) == {"number", "name", "place", "on", "cause", "issued_on"} and not any(told.values())


def test_a_receipt_in_prose() -> None:
    _, fields = read("""
                    医疗收费收据
                                  收据编号：7980782737
        今收到  样文欣  交来门诊医疗费用
        人民币（大写）柒佰壹拾元零伍角柒分      ￥710.57
        收款单位：银川示例中医医院      收款人：例晓
                                  2026 年 6 月 27 日
        """)
    assert fields == {"number": "7980782737", "name": "样文欣", "hospital": "银川示例中医医院", "issued_on": "2026-06-27",
                      "amount": "710.57", "amount_in_words": "柒佰壹拾元零伍角柒分"}
