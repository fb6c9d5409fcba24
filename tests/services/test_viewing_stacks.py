"""Cover sheets, and stacks that file themselves: every page filed or listed."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageFilter

from services.core.db import Database
from services.evidence import sheets, stacks
from services.evidence.stacks import Part
from services.storage import reading
from services.storage import service as storage
from tests.services.api_world import Api
from tests.services.member_pages import case_no, person
from tests.support.paper_files import page


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def printed(pdf: bytes) -> list[Image.Image]:
    """The pages of a PDF as a printer would put them on paper, at 150 dots an inch."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [document[number].render(scale=150 / 72).to_pil().convert("L") for number in range(len(document))]
    finally:
        document.close()


def scanned(*pages: Image.Image) -> bytes:
    """Pages as an office scanner gives them: a little askew, soft and grey."""
    soft = [one.convert("L").rotate(1.2, expand=False, fillcolor=235).filter(ImageFilter.GaussianBlur(0.8)).point(lambda v: min(240, v))
            for one in pages]
    out = io.BytesIO()
    soft[0].save(out, "PDF", resolution=150, save_all=True, append_images=soft[1:])
    return out.getvalue()


def paper(serial: int) -> Image.Image:
    return page(1240, 1754, light=246 - serial * 4)


def test_a_cover_sheet_says_its_claim_and_paper_to_machine_and_eye(api: Api) -> None:
    claim_no = api.report(0)
    made = api.get("xj.clerk", f"/claims/{claim_no}/cover-sheets", kind=["diagnosis", "id_card"])
    assert (made.status_code, made.headers["content-type"]) == (200, "application/pdf")
    found = reading.codes(made.content, storage.PDF, [1, 2])
    assert found == {1: [f"HZ:{claim_no}:diagnosis"], 2: [f"HZ:{claim_no}:id_card"]}
    assert len(printed(api.get("xj.m0", f"/claims/{claim_no}/cover-sheets").content)) == 5       # the five papers of xj-women
    assert api.get("xj.clerk", f"/claims/{claim_no}/cover-sheets", kind="diagnosys").json()["code"] == "paper_kind"
    assert api.get("xj.m1", f"/claims/{claim_no}/cover-sheets").status_code == 404
    assert api.get("xj.admin", f"/claims/{claim_no}/cover-sheets").status_code == 403


def test_the_clerks_page_of_a_reports_papers_gives_the_covers(api: Api) -> None:
    claim_no = api.report(0)
    path = f"/cases/{case_no(api, claim_no)}"
    link = f'href="{path}/covers/{claim_no}"'
    clerk = person(api, "xj.clerk")
    assert link in clerk.get(f"{path}/papers").text
    got = clerk.get(f"{path}/covers/{claim_no}")
    assert reading.codes(got.content, storage.PDF, [1])[1][0].startswith(f"HZ:{claim_no}:")
    assert clerk.get(f"{path}/covers/XJ-0").status_code == 404
    assert link not in person(api, "xj.m0").get(f"{path}/papers").text


def test_a_stack_files_itself_and_lists_what_it_could_not(api: Api) -> None:
    one, two, foreign = api.report(0), api.report(1), api.report(0, office="nx")
    covers = {claim: printed(api.get(login, f"/claims/{claim}/cover-sheets", kind=kind).content)[0]
              for claim, kind, login in ((one, "diagnosis", "xj.clerk"), (two, "id_card", "xj.clerk"), (foreign, "diagnosis", "nx.clerk"))}
    stray = printed(sheets_of_nobody())[0]
    stack = scanned(paper(0), covers[one], paper(1), paper(2), covers[foreign], paper(3), stray, paper(4), covers[two], paper(5))
    sent = api.upload("xj.clerk", "/paper-stacks", stack, name="扫描20260320.pdf")
    assert sent.status_code == 201, sent.text
    done = sent.json()
    assert done["pages"] == 10 and done["sha256"]
    assert [(part["claim_no"], part["kind"], part["first"], part["last"]) for part in done["filed"]] == [
        (one, "diagnosis", 3, 4), (two, "id_card", 10, 10)]
    assert [(part["first"], part["last"], part["code"]) for part in done["left"]] == [
        (1, 1, "cover_missing"), (6, 6, "claim_missing"), (8, 8, "cover_unknown")]
    assert all(part["words"] and part["remedy"] for part in done["left"])
    [filed] = api.get("xj.clerk", f"/claims/{one}/papers").json()
    kept = api.get("xj.clerk", f"/papers/{filed['id']}/content").content
    with pikepdf.open(io.BytesIO(kept)) as pdf:
        assert len(pdf.pages) == 2
    again = api.upload("xj.clerk", "/paper-stacks", stack, name="扫描20260320.pdf").json()
    assert [part["paper_id"] for part in again["filed"]] == [part["paper_id"] for part in done["filed"]]
    assert len(api.get("xj.clerk", f"/claims/{one}/papers").json()) == 1


def sheets_of_nobody() -> bytes:
    """A cover with a code of ours that names no claim and no paper."""
    made = sheets._page("XJ 2026/7", "示例计划", "诊断证明", "?")
    out = io.BytesIO()
    made.save(out, "PDF", resolution=sheets.DPI)
    return out.getvalue()


def test_only_offices_file_stacks_and_only_pdfs(api: Api) -> None:
    assert api.upload("xj.m0", "/paper-stacks", scanned(paper(0)), name="s.pdf").status_code == 403
    out = io.BytesIO()
    paper(0).save(out, "PNG")
    assert api.upload("xj.clerk", "/paper-stacks", out.getvalue(), name="s.png").json()["code"] == "stack_type"


A, B = "HZ:XJ-1:diagnosis", "HZ:XJ-2:id_card"


@pytest.mark.parametrize(("pages", "codes", "expected"), [
    (3, {}, [Part("", 1, 3)]),
    (3, {1: [A]}, [Part(A, 2, 3)]),
    (4, {2: [A], 4: [B]}, [Part("", 1, 1), Part(A, 3, 3), Part(B, 5, 4)]),       # the last cover has nothing behind it
    (3, {1: ["6901234567892", A], 3: ["6901234567892"]}, [Part(A, 2, 3)]),       # a hospital's own code is no cover
    (3, {1: [A], 2: [A]}, [Part(A, 2, 1), Part(A, 3, 3)]),
])
def test_a_stack_is_cut_at_its_covers(pages: int, codes: dict[int, list[str]], expected: list[Part]) -> None:
    assert stacks.parts(pages, codes) == expected


@pytest.mark.parametrize(("text", "meaning"), [
    (A, ("XJ-1", "diagnosis")), ("HZ:XJ-1", None), ("HZ:XJ-1:../x", None), ("HZ:xj:diagnosis", None), ("6901234567892", None)])
def test_a_code_means_a_claim_and_a_paper_or_nothing(text: str, meaning: tuple[str, str] | None) -> None:
    assert sheets.read(text) == meaning
