"""What closed claims would have come to under a rule-book that is not released yet: of an upload, or of a proposal.

Stands before `plans` in the order of names: `/plans/{plan}` would take `/plans/replay` for a plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Response
from sqlmodel import Session

from services.core.errors import HuzhuError
from services.reporting.replay import book, drawing, kept, proposed, words
from services.reporting.replay.proposed import Proposed
from services.reporting.replay.views import BY_CLAIM, READERS, Replay
from services.rulebook.loader import RuleBookError
from services.rulebook.validation import Finding
from services.web.desks.admin import known_id
from services.web.door import Pages
from services.web.downloads import saved
from services.web.render import HEADERS
from services.web.visit import Visit, whole

pages = Pages()
LINES = 100         # claims on a page; the workbook has every one
FEW = 10            # claims named beside a reason
BASES: Mapping[str, bool | None] = {"": None, "governed": False, "as_if": True}


@dataclass(frozen=True, slots=True)
class Source:
    """Which file the address names, and the addresses that lead on from it."""

    visit: Visit
    fields: Mapping[str, str]

    def at(self, path: str, **more: object) -> str:
        """Another answer about the same file."""
        asked = {name: str(value) for name, value in {**self.fields, **more}.items() if value not in ("", None)}
        return f"{path}?{urlencode(asked)}"

    def picture(self, name: str, tone: str, size: str, **_fields: object) -> str:
        """The chart as a picture."""
        return self.at(f"/plans/replay/{name}", tone=tone, size=size, lang=self.visit.language.code)

    @property
    def basis(self) -> bool | None:
        """Which claims were asked for."""
        return BASES.get(self.fields.get("basis", ""))

    def read(self, session: Session) -> Proposed:
        """The file again."""
        actor = self.visit.actor
        if release := self.fields.get("release"):
            return proposed.of_release(session, known_id(release), actor=actor)
        return proposed.kept(self.fields.get("file", ""), self.fields.get("mark", ""), actor=actor)

    def replay(self) -> tuple[Proposed, Replay]:
        """The file and what it comes to."""
        def run(session: Session) -> tuple[Proposed, Replay]:
            given = self.read(session)
            return given, kept.replay(session, given.book, actor=self.visit.actor, as_if=self.basis)
        return self.visit.read(run)


def _source(visit: Visit, **fields: str) -> Source:
    named = {name: visit.query.get(name, "") for name in ("release", "file", "mark", "basis")}
    return Source(visit, {name: value for name, value in {**named, **fields}.items() if value})


@pages.get("/plans/replay", roles=READERS)
def replay(visit: Visit) -> Response:
    """A place to upload a file; with `?file=` what it comes to."""
    return _shown(_source(visit)) if visit.query.get("file") else _form(visit)


@pages.post("/plans/replay", roles=READERS)
def upload(visit: Visit) -> Response:
    """Read and laid down; the page of the replay follows."""
    try:
        content = visit.upload("file").file.read(proposed.LARGEST + 1)
        proposed.read_content(content)
        name, mark = proposed.keep(content, actor=visit.actor)
    except HuzhuError as error:
        return _form(visit, _beside(error))
    basis = visit.field("basis")
    return visit.go(_source(visit, file=name, mark=mark, basis=basis if basis in BASES else "").at("/plans/replay"))


def _beside(error: HuzhuError) -> HuzhuError:
    """A fault inside the file is shown with its line; on the page it leads to the field that the file came by."""
    error.field = "file"
    return error


def _form(visit: Visit, problem: HuzhuError | None = None) -> Response:
    return visit.page("plan_replay.html", problem=problem, found=None, given=None, findings=_findings(problem), source=None)


def _findings(problem: HuzhuError | None) -> list[Finding]:
    return problem.findings if isinstance(problem, RuleBookError) else []


@pages.get("/plans/replay/chart", roles=READERS)
def chart(visit: Visit) -> Response:
    """How many claims change by how much, as SVG."""
    width = drawing.SIZES.get(visit.query.get("size", "wide"), drawing.SIZES["wide"])
    tone: drawing.Tone = "dark" if visit.query.get("tone") == "dark" else "light"
    _, found = _source(visit).replay()
    return Response(drawing.svg(_histogram(visit, found), tone, width), media_type="image/svg+xml",
                    headers={**HEADERS, "Cache-Control": "private, max-age=60"})


@pages.get("/plans/replay/workbook", roles=READERS)
def workbook(visit: Visit) -> Response:
    """Every table as XLSX."""
    _, found = _source(visit).replay()
    return saved(book.workbook(found, by_claim=visit.actor.has(*BY_CLAIM)), f"规则测算-{found.plan}-{found.version}.xlsx")


@pages.get("/plans/replay/{release_id}", roles=READERS)
def of_release(visit: Visit, release_id: str) -> Response:
    """The file of a proposal, before the second person releases it."""
    return _shown(_source(visit, release=str(known_id(release_id))))


def _shown(source: Source) -> Response:
    visit = source.visit
    try:
        given, found = source.replay()
    except RuleBookError as error:      # a proposal made before its file was checked
        return _form(visit, _beside(error))
    skip = whole(visit.query.get("skip", "")) or 0
    more = source.at(visit.path, skip=skip + LINES) if skip + LINES < len(found.changed) else ""
    return visit.page("plan_replay.html", source=source, board=source, given=given, found=found, findings=given.findings,
                      by_claim=visit.actor.has(*BY_CLAIM), changed=found.changed[skip:skip + LINES], skip=skip, more=more, few=FEW,
                      notes=words.notes(found, visit.say), ranges=words.RANGE_WORDS, outside=words.OUTSIDE,
                      told=drawing.told(_histogram(visit, found), visit.say))


def _histogram(visit: Visit, found: Replay) -> drawing.Chart:
    return drawing.histogram(found, lambda key: visit.say(words.RANGE_WORDS[key]), visit.say("件"))
