"""Our four payment files, read by the bank's own hand from PROTOCOL.md: form, digest, count and sum first, nothing guessed."""

from __future__ import annotations

import hashlib
import importlib
import xml.etree.ElementTree as Xml
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path

from infra.twins.bank.values import CHINA, Instruction, Line, Refused, digits_of, fen_of, instruction, moment_of

END = b"\r\n"
DETAIL = (1, 6, 26, 15, 16, 32, 60, 60)
BOB_HEAD = ["批次号,放行时间,笔数,总金额", "序号,付款编号,卡号,户名,金额,用途"]
PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
DECLARED = b'<?xml version="1.0" encoding="UTF-8"?>'
SCHEMA = "pain.001.001.09.xsd"


def read(content: bytes) -> Instruction:
    """The file by its first bytes. Refused names what does not hold."""
    if content.startswith(b"H0100"):
        return _icbc(content)
    if content.startswith(b"#1|"):
        return _ccb(content)
    if content.startswith("批次号,".encode("gb18030")):
        return _bob(content)
    if content.startswith(b"<?xml"):
        return _pain(content)
    raise Refused("unknown_layout", "不认识的文件格式")


def _proved(content: bytes, proof: bytes, coding: str) -> list[bytes]:
    """The lines before the last, when the last is their digest behind `proof` and every byte is of the coding."""
    if not content.endswith(END):
        raise Refused("cut", "文件末行不完整")
    *lines, last = content[:-len(END)].split(END)
    if last != proof + hashlib.sha256(b"".join(line + END for line in lines)).hexdigest().encode():
        raise Refused("wrong_digest", "校验值不符")
    try:
        content.decode(coding)
    except UnicodeDecodeError:
        raise Refused("bad_coding", f"文件不是 {coding} 编码") from None
    return lines


def _icbc(content: bytes) -> Instruction:
    head, *details = _proved(content, b"T", "gbk")
    if len(head) != 1 + 4 + 20 + 14 + 6 + 15 or any(len(line) != sum(DETAIL) or not line.startswith(b"D") for line in details):
        raise Refused("bad_width", "行的长度不符")
    run_no, at, count, fen = _cut(head[5:], (20, 14, 6, 15))
    lines = []
    for detail in details:
        _, number, reference, amount, bank, account, holder, purpose = (part.rstrip(" ") for part in _cut(detail, DETAIL))
        lines.append(Line(digits_of(number, "行号"), reference, digits_of(amount, "金额"), bank, account, holder, purpose))
    return instruction("ICBC", run_no.rstrip(" "), moment_of(at), lines, count=digits_of(count, "笔数"), fen=digits_of(fen, "总金额"))


def _cut(line: bytes, widths: Sequence[int]) -> list[str]:
    """The columns of a line, none of which ends within a character."""
    places = [0, *accumulate(widths)]
    try:
        return [line[start:end].decode("gbk") for start, end in pairwise(places)]
    except UnicodeDecodeError:
        raise Refused("bad_width", "列在字的中间断开") from None


def _ccb(content: bytes) -> Instruction:
    head, *details = [line.decode("gbk").split("|") for line in _proved(content, b"#9|", "gbk")]
    if len(head) != 5 or any(len(detail) != 7 for detail in details):
        raise Refused("bad_columns", "列数不符")
    lines = [Line(digits_of(number, "行号"), reference, fen_of(amount), bank, account, holder, purpose)
             for number, reference, account, holder, bank, amount, purpose in details]
    return instruction("CCB", head[1], moment_of(head[2]), lines, count=digits_of(head[3], "笔数"), fen=fen_of(head[4]))


def _bob(content: bytes) -> Instruction:
    lines_before = [line.decode("gb18030") for line in _proved(content, "校验,".encode("gb18030"), "gb18030")]
    if lines_before[0:3:2] != BOB_HEAD:
        raise Refused("bad_columns", "表头不符")
    run = lines_before[1].split(",")
    rows = [detail.split(",") for detail in lines_before[3:]]
    if len(run) != 4 or any(len(row) != 6 for row in rows):
        raise Refused("bad_columns", "列数不符")
    lines = [Line(digits_of(number, "序号"), reference, fen_of(amount), "BOB_UNION_CARD", account, holder, purpose)
             for number, reference, account, holder, amount, purpose in rows]
    return instruction("BOB_UNION_CARD", run[0], moment_of(run[1]), lines, count=digits_of(run[2], "笔数"), fen=fen_of(run[3]))


@cache
def _schema() -> object:
    """The standard's own schema, as the package `sepaxml` ships it."""
    try:
        place = Path(str(importlib.import_module("sepaxml").__file__)).parent / "schemas" / SCHEMA
        return importlib.import_module("xmlschema").XMLSchema(str(place))
    except ModuleNotFoundError as error:        # both come with the development extra only
        raise Refused("no_schema", f"本机没有 {error.name}，不能核对 pain.001；请安装开发依赖") from None


def _pain(content: bytes) -> Instruction:
    if not content.startswith(DECLARED):
        raise Refused("bad_coding", "须以 UTF-8 的 XML 声明开头")
    if b"<!DOCTYPE" in content.upper():
        raise Refused("doctype", "文件带有 DOCTYPE")
    try:
        root = Xml.fromstring(content)
        valid = _schema().is_valid(content.decode("utf-8"))      # type: ignore[attr-defined]
    except (Xml.ParseError, UnicodeDecodeError):
        raise Refused("not_xml", "不是完整的 UTF-8 XML") from None
    if not valid:
        raise Refused("schema", "不合 pain.001.001.09")
    head, blocks = _one(root, "CstmrCdtTrfInitn/GrpHdr"), root.findall(_path("CstmrCdtTrfInitn/PmtInf"))
    if len(blocks) != 1 or not _word(blocks[0], "DbtrAcct/Id/Othr/Id").isdigit():
        raise Refused("bad_block", "须恰有一个付款块，并写明付款账号")
    lines = [_transfer(place, one) for place, one in enumerate(blocks[0].findall(_path("CdtTrfTxInf")), 1)]
    for part in (head, blocks[0]):
        if (_word(part, "NbOfTxs"), fen_of(_word(part, "CtrlSum"))) != (str(len(lines)), sum(line.fen for line in lines)):
            raise Refused("wrong_total", "笔数或总金额不符")
    return instruction("ISO20022", _word(head, "MsgId"), _moment(_word(head, "CreDtTm")), lines, count=len(lines),
                       fen=sum(line.fen for line in lines))


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:              # the standard knows 24:00 and years of five digits
        raise Refused("bad_time", f"时间“{text[:30]}”不对") from None
    return at if at.tzinfo else at.replace(tzinfo=CHINA)


def _transfer(place: int, one: Xml.Element) -> Line:
    amount = _one(one, "Amt/InstdAmt")
    if amount.get("Ccy") != "CNY":
        raise Refused("bad_currency", f"第{place}笔的币种不是人民币")
    return Line(place, _word(one, "PmtId/EndToEndId"), fen_of(amount.text or ""), _word(one, "CdtrAgt/FinInstnId/Nm"),
                _word(one, "CdtrAcct/Id/Othr/Id"), _word(one, "Cdtr/Nm"), _word(one, "RmtInf/Ustrd"))


def _path(path: str) -> str:
    return "/".join(f"{{{PAIN}}}{name}" for name in path.split("/"))


def _one(parent: Xml.Element, path: str) -> Xml.Element:
    found = parent.find(_path(path))
    if found is None:
        raise Refused("missing", f"缺少 {path}")
    return found


def _word(parent: Xml.Element, path: str) -> str:
    return _one(parent, path).text or ""
