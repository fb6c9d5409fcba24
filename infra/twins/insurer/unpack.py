"""The package of a dossier, taken apart by the insurer: each name, size and digest, the sheet and the worksheet against the manifest.

Nothing is written to a disk by a name from the package, and the names are still held to the form, whatever a reader would do with them.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile

from python_calamine import CalamineWorkbook

from infra.twins.insurer.opener import digest, refuse
from infra.twins.insurer.wire import Fault, Json, decode

NAME = re.compile(r"sheet\.xlsx|[\w.-]{1,60}/(worksheet\.json|papers/\d{2,3}-[a-z][a-z0-9_]{1,39}\.[a-z]{3,4})", re.ASCII)
DIGESTS = {"gm": "SM3", "intl": "SHA-256"}
MOST = 96 * 1024 * 1024
COLUMNS = 26
POLICY, NAME_CELL, ID_NUMBER, PAYEE, ACCOUNT, PAPERS = 1, 3, 5, 20, 23, 24


def messages(package: bytes, suite: str) -> list[Json]:
    """The dossiers of a package as messages, each with its papers' bytes. Fault by name when anything does not fit."""
    files = _files(package)
    manifest = decode(files.pop("manifest.json", b""))
    if set(manifest) != {"huzhu", "digest", "dossiers", "files"} or manifest["huzhu"] != 1 or manifest["digest"] != DIGESTS[suite]:
        raise refuse("bad_manifest", "清单不是本格式的第 1 版")
    _as_listed(manifest["files"], files, suite)
    dossiers = manifest["dossiers"]
    if not isinstance(dossiers, list) or not dossiers:
        raise refuse("bad_manifest", "清单没有案卷")
    try:
        made = [_message(entry, files) for entry in dossiers]
        _sheet(files["sheet.xlsx"], made)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise refuse("bad_manifest", f"清单缺少或多出内容：{error}") from None
    used = {"sheet.xlsx"} | {name for message in made for name in _names(message)}
    if used != set(files):
        raise refuse("stray_file", f"案卷之外的文件：{sorted(set(files) - used)}")
    return made


def _files(package: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            entries = archive.infolist()
            for entry in entries:
                if entry.filename != "manifest.json" and (not NAME.fullmatch(entry.filename) or ".." in entry.filename):
                    raise refuse("unsafe_name", f"包内文件名不合格式：{entry.filename[:80]}")
                if entry.compress_type != zipfile.ZIP_STORED:
                    raise refuse("bad_package", "包内文件须不压缩")
            if len({entry.filename for entry in entries}) < len(entries) or sum(entry.file_size for entry in entries) > MOST:
                raise refuse("bad_package", "包内文件重名或过大")
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, EOFError, RuntimeError):
        raise refuse("bad_package", "不是完整的 ZIP") from None


def _as_listed(listed: object, files: dict[str, bytes], suite: str) -> None:
    found = [{"name": name, "size": len(content), "digest": digest(suite, content)} for name, content in sorted(files.items())]
    if listed == found:
        return
    said = {str(item.get("name")): item for item in listed if isinstance(item, dict)} if isinstance(listed, list) else {}
    wrong = next((item["name"] for item in found if said.get(str(item["name"])) != item), "清单所列而包内没有的文件")
    raise refuse("wrong_file_digest", f"与清单不符：{wrong}")


def _message(entry: Json, files: dict[str, bytes]) -> Json:
    if set(entry) != {"head", "manifest", "package_digest"}:
        raise refuse("bad_manifest", "案卷条目的键不符")
    head, facts = entry["head"], entry["manifest"]
    assert isinstance(head, dict) and isinstance(facts, dict)
    if decode(files[f"{facts['claim_no']}/worksheet.json"]) != facts["worksheet"]:
        raise refuse("wrong_worksheet", "核算表与清单不符")
    papers = [{**paper, "content_base64": base64.b64encode(files[name]).decode("ascii")}
              for paper, name in zip(facts["papers"], _papers(facts, files), strict=True)]
    return {**head, "claim_no": facts["claim_no"], "round": facts["round"], "version": facts["version"], "kind": "dossier",
            "body": {**facts, "papers": papers, "package_digest": entry["package_digest"]}}


def _papers(facts: Json, files: dict[str, bytes]) -> list[str]:
    """The names of a dossier's papers, in the manifest's order: number and kind must agree."""
    papers = facts["papers"]
    assert isinstance(papers, list)
    start = f"{facts['claim_no']}/papers/"
    names = sorted((name for name in files if name.startswith(start)), key=lambda name: int(name[len(start):].partition("-")[0]))
    kinds = [name[len(start):].partition("-")[2].rpartition(".")[0] for name in names]
    if kinds != [paper["kind"] for paper in papers]:
        raise refuse("wrong_papers", "影像与清单所列不符")
    return names


def _names(message: Json) -> list[str]:
    body, claim_no = message["body"], message["claim_no"]
    assert isinstance(body, dict)
    endings = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic",
               "image/tiff": "tif"}
    return [f"{claim_no}/worksheet.json", *(f"{claim_no}/papers/{place:02d}-{paper['kind']}.{endings.get(paper['mime'], '')}"
                                            for place, paper in enumerate(body["papers"], 1))]


def _sheet(content: bytes, made: list[Json]) -> None:
    """The sheet says what the manifest says, where a person at the insurer would work from it."""
    try:
        rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except Exception as error:  # noqa: BLE001  (calamine has no error of its own for every kind of nonsense)
        raise refuse("wrong_sheet", f"表格无法读取：{error}") from None
    if len(rows) != len(made) + 1 or any(len(row) != COLUMNS for row in rows):
        raise refuse("wrong_sheet", "表格的行列与案卷不符")
    for row, message in zip(rows[1:], made, strict=True):
        body = message["body"]
        assert isinstance(body, dict)
        said = [row[place] for place in (POLICY, NAME_CELL, ID_NUMBER, PAYEE, ACCOUNT, PAPERS)]
        if said != [body["policy_no"], body["insured"]["name"], body["insured"]["id_number"], body["payee"]["name"],
                    body["payee"]["account"], str(len(body["papers"]))]:
            raise refuse("wrong_sheet", f"表格与案卷 {message['claim_no']} 的清单不符")


def one(content: bytes, kind: str, suite: str) -> Json:
    """The single message of a container's content: a package of one dossier, or a canonical envelope."""
    if kind != "dossier":
        return decode(content)
    found = messages(content, suite)
    if len(found) != 1:
        raise Fault(422, "invalid", "此处只收一个案件的案卷包")
    return found[0]

