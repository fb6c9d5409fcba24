"""Papers about fires told in sentences: whose house, where, when and why, beside people, places and days that do not count."""

from __future__ import annotations

import pytest

from services.evidence.recognition.extract import extract
from services.evidence.recognition.layout import Page
from services.evidence.recognition.lines import Box, Line, Words
from tests.services.drawn_words import read, words

PRESCRIBED = """
                 利通区消防救援大队
                   火灾事故认定书
                                利消火认字〔2026〕第0057号
    火灾事故基本情况：2026年8月9日12时30分，利通区消防救援大队接到报警，
称位于吴忠示例街99号样本花园2号楼1单元298室的样欣桐家发生火灾。
    经调查，对起火原因认定如下：起火时间为2026年8月9日12时30分许，起火部位位于该户室内，
可以排除放火、雷击，起火原因为电热毯使用不当引燃被褥。
    当事人对本火灾事故认定有异议的，可以提出书面复核申请。
                                2026年9月4日
    当事人签收：样欣桐          2026年9月6日
    本文书一式三份，当事人各执一份，一份存档。
"""


def test_the_prescribed_paper_about_a_fire() -> None:
    sheet, fields = read(PRESCRIBED)
    assert sheet == "fire"
    assert fields == {"number": "利消火认字〔2026〕第0057号", "name": "样欣桐", "place": "吴忠示例街99号样本花园2号楼1单元298室",
                      "on": "2026-08-09", "cause": "电热毯使用不当引燃被褥", "issued_on": "2026-09-04"}
    assert all(field.confidence < 0.9 for field in extract(words(PRESCRIBED)).found if field.name in ("name", "place", "cause"))


@pytest.mark.parametrize(("sentence", "name", "place"), [
    ("兹证明2026年8月1日12时许，位于中卫示例大道285号5号楼2单元1573室的样晓梅家中失火", "样晓梅", "中卫示例大道285号5号楼2单元1573室"),
    ("2026年8月1日6时许，接群众仿珍报警称：中卫示例大道285号5号楼1573室冒烟起火，户主拟兰珍", "拟兰珍", "中卫示例大道285号5号楼1573室"),
    ("2026年8月1日6时许，中卫示例大道285号5号楼1573室例松户发生火灾", "例松", "中卫示例大道285号5号楼1573室"),
    ("试燕玉，女，回族，系中卫示例大道285号5号楼1573室住户。2026年8月1日，该住户家中起火", "试燕玉", "中卫示例大道285号5号楼1573室"),
    ("受灾户：仿杨，住中卫示例大道285号5号楼1573室。2026年8月1日，邻居样秀发现起火", "仿杨", "中卫示例大道285号5号楼1573室"),
])
def test_whose_house_burnt_and_where(sentence: str, name: str, place: str) -> None:
    _, fields = read(f"""
                       火灾证明
                                 编号：金消火认字〔2026〕第0173号
    {sentence}。
    经勘验，火灾原因认定为电线短路引燃纸箱，排除人为纵火。
    注：本证明依当事人申请出具，自出具之日起三个月内有效。
                                 金凤区消防救援大队（章）
                                 2026年9月6日
    """)
    assert {key: fields.get(key) for key in ("name", "place", "on", "cause", "issued_on")} == {
        "name": name, "place": place, "on": "2026-08-01", "cause": "电线短路引燃纸箱", "issued_on": "2026-09-06"}


def test_a_label_whose_first_sign_was_not_read() -> None:
    _, fields = read("""
             固原样本医院疾病诊断证明书
    姓名  示槐强    性别  男    年龄  54岁
    断：1、直肠中分化腺癌
    处理意见：注意休息。
                     医师：仿博
                     2026年2月23日
    """)
    assert fields["disease"] == "直肠中分化腺癌"


def test_old_shapes_of_signs_are_read_as_the_new_ones() -> None:
    _, fields = read("""
             固原样本醫院
             疾病诊断证明书
    姓名：示槐强    性别：男    年龄：54岁
    诊断：右肾透明细胞癌
                     2026年2月23日
    """)
    assert fields["hospital"] == "固原样本医院"


def test_days_of_a_stay_are_not_the_day_of_the_receipt() -> None:
    _, fields = read("""
                     宁夏回族自治区医疗住院收费票据
    票据代码：64060123          NO.8500045623
    姓名：仿英棠     住院时间：2025-06-24 至 2025-07-24
    合计（大写）：柒拾元零捌角壹分          ￥：70.81
    收款单位（章）：银川样本医院     收款人：试燕    2025 年 7 月 25 日
    """)
    assert fields["issued_on"] == "2025-07-25" and fields["amount"] == "70.81"


# Where the lines of a photographed letter stood; the third is its number, at the right over the first line of words.
SIGNS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午"
ASKEW = (
    (0.417, 0.113, 0.645, 0.155), (0.418, 0.148, 0.635, 0.193), (0.614, 0.202, 0.86, 0.241), (0.223, 0.2, 0.841, 0.27),
    (0.187, 0.22, 0.85, 0.295), (0.184, 0.245, 0.84, 0.319), (0.181, 0.267, 0.776, 0.338), (0.21, 0.293, 0.826, 0.366),
    (0.176, 0.314, 0.565, 0.367), (0.207, 0.34, 0.753, 0.409), (0.204, 0.362, 0.816, 0.437), (0.169, 0.383, 0.624, 0.445),
    (0.588, 0.483, 0.652, 0.511), (0.538, 0.503, 0.668, 0.537), (0.184, 0.512, 0.286, 0.543),
    (0.402, 0.535, 0.499, 0.562), (0.15, 0.534, 0.4, 0.573))


def test_lines_of_a_tilted_letter_stay_in_order() -> None:
    """Its right side is ragged and only at its foot do two lines share a row: the left margin tells which way it leans."""
    lines = tuple(Line(sign * (6 if sign in "乙丑卯" else 20), 0.99, Box(left, top, right, bottom))
                  for sign, (left, top, right, bottom) in zip(SIGNS, ASKEW, strict=True))
    told = [token.text[0] for token in Page(Words(1, "ocr", 0.77, lines)).tokens]
    assert told == list(SIGNS)
