"""Settlement sheets and invoices: amounts that prove each other, stays in tables, columns that are none."""

from __future__ import annotations

import re

from services.evidence.recognition.extract import extract
from tests.services.drawn_words import read, words

SETTLED = """
                宁夏样本医院住院医疗费用结算单
    姓名    例七杨          单据编号   NX2026000913       人员类别   在职职工
    入院日期   2026/01/05     出院日期   2026/01/14      住院天数   9
    费用明细                                     金额（元）
    医疗费用总额                                  21,308.55
    统筹基金支出                                  14,020.10
    职工大额医疗费用补助基金支出                       1,000.00
    先行自付                                       988.45
    范围内自付                                    3,100.00
    全自费费用                                    2,200.00
    个人负担总金额                                 6,288.45
    个人账户支付                                  1,288.45
    个人现金支付                                  5,000.00
    结算日期：2026年1月15日
    """


def test_settlement_as_a_list_with_the_words_of_the_national_form() -> None:
    sheet, fields = read(SETTLED)
    assert sheet == "settlement"
    assert fields == {
        "name": "例七杨", "hospital": "宁夏样本医院", "number": "2026000913", "admitted_on": "2026-01-05", "discharged_on": "2026-01-14",
        "days": "9", "settled_on": "2026-01-15", "total": "21308.55", "pool_fund_paid": "14020.10", "large_fund_paid": "1000.00",
        "own_1": "3100.00", "own_2": "988.45", "own_expense": "2200.00", "own_payment": "6288.45"}


def test_sums_that_close_prove_and_sums_that_do_not_doubt() -> None:
    sure = {field.name: field.confidence for field in extract(words(SETTLED, confidence=0.9)).found}
    assert min(sure[name] for name in ("total", "pool_fund_paid", "own_1", "own_payment")) >= 0.99
    wrong = {field.name: field.confidence for field in extract(words(SETTLED.replace("14,020.10", "14,820.10"))).found}
    assert max(wrong[name] for name in ("total", "pool_fund_paid")) < 0.9
    assert wrong["own_payment"] >= 0.99      # its own sum still closes


def test_settlement_in_a_sentence() -> None:
    _, fields = read("""
                       住院费用结算单
        患者：样二梅，性别：女，住院号：771203，结算日期：2025年9月30日
        本次住院总费用10000.00元，统筹基金支付6000.00元，大额互助支付500.00元，
        自付一1500.00元，自付二800.00元，自费1200.00元，个人支付合计3500.00元。
        """)
    amounts = {name: value for name, value in fields.items() if re.fullmatch(r"[\d.]+", value)}
    assert amounts == {
        "total": "10000.00", "pool_fund_paid": "6000.00", "large_fund_paid": "500.00", "own_1": "1500.00", "own_2": "800.00",
        "own_expense": "1200.00", "own_payment": "3500.00"}


def test_several_stays_in_a_table() -> None:
    reading = extract(words("""
                       住院费用结算单
        姓名：样二梅       结算日期：2025-09-30
        入院日期        出院日期        住院天数       统筹支付
        2025-08-01      2025-08-09      8             3000.00
        2025-09-12      2025-09-20      8             2000.00
        """))
    stays = [(field.name, field.value) for field in reading.found if field.name in ("admitted_on", "discharged_on", "days")]
    assert stays == [("admitted_on", "2025-08-01"), ("discharged_on", "2025-08-09"), ("days", "8"),
                     ("admitted_on", "2025-09-12"), ("discharged_on", "2025-09-20"), ("days", "8")]


def test_electronic_invoice() -> None:
    sheet, fields = read("""
                          宁夏回族自治区医疗住院收费票据（电子）
        票据代码：64060126                                 票据号码：0012345678
        交款人统一社会信用代码：640099********0027             校验码：a1b2c3
        交款人：示十薇                                      开票日期：2026年05月06日
        项目名称     数量/单位     金额（元）      项目名称     数量/单位     金额（元）
        床位费       7/日        350.00         西药费      1/项       1200.50
        金额合计（大写）壹仟伍佰伍拾元伍角                    （小写）1550.50
        收款单位（章）：银川样本口腔医院        复核人：例四桦       收款人：例五槐
        """)
    assert sheet == "invoice"
    assert fields == {"code": "64060126", "number": "0012345678", "name": "示十薇", "issued_on": "2026-05-06", "amount": "1550.50",
                      "amount_in_words": "壹仟伍佰伍拾元伍角", "hospital": "银川样本口腔医院"}


