"""Generated scans: what they say is consistent, the truth stands where the box is, and the same seed gives the same page."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest
from PIL import Image, ImageChops

from services.core.identity import check_identity, luhn
from services.core.words import read_back
from services.evidence.recognition.lines import Box
from services.evidence.recognition.vocabulary import SHEETS
from services.simulate.cast import members
from services.simulate.ongoing import ongoing
from services.simulate.papers import page
from services.simulate.scans import HELD_OUT, LAYOUTS, Scan, held_out, sheet


def _held_out(kind: str) -> list[str]:
    """The layout that nobody tunes on, while there is one."""
    return [HELD_OUT] if kind in held_out.LAYOUTS else []


EVERY = [(kind, layout) for kind in SHEETS for layout in [*LAYOUTS[kind], *_held_out(kind)]]


@pytest.fixture(scope="module")
def drawn() -> dict[tuple[str, str], Scan]:
    """Each layout once, small: what is asked here does not need sharp letters."""
    return {(kind, layout): sheet(kind, seed, layout=layout, quality="small") for seed, (kind, layout) in enumerate(EVERY)}


def picture(scan: Scan) -> Image.Image:
    return Image.open(io.BytesIO(scan.data)).convert("L")


def test_every_kind_has_four_layouts_and_none_by_the_name_of_what_is_held_out() -> None:
    assert all(len(LAYOUTS[kind]) >= 4 and HELD_OUT not in LAYOUTS[kind] for kind in SHEETS)


@pytest.mark.parametrize("kind", SHEETS)
def test_every_field_of_the_vocabulary_is_printed_somewhere(kind: str, drawn: dict[tuple[str, str], Scan]) -> None:
    known = {name for layout in LAYOUTS[kind] for name in drawn[kind, layout].truth}
    assert known == {spec.name for spec in SHEETS[kind].fields}
    for layout in [*LAYOUTS[kind], *_held_out(kind)]:
        assert set(drawn[kind, layout].boxes) == set(drawn[kind, layout].truth) <= known


def test_values_are_in_their_written_form(drawn: dict[tuple[str, str], Scan]) -> None:
    for scan in drawn.values():
        for spec in SHEETS[scan.sheet].fields:
            if (value := scan.truth.get(spec.name)) is None:
                continue
            if spec.type == "date":
                assert date.fromisoformat(value).isoformat() == value
            elif spec.type == "money":
                assert f"{Decimal(value):.2f}" == value
            elif spec.type in ("int", "number"):
                assert value.removesuffix("X").isdigit()
            elif spec.type == "flag":
                assert value == "yes"
            else:
                assert value == value.strip() != ""


def test_what_a_sheet_says_holds_together(drawn: dict[tuple[str, str], Scan]) -> None:
    for (kind, _), scan in drawn.items():
        said = scan.truth
        if kind == "id_card":
            person = check_identity(said["number"])
            assert not person.reasons and person.born == date.fromisoformat(said["born"])
        if kind == "bank_card":
            assert luhn(said["account"])
        if kind == "invoice":
            assert read_back(said["amount_in_words"]) == Decimal(said["amount"])
        if kind == "pathology":
            assert said["specimen_on"] <= said["received_on"] < said["reported_on"]
        if {"admitted_on", "discharged_on", "days"} <= set(said):
            stay = date.fromisoformat(said["discharged_on"]) - date.fromisoformat(said["admitted_on"])
            assert stay.days == int(said["days"])
        if kind == "settlement":
            own = [Decimal(said[name]) for name in ("own_1", "own_2", "own_expense")]
            assert sum(own) == Decimal(said["own_payment"])
            assert Decimal(said["total"]) == sum(own) + Decimal(said["pool_fund_paid"]) + Decimal(said["large_fund_paid"])


def test_boxes_lie_on_the_page(drawn: dict[tuple[str, str], Scan]) -> None:
    for scan in drawn.values():
        assert all(0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1 for box in scan.boxes.values())


@pytest.mark.parametrize("quality", ["clean", "phone"])
def test_another_name_changes_the_picture_inside_its_box_only(quality: str) -> None:
    one, other = (sheet("discharge", 3, layout="classic", quality=quality, facts={"name": name}) for name in ("示一兰", "样二梅"))
    assert one.truth["name"] == "示一兰" and one.boxes == other.boxes
    changed = ImageChops.difference(picture(one), picture(other)).point([0] * 80 + [255] * 176).getbbox()
    assert changed is not None
    wide, tall = one.size
    at, box = Box(changed[0] / wide, changed[1] / tall, changed[2] / wide, changed[3] / tall), one.boxes["name"]
    assert box.left - 0.01 <= at.left and at.right <= box.right + 0.01
    assert box.top - 0.01 <= at.top and at.bottom <= box.bottom + 0.01


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    assert sheet("fire", 5, quality="small").data == sheet("fire", 5, quality="small").data
    assert sheet("fire", 5, quality="small").data != sheet("fire", 9, quality="small").data


def test_the_page_is_as_wide_as_said() -> None:
    assert 900 <= sheet("invoice", 1, quality="phone").width <= 1500
    scanned = sheet("invoice", 1, quality="clean")
    assert scanned.size[0] == scanned.width >= 1240


def test_the_demonstration_hands_in_sheets_of_the_claimants_own() -> None:
    one, other = (members()[row] for row in ("T05", "T18"))
    for kind in ("id_card", "diagnosis", "pathology", "bank_card"):
        content, mime = page(kind, one, ongoing()["T05"])
        assert mime == "image/jpeg" and Image.open(io.BytesIO(content)).width == 1000
        assert page(kind, one, ongoing()["T05"])[0] == content
        assert content not in (page(kind, one, ongoing()["T05"], copy=2)[0], page(kind, other, ongoing()["T18"])[0])


def test_nobody_draws_what_is_unknown() -> None:
    with pytest.raises(KeyError):
        sheet("passport", 1)
    with pytest.raises(KeyError):
        sheet("fire", 1, layout="nonesuch")
