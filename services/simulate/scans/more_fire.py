"""What other brigades write about fires: proofs, forms, decisions that tell more dates and more people than the two that count."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import GREY, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _KAI = Look("song", 28, lead=1.85), Look("hei", 24, lead=1.5), Look("kai", 30, lead=1.8)


def _days(page: Page) -> None:
    page.facts["taken_on"], page.facts["served_on"] = shifted(page.facts["on"], 1), shifted(page.facts["issued_on"], 3)


def _proof(page: Page) -> None:
    """A proof at somebody's request."""
    page.text(0, 130, "火 灾 证 明", Look("song-bold", 52), width=1240, align="middle")
    page.text(90, 226, "{number}", Look("song", 26), width=1060, align="right")
    y = page.text(110, 300, "{name}（身份证号：{id_number}）：", _SONG, width=1020)
    y = page.text(110, y, "　　{on|cn0}{hour}，我大队接到报警，{place}发生火灾，经及时扑救于当日扑灭。经调查，该起火灾的起火原因系{cause}。"
                  + prose.BURNT, _SONG, width=1020)
    y = page.text(110, y, "　　特此证明。", _SONG, width=1020)
    page.text(110, y + 60, "（此证明仅供当事人办理保险、互助理赔使用，涂改无效）", Look("song", 22, GREY))
    page.text(660, y + 150, "{brigade}", _SONG)
    page.text(690, y + 206, "{issued_on|gap}", _SONG)
    page.seal(840, y + 186, page.facts["brigade"])


def _form(page: Page) -> None:
    """A form: label above the value, many dates."""
    _days(page)
    page.text(0, 80, "{brigade}", Look("hei", 30), width=1240, align="middle")
    page.text(0, 130, "火灾事故认定书", Look("hei-bold", 44), width=1240, align="middle")
    y = 220.0
    small = Look("hei", 20, GREY)
    for row in ((("文书编号", "{number}"), ("受理日期", page.facts["taken_on"])), (("当事人", "{name}"), ("联系电话", "略")),
                (("起火日期", "{on}"), ("报警时间", "{on~} {hour}")), (("认定日期", "{issued_on}"), ("送达日期", page.facts["served_on"]))):
        for x, (label, value) in zip((100, 660), row, strict=True):
            page.text(x, y, label, small)
            page.text(x, y + 28, value, _HEI)
        y += 92
    for label, value in (("起火地点", "{place}"), ("起火原因", "{cause}。"), ("损失情况", prose.BURNT), ("认定依据", prose.PROOF),
                         ("权利告知", prose.APPEAL)):
        page.text(100, y, label, small)
        y = page.text(100, y + 28, value, _HEI, width=1040) + 20
    page.text(100, y + 30, "承办人：{doctor}　{doctor2}", _HEI)
    page.seal(900, y + 20, page.facts["brigade"])


def _decision(page: Page) -> None:
    """A decision with its parts in sentences of their own, the clerk's and neighbours' names among them."""
    _days(page)
    page.text(0, 120, "{brigade}\n火灾事故认定书", Look("song-bold", 42, lead=1.5), width=1240, align="middle")
    page.text(0, 262, "{number}", Look("song", 27), width=1240, align="middle")
    y = page.text(110, 330, "　　当事人{name}，{sex~}，{folk}族，住{address~}。", _SONG, width=1020)
    y = page.text(110, y, f"　　报警人{{doctor}}系邻居，于{{on|cn}}{{hour}}许报警。起火时间为{{on~|cn}}，起火部位位于{{place}}，承办人于"
                  f"{page.facts['taken_on']}到场勘验。", _SONG, width=1020)
    y = page.text(110, y, "　　综合分析，认定该起火灾事故的原因为：{cause}。" + prose.PROOF, _SONG, width=1020)
    y = page.text(110, y, "　　" + prose.APPEAL, _SONG, width=1020)
    page.text(110, y + 50, "承办人：{doctor2}", _SONG)
    page.text(620, y + 120, "{issued_on|cn0}（公章）", _SONG)
    page.seal(800, y + 110, page.facts["brigade"])
    page.text(110, y + 260, f"送达日期：{page.facts['served_on']}　　当事人（签名）：", Look("song", 24))


def _owner(page: Page) -> None:
    """A short form for a burnt dwelling: the owner, brackets, underlined blanks."""
    _days(page)
    page.text(0, 110, "居民住宅火灾原因证明书", Look("kai", 44), width=1240, align="middle")
    page.text(100, 190, "证明编号 {number}", Look("kai", 26))
    y = 270.0
    for label, value in (("户主姓名", "{name}"), ("火灾地址", "{place}"), ("发生日期", "{on|gap}"), ("起火原因", "{cause}"),
                         ("出警单位", "{brigade}")):
        page.text(110, y, f"【{label}】", _KAI)
        below = page.text(320, y, value, _KAI, width=800)
        for at in range(round((below - y) / 54)):
            page.line(310, y + 42 + at * 54, 1130, y + 42 + at * 54, thick=1, ink=GREY)
        y = below + 14
    page.text(110, y + 20, "本证明一式三份，户主、社区、消防救援机构各执一份。", Look("kai", 24))
    page.text(110, y + 90, "调查人 {doctor}　　审核人 {doctor2}", _KAI)
    page.text(700, y + 160, "出具日期 {issued_on|cn}", _KAI)
    page.seal(820, y + 120, page.facts["brigade"])


def _table(page: Page) -> None:
    """A grid in two columns, heads on the left of both; the number in the head, the decision in one wide cell."""
    _days(page)
    page.text(100, 80, "编号：{number}", Look("hei", 22), width=1040, align="right")
    page.text(0, 120, "火灾事故简易认定书", Look("hei-bold", 40), width=1240, align="middle")
    y = page.table(90, 200, (180, 350, 180, 350), (
        ("当事人姓名", "{name}", "证件号码", "{id_number}"), ("起火时间", "{on|slash}", "接警时间", "{on~|slash} {hour}"),
        ("起火场所", ("{place}", 3)), ("勘验日期", page.facts["taken_on"], "起火建筑", "砖混住宅")), _HEI, high=64)
    served = page.facts["served_on"].replace("-", "/")
    y = page.table(90, y, (1060,), (("火灾事故认定：\n{on~|cn}，{place~}起火，过火面积12平方米。经调查认定起火原因：{cause}。",),
                                   (prose.APPEAL,)), _HEI)
    y = page.table(90, y, (180, 350, 180, 350), (("认定人", "{doctor}", "批准人", "{doctor2}"),
                                                ("认定时间", "{issued_on|slash}", "送达时间", served)), _HEI, high=64)
    page.text(90, y + 40, "{brigade}（火灾事故调查专用章）", _HEI)
    page.seal(860, y + 30, page.facts["brigade"])


LAYOUTS = {"proof": (_proof, (1240, 1400)), "form": (_form, (1240, 1500)), "decision": (_decision, (1240, 1754)),
                    "owner": (_owner, (1240, 1300)), "table": (_table, (1240, 1300))}
