"""Bank cards (ISO/IEC 7812): the last digit proves the number, its first six name the bank. Pure."""

from __future__ import annotations

import re

from services.core.identity import BANKS, bank_of, luhn
from services.evidence.recognition.common import PROVEN, found
from services.evidence.recognition.layout import Page, Token
from services.evidence.recognition.lines import Found
from services.evidence.recognition.values import digits

_FULL = {
    "工商银行": "中国工商银行", "农业银行": "中国农业银行", "建设银行": "中国建设银行", "交通银行": "交通银行",
    "招商银行": "招商银行", "北京银行": "北京银行", "邮政储蓄银行": "中国邮政储蓄银行", "光大银行": "中国光大银行",
    "民生银行": "中国民生银行", "中信银行": "中信银行", "平安银行": "平安银行", "浦发银行": "浦发银行",
    "浦东发展银行": "上海浦东发展银行", "兴业银行": "兴业银行", "华夏银行": "华夏银行", "广发银行": "广发银行",
    "宁夏银行": "宁夏银行", "石嘴山银行": "石嘴山银行", "黄河农村商业银行": "宁夏黄河农村商业银行",
    "乌鲁木齐银行": "乌鲁木齐银行", "昆仑银行": "昆仑银行", "新疆银行": "新疆银行", "中国银行": "中国银行"}
_LATIN = {
    "ICBC": "中国工商银行", "ABC": "中国农业银行", "AGRICULTURAL BANK": "中国农业银行", "CCB": "中国建设银行",
    "CONSTRUCTION BANK": "中国建设银行", "BANK OF COMMUNICATIONS": "交通银行", "BANKOFBEIJING": "北京银行",
    "BANK OF BEIJING": "北京银行", "BANK OF CHINA": "中国银行"}
_RUN = re.compile(r"(?<!\d)[3-9](?:[\s-]?[\dOoQDlI|iZSB]){14,18}(?!\d)")


def read(page: Page) -> list[Found]:
    """Card number and bank."""
    account, tokens, proven = _account(page)
    out = [found(page, "account", account, PROVEN if proven else 0.6, tokens)] if account else []
    return out + _bank(page, account if proven else "")


def _account(page: Page) -> tuple[str, tuple[Token, ...], bool]:
    best: tuple[str, tuple[Token, ...], bool] = ("", (), False)
    for token in page.tokens:
        chain = (token, *[other for other in page.right_of(token)[:5] if re.search(r"\d", other.text)])
        for tokens in (chain[:count] for count in range(1, len(chain) + 1)):
            text = " ".join(part.text for part in tokens)
            for match in _RUN.finditer(text):
                number = re.sub(r"\D", "", digits(re.sub(r"[\s-]", "", match.group())))
                where = (token.part(match.start(), match.end()),) if len(tokens) == 1 else tokens
                if luhn(number) and 16 <= len(number) <= 19:
                    if not best[2] or len(number) > len(best[0]):
                        best = (number, where, True)
                elif not best[0] and len(number) >= 15:
                    best = (number, where, False)
    return best


def _bank(page: Page, account: str) -> list[Found]:
    series = BANKS.get(bank_of(account) or "", "").split("（")[0]
    told = [(_FULL[short], token) for token in page.tokens for short in _FULL if short in token.text.replace(" ", "")]
    named = max(told, key=lambda pair: (pair[0] == series, len(pair[0]), -pair[1].y), default=None)
    if named is None:
        named = next(((full, token) for token in page.tokens for latin, full in _LATIN.items()
                      if re.search(rf"\b{latin}\b", token.text.upper())), None)
    if named is None:
        named = next(((match.group(), token) for token in page.tokens
                      if (match := re.search(r"[\u4e00-\u9fff]{2,10}(?:银行|信用社|信用联社)", token.text.replace(" ", "")))), None)
    if named is None:
        return []
    bank, token = named
    sure = token.confidence * 0.97 if not series else PROVEN if series == bank else 0.8
    return [found(page, "bank", bank, sure, (token,))]
