"""One letter: drafted, issued with its number, dispatched, delivered."""

from __future__ import annotations

from dataclasses import dataclass

from statemachine import State

from statemachines.guards import Machine, fact, guard
from statemachines.shared import proof_given, reason_given
from statemachines.states import NoticeState as S


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFacts:
    """What a letter's guards look at."""

    context_complete: bool = fact("every value its template asks for is there")
    number_drawn: bool = fact("its number was drawn in this transaction")
    bytes_frozen: bool = fact("the bytes are stored under their hash")
    signed: bool = fact("the bytes carry the office's signature or mark")
    channel_chosen: bool = fact("a channel not yet tried, or the clerk's own hand, was chosen")
    proof_given: bool = fact("proof of delivery is on file")
    successor_issued: bool = fact("the letter that replaces this one is issued")
    reason_given: bool = fact("the call carries a reason code")


@guard("context_incomplete", needs=("context_complete",), says="文书内容不完整")
def context_complete(facts: NoticeFacts) -> bool:
    """A missing value stops the letter."""
    return facts.context_complete


@guard("number_missing", needs=("number_drawn",), says="文号未取得")
def number_drawn(facts: NoticeFacts) -> bool:
    """No gap and no double: number and letter in one transaction."""
    return facts.number_drawn


@guard("bytes_not_frozen", needs=("bytes_frozen",), says="文书尚未定稿存档")
def bytes_frozen(facts: NoticeFacts) -> bool:
    """What is issued is what is kept."""
    return facts.bytes_frozen


@guard("not_signed", needs=("signed",), says="文书尚未签章")
def signed(facts: NoticeFacts) -> bool:
    """The office stands behind it."""
    return facts.signed


@guard("channel_missing", needs=("channel_chosen",), says="没有可用的送达方式")
def channel_chosen(facts: NoticeFacts) -> bool:
    """There is a way to send it."""
    return facts.channel_chosen


@guard("successor_missing", needs=("successor_issued",), says="替换文书尚未签发")
def successor_issued(facts: NoticeFacts) -> bool:
    """The old one falls only when the new one stands."""
    return facts.successor_issued


class NoticeMachine(Machine):
    """drafted → issued → dispatched → delivered; replaced or voided, the number stays used."""

    drafted = State(value=S.DRAFTED, initial=True)
    issued = State(value=S.ISSUED)
    dispatched = State(value=S.DISPATCHED)
    delivered = State(value=S.DELIVERED)
    replaced = State(value=S.REPLACED, final=True)
    voided = State(value=S.VOIDED, final=True)

    issue = drafted.to(issued, validators=[context_complete, number_drawn, bytes_frozen, signed])
    dispatch = issued.to(dispatched, validators=[channel_chosen])
    deliver = dispatched.to(delivered, validators=[proof_given])
    bounce = dispatched.to(issued)
    replace = replaced.from_(issued, dispatched, delivered, validators=[successor_issued])
    void = voided.from_(drafted, issued, validators=[reason_given])
