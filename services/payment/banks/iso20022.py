"""ISO 20022: pain.001.001.09 (customer credit transfer initiation) out, pain.002.001.10 (payment status report) in.

For banks that take the standard over a direct line. UTF-8, CNY, one payment block for the run, our reference as end-to-end id.
In a status report `ACSC` and `ACCC` say credited, `RJCT` returned; a status that is not final yet (`PDNG`, `ACSP` …) moves nothing
and is refused, so that the file is read when it is final. The report must repeat what was asked (`OrgnlTxRef`): amounts and
accounts are compared, never assumed.
"""

from __future__ import annotations

import xml.etree.ElementTree as Xml
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, cast

from services.core.clock import CHINA
from services.core.errors import InputError
from services.core.identity import BANKS
from services.core.money import to_yuan
from services.payment.banks.text import broken, fen, number, plain, sound
from services.payment.port import Answer, Batch, Order

_ASKED = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_TOLD = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
_FINAL = {"ACSC": "credited", "ACCC": "credited", "RJCT": "returned"}
_SAID = {"credited": "ACSC", "returned": "RJCT"}


class Iso20022Format:
    """pain.001 out and pain.002 back, see the module's text."""

    code = "ISO20022"
    name = "银企直联（ISO 20022）"
    needs_payer = True

    def file_name(self, batch: Batch) -> str:
        """`PAIN001_<run_no>.xml`."""
        return f"PAIN001_{batch.run_no}.xml"

    def write(self, batch: Batch) -> bytes:
        """One message, one block, one transaction a payment. InputError when the fund's own account is not registered."""
        if not batch.payer_account:
            raise InputError("payer_account_missing", "该计划专户的账号尚未登记，不能生成 ISO 20022 付款文件",
                             remedy="先登记专户的户名和账号", field="fund.account")
        total = _yuan(batch.total_fen)
        root = Xml.Element("Document", {"xmlns": _ASKED})
        message = Xml.SubElement(root, "CstmrCdtTrfInitn")
        head = Xml.SubElement(message, "GrpHdr")
        _text(head, "MsgId", batch.run_no, "run_no", 35)
        _text(head, "CreDtTm", _instant(batch.at))
        _text(head, "NbOfTxs", str(len(batch.orders)))
        _text(head, "CtrlSum", total)
        _text(Xml.SubElement(head, "InitgPty"), "Nm", batch.payer, "fund.holder", 140)
        block = Xml.SubElement(message, "PmtInf")
        _text(block, "PmtInfId", batch.run_no, "run_no", 35)
        _text(block, "PmtMtd", "TRF")
        _text(block, "NbOfTxs", str(len(batch.orders)))
        _text(block, "CtrlSum", total)
        _text(Xml.SubElement(block, "ReqdExctnDt"), "Dt", batch.at.astimezone(CHINA).date().isoformat())
        _text(Xml.SubElement(block, "Dbtr"), "Nm", batch.payer, "fund.holder", 140)
        account = _account(block, "DbtrAcct", batch.payer_account, "fund.account")
        _text(account, "Ccy", "CNY")
        agent = Xml.SubElement(Xml.SubElement(block, "DbtrAgt"), "FinInstnId")
        _text(Xml.SubElement(agent, "Othr"), "Id", "NOTPROVIDED")
        for order in batch.orders:
            _order(block, order)
        return _bytes(root)

    def check(self, order: Order) -> None:
        """InputError when this one could not be written."""
        _order(Xml.Element("PmtInf"), order)

    def recognises(self, content: bytes) -> bool:
        """Whether it is a status report of this standard."""
        return _TOLD.encode() in content[:1000]

    def read(self, content: bytes) -> list[Answer]:
        """The transactions' statuses; count and sum are those of what we asked, so a report in parts has less, never more."""
        root = _parsed(content)
        group = _one(root, "CstmrPmtStsRpt/OrgnlGrpInfAndSts")
        details = root.findall(_path("CstmrPmtStsRpt/OrgnlPmtInfAndSts/TxInfAndSts"))
        answers = [_read(line, detail) for line, detail in enumerate(details, 1)]
        asked, told = number(_word(group, "OrgnlNbOfTxs"), "笔数"), sum(answer.amount_fen for answer in answers)
        if not answers or len(answers) > asked:
            raise broken("笔数不符")
        if (told != fen(_word(group, "OrgnlCtrlSum"))) if len(answers) == asked else (told > fen(_word(group, "OrgnlCtrlSum"))):
            raise broken("总金额不符")
        return sound(answers)

    def answer(self, run_no: str, answers: Sequence[Answer]) -> bytes:
        """A status report as the bank would write it."""
        root = Xml.Element("Document", {"xmlns": _TOLD})
        report = Xml.SubElement(root, "CstmrPmtStsRpt")
        head = Xml.SubElement(report, "GrpHdr")
        _text(head, "MsgId", f"S{run_no}", "run_no", 35)
        _text(head, "CreDtTm", _instant(max(answer.bank_time for answer in answers)))
        group = Xml.SubElement(report, "OrgnlGrpInfAndSts")
        _text(group, "OrgnlMsgId", run_no)
        _text(group, "OrgnlMsgNmId", "pain.001.001.09")
        _text(group, "OrgnlNbOfTxs", str(len(answers)))
        _text(group, "OrgnlCtrlSum", _yuan(sum(answer.amount_fen for answer in answers)))
        block = Xml.SubElement(report, "OrgnlPmtInfAndSts")
        _text(block, "OrgnlPmtInfId", run_no)
        for answer in answers:
            _status(block, answer)
        return _bytes(root)


