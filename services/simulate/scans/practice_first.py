"""Practice sheets, first set: drawn after what such papers carry nationwide, before anybody saw how they are read.

They measure how far the rules reach beyond the layouts that they were made on.
"""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import GREY, RED, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _MONO, _SMALL = Look("song", 24), Look("hei", 23), Look("mono", 23), Look("hei", 19, GREY)


def _national_invoice(page: Page) -> None:
    """The electronic receipt of the Ministry of Finance for a stay (全国统一式样)."""
    facts = page.facts
    page.text(0, 50, "宁夏回族自治区医疗住院收费票据（电子）", Look("kai", 40, RED), width=1240, align="middle")
    for y, left, right in ((130, "票据代码：{code}", "票据号码：{number}"), (170, "交款人统一社会信用代码：", "校验码：{check}"),
                           (210, "交款人：{name}", "开票日期：{issued_on}")):
        page.text(90, y, left, _SONG)
        page.text(800, y, right, _SONG)
    rows = [(f"{{item_{place}}}", "1/项", f"{{cost_{place}}}", "", f"{{item_{place + 1}}}", "1/项", f"{{cost_{place + 1}}}", "")
            for place in range(0, 8, 2)]
    heads = ("项目名称", "数量/单位", "金额（元）", "备注") * 2
    below = page.table(80, 256, (200, 120, 140, 80) * 2, (heads, *rows), Look("song", 20), high=42)
    below = page.table(80, below, (240, 480, 120, 240), (("金额合计（大写）", "{amount_in_words}", "（小写）", "{amount}"),),
                       Look("song", 22), high=50)
    for place, text in enumerate((
            f"业务流水号：{facts['visit_no']}00271", "病例号：{case_no}", "住院号：{case_no}", "住院科别：{ward}",
            "住院时间：" + shifted(facts["issued_on"], -9).replace("-", "") + "-{issued_on~|bare}", "医疗机构类型：综合医院",
            "医保类型：职工基本医疗保险", "医保编号：6401{visit_no}", "性别：{sex~}", "医保统筹基金支付：{cost_0~}", "其他支付：0.00",
            "个人账户支付：{cost_1~}", "个人现金支付：{cost_2~}", "个人自付：{cost_3~}", "个人自费：{cost_4~}", "预缴金额：5000.00",
            "补缴金额：0.00", "退费金额：{cost_5~}")):
        page.text(90 + place % 3 * 370, below + 16 + place // 3 * 36, text, Look("song", 20))
    foot = below + 260
    page.text(90, foot, "收款单位（章）：{hospital}", _SONG)
    page.text(700, foot, "复核人：{doctor}", _SONG)
    page.text(930, foot, "收款人：{doctor2}", _SONG)
    page.seal(420, foot - 30, facts["hospital"], oval=True, middle="财务专用章")


def _digital_invoice(page: Page) -> None:
    """A fully digital invoice of the tax office for a clinic."""
    page.text(0, 40, "电子发票（普通发票）", Look("kai", 42, RED), width=1240, align="middle")
    page.text(820, 44, "发票号码：{number}", _SONG)
    page.text(820, 84, "开票日期：{issued_on|cn0}", _SONG)
    page.box(70, 140, 1170, 270)
    for x, side, who, code in ((80, "购\n买\n方", "{name}（个人）", ""), (630, "销\n售\n方", "{hospital}", "52640100MJY0123456")):
        page.text(x, 150, side, Look("song", 22, lead=1.3))
        page.text(x + 50, 160, f"名称：{who}", _SONG)
        page.text(x + 50, 214, f"统一社会信用代码/纳税人识别号：{code}", Look("song", 18))
    heads = ("项目名称", "规格型号", "单位", "数量", "单价", "金额", "税率/征收率", "税额")
    rows = [(f"*医疗服务*{{item_{place}}}", "", "项", "1", f"{{cost_{place}}}", f"{{cost_{place}}}", "免税", "***") for place in range(4)]
    y = page.table(70, 270, (250, 110, 80, 80, 150, 150, 150, 130), (heads, *rows), Look("song", 19), high=44, lines=False)
    page.text(120, y + 10, "合　　　计", _SONG)
    page.text(770, y + 10, "{amount~|yen}", _SONG)
    page.text(1060, y + 10, "***", _SONG)
    page.box(70, y + 50, 1170, y + 110)
    page.text(90, y + 66, "价税合计（大写）", _SONG)
    page.text(330, y + 66, "⊗ {amount_in_words}", _SONG)
    page.text(830, y + 66, "（小写）{amount|yen}", _SONG)
    page.text(90, y + 130, "备注：门诊号 {case_no}", _SONG)
    page.text(120, y + 200, "开票人：{doctor2}", _SONG)


def _fund_list(page: Page) -> None:
    """The national list of a fund's settlement (医疗保障基金结算清单), shortened."""
    cell = Look("song", 19)
    page.text(0, 50, "医疗保障基金结算清单", Look("song-bold", 36), width=1240, align="middle")
    page.text(70, 110, "清单流水号 {number}", cell)
    page.text(480, 110, "定点医疗机构名称 {hospital}", cell)
    page.text(70, 142, "医保结算等级 三级　　　医保编号 6401{visit_no}　　　病案号 {case_no}　　　申报时间 {settled_on~|cn}", cell)
    page.text(0, 178, "一、基本信息", Look("hei", 22), width=1240, align="middle")
    page.text(70, 212, "姓名 {name}　　性别 {sex~}　　出生日期 {born~|cn}　　年龄 {age} 岁　　国籍 中国　　民族 {folk}族", cell)
    page.text(70, 246, "证件类别 居民身份证　　证件号码 {id_number}　　职业 职员　　现住址 {address}", Look("song", 17))
    page.text(70, 280, "医保类型 职工基本医疗保险　　特殊人员类型 无　　参保地 银川市　　新生儿入院类型 —", cell)
    page.text(0, 314, "三、住院诊疗信息", Look("hei", 22), width=1240, align="middle")
    page.text(70, 348, "住院医疗类型 1.住院　　入院途径 2.门诊　　治疗类别 1.西医", cell)
    page.text(70, 382, "入院时间 {admitted_on|cn} 10 时　　入院科别 {ward}　　转科科别 —", cell)
    page.text(70, 416, "出院时间 {discharged_on|cn} 09 时　　出院科别 {ward}　　实际住院 {days} 天", cell)
    page.text(70, 450, "门（急）诊诊断（西医诊断） {disease}　　疾病代码 {icd}", cell)
    page.text(0, 490, "四、医疗收费信息", Look("hei", 22), width=1240, align="middle")
    page.text(70, 524, "业务流水号：{visit_no}0188　　票据代码：64060124　　票据号码：0003412277", cell)
    page.text(70, 558, "结算期间：{admitted_on~} 至 {settled_on}", cell)
    rows = [(f"{{item_{place}}}", f"{{cost_{place}}}", "", "", "", "") for place in range(5)]
    y = page.table(70, 600, (220, 200, 170, 170, 170, 170),
                   (("项目名称", "金额", "甲类", "乙类", "自费", "其他"), *rows, ("金额合计", "{total}", "", "", "", "")), cell, high=38)
    y = page.table(70, y + 10, (190, 400, 190, 320), (
        ("基金支付", "医保统筹基金支付", "{pool_fund_paid}", ""), ("", "职工大额补助", "{large_fund_paid}", ""),
        ("", "公务员医疗补助", "0.00", ""), ("", "医疗救助支付", "0.00", ""), ("个人支付", "个人自付", "{own_1}", "含起付标准"),
        ("", "先行自付", "{own_2}", ""), ("", "个人自费", "{own_expense}", ""), ("", "个人账户支付", "{account_paid}", ""),
        ("", "个人现金支付", "{cash_paid}", "")), cell, high=38)
    page.text(70, y + 14, "医保支付方式 3.按病种分值（DIP）", cell)
    page.text(70, y + 52, "定点医疗机构填报部门 病案室　　填报人 {doctor}　　"
              "医保经办机构 示例市医疗保障服务中心　　代码 640100", Look("song", 18))
    page.seal(960, y + 20, page.facts["hospital"], middle="医保办公室")


def _bureau_settlement(page: Page) -> None:
    """The insurance bureau's form, after the fields of the national insurance platform."""
    page.text(0, 60, "基本医疗保险住院医疗费用结算表", Look("song-bold", 36), width=1240, align="middle")
    page.text(80, 126, "结算ID：{number}　　　打印时间：{settled_on~} 15:20:11　　　单位：元", Look("song", 22))
    y = page.table(80, 168, (180, 180, 180, 180, 180, 180), (
        ("人员姓名", "{name}", "人员编号", "64{case_no}", "险种类型", "职工基本医疗保险"),
        ("医疗类别", "普通住院", "开始日期", "{admitted_on}", "结束日期", "{discharged_on}"),
        ("定点医药机构", ("{hospital}", 3), "住院天数", "{days}"),
        ("病种名称", ("{disease~}", 3), "结算时间", "{settled_on}"),
        ("医疗费总额", "{total}", "全自费金额", "{own_expense}", "先行自付金额", "{own_2}"),
        ("起付标准", "800.00", "统筹基金支出", "{pool_fund_paid}", "大额医疗费用补助基金支出", "{large_fund_paid}"),
        ("政策范围内个人负担", "{own_1}", "公务员补助支出", "0.00", "医疗救助基金支出", "0.00"),
        ("个人负担总金额", "{own_payment}", "个人账户支出", "{account_paid}", "个人现金支出", "{cash_paid}")), Look("song", 20), high=58)
    page.text(80, y + 24, "经办机构（盖章）　　　　经办人：{doctor}　　　　参保人（签字）：", Look("song", 22))
    page.seal(300, y + 50, "示例市医疗保障服务中心", middle="业务专用章")


def _graphic_pathology(page: Page) -> None:
    """A report with pictures: 病理图文报告, small print in the foot."""
    page.text(0, 60, "{hospital}", Look("song-bold", 38), width=1240, align="middle")
    page.text(0, 120, "病 理 图 文 报 告 单", Look("hei", 36), width=1240, align="middle")
    page.text(860, 176, "病理号：{number}", _SONG)
    y = 220.0
    for row in (("姓名：{name}", "性别：{sex~}", "年龄：{age}岁", "送检科室：{ward}"),
                ("住院号：{case_no}", "床号：{bed}", "送检医师：{doctor}", "送检单位：本院"),
                ("标本离体：{specimen_on} 09:40", "固定时间：{specimen_on~} 09:55", "", "签收：{received_on} 14:10")):
        for place, text in enumerate(row):
            page.text(90 + place * 270, y, text, Look("song", 21))
        y += 44
    page.line(80, y, 1160, y)
    page.text(90, y + 14, "送检材料：手术切除标本　　临床诊断：肿物性质待查", _SONG)
    for x in (150, 660):
        page.box(x, y + 64, x + 420, y + 350, fill=(226, 190, 214))
    page.text(90, y + 370, "肉眼所见：", Look("hei", 24))
    y = page.text(90, y + 406, prose.NAKED_EYE, _SONG, width=1060)
    page.text(90, y + 12, "镜下所见：", Look("hei", 24))
    y = page.text(90, y + 48, prose.MICROSCOPE, _SONG, width=1060)
    page.text(90, y + 20, "病理诊断：", Look("hei", 26))
    y = page.text(140, y + 62, "（送检标本）{disease}。", Look("song-bold", 27), width=980)
    page.line(80, y + 110, 1160, y + 110)
    page.text(90, y + 124, "报告医生：{doctor}　　审核医生：{doctor2}　　"
              "报告时间：{reported_on} 11:02:33　　打印时间：{reported_on~}", Look("song", 20))
    page.text(90, y + 160, "此报告仅供临床参考，如有疑问请于七日内与病理科联系", _SMALL)
    page.seal(960, y + 30, page.facts["hospital"], middle="病理诊断专用章")


def _consult(page: Page) -> None:
    """Another hospital's slides looked at again."""
    page.text(0, 80, "{hospital}病理科", Look("song", 34), width=1240, align="middle")
    page.text(0, 136, "切片会诊意见书", Look("song-bold", 42), width=1240, align="middle")
    page.text(840, 210, "会诊病理号：{number}", Look("song", 22))
    y = page.table(90, 256, (150, 200, 150, 200, 160, 200), (
        ("患者姓名", "{name}", "性 别", "{sex~}", "年 龄", "{age}"), ("原病理号", "B{case_no}", "会诊材料", "HE片6张", "蜡块", "2块"),
        ("采样日期", "{specimen_on}", "收片日期", "{received_on}", "签发日期", "{reported_on}")), Look("song", 22), high=56)
    y = page.text(100, y + 30, "原单位诊断意见：恶性肿瘤，请会诊。", _SONG, width=1040)
    page.text(100, y + 24, "会诊诊断意见", Look("hei-bold", 26))
    y = page.text(140, y + 70, "{disease}", Look("song", 28), width=960)
    y = page.text(100, y + 30, "建议：结合临床及影像学检查。", _SONG)
    page.text(560, y + 90, "会诊专家：{doctor}　　{doctor2}", _SONG)
    page.text(100, y + 170, "本意见根据所送切片作出，最终诊断以原单位为准。", _SMALL)
    page.seal(900, y + 110, page.facts["hospital"], middle="病理会诊专用")


def _statutory_fire(page: Page) -> None:
    """The statutory form of a finding (火灾事故认定书), its paragraphs headed as the form has them."""
    text = Look("song", 27, lead=1.8)
    page.text(0, 110, "{brigade}", Look("song-bold", 38), width=1240, align="middle")
    page.text(0, 180, "火灾事故认定书", Look("song-bold", 46), width=1240, align="middle")
    page.text(100, 260, "{number}", text, width=1040, align="right")
    y = page.text(100, 320, "　　火灾事故基本情况：{on|cn}{hour}，我大队接到报警称，位于{place}的{name}家发生火灾，大队立即调派力量到场，"
                  "{on~|cn}火灾被扑灭。" + prose.BURNT, text, width=1040)
    y = page.text(100, y, "　　经调查，对起火原因认定如下：起火部位为该住宅室内，起火点位于西北角，起火原因为{cause}。", text, width=1040)
    y = page.text(100, y, "　　" + prose.PROOF, text, width=1040)
    y = page.text(100, y, "　　" + prose.APPEAL, text, width=1040)
    page.text(780, y + 80, "（印章）", text)
    page.text(720, y + 130, "{issued_on|cn}", text)
    page.text(100, y + 220, f"　　当事人签收：　　　　　　　{shifted(page.facts['issued_on'], 3)}", text)
    page.text(100, y + 270, "一式三份，一份交当事人，一份抄送，一份附卷。", _SMALL)
    page.seal(820, y + 110, page.facts["brigade"])


def _quick_fire(page: Page) -> None:
    """The short form (火灾事故简易调查认定书): a grid that is filled in."""
    page.text(0, 90, "火灾事故简易调查认定书", Look("song-bold", 40), width=1240, align="middle")
    page.text(90, 164, "{number}", Look("song", 24), width=1060, align="right")
    y = page.table(90, 210, (150, 220, 130, 180, 130, 250), (
        ("起火单位\n（个人）", "{name}", "性别", "{sex~}", "联系电话", "13900000000"),
        ("身份证件", ("居民身份证 {id_number}", 3), "火灾类别", "住宅火灾"),
        ("详细地址", ("{place}", 5)), ("接警时间", ("{on~|cn}{hour}", 2), "起火时间", ("{on|cn}{hour}", 2)),
        ("火灾基本\n情况", (prose.BURNT, 5)), ("事故原因\n认定", ("经调查认定，起火原因为{cause}。", 5)),
        ("当事人\n意见", ("以上情况属实，无异议。签名：　　　　　　　{issued_on~|cn}", 5)),
        ("告知", (prose.APPEAL, 5))), Look("song", 23), high=70)
    page.text(90, y + 26, "火灾调查人员（签名）：{doctor}　{doctor2}", _SONG)
    page.text(760, y + 90, "{brigade}", _SONG)
    page.text(800, y + 132, "{issued_on|cn}", _SONG)
    page.seal(880, y + 110, page.facts["brigade"])


def _proof_slip(page: Page) -> None:
    """A slip of an outpatient department."""
    page.text(0, 60, "{hospital}", Look("song", 32), width=1240, align="middle")
    page.text(0, 108, "疾病证明单", Look("song-bold", 38), width=1240, align="middle")
    page.text(90, 190, "就诊卡号 {visit_no}　　　　　科别 {ward}　　　　　No {case_no}", Look("song", 22))
    page.text(90, 240, "患者 {name}　　{sex~}　　{age} 岁　　工作单位 {unit_name}", _SONG)
    page.text(90, 296, "病情诊断：{disease}", _SONG)
    page.text(90, 352, "病情摘要：因不适来诊，经检查明确。", _SONG)
    page.text(90, 408, "医嘱及建议：休息壹周，一周后复查（" + shifted(page.facts["diagnosed_on"], 7) + "）", _SONG)
    page.text(90, 480, "医生：{doctor}　　　　　　　　　　　　　　　　　{diagnosed_on|cn}", _SONG)
    page.text(90, 540, "注：未盖本院疾病证明专用章无效", _SMALL)
    page.seal(850, 470, page.facts["hospital"], middle="疾病证明专用章")


def _day_record(page: Page) -> None:
    """A record of discharge as an electronic chart prints it: labels and values in two columns, the diagnosis numbered."""
    page.text(0, 60, "{hospital}", Look("song-bold", 34), width=1240, align="middle")
    page.text(0, 114, "出　院　记　录", Look("song-bold", 38), width=1240, align="middle")
    page.text(90, 184, "姓名:{name}　　科室:{ward}　　床号:{bed}　　病案号:{case_no}", Look("song", 22))
    page.line(90, 222, 1150, 222)
    y = 240.0
    for left, right in (("姓　　名：{name}", "入院日期：{admitted_on|cn0} 15:06"),
                        ("性　　别：{sex~}", "出院日期：{discharged_on|cn0} 09:12"),
                        ("年　　龄：{age}岁", "住院天数：{days}天"),
                        ("民　　族：{folk}族", "记录日期：{discharged_on~|cn0}")):
        page.text(90, y, left, _SONG)
        page.text(640, y, right, _SONG)
        y += 42
    y = page.text(90, y + 8, "入院情况：" + prose.COMPLAINT, _SONG, width=1060)
    y = page.text(90, y + 8, "入院诊断：1.占位性病变待查", _SONG)
    y = page.text(90, y + 8, "诊疗经过：" + prose.COURSE, _SONG, width=1060)
    page.text(90, y + 8, "出院诊断：", _SONG)
    y = page.text(220, y + 8, "1.{disease}", _SONG)
    y = page.text(90, y + 8, "出院情况：" + prose.STATE, _SONG, width=1060)
    y = page.text(90, y + 8, "出院医嘱：" + prose.ADVICE, _SONG, width=1060)
    page.text(640, y + 60, "主治医师：{doctor}　　住院医师：{doctor2}", _SONG)
    page.seal(1000, y + 60, page.facts["hospital"], middle="病案室")


def _statement(page: Page) -> None:
    """A bank's list of movements."""
    page.text(0, 60, "{bank}个人账户交易明细清单", Look("song-bold", 34), width=1240, align="middle")
    page.text(80, 130, "户名：{name~}　　　　卡号/账号：{account}　　　　币种：人民币", Look("song", 22))
    until = shifted(page.facts["opened_on"], 180)
    page.text(80, 170, f"起始日期：{{opened_on~}}　　截止日期：{until}　　开户网点：{{branch}}", Look("song", 22))
    rows = [(shifted(page.facts["opened_on"], 20 * place), text, amount, "") for place, (text, amount) in
            enumerate((("工资", "5,320.00"), ("消费", "-210.50"), ("利息", "3.21"), ("转账", "-1,000.00")))]
    y = page.table(80, 216, (240, 300, 280, 260), (("交易日期", "摘要", "交易金额", "备注"), *rows), Look("song", 21), high=46)
    page.text(80, y + 20, "打印网点：{branch}　　打印柜员：0123　　流水号：2026{case_no}0001", Look("song", 20))


LAYOUTS = {
    "invoice": {"practice_national": (_national_invoice, (1240, 900)), "practice_digital": (_digital_invoice, (1240, 800))},
    "settlement": {"practice_fund_list": (_fund_list, (1240, 1450)), "practice_bureau": (_bureau_settlement, (1240, 860))},
    "pathology": {"practice_graphic": (_graphic_pathology, (1240, 1754)), "practice_consult": (_consult, (1240, 1300))},
    "fire": {"practice_statutory": (_statutory_fire, (1240, 1754)), "practice_quick": (_quick_fire, (1240, 1600))},
    "diagnosis": {"practice_slip": (_proof_slip, (1240, 680))}, "discharge": {"practice_record": (_day_record, (1240, 1600))},
    "bank_card": {"practice_statement": (_statement, (1240, 700))}}
