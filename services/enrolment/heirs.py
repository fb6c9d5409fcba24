"""Who receives in a dead member's place: order of succession, shares, guardians, the papers that prove it.

Sources: 民法典 1127 (orders), 1128 (representation), 1129 (widowed in-laws), 1130 (equal shares), 18–20, 27, 34 (minors and
guardians); 保险法 39–42 (named beneficiaries, else the estate).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Literal, get_args

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.errors import InputError, NotPermitted
from services.core.identity import age_on, check_identity, eighteen
from services.enrolment import kin, people, persons, queries
from services.models import Person

Basis = Literal["law", "named"]
# What an heir is to the member, in the words of the family ties where they have one.
RELATIONS: Mapping[str, str] = {
    "husband": "丈夫", "wife": "妻子", "spouse": "配偶", "child": "子女", "parent": "父母", "grandchild": "代位继承的孙子女、外孙子女",
    "child_in_law": "尽了主要赡养义务的丧偶儿媳、女婿", "sibling": "兄弟姐妹", "grandparent": "祖父母、外祖父母",
    "niece_nephew": "代位继承的侄子女、甥子女", "other": "其他继承人"}
FIRST = frozenset({"husband", "wife", "spouse", "child", "parent", "grandchild", "child_in_law"})
SECOND = frozenset({"sibling", "grandparent", "niece_nephew"})
# Who inherits in the place of a child or sibling that died before: together they receive that one's share (民法典 1128).
IN_PLACE: Mapping[str, str] = {"grandchild": "子女", "niece_nephew": "兄弟姐妹"}
_NO_TIE = frozenset({*IN_PLACE, "grandparent", "child_in_law"})     # relations without a word among the family ties
MARRIED = frozenset({"husband", "wife", "spouse"})
ADULT = 18
PROOFS: Mapping[str, str] = {
    "death_proof": "死亡证明", "household_cancellation": "户籍注销证明", "heir_proof": "继承（受益）关系证明",
    "designation": "受益人指定书", "guardianship": "监护关系证明", "renunciation": "放弃继承声明书"}
_SHARE_HOW, _MOST_PARTS = "写成 [1, 2] 这样的分子、分母", 1_000_000


@dataclass(frozen=True, slots=True)
class Guardian:
    """Who receives for a minor."""

    name: str
    id_number: str


@dataclass(frozen=True, slots=True)
class Heir:
    """One who receives `share` of the whole; `bank` and `account` are the guardian's when there is one."""

    name: str
    id_number: str
    relation: str
    share: Fraction
    bank: str
    account: str
    guardian: Guardian | None = None


def read_heirs(raw: Sequence[Mapping[str, object]], *, basis: str, today: date) -> list[Heir]:
    """Check a list of heirs in the order given.

    Without any share, heirs by law share equally (民法典 1130): spouse, each child and each parent count one, and all who
    stand in the place of one dead child (`in_place_of`: its name) count one together (1128); named ones by head (保险法 40).
    InputError names the field (`heirs.1.share`): unknown relation, somebody twice, heirs of two orders, shares that do
    not make one with what is missing, several by representation without a word in whose place, a minor without guardian.
    """
    if basis not in get_args(Basis):
        raise InputError("heir_basis", f"不认识的依据“{basis}”", remedy="法定继承写 law，指定受益人写 named", field="basis")
    if not raw:
        raise InputError("heirs_missing", "没有写明继承人或受益人", remedy="至少写一人", field="heirs")
    for place, words in enumerate(raw):
        _check_words(words, f"heirs.{place}")
        _check_account(words, f"heirs.{place}")
    if basis == "law":
        _check_orders([str(words["relation"]) for words in raw])
    shares = _shares(raw, basis)
    heirs = [Heir(str(words["name"]), _number(words, f"heirs.{place}"), str(words["relation"]), share, str(words["bank"]),
                  str(words["account"]), _guardian(words, f"heirs.{place}", today))
             for place, (words, share) in enumerate(zip(raw, shares, strict=True))]
    _check_once([heir.id_number for heir in heirs])
    return heirs


def _check_words(words: Mapping[str, object], at: str) -> None:
    for name in ("name", "id_number", "relation", "bank", "account"):
        if not isinstance(words.get(name), str) or not str(words[name]).strip():
            raise InputError("heir_field", f"继承人缺少“{name}”", remedy="逐项填写继承人信息", field=f"{at}.{name}")
    if words["relation"] not in RELATIONS:
        raise InputError("heir_relation", f"不认识的关系“{words['relation']}”", remedy=f"可用：{'、'.join(RELATIONS)}",
                         field=f"{at}.relation")


def _check_account(words: Mapping[str, object], at: str) -> None:
    """The bank and the account's check digit, before anything is written; the field is that of this heir."""
    try:
        persons.checked_card(str(words["bank"]), str(words["account"]))
    except InputError as error:
        field = "bank" if error.field == "bank" else "account"
        raise InputError(error.code, error.message, remedy=error.remedy, field=f"{at}.{field}") from None


