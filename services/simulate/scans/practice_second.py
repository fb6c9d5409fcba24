"""Practice sheets, second set: drawn when the rules had met the first one and nothing of these."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import BLUE, GREY, RED, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _MONO, _SMALL = Look("song", 24), Look("hei", 23), Look("mono", 23), Look("hei", 19, GREY)


def _phone_card(page: Page) -> None:
    """A card shown by a telephone."""
    page.text(0, 60, "我的证件", Look("hei-bold", 34), width=1240, align="middle")
    page.box(80, 140, 1160, 800, fill=(236, 243, 250), ink=(210, 220, 232), round_by=24)
    page.text(120, 170, "居民身份证电子证照", Look("hei-bold", 32, BLUE))
    y = 250.0
    for label, value in (("姓名", "{name}"), ("性别", "{sex}"),
                         ("民族", "{folk}"), ("出生日期", "{born|cn}"), ("公民身份号码", "{number}"),
                         ("签发机关", "{police}"), ("有效期限", "{valid_from|dot} - {valid_until|dot}")):
        page.text(130, y, label, Look("hei", 24, GREY))
        page.text(420, y, value, Look("hei", 26))
        y += 70
    page.text(130, 830, "仅供本人展示使用，截屏、打印、转发无效", _SMALL)


def _opening(page: Page) -> None:
    """A counter's slip on an account that was opened."""
    page.text(0, 60, "个人结算账户开户确认书", Look("song-bold", 36), width=1240, align="middle")
    page.text(80, 120, "开户机构：{bank}{branch}", _SONG)
    page.text(800, 120, "交易日期：{opened_on}", _SONG)
    y = page.table(80, 170, (200, 340, 200, 340), (
        ("客户名称", "{name~}", "证件号码", "{id_number}"), ("卡（账）号", "{account}", "账户类别", "个人Ⅰ类户"),
        ("币种钞汇", "人民币", "介质", "借记IC卡"),
        ("客户编号", "3302{case_no}", "交易流水", "0{visit_no}117")), Look("song", 22), high=58)
    page.text(80, y + 24, "柜员：00412　　授权：00388　　客户签名：", _SONG)
    page.seal(980, y + 20, "示例支行", radius=80, middle="业务清讫")


def _inpatient_proof(page: Page) -> None:
    """A certificate of an in-patient department of a hospital of Chinese medicine: two schools' diagnoses."""
    facts = page.facts
    page.text(0, 80, "{hospital}", Look("kai", 38), width=1240, align="middle")
    page.text(0, 140, "住院病人医学证明书", Look("song-bold", 40), width=1240, align="middle")
    page.text(880, 214, "存根号：{visit_no}", Look("song", 20))
    text = Look("song", 26, lead=1.9)
    y = page.text(100, 260, "姓　　名：{name}　　　性　　别：{sex~}　　　年　　龄：{age}", text)
    y = page.text(100, y, "病 案 号：{case_no}　　　科　　室：{ward}", text)
    y = page.text(100, y, "入院时间：{admitted_on~|cn}　　出院时间：{discharged_on~|cn}", text)
    y = page.text(100, y, "中医诊断：积病（气滞血瘀证）", text)
    y = page.text(100, y, "西医诊断：{disease}", text)
    y = page.text(100, y, "确诊时间：{diagnosed_on|cn}（依据病理）", text)
    y = page.text(100, y, "诊疗意见：" + prose.ADVICE, text, width=1040)
    page.text(560, y + 50, "经管医师：{doctor}　　科主任：{doctor2}", text)
    page.text(760, y + 110, f"填发日期：{shifted(facts['discharged_on'], 1)}", text)
    page.text(100, y + 220, "此证明未加盖公章无效，不作伤残鉴定依据", _SMALL)
    page.seal(920, y + 110, facts["hospital"], middle="医疗证明专用章")


