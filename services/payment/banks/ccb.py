"""建设银行 batch payment: columns divided by `|`. No public layout exists; this one is ours
(infra/runbooks/bank-files.md) and stands where the bank's own goes when an office signs its agreement.

GBK, lines end in CRLF, amounts in yuan with two decimals; no value may contain `|`.

To the bank, `CCB_<run_no>.txt`:

    #1|run_no|release time YYYYMMDDHHMMSS|count|total
    line|reference|account|holder|payee bank|amount|purpose
    #9|SHA-256 of all bytes before this line

From the bank:

    #2|run_no|count
    line|reference|account|holder|amount|S or F|bank serial|bank time|reason
    #9|SHA-256
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from services.core.errors import InputError
from services.core.money import show, to_yuan
from services.payment.banks.text import (
    STATUS,
    STATUS_READ,
    broken,
    digest,
    fen,
    gbk,
    instant,
    joined,
    lines_of,
    number,
    sound,
    stamp,
)
from services.payment.port import Answer, Batch, Order


def _line(*fields: tuple[str, str]) -> bytes:
    """One line from (value, field name) pairs."""
    for value, field in fields:
        if "|" in value:
            raise InputError("bank_file_character", f"银行文件的值不能含有“|”：{value}", remedy="请更正后再办理", field=field)
    return b"|".join(gbk(value, field=field) for value, field in fields)


def _amount(whole: int) -> str:
    return show(to_yuan(whole))


class CcbFormat:
    """Divided columns, see the module's text."""

    code = "CCB"
    name = "中国建设银行"
    needs_payer = False

    def file_name(self, batch: Batch) -> str:
        """`CCB_<run_no>.txt`."""
        return f"CCB_{batch.run_no}.txt"

    def write(self, batch: Batch) -> bytes:
        """Header, one line a payment, trailer with the digest."""
        lines = [_line(("#1", ""), (batch.run_no, "run_no"), (stamp(batch.at), "at"),
                       (str(len(batch.orders)), "count"), (_amount(batch.total_fen), "amount"))]
        lines += [self._order(line, order) for line, order in enumerate(batch.orders, 1)]
        return joined([*lines, b"#9|" + digest(lines).encode()])

    def _order(self, line: int, order: Order) -> bytes:
        return _line((str(line), "line"), (order.reference, "reference"), (order.account, "bank_card.number"),
                     (order.holder, "person.name"), (order.bank, "bank_card.bank"), (_amount(order.amount_fen), "amount"),
                     (order.purpose, "purpose"))

    def check(self, order: Order) -> None:
        """InputError when this one could not be written."""
        self._order(1, order)

    def recognises(self, content: bytes) -> bool:
        """Whether it begins as a return file of this layout."""
        return content.startswith(b"#2|")

    def read(self, content: bytes) -> list[Answer]:
        """The lines, after digest and count were proved."""
        *lines, trailer = lines_of(content)
        if not lines or trailer != b"#9|" + digest(lines).encode():
            raise broken("校验值不符")
        header, *details = [line.decode("gbk", "replace").split("|") for line in lines]
        if len(header) != 3 or number(header[2], "笔数") != len(details):
            raise broken("笔数不符")
        return sound([self._read(detail) for detail in details])

    def _read(self, detail: list[str]) -> Answer:
        if len(detail) != 9 or detail[5] not in STATUS_READ:
            raise broken("明细行不符")
        line, reference, account, holder, amount, status, serial, time, reason = detail
        return Answer(number(line, "行号"), reference, fen(amount),
                      cast('Literal["credited", "returned"]', STATUS_READ[status]), account, holder, serial,
                      instant(time), reason)

    def answer(self, run_no: str, answers: Sequence[Answer]) -> bytes:
        """A return file as the bank would write it."""
        lines = [_line(("#2", ""), (run_no, "run_no"), (str(len(answers)), "count"))]
        lines += [_line((str(item.line_no), "line"), (item.reference, "reference"), (item.account, "account"),
                        (item.holder, "holder"), (_amount(item.amount_fen), "amount"), (STATUS[item.status], "status"),
                        (item.serial, "serial"), (stamp(item.bank_time), "bank_time"), (item.reason, "reason"))
                  for item in answers]
        return joined([*lines, b"#9|" + digest(lines).encode()])
