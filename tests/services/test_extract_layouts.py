"""Fields from words laid out as forms lay them out: layouts typed here, none of them one of the generator's."""

from __future__ import annotations

import re
import textwrap

from services.evidence.recognition.extract import extract
from services.evidence.recognition.lines import Box, Line, Words


def _wide(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)


def words(drawn: str, *, slope: float = 0.0, confidence: float = 0.98) -> Words:
    """A page drawn with blanks: runs parted by two blanks or more are lines of their own. `slope` tilts it."""
    rows = textwrap.dedent(drawn).strip("\n").split("\n")
    height = 1 / max(30, len(rows) + 2)
    unit = height / 3.2
    lines = []
    for row, text in enumerate(rows):
        for run in re.finditer(r"\S+(?: \S+)*", text):
            left, wide = 0.05 + unit * _wide(text[:run.start()]), unit * _wide(run.group())
            top = (row + 1) * height + slope * left
            lines.append(Line(run.group(), confidence,
                              Box(left, min(top, top + slope * wide), left + wide, max(top, top + slope * wide) + 0.62 * height)))
    return Words(1, "ocr", 1.0, tuple(lines))


def read(drawn: str, **how: float) -> tuple[str | None, dict[str, str]]:
    """Kind and first values by name."""
    reading = extract(words(drawn, **how))
    fields: dict[str, str] = {}
    for field in reading.found:
        fields.setdefault(field.name, field.value)
    return reading.sheet, fields


CERTIFICATE = """
                   宁夏样本人民医院
                   诊  断  证  明  书
    科室：乳腺外科          门诊号：20260012         编号：0008812
    姓  名：拟玉莲     性  别：女     年  龄：45 岁
    单  位：银川样本小学
    诊  断：1、右乳浸润性导管癌（II期）
            2、高血压病2级
    建  议：休息两周，不适随诊。
                                    医师：示一松
                                    2026 年 03 月 12 日
    """


def test_certificate_with_letters_set_apart_and_two_diseases() -> None:
    sheet, fields = read(CERTIFICATE)
    assert sheet == "diagnosis"
    assert fields == {"name": "拟玉莲", "hospital": "宁夏样本人民医院", "disease": "右乳浸润性导管癌（II期）；高血压病2级",
                      "diagnosed_on": "2026-03-12"}


def test_the_same_certificate_askew() -> None:
    assert read(CERTIFICATE, slope=0.07) == read(CERTIFICATE)
    assert read(CERTIFICATE, slope=-0.05) == read(CERTIFICATE)


def test_certificate_in_sentences() -> None:
    sheet, fields = read("""
                       疾病诊断证明
        兹证明 例强松，男，52岁，因反复胸痛于2026年1月8日来我院心内科
        住院治疗，于2026年1月11日确诊为急性前壁心肌梗死，建议休息一个月。
        特此证明
                                  石嘴山样本第二医院（公章）
                                  二〇二六年一月二十日
        """)
    assert sheet == "diagnosis"
    assert fields == {"name": "例强松", "hospital": "石嘴山样本第二医院", "disease": "急性前壁心肌梗死", "diagnosed_on": "2026-01-11"}


def test_certificate_as_a_table_with_a_diagnosis_over_two_lines() -> None:
    sheet, fields = read("""
                     新疆样本医科大学附属肿瘤医院
                        疾病诊断证明书
        患者姓名     样四棠         性别    女     年龄    38岁
        临床诊断     （左侧）乳腺浸润性小叶癌伴同侧腋窝淋巴结转移，新辅助化疗
                     后
        诊断日期     2025.11.03     开具日期     2025.11.20
        医师意见     按期化疗
        """)
    assert sheet == "diagnosis"
    assert fields == {"name": "样四棠", "hospital": "新疆样本医科大学附属肿瘤医院", "diagnosed_on": "2025-11-03",
                      "disease": "（左侧）乳腺浸润性小叶癌伴同侧腋窝淋巴结转移，新辅助化疗后"}


def test_pathology_with_the_dates_in_one_row_and_times_glued_to_days() -> None:
    sheet, fields = read("""
                      银川样本医院病理图文报告单
        病理号：S2026-03412
        姓名：试三杉  性别：男  年龄：61岁  科别：泌尿外科  住院号：881203
        采样时间：2026-03-0109:12   签收时间：2026-03-0210:00   报告时间：2026-03-0516:30
        送检医院：本院          临床诊断：膀胱肿物
        巨检：灰白碎组织一堆，大小2.1cm×1.8cm×0.6cm。
        病理诊断：
            （膀胱）高级别浸润性尿路上皮癌。
        报告医师：示二柏          审核医师：仿五槐
        """)
    assert sheet == "pathology"
    assert fields == {"name": "试三杉", "hospital": "银川样本医院", "number": "202603412", "specimen_on": "2026-03-01",
                      "received_on": "2026-03-02", "reported_on": "2026-03-05", "disease": "（膀胱）高级别浸润性尿路上皮癌"}


