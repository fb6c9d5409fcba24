"""What is certain and what is not: a label without a rival, or a proof; never a place on the page or a sentence alone."""

from __future__ import annotations

import pytest

from services.evidence.recognition.extract import extract
from tests.services.drawn_words import read, words

SURE = 0.9


def sure(page: str) -> dict[str, bool]:
    return {field.name: field.confidence >= SURE for field in extract(words(page)).found}


def test_a_day_below_without_a_label_is_read_and_not_certain() -> None:
    page = """
               样本人民医院
              疾病诊断证明书
    姓名：拟玉莲    性别：女    年龄：45岁
    临床诊断：左肺腺癌
                              医师：示一松
                              2026年3月12日
    """
    assert read(page)[1]["diagnosed_on"] == "2026-03-12"
    assert sure(page) == {"name": True, "hospital": True, "disease": True, "diagnosed_on": False}


def test_days_out_of_a_sentence_are_certain_only_when_their_count_proves_them() -> None:
    page = """
              样本人民医院
               出院小结
    患者拟玉莲，女，45岁，于2026年3月2日入院，于2026年3月9日出院{}。
    出院诊断：左肺腺癌
    """
    told, proven = sure(page.format("")), sure(page.format("，共住院7天"))
    assert not told["admitted_on"] and not told["discharged_on"]
    assert proven["admitted_on"] and proven["discharged_on"] and proven["days"]


@pytest.mark.parametrize("whose", ["经办人", "主治医师", "联系人", "家属"])
def test_a_name_of_another_is_not_the_patients(whose: str) -> None:
    _, fields = read(f"""
              样本人民医院
              疾病诊断证明书
    {whose}姓名：例晓静
    姓名：拟玉莲    性别：女    年龄：45岁
    临床诊断：左肺腺癌
    """)
    assert fields["name"] == "拟玉莲"


def test_a_former_stay_is_not_this_one() -> None:
    _, fields = read("""
              样本人民医院
               出院小结
    姓名：拟玉莲      上次入院日期：2024-01-05
    入院日期：2026-03-02   出院日期：2026-03-09
    出院诊断：左肺腺癌
    """)
    assert (fields["admitted_on"], fields["discharged_on"]) == ("2026-03-02", "2026-03-09")


def test_two_hospitals_are_certain_for_none() -> None:
    page = """
               样本人民医院
               示例中医医院
              疾病诊断证明书
    姓名：拟玉莲    性别：女    年龄：45岁
    临床诊断：左肺腺癌
    """
    assert sure(page)["hospital"] is False


def test_days_overlooked_are_offered_from_the_two_dates_and_not_certain() -> None:
    page = """
              样本人民医院
               出院小结
    姓名：拟玉莲      住院天数
    入院日期：2026-03-02   出院日期：2026-03-09
    出院诊断：左肺腺癌
    """
    assert read(page)[1]["days"] == "7" and sure(page)["days"] is False
    assert sure(page)["admitted_on"] is True


def test_an_english_label_is_no_value_and_brackets_may_stand_about_labels() -> None:
    _, fields = read("""
              样本人民医院
        疾病诊断证明 Medical Certificate
    「姓名」拟玉莲「性别」女「年龄」45
    诊断 Diagnosis
       左肺腺癌
    日期 Date 2026-03-12
    """)
    assert fields == {"name": "拟玉莲", "hospital": "样本人民医院", "disease": "左肺腺癌", "diagnosed_on": "2026-03-12"}


def test_what_a_pathologist_tells_in_a_sentence() -> None:
    page = """
             样本人民医院病理科
               病理诊断报告
    病理号：202612345    姓名：拟玉莲
    标本于2026年3月2日采集，2026年3月3日由我科接收，2026年3月6日签发本报告。
    病理诊断：（切除标本）
       左肺腺癌
    """
    _, fields = read(page)
    assert (fields["specimen_on"], fields["received_on"], fields["reported_on"]) == ("2026-03-02", "2026-03-03", "2026-03-06")
    assert fields["disease"] == "左肺腺癌"
    assert not any(sure(page)[name] for name in ("specimen_on", "received_on", "reported_on"))


_NOTICE = """
             兴庆区消防救援大队
              火灾事故认定书
         兴消火认字〔2025〕第0043号
    {who}：示五松      起火原因：电暖器使用不当引燃被褥
    受灾房屋坐落何处：石嘴山示例东路275号
    """


def test_of_a_page_that_the_tables_hardly_know_only_what_proves_itself_is_certain() -> None:
    known = """
              样本人民医院
               出院小结
    姓名：拟玉莲      科别：外科
    {stay}
    {found}
    """
    told = sure(known.format(stay="入院日期：2026-03-02   出院日期：2026-03-09   住院天数：7", found="出院诊断：左肺腺癌"))
    assert all(told[name] for name in ("name", "admitted_on", "discharged_on", "days", "disease"))
    little = sure(known.format(stay="来院之日 2026-03-02", found="印象 左肺腺癌"))
    assert "name" in little and not any(little.values())
    twice = sure(known.format(stay="患者姓名：拟玉莲", found="印象 左肺腺癌"))
    assert twice["name"]


def test_a_notice_of_which_one_label_fits_is_certain_for_nothing() -> None:
    assert not any(sure(_NOTICE.format(who="当事人")).values())
