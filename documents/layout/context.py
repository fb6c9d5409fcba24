"""Values every letter shares. Frozen, unknown keys refused, so that a wrong call fails before a letter exists.

Money is Decimal yuan with exactly two places; dates are dates; counts in words come from the caller, who owns
the calendar. Nothing here computes a date or an amount: it checks that what is printed agrees with itself.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

DayKind = Literal["calendar", "working"]


def _exact(value: object) -> object:
    if isinstance(value, float):
        raise ValueError("金额不得用浮点数，请用十进制字符串")
    return value


def _two_places(value: Decimal) -> Decimal:
    if not value.is_finite() or value.as_tuple().exponent != -2:
        raise ValueError("金额须以元为单位并保留两位小数")
    if value < 0:
        raise ValueError("金额不得为负数")
    return value


def _positive(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError("金额须大于零")
    return value


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Yuan = Annotated[Decimal, BeforeValidator(_exact), AfterValidator(_two_places)]
PaidYuan = Annotated[Yuan, AfterValidator(_positive)]
YuanWords = Annotated[str, StringConstraints(pattern=r"^人民币[零壹贰叁肆伍陆柒捌玖拾佰仟万亿元角分整]+$")]
LetterNumber = Annotated[str, StringConstraints(pattern=r"^\S+〔\d{4}〕[1-9]\d*号$")]
Last4 = Annotated[str, StringConstraints(pattern=r"^\d{4}$")]


class Value(BaseModel):
    """Base of all letter values: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Due(Value):
    """A promised date with the count that leads to it."""

    on: date
    words: Text
    """The count as a clause without full stop: 自3月27日次日起算，…第15个工作日为4月20日."""
    provisional: bool = False
    """The calendar of that year is not announced yet; the letter says so."""


class Clause(Value):
    """A clause that is relied on; `quote` is its wording, without quotation marks."""

    ref: Text
    quote: Text | None = None


class BenefitLine(Value):
    """One paid line of a worksheet."""

    benefit: Text
    amount: PaidYuan
    clause: Text
    steps: tuple[Text, ...] = ()


class UnpaidLine(Value):
    """A benefit that was asked for or examined and pays nothing, with why."""

    benefit: Text
    reason: Text
    clause: Text


class Payee(Value):
    """Who receives how much, into which account. The account shows its last four digits only."""

    name: Text
    amount: PaidYuan
    bank: Text
    account_last4: Last4
    relation: Text | None = None
    """To the member, for an heir or another payee: 配偶, 子女."""
    share: Text | None = None
    """An heir's share in words: 二分之一."""


class Objection(Value):
    """How to object. The days run from the day after the letter is received."""

    to: Text
    days: Annotated[int, Field(gt=0)]
    kind: DayKind = "calendar"
    ways: Text
    """How to hand it in, as a clause: 登录进度查询页提交，或将书面意见交所在单位工会."""
    due: Due | None = None
    """Last day if the letter is received on its own date."""


class Paper(Value):
    """A paper on a checklist."""

    name: Text
    required: bool
    received: bool
    note: Text | None = None


class Check(Value):
    """Where anyone may check the letter: the page's address, and the code a person types there."""

    url: Text
    code: Text

    @property
    def page(self) -> str:
        """The address without the code, for hands."""
        return self.url.rsplit("/", 1)[0]


class Issued(Value):
    """What stands on everything an office issues."""

    office_name: Text
    """落款: the organ that signs."""
    head_name: Text | None = None
    """发文机关标志; the signing organ if absent."""
    number: LetterNumber
    issued_on: date
    contact: Text | None = None
    """Office, telephone, hours in one line."""
    enclosures: tuple[Text, ...] = ()
    copies_to: tuple[Text, ...] = ()
    check: Check | None = None
    """Absent: no code is printed, as on a sample."""
    instead_of: LetterNumber | None = None
    """Number of the letter that this one takes the place of; the reader is told that the other holds no longer."""


class Letter(Issued):
    """Letter format: to a person about a claim, and letters (函) to an insurer or a bank."""

    addressee: Text
    """称谓 without colon: 马某同志; an organ's full name."""
    claim_no: Text
    plan_name: Text
    person_name: Text
    person_role: Text = "会员"
    """被保险人 where an insurer carries the cover."""
    person_deceased: bool = False
    """The person has died: the letter wishes nobody recovery and offers condolences."""
    progress_url: Text | None = None
    public_code: Text | None = None
    own_words: dict[str, Text] = {}
    """Passages that the office says in words of its own, by the passage's key in the template; without, the template's stand."""

    @model_serializer(mode="wrap")
    def _without_empty(self, plain: SerializerFunctionWrapHandler) -> dict[str, object]:
        """A letter in the house's words says nothing of them: its data are those that they were before offices had any."""
        values: dict[str, object] = plain(self)
        if not values.get("own_words"):
            values.pop("own_words", None)
        return values

    @model_validator(mode="after")
    def _progress_is_whole(self) -> Letter:
        if (self.progress_url is None) != (self.public_code is None):
            raise ValueError("progress_url 与 public_code 须同时提供或同时省略")
        return self


class Official(Issued):
    """文件格式 with a red head: 通知 to lower unions, 报告 and 请示 to the organ above."""

    addressees: Annotated[tuple[Text, ...], Field(min_length=1)]
    """主送机关: full names or the usual joint ones, without colon."""
    signer: Text | None = None
    """签发人, only when it goes upwards."""
    printed_by: Text | None = None
    """印发机关; with its day, or neither."""
    printed_on: date | None = None

    @model_validator(mode="after")
    def _imprint_is_whole(self) -> Official:
        if (self.printed_by is None) != (self.printed_on is None):
            raise ValueError("printed_by 与 printed_on 须同时提供或同时省略")
        if self.printed_on is not None and self.printed_on < self.issued_on:
            raise ValueError("印发日期不得早于成文日期")
        return self


class HasAmount(Letter):
    """A letter about one sum, in figures and in words."""

    amount: PaidYuan
    amount_words: YuanWords


def require_sum(parts: tuple[Decimal, ...], whole: Decimal, what: str) -> None:
    """Raise ValueError unless the parts make the whole, to the fen; `what` names both in Chinese."""
    total = sum(parts, Decimal("0.00"))
    if total != whole:
        raise ValueError(f"{what}：各项合计{total}元，应为{whole}元")
