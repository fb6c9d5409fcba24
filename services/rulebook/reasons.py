"""Why a benefit pays nothing, and what a reviewer must see: codes with their Chinese words."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "not_in_cover": "决定日期不在保障期内",
    "prerequisite_missing": "未参加须先参加的计划",
    "not_eligible": "不符合参加条件",
    "excluded": "属于除外责任",
    "waiting_period": "在观察期（等待期）内",
    "band_differs": "不在本项待遇的保障日段内",
    "not_in_list": "所患疾病不在保障病种之内",
    "in_situ": "原位癌不在本项保障病种之内",
    "not_primary": "继发（转移）肿瘤，不属原发",
    "severity_differs": "严重程度与本项待遇不符",
    "condition_not_met": "不符合本项待遇的条件",
    "not_claimed": "未申报本项待遇所需的事实",
    "ended": "本项待遇已因先前给付终止",
    "already_paid_disease": "同一疾病已经给付",
    "one_of": "同一事件已按另一项待遇给付",
    "cap_reached": "已达最高给付额",
    "zero_amount": "按规则计算为零",
}

FLAGS: dict[str, str] = {
    "borderline_waiting": "观察期交界日，按有利于会员的解释计算，请高级审核确认",
    "late_report": "报案超过期限，请核实原因，不得仅因此拒付",
    "unverified_list": "病种目录未经核实，请确认疾病",
    "unverified_amount": "金额没有公开依据，须核定并写明理由",
    "unverified_version": "本版本的内容未经公开文本核实，请按办事处现行文本确认",
    "unverified_rate": "按推定的标准计算，未见公开文本，请核实",
    "shares_on_application": "份数超过一般限额，须有办事处批准，请核实批准文件",
    "exclusion_suspected": "疑似除外责任，请核实",
    "behaviour_assumed": "未给形态学性质码，按疾病编码推定",
    "severity_conflict": "严重程度与形态学性质码不一致",
    "code_conflict": "疾病编码与形态学性质码不一致，以性质码为准，请核对病理报告",
    "same_disease_check": "先前给付未记疾病编码，请确认不是同一疾病",
    "same_limb_assumed": "同组伤残项目按同一肢体取最高一项，请核实",
    "stay_outside_cover": "有住院日在保障期外，是否由续保的一年承担请核对条款",
    "annual_maximum_cut": "已按年度最高额截减",
}
