"""The insurer's decision letter: plain words and a one-page PDF under a demonstration letterhead."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date
from html import escape

from infra.twins.insurer.decide import Judgement
from infra.twins.insurer.wire import Json

NAMES = {"breast_cancer": "原发性乳腺癌保险金", "other_gynaecological_cancer": "其他原发性妇科癌症保险金",
         "breast_cancer_allowance": "乳腺癌住院津贴", "other_gynaecological_cancer_allowance": "其他妇科癌症住院津贴"}
REASONS = {"not_in_list": "不属于该项责任约定的疾病", "not_primary": "非原发性恶性肿瘤",
           "in_situ": "原位癌不在约定的疾病之内",
           "no_paid_days": "没有超过每次免赔三天的住院日", "not_in_cover": "标本提取日不在保险期间内",
           "waiting_period": "标本提取日在三十日等待期内",
           "paid_before": "该项责任已经给付并终止", "cap_reached": "已达到约定的最高给付"}
HEADS = {"pay": "给付决定通知书", "part": "部分给付决定通知书", "refund": "退还保险费通知书",
         "nothing": "不予给付决定通知书"}
STYLE = """@page { size: A4; margin: 25mm 24mm }
body { font: 12pt/1.75 "Noto Serif CJK SC", serif }
header { text-align: center; border-bottom: 2px solid #c8102e; color: #c8102e }
header b { font-size: 17pt } h1 { font-size: 17pt; text-align: center } .no { text-align: right; font-size: 10.5pt }
p { text-indent: 2em; margin: .3em 0 }
table { width: 100%; border-collapse: collapse; font-size: 10.5pt; margin: .8em 0 }
td, th { border: .5pt solid #444; padding: 3pt 6pt; text-align: left } td.sum { text-align: right; white-space: nowrap }
.end { text-align: right; text-indent: 0 }"""
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Words:
    """The letter's parts; `rows` are (liability, amount, reason, clause) as a person reads them."""

    head: str
    number: str
    to: str
    paragraphs: tuple[str, ...]
    rows: tuple[tuple[str, str, str, str], ...]
    dated: str

    @property
    def text(self) -> str:
        """The whole letter as plain text."""
        rows = ("；".join(filter(None, (name, f"{amount}元", reason, clause)))
                for name, amount, reason, clause in self.rows)
        lines = [self.head, self.number, f"{self.to}：", *self.paragraphs, *rows,
                 "平安养老保险股份有限公司宁夏分公司（演示）", self.dated]
        return "\n".join(lines)


def words(judged: Judgement, dossier: Json, *, number: str, case_no: str, on: date) -> Words:
    """What the letter says about this judgement."""
    insured, cover, event = dossier["insured"], dossier["cover"], dossier["event"]
    assert isinstance(insured, dict) and isinstance(cover, dict) and isinstance(event, dict)
    rows = tuple((NAMES[a.liability], f"{a.amount:.2f}", REASONS.get(a.reason, a.reason) if a.reason else "", a.clause)
                 for a in judged.answers)
    first = (f"您就保险单 {dossier['policy_no']} 项下“安康保”提出的申请（工会案件编号 {dossier['claim_no']}，"
             f"我公司案号 {case_no}）已审核完毕。病检标本提取日为 {event['specimen_on']}，"
             f"保险期间自 {cover['effective']} 至 {cover['until']}。各项责任的决定列于下表。")
    return Words(HEADS[judged.outcome], number, str(insured["name"]), (first, _conclusion(judged), (
        "如对本决定有异议，可在收到之日起十五日内经所在单位工会提出，也可拨打我公司客户服务电话，或依法申请仲裁、提起诉讼。")),
        rows, f"{on.year}年{on.month}月{on.day}日")


def _conclusion(judged: Judgement) -> str:
    if judged.outcome == "refund":
        return ("疾病发生在等待期内，依安康保办法第五条不承担给付责任，"
                f"退还已交保险费 {judged.refund:.2f} 元，该被保险人的保险责任终止。")
    if judged.outcome == "nothing":
        return "依下表所列条款和理由，本次申请不予给付。"
    return f"本次共给付 {judged.total:.2f} 元，将汇入申请书所列领款账户。"


def pdf(letter: Words) -> bytes:
    """The letter as PDF; WeasyPrint is loaded at the first letter, for it takes a while."""
    import weasyprint

    with _one_at_a_time:
        content = weasyprint.HTML(string=_html(letter)).write_pdf()
    assert isinstance(content, bytes)
    return content


def _html(letter: Words) -> str:
    rows = "".join(f"<tr><td>{escape(name)}</td><td class=sum>{escape(amount)}</td><td>{escape(reason)}</td>"
                   f"<td>{escape(clause)}</td></tr>" for name, amount, reason, clause in letter.rows)
    table = f"<table><tr><th>责任<th>金额（元）<th>理由<th>依据</tr>{rows}</table>"
    paragraphs = [f"<p>{escape(text)}</p>" for text in letter.paragraphs]
    return (f'<html lang="zh-CN"><meta charset="utf-8"><title>{escape(letter.head)}</title><style>{STYLE}</style>'
            "<header><b>平安养老保险股份有限公司宁夏分公司</b><br>（演示用，非保险公司出具）</header>"
            f"<h1>{escape(letter.head)}</h1><div class=no>{escape(letter.number)}</div>"
            f"{escape(letter.to)}：{paragraphs[0]}{table}{''.join(paragraphs[1:])}"
            f"<p class=end>平安养老保险股份有限公司宁夏分公司（演示）<br>{escape(letter.dated)}</p></html>")
