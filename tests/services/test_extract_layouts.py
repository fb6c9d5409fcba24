"""Fields from words laid out as forms lay them out: layouts typed here, none of them one of the generator's."""

from __future__ import annotations

from services.evidence.recognition.extract import extract
from services.evidence.recognition.lines import Words
from tests.services.drawn_words import read, words

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


def test_dates_whose_labels_nobody_listed_are_known_by_their_words() -> None:
    _, fields = read("""
                  病理学检查报告
    [姓名]试珍   [性别]女   [年龄]26
    [诊断结论]左肾透明细胞癌
    组织切下于 2026-04-22 取出    样本送达 2026-04-23     签发报告 2026-04-27
    """)
    assert (fields["specimen_on"], fields["received_on"], fields["reported_on"]) == ("2026-04-22", "2026-04-23", "2026-04-27")


def test_identity_card_with_letters_set_apart_and_a_name_with_a_dot() -> None:
    sheet, fields = read("""
    姓  名   阿依示·样本
    性  别   女     民  族   维吾尔
    出  生   1990 年 12 月 3 日
    公民身份号码   65009919901203004X
    """)
    assert sheet == "id_card"
    assert (fields["name"], fields["sex"], fields["born"]) == ("阿依示·样本", "女", "1990-12-03")


def test_an_identity_number_with_a_wrong_digit_is_not_sure() -> None:
    sure = [{field.name: field.confidence for field in extract(words(f"""
        姓名示一兰
        性别女  民族汉
        公民身份号码  {number}
        """)).found} for number in ("640099198503070025", "640099198503070125")]
    assert sure[0]["number"] >= 0.99 and sure[1]["number"] < 0.9


def test_fire_told_in_one_sentence() -> None:
    sheet, fields = read("""
                银川市兴庆区消防救援大队
                  火 灾 证 明
                               兴消证字（2026）第18号
    兹证明当事人 试四桦 位于银川市兴庆区样本路8号2单元101室的住宅
    于2026年3月4日20时许发生火灾，起火原因为电动自行车电池故障。
    特此证明。
                               2026年3月9日
    """)
    assert sheet == "fire"
    assert fields == {"number": "兴消证字〔2026〕第18号", "name": "试四桦", "place": "银川市兴庆区样本路8号2单元101室", "on": "2026-03-04",
                      "issued_on": "2026-03-09", "cause": "电动自行车电池故障"}


def test_a_second_opinion_with_events_for_labels() -> None:
    sheet, fields = read("""
    病理会诊报告
    姓名 拟八桐   性别 男   年龄 66 岁
    来源医院 吴忠样本医院
    标本采集 2026年1月3日   送检 2026年1月4日   收样 2026年1月5日   报告 2026年1月9日
    会诊意见：（前列腺）腺泡腺癌，Gleason评分 4+3=7。
    """)
    assert sheet == "pathology"
    assert fields == {"name": "拟八桐", "hospital": "吴忠样本医院", "specimen_on": "2026-01-03", "received_on": "2026-01-05",
                      "reported_on": "2026-01-09", "disease": "（前列腺）腺泡腺癌，Gleason评分4+3=7"}


def test_fire_as_a_table_with_a_time_of_the_call() -> None:
    _, fields = read("""
    火灾事故认定书（副本）
    石消火认字[2026]第0009号
    起火单位/户主   拟一松          联系电话   19900001234
    地     址   石嘴山市大武口区样本里5栋1单元301
    起火日期及时间   2026年1月7日 06:40
    报警时间   2026年1月8日 06:52
    起火原因认定   厨房灶具未关闭，油锅过热起火
    认定单位   石嘴山市消防救援支队          日期  2026-01-20
    """)
    assert fields == {"number": "石消火认字〔2026〕第0009号", "name": "拟一松", "place": "石嘴山市大武口区样本里5栋1单元301",
                      "on": "2026-01-07",
                      "issued_on": "2026-01-20", "cause": "厨房灶具未关闭，油锅过热起火"}
