"""Papers whose labels and titles no table has: what their words tell is offered, and none of it is certain without a proof."""

from __future__ import annotations

import pytest

from services.evidence.recognition.extract import extract
from services.evidence.recognition.kin import Kin
from services.evidence.recognition.labels import Labels
from tests.services.drawn_words import read, words


def sure(drawn: str) -> set[str]:
    """The fields that are shown as certain."""
    return {field.name for field in extract(words(drawn)).found if field.confidence >= 0.9}


_UNKNOWN = [
    ("settlement", "政策规定范围内由个人负担", "own_1"), ("settlement", "乙类项目应先行自付", "own_2"),
    ("settlement", "统筹基金应予报销额", "pool_fund_paid"), ("settlement", "大额补充险种赔付额", "large_fund_paid"),
    ("settlement", "全额自费项目之和", "own_expense"), ("settlement", "清算办结日期", "settled_on"),
    ("pathology", "手术室取出标本时间", "taken"), ("pathology", "病理科核收日期", "received"), ("pathology", "病检登记编号", "number"),
    ("invoice", "交费者姓名", "name"), ("invoice", "电子凭证批次", "code"), ("fire", "发生火灾的具体时间", "on"),
    ("fire", "失火户户主", "name"), ("fire", "火灾致因认定", "cause"), ("discharge", "办理入院日期", "admitted_on"),
]


@pytest.mark.parametrize(("sheet", "label", "key"), _UNKNOWN)
def test_words_tell_what_a_label_is_of(sheet: str, label: str, key: str) -> None:
    assert Kin(sheet).key(label) == key


@pytest.mark.parametrize(("sheet", "label"), [
    ("settlement", "统筹基金累计支付"), ("settlement", "个人账户余额"), ("settlement", "起付标准"), ("settlement", "上次出院日期"),
    ("pathology", "原单位病理号"), ("pathology", "临床诊断"), ("invoice", "原票据号码"), ("fire", "当事人意见"), ("fire", "送达日期"),
    ("discharge", "入院时诊断"), ("diagnosis", "诊断依据")])
def test_what_another_thing_is_called_is_no_field(sheet: str, label: str) -> None:
    assert Kin(sheet).key(label) == ""


@pytest.mark.parametrize("text", ["吴忠样本人民医院", "示兰", "疾病诊断证明书", "病理检查报告单", "12", "样本花园二单元"])
def test_names_and_titles_are_no_labels(text: str) -> None:
    for sheet in ("diagnosis", "pathology", "invoice", "settlement", "fire"):
        assert Kin(sheet).key(text) is None


def test_a_settlement_in_words_of_its_own_is_read_and_only_what_sums_prove_is_certain() -> None:
    page = """
                    异地住院费用清算表
        就医医院：吴忠样本医院        住院病人：示兰        单据流水：20260012345
        开始日期：2026-03-01        结束日期：2026-03-09        实住院日：8
        清算办结日期：2026-03-10
        医疗发生总费用                      20000.00
        统筹应予报销额                      12000.00
        大额补充险种赔付额                   3000.00
        政策规定范围内由个人负担              2500.00
        乙类项目应先行自付                    1500.00
        全额自费项目之和                      1000.00
        """
    sheet, fields = read(page)
    assert sheet == "settlement"
    assert {name: fields[name] for name in ("admitted_on", "discharged_on", "days", "settled_on", "total", "pool_fund_paid",
                                            "large_fund_paid", "own_1", "own_2", "own_expense")} == {
        "admitted_on": "2026-03-01", "discharged_on": "2026-03-09", "days": "8", "settled_on": "2026-03-10", "total": "20000.00",
        "pool_fund_paid": "12000.00", "large_fund_paid": "3000.00", "own_1": "2500.00", "own_2": "1500.00", "own_expense": "1000.00"}
    # The sum proves the total and 先行自付, which the table knows. Which of the others is which no sum proves.
    assert sure(page) & {"total", "pool_fund_paid", "large_fund_paid", "own_1", "own_2", "own_expense", "settled_on"} == {"total", "own_2"}


def test_a_second_opinion_under_a_title_nobody_listed() -> None:
    page = """
              吴忠样本医院病理科
                切片会诊意见书
        患者姓名  示兰    性别  女    年龄  51
        原病理号  B2840147    会诊材料  HE片6张    蜡块  2块
        采样日期  2026-07-14    收片日期  2026-07-15    签发日期  2026-07-17
        原单位诊断意见：恶性肿瘤，请会诊。
        会诊诊断意见：子宫内膜样腺癌
        本意见根据所送切片作出，最终诊断以原单位为准。
        """
    sheet, fields = read(page)
    assert sheet == "pathology"
    assert fields == {"name": "示兰", "hospital": "吴忠样本医院", "specimen_on": "2026-07-14", "received_on": "2026-07-15",
                      "reported_on": "2026-07-17", "disease": "子宫内膜样腺癌"}


