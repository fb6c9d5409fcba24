"""What a guard is: a pure validator over a frozen facts value.

A guard says which facts it needs; `lifecycle/facts.py` loads exactly these, set-based. It never reads the
database, the clock or the actor by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from functools import wraps
from typing import Any, NoReturn, Protocol, TypeVar, cast

from statemachine import State, StateMachine
from statemachine.transition_list import TransitionList

F = TypeVar("F")
F_contra = TypeVar("F_contra", contravariant=True)


class Refused(Exception):
    """A guard said no: `reason` is its stable code, `fact` what it looked at first, `says` a Chinese sentence."""

    def __init__(self, reason: str, *, fact: str = "", says: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.fact = fact
        self.says = says


class _Unloaded:
    """Stands in a facts value for what nobody loaded; any use of it is a programming error and fails loudly."""

    __slots__ = ()

    def _fail(self, *_: object) -> NoReturn:
        raise RuntimeError("a guard read a fact that was not loaded: name it in the guard's `needs`")

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _fail
    __add__ = __radd__ = __sub__ = __rsub__ = __int__ = _fail

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return "UNLOADED"


# Any, because it stands for a fact of every type.
UNLOADED: Any = _Unloaded()


def fact(meaning: str) -> Any:
    """A field of a facts dataclass: unloaded until the lifecycle gives it; `meaning` names its content and unit."""
    return field(default=UNLOADED, metadata={"meaning": meaning})


class Guard(Protocol[F_contra]):
    """A validator as python-statemachine calls it: silent when content, raises `Refused` when not."""

    __name__: str
    reason: str
    needs: tuple[str, ...]
    says: str

    def __call__(self, facts: F_contra) -> None:
        """Raise `Refused` unless the predicate holds."""


def guard(reason: str, *, needs: tuple[str, ...], says: str) -> Callable[[Callable[[F], bool]], Guard[F]]:
    """Make a predicate over facts a validator. `needs`: the facts it reads; `says`: the refusal in Chinese."""

    def make(predicate: Callable[[F], bool]) -> Guard[F]:
        @wraps(predicate)
        def validator(facts: F) -> None:
            if not predicate(facts):
                raise Refused(reason, fact=needs[0], says=says)

        made = cast(Guard[F], validator)
        made.reason, made.needs, made.says = reason, needs, says
        return made

    return make


class Machine(StateMachine):
    """Base of all machines. Unknown events and failed guards raise and leave the state as it was."""

    catch_errors_as_events = False

    def attempt(self, event: str, facts: object) -> None:
        """Fire `event`. Not `self.send`: an event named `send` takes that name."""
        StateMachine.send(self, event, facts=facts)


def stay(*states: State, validators: Sequence[Callable[..., None]]) -> TransitionList:
    """Internal transitions: the event is permitted in each of `states` and leaves it as it is."""
    kept = TransitionList()
    for state in states:
        kept |= state.to(state, internal=True, validators=list(validators))
    return kept
