"""What a replay's keys are called, in Chinese; pages, workbooks and the command say the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.reporting.replay.reckoning import EARLIER, ENDED, LATER
from services.reporting.replay.telling import RANGES
from services.reporting.replay.views import Basis, Replay

RANGE_WORDS: Mapping[str, str] = dict(zip(RANGES, (
    "少付1万元及以上", "少付1千元至不足1万元", "少付100元至不足1千元", "少付不足100元", "不变", "多付不足100元", "多付100元至不足1千元",
    "多付1千元至不足1万元", "多付1万元及以上"), strict=True))
OUTSIDE: Mapping[str, str] = {EARLIER: "早于文件的施行日", ENDED: "晚于文件的停办日", LATER: "已归后一版规则"}
BASES: Mapping[Basis, str] = {"governed": "只算本文件施行日期管到的案件", "as_if": "假定本文件当时已经施行，全部已结案件都算"}
AS_FROZEN = "改过病情分级、核定过金额的案件，按冻结核算表所用的事实和金额重算；金额为核算表所算，实际决定的合计另列"
INSURED = "本计划由{insurer}给付：差额是保险公司的，不是互助金的；保险公司核定的金额以其决定为准"
ONLY_REPORTED = "只算报过案的：当时不在保障范围而没有报案的情形，不在以上数中"
UNASKED = "本文件新用到的事实（{facts}）当时没有问，按没有申报计算，影响可能算少或算多"
ADDED = "本文件新增的待遇（{names}）没有人为它报过案，以上数只含已有案件碰巧符合的"
LINKED = "其中 {n} 件在本次有变化的案件之后办理，仍按当时实际已付的金额扣减上限，没有随前案连带重算"
BUNDLES = "组合计划（{names}）含有本计划的责任，其案件另按组合计划的文件测算，不在以上数中"


def notes(found: Replay, say: Callable[..., str] = str.format) -> list[str]:
    """What a reader must know before using the sums; `say(words, **values)` brings the words into the reader's language."""
    said = [say(BASES[found.basis]), say(ONLY_REPORTED), say(AS_FROZEN)]
    if found.unasked:
        said.append(say(UNASKED, facts="、".join(found.unasked)))
    if found.added:
        said.append(say(ADDED, names="、".join(found.added)))
    if found.insurer:
        said.append(say(INSURED, insurer=found.insurer))
    if found.linked:
        said.append(say(LINKED, n=found.linked))
    if found.bundles:
        said.append(say(BUNDLES, names="、".join(found.bundles)))
    return said
