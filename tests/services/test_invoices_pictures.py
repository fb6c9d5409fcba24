"""Pictures of invoices: a copy is known again however it was taken, an altered sum is found, another invoice is another."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from services.evidence.likeness import compared
from services.evidence.matching import SAME_PAPER
from services.evidence.pictures import Sheet, grain_of, place_in_view, print_of, sheet_of
from tests.services.invoice_papers import facts, view


def sheet(content: bytes) -> Sheet:
    found = sheet_of(content)
    assert found is not None
    return found


@pytest.mark.parametrize("quality", ["clean", "worn", "phone"])
def test_the_same_invoice_taken_again_is_the_same(quality: str) -> None:
    cells = compared(sheet(view(1, 1, "clean")).ink, sheet(view(1, 2, quality)).ink)
    assert cells.inked > 400 and cells.share < 0.01


def test_an_altered_sum_is_found_where_it_stands() -> None:
    amount = facts(2)["amount"]
    forged = sheet(view(2, 3, "phone", "outpatient", f"9{amount[1:-3]}7.77"))
    original = sheet(view(2, 1, "clean"))
    cells = compared(original.ink, forged.ink)
    assert cells.share <= SAME_PAPER
    boxes = [place_in_view(original, spot) for spot in cells.spots]
    # The sum in figures ends the row under the table: right of the middle, below the items, above the feet.
    assert any(0.6 < box.left < 0.95 and 0.5 < box.middle < 0.8 for box in boxes)


@pytest.mark.parametrize("layout", ["outpatient", "dots"])
def test_other_invoices_on_the_same_form_are_others(layout: str) -> None:
    first = sheet(view(4, 1, "clean", layout))
    assert compared(first.ink, sheet(view(5, 2, "phone", layout)).ink).share > 3 * SAME_PAPER


def test_a_print_leads_to_its_copy_among_others_on_the_form() -> None:
    grains = {n: grain_of(found.grain) for n in (6, 7, 8) if (found := print_of(view(n, n, "worn")))}
    again = print_of(view(7, 40))
    assert again is not None and len(again.grain) < 8000
    shares = {n: compared(grain, grain_of(again.grain)).share for n, grain in grains.items()}
    assert min(shares, key=lambda n: shares[n]) == 7


def test_an_empty_page_has_no_print() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (900, 1200), (250, 250, 248)).save(buffer, "WEBP")
    assert print_of(buffer.getvalue()) is None
