"""Which return files a run gets, in the order they are laid: faults of files come first, what is right comes after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from infra.twins.bank.faults import Faults
from infra.twins.bank.values import Instruction, Result
from infra.twins.bank.writing import write


def files(asked: Instruction, first: Sequence[Result], late: Sequence[Result], faults: Faults) -> Iterator[bytes]:
    """The run's return files.

    A line credited with another amount comes in a file of its own, so does one that nobody sent: a status report whose sum is not
    the run's would be refused whole, and the others must not wait for it.
    """
    meant = {line.reference: line.fen for line in asked.lines}
    right = [one for one in first if one.line.fen == meant[one.line.reference]]
    wrong = [one for one in first if one.line.fen != meant[one.line.reference]]
    whole = write(asked, right) if right else b""
    if right and faults.befalls("truncated_return", asked.run_no):
        yield whole[:len(whole) * 2 // 3]
    if right and faults.befalls("wrong_total", asked.run_no):
        yield write(asked, right, count=len(right) + 1 if asked.layout != "ISO20022" else len(right) - 1)
    if right:
        yield whole
    if right and faults.befalls("duplicate_return", asked.run_no):
        yield whole
    if wrong:
        yield write(asked, wrong)
    if faults.befalls("unmatched_line", asked.run_no):
        yield write(asked, [_stranger(first[0])])
    if late:
        yield write(asked, late)


def _stranger(one: Result) -> Result:
    return replace(one, line=replace(one.line, reference=f"X{one.line.reference}"[:26]), serial=f"X{one.serial}"[:24])
