"""Errors that say what is wrong, where, and what to do about it."""

from __future__ import annotations


class HuzhuError(Exception):
    """Base of every refusal the product makes.

    `code` is stable and machine-readable, `message` and `remedy` are Chinese sentences for people,
    `field` names the offending key in dotted form ("event.icd10") when one is to blame.
    """

    status = 500
    exit_code = 1

    def __init__(self, code: str, message: str, *, remedy: str = "", field: str | None = None) -> None:
        super().__init__(f"{code}: {message}" + (f"（{remedy}）" if remedy else ""))
        self.code = code
        self.message = message
        self.remedy = remedy
        self.field = field

    def __reduce__(self) -> tuple[object, ...]:
        """Processes that work for another tell it their refusals too."""
        return _told, (type(self), self.args, self.__dict__)

    def as_problem(self) -> dict[str, object]:
        """RFC 9457 problem details."""
        problem: dict[str, object] = {"type": f"urn:huzhu:error:{self.code}", "title": self.message,
                                      "status": self.status, "code": self.code, "remedy": self.remedy}
        if self.field:
            problem["field"] = self.field
        return problem


def _told(kind: type[HuzhuError], arguments: tuple[object, ...], said: dict[str, object]) -> HuzhuError:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(said)
    return error


class InputError(HuzhuError):
    """The caller's input is wrong; nothing was written."""

    status = 422
    exit_code = 2


class NotFound(HuzhuError):
    """No such thing, or not within the caller's sight: the two are not told apart."""

    status = 404
    exit_code = 2


class Unauthenticated(HuzhuError):
    """No valid token came with the request."""

    status = 401


class NotPermitted(HuzhuError):
    """This person may not do this."""

    status = 403


class Conflict(HuzhuError):
    """The row moved on since the caller looked, or the request collides with another."""

    status = 409


class TooOften(HuzhuError):
    """This address asked more than a person would; nothing was looked up."""

    status = 429


class PreconditionRequired(HuzhuError):
    """A change came without If-Match or an idempotency key."""

    status = 428


class GuardFailed(HuzhuError):
    """A machine's guard refused the event; `code` is the guard's reason code."""

    status = 409


class ConfigError(HuzhuError):
    """The system refuses to start or to go on: a setting, adapter, calendar year or template value is missing."""

    exit_code = 2


class CalendarMissing(ConfigError):
    """Nobody released the calendar of the year in question: days cannot be counted there, wherever the date came from."""

    status = 409


class OutsideError(HuzhuError):
    """The other side (insurer, bank, store) failed or answered nonsense; a flow may try again."""

    status = 502
