"""Words and values that several letters share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from services.core.clock import business_day
from services.core.errors import InputError
from services.core.identity import BANKS
from services.core.money import show, to_yuan
from services.core.settings import settings
from services.core.words import date_cn, uppercase
from services.enrolment.queries import computation_of
from services.models import Organisation, Paper, SlaClock
from services.notice.diseases import disease_words
from services.notice.files import File
from services.payment.queries import Receiver, shared
from services.releases.clock_policy import KINDS
from services.rulebook.dating import decisive_date, stated_date
from services.rulebook.parts import ClockRule
from services.rulebook.schema import RuleBook
from services.rulebook.waiting import Band, band
from services.sla.policy import budget, in_force
from services.sla.service import count

Values = dict[str, object]

WAYS = "登录进度查询页提交，或者将书面意见交所在单位工会"
_DIGITS = "零一二三四五六七八九十"
_DATING = {"event.diagnosed_on": "确诊之日", "event.specimen_on": "病检标本提取之日", "event.on": "事故发生之日",
           "event.settled_on": "结算之日", "event.stays.from": "入院之日"}
# An event by its kind, with its day: a stay's is the last one, a year's its end. It says what happened, not whether that is covered.
HAPPENED = {"inpatient": "截至{}住院治疗", "accident": "{}发生意外伤害", "property": "{}家中财产受损",
            "medical_year": "截至{}的年度医疗费用", "settlement": "{}结算住院医疗费用", "death": "{}身故",
            "consolation": "{}发生申领慰问金的事由"}
_EXTRA_PAPERS = {"withdrawal": "撤回申请书", "death_proof": "死亡证明", "kinship": "亲属关系证明", "consent": "个人信息单独同意书"}


def head(file: File, number: str, issued_on: date) -> Values:
    """What stands on every letter. The public code goes to people, never to the insurer."""
    values: Values = {
        "office_name": file.office.letter_organ, "number": number, "issued_on": issued_on,
        "addressee": addressee(file), "claim_no": file.claim.claim_no, "plan_name": file.book.name,
        "person_name": file.person.name, "person_role": "被保险人" if file.claim.route == "insurer" else "会员",
        "person_deceased": file.claim.died, "contact": contact(file.office), "instead_of": file.instead_of}
    if file.notice.recipient != "insurer":
        values |= {"progress_url": f"{settings().public_url.rstrip('/')}/progress", "public_code": file.claim.code}
    return values


def addressee(file: File) -> str:
    """王某同志; an organ by its full name."""
    return file.notice.recipient_name if file.notice.recipient == "insurer" else f"{file.notice.recipient_name}同志"


def contact(office: Organisation) -> str | None:
    """联系方式 of the signing organ; bare digits are a telephone."""
    if office.contact and re.fullmatch(r"[\d\-转 ]+", office.contact):
        return f"{office.letter_organ}，电话{office.contact}"
    return office.contact


def clock_due(clock: SlaClock) -> Values:
    """A clock that runs or ran."""
    return {"on": clock.due_on, "words": clock.words, "provisional": clock.provisional}


def counted(file: File, kind: str, start: date) -> Values:
    """The plan's rule of a clock counted from a day by the office's calendar, for a clock that starts with the letter."""
    found = count(rule_of(file, kind), start, cal=file.calendar)
    return {"on": found.due, "words": found.words, "provisional": found.provisional}


def rule_of(file: File, kind: str) -> ClockRule:
    """The plan's rule of one clock, with the days its clock has or (not begun yet) the office gives it. Raises InputError when the
    letter needs one the plan does not have.
    """
    rule = file.book.clocks.get(kind)
    if rule is None:
        raise InputError("clock_missing", f"计划“{file.book.plan}”没有“{kind}”时限", remedy="补全规则文件的 clocks",
                         field=f"clocks.{kind}")
    clock = file.clocks.get(kind)
    if clock is not None and not clock.subject:
        return rule.model_copy(update={"days": clock.budget, "clause": clock.clause})
    if kind not in KINDS:
        return rule
    return budget(rule, in_force(kind, file.book.plan, file.claim.org_key, business_day(file.notice.drafted_at), file.changes))


def pay_due(file: File) -> Values:
    """The promise of payment as its clock stands now."""
    clock = file.clocks.get("pay")
    if clock is None:
        raise InputError("pay_clock_missing", "本案没有给付时限", remedy="核对案件是否已完成材料核对", field="pay_due")
    return clock_due(clock)


def limitation(file: File) -> Values:
    """Until when the claim may be made anew: whole years from the event (保险法 26, or the plan's own)."""
    rule, start = rule_of(file, "limitation"), file.case.diagnosed_on
    year = start.year + rule.years
    # A limitation from 29 February ends on 28 February of other years.
    end = date(year, 2, 28) if (start.month, start.day) == (2, 29) and year % 4 else start.replace(year=year)
    return {"on": end, "words": f"自{date_cn(start)}起满{rule.years}年为{date_cn(end)}"}


def basis(book: RuleBook, clause: str) -> str:
    """《关爱女职工“安康保”管理办法》第十五条; a clause that already names its source stands alone."""
    title = re.match(r"《[^》]+》", book.source)
    return f"{title[0]}{clause}" if title and clause.startswith("第") else clause


def objection(file: File, issued_on: date) -> Values:
    """How to object to the office's decision; for an insured plan the union carries it to the insurer."""
    rule = rule_of(file, "objection")
    to = file.book.insurer if file.book.insurer else file.office.letter_organ
    ways = f"{WAYS}转交" if file.book.insurer else WAYS
    return {"to": to, "days": rule.days, "kind": rule.kind, "ways": ways, "due": counted(file, "objection", issued_on)}


def amount(fen: int) -> Values:
    """In figures and in words."""
    yuan = to_yuan(fen)
    return {"amount": show(yuan), "amount_words": uppercase(yuan)}


def payees(file: File, fen: int) -> list[Values]:
    """Who receives what of a sum, split as it is paid. Raises InputError when a payee has no account yet."""
    return [payee(receiver, part) for receiver, part in zip(file.receivers, shared(fen, file.receivers), strict=True) if part]


def payee(receiver: Receiver, fen: int) -> Values:
    """One receiver; heirs with relation and share."""
    if receiver.card is None:
        raise InputError("payee_card_missing", f"{receiver.person.name} 还没有收款账户", remedy="先登记领款人的银行卡",
                         field="payees.account")
    values: Values = {"name": receiver.person.name, "amount": show(to_yuan(fen)),
                      "bank": BANKS.get(receiver.card.bank, receiver.card.bank), "account_last4": receiver.card.last4}
    if receiver.relation:
        values |= {"relation": receiver.relation, "share": share_words(receiver)}
    return values


def share_words(receiver: Receiver) -> str:
    """1/2 → 二分之一; 1/1 → 全部."""
    num, den = receiver.payee.share_num, receiver.payee.share_den
    if num == den:
        return "全部"
    small = max(num, den) < len(_DIGITS)
    return f"{_DIGITS[den]}分之{_DIGITS[num]}" if small else f"{num}/{den}"


def you(file: File) -> str:
    """The member as the letter speaks to its reader."""
    return file.person.name if file.claim.died or file.notice.recipient != "member" else "您"


def event_words(file: File) -> str:
    """What was reported, as a clause: 2026年3月16日经示例医院确诊患乳腺恶性肿瘤（C50.900）."""
    event, day = file.claim.event, date_cn(file.case.diagnosed_on)
    if file.case.event_kind != "diagnosis":
        return HAPPENED[file.case.event_kind].format(day)
    icd10, named = event.get("icd10"), event.get("disease")
    disease = str(named) if named else disease_words(str(icd10)) if icd10 else ""
    return f"{day}经{file.case.hospital or '医院'}确诊" + (f"患{disease}" if disease else "")


def dated(file: File) -> tuple[date, str, Band]:
    """The decisive day, what it is called, and the band it falls in."""
    words = computation_of(file.cover, file.claim.event)
    day = decisive_date(file.book, words)
    fact = next(fact for fact in file.book.dated_by if stated_date(words, fact) == day)
    return day, _DATING.get(fact, "事件发生之日"), band(file.book, file.cover.effective, day, file.cover.renewal)


def facts(file: File, *, counted_day: bool = True) -> list[str]:
    """The facts a decision rests on, as sentences without full stop; `counted_day` false where the letter counts it
    elsewhere.
    """
    cover, (day, what, found) = file.cover, dated(file)
    shares = f"，共{cover.shares}份" if file.book.shares.max and file.book.shares.max > 1 else ""
    how = "连续" if cover.renewal else ""
    listed = [f"{you(file)}自{date_cn(cover.effective)}起{how}参加本项保障{shares}，保障期至{date_cn(cover.until)}",
              event_words(file)]
    if counted_day:
        listed.append(f"{what}{date_cn(day)}为保障生效后第{found.day}日")
    if file.claim.died and file.person.died_on:
        listed.append(f"{file.person.name}于{date_cn(file.person.died_on)}去世")
    return listed


def waiting_words(file: File) -> str:
    """How the day was counted and in which stretch of days it lies."""
    day, what, found = dated(file)
    counted_as = f"自生效之日{date_cn(file.cover.effective)}作为第1日起算，{what}{date_cn(day)}为第{found.day}日"
    span = file.book.waiting.days if file.book.waiting else (
        file.book.bands.ranges.get(found.band) if file.book.bands else None)
    if span is None or span.low is None:
        return counted_as
    return f"{counted_as}，在第{span.low}日至第{span.high}日之间" if span.high else f"{counted_as}，在第{span.low}日以后"


def benefit_name(book: RuleBook, code: str) -> str:
    """The benefit in the plan's words."""
    found = book.benefits.get(code)
    return found.name if found else code


def paper_name(book: RuleBook, kind: str) -> str:
    """A kind of paper in the plan's words."""
    return next((paper.name for paper in book.papers if paper.kind == kind), _EXTRA_PAPERS.get(kind, kind))


def by_kind(papers: Iterable[Paper]) -> dict[str, list[Paper]]:
    """Papers on file by kind, each kind once."""
    found: dict[str, list[Paper]] = {}
    for paper in papers:
        found.setdefault(paper.kind, []).append(paper)
    return found


def effect(file: File, codes: Iterable[str]) -> str | None:
    """What becomes of the cover after these benefits are paid, in words."""
    closed = set().union(*(file.book.closed_by(code) for code in codes)) if codes else set()
    if closed and closed == set(file.book.benefits):
        return "本次给付后，本期保障责任终止"
    if closed:
        names = "、".join(benefit_name(file.book, code) for code in file.book.benefits if code in closed)
        return f"本期内不再给付{names}，其余保障在期内继续有效"
    if file.book.once_per and file.book.once_per.disease:
        return "本保障期内，同一疾病不重复给付"
    return None


def total(lines: Iterable[Values]) -> Decimal:
    """Sum of lines in yuan."""
    return sum((Decimal(str(line["amount"])) for line in lines), Decimal("0.00"))
