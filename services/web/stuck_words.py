"""What the conditions of stopped work are called, and what is to be done, for the pages' languages (`reporting.stuck`)."""

from __future__ import annotations

from services.web.language import N_

# By condition: its words.
WORDS = {
    "database_held": N_("数据库里有会话一直占着锁，保存都在等它"),
    "worker_away": N_("没有后台进程在运行，到期的工作无人办理"),
    "work_waits": N_("后台进程在运行，但这类工作等了一刻钟以上"),
    "work_fails": N_("后台工作失败 5 次以上"),
    "work_put_away": N_("后台工作被推迟到一天以后"),
    "timetable_silent": N_("定时工作没有按时运行"),
    "claim_unmoved": N_("未结案件没有时限、文书或后台工作在推动"),
    "benefit_uncomputed": N_("核验已完成，但没有核算，也没有送审"),
    "level_without_person": N_("审核中的案件没有一级是开放的：无人可办"),
    "payment_unplanned": N_("已决定给付，但没有生成应付款项"),
    "insurer_payment_unplanned": N_("保险公司已决定给付，但没有登记应付款项"),
    "hold_forgotten": N_("案件暂停三十天以上，没有人过问"),
    "paper_unlooked": N_("材料上传后一小时没有检查"),
    "paper_lost": N_("材料的文件在文件库里丢失或损坏"),
    "letter_unissued": N_("文书拟好后没有签发，也没有后台工作"),
    "letter_lacks": N_("文书缺少内容，签发不了"),
    "roster_unfinished": N_("名册收下一小时仍未办完，也没有后台工作"),
    "handoff_unsent": N_("案卷已组好，没有送保险公司，也没有后台工作"),
    "handoff_unheard": N_("案卷送出三天，保险公司没有回执"),
    "message_unapplied": N_("保险公司的来文一天以上没有办成"),
    "run_unreleased": N_("付款批次提交三天，没有人复核放行"),
    "run_unwritten": N_("付款批次已放行，没有生成银行文件，也没有后台工作"),
    "run_unanswered": N_("银行文件发出三天，没有全部回盘"),
    "bank_line_unmatched": N_("银行回盘中有对不上的行，一天以上没有处理"),
    "card_missing": N_("退汇或缺账户的款项五天没有更正账户"),
    "credit_unsettled": N_("款项全部到账，案件没有转为已支付"),
    "settlement_faulty": N_("季度结算因故停下"),
    "settlement_forgotten": N_("季度结算没有办完，也没有后台工作"),
    "window_day_differs": N_("医院窗口的一天三天以上没有对平"),
    "seal_unexported": N_("审计记录的每日签名没有送到第二处"),
    "record_lost": N_("审计记录比前一日的签名所载的少"),
    "seal_beside_papers": N_("没有设置审计签名的第二处，签名与材料放在一起"),
    "request_late": N_("个人信息的申请过期没有答复"),
    "copy_unmade": N_("个人信息副本申请后一小时没有做好，也没有后台工作"),
    "hold_unreviewed": N_("依法保留到了复查日，没有人复查"),
    "backup_never": N_("从来没有备份过"),
    "backup_log_late": N_("持续备份停了：此后的记录没有备份"),
    "backup_papers_late": N_("材料没有跟着备份"),
    "backup_base_late": N_("每夜的全量备份没有做"),
    "backup_unproved": N_("备份一个多月没有核验过"),
    "store_space_low": N_("磁盘将满：材料、银行文件快要写不进去"),
    "place_unwritable": N_("文件夹写不进去：收不了材料，生成不了文件"),
    "store_unreachable": N_("存放材料的存储桶不应答：收不了材料"),
}

# By condition: what to do, where it is a sentence and not a command.
REMEDIES = {
    "hold_forgotten": N_("由办事处负责人打开 /claims/{subject} 核对暂停的事由；已消除的解除暂停，仍在的在 /stuck 搁置"),
    "backup_log_late": N_("核对备份处能否写入、huzhu backup stream 是否在运行（infra/runbooks/nights.md 第 12 夜）"),
    "backup_papers_late": N_("核对备份处能否写入、huzhu backup stream 是否在运行（infra/runbooks/nights.md 第 12 夜）"),
    "database_held": N_("按 infra/runbooks/nights.md 第 11 夜核对后结束会话 {subject}"),
    "claim_unmoved": N_("打开 /claims/{subject}，看“全部记录”的最后一步由谁接着办"),
    "level_without_person": N_("在 /team 上报上级，或由管理员为该级增加人员"),
    "paper_lost": N_("huzhu papers bring；备份里也没有的，再请申请人重交"),
    "letter_lacks": N_("打开 /letter-register，补齐后“再次签发”"),
    "roster_unfinished": N_("在 /book/rosters 重新上传同一份名册（已收的行不会重复）"),
    "handoff_unheard": N_("打电话给保险公司经办；需要时在 /handoffs 重送（同一案卷，不会重复立案）"),
    "message_unapplied": N_("看来文的原因；前一条来文缺失时先“收取回文”：huzhu stuck owe timetable.collect"),
    "run_unreleased": N_("由复核人打开 /runs/{subject} 放行或退回"),
    "run_unanswered": N_("向银行取回盘文件，在 /runs/{subject} 读入；款项不会重发"),
    "bank_line_unmatched": N_("在 /runs 的“对不上的行”中认领或写明理由"),
    "card_missing": N_("退汇的由经办人在 /book/returned 提出更换账户，财务在 /runs 确认；"
                       "没有账户或开户行不符的，在会员的“人员登记”页登记银行卡"),
    "settlement_faulty": N_("打开 /settlements 看原因，改正后再次运行原来的 huzhu settle 命令，已完成的分区不会重做"),
    "window_day_differs": N_("打开 /window 核对该日的差异，通知医院更正"),
    "record_lost": N_("huzhu audit verify；保留数据库原样，不要重启，通知审计人员"),
    "seal_beside_papers": N_("设置 HUZHU_AUDIT_PLACE（另一台机器的文件夹或只增不改的存储桶）后重启"),
    "request_late": N_("由经办人在 /privacy 答复"),
    "hold_unreviewed": N_("打开 /privacy/holds，仍需保留的另写复查日，不需要的提出解除"),
    "store_space_low": N_("df -h 核对，按 infra/runbooks/nights.md 第 5 夜清出空间或换大的磁盘；材料和数据库的日志不可删除"),
    "place_unwritable": N_("核对 {subject} 所指的文件夹："
                            "磁盘是否挂载、是否只读、是否属于运行系统的用户（infra/runbooks/nights.md 第 5 夜）"),
    "store_unreachable": N_("核对存储服务是否在运行，"
                             "再核对 HUZHU_STORE、HUZHU_STORE_ENDPOINT 和密钥（infra/runbooks/nights.md 第 5 夜）"),
}
