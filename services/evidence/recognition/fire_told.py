"""What the sentences of a paper about a fire tell: whose house, where, and why. All that fits is weighed, the best is offered. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.evidence.recognition.common import a_name, found
from services.evidence.recognition.layout import Token
from services.evidence.recognition.lines import Found
from services.evidence.recognition.places import Reader
from services.evidence.recognition.values import days_in, written

PROSE = 0.89            # of a sentence: nothing on the sheet proves where it begins and ends
_N = r"([\u4e00-\u9fff·]{2,12}?)"
_HOUSE = (r"(?:的)?(?:家|户|自家|住宅|住处|住房|住所|房屋|居所|民房|平房|自建房|院落|院|宅|出租屋|商铺|店铺|门店|仓库|车库|厨房)"
          r"(?:内|中|里|处)?")
_BURNS = r"[^。;]{0,12}?(?:发生|突发|起火|失火|着火|火灾|冒烟|火情|火警)"
_PARTY = r"(?:当事人|户主|村民|居民|业主|房主|承租人|租户|住户|受灾人|事主|失火人|起火户|受灾户|屋主)"
# How a person is told of, and how much it says that the house was his. Whoever reports, sees or investigates a fire has none of these.
_PEOPLE = tuple((re.compile(pattern), weight) for pattern, weight in (
    (rf"(?:的|(?:室|号|户|组|村|栋|楼)(?!的)){_PARTY}?{_N}{_HOUSE}{_BURNS}", 3.0),
    (rf"(?<=[,、:;。报在系于])(?:{_PARTY}){_N}{_HOUSE}{_BURNS}", 3.0),
    (rf"关于{_N}{_HOUSE}(?:的)?(?:发生)?(?:火灾|起火|失火)", 3.0),
    (rf"(?:^|[\s,。:;])(?:兹?证明|兹有)?{_PARTY}?{_N}\s*\(\s*(?:男|女|身份证|公民身份|证件|住)", 2.6),
    (rf"(?:^|[。:;\s]){_N}\s*[,、]\s*[男女]\s*[,、]", 2.4),
    (rf"{_PARTY}\s*(?:为|是|系|:)?\s*{_N}(?=[\s(,、:;。的家男女]|位于|住宅|于|在|$)", 2.5),
    (rf"(?:房屋|住宅|该户)(?:系|为|是|属于?)?{_N}(?:所有|居住|使用|承租|租住)", 2.0),
    (rf"^\s*{_N}(?:同志|先生|女士)?\s*:$", 2.2),                     # to whom it is written
    (rf"(?:^|[,、:;。报在系于\d]){_N}{_HOUSE}{_BURNS}", 1.8),
    (rf"(?:签收|当事人签[名字])\s*:?\s*{_N}(?=[\s(,]|\d|$)", 1.2)))
_NOBODY = re.compile(r"各|一份|申请|出具|异议|送达|如|对|该|其|本|等|邻居|群众|路人|报警|指挥|派员|到场|现场|赶赴|发生|房|屋|楼|室|路|街"
                     r"|大队|支队|机构|人员|家中|家庭|起火|意见|认定|复核|通知|告知|陈述|签|收")


def who(reader: Reader) -> list[Found]:
    """The party: who is told of as the owner of the house, the same name at several places before one that stands once."""
    best: tuple[float, list[Found]] = (0.0, [])
    for text, tokens_of in _texts(reader):
        for pattern, weight in _PEOPLE:
            for match in pattern.finditer(text):
                read = a_name(match[1])
                if not read or read[0] != match[1] or _NOBODY.search(match[1]):
                    continue
                again = min(2, sum(token.text.count(match[1]) for token in reader.tokens) - 1)
                if weight + 0.6 * again > best[0]:
                    tokens = tokens_of(match.start(1), match.end(1))
                    sure = min((token.confidence for token in tokens), default=0.0) * PROSE
                    best = (weight + 0.6 * again, [found(reader.page, "name", read[0], sure, tokens)])
    return best[1]


def _texts(reader: Reader) -> Iterator[tuple[str, _Cut]]:
    """Each line by itself, and all of them as one running text."""
    for token in reader.tokens:
        yield token.text, _Cut(token)
    yield reader.running.text, _Cut(None, reader)


class _Cut:
    """The tokens of a part of a text."""

    def __init__(self, token: Token | None, reader: Reader | None = None) -> None:
        self.token, self.reader = token, reader

    def __call__(self, start: int, end: int) -> list[Token]:
        if self.token is not None:
            return [self.token.part(start, end)]
        return self.reader.running.tokens(start, end) if self.reader else []


_BEGIN = r"(?:位于|地处|地址[为:]|地点[为:]|发生地|关于|[称在于]|[,，:：。])"
_PLACE = re.compile(rf"(?={_BEGIN}\s*[,:]?\s*([\u4e00-\u9fffA-Za-z0-9()#-]{{6,60}}?)\s*(?:突然|家中|家里|内)?"
                    r"(?:发生|突发|起火|失火|着火|冒烟|火灾|有浓烟|火情|的|(?=居民|村民|住户|户主|业主|当事人)))")
_SHAPED = re.compile(r"[\u4e00-\u9fff]{2,14}(?:路|街|巷|大道|道|村|镇|乡|胡同|小区|园)[\u4e00-\u9fffA-Za-z0-9-]{0,40}"
                     r"\d\s*(?:室|号(?!楼|院)|户|组)")
_WHOLE_PLACE = re.compile(r".*[市区县镇乡村路街巷道里园].*(?:室|号|户|组|队|层|楼|栋|幢|院|区|村|店|厂|房|元|库|场|部|家)$")
_NO_PLACE = re.compile(r"[年月日]\d|\d{4}年|火灾|报警|许$|时许|本火|当事人对|身份证|电话")
_OWNER = re.compile(r"(?<=[室号元栋楼组村院])(?:的)?[\u4e00-\u9fff·]{2,8}(?:家|户)$")
_LEADS = re.compile(r"^(?:.*位于|.*地处|.*(?:地址|地点|住址|住所|场所)[为是在:]?|[^路街]{0,4}报?称|(?:你|您)?在)"
                    r"|(?:的?(?:当事人|居民|村民|户主|住户)).*$")
_HERE = re.compile(r"^(?:认定|位于|为|在)*(?:该|本|其|此|室内|户内|屋内|厨房|客厅|卧室|阳台|房间|院内|东|西|南|北|上述)")


def whole_place(text: str) -> float:
    """How much a text looks like an address: 1 with street and house, 0.6 when it may be one, 0 for a corner of a room or none."""
    if _HERE.match(text) or _NO_PLACE.search(text) or len(text) < 4:
        return 0.0
    return 1.0 if _WHOLE_PLACE.fullmatch(text) else 0.6 if re.search(r"\d|[路街巷号村镇区县院室]", text) else 0.3


def place_text(text: str) -> str:
    """An address without the words that lead to it and without whose house it is."""
    text = _LEADS.sub("", text)
    return _OWNER.sub("", re.sub(r"^(?:家?住在?|[为是在系即])(?=..)", "", text))


def where(reader: Reader) -> list[Found]:
    """The place: the text before 发生火灾 and the like that looks most like an address; else an address wherever it stands."""
    text, best = reader.running.text, list[tuple[float, str, list[Token]]]()
    for match in _PLACE.finditer(text):
        told = place_text(match[1])
        shape = whole_place(told)
        if shape > 0.5:
            start = match.start(1) + max(0, match[1].find(told))
            best.append((shape, written(told), reader.running.tokens(start, start + len(told))))
    for match in _SHAPED.finditer(text):
        told = place_text(re.sub(r"^.*(?:于|在|称)", "", match.group()))
        live = re.search(r"(?:住|户籍|单位)(?:址|地址)?\s*:?$", text[:match.end() - len(told)])
        if whole_place(told) == 1.0:
            start = match.end() - len(told)
            best.append((0.5 if live else 0.8, written(told), reader.running.tokens(start, match.end())))
    if not best:
        return []
    shape, place, tokens = max(best, key=lambda one: one[0])
    return [found(reader.page, "place", place, 0.88 if shape == 1.0 else 0.7, tokens)]


_CAUSES = tuple(re.compile(pattern) for pattern in (
    r"(?:起火|火灾|事故|失火|着火)的?(?:直接|主要)?(?:原因|成因)\s*(?:应|可|可以|被)?(?:认定|确定|判定|分析|推断)?\s*(?:为|是|系)\s*:?"
    r"\s*(?:因|由于?)?([^。;；]{3,90}?)(?=。|;|；|所致|引起(?:的|,|。)|引发(?:的|,|火灾)|造成(?:的|,|火灾)|$)",
    r"原因\s*(?:认定|确定)?\s*(?:为|是|系)\s*:?\s*([^。;；]{3,90}?)(?=。|;|；|所致|$)",
    r"(?:火灾|起火|火情)(?:系|是|因|由于?)\s*([^。;；]{3,90}?)(?=。|;|；|所致|引起(?:的|,|。)|引发(?:的|,|火灾)|造成(?:的|,|火灾)|$)",
    r"(?:系|由于|因)([^。;；,]{3,60}?)(?:所致|引起|引发|导致|造成)(?:了)?(?:的)?(?:此次|该起|本次|这起)?(?:火灾|起火|失火|。|,)"))
# Words around a cause.
_AROUND = re.compile(r"^(?:经|根据|综合)[^，,]{0,12}[，,]|[，,](?:并|进而|从而|最终)?(?:蔓延|引发|造成|导致|酿成)[^，,]{0,8}$|所致$"
                     r"|[，,](?=(?:可以?|已|并|且)?(?:不?排除|未造成|造成|致使|火势|过火|烧毁|无人|当事|建议)).*$")
_NO_CAUSE = re.compile(r"^(?:起火|失火|火灾)?(?:时间|部位|地点|点)|^(?:该|本)(?:户|住宅)|^经|异议|复核|证据|^可以?排除|勘验笔录")


def cause_text(text: str) -> str:
    """A cause without the words that lead to it: 认定如下：起火原因为…。"""
    text = re.sub(r"^(?:认定)?(?:如下)?[：:]?(?:(?:起火|火灾|失火)原因)?(?:为|系|是)?", "", text.split("。")[0])
    told = re.search(r"原因[：:]?(?:认定)?(?:为|系|是)[：:]?", text)
    return re.sub(r"^(?:认定|系|为|是)+", "", _AROUND.sub("", text[told.end():] if told else text)).strip("。；，：:")


def is_cause(text: str) -> bool:
    """Whether a text can be a cause: no time, no place, no talk of proof."""
    return len(text) > 2 and not _NO_CAUSE.search(text) and not days_in(text)


def why(reader: Reader) -> list[Found]:
    """The cause as a sentence tells it, the plainest way of telling first."""
    text = reader.running.text
    for pattern in _CAUSES:
        for match in pattern.finditer(text):
            told = cause_text(written(match[1]))
            if is_cause(told):
                return [found(reader.page, "cause", told, PROSE, reader.running.tokens(match.start(1), match.end(1)))]
    return []
