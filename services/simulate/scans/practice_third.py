"""Practice sheets, third set: drawn when the rules had met the first two and nothing of these."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import GREY, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _MONO, _SMALL = Look("song", 24), Look("hei", 23), Look("mono", 23), Look("hei", 19, GREY)


def _emergency(page: Page) -> None:
    """An emergency department's certificate in a running hand's order."""
    text = Look("song", 28, lead=2.0)
    page.text(0, 90, "{hospital}急诊科", Look("song", 30), width=1240, align="middle")
    page.text(0, 140, "病情诊断证明", Look("song-bold", 42), width=1240, align="middle")
    y = page.text(110, 240, "　　{name}，{sex~}，{age}岁，于{admitted_on~|cn}来院就诊。经查体及辅助检查，临床诊断：{disease}。"
                  "处理：对症治疗，收入{ward}进一步诊治。", text, width=1020)
    y = page.text(110, y + 20, "　　此证。", text)
    page.text(640, y + 60, "接诊医师　{doctor}", text)
    page.text(640, y + 120, "开具时间　{diagnosed_on|dot}", text)
    page.text(110, y + 120, "（医院盖章处）", text)
    page.seal(250, y + 120, page.facts["hospital"], middle="急诊诊断专用章")


def _immuno(page: Page) -> None:
    """A report with the numbers at the right and a foot of signatures."""
    page.text(0, 60, "{hospital}", Look("song-bold", 34), width=1240, align="middle")
    page.text(0, 112, "外科病理诊断报告", Look("song", 32), width=1240, align="middle")
    y = page.table(90, 180, (130, 170, 110, 110, 150, 150, 110, 130), (
        ("姓名", "{name}", "性别", "{sex~}", "住院号", "{case_no}", "年龄", "{age}岁"),
        ("病理编码", "{number}", "床号", "{bed}", "申请科别", "{ward}", "费别", "医保")), Look("song", 20), high=54)
    y = page.table(90, y, (360, 350, 350),
            (("手术标本取出　{specimen_on}", "病理科签收　{received_on}", "诊断报告　{reported_on}"),), Look("song", 21), high=54)
    y = page.text(90, y + 20, "巨体所见：" + prose.NAKED_EYE, _SONG, width=1060)
    y = page.text(90, y + 16, "光镜所见：" + prose.MICROSCOPE, _SONG, width=1060)
    y = page.text(90, y + 16, "诊断意见：{disease}", Look("song-bold", 27), width=1060)
    page.text(90, y + 16, "注：切缘及淋巴结情况见补充报告。", _SMALL)
    page.text(90, y + 90, "主诊医师：{doctor}　　　　　复诊医师：{doctor2}", _SONG)
    page.seal(950, y + 50, page.facts["hospital"], middle="病理科")


def _short_stay(page: Page) -> None:
    """A note at leaving, as a patient takes it home."""
    page.text(0, 70, "{hospital}", Look("hei-bold", 32), width=1240, align="middle")
    page.text(0, 120, "患者出院告知书（出院小结）", Look("hei", 30), width=1240, align="middle")
    y = page.table(90, 190, (180, 350, 180, 350), (
        ("患者", "{name}　{sex~}　{age}岁", "住院号", "{case_no}"), ("入院", "{admitted_on|cn0}", "出院", "{discharged_on|cn0}"),
        ("在院天数", "{days}", "科室/床号", "{ward}/{bed}")), _HEI, high=58)
    y = page.table(90, y, (180, 880), (("入院时诊断", "占位性质待定"), ("离院诊断", "{disease}（{icd}）"), ("治疗概况", prose.COURSE),
                                      ("带药及建议", prose.ADVICE)), _HEI, high=58)
    page.text(90, y + 40, "责任医师：{doctor}　　责任护士：{doctor2}　　打印时间：{discharged_on~} 08:51", _HEI)
    page.seal(960, y + 30, page.facts["hospital"], middle="出院办理处")


def _account_sheet(page: Page) -> None:
    """A province's settlement at once: two blocks, money at the right of each label, sums in words."""
    page.text(0, 60, "异地就医直接结算费用单（住院）", Look("song-bold", 34), width=1240, align="middle")
    page.text(80, 122, "就医地：{hospital}　　　　结算凭据号：{number}", _SONG)
    page.text(80, 164, "参保人：{name}　　证件号：{id_number}　　险种：职工医保", Look("song", 22))
    page.text(80, 206, "住院起止：{admitted_on|cn} 至 {discharged_on|cn}　　天数：{days}　　结算办理日期：{settled_on}", Look("song", 22))
    page.line(80, 250, 1160, 250)
    y = 264.0
    for left, one, right, two in (("费用总计", "total", "基本统筹支付", "pool_fund_paid"),
                                  ("其中 全自费", "own_expense", "大额医疗补助支付", "large_fund_paid"),
                                  ("先行自付（乙类）", "own_2", "公务员补助", ""), ("政策内个人自付", "own_1", "其他基金", ""),
                                  ("个人共负担", "own_payment", "账户支付", "account_paid")):
        for x, label, name in ((90, left, one), (650, right, two)):
            page.text(x, y, label, _SONG)
            page.text(x + 270, y, f"{{{name}|comma}}" if name else "0.00", _MONO, width=190, align="right")
        y += 50
    page.line(80, y + 4, 1160, y + 4)
    page.text(90, y + 16, "总费用大写：{total_words}", _SONG)
    page.text(90, y + 70, "经办：{doctor}　　患者签字：　　　　　单位：元", _SONG)
    page.seal(960, y + 40, page.facts["hospital"], middle="医保结算专用章")