def test_the_day_of_sending_stands_in_for_the_day_of_taking_and_says_how_sure() -> None:
    reading = extract(words("""
                      病理检查报告单
        姓名：试三杉    病理号：20260341
        送检日期：2026年3月1日      收到日期：2026年3月2日     报告日期：2026年3月5日
        病理诊断：甲状腺乳头状癌
        """))
    days = {field.name: (field.value, field.confidence) for field in reading.found if field.name.endswith("_on")}
    assert days["specimen_on"][0] == "2026-03-01" and days["specimen_on"][1] < 0.9
    assert days["received_on"][0] == "2026-03-02" and days["received_on"][1] > 0.9
    assert days["reported_on"][0] == "2026-03-05" and days["reported_on"][1] > 0.9


def test_days_out_of_order_are_doubted() -> None:
    reading = extract(words("""
                      病理检查报告单
        姓名：试三杉    病理号：20260341
        采集日期：2026年3月9日      接收日期：2026年3月2日     报告日期：2026年3月5日
        病理诊断：甲状腺乳头状癌
        """))
    assert all(field.confidence <= 0.8 for field in reading.found if field.name in ("specimen_on", "received_on", "reported_on"))


def test_discharge_with_labels_and_a_period() -> None:
    sheet, fields = read("""
                       吴忠样本中医院
                       出 院 小 结
        姓名：仿八蓉   性别：女   年龄：50岁   科室：普外科   床号：12
        住院时间：2026年2月3日 至 2月11日      住院天数：8天
        入院诊断：胆囊结石
        出院诊断：胆囊结石伴慢性胆囊炎
        诊疗经过：入院后完善检查，2026年2月5日行腹腔镜胆囊切除术。
        出院医嘱：低脂饮食。
        """)
    assert sheet == "discharge"
    assert fields == {"name": "仿八蓉", "hospital": "吴忠样本中医院", "admitted_on": "2026-02-03", "discharged_on": "2026-02-11",
                      "days": "8", "disease": "胆囊结石伴慢性胆囊炎"}


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


def test_fire_by_labels_with_an_address_over_two_lines() -> None:
    sheet, fields = read("""
                       火灾事故简易调查认定书
                                        （红）消火认简字〔2026〕第0031号
        起火时间：2026年2月9日21时15分
        起火地点：宁夏回族自治区吴忠市红寺堡区样本镇示例新村三组十七号
        居民张姓住户院内
        受灾户主：拟九樟
        起火原因：因烟囱飞火引燃院内柴草堆垛
                               二〇二六年二月二十日
        """)
    assert sheet == "fire"
    assert fields["number"] == "（红）消火认简字〔2026〕第0031号"
    assert (fields["on"], fields["issued_on"], fields["name"]) == ("2026-02-09", "2026-02-20", "拟九樟")
    assert fields["place"] == "宁夏回族自治区吴忠市红寺堡区样本镇示例新村三组十七号居民张姓住户院内"
    assert fields["cause"] == "因烟囱飞火引燃院内柴草堆垛"


def test_identity_card_front_and_back() -> None:
    sheet, fields = read("""
        姓名示一兰
        性别女  民族汉
        出生1985年3月7日
        住址  宁夏银川市样本区示例路1号
        公民身份号码  640099198503070025
                中华人民共和国
                居民身份证
        签发机关  样本市公安局
        有效期限  2016.05.01-2036.05.01
        """)
    assert sheet == "id_card"
    assert fields == {"number": "640099198503070025", "name": "示一兰", "sex": "女", "born": "1985-03-07", "valid_until": "2036-05-01"}


def test_bank_card_in_four_groups() -> None:
    sheet, fields = read("""
        中国建设银行
        China Construction Bank            龙卡通
        6217 0000 0000 0012 348
        95533           UnionPay 银联
        """)
    assert sheet == "bank_card"
    assert fields == {"account": "6217000000000012348", "bank": "中国建设银行"}


def test_a_page_that_is_none_of_them() -> None:
    assert extract(words("请假条\n本人因事请假一天")) == (None, 0.0, [])
    assert extract(Words(1, "ocr", 0.7, ())) == (None, 0.0, [])
