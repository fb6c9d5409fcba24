"""Bank file layouts by bank code. Which one a run uses is data of the run, so there is nothing for settings to pick."""

from __future__ import annotations

from collections.abc import Mapping

from services.core.errors import InputError
from services.payment.banks.bob import BobFormat
from services.payment.banks.ccb import CcbFormat
from services.payment.banks.icbc import IcbcFormat
from services.payment.banks.iso20022 import Iso20022Format
from services.payment.port import BankFormat

FORMATS: Mapping[str, BankFormat] = {layout.code: layout for layout in (IcbcFormat(), CcbFormat(), BobFormat(), Iso20022Format())}


def layout_of(bank: str) -> BankFormat:
    """The layout of one bank. Raises InputError for a bank we have no account with."""
    found = FORMATS.get(bank)
    if found is None:
        raise InputError("bank_unknown", f"没有银行“{bank}”的付款文件格式", remedy=f"可用：{'、'.join(FORMATS)}", field="bank")
    return found


def recognised(content: bytes) -> BankFormat:
    """The layout a return file is written in. Raises InputError when it is none."""
    for layout in FORMATS.values():
        if layout.recognises(content):
            return layout
    raise InputError("bank_file_unknown", "不是可识别的银行回盘文件", remedy="请上传银行下发的原始回盘文件，不要另存或改动",
                     field="file")
