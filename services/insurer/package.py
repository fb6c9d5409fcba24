"""The package of one claim or of a batch: a ZIP whose bytes depend on the dossiers alone.

    manifest.json                      canonical JSON by manifest.schema.json: each dossier's head and manifest, each file's digest
    sheet.xlsx                         one row a claim, in the columns of the insurer's batch form
    <claim_no>/worksheet.json          the union's computation with its clauses
    <claim_no>/worksheet.html          the same for a person to read
    <claim_no>/papers/NN-<kind>.<ext>  the papers as they were handed in

Files are stored, not squeezed (papers are already), in the order of their names, with one fixed date.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import xlsxwriter
from pydantic import JsonValue

from services.core.identity import BANKS
from services.enrolment import heirs
from services.insurer import worksheet_page
from services.insurer.dossier import Dossier, Stay
from services.insurer.suites import Suite
from services.insurer.wire import canonical
from services.rulebook import registry

SCHEMA = Path(__file__).with_name("manifest.schema.json")
VERSION = 2
ADDRESS = "/api/v1/insurer/manifest.schema.json"       # below the office's public address; nobody signs in for it
_DATE = (1980, 1, 1, 0, 0, 0)
_ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic",
            "image/tiff": "tif"}
# domain/insurer-handoff.yaml, batch_excel_columns: our inference from the insurer's own form and seed 003. What the dossier does not
# say is an empty cell; 医院等级 always is: the union keeps no register of hospitals.
COLUMNS = ("序号", "保单号", "投保单位", "被保险人姓名", "证件类型", "证件号码", "性别", "出生日期", "手机号", "申请类型",
           "出险日期(标本提取日)", "确诊日期", "报案日期", "就诊医院", "医院等级", "ICD-10", "诊断名称", "入院日期", "出院日期",
           "住院天数", "领款人", "与被保险人关系", "开户行", "账号", "影像数量", "备注")


RELATIONS = {"self": "本人", **heirs.RELATIONS}


def build(dossiers: Sequence[Dossier], suite: Suite) -> bytes:
    """The package. The same dossiers in any order give the same bytes."""
    ordered = sorted(dossiers, key=lambda one: (one.claim_no, one.round, one.version))
    files = {"sheet.xlsx": _sheet(ordered)}
    for dossier in ordered:
        files |= _files(dossier)
    manifest: dict[str, JsonValue] = {
        "huzhu": VERSION, "schema": ADDRESS, "digest": "SM3" if suite.name == "gm" else "SHA-256",
        "dossiers": [_entry(dossier) for dossier in ordered],
        "files": [{"name": name, "size": len(content), "digest": suite.digest(content)} for name, content in sorted(files.items())]}
    return _zipped({"manifest.json": canonical(manifest), **files})


def digest(dossiers: Sequence[Dossier], suite: Suite) -> str:
    """The content's digest: what stands in the sealed container's head, whatever its encryption drew."""
    return suite.digest(build(dossiers, suite))


def _entry(dossier: Dossier) -> dict[str, JsonValue]:
    head: dict[str, JsonValue] = {"message_id": str(dossier.message_id), "handoff_id": str(dossier.handoff_id),
                                  "at": dossier.at.isoformat()}
    return {"head": head, "manifest": dossier.manifest(), "package_digest": dossier.package_digest}


def _files(dossier: Dossier) -> dict[str, bytes]:
    folder = dossier.claim_no
    papers = {f"{folder}/papers/{place:02d}-{paper.kind}.{_ENDINGS[paper.mime]}": paper.content
              for place, paper in enumerate(dossier.papers, 1)}
    return {f"{folder}/worksheet.json": canonical(dossier.worksheet.wire()),
            f"{folder}/worksheet.html": worksheet_page.page(dossier), **papers}


def _zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files, key=lambda name: (name != "manifest.json", name)):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def _sheet(dossiers: Iterable[Dossier]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False,
                                      "strings_to_urls": False}) as book:
        book.set_properties({"created": datetime(*_DATE, tzinfo=UTC).replace(tzinfo=None)})
        page = book.add_worksheet("理赔申请")
        page.freeze_panes(1, 0)
        page.write_row(0, 0, COLUMNS, book.add_format({"bold": True}))
        page.set_column(0, len(COLUMNS) - 1, 16)
        for row, dossier in enumerate(dossiers, 1):
            page.write_row(row, 0, _row(row, dossier))
    return buffer.getvalue()


def _row(number: int, dossier: Dossier) -> list[str]:
    insured, event, payee = dossier.insured, dossier.event, dossier.payee
    admitted = [stay.from_.isoformat() for stay in event.stays if stay.from_]
    discharged = [stay.to.isoformat() for stay in event.stays if stay.to]
    return [str(number), dossier.policy_no, dossier.cover.unit or "", insured.name, "居民身份证", insured.id_number,
            "女" if insured.sex == "F" else "男", insured.born.isoformat(), insured.phone or "",
            registry.latest(dossier.plan).name, event.specimen_on.isoformat(), event.diagnosed_on.isoformat(),
            event.reported_on.isoformat(), event.hospital or "", "", event.icd10, event.disease or "", "；".join(admitted),
            "；".join(discharged), "；".join(_days(stay) for stay in event.stays), payee.name, RELATIONS.get(payee.relation or "", ""),
            BANKS.get(payee.bank, payee.bank), payee.account, str(len(dossier.papers)), f"第{dossier.round}轮第{dossier.version}版"]


def _days(stay: Stay) -> str:
    if stay.days is not None:
        return str(stay.days)
    assert stay.from_ is not None and stay.to is not None
    return str(max((stay.to - stay.from_).days, 1))


@cache
def schema() -> dict[str, object]:
    """The manifest's JSON Schema (2020-12), for the other side and for tests."""
    found: dict[str, object] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return found
