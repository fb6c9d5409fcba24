"""A wrong context makes no letter, and the refusal names what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from documents.errors import ContextError, DocumentError, MissingGlyph, UnknownLetter
from documents.layout.context import Letter, Official
from documents.render import check_context, codes, context_model, render

Sample = Callable[[str], dict[str, object]]
REQUIRED = [(code, name) for code in codes() for name, field in context_model(code).model_fields.items() if field.is_required()]


def plain(code: str, values: dict[str, object]) -> str:
    return re.sub(r"<[^>]+>|\s", "", render(code, values).html)


@pytest.mark.parametrize(("code", "name"), REQUIRED)
def test_missing_value_is_named(code: str, name: str, sample: Sample) -> None:
    values = sample(code)
    del values[name]
    with pytest.raises(ContextError) as caught:
        check_context(code, values)
    assert (caught.value.code, caught.value.field) == ("context_missing", name)


@pytest.mark.parametrize("code", codes())
def test_unknown_key_is_named_with_the_nearest(code: str, sample: Sample) -> None:
    with pytest.raises(ContextError) as caught:
        check_context(code, sample(code) | {"adressee": "马样例同志"})
    assert (caught.value.code, caught.value.field) == ("context_unknown", "adressee")
    assert "addressee" in caught.value.remedy


def test_missing_value_inside_a_list_is_named(sample: Sample) -> None:
    values = sample("decision")
    values["payees"] = [{"name": "王样例", "amount": "60000.00", "bank": "中国工商银行"}]
    with pytest.raises(ContextError) as caught:
        render("decision", values)
    assert caught.value.field == "payees.0.account_last4"


def test_unknown_letter_suggests(sample: Sample) -> None:
    with pytest.raises(UnknownLetter) as caught:
        render("decison", sample("decision"))
    assert "decision" in caught.value.remedy


@pytest.mark.parametrize(("code", "changes", "words"), [
    ("decision", {"amount": "60000.01"}, "给付项目减已付款与决定金额不符"),
    ("decision", {"amount": 60000.0}, "浮点"),
    ("decision", {"amount": "60000"}, "两位小数"),
    ("decision", {"amount": "-1.00"}, "负数"),
    ("decision", {"amount_words": "六万元"}, "amount_words"),
    ("decision", {"number": "新互通[2026]21号"}, "number"),
    ("decision", {"number": "新互通〔2026〕021号"}, "number"),
    ("decision", {"kind": "part"}, "unpaid"),
    ("decision", {"already_paid": "1.00", "amount": "59999.00"}, "领款金额与决定金额不符"),
    ("decision", {"public_code": None}, "progress_url"),
    ("consolation", {"amount": "2500.00"}, "领款金额与慰问金额不符"),
    ("refund", {"kind": "fee"}, "insurer_name"),
    ("payment", {"credited_on": "2026-10-16"}, "late_days"),
    ("payment", {"amount": "7500.01"}, "到账金额与领款金额不符"),
    ("receipt", {"late": True}, "late"),
    ("receipt", {"late_reason": "住院手术"}, "late_reason"),
    ("supplement", {"first": False}, "further_reason"),
    ("supplement", {"items": []}, "items"),
    ("transfer", {"digest": "abc"}, "digest"),
    ("transfer", {"consent_on": "2026-04-15"}, "单独同意"),
    ("cover_note", {"kind": "refusal"}, "有款可付"),
    ("cover_note", {"pay_due": None}, "pay_due"),
    ("cover_note", {"enclosures": []}, "enclosures"),
    ("cover_note", {"already_paid": "1.00"}, "already_paid_words"),
    ("cover_note", {"already_paid": "1.00", "already_paid_words": "原决定已给付的保险金"}, "给付项目减已付款与决定金额不符"),
    ("cover_note", {"kind": "stands"}, "有款可付"),
    ("withdrawal", {"received_on": "2026-08-06"}, "顺序"),
])
def test_contradiction_is_refused(code: str, changes: dict[str, object], words: str, sample: Sample) -> None:
    with pytest.raises(ContextError) as caught:
        render(code, sample(code) | changes)
    assert caught.value.code == "context_invalid"
    assert words in caught.value.message


def test_context_is_frozen(sample: Sample) -> None:
    letter = check_context("withdrawal", sample("withdrawal"))
    with pytest.raises(ValidationError):
        letter.office_name = "另一单位"  # type: ignore[misc]


def test_every_context_is_a_letter() -> None:
    assert all(issubclass(context_model(code), Letter | Official) for code in codes())


def test_glyph_that_no_font_has_is_refused_by_name(sample: Sample) -> None:
    # U+32000 is assigned to no script; no font carries it.
    with pytest.raises(MissingGlyph) as caught:
        render("withdrawal", sample("withdrawal") | {"addressee": "马\U00032000例同志"})
    assert caught.value.characters == "\U00032000"
    assert "U+32000" in caught.value.message


def test_rare_name_characters_are_set(sample: Sample) -> None:
    text = plain("withdrawal", sample("withdrawal") | {"addressee": "吴䶮喆堃珺翀昇玥祎旻垚彧赟镕頔㛃犇骉同志"})
    assert "吴䶮喆堃珺翀昇玥祎旻垚彧赟镕頔㛃犇骉同志：" in text


def test_character_from_a_strange_font_is_refused(sample: Sample) -> None:
    # Arabic letters are in no font of the letters; another face of the machine must not slip in.
    with pytest.raises(DocumentError) as caught:
        render("withdrawal", sample("withdrawal") | {"reason": "مرحبا"})
    assert caught.value.code in ("strange_font", "missing_glyph")


def test_markup_in_a_value_stays_text(sample: Sample) -> None:
    html = render("withdrawal", sample("withdrawal") | {"reason": "<b>改期</b>&"}).html
    assert "&lt;b&gt;改期&lt;/b&gt;&amp;" in html


def test_late_report_with_and_without_reason(sample: Sample) -> None:
    late = {"reported_on": "2026-04-02", "late": True}
    with_reason = plain("receipt", sample("receipt") | late | {"late_reason": "术后住院，家人不知情"})
    assert "您说明的原因是：术后住院，家人不知情。" in with_reason
    without = plain("receipt", sample("receipt") | late)
    assert "请在提交材料时一并说明原因" in without
    for text in (with_reason, without):
        assert "逾期报案本身不构成不予给付的理由" in text and "在期限之内" not in text


def test_missed_payment_clock_is_said_with_an_apology(sample: Sample) -> None:
    values = sample("payment")
    clock = values["clock"]
    assert isinstance(clock, dict)
    missed = {"days_used": 17, "late_days": 2, "late_cause": "收款账户已销户，银行退汇后重新汇出"}
    values |= {"credited_on": "2026-10-19", "clock": clock | missed}
    text = plain("payment", values)
    assert "超过承诺期限2个工作日，原因是：收款账户已销户，银行退汇后重新汇出。" in text
    assert "致歉" in text and "在承诺期限之内" not in text


def test_two_heirs_share_a_decision(sample: Sample) -> None:
    half = {"amount": "30000.00", "bank": "中国农业银行", "share": "二分之一"}
    text = plain("decision", sample("decision") | {"person_deceased": True, "addressee": "王样例同志亲属", "payees": [
        half | {"name": "李样例", "account_last4": "5526", "relation": "配偶"},
        half | {"name": "李小样", "account_last4": "7719", "relation": "子女"}]})
    assert "李样例配偶二分之一30000.00中国农业银行5526" in text
    assert "李小样子女二分之一30000.00中国农业银行7719" in text
    assert "深切的慰问" in text and "康复" not in text


def test_cover_note_of_a_refusal_names_clause_and_no_money(sample: Sample) -> None:
    values = sample("cover_note")
    for name in ("lines", "amount", "amount_words", "payees", "pay_due", "pay_basis"):
        del values[name]
    text = plain("cover_note", values | {"kind": "refusal", "unpaid": [
        {"benefit": "乳腺癌保险金", "reason": "原位癌（D05.900）不属于原发性乳腺癌", "clause": "管理办法第九条"}]})
    assert "决定不予给付" in text and "原位癌（D05.900）不属于原发性乳腺癌管理办法第九条" in text
    assert "汇入" not in text and "康复" not in text and "异议答复" in text


def test_cover_note_of_a_refund(sample: Sample) -> None:
    values = sample("cover_note")
    del values["lines"]
    payee = {"name": "马样例", "amount": "100.00", "bank": "中国工商银行", "account_last4": "3391"}
    text = plain("cover_note", values | {"kind": "refund", "amount": "100.00", "amount_words": "人民币壹佰元整", "payees": [payee],
                                         "unpaid": [{"benefit": "其它妇科癌保险金", "reason": "发生在等待期内", "clause": "第五条"}]})
    assert "退还所交保险费100.00元（大写：人民币壹佰元整）" in text and "将保险费100.00元汇入" in text


def test_cover_note_of_a_later_round_takes_off_what_was_paid(sample: Sample) -> None:
    values = sample("cover_note") | {"already_paid": "100500.00", "amount": "400.00", "amount_words": "人民币肆佰元整",
                                     "already_paid_words": "原决定已给付的保险金", "payees": [{
                                         "name": "马样例", "amount": "400.00", "bank": "中国工商银行", "account_last4": "3391"}]}
    text = plain("cover_note", values)
    assert "减：原决定已给付的保险金-100500.00本次给付合计400.00" in text and "应再给付400.00元" in text and "将保险金400.00元汇入" in text


def test_cover_note_of_a_later_round_that_gives_nothing_more(sample: Sample) -> None:
    values = sample("cover_note")
    for name in ("lines", "amount", "amount_words", "payees", "pay_due", "pay_basis"):
        del values[name]
    text = plain("cover_note", values | {"kind": "stands"})
    assert "没有应再给付的款项，详见所附决定。" in text and "不予给付" not in text and "异议答复" in text and "汇入" not in text
    listed = plain("cover_note", values | {"kind": "stands", "unpaid": [
        {"benefit": "乳腺癌住院津贴", "reason": "没有可给付的住院天数", "clause": "管理办法第六条"}]})
    assert "理由如下" in listed and "没有可给付的住院天数管理办法第六条" in listed


def test_refund_of_a_fee_has_its_own_title(sample: Sample) -> None:
    values = sample("refund") | {"kind": "fee"}
    del values["insurer_name"]
    letter = render("refund", values)
    assert letter.title == "退还会费通知书"
    text = plain("refund", values | {"effect": "本期保障终止", "clauses": [{"ref": "《办法》第五条"}]})
    assert "退还所交会费100.00元" in text and "保险费" not in text


def test_partial_decision_lists_what_is_not_paid(sample: Sample) -> None:
    text = plain("decision", sample("decision") | {"kind": "part", "unpaid": [
        {"benefit": "原位癌慰问金", "reason": "同一疾病已按恶性肿瘤给付", "clause": "待遇标准"}]})
    assert "决定部分给付互助金60000.00元" in text and "原位癌慰问金同一疾病已按恶性肿瘤给付待遇标准" in text


def test_advance_is_deducted_on_the_page(sample: Sample) -> None:
    payee = {"name": "王样例", "amount": "40000.00", "bank": "中国工商银行", "account_last4": "8810"}
    text = plain("decision", sample("decision") | {
        "already_paid": "20000.00", "already_paid_words": "先予支付的互助金", "amount": "40000.00",
        "amount_words": "人民币肆万元整", "payees": [payee]})
    assert "减：先予支付的互助金-20000.00" in text and "本次给付合计40000.00" in text


def test_provisional_date_says_so(sample: Sample) -> None:
    assert "该年度放假安排尚未公布，日期以公布后的推算为准" in plain("withdrawal", sample("withdrawal"))
    values = sample("withdrawal")
    values["limitation"] = {"on": "2028-08-07", "words": "满2年为2028年8月5日，顺延至8月7日"}
    assert "尚未公布" not in plain("withdrawal", values)