def _cytology(page: Page) -> None:
    """A report on cells."""
    page.text(90, 70, "{hospital}", Look("hei-bold", 32))
    page.text(90, 118, "液基薄层细胞学检查报告", Look("hei", 30))
    page.text(850, 90, "检验号：{number}", Look("mono", 22))
    page.line(80, 176, 1160, 176, thick=2)
    y = 196.0
    for row in (("姓　名 {name}", "性　别 {sex~}", "年　龄 {age}岁"), ("就诊号 {visit_no}", "申请科室 {ward}", "申请医生 {doctor}"),
                ("样本类型 胸腹水", "采样时间 {specimen_on} 09:12", "收样时间 {received_on} 15:40")):
        for place, text in enumerate(row):
            page.text(90 + place * 350, y, text, Look("song", 22))
        y += 46
    page.line(80, y + 6, 1160, y + 6, thick=2)
    y = page.text(90, y + 30, "样本满意度：满意，细胞量＞40%", _SONG)
    y = page.text(90, y + 14, "镜下描述：" + prose.MICROSCOPE, _SONG, width=1060)
    y = page.text(90, y + 24, "诊断结果：可见恶性细胞，符合{disease}", Look("song-bold", 26), width=1060)
    y = page.text(90, y + 14, "补充意见：建议结合临床", _SONG)
    page.text(90, y + 80, "初筛医生 {doctor}　　　复核医生 {doctor2}　　　报告日期 {reported_on}", Look("song", 22))
    page.seal(950, y + 30, page.facts["hospital"], middle="病理科")


def _department(page: Page) -> None:
    """A grid of a pathologist's department with the three times in one row of the table and the finding in a cell."""
    page.text(0, 70, "{hospital}病理诊断中心", Look("song-bold", 34), width=1240, align="middle")
    page.text(0, 122, "常规石蜡组织诊断报告", Look("song", 30), width=1240, align="middle")
    y = page.table(90, 190, (140, 220, 140, 220, 140, 200), (
        ("受检者", "{name}", "性别/年龄", "{sex~}/{age}岁", "病检编号", "{number}"),
        ("送检单位", "本院", "送检科室", "{ward}", "送检医生", "{doctor}"),
        ("标本离体\n时间", "{specimen_on|slash}", "标本送达\n时间",
                "{received_on|slash}", "审签时间", "{reported_on|slash}")), Look("song", 20), high=60)
    y = page.table(90, y, (140, 920), (("大体检查", prose.NAKED_EYE), ("光镜检查", prose.MICROSCOPE), ("病理学\n诊　断", "{disease}。")),
                   Look("song", 22), high=80)
    page.text(90, y + 26, "报告者：{doctor2}　　　审签者：{doctor}　　　（签字有效，复印无效）", Look("song", 21))
    page.seal(940, y + 30, page.facts["hospital"], middle="病理诊断中心")


def _front_page(page: Page) -> None:
    """The front page of a case record (住院病案首页), shortened."""
    cell = Look("song", 20)
    page.text(90, 60, "医疗机构 {hospital}（组织机构代码：45500000X）", cell)
    page.text(0, 96, "住院病案首页", Look("song-bold", 38), width=1240, align="middle")
    page.text(90, 160, "医疗付费方式：1　　健康卡号：{visit_no}　　第 1 次住院　　病案号：{case_no}", cell)
    page.text(90, 200, "姓名 {name}　　性别 {sex~}　　出生日期 {born~|cn}　　年龄 {age} 岁　　国籍 中国", cell)
    page.text(90, 238, "身份证号 {id_number}　　职业 职员　　婚姻 2　　现住址 {address}", Look("song", 18))
    page.text(90, 276, "联系人姓名 {doctor2}　　关系 配偶　　地址 同上　　电话 13900000000", cell)
    page.text(90, 314, "入院途径 2　　入院时间 {admitted_on|cn} 11 时　　入院科别 {ward}　　病房 {bed}", cell)
    page.text(90, 352, "出院时间 {discharged_on|cn} 10 时　　出院科别 {ward}　　病房 {bed}　　实际住院 {days} 天", cell)
    page.text(90, 390, "门（急）诊诊断 待查　　疾病编码 R69.x00", cell)
    y = page.table(90, 430, (420, 230, 180, 230), (
        ("出院诊断", "疾病编码", "入院病情", "出院情况"),
        ("主要诊断：{disease}", "{icd}", "1", "好转"), ("其他诊断：", "", "", "")), cell, high=50)
    y = page.table(90, y + 20, (200, 330, 200, 330), (
        ("手术操作日期", "{admitted_on~}", "手术名称", "病灶切除术"), ("科主任", "{doctor}", "主治医师", "{doctor2}"),
        ("质控日期", "{discharged_on~}", "编码员", "{doctor}")), cell, high=48)
    page.text(90, y + 20, "住院费用（元）：总费用 38211.90　　（自付金额：5120.33）", cell)
    page.seal(960, y - 20, page.facts["hospital"], middle="病案统计科")


