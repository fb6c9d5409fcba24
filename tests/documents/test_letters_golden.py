"""Each letter's sample, as a reader sees it, against a page that a person looked at and approved.

A changed letter shows here in review. Words are compared, not where lines end, so that the files hold with any office's face.
To approve a change, write `words_of(letter.html)` (conftest.py) over the golden file.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from documents.faces import faces
from documents.render import HERE, Rendered, codes, context_model

GOLDEN = Path(__file__).parents[1] / "golden" / "letters"
TITLES = {
    "consolation": "慰问金通知书", "cover_note": "关于转送理赔决定的附函", "decision": "互助金给付决定通知书",
    "payment": "给付到账通知书", "receipt": "受理回执", "refund": "退还保险费通知书", "refusal": "不予给付通知书",
    "supplement": "补充材料一次性告知书", "transfer": "关于移送马样例关爱女职工“安康保”理赔材料的函",
    "withdrawal": "撤回申请确认书", "objection_receipt": "异议收件回执", "reopened": "重新审核通知书",
    "reexamined": "重新审核结果通知书", "reminder": "补充材料提醒通知书", "not_pursued": "未继续办理结案通知书",
    "advance": "先予支付通知书", "recalled": "收回移送材料告知书", "held": "暂停办理告知书", "extended": "延期告知书",
    "heirs": "继承人领款事项告知书",
    "repayment": "应返还款项告知书", "account": "重新登记收款账户通知书", "limitation": "申领时效届满提醒书",
    "date_changed": "期限变更告知书", "exchange": "关于2026年3月关爱女职工“安康保”合作情况的函",
    "cover_certificate": "参保证明", "archive_sheet": "结案归档表",
    "board_report": "关于2026年10月互助保障运行情况的分析报告",
    "monthly_summary": "关于2026年3月互助保障理赔情况的报告",
}
# What nobody may miss in a letter: the sum, the date, the clause, the account, the serial.
MUST_SAY = {
    "receipt": ["2026年3月20日", "第10日为3月26日", "您的报案在期限之内", "病理诊断报告", "尚未收到", "2026年3月27日前（含当日）"],
    "supplement": ["病理诊断报告", "2026年4月24日前（含当日）", "第30日为4月24日", "不计入给付期限",
                   "一次性告知", "向住院医院的病案室申请复印"],
    "reminder": ["3月25日送达", "病理诊断报告", "2026年4月24日前（含当日）", "还有5日", "次日起3日内补齐", "恢复办理"],
    "not_pursued": ["2026年4月20日送达", "2026年4月27日暂按未继续办理结案", "不是不予给付的决定", "随时恢复办理", "不必重新报案"],
    "cover_certificate": ["650***********0021", "XJBZ202600000018", "2026年1月1日至2026年12月31日", "共4份", "已缴清", "不作为给付决定"],
    "archive_sheet": ["2026年6月26日结案", "给付60000.00元，已付清", "650***********0021", "****0715", "尾号8810", "守期", "共46条"],
    "decision": ["60000.00元", "人民币陆万元整", "15000.00元/份×4份=60000.00元", "尾号8810", "第15个工作日为6月4日", "2026年6月5日"],
    "consolation": ["2000.00元", "人民币贰仟元整", "第45日", "诚挚的慰问", "尾号0273", "祝早日康复"],
    "refusal": ["30日（含）内，不享受", "生效后第20日", "疾病诊断证明书", "2028年3月20日", "自收到本通知书的次日起15日内"],
    "refund": ["100.00元", "人民币壹佰元整", "最后一日为3月30日", "第五条", "尾号3391", "2026年4月21日前（含当日）"],
    "payment": ["7500.00元", "人民币柒仟伍佰元整", "尾号5526", "20261014000000715", "二分之一", "实际用时14个工作日", "在承诺期限之内"],
    "transfer": ["平安养老保险股份有限公司宁夏分公司：", "640104********002X", "2026年4月27日前（含当日）", "第二十四条", "合计6件"],
    "cover_note": ["100900.00元", "人民币壹拾万零玖佰元整", "（10－3）＋（5－3）＝9天", "《理赔决定通知书》", "95511", "尾号8810"],
    "objection_receipt": ["2026年6月24日收到您对", "新互通〔2026〕21号", "应按恶性肿瘤给付，而不是原位癌", "病理会诊报告、异议书",
                          "一律不参加", "在作出决定前撤回异议"],
    "reopened": ["两人核对确认", "D05.900", "C50.900", "只补付差额", "第15个工作日为7月17日", "不作改动"],
    "reexamined": ["均未参加", "由原来的15000.00元变更为60000.00元", "应再付45000.00元", "自收到本通知书的次日起15日内"],
    "advance": ["15000.00元", "人民币壹万伍仟元整", "2026年6月2日材料齐全", "第二十五条", "病理会诊结论尚未作出", "尾号8810", "只补付差额",
                "不是给付决定", "与您商定返还"],
    "exchange": ["2026年3月1日至2026年3月31日", "18234", "41200.00", "更正宁工女互通函〔2026〕2号", "在办案卷5件", "7日以内的3件",
                 "第十五条61", "683500.00元", "其中2件尚未核算", "请函复我方"],
    "monthly_summary": ["2026年3月1日至2026年3月31日", "受理报案38件", "给付21件，部分给付2件，退还费用1件，不予给付3件", "683500.00元",
                        "人民币陆拾捌万叁仟伍佰元整", "人工核定金额的2件", "在办案件17件", "审核中6件", "签发人：王样例",
                        "2026年4月2日印发"],
    "board_report": ["截至2026年11月3日9时30分", "在办期限41项，其中已逾期6项", "乌鲁木齐市总工会", "快2天", "按期率98.1%", "612400.50元",
                     "签发人：王样例", "待人工核定金额的案件2件"],
    "recalled": ["平安养老保险股份有限公司宁夏分公司", "宁工女互通〔2026〕39号", "2026年4月20日将材料收回", "新的病理会诊报告",
                 "第二十三条", "无须重新提交"],
    "held": ["2026年6月11日起暂停办理", "正在向医疗机构核实就诊记录", "2026年6月23日", "也不停止各项期限的计算"],
    "extended": ["2026年6月24日前（含当日）", "第15个工作日为6月24日", "会诊结论", "超过的天数"],
    "heirs": ["2026年9月5日不幸去世", "二分之一", "7500.00", "尾号5526", "尚未登记", "尚未收到", "不向任何一位先行付出"],
    "repayment": ["45000.00元", "人民币肆万伍仟元整", "新互通〔2026〕21号", "不要自行汇款", "15日内", "分期", "不从您的账户直接扣划"],
    "account": ["60000.00元", "人民币陆万元整", "2026年6月19日被银行退回", "账户已销户", "尾号8810", "两名工作人员核对"],
    "limitation": ["2028年3月20日届满", "还有28日", "满2年", "病理诊断报告", "不必重新报案"],
    "date_changed": ["由2027年2月18日变更为2027年2月20日", "新互通〔2026〕121号", "第15个工作日为2月20日", "2027年部分节假日安排",
                     "天数没有改变"],
    "withdrawal": ["2026年8月11日收到", "已经撤回", "2028年8月7日", "不影响王样例继续享有的保障"],
}


def test_every_letter_has_its_expectations() -> None:
    assert codes() == sorted(TITLES) == sorted(MUST_SAY)


@pytest.mark.parametrize("code", sorted(TITLES))
def test_letter_reads_as_approved(code: str, press: Callable[[str], Rendered], read: Callable[[bytes], str],
                                  worded: Callable[[str], str]) -> None:
    letter, approved = press(code), (GOLDEN / f"{code}.txt").read_text("utf-8")
    assert letter.title == TITLES[code]
    assert worded(letter.html) == approved
    assert Counter("".join(approved.split())) - Counter(read(letter.pdf)) == Counter(), "set, but not to be read on the page"


@pytest.mark.parametrize("code", sorted(TITLES))
def test_letter_keeps_its_pages(code: str, press: Callable[[str], Rendered]) -> None:
    if faces()["fang"].path.stat().st_size > 10_000_000:
        pytest.skip("Noto stands in for Fandol on this machine; its figures are of other widths")
    short = ("withdrawal", "payment", "objection_receipt", "reopened", "reexamined", "reminder", "advance", "recalled",
             "held", "extended", "heirs", "repayment", "account", "limitation", "not_pursued", "date_changed")
    assert press(code).pages == {"cover_certificate": 1, "archive_sheet": 4, "board_report": 5}.get(code, 2 if code in short else 3)


@pytest.mark.parametrize("code", sorted(MUST_SAY))
def test_letter_says_what_matters(code: str, press: Callable[[str], Rendered]) -> None:
    text = re.sub(r"<[^>]+>|\s", "", press(code).html)
    assert [words for words in MUST_SAY[code] if words not in text] == []


@pytest.mark.parametrize("code", sorted(TITLES))
def test_letter_is_in_order(code: str, press: Callable[[str], Rendered], sample: Callable[[str], dict[str, object]],
                            read: Callable[[bytes], str]) -> None:
    values, text = sample(code), read(press(code).pdf)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    official = "addressees" in values       # an official document has 文件 in its mark, and upwards who signs beside its number
    assert lines[0] == f"{values['office_name']}{'文件' if official else ''}"
    assert lines[1].split()[0] == values["number"]
    to = "，".join(values["addressees"]) if official else values.get("addressee")      # type: ignore[arg-type]
    assert code in ("cover_certificate", "archive_sheet") or f"{to}：" in lines
    year, month, day = str(values["issued_on"]).split("-")
    assert lines[lines.index(f"{year}年{int(month)}月{int(day)}日") - 1] == values["office_name"]
    assert "盖章处" not in text and "None" not in text and "True" not in text
    assert "。。" not in text and "；。" not in text


def test_same_context_same_bytes_in_another_process(press: Callable[[str], Rendered]) -> None:
    code = "decision"
    program = (f"import json, pathlib; from documents.render import HERE, render; "
               f"p = HERE / 'notices' / '{code}' / 'sample.json'; print(render('{code}', json.loads(p.read_text('utf-8'))).sha256)")
    seen = set()
    for seed in ("1", "2"):
        found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=HERE.parent,
                               env={**os.environ, "PYTHONHASHSEED": seed, "TZ": "UTC" if seed == "1" else "Asia/Shanghai"})
        seen.add(found.stdout.strip())
    assert seen == {press(code).sha256} == {hashlib.sha256(press(code).pdf).hexdigest()}


def test_render_twice_in_one_process(sample: Callable[[str], dict[str, object]], press: Callable[[str], Rendered]) -> None:
    from documents.render import render
    model = context_model("withdrawal").model_validate(sample("withdrawal"))
    again = render("withdrawal", model)
    assert again == press("withdrawal")