def _number(words: Mapping[str, object], at: str) -> str:
    raw = str(words["id_number"])
    identity = check_identity(eighteen(raw) or raw)
    if not identity.valid:
        raise InputError("identity_number", "身份证号校验不通过", remedy="按身份证核对", field=f"{at}.id_number")
    return identity.number


def _check_orders(relations: Sequence[str]) -> None:
    """Who is of the second order inherits only when nobody of the first does (民法典 1127)."""
    for place, relation in enumerate(relations):
        if relation == "other":
            raise InputError("heir_order", "“其他”不是法定继承人", remedy="有指定受益人或遗嘱的，依据写 named 并上传指定书",
                             field=f"heirs.{place}.relation")
        if relation in SECOND and not FIRST.isdisjoint(relations):
            raise InputError("heir_order", f"有第一顺序继承人时，{RELATIONS[relation]}不继承（民法典第一千一百二十七条）",
                             remedy="删去第二顺序继承人；有指定的，依据写 named", field=f"heirs.{place}.relation")
    married = [place for place, relation in enumerate(relations) if relation in MARRIED]
    if len(married) > 1:
        raise InputError("heir_spouse_twice", "配偶只能有一人", remedy="核对婚姻关系证明", field=f"heirs.{married[1]}.relation")


def _check_once(numbers: Sequence[str]) -> None:
    twice = next((place for place, number in enumerate(numbers) if number in numbers[:place]), None)
    if twice is not None:
        raise InputError("heir_twice", f"第 {twice + 1} 位与前面的继承人是同一人", remedy="删去重复的，份额并为一份",
                         field=f"heirs.{twice}.id_number")


def _shares(raw: Sequence[Mapping[str, object]], basis: str) -> list[Fraction]:
    stated = [words.get("share") is not None for words in raw]
    if not any(stated):
        stems: list[object] = _stems(raw) if basis == "law" else [*range(len(raw))]
        return [Fraction(1, len(set(stems)) * stems.count(stem)) for stem in stems]
    if not all(stated):
        place = stated.index(False)
        raise InputError("heir_share", "有人写了份额，有人没写", remedy="逐人写明，或都不写（均等）", field=f"heirs.{place}.share")
    shares = [share_of(words["share"], field=f"heirs.{place}.share") for place, words in enumerate(raw)]
    whole(shares)
    return shares


def _stems(raw: Sequence[Mapping[str, object]]) -> list[object]:
    """What counts one: an heir in her own right (her place), or all in the place of the same dead person (whose name)."""
    relations = [str(words["relation"]) for words in raw]
    stems: list[object] = []
    for place, (relation, words) in enumerate(zip(relations, raw, strict=True)):
        whose = "".join(str(words.get("in_place_of") or "").split())
        if relation not in IN_PLACE:
            stems.append(place)
        elif whose or relations.count(relation) == 1:
            stems.append((relation, whose))
        else:
            raise InputError("heir_in_place_of", f"代位继承人合得被代位的{IN_PLACE[relation]}的一份（民法典第一千一百二十八条），"
                             "有几人时不能按人头均分", remedy="逐人写明份额 share，或写明代位谁（in_place_of）",
                             field=f"heirs.{place}.in_place_of")
    return stems


def share_of(raw: object, *, field: str = "heirs.share") -> Fraction:
    """[1, 2] → 1/2. Raises InputError for anything else, and for more than a million parts."""
    if isinstance(raw, list | tuple) and len(raw) == 2:
        numerator, denominator = raw
        if type(numerator) is int and type(denominator) is int and denominator > 0:
            if max(abs(numerator), denominator) > _MOST_PARTS:
                raise InputError("heir_share", f"份额的分子、分母不能超过 {_MOST_PARTS}", remedy="约分后填写", field=field)
            return Fraction(numerator, denominator)
    raise InputError("heir_share", f"份额“{raw}”不是分数", remedy=_SHARE_HOW, field=field)


def whole(shares: Sequence[Fraction]) -> None:
    """Refuse shares that are not positive or do not add up to exactly one, naming what is missing or too much."""
    if not shares or any(share <= 0 for share in shares):
        raise InputError("heir_share", "每位继承人的份额须大于零", remedy=_SHARE_HOW, field="heirs.share")
    total = sum(shares, Fraction(0))
    if total != 1:
        off = f"还差 {1 - total}" if total < 1 else f"多出 {total - 1}"
        raise InputError("heir_shares_sum", f"各继承人份额之和为 {total}，须等于 1，{off}",
                         remedy="核对继承公证或协议中的份额", field="heirs.share")


def _guardian(words: Mapping[str, object], at: str, today: date) -> Guardian | None:
    """The guardian given; required of a minor. An adult who cannot act for herself may have one too."""
    minor = _age(str(words["id_number"]), today) < ADULT
    given = words.get("guardian")
    if given is None:
        if minor:
            raise InputError("guardian_missing", f"{words['name']}未满 {ADULT} 周岁，由监护人代领",
                             remedy="写明监护人姓名、身份证号，账户为监护人名下", field=f"{at}.guardian")
        return None
    if not isinstance(given, Mapping) or not given.get("name") or not given.get("id_number"):
        raise InputError("guardian_field", "监护人须写明姓名和身份证号", remedy="补上姓名和身份证号", field=f"{at}.guardian")
    number = _number(given, f"{at}.guardian")
    if number == _number(words, at) or _age(number, today) < ADULT:
        raise InputError("guardian_wrong", "监护人须为另一成年人", remedy="核对监护关系证明", field=f"{at}.guardian.id_number")
    return Guardian(str(given["name"]), number)