def _order(block: Xml.Element, order: Order) -> None:
    one = Xml.SubElement(block, "CdtTrfTxInf")
    _text(Xml.SubElement(one, "PmtId"), "EndToEndId", order.reference, "reference", 35)
    amount = Xml.SubElement(Xml.SubElement(one, "Amt"), "InstdAmt", {"Ccy": "CNY"})
    amount.text = _yuan(order.amount_fen)
    agent = Xml.SubElement(Xml.SubElement(one, "CdtrAgt"), "FinInstnId")
    _text(agent, "Nm", BANKS.get(order.bank, order.bank), "bank_card.bank", 140)
    _text(Xml.SubElement(one, "Cdtr"), "Nm", order.holder, "person.name", 140)
    _account(one, "CdtrAcct", order.account, "bank_card.number")
    _text(Xml.SubElement(one, "RmtInf"), "Ustrd", order.purpose, "purpose", 140)


def _status(block: Xml.Element, answer: Answer) -> None:
    one = Xml.SubElement(block, "TxInfAndSts")
    _text(one, "OrgnlEndToEndId", answer.reference)
    _text(one, "TxSts", _SAID[answer.status])
    if answer.reason:
        _text(Xml.SubElement(one, "StsRsnInf"), "AddtlInf", answer.reason, "reason", 105)
    _text(one, "AccptncDtTm", _instant(answer.bank_time))
    _text(one, "AcctSvcrRef", answer.serial, "serial", 35)
    asked = Xml.SubElement(one, "OrgnlTxRef")
    Xml.SubElement(Xml.SubElement(asked, "Amt"), "InstdAmt", {"Ccy": "CNY"}).text = _yuan(answer.amount_fen)
    _text(Xml.SubElement(Xml.SubElement(asked, "Cdtr"), "Pty"), "Nm", answer.holder, "holder", 140)
    _account(asked, "CdtrAcct", answer.account, "account")


def _read(line: int, detail: Xml.Element) -> Answer:
    status = _word(detail, "TxSts")
    if status not in _FINAL:
        raise InputError("bank_file_open", f"第{line}笔的状态 {status} 还不是最终结果", field="file",
                         remedy="等银行给出最终状态（ACSC、ACCC 或 RJCT）后再上传")
    amount = _one(detail, "OrgnlTxRef/Amt/InstdAmt")
    if amount.get("Ccy") != "CNY":
        raise broken(f"第{line}笔的币种不是人民币")
    reason = detail.find(_path("StsRsnInf/AddtlInf"))
    return Answer(line, _word(detail, "OrgnlEndToEndId"), fen((amount.text or "").strip()),
                  cast('Literal["credited", "returned"]', _FINAL[status]), _word(detail, "OrgnlTxRef/CdtrAcct/Id/Othr/Id"),
                  _word(detail, "OrgnlTxRef/Cdtr/Pty/Nm"), _word(detail, "AcctSvcrRef"), _moment(_word(detail, "AccptncDtTm")),
                  (reason.text or "") if reason is not None else "")


def _text(parent: Xml.Element, name: str, value: str, field: str = "", most: int = 140) -> None:
    if len(value) > most:
        raise InputError("bank_file_width", f"“{value}”超过银行文件允许的 {most} 字", remedy="请按开户资料核对", field=field)
    Xml.SubElement(parent, name).text = plain(value, field=field)


def _account(parent: Xml.Element, name: str, digits: str, field: str) -> Xml.Element:
    account = Xml.SubElement(parent, name)
    _text(Xml.SubElement(Xml.SubElement(account, "Id"), "Othr"), "Id", digits, field, 34)
    return account


def _bytes(root: Xml.Element) -> bytes:
    Xml.indent(root)
    body: bytes = Xml.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def _parsed(content: bytes) -> Xml.Element:
    """The document, in UTF-8 whatever it says of itself: in another coding a DOCTYPE would not be seen.

    One with a DOCTYPE is not looked at: no bank sends one, and entities are how XML is made to harm.
    """
    if b"<!DOCTYPE" in content.upper():
        raise broken("文件带有 DOCTYPE")
    try:
        if "\0" in content.decode("utf-8"):         # UTF-16 is known by its zeros, before any declaration
            raise broken("不是 UTF-8 文件")
        return Xml.fromstring(content, Xml.XMLParser(encoding="utf-8"))
    except (Xml.ParseError, UnicodeDecodeError):
        raise broken("不是完整的 UTF-8 XML") from None


def _path(path: str) -> str:
    return "/".join(f"{{{_TOLD}}}{name}" for name in path.split("/"))


def _one(parent: Xml.Element, path: str) -> Xml.Element:
    found = parent.find(_path(path))
    if found is None:
        raise broken(f"缺少 {path}")
    return found


def _word(parent: Xml.Element, path: str) -> str:
    return (_one(parent, path).text or "").strip()


def _yuan(whole: int) -> str:
    return f"{to_yuan(whole):.2f}"


def _instant(at: datetime) -> str:
    return at.astimezone(CHINA).isoformat(timespec="seconds")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise broken(f"时间“{text}”不对") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
