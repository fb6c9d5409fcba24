"""Bank of Beijing's union cards and ISO 20022: byte by byte, valid against the standard's own schema, refused by name."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import date
from pathlib import Path

import pytest
import sepaxml
import xmlschema

from services.core.clock import at_hour
from services.core.errors import InputError
from services.payment.banks import layout_of, recognised
from services.payment.port import Answer, Batch, Order

GOLDEN = Path(__file__).parents[1] / "golden" / "bank"
SCHEMAS = Path(sepaxml.__file__).parent / "schemas"
BATCH = Batch("P2026000007", at_hour(date(2026, 6, 11), 15, 30), [
    Order("P2026000007-00001", 6_000_000, "BOB_UNION_CARD", "6229690000000003103", "样一䶮", "互助金 BJ2026-0000-014"),
    Order("P2026000007-00002", 3_334, "BOB_UNION_CARD", "6229690000000007719", "买买提·样例", "互助金 BJ2026-0000-022"),
], "样例市总工会互助金专户", "0109000000000000011")
ANSWERS = [
    Answer(1, "P2026000007-00001", 6_000_000, "credited", "6229690000000003103", "样一䶮", "20260612000041",
           at_hour(date(2026, 6, 12), 9, 5), ""),
    Answer(2, "P2026000007-00002", 3_334, "returned", "6229690000000007719", "买买提·样例", "20260612000042",
           at_hour(date(2026, 6, 12), 9, 6), "账户已销户"),
]
FILES = {"BOB_UNION_CARD": ("BOB_P2026000007.csv", "BOB_return.csv"), "ISO20022": ("PAIN001_P2026000007.xml", "PAIN002_return.xml")}
RARE = "喆堃珺昇玥祎旻彧赟镕·㛃䶮"


@pytest.mark.parametrize("bank", FILES)
def test_payment_file_byte_by_byte(bank: str) -> None:
    layout = layout_of(bank)
    assert layout.file_name(BATCH) == FILES[bank][0]
    assert layout.write(BATCH) == (GOLDEN / FILES[bank][0]).read_bytes()


@pytest.mark.parametrize("bank", FILES)
def test_return_file_reads_back(bank: str) -> None:
    content = (GOLDEN / FILES[bank][1]).read_bytes()
    assert recognised(content).code == bank
    assert recognised(content).read(content) == ANSWERS
    assert layout_of(bank).answer("P2026000007", ANSWERS) == content


def test_pain_001_is_valid_against_the_schema_of_iso_20022() -> None:
    schema = xmlschema.XMLSchema(SCHEMAS / "pain.001.001.09.xsd")
    assert not list(schema.iter_errors((GOLDEN / FILES["ISO20022"][0]).read_text(encoding="utf-8")))
    assert list(schema.iter_errors((GOLDEN / FILES["ISO20022"][0]).read_text(encoding="utf-8").replace("CNY", "yuan")))


@pytest.mark.parametrize("bank", FILES)
def test_rare_characters_of_names_are_carried(bank: str) -> None:
    order = dataclasses.replace(BATCH.orders[0], holder=RARE)
    written = layout_of(bank).write(dataclasses.replace(BATCH, orders=[order]))
    assert RARE in written.decode("utf-8" if bank == "ISO20022" else "gb18030")


@pytest.mark.parametrize("bank", [*FILES, "ICBC", "CCB"])
@pytest.mark.parametrize("holder", ["王\n样", "王\ue000", "王\u202e样", "王\x00"])
def test_signs_that_no_name_has_are_refused_by_field(bank: str, holder: str) -> None:
    with pytest.raises(InputError, match="bank_file_character") as caught:
        layout_of(bank).write(dataclasses.replace(BATCH, orders=[dataclasses.replace(BATCH.orders[0], holder=holder)]))
    assert caught.value.field == "person.name"


@pytest.mark.parametrize(("bank", "change", "code", "field"), [
    ("BOB_UNION_CARD", {"bank": "ICBC"}, "bank_file_card", "bank_card.bank"),
    ("BOB_UNION_CARD", {"holder": "样,例"}, "bank_file_character", "person.name"),
    ("ISO20022", {"holder": "样" * 141}, "bank_file_width", "person.name"),
    ("ISO20022", {"account": "1" * 35}, "bank_file_width", "bank_card.number"),
])
def test_what_a_layout_cannot_carry_is_refused_by_field(bank: str, change: dict[str, str], code: str, field: str) -> None:
    with pytest.raises(InputError, match=code) as caught:
        layout_of(bank).write(dataclasses.replace(BATCH, orders=[dataclasses.replace(BATCH.orders[0], **change)]))
    assert caught.value.field == field


def test_iso_20022_asks_for_the_funds_own_account() -> None:
    with pytest.raises(InputError, match="payer_account_missing"):
        layout_of("ISO20022").write(dataclasses.replace(BATCH, payer_account=""))


def test_a_changed_or_cut_answer_of_beijing_is_refused() -> None:
    content = (GOLDEN / "BOB_return.csv").read_bytes()
    for other in (content.replace(b"6000000", b"6000001"), content.replace(b"60000.00", b"60000.01"), content[:-3]):
        if other != content:
            with pytest.raises(InputError, match="bank_file_broken"):
                layout_of("BOB_UNION_CARD").read(other)


@pytest.mark.parametrize(("old", "new", "code"), [
    (b"<OrgnlNbOfTxs>2", b"<OrgnlNbOfTxs>1", "bank_file_broken"), (b">60000.00<", b">60000.01<", "bank_file_broken"),
    (b">RJCT<", b">PDNG<", "bank_file_open"), (b'Ccy="CNY"', b'Ccy="USD"', "bank_file_broken"),
    (b"</Document>", b"", "bank_file_broken"), (b"<Document", b'<!DOCTYPE x [<!ENTITY e "x">]><Document', "bank_file_broken"),
    (b"AcctSvcrRef", b"SvcrRef", "bank_file_broken"), (b"T09:05", b"T29:05", "bank_file_broken"),
    (b">60000.00<", b">NaN<", "bank_file_broken"), (b">60000.00<", b">6E+30<", "bank_file_broken"),
    (b'encoding="UTF-8"?>', b'encoding="GBK"?><!-- \xb9\xa4 -->', "bank_file_broken"),
])
def test_a_status_report_that_does_not_hold_is_refused(old: bytes, new: bytes, code: str) -> None:
    content = (GOLDEN / "PAIN002_return.xml").read_bytes()
    assert old in content
    with pytest.raises(InputError, match=code):
        layout_of("ISO20022").read(content.replace(old, new))


def test_a_status_report_may_come_in_parts_and_never_tells_more_than_was_asked() -> None:
    layout = layout_of("ISO20022")
    part = layout.answer("P2026000007", ANSWERS[:1]).replace(b"<OrgnlNbOfTxs>1", b"<OrgnlNbOfTxs>2")
    assert layout.read(part.replace(b"CtrlSum>60000.00", b"CtrlSum>60033.34")) == ANSWERS[:1]
    with pytest.raises(InputError, match="bank_file_broken"):
        layout.read(part.replace(b"CtrlSum>60000.00", b"CtrlSum>59999.99"))


def test_a_status_report_in_another_coding_cannot_hide_its_doctype() -> None:
    namespace = b"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10".decode("utf-16-le")       # these bytes, as letters of UTF-16
    content = f"<!-- {namespace} --><!DOCTYPE d [<!ENTITY e 'x'>]><Document/>"
    for coded in (content.encode("utf-16"), content.encode("utf-16-le")):
        assert layout_of("ISO20022").recognises(coded) and b"<!DOCTYPE" not in coded
        with pytest.raises(InputError, match="UTF-8"):
            layout_of("ISO20022").read(coded)


@pytest.mark.parametrize(("line", "words"), [
    ("1|P-1|62220000|样|1E+30|S|S1|20260401090500|", "金额"), ("1|P-1|62220000|样|-5.00|S|S1|20260401090500|", "金额"),
    ("1|P-1|62220000|样|5.001|S|S1|20260401090500|", "小于分"), ("1|P-1|62220000|样|9999999999999999.00|S|S1|20260401090500|", "金额"),
    (f"{'9' * 5000}|P-1|62220000|样|5.00|S|S1|20260401090500|", "行号"), ("1000000|P-1|62220000|样|5.00|S|S1|20260401090500|", "行号"),
    ("1|P-\0|62220000|样|5.00|S|S1|20260401090500|", "控制字符"), ("1|P-1|62220000|样|5.00|S|S1|00010401090500|", "时间"),
    ("1|P-1|62220000|样|5.00|S||20260401090500|", "没有银行流水号"), ("1|P-1|62220000|样|5.00|S|  |20260401090500|", "没有银行流水号"),
    ("1|P-1|62220000|样|5.00|S|S1|20260401090500|\r\n1|P-2|62220000|样|5.00|S|S2|20260401090500|", "行号重复")])
def test_a_return_file_that_no_table_could_keep_is_refused_by_its_line(line: str, words: str) -> None:
    body = f"#2|P2026000007|{line.count('P-')}\r\n{line}\r\n".encode("gbk")
    with pytest.raises(InputError, match=words) as refused:
        layout_of("CCB").read(body + f"#9|{hashlib.sha256(body).hexdigest()}\r\n".encode())
    assert refused.value.code == "bank_file_broken"
