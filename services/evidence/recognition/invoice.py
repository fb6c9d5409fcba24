"""医疗收费票据, electronic or on paper: the amount stands twice, in figures and in capitals, and proves itself. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from services.evidence.recognition.common import (
    DOUBTED,
    PROVEN,
    TOLD,
    a_date,
    a_hospital,
    a_name,
    found,
    hospital,
    money,
    name,
    one,
)
from services.evidence.recognition.dates import of
from services.evidence.recognition.labels import Labels, Mark
from services.evidence.recognition.layout import Page, Token, joined
from services.evidence.recognition.lines import Found
from services.evidence.recognition.places import Parse, Reader, Value
from services.evidence.recognition.values import amounts_in, days_in, upper_in

_LABELS = Labels("invoice")
_RECEIVED = re.compile(r"收到\s*:?\s*([\u4e00-\u9fff·]{2,12}?)\s*(?:先生|女士|同志)?\s*(?:交来|缴来|交纳|缴纳|交付|支付|付来)")
_UNPROVEN = 0.88        # of an amount that stands once only
_OF_TWO = 0.89          # of the one of two parties that is no hospital
_HEAD = 0.32            # of the page: where code and number stand, also on a sheet photographed with much table around it
_BARE = re.compile(r"(?:(?!校验|业务|流水|住院|门诊|病[历案例]|就诊|医保|电话|证)[\u4e00-\u9fff]{1,4}:?)?(\d{8}|\d{10}|\d{12}|\d{20})")
_OTHER_DAY = re.compile(r"打印|制表|入院|出院|就诊|住院|出生|有效|结算")


def read(page: Page) -> list[Found]:
    """Code, number, who paid whom, when, and how much."""
    reader = Reader(page, _LABELS)
    code, number = reader.value("code", _digits(8, 14)), reader.value("number", _digits(6, 20))
    if not (code and number):
        code, number = _printed(reader, code, number)
    day = a_date(reader, "issued_on") or of(reader, "issued_on") or _lowest(reader)
    return (one(page, "code", code, code.value if code else "") + one(page, "number", number, number.value if number else "")
            + _parties(reader) + day + _amount(reader))


def _parties(reader: Reader) -> list[Found]:
    """Who paid whom. A tax invoice calls both 名称: the one that is a hospital's was paid."""
    payer, paid = name(reader) or _told_payer(reader), hospital(reader)
    if not payer:
        payer = [replace(field, confidence=min(field.confidence, _OF_TWO)) for field in name(reader, key="party")]
    if not payer or not paid:
        paid = paid or one(reader.page, "hospital", reader.value("party", a_hospital))
    return payer + paid


def _told_payer(reader: Reader) -> list[Found]:
    """今收到某某交来…, as receipts in prose have it."""
    match = _RECEIVED.search(reader.running.text)
    read = a_name(match[1]) if match else None
    if not match or not read:
        return []
    tokens = reader.running.tokens(match.start(1), match.end(1))
    return [found(reader.page, "name", read[0], min(token.confidence for token in tokens) * TOLD, tokens)]


def _lowest(reader: Reader) -> list[Found]:
    """A date without words at the foot of the sheet."""
    for token in reversed(reader.tokens):
        days = days_in(token.text)
        if days and len(token.text.replace(" ", "")) < 16 and not reader.of(token) and not _OTHER_DAY.search(token.text):
            return [found(reader.page, "issued_on", days[0].day.isoformat(), token.confidence * days[0].sure * 0.88, (token,))]
    return []


def _digits(least: int, most: int) -> Parse[str]:
    def parse(text: str) -> tuple[str, float] | None:
        match = re.match(r"\s*(\d(?:\s?\d)*)(?!\s*[年./-])", text)
        run = re.sub(r"\D", "", match[1]) if match else ""
        return (run, 1.0) if least <= len(run) <= most else None
    return parse


def _printed(reader: Reader, code: Value[str] | None, number: Value[str] | None) -> tuple[Value[str] | None, Value[str] | None]:
    """Code and number that stand by themselves in the head of the sheet, as forms printed in advance have them."""
    alone = [Value(match[1], token.confidence * 0.85, (token,), Mark("", "", token, 0, 0, 1.0)) for token in reader.tokens
             if token.box.top < _HEAD and (match := _BARE.fullmatch(token.text.replace(" ", "").strip("()[]")))
             and not any(token in reader.right(mark) for mark in reader.all)]
    if code is None and number is None and len(alone) == 2:
        return alone[0], alone[1]
    left = [value for value in alone if value.value not in {known.value for known in (code, number) if known}]
    if len(left) != 1 or (code is None and number is None):
        return code, number
    return code or left[0], number or left[0]


def _capitals(reader: Reader) -> tuple[str, Decimal, Token] | None:
    """An amount in capitals anywhere on the page; it may run on into the next line of words."""
    for token in reader.tokens:
        for tokens in ([token], [token, *reader.page.right_of(token)[:1]]):
            whole = joined(tokens)
            read = upper_in(whole.text)
            if read:
                words, yuan, start, end = read
                compact = whole.text.replace(" ", "")
                return words, yuan, token.part(start, end) if len(tokens) == 1 and compact == token.text else whole
    return None


def _amount(reader: Reader) -> list[Found]:
    """Figures behind 小写, else behind the sum's label, else those that the capitals say."""
    capitals = _capitals(reader)
    figures = reader.value("amount", money) or _summed(reader, capitals[1] if capitals else None)
    if capitals and (figures is None or figures.value != capitals[1]):
        figures = _same(reader, capitals[1]) or figures
    figures = figures or _signed(reader)
    out: list[Found] = []
    agree = bool(capitals and figures and capitals[1] == figures.value)
    if figures:
        sure = PROVEN if agree else min(figures.confidence, DOUBTED if capitals else _UNPROVEN)
        out.append(found(reader.page, "amount", f"{figures.value:.2f}", sure, figures.tokens))
    if capitals:
        words, _, token = capitals
        sure = PROVEN if agree else min(token.confidence, DOUBTED if figures else _UNPROVEN)
        out.append(found(reader.page, "amount_in_words", words, sure, (token,)))
    return out


def _same(reader: Reader, capitals: Decimal) -> Value[Decimal] | None:
    """The figures, wherever they stand, that say what the capitals say; the lowest on the page."""
    for token in reversed(reader.tokens):
        for amount in amounts_in(token.text):
            if amount.yuan == capitals:
                part = token.part(amount.start, amount.end)
                return Value(amount.yuan, token.confidence * amount.sure, (part,), Mark("amount", "", token, 0, 0, 1.0))
    return None


def _signed(reader: Reader) -> Value[Decimal] | None:
    """The largest amount behind ¥."""
    signed = [(amount, token) for token in reader.tokens for amount in amounts_in(token.text) if "¥" in token.text[:amount.end]]
    if not signed:
        return None
    amount, token = max(signed, key=lambda pair: pair[0].yuan)
    part = token.part(amount.start, amount.end)
    return Value(amount.yuan, token.confidence * amount.sure * 0.88, (part,), Mark("amount", "", token, 0, 0, 1.0))


def _summed(reader: Reader, capitals: Decimal | None) -> Value[Decimal] | None:
    values = sorted(reader.values("whole", money), key=lambda value: -value.confidence)
    same = [value for value in values if value.value == capitals]
    return next(iter(same or values), None)