def _county_receipt(page: Page) -> None:
    """An electronic receipt printed for a patient: labels without colons, QR code, the payee at the foot."""
    page.text(0, 40, "医疗门诊收费电子票据（告知单）", Look("hei", 32), width=1240, align="middle")
    page.box(1020, 90, 1150, 220)
    for place, text in enumerate(("电子票据代码 {code}　　电子票据号码 {number}",
            "电子校验码 {check}　　缴款人 {name}", "开具日期 {issued_on|slash} {clock}")):
        page.text(90, 100 + place * 44, text, _SONG)
    rows = [(f"{{item_{place}}}", f"{{cost_{place}}}", f"{{item_{place + 1}}}", f"{{cost_{place + 1}}}") for place in range(0, 6, 2)]
    y = page.table(80, 250, (300, 240, 300, 240), (("项目", "金额", "项目", "金额"), *rows), Look("song", 21), high=42)
    page.text(90, y + 18, "总金额 {amount} 元　　大写 {amount_in_words}", _SONG)
    page.text(90, y + 62, "统筹 {cost_0~}　账户 {cost_1~}　现金 {cost_2~}", _SONG)
    page.text(90, y + 110, "开票单位 {hospital}　　经办人 {doctor2}", _SONG)
    page.text(90, y + 160, "本告知单仅供查询，请登录财政票据查验平台下载电子票据", _SMALL)


def _village_fire(page: Page) -> None:
    """A notice of a finding with headings in brackets."""
    text = Look("kai", 28, lead=1.8)
    page.text(0, 100, "{brigade}", Look("kai", 36), width=1240, align="middle")
    page.text(0, 160, "火灾原因认定书", Look("song-bold", 44), width=1240, align="middle")
    page.text(0, 232, "{number}", text, width=1240, align="middle")
    y = 300.0
    for head, body in (("当事人情况", "{name}，{sex~}，{age}岁，系起火户户主"),
                       ("发生火灾时间", "{on|cn0}{hour}左右"), ("发生火灾地点", "{place}"),
                       ("火灾简要情况", prose.BURNT), ("火灾原因", "经勘验和询问，认定为{cause}"), ("救济途径", prose.APPEAL)):
        y = page.text(110, y, f"【{head}】" + body, text, width=1020) + 8
    page.text(110, y + 50, "调查人员：{doctor}、{doctor2}", text)
    page.text(640, y + 110, "{brigade}", text)
    page.text(640, y + 164, "二O二六年制　　签发日期：{issued_on}", Look("kai", 24))
    page.text(110, y + 230, f"收到本认定书日期：{shifted(page.facts['issued_on'], 2)}　　签收人：", Look("kai", 24))
    page.seal(860, y + 130, page.facts["brigade"])


def _wallet(page: Page) -> None:
    """A screen of a bank's program."""
    page.text(0, 60, "账户详情", Look("hei-bold", 34), width=1240, align="middle")
    y = 160.0
    for label, value in (("账户名", "{name~}"), ("银行卡号", "{account|groups}"), ("卡类型", "借记卡 Ⅰ类账户"), ("所属银行", "{bank}"),
                         ("开户网点", "{branch}"), ("开户日期", "{opened_on}")):
        page.text(100, y, label, Look("hei", 24, GREY))
        page.text(600, y, value, Look("hei", 25), width=540, align="right")
        y += 74


LAYOUTS = {
    "diagnosis": {"practice_emergency": (_emergency, (1240, 900))}, "pathology": {"practice_surgical": (_immuno, (1240, 1000))},
    "discharge": {"practice_leaving": (_short_stay, (1240, 1000))}, "settlement": {"practice_elsewhere": (_account_sheet, (1240, 740))},
    "invoice": {"practice_told": (_county_receipt, (1240, 700))}, "fire": {"practice_village": (_village_fire, (1240, 1300))},
    "bank_card": {"practice_screen": (_wallet, (1240, 700))}}
