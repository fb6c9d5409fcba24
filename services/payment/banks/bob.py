"""北京银行 payment to union cards (工会会员互助服务卡·京卡): columns divided by commas. No public layout exists; this one is
ours (infra/runbooks/bank-files.md) and stands where the bank's own goes when an office signs its agreement.

GB18030, so that every name is carried; lines end in CRLF, amounts in yuan with two decimals; no value may contain a comma or a
quotation mark. Only union cards are paid: another bank's card is refused by name.

To the bank, `BOB_<run_no>.csv`:

    批次号,放行时间,笔数,总金额
    run_no,YYYYMMDDHHMMSS,count,total
    序号,付款编号,卡号,户名,金额,用途
    line,reference,account,holder,amount,purpose
    校验,SHA-256 of all bytes before this line

From the bank:

    回单,run_no,count
    line,reference,account,holder,amount,成功 or 失败,bank serial,bank time,reason
    校验,SHA-256
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from services.core.errors import InputError
from services.core.money import show, to_yuan
from services.payment.banks.text import broken, digest, fen, instant, joined, lines_of, number, plain, sound, stamp
from services.payment.port import Answer, Batch, Order

_CODING = "gb18030"
_CARD = "BOB_UNION_CARD"
_HEAD, _COLUMNS, _PROOF, _ANSWER = "批次号,放行时间,笔数,总金额", "序号,付款编号,卡号,户名,金额,用途", "校验", "回单"
_SAID = {"credited": "成功", "returned": "失败"}
_READ = {word: status for status, word in _SAID.items()}


def _line(*fields: tuple[str, str]) -> bytes:
    """One line from (value, field name) pairs."""
    for value, field in fields:
        if set(value) & set(',"'):
            raise InputError("bank_file_character", f"银行文件的值不能含有逗号或引号：{value}", remedy="请更正后再办理", field=field)
    return ",".join(plain(value, field=field) for value, field in fields).encode(_CODING)


def _proof(lines: Sequence[bytes]) -> bytes:
    return f"{_PROOF},{digest(lines)}".encode(_CODING)


def _amount(whole: int) -> str:
    return show(to_yuan(whole))


class BobFormat:
    """Divided columns, see the module's text."""

    code = _CARD
    name = "北京银行（工会会员·京卡）"
    needs_payer = False

    def file_name(self, batch: Batch) -> str:
        """`BOB_<run_no>.csv`."""
        return f"BOB_{batch.run_no}.csv"

    def write(self, batch: Batch) -> bytes:
        """Two lines of the run, one line a payment, the digest. InputError for a card that is no union card."""
        lines = [_HEAD.encode(_CODING), _line((batch.run_no, "run_no"), (stamp(batch.at), "at"), (str(len(batch.orders)), "count"),
                                              (_amount(batch.total_fen), "amount")), _COLUMNS.encode(_CODING)]
        lines += [self._order(line, order) for line, order in enumerate(batch.orders, 1)]
        return joined([*lines, _proof(lines)])

    def _order(self, line: int, order: Order) -> bytes:
        if order.bank != _CARD:
            raise InputError("bank_file_card", f"{order.holder} 的领款账户不是工会会员互助服务卡，不能由北京银行京卡批次支付",
                             remedy="改用其他银行的付款批次，或请会员登记京卡", field="bank_card.bank")
        return _line((str(line), "line"), (order.reference, "reference"), (order.account, "bank_card.number"),
                     (order.holder, "person.name"), (_amount(order.amount_fen), "amount"), (order.purpose, "purpose"))

    def check(self, order: Order) -> None:
        """InputError when this one could not be written."""
        self._order(1, order)

    def recognises(self, content: bytes) -> bool:
        """Whether it begins as a return file of this layout."""
        return content.startswith(f"{_ANSWER},".encode(_CODING))

    def read(self, content: bytes) -> list[Answer]:
        """The lines, after digest and count were proved."""
        *lines, proof = lines_of(content)
        if not lines or proof != _proof(lines):
            raise broken("校验值不符")
        header, *details = [line.decode(_CODING, "replace").split(",") for line in lines]
        if len(header) != 3 or number(header[2], "笔数") != len(details):
            raise broken("笔数不符")
        return sound([self._read(detail) for detail in details])

    def _read(self, detail: list[str]) -> Answer:
        if len(detail) != 9 or detail[5] not in _READ:
            raise broken("明细行不符")
        line, reference, account, holder, amount, status, serial, time, reason = detail
        return Answer(number(line, "行号"), reference, fen(amount), cast('Literal["credited", "returned"]', _READ[status]),
                      account, holder, serial, instant(time), reason)

    def answer(self, run_no: str, answers: Sequence[Answer]) -> bytes:
        """A return file as the bank would write it."""
        lines = [_line((_ANSWER, ""), (run_no, "run_no"), (str(len(answers)), "count"))]
        lines += [_line((str(item.line_no), "line"), (item.reference, "reference"), (item.account, "account"),
                        (item.holder, "holder"), (_amount(item.amount_fen), "amount"), (_SAID[item.status], "status"),
                        (item.serial, "serial"), (stamp(item.bank_time), "bank_time"), (item.reason, "reason"))
                  for item in answers]
        return joined([*lines, _proof(lines)])
