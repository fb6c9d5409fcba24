"""The letters desk: what waits to be posted, was posted, has no way left, waits to be opened, arrived; parcels and proofs written
down one by one or by the delivery sheet; and where a member wants to be told.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date

from fastapi import Response
from sqlmodel import Session

from services.access.actor import AT_CLAIMS, Role
from services.core.errors import HuzhuError, InputError, NotPermitted
from services.core.texts import written
from services.models.delivery import CHANNELS, MESSAGES
from services.notice import contacts as contacts_of
from services.notice import delivering, delivery_sheet, handing
from services.notice.attempts import OUTCOME_WORDS
from services.notice.channels import switched_on
from services.notice.receiving import receive
from services.reporting import letter_desk
from services.web import claim_words as words
from services.web.acts import day_of
from services.web.desks.claim import identified
from services.web.door import Audience, Pages
from services.web.downloads import saved
from services.web.language import N_
from services.web.menu import Item
from services.web.uploading import beside, files
from services.web.visit import Visit, whole

pages = Pages()
READERS: Audience = frozenset(AT_CLAIMS) | {Role.AUDITOR}
CLERKS: Audience = frozenset({Role.UNIT_CLERK})
MEMBERS: Audience = frozenset({Role.MEMBER})
BOXES = {"post": N_("待寄送"), "posted": N_("已寄出"), "stuck": N_("无法送达"), "waiting": N_("网上待阅"), "delivered": N_("已送达")}
WAYS = {"sms": N_("短信"), "wecom": N_("企业微信"), "mail": N_("电子邮件"), "portal": N_("网上查阅"), "paper": N_("纸质送达")}
OUTCOMES = {
    "calling": (N_("正在发出"), "busy"), "unreached": (N_("对方服务连接不上，稍后再发"), "busy"), "sent": (N_("已发出"), "quiet"),
    "refused": (N_("未能发出"), "stop"), "lost": (N_("没有回音，不再重发"), "busy"), "received": (N_("已到达手机或邮箱"), "quiet"),
    "failed": (N_("未到达"), "stop"), "posted": (N_("已寄出"), "quiet"), "opened": (N_("本人已打开"), "good"),
    "delivered": (N_("已送达"), "good"), "returned": (N_("退回"), "stop"), "unopened": (N_("逾期未打开，改用纸质"), "busy"),
    "stopped": (N_("收件人已停用这一方式"), "quiet")}
assert OUTCOMES.keys() == OUTCOME_WORDS.keys()
SAID = {"posted": N_("已登记寄出。"), "delivered": N_("已登记送达，时限由送达日起算。"),
        "returned": N_("已登记退回，文书改用下一种方式，没有的列入“无法送达”。"),
        "resent": N_("已改用所选方式。"), "sheet": N_("登记单已全部登记。"), "chosen": N_("已保存。今后的文书按此提醒。")}


@pages.get("/letters", roles=READERS, menu=Item(22, N_("文书送达")))
def desk(visit: Visit) -> Response:
    """A box of letters, filtered."""
    return _desk(visit)


def _desk(visit: Visit, problem: HuzhuError | None = None) -> Response:
    name = visit.query.get("box", "post")
    name = name if name in BOXES else "post"
    channel, number = visit.query.get("channel", ""), visit.query.get("number", "").strip()[:40]
    past = whole(visit.query.get("past", "0")) or 0
    (rows, more), waiting = visit.read(lambda session: (
        letter_desk.box(session, name, channel=channel, number=number, past=past), letter_desk.counts(session)))
    return visit.page("letters.html", problem=problem, box=name, boxes=BOXES, ways=WAYS, rows=rows, more=more, past=past,
                      channel=channel, number=number, counts=waiting, letters=words.LETTERS, said=SAID, size=letter_desk.PAGE,
                      may=visit.actor.has(*CLERKS))


@pages.get("/letters/sheet", roles=READERS)
def sheet(visit: Visit) -> Response:
    """送达登记单 of the paper letters that have not arrived."""
    found = visit.read(lambda session: letter_desk.lines(session, words.LETTERS))
    content = delivery_sheet.sheet(found, heading=f"{visit.actor.name} {visit.today:%Y-%m-%d}")
    return saved(content, f"送达登记单-{visit.today:%Y%m%d}.xlsx")


@pages.post("/letters/sheet", roles=CLERKS)
def hand_in(visit: Visit) -> Response:
    """The sheet filled in: every row, or none and which row is wrong."""
    def verb(session: Session) -> None:
        with beside("file"):
            sent = files(visit, "file")
            if not sent:
                raise InputError("file_missing", "没有选择文件", remedy="选择填好的送达登记单", field="file")
            told = delivery_sheet.read(sent[0].content)
        if not told:
            raise InputError("sheet_empty", "登记单没有填写任何一行", remedy="填写后再上传", field="file")
        handing.hand_in(session, told=told, actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _desk(visit, problem), then="/letters?box=posted", done="sheet")


@pages.get("/letters/{notice_id}", roles=READERS)
def letter(visit: Visit, notice_id: str) -> Response:
    """One letter with every way it went and what became of it."""
    return _letter(visit, notice_id)


def _letter(visit: Visit, notice_id: str, problem: HuzhuError | None = None) -> Response:
    wanted = identified(notice_id)
    found, state, went = visit.read(lambda session: letter_desk.one(session, wanted))
    return visit.page("letter.html", problem=problem, letter=found, state=state, attempts=went, outcomes=OUTCOMES, ways=WAYS,
                      tried=visit.path.rsplit("/", 1)[-1], letters=words.LETTERS, states=words.LETTER_STATES, said=SAID,
                      channels=_open_ways(),
                      may=visit.actor.has(*CLERKS) and (state == "dispatched" or (state == "issued" and found.attempt > 0)))


def _open_ways() -> list[str]:
    return [way for way in CHANNELS if way not in MESSAGES or way in switched_on()]


def _on(visit: Visit) -> date | None:
    return day_of(visit, "on") if visit.field("on") else None


Verb = Callable[[Visit, Session, uuid.UUID], object]


def _posted(visit: Visit, session: Session, wanted: uuid.UUID) -> object:
    return delivering.posted(session, notice_id=wanted, tracking=visit.field("tracking"), on=_on(visit), actor=visit.actor, now=visit.now)


def _delivered(visit: Visit, session: Session, wanted: uuid.UUID) -> object:
    if not visit.field("proof"):
        raise InputError("proof_missing", "没有写明送达证明", remedy="写明谁签收、凭什么证明", field="proof")
    return receive(session, notice_id=wanted, proof=visit.field("proof"), on=_on(visit), actor=visit.actor, now=visit.now)


def _returned(visit: Visit, session: Session, wanted: uuid.UUID) -> object:
    why = written(visit.field("why"), "why")        # another form of the page has a field "reason"
    return delivering.came_back(session, notice_id=wanted, reason=why, on=_on(visit), actor=visit.actor, now=visit.now)


def _resent(visit: Visit, session: Session, wanted: uuid.UUID) -> object:
    return delivering.resend(session, notice_id=wanted, channel=visit.field("channel"), reason=visit.field("reason"), actor=visit.actor,
                             now=visit.now)


def _act(path: str, verb: Verb) -> None:
    @pages.post(f"/letters/{{notice_id}}/{path}", roles=CLERKS)
    def do(visit: Visit, notice_id: str) -> Response:
        """Written down, or refused with what was typed."""
        wanted = identified(notice_id)
        return visit.attempt(lambda session: verb(visit, session, wanted), again=lambda problem: _letter(visit, notice_id, problem),
                             then=f"/letters/{wanted}", done=path)


for _path, _verb in (("posted", _posted), ("delivered", _delivered), ("returned", _returned), ("resent", _resent)):
    _act(_path, _verb)


# --- where a member wants to be told --------------------------------------------------------------------------------------

@pages.get("/contacts", roles=MEMBERS)
def contacts(visit: Visit) -> Response:
    """The own channels, masked."""
    return _contacts(visit)


def _contacts(visit: Visit, problem: HuzhuError | None = None) -> Response:
    own = visit.actor.person_id
    if own is None:
        raise NotPermitted("person_missing", "账号没有对应的人员", remedy="请由本人办理")
    held = {row.channel: row for row in visit.read(lambda session: contacts_of.contacts(session, own))}
    return visit.page("contacts.html", problem=problem, held=held, channels=MESSAGES, ways=WAYS, open=switched_on(), said=SAID,
                      ranks=tuple(range(1, len(MESSAGES) + 1)))


@pages.post("/contacts", roles=MEMBERS)
def choose(visit: Visit) -> Response:
    """Each ticked channel with its address and place; the tick is the consent, its absence takes it back."""
    def verb(session: Session) -> None:
        ticked = [channel for channel in MESSAGES if visit.field(f"use-{channel}") == "yes"]
        ticked.sort(key=lambda channel: whole(visit.field(f"rank-{channel}")) or 9)
        contacts_of.choose(session, wanted=[contacts_of.Wanted(channel, visit.field(channel)) for channel in ticked],
                           actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _contacts(visit, problem), then="/contacts", done="chosen")