def _claims_sheet(page: Page) -> None:
    """An office's sheet that reimburses a stay, words of its own."""
    page.text(0, 70, "职工医疗保险住院费用报销审核单", Look("hei-bold", 34), width=1240, align="middle")
    page.text(80, 130, "报销编号：{number}", _SONG)
    page.text(760, 130, "办结日期：{settled_on|cn}", _SONG)
    y = page.table(80, 176, (170, 250, 170, 190, 150, 150), (
        ("参保职工", "{name}", "性别", "{sex~}", "年龄", "{age}"), ("就医医院", ("{hospital}", 3), "医院级别", "三级"),
        ("入院年月日", "{admitted_on|cn}", "出院年月日", "{discharged_on|cn}", "住院天数", "{days}")), Look("song", 21), high=54)
    y = page.table(80, y, (400, 140, 400, 140), (
        ("1.医疗费用发生总额", "{total}", "5.起付线以上个人按比例负担", "{own_1}"),
        ("2.统筹基金报销额", "{pool_fund_paid}", "6.乙类项目先行自付", "{own_2}"),
        ("3.大病补充医疗保险报销额", "{large_fund_paid}", "7.完全自费项目", "{own_expense}"),
        ("4.其他补助", "0.00", "8.个人实际负担合计", "{own_payment}")), Look("song", 20), high=54)
    page.text(80, y + 20, "审核人：{doctor}　　复核人：{doctor2}　　领款人签字：　　　　联系电话：", Look("song", 21))
    page.seal(960, y + 20, "示例市医疗保险事务中心", middle="审核专用章")


def _window_slip(page: Page) -> None:
    """A hospital's printed settlement for a stay, amounts to the right of dotted lines."""
    page.text(0, 50, "{hospital}", Look("song-bold", 32), width=1240, align="middle")
    page.text(0, 98, "医保患者出院结算明细", Look("song", 28), width=1240, align="middle")
    page.text(90, 156, "患者:{name}　住院号:{case_no}　科室:{ward}", Look("song", 22))
    page.text(90, 196,
              "住院日期:{admitted_on|dot}～{discharged_on|dot}　共{days}天　"
              "结算时间:{settled_on|dot} 10:02　结算序号:{number}", Look("song", 22))
    y = 250.0
    for label, name in (("住院总费用", "total"), ("医保基金支付（统筹）", "pool_fund_paid"),
                        ("大额互助支付", "large_fund_paid"), ("自付一", "own_1"),
                        ("自付二", "own_2"), ("自费", "own_expense"), ("个人应付", "own_payment"), ("账户支付", "account_paid")):
        page.text(110, y, f"{label} " + "." * round((640 - page.width(label, _SONG)) / 9), _SONG)
        page.text(820, y, f"{{{name}|comma}}", _MONO, width=200, align="right")
        y += 46
    page.text(110, y + 10, "个人应付（大写）：{own_words}", _SONG)
    page.text(110, y + 60, "收费员：{doctor}　　打印次数：1", _SMALL)
    page.seal(950, y + 10, page.facts["hospital"], middle="住院收费处")


def _machine_receipt(page: Page) -> None:
    """A printed receipt for outpatients of a city's finance bureau."""
    page.text(0, 40, "示例市医疗门诊收费票据", Look("song-bold", 34, RED), width=1240, align="middle")
    page.text(80, 104, "票据批次：{code}　　　　　　　№ {number}　　　　　　　就诊卡号：{visit_no}", _SONG)
    page.text(80, 144, "患者姓名：{name}　　性别：{sex~}　　医保类型：城镇职工　　社会保障卡号：6401{case_no}", Look("song", 22))
    rows = [(f"{{item_{place}}}", "项", "1", f"{{cost_{place}}}", f"{{cost_{place}}}") for place in range(5)]
    y = page.table(80, 186, (380, 120, 140, 200, 240),
            (("项目/规格", "单位", "数量", "单价", "金额(元)"), *rows), Look("song", 21), high=40)
    page.text(80, y + 14, "合计（大写）：{amount_in_words}　　　　　¥：{amount}", _SONG)
    page.text(80, y + 54, "医保统筹支付 {cost_0~}　个人账户支付 {cost_1~}　个人支付金额 {cost_2~}　其他 0.00", Look("song", 21))
    page.text(80, y + 100, "收费单位（盖章）：{hospital}　　收费员：{doctor2}　　{issued_on|cn0}", _SONG)
    page.seal(420, y + 60, page.facts["hospital"], radius=84, middle="收费专用章")