def test_a_title_torn_into_signs_over_two_lines_still_names_the_sheet() -> None:
    sheet, fields = read("""
                       样本人民医院
                          疾病
                         诊断书
        姓名：示兰        诊断：左肺腺癌
        """)
    assert (sheet, fields["disease"]) == ("diagnosis", "左肺腺癌")


def test_what_looks_like_two_kinds_leaves_nothing_certain() -> None:
    page = """
        患者姓名：示兰        住院号：3301        入院日期：2026-03-01        出院日期：2026-03-09
        入院诊断：待查        诊断：左肺腺癌        建议：休息一月        随诊
        诊疗经过：手术治疗
        主治医师：示一松        盖章
        """
    reading = extract(words(page))
    assert reading.confidence < 0.7
    assert reading.found
    assert all(field.confidence < 0.9 for field in reading.found)


def test_a_hedged_finding_is_read_and_not_certain() -> None:
    page = """
        样本人民医院        细胞学检查报告
        病理号：20260012        姓名：示兰        标本：胸水
        采集日期：2026-03-02        接收日期：2026-03-03        报告日期：2026-03-05
        诊断结果：可见恶性细胞，符合腺癌
        """
    assert read(page)[1]["disease"] == "腺癌"
    assert sure(page) >= {"name", "number"}
    assert "disease" not in sure(page)


def test_an_invoices_amount_that_stands_once_is_not_certain() -> None:
    once = """
        医疗门诊收费票据
        票据代码：64060123    票据号码：0012345678    交款人：示兰    开票日期：2026-03-01
        金额合计（小写）：120.50
        """
    assert read(once)[1]["amount"] == "120.50"
    assert "amount" not in sure(once)
    assert {"amount", "amount_in_words"} <= sure(once.replace("金额合计（小写）", "金额合计（大写）：壹佰贰拾元伍角整    金额合计（小写）"))


def test_who_settles_before_he_leaves_is_doubted() -> None:
    page = """
        住院费用结算单
        姓名：示兰    医院名称：样本人民医院    入院日期：2026-03-01    出院日期：2026-03-09    结算日期：{day}
        医疗费用总额：20000.00    统筹基金支付：12000.00    大额支付：3000.00    起付线：800.00
        自付一：3000.00    自付二：1000.00    自费：1000.00
        """
    assert "settled_on" in sure(page.format(day="2026-03-09"))
    assert "settled_on" not in sure(page.format(day="2026-03-02"))


def test_a_longer_label_is_not_its_shorter_one() -> None:
    labels = Labels("settlement")
    marks = {name: labels.keys.get(name) for name in ("统筹支付", "个人负担")}
    assert marks == {"统筹支付": "pool_fund_paid", "个人负担": "own_payment"}
    fields = read("""
        住院费用结算单
        医疗费用总额：20000.00    政策范围内个人负担：2500.00    个人负担：5000.00    本年统筹累计：90000.00
        """)[1]
    assert (fields["own_1"], fields["own_payment"]) == ("2500.00", "5000.00")
    assert "pool_fund_paid" not in fields


def test_a_fund_that_is_two_others_amounts_is_not_certain_though_the_sum_closes() -> None:
    page = """
        住院费用结算单
        姓名：示兰    医院名称：样本人民医院    入院日期：2026-03-01    出院日期：2026-03-09    结算日期：2026-03-09
        医疗费用总额：20000.00    统筹基金支付：15000.00
        甲类款：{one}    乙类款：3600.00
        自付一：3000.00    自付二：1500.00    自费：500.00
        """
    assert {"pool_fund_paid", "total", "own_1"} <= sure(page.format(one="11300.00"))
    assert sure(page.format(one="11400.00")) & {"pool_fund_paid", "total", "own_1"} == {"total", "own_1"}


def test_a_laboratory_reports_to_the_hospital_that_sent() -> None:
    page = """
        示例医学检验实验室        组织病理学检测报告
        病理号：20260012        姓名：示兰        委托单位：样本人民医院
        采集日期：2026-03-02        接收日期：2026-03-03        报告日期：2026-03-05
        病理诊断：左肺腺癌
        """
    assert read(page)[1]["hospital"] == "样本人民医院"
    assert sure(page) >= {"name", "number"} and "hospital" not in sure(page)
    assert read(page.replace("示例医学检验实验室", "示例中医医院"))[1]["hospital"] == "示例中医医院"


def test_whoever_holds_a_paper_and_a_title_that_begins_like_a_label() -> None:
    page = """
               住院病人结账收据
        批次 64060123        Nº 9748129766
        病人示兰        病人ID 9943749
        结账日期2025-04-13        收款单位：样本人民医院
        总计（大写）壹佰贰拾元伍角整        ￥120.50
        """
    assert {name: read(page)[1][name] for name in ("code", "number", "name", "issued_on")} == {
        "code": "64060123", "number": "9748129766", "name": "示兰", "issued_on": "2025-04-13"}
    assert "name" not in sure(page)
    assert Kin("id_card").key("持证人") == "name"
