"""Words of `reporting.replay.words` that the pages say in other languages too: each stands here once more, to be translated."""

from __future__ import annotations

from services.web.language import N_

SAID = frozenset({
    N_("少付1万元及以上"), N_("少付1千元至不足1万元"), N_("少付100元至不足1千元"), N_("少付不足100元"), N_("不变"), N_("多付不足100元"),
    N_("多付100元至不足1千元"), N_("多付1千元至不足1万元"), N_("多付1万元及以上"), N_("早于文件的施行日"), N_("晚于文件的停办日"),
    N_("已归后一版规则"), N_("只算本文件施行日期管到的案件"), N_("假定本文件当时已经施行，全部已结案件都算"),
    N_("改过病情分级、核定过金额的案件，按冻结核算表所用的事实和金额重算；金额为核算表所算，实际决定的合计另列"),
    N_("本计划由{insurer}给付：差额是保险公司的，不是互助金的；保险公司核定的金额以其决定为准"),
    N_("其中 {n} 件在本次有变化的案件之后办理，仍按当时实际已付的金额扣减上限，没有随前案连带重算"),
    N_("组合计划（{names}）含有本计划的责任，其案件另按组合计划的文件测算，不在以上数中")})
