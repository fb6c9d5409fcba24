"""Courtesies of letters in an office's own words: which may be replaced, seen as the letter, proposed by one, released by another."""

from __future__ import annotations

from datetime import date

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import HuzhuError, InputError, NotFound
from services.enrolment import tree
from services.models import Release
from services.notice import samples as gallery
from services.releases import passages, service
from services.releases.passages import LONGEST, PASSAGES, Passage, Worded
from services.web.claim_words import LETTERS
from services.web.door import Pages
from services.web.render import HEADERS
from services.web.visit import Visit

pages = Pages()
WHO = frozenset({Role.ADMINISTRATOR, Role.HEAD})


@pages.get("/letter-wordings", roles=WHO)
def listed(visit: Visit) -> Response:
    """Every passage that may be replaced, with the words in force and those to come."""
    held, coming = visit.read(lambda session: _standing(session, visit))
    return visit.page("letter_wordings.html", passages=PASSAGES.values(), held=held, coming=coming, letters=LETTERS, here="releases")


@pages.get("/letter-wordings/{code}", roles=WHO)
def passage(visit: Visit, code: str) -> Response:
    """One passage, and the form."""
    return _page(visit, _known(code))


@pages.post("/letter-wordings/{code}", roles=WHO)
def propose(visit: Visit, code: str) -> Response:
    """First the letter as it would be; then, with the same words, the proposal that another person releases."""
    one = _known(code)
    if not visit.field("seen"):
        try:
            text = passages.bounded(one, visit.field("text"))
            _drawn(one, one.letters[0], text)
            return _page(visit, one, seen=text)
        except HuzhuError as error:
            return _page(visit, one, problem=_placed(error))

    def run(session: Session) -> Release:
        try:
            return service.propose(session, kind="wording", payload={"code": one.code, "text": visit.field("seen")},
                                   effective_on=_day(visit), note=visit.field("note"), org_id=tree.find(session, visit.actor.org_key).id,
                                   actor=visit.actor, now=visit.now)
        except InputError as error:
            raise _placed(error) from None
    return visit.attempt(run, again=lambda error: _page(visit, one, seen=visit.field("seen"), problem=error),
                         then=lambda made: f"/releases/{made.id}", done="proposed")


@pages.get("/letter-wordings/{code}/{letter}/{number}", roles=WHO)
def sheet(visit: Visit, code: str, letter: str, number: str) -> Response:
    """A page of the letter with the words of `?text=`, as a picture; without, in the house's own."""
    one = _known(code)
    if letter not in one.letters:
        raise _missing()
    try:
        made = _drawn(one, letter, passages.bounded(one, visit.query.get("text", "") or one.text))
    except (IndexError, ValueError):
        raise _missing() from None
    if number not in {str(page) for page in range(1, made.pages + 1)}:
        raise _missing()
    content = gallery.drawn(made.pdf, int(number), gallery.SCREEN)
    return Response(content, media_type="image/png", headers=HEADERS)


def pages_of(one: Passage, text: str) -> list[tuple[str, range]]:
    """The letters that have a passage, each with the pages of its sample in these words."""
    return [(letter, range(1, _drawn(one, letter, text).pages + 1)) for letter in one.letters]


def _page(visit: Visit, one: Passage, *, seen: str = "", problem: HuzhuError | None = None) -> Response:
    held, coming = visit.read(lambda session: _standing(session, visit))
    text = held[one.code].text if one.code in held else one.text
    return visit.page("letter_wording.html", problem=problem, one=one, held=held.get(one.code), coming=coming.get(one.code, []), text=text,
                      seen=seen, shown=pages_of(one, seen or text), letters=LETTERS, longest=LONGEST, here="releases")


def _standing(session: Session, visit: Visit) -> tuple[dict[str, Worded], dict[str, list[Worded]]]:
    """The words in force at the visitor's organisation today, and those released for later days."""
    found, key = passages.released(session), visit.actor.org_key
    coming: dict[str, list[Worded]] = {}
    for one in found:
        if key.startswith(one.org_key) and one.effective_on > visit.today:
            coming.setdefault(one.code, []).append(one)
    return passages.in_force(found, key, visit.today), coming


def _drawn(one: Passage, letter: str, text: str) -> gallery.Rendered:
    return gallery.worded(letter, one.code, text, one.shown)


def _placed(error: HuzhuError) -> InputError:
    """The form's field for a key of the payload."""
    return InputError(error.code, error.message, remedy=error.remedy, field=(error.field or "text").removeprefix("payload."))


def _day(visit: Visit) -> date:
    try:
        return date.fromisoformat(visit.field("effective_on"))
    except ValueError:
        raise InputError("day_wrong", "没有填写生效日", remedy="如 2026-12-01", field="effective_on") from None


def _known(code: str) -> Passage:
    if code not in PASSAGES:
        raise _missing()
    return PASSAGES[code]


def _missing() -> NotFound:
    return NotFound("passage_unknown", "没有这一处可以替换的用语", remedy="回到文书用语")