def test_figures_against_capitals() -> None:
    def sure(figures: str) -> dict[str, float]:
        reading = extract(words(f"""
                          医疗门诊收费票据（电子）
            票据代码：64060126     票据号码：0012345678     开票日期：2026年05月06日
            交款人：示十薇
            金额合计（大写）壹仟伍佰伍拾元伍角     （小写）{figures}
            """))
        return {field.name: field.confidence for field in reading.found}
    assert sure("1550.50")["amount"] >= 0.99
    assert sure("1580.50")["amount"] < 0.9 and sure("1580.50")["amount_in_words"] < 0.9


def test_columns_that_are_not_set_under_their_heads() -> None:
    _, fields = read("""
                     职工医疗保险住院费用结算清单
    定点医疗机构：乌鲁木齐样本医院        医院等级：三级甲等        打印日期：2026-03-02
    住院号：20260088     入院日期：2026-02-11     出院日期：2026-02-26     住院天数：15
    结算日期：2026-02-26     结算流水号：650100G000012345
    总费用      甲类费用     乙类费用      丙类费用     起付线     统筹基金支付   大额互助支付   个人账户支付
    18000.00    9000.00     7000.00      2000.00     800.00     11200.00      0.00         500.00
    自付一      自付二      自费         个人现金支付     个人支付合计
    3400.00     1400.00     2000.00      6300.00         6800.00
    """)
    assert fields == {
        "hospital": "乌鲁木齐样本医院", "number": "650100000012345", "admitted_on": "2026-02-11", "discharged_on": "2026-02-26",
        "days": "15",
        "settled_on": "2026-02-26", "total": "18000.00", "pool_fund_paid": "11200.00", "large_fund_paid": "0.00", "own_1": "3400.00",
        "own_2": "1400.00", "own_expense": "2000.00", "own_payment": "6800.00"}


def test_a_period_behind_a_single_label() -> None:
    _, fields = read("""
                     基本医疗保险住院结算单
    姓名：示五松      医院名称：石嘴山样本医院
    住院日期：2026年02月11日 - 2026年02月26日 （15天）      结算时间：2026.02.27
    费用总额          18000.00   统筹支付          11200.00
    """)
    assert (fields["admitted_on"], fields["discharged_on"], fields["days"]) == ("2026-02-11", "2026-02-26", "15")
    assert fields["settled_on"] == "2026-02-27"


def test_sentences_whose_amounts_go_on_in_the_next_line() -> None:
    sheet, fields = read("""
         住院医药费报销结算通知
    拟玉莲同志：
    您于2026年3月2日至2026年3月9日在石嘴山样本医院住院7天，发生医疗费总额
    9,800.00元。其中：统筹基金支付6,100.00元，大病保险支付0.00元，个人自付
    1,700.00元，乙类自付900.00元，自费1,100.00元，个人支付合计3,700.00元。
                 医保结算专用章    2026年3月10日
    """)
    assert sheet == "settlement"
    assert fields == {
        "hospital": "石嘴山样本医院",
        "admitted_on": "2026-03-02", "discharged_on": "2026-03-09", "days": "7", "settled_on": "2026-03-10", "total": "9800.00",
        "pool_fund_paid": "6100.00", "large_fund_paid": "0.00", "own_1": "1700.00", "own_2": "900.00", "own_expense": "1100.00",
        "own_payment": "3700.00"}


def test_an_old_receipt_without_labels_for_its_date_and_figures() -> None:
    _, fields = read("""
    宁夏医疗卫生单位住院收费收据
    No 0123456                    2026 年 5 月 9 日
    病员姓名  样七杨      住院号 8811     入院 2026-05-01  出院 2026-05-09
    床位费 240.00   西药费 3100.00   检查费 980.00
    总计（大写）肆仟叁佰贰拾元零角零分        ￥4320.00
    收费单位（章）灵武样本医院        收款 示例
    """)
    assert fields == {"number": "0123456", "name": "样七杨", "hospital": "灵武样本医院", "issued_on": "2026-05-09", "amount": "4320.00",
                      "amount_in_words": "肆仟叁佰贰拾元零角零分"}


def test_one_date_that_two_labels_claim_is_sure_for_neither() -> None:
    reading = extract(words("""
                     基本医疗保险住院结算单
    姓名：示五松      医院名称：石嘴山样本医院
    入院日期：2026年02月11日      结算日期（出院日期）：2026年02月27日
    费用总额          18000.00   统筹支付          11200.00   大额支付          1800.00
    自付一            3000.00    自付二            1000.00    自费              1000.00
    """))
    days = {field.name: (field.value, field.confidence < 0.9) for field in reading.found if field.name.endswith("_on")}
    assert days == {"admitted_on": ("2026-02-11", False), "discharged_on": ("2026-02-27", True), "settled_on": ("2026-02-27", True)}