def _age(raw: str, today: date) -> int:
    """Full years; somebody whose number cannot be read is refused elsewhere and counts as grown up here."""
    born = check_identity(eighteen(raw) or raw).born
    return ADULT if born is None else age_on(born, today)


def papers_asked(*, basis: str, guardians: bool, left_out: bool) -> list[str]:
    """The kinds of papers (of PROOFS) that such a succession rests on."""
    kinds = ["death_proof", "household_cancellation", "heir_proof"]
    return [*kinds, *(["designation"] if basis == "named" else []), *(["guardianship"] if guardians else []),
            *(["renunciation"] if left_out else [])]


# Relatives of the order, and the living children of a dead child, whose place they take.
_LEFT_OUT = sa.text("""
    SELECT p.name, h.relation FROM (
        SELECT relative_id, relation FROM family_tie WHERE person_id = :member AND relation = ANY(CAST(:order AS text[]))
        UNION SELECT g.relative_id, 'grandchild' FROM family_tie t JOIN person c ON c.id = t.relative_id
            JOIN family_tie g ON g.person_id = c.id AND g.relation = 'child'
        WHERE t.person_id = :member AND t.relation = 'child' AND c.died_on IS NOT NULL) AS h(relative_id, relation)
    JOIN person p ON p.id = h.relative_id
    WHERE p.died_on IS NULL AND p.merged_into IS NULL AND NOT p.id = ANY(CAST(:named AS uuid[])) ORDER BY p.id""")


def check_people(session: Session, member_id: uuid.UUID, heirs: Sequence[Heir], *, basis: str, left_out: str | None,
                 actor: Actor) -> None:
    """What the register says against a list of heirs.

    InputError: an heir is the member herself or dead; by law a known spouse, child, parent or dead child's child (among
    heirs of the second order also a known sibling) is missing without `left_out` (the reason, such as 放弃继承).
    NotPermitted: who names the heirs is one of them, a guardian, or kin of the member: nobody turns money to the own account.
    """
    numbers = [number for heir in heirs for number in (heir.id_number, heir.guardian.id_number if heir.guardian else "") if number]
    known = people.known(session, numbers)
    for place, heir in enumerate(heirs):
        person = known.get(heir.id_number)
        if person and person.id == member_id:
            raise InputError("heir_is_member", "继承人不能是已故会员本人", remedy="核对身份证号", field=f"heirs.{place}.id_number")
        if person and person.died_on:
            raise InputError("heir_died", f"{heir.name}已登记死亡", remedy="改由其晚辈代位继承，或删去", field=f"heirs.{place}.id_number")
        guardian = known.get(heir.guardian.id_number) if heir.guardian else None
        if guardian and (guardian.id == member_id or guardian.died_on):
            raise InputError("guardian_wrong", "监护人已故", remedy="核对监护关系证明", field=f"heirs.{place}.guardian.id_number")
    if any(queries.on_side_of(session, actor, person) for person in [member_id, *(one.id for one in known.values())]):
        raise NotPermitted("actor_on_claimant_side", "经办人是会员、继承人或其家属，须回避", remedy="由同级其他人员或上级办理")
    if basis == "law" and not (left_out or "").strip():
        second = all(heir.relation in SECOND for heir in heirs)
        missing = session.execute(_LEFT_OUT, {"member": member_id, "order": sorted(FIRST | SECOND if second else FIRST), "named": [
            known[heir.id_number].id for heir in heirs if heir.id_number in known]}).all()
        if missing:
            names = "、".join(f"{RELATIONS[row.relation]}{row.name}" for row in missing)
            raise InputError("heir_left_out", f"登记的法定继承人没有列入：{names}", field="left_out",
                             remedy="补上；放弃或丧失继承权的，写明 left_out 并上传声明书")


def record(session: Session, member_id: uuid.UUID, heir: Heir, *, actor: Actor, now: datetime) -> tuple[Person, Person | None, uuid.UUID]:
    """The heir, the guardian and the card that receives. All of them count as kin of the member from now on."""
    person = persons.add_person(session, name=heir.name, id_number=heir.id_number, actor=actor, now=now)
    kin.add_kin(session, person_id=member_id, relative_id=person.id,
                relation="other" if heir.relation in _NO_TIE else heir.relation, actor=actor, now=now)
    guardian = None
    if heir.guardian:
        guardian = persons.add_person(session, name=heir.guardian.name, id_number=heir.guardian.id_number, actor=actor, now=now)
        for side in (member_id, person.id):
            kin.add_kin(session, person_id=side, relative_id=guardian.id, relation="other", actor=actor, now=now)
    owner = guardian or person
    card = persons.add_bank_card(session, person_id=owner.id, bank=heir.bank, number=heir.account, holder=owner.name, actor=actor,
                                 now=now)
    return person, guardian, card.id
