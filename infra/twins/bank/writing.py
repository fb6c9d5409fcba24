"""The bank's return files in the four layouts, by its own hand."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as Xml
from collections.abc import Sequence

from infra.twins.bank.values import CHINA, Instruction, Result, stamp_of, yuan_of

END = b"\r\n"
PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
ENDINGS = {"ICBC": "txt", "CCB": "txt", "BOB_UNION_CARD": "csv", "ISO20022": "xml"}


def write(asked: Instruction, results: Sequence[Result], *, count: int | None = None) -> bytes:
    """A return file over some or all lines of a run. `count` lies about the number of lines, for the fault `wrong_total`."""
    said = len(results) if count is None else count
    if asked.layout == "ICBC":
        head = b"R0100" + _left(asked.run_no, 20) + b"%06d" % said
        return _closed([head, *map(_icbc, results)], b"T")
    if asked.layout == "CCB":
        rows = [f"#2|{asked.run_no}|{said}", *("|".join(_columns(one, "S", "F")) for one in results)]
        return _closed([row.encode("gbk") for row in rows], b"#9|")
    if asked.layout == "BOB_UNION_CARD":
        rows = [f"回单,{asked.run_no},{said}", *(",".join(_columns(one, "成功", "失败")) for one in results)]
        return _closed([row.encode("gb18030") for row in rows], "校验,".encode("gb18030"))
    return _pain(asked, results, len(asked.lines) if count is None else count)


def _closed(lines: Sequence[bytes], proof: bytes) -> bytes:
    body = b"".join(line + END for line in lines)
    return body + proof + hashlib.sha256(body).hexdigest().encode() + END


def _left(text: str, width: int) -> bytes:
    return text.encode("gbk")[:width].ljust(width)


def _icbc(one: Result) -> bytes:
    line = one.line
    return (b"A%06d" % line.number + _left(line.reference, 26) + b"%015d" % line.fen + (b"S" if one.credited else b"F")
            + _left(line.account, 32) + _left(line.holder, 60) + _left(one.serial, 24) + stamp_of(one.at).encode() + _left(one.why, 60))


def _columns(one: Result, good: str, bad: str) -> list[str]:
    line = one.line
    return [str(line.number), line.reference, line.account, line.holder, yuan_of(line.fen), good if one.credited else bad, one.serial,
            stamp_of(one.at), one.why]


def _pain(asked: Instruction, results: Sequence[Result], count: int) -> bytes:
    root = Xml.Element("Document", {"xmlns": PAIN})
    report = Xml.SubElement(root, "CstmrPmtStsRpt")
    at = max(one.at for one in results).astimezone(CHINA).isoformat(timespec="seconds")
    _texts(Xml.SubElement(report, "GrpHdr"), MsgId=f"B{asked.run_no}-{results[0].serial}"[:35], CreDtTm=at)
    _texts(Xml.SubElement(report, "OrgnlGrpInfAndSts"), OrgnlMsgId=asked.run_no, OrgnlMsgNmId="pain.001.001.09", OrgnlNbOfTxs=str(count),
           OrgnlCtrlSum=yuan_of(asked.fen))
    block = Xml.SubElement(report, "OrgnlPmtInfAndSts")
    _texts(block, OrgnlPmtInfId=asked.run_no)
    for one in results:
        status = Xml.SubElement(block, "TxInfAndSts")
        _texts(status, OrgnlEndToEndId=one.line.reference, TxSts="ACSC" if one.credited else "RJCT")
        if one.why:
            _texts(Xml.SubElement(status, "StsRsnInf"), AddtlInf=one.why)
        _texts(status, AccptncDtTm=one.at.astimezone(CHINA).isoformat(timespec="seconds"), AcctSvcrRef=one.serial)
        meant = Xml.SubElement(status, "OrgnlTxRef")
        Xml.SubElement(Xml.SubElement(meant, "Amt"), "InstdAmt", {"Ccy": "CNY"}).text = yuan_of(one.line.fen)
        _texts(Xml.SubElement(Xml.SubElement(meant, "Cdtr"), "Pty"), Nm=one.line.holder)
        _texts(Xml.SubElement(Xml.SubElement(Xml.SubElement(meant, "CdtrAcct"), "Id"), "Othr"), Id=one.line.account)
    body: bytes = Xml.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def _texts(parent: Xml.Element, **words: str) -> None:
    for name, word in words.items():
        Xml.SubElement(parent, name).text = word
