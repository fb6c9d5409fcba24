"""Finding papers that were seen before, for the flow: prints of pages, likely pairs, their pictures side by side.

    keep_prints(prints(unprinted))     invoices.note(again=False)     matches.keep(compare(pairs))

`prints` and `compare` are slow and need no session. Over all offices, so in the system's scope only. Three ways lead to a pair: the
same number or one with a digit changed; the same day and amount; a near hash. Whether it is the same paper the pictures say
(infra/decisions/0015).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import NotFound, OutsideError
from services.evidence import pictures
from services.evidence.invoices import COLUMNS
from services.evidence.likeness import compared
from services.evidence.pictures import Print, Sheet, grain_of, place_in_view, print_of, sheet_of
from services.evidence.recognition.lines import Box
from services.evidence.recognition.vocabulary import SHEETS
from services.storage import service as storage

LEDGER = ("invoice", "settlement")
KINDS = sorted({kind for sheet in LEDGER for kind in SHEETS[sheet].papers})
SAME_PAPER = 0.025              # share of inked cells that may differ between two pictures of one paper (measured: 0015)
_LIKELY = 0.15                  # the same of two grains, which are coarser
_LOOKED_AT = 3                  # pairs a page whose pictures are laid side by side when only the hash led to them
_KEYED = 8                      # pairs a page that a number, or day and amount, led to

_UNPRINTED = sa.text("""
    SELECT g.id, g.view_sha256 FROM paper_page g JOIN paper p ON p.id = g.paper_id LEFT JOIN paper_reading r ON r.paper_id = p.id
    WHERE p.claim_id = ANY(CAST(:claims AS uuid[])) AND g.view_sha256 IS NOT NULL AND g.print_of IS DISTINCT FROM g.view_sha256
        AND (p.kind = ANY(CAST(:kinds AS text[])) OR r.sheets ->> g.number::text = ANY(CAST(:sheets AS text[]))) ORDER BY g.id""")
_PRINT = sa.text("""
    WITH made AS (
        UPDATE paper_page g SET print_of = r.view, phash = r.hash, grain = r.grain,
            band_1 = r.one, band_2 = r.two, band_3 = r.three, band_4 = r.four
        FROM unnest(CAST(:ids AS uuid[]), CAST(:views AS text[]), CAST(:hashes AS bigint[]), CAST(:grains AS bytea[]),
                    CAST(:ones AS int[]), CAST(:twos AS int[]), CAST(:threes AS int[]), CAST(:fours AS int[]))
             AS r(id, view, hash, grain, one, two, three, four)
        WHERE g.id = r.id AND g.view_sha256 = r.view RETURNING g.paper_id, g.number),
    gone AS (DELETE FROM paper_match m USING made WHERE m.how = 'picture' AND m.paper_id = made.paper_id AND m.page = made.number
             RETURNING m.paper_id, m.page, m.other_paper_id, m.other_page)
    DELETE FROM paper_match m USING gone WHERE m.how = 'picture' AND m.paper_id = gone.other_paper_id
        AND m.page = gone.other_page AND m.other_paper_id = gone.paper_id AND m.other_page = gone.page""")
_LINES = sa.text("""
    SELECT id, number FROM invoice WHERE claim_id = ANY(CAST(:claims AS uuid[])) AND length(number) >= 6""")
# Each way yields pages of another case, its earliest first; papers of one case are one report's, whoever's plans they serve.
_PAIR = """
    SELECT {key} AS key, g.id AS page, o.id AS other FROM {found}
    JOIN paper p ON p.id = a.paper_id JOIN claim c ON c.id = p.claim_id JOIN case_file k ON k.id = c.case_id
    JOIN paper q ON q.id = b.paper_id JOIN claim d ON d.id = q.claim_id JOIN case_file l ON l.id = d.case_id
    JOIN paper_page g ON g.paper_id = a.paper_id AND g.number = a.{number}
    JOIN paper_page o ON o.paper_id = b.paper_id AND o.number = b.{number}
    WHERE coalesce(k.joined_into, k.id) <> coalesce(l.joined_into, l.id)"""
_BY_NUMBER = sa.text(_PAIR.format(key="a.number = b.number", number="page", found="""
    unnest(CAST(:ids AS uuid[]), CAST(:numbers AS text[])) AS v(id, number) JOIN invoice a ON a.id = v.id CROSS JOIN LATERAL (
        SELECT b.* FROM invoice b WHERE b.number = v.number AND b.sheet = a.sheet AND b.claim_id <> a.claim_id
            AND (b.code = a.code OR ((b.code = '' OR a.code = '') AND (b.amount_fen = a.amount_fen OR b.issued_on = a.issued_on)))
            AND (a.sheet = 'invoice' OR b.amount_fen = a.amount_fen OR b.issued_on = a.issued_on)
        ORDER BY b.id LIMIT 20) b"""))
_BY_SUM = sa.text(_PAIR.format(key="false", number="page", found="""
    invoice a CROSS JOIN LATERAL (
        SELECT b.* FROM invoice b WHERE b.amount_fen = a.amount_fen AND b.issued_on = a.issued_on AND b.sheet = a.sheet
            AND b.claim_id <> a.claim_id ORDER BY b.id LIMIT 20) b""") + " AND a.claim_id = ANY(CAST(:claims AS uuid[]))")
_PROBES = " OR ".join(
    f"b.band_{n} = ANY(ARRAY(SELECT a.band_{n} # (1 << s) FROM generate_series(0, 15) s) || a.band_{n})" for n in range(1, 5))
_BY_HASH = sa.text(_PAIR.format(key="false", number="number", found=f"""
    (SELECT g.* FROM paper_page g JOIN paper p ON p.id = g.paper_id
     WHERE p.claim_id = ANY(CAST(:claims AS uuid[])) AND g.phash IS NOT NULL) a CROSS JOIN LATERAL (
        SELECT b.* FROM paper_page b WHERE b.paper_id <> a.paper_id AND ({_PROBES})
        ORDER BY bit_count((a.phash # b.phash)::bit(64)), b.id LIMIT 16) b"""))
_PAGES = sa.text("""
    SELECT g.id, g.paper_id, g.number, p.claim_id, g.view_sha256, g.grain, i.code, i.number AS invoice, i.issued_on, i.amount_fen, i.sheet,
        coalesce((SELECT jsonb_agg(jsonb_build_array(f.name, f."left", f.top, f."right", f.bottom)) FROM paper_field f
                  WHERE f.paper_id = g.paper_id AND f.page = g.number AND f."left" IS NOT NULL), '[]') AS fields
    FROM paper_page g JOIN paper p ON p.id = g.paper_id LEFT JOIN invoice i ON i.paper_id = g.paper_id AND i.page = g.number
    WHERE g.id = ANY(CAST(:pages AS uuid[]))""")


@dataclass(frozen=True, slots=True)
class Page:
    """A page that may be a copy, with what the ledger and the fields say of it."""

    id: uuid.UUID
    paper_id: uuid.UUID
    number: int
    claim_id: uuid.UUID
    view: str | None
    grain: bytes | None
    said: dict[str, str | date | int]           # the ledger's columns by the fields' names, unread ones left out
    fields: tuple[tuple[str, Box], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pages that may be one paper. `number`: they bear the same; `keyed`: found by what is written on them."""

    page: Page
    other: Page
    number: bool
    keyed: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A pair that is one paper (`share` of what differs, none when no picture could be laid beside) or bears one number."""

    pair: Pair
    share: float | None
    altered: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    other_boxes: tuple[Box, ...] = field(default=())


def unprinted(session: Session, claim_ids: Sequence[uuid.UUID]) -> list[tuple[uuid.UUID, str]]:
    """(page, view) of pages that may be invoices or settlement sheets and have no print of the view as it is now."""
    rows = session.execute(_UNPRINTED, {"claims": list(claim_ids), "kinds": KINDS, "sheets": list(LEDGER)})
    return [(row.id, row.view_sha256) for row in rows]


def prints(pages: Iterable[tuple[uuid.UUID, str]]) -> list[tuple[uuid.UUID, str, Print | None]]:
    """Each page's print, made from its view. No transaction is open meanwhile; a view that is gone gives none. OutsideError when
    the store does not answer: a page without a print would never be looked at again."""
    return [(page, view, _print(_content(view))) for page, view in pages]


def _print(content: bytes | None) -> Print | None:
    try:
        return print_of(content) if content else None
    except OSError:             # no picture any more: the page's own fault is told where it is shown
        return None


def _content(view: str | None) -> bytes | None:
    try:
        return storage.get(view) if view else None
    except NotFound:            # kept no longer
        return None
    except OutsideError as error:
        if error.code != "object_damaged":
            raise
        return None


def keep_prints(session: Session, made: Sequence[tuple[uuid.UUID, str, Print | None]]) -> None:
    """Record prints; what was found by an older picture of the same page is forgotten."""
    bands = [found.bands if found else (None,) * 4 for _, _, found in made]
    session.execute(_PRINT, {
        "ids": [page for page, _, _ in made], "views": [view for _, view, _ in made],
        "hashes": [found and found.hash for *_, found in made], "grains": [found and found.grain for *_, found in made],
        **{name: [band[at] for band in bands] for at, name in enumerate(("ones", "twos", "threes", "fours"))}})


def pairs(session: Session, claim_ids: Sequence[uuid.UUID]) -> list[Pair]:
    """Pairs of pages to be looked at, those with the same number first."""
    claims = list(claim_ids)
    tried = [(row.id, number) for row in session.execute(_LINES, {"claims": claims}) for number in _near(row.number)]
    numbered = session.execute(_BY_NUMBER, {"ids": [line for line, _ in tried], "numbers": [number for _, number in tried]}).all()
    ways: dict[tuple[uuid.UUID, uuid.UUID], tuple[bool, bool]] = {(row.page, row.other): (True, True) for row in numbered if row.key}
    for row in [*numbered, *session.execute(_BY_SUM, {"claims": claims})]:
        ways.setdefault((row.page, row.other), (False, True))
    for row in session.execute(_BY_HASH, {"claims": claims}):
        ways.setdefault((row.page, row.other), (False, False))
    pages = _pages(session, {page for pair in ways for page in pair})
    return [Pair(pages[page], pages[other], *way) for (page, other), way in ways.items()]


def _near(number: str) -> list[str]:
    """The number itself, and each that has one other digit."""
    others = [number[:at] + digit + number[at + 1:] for at, sign in enumerate(number) if sign.isdigit()
              for digit in "0123456789" if digit != sign]
    return [number, *others]


def _pages(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Page]:
    found = {}
    for row in session.execute(_PAGES, {"pages": list(ids)}):
        line = {"code": row.code, "number": row.invoice, "issued_on": row.issued_on, "amount": row.amount_fen}
        said = {name: line[column] for column, name in COLUMNS.get(row.sheet, {}).items()}
        found[row.id] = Page(row.id, row.paper_id, row.number, row.claim_id, row.view_sha256, row.grain,
                             {name: value for name, value in said.items() if value not in (None, "")},
                             tuple((name, Box(*edges)) for name, *edges in row.fields))
    return found


def compare(found: Sequence[Pair]) -> list[Seen]:
    """Which pairs are one paper. Reads views from the store: no transaction is open meanwhile."""
    by_page: dict[uuid.UUID, list[Pair]] = defaultdict(list)
    for pair in found:
        by_page[pair.page.id].append(pair)
    seen: list[Seen] = []
    for of_page in by_page.values():
        keyed = [pair for pair in of_page if pair.keyed]
        sheets: dict[str, Sheet | None] = {}
        likely = [*keyed[:_KEYED], *_likely([pair for pair in of_page if not pair.keyed])]
        seen += [one for pair in likely if (one := _laid(pair, sheets))]
        seen += [Seen(pair, None, _differing(pair)) for pair in keyed[_KEYED:] if pair.number]
    return seen


def _likely(hashed: Sequence[Pair]) -> list[Pair]:
    """Those whose grains differ least."""
    shares = [(1.0 if pair.page.grain is None or pair.other.grain is None else
               compared(grain_of(pair.page.grain), grain_of(pair.other.grain)).share, at) for at, pair in enumerate(hashed)]
    return [hashed[at] for share, at in sorted(shares)[:_LOOKED_AT] if share <= _LIKELY]


def _laid(found: Pair, sheets: dict[str, Sheet | None]) -> Seen | None:
    """The newer page over the older one, whichever was asked about: so both claims' runs say the same."""
    one, two = sorted((found.page, found.other), key=lambda page: page.id)
    pair = Pair(one, two, found.number, found.keyed)
    first, second = _sheet(one.view, sheets), _sheet(two.view, sheets)
    cells = compared(first.ink, second.ink) if first and second else None
    if first is None or second is None or cells is None or cells.share > SAME_PAPER or _another(pair):
        return Seen(pair, None, _differing(pair)) if pair.number else None
    spots = cells.spots
    boxes = tuple(place_in_view(first, spot) for spot in spots)
    other_boxes = tuple(place_in_view(second, spot, cells.plane) for spot in spots)
    return Seen(pair, round(cells.share, 4), _altered(pair, boxes, other_boxes), boxes, other_boxes)


def _sheet(view: str | None, sheets: dict[str, Sheet | None]) -> Sheet | None:
    if view is None:
        return None
    if view not in sheets:
        content = _content(view)
        sheets[view] = sheet_of(content, across=pictures.SHEET) if content else None
    return sheets[view]


def _differing(pair: Pair) -> tuple[str, ...]:
    """What the ledger says otherwise of the two."""
    return tuple(name for name, value in pair.page.said.items() if pair.other.said.get(name, value) != value)


def _another(pair: Pair) -> bool:
    """Another paper on the same form, however alike: its number and its day or amount are others, the number in more than a digit."""
    mine, others = str(pair.page.said.get("number", "")), str(pair.other.said.get("number", ""))
    changed = sum(one != other for one, other in zip(mine, others, strict=False)) + abs(len(mine) - len(others))
    return bool(mine and others) and changed > 2 and bool(set(_differing(pair)) - {"number", "code"})


def _altered(pair: Pair, boxes: Sequence[Box], other_boxes: Sequence[Box]) -> tuple[str, ...]:
    """Names of the fields that differ; `picture` when the pictures do and nobody read what stands there."""
    sides = ((pair.page, boxes), (pair.other, other_boxes))
    touched = [name for page, spots in sides for name, place in page.fields if any(_meet(place, spot) for spot in spots)]
    names = dict.fromkeys([*_differing(pair), *(name for name in touched if name not in pair.page.said and name != "seal")])
    return tuple(names) or (("picture",) if boxes and not (pair.page.said and pair.other.said) else ())


def _meet(one: Box, other: Box) -> bool:
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom

