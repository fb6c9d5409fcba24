"""The package of a dossier, taken apart by the insurer: each name, size and digest, the sheet and the worksheet against the manifest.

Nothing is written to a disk by a name from the package, and the names are still held to the form, whatever a reader would do with them.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile

from python_calamine import CalamineWorkbook

from infra.twins.insurer import readable
from infra.twins.insurer.opener import digest, refuse
from infra.twins.insurer.wire import Fault, Json, decode

NAME = re.compile(r"sheet\.xlsx|[\w.-]{1,60}/(worksheet\.(json|html)|papers/\d{2,3}-[a-z][a-z0-9_]{1,39}\.[a-z]{3,4})", re.ASCII)
DIGESTS = {"gm": "SM3", "intl": "SHA-256"}
MOST = 96 * 1024 * 1024
COLUMNS = 26
SCHEMA = "/api/v1/insurer/manifest.schema.json"
# What the office writes for its codes; a code the insurer does not know is not guessed at.
RELATIONS = {"self": "本人", "husband": "丈夫", "wife": "妻子", "spouse": "配偶", "child": "子女", "parent": "父母",
             "grandchild": "代位继承的孙子女、外孙子女", "child_in_law": "尽了主要赡养义务的丧偶儿媳、女婿", "sibling": "兄弟姐妹",
             "grandparent": "祖父母、外祖父母", "niece_nephew": "代位继承的侄子女、甥子女", "other": "其他继承人"}


def messages(package: bytes, suite: str) -> list[Json]:
    """The dossiers of a package as messages, each with its papers' bytes. Fault by name when anything does not fit."""
    files = _files(package)
    manifest = decode(files.pop("manifest.json", b""))
    if set(manifest) != {"huzhu", "schema", "digest", "dossiers", "files"} or (
            manifest["huzhu"], manifest["schema"], manifest["digest"]) != (2, SCHEMA, DIGESTS[suite]):
        raise refuse("bad_manifest", "清单不是本格式的第 2 版")
    _as_listed(manifest["files"], files, suite)
    dossiers = manifest["dossiers"]
    if not isinstance(dossiers, list) or not dossiers:
        raise refuse("bad_manifest", "清单没有案卷")
    try:
        made = [_message(entry, files) for entry in dossiers]
        _sheet(files["sheet.xlsx"], made)
        used = {"sheet.xlsx"} | {name for message in made for name in _names(message)}
    except (KeyError, TypeError, IndexError, AttributeError, AssertionError) as error:      # a part of another type than it should be
        raise refuse("bad_manifest", f"清单缺少或多出内容：{error or '类型不符'}") from None
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
    readable.check(files[f"{facts['claim_no']}/worksheet.html"], facts)
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
    papers = [f"papers/{place:02d}-{paper['kind']}.{endings.get(paper['mime'], '')}" for place, paper in enumerate(body["papers"], 1)]
    return [f"{claim_no}/{name}" for name in ("worksheet.json", "worksheet.html", *papers)]


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
        wanted = _cells(body)
        if {place: row[place] for place in wanted} != wanted:
            raise refuse("wrong_sheet", f"表格与案卷 {message['claim_no']} 的清单不符")


def _cells(body: Json) -> dict[int, str]:
    """What must stand in a dossier's row, by column; the grade of the hospital (14) nobody states."""
    insured, event, cover, payee = (body[name] for name in ("insured", "event", "cover", "payee"))
    assert isinstance(insured, dict) and isinstance(event, dict) and isinstance(cover, dict) and isinstance(payee, dict)
    papers = body["papers"]
    assert isinstance(papers, list)
    return {1: str(body["policy_no"]), 2: cover.get("unit", ""), 3: insured["name"], 5: insured["id_number"], 10: event["specimen_on"],
            13: event.get("hospital", ""), 14: "", 15: event["icd10"], 16: event.get("disease", ""), 20: payee["name"],
            21: RELATIONS.get(payee.get("relation", ""), ""), 23: payee["account"], 24: str(len(papers))}


def one(content: bytes, kind: str, suite: str) -> Json:
    """The single message of a container's content: a package of one dossier, or a canonical envelope."""
    if kind != "dossier":
        return decode(content)
    found = messages(content, suite)
    if len(found) != 1:
        raise Fault(422, "invalid", "此处只收一个案件的案卷包")
    return found[0]

