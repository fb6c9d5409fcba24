"""Which kind of sheet a page is: by its title, and by the words that only such a sheet has. Pure."""

from __future__ import annotations

import re

from services.core.identity import check_identity, luhn
from services.evidence.recognition.lines import Line, Words
from services.evidence.recognition.values import plain

# Words of a title: a line that is little more than these names the sheet by itself.
_TITLES: dict[str, str] = {
    "id_card": r"居民身份证|临时身份证",
    "bank_card": r"借记卡|储蓄卡|理财卡|银联|UnionPay|京卡|DEBIT|银行卡|灵通卡|龙卡|金穗卡|长城.{0,3}卡|太平洋卡|一卡通|存折"
                 r"|账户.{0,6}(?:登记表|证明|信息)",
    "diagnosis": r"(?<!病理)诊断(?:证明|意见书|证|书)|(?:疾病|患病|病情|病假|医学).{0,2}(?:证明|诊断)",
    "pathology": r"病理.{0,8}(?:报告|诊断书|会诊|检查单)|(?:组织|细胞)(?:病理)?学?.{0,4}(?:检查|诊断)?报告|活检.{0,4}报告",
    "discharge": r"出院.{0,4}(?:小结|记录|病历|报告|总结|证明|摘要)|死亡记录|住院(?:病历)?(?:小结|总结|摘要)|病历摘要",
    "settlement": r"结算单|结算清单|结算明细|费用清单|结算表|结算书|结算凭证|结算小票|费用结算",
    "invoice": r"收费.{0,3}票据|电子票据|收费收据|医疗.{0,4}发票|增值税.{0,6}发票|门诊收据|住院收据|住院.{0,2}票据|门诊.{0,2}票据",
    "fire": r"火灾(?:事故)?(?:原因|责任|简易|重新)?(?:调查)?(?:认定|证明|鉴定)书?|火灾事故认定",
}
# Labels and turns that speak for a sheet, each once.
_SIGNS: dict[str, tuple[str, ...]] = {
    "id_card": ("公民身份号码", "签发机关", "有效期限", "中华人民共和国", "民族", "出生", "住址"),
    "bank_card": ("银行", "BANK", "VALID|THRU|GOOD", "客服|热线|955\\d\\d", "ATM", "持卡人|户名",
                  r"(?<!\d)[3-9]\d{15,18}(?!\d)", "磁条|芯片", "卡号|账号", "开户"),
    "diagnosis": ("临床诊断|疾病诊断|诊断(?:结论|结果|意见|名称|[:：])|确诊", "处理意见|医师意见|建议",
                  "门诊号|病历号|住院号", "医师", "证明", "诊断专用|盖章", "休息|随诊"),
    "pathology": ("病理号|病理编号", "标本|送检", "镜下|肉眼|大体", "免疫组", "病理(?:学)?诊断", "采集|取材|提取|离体|采样",
                  "接收|收到", "报告日期|报告时间", "报告医师|审核医师|诊断医师"),
    "discharge": ("入院诊断", "出院诊断", "诊疗经过|治疗经过", "出院医嘱", "入院情况", "出院情况",
                  "入院日期|入院时间|入院\\d", "出院日期|出院时间|出院\\d", "[主经]治医[师生]", "诊断"),
    "settlement": ("统筹", "自付一|自付1|自付部分", "自付二|自付2|先行自付", "自费", "起付", "大额|大病", "结算日期|结算时间",
                   "总额|总费用|费用合计|医疗费", "住院天数", "参保|医保类型|人员类别"),
    "invoice": ("票据代码|发票代码", "票据号码|发票号码", "校验码", "交款人|付款人|缴款人|购买方", "收款单位", "开票日期", "大写", "小写",
                "收款人", "财政|税务"),
    "fire": ("起火", "火灾", "消防", "认字|认定", "当事人", "当事单位|复核", "成因|原因", "烧损|损失|过火|蔓延"),
}
_TITLE, _SIGN, _PROOF, _ENOUGH = 4.0, 1.0, 3.0, 3.0
_LONGEST_TITLE = 34


def kind_of(words: Words) -> tuple[str | None, float]:
    """The kind of sheet and how sure, 0 to 1; (None, 0) when nothing speaks clearly enough."""
    scores = sorted(((_score(sheet, words), sheet) for sheet in _TITLES), reverse=True)
    (best, sheet), (second, _) = scores[0], scores[1]
    if best < _ENOUGH:
        return None, 0.0
    lead = (best - second) / best
    return sheet, round(min(0.99, 0.5 + 0.5 * min(1.0, best / 7) * min(1.0, 0.4 + 1.2 * lead)), 4)


def _score(sheet: str, words: Words) -> float:
    texts = [plain(line.text).replace(" ", "") for line in words.lines]
    title = max((_titled(_TITLES[sheet], line, text) for line, text in zip(words.lines, texts, strict=True)), default=0.0)
    whole = "\n".join(texts) + "\n" + "".join(texts)      # 民 族 may be two lines
    proof = _PROOF if (sheet == "bank_card" and any(map(_is_card, texts))) or (
        sheet == "id_card" and re.search(r"公民身份号码\D{0,3}\d{6}(?:19|20)", whole)) else 0.0
    return title + proof + sum(_SIGN for sign in _SIGNS[sheet] if re.search(sign, whole))


def _is_card(text: str) -> bool:
    """Whether a card's number stands in a line: its check digit fits, and it is no identity number."""
    return any(luhn(run) and not check_identity(run).valid for run in re.findall(r"(?<!\d)[3-9]\d{15,18}(?!\d)", text.replace("-", "")))


def _titled(title: str, line: Line, text: str) -> float:
    """How much a line speaks as a title: short ones near the top most; the same words deep in a text hardly."""
    found = re.search(title, text)
    if not found:
        return 0.0
    rest = len(text) - len(found.group())
    if len(text) > _LONGEST_TITLE:
        return 0.5
    return _TITLE * (1.0 if line.box.top < 0.4 else 0.6) * (1.0 if rest <= 22 else 0.6)