def _taxed_roll(page: Page) -> None:
    """An electronic invoice with a code, of a private clinic."""
    page.text(0, 40, "示例省增值税电子普通发票", Look("kai", 36, RED), width=1240, align="middle")
    for place, text in enumerate(("发票代码：{code}", "发票号码：{number}",
            "开票日期：{issued_on|cn0}", "校 验 码：0123 4567 8901 2345 6789")):
        page.text(820, 40 + place * 36, text, Look("song", 20))
    page.text(90, 210, "购买方　名　　称：{name}", _SONG)
    page.text(90, 250, "　　　　纳税人识别号：", _SONG)
    rows = [(f"*医疗服务*{{item_{place}}}", "1", f"{{cost_{place}}}", f"{{cost_{place}}}", "免税") for place in range(3)]
    y = page.table(80, 300, (420, 120, 200, 200, 140),
            (("货物或应税劳务、服务名称", "数量", "单价", "金额", "税率"), *rows), Look("song", 20), high=42)
    y = page.table(80, y, (240, 480, 120, 240),
            (("价税合计（大写）", "{amount_in_words}", "（小写）", "{amount|yen}"),), Look("song", 22), high=50)
    page.text(90, y + 16, "销售方　名　　称：{hospital}", _SONG)
    page.text(90, y + 56, "　　　　地 址、电 话：银川市示例路8号 0951-0000000", _SONG)
    page.text(90, y + 110, "收款人：{doctor}　　复核：{doctor2}　　开票人：{doctor2}　　销售方：（章）", _SONG)
    page.seal(980, y + 70, page.facts["hospital"], oval=True, middle="发票专用章")


def _listed_fire(page: Page) -> None:
    """A finding with its particulars numbered line by line."""
    text = Look("song", 27, lead=1.75)
    page.text(0, 110, "火灾事故认定书", Look("song-bold", 44), width=1240, align="middle")
    page.text(0, 184, "{number}", text, width=1140, align="right")
    y = 250.0
    for line in ("起火单位（户）：{name}", "单位（户）地址：{place}",
            "起火时间：{on|cn}{hour}", "起火部位：室内东侧", "起火点：距地面0.3米处",
                 "火灾原因：{cause}", "火灾损失：直接财产损失18600元", "伤亡情况：无"):
        y = page.text(110, y, line, text, width=1020)
    y = page.text(110, y + 10, "　　以上认定，" + prose.PROOF[2:], text, width=1020)
    y = page.text(110, y, "　　" + prose.APPEAL, text, width=1020)
    page.text(700, y + 60, "{brigade}", text)
    page.text(720, y + 110, "{issued_on|cn}", text)
    page.seal(840, y + 90, page.facts["brigade"])
    page.text(110, y + 220, "承办人：{doctor}、{doctor2}　　本文书已于" + shifted(page.facts["issued_on"], 4) + "送达", _SMALL)


def _brigade_proof(page: Page) -> None:
    """A brigade's attestation that it put a fire out."""
    text = Look("song", 29, lead=1.9)
    page.text(0, 120, "火灾情况证明", Look("song-bold", 44), width=1240, align="middle")
    page.text(100, 196, "编号：{number}", Look("song", 24))
    y = page.text(110, 270, "　　{on|cn}{hour}，{place}居民{name}（身份证号：{id_number}）家中发生火灾，我队接警后出动3车15人到场处置。"
                  "经调查，该起火灾的起火原因系{cause}所致，" + prose.BURNT, text, width=1020)
    y = page.text(110, y, "　　情况属实，特此证明。", text)
    page.text(680, y + 80, "{brigade}", text)
    page.text(700, y + 140, "{issued_on|cn}", text)
    page.seal(840, y + 110, page.facts["brigade"])


LAYOUTS = {
    "id_card": {"practice_phone": (_phone_card, (1240, 900))}, "bank_card": {"practice_opening": (_opening, (1240, 560))},
    "diagnosis": {"practice_inpatient": (_inpatient_proof, (1240, 1200))},
    "pathology": {"practice_cytology": (_cytology, (1240, 1100)), "practice_department": (_department, (1240, 1000))},
    "discharge": {"practice_front_page": (_front_page, (1240, 860))},
    "settlement": {"practice_claims": (_claims_sheet, (1240, 760)), "practice_window": (_window_slip, (1240, 860))},
    "invoice": {"practice_machine": (_machine_receipt, (1240, 640)), "practice_taxed": (_taxed_roll, (1240, 760))},
    "fire": {"practice_listed": (_listed_fire, (1240, 1500)), "practice_attested": (_brigade_proof, (1240, 1200))}}
