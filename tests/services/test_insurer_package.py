"""The package: the same bytes for the same dossiers, fit for its published schema, and refused by name when anything is changed.

The other side here is the insurer's own code (infra/twins), which imports nothing of the office's.
"""

from __future__ import annotations

import ast
import importlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from infra.twins.insurer import check, unpack
from infra.twins.insurer.opener import Opener
from infra.twins.insurer.wire import Fault
from services.cli.setup import make_pair
from services.core.errors import ConfigError, OutsideError
from services.insurer import package, packing
from services.insurer.dossier import Dossier, Paper
from services.insurer.post import Post, post_of
from services.insurer.sealing import Party, digest_of, seal
from services.insurer.suites import SUITES
from services.insurer.wire import canonical
from tests.services.insurer_world import ROOT, dossier

jsonschema = importlib.import_module("jsonschema")      # it comes without types
JPEG = Paper.of("invoice", "image/jpeg", b"\xff\xd8\xff an invoice")
# The standard's column names, from domain/insurer-handoff.yaml.
COLUMNS = [
    "序号", "保单号", "投保单位", "被保险人姓名", "证件类型", "证件号码", "性别", "出生日期", "手机号", "申请类型", "出险日期(标本提取日)",
    "确诊日期", "报案日期", "就诊医院", "医院等级", "ICD-10", "诊断名称", "入院日期", "出院日期", "住院天数", "领款人", "与被保险人关系",
    "开户行", "账号", "影像数量", "备注"]


def sent() -> Dossier:
    first = dossier("PACK-1")
    return first.model_copy(update={"papers": (*first.papers, JPEG)})


def opened(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module", params=["gm", "intl"])
def sides(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Post, Opener, Path]:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("office", "insurer"):
        make_pair(folder, name, request.param)
    return post_of(folder, request.param), Opener(folder, request.param), folder


@pytest.mark.parametrize("suite", SUITES)
def test_the_same_dossiers_in_any_order_are_the_same_bytes_and_fit_the_schema(suite: str) -> None:
    dossiers = [dossier("PACK-2"), sent()]
    content = package.build(dossiers, SUITES[suite])
    assert content == package.build(dossiers[::-1], SUITES[suite])
    files = opened(content)
    manifest = json.loads(files.pop("manifest.json"))
    jsonschema.Draft202012Validator(package.schema()).validate(manifest)
    assert list(files) == ["PACK-1/papers/01-pathology.pdf", "PACK-1/papers/02-invoice.jpg", "PACK-1/worksheet.html",
                           "PACK-1/worksheet.json", "PACK-2/papers/01-pathology.pdf", "PACK-2/worksheet.html",
                           "PACK-2/worksheet.json", "sheet.xlsx"]
    assert [entry["package_digest"] for entry in manifest["dossiers"]] == [sent().package_digest, dossiers[0].package_digest]
    assert {entry["name"] for entry in manifest["files"]} == set(files)


def test_the_schema_itself_is_one_and_refuses_what_is_not_in_it() -> None:
    jsonschema.Draft202012Validator.check_schema(package.schema())
    manifest = json.loads(opened(package.build([sent()], SUITES["gm"]))["manifest.json"])
    manifest["dossiers"][0]["manifest"]["insured"]["nickname"] = "甲"
    with pytest.raises(jsonschema.ValidationError, match="nickname"):
        jsonschema.Draft202012Validator(package.schema()).validate(manifest)


def test_the_sheet_has_the_columns_of_the_insurers_form_and_a_row_a_claim() -> None:
    sheet = opened(package.build([dossier("PACK-2"), sent()], SUITES["gm"]))["sheet.xlsx"]
    rows = CalamineWorkbook.from_filelike(io.BytesIO(sheet)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert rows[0] == COLUMNS
    first = dict(zip(COLUMNS, rows[1], strict=True))
    expected = {
        "序号": "1", "保单号": "POLICY-PACK-1", "被保险人姓名": "测试甲", "证件号码": "640181198503070027", "性别": "女",
        "出险日期(标本提取日)": "2026-03-12", "ICD-10": "C50.900", "入院日期": "2026-03-20", "出院日期": "2026-03-25",
        "住院天数": "10；5", "账号": "6222000000000000123", "影像数量": "2", "备注": "第1轮第1版"}
    assert {name: first[name] for name in expected} == expected
    assert rows[2][1] == "POLICY-PACK-2"


def test_the_insurer_reads_the_very_dossier_with_its_own_code(sides: tuple[Post, Opener, Path]) -> None:
    post, opener, _ = sides
    container = post.seal(package.build([sent()], post.suite))
    again = post.seal(package.build([sent()], post.suite))
    assert container != again
    assert digest_of(container) == digest_of(again) == package.digest([sent()], post.suite)
    message = unpack.one(opener.open(container), "dossier", opener.suite)
    check.dossier(message)
    assert message["body"] == sent().body()
    assert post.unseal(opener.close(b"{}")) == b"{}"


def test_a_batch_is_one_package_with_every_dossier(sides: tuple[Post, Opener, Path]) -> None:
    post, opener, _ = sides
    found = unpack.messages(opener.open(post.seal(package.build([dossier("PACK-2"), sent()], post.suite))), opener.suite)
    assert [message["body"] for message in found] == [sent().body(), dossier("PACK-2").body()]


def test_the_insurer_refuses_containers_by_name(sides: tuple[Post, Opener, Path]) -> None:
    post, opener, _ = sides
    container = post.seal(package.build([sent()], post.suite))
    private, public = post.suite.make_pair()
    stranger = Party("office", public, private)
    head, _, sealed = container.partition(b"\n")
    other = SUITES["intl" if post.suite.name == "gm" else "gm"]
    theirs, ours = other.make_pair(), other.make_pair()

    def made(sender: Party, receiver: Party) -> bytes:
        return seal(b"PK", suite=post.suite, sender=sender, receiver=receiver)
    wrong = {
        "tampered": container[:-1] + bytes([container[-1] ^ 1]), "not_a_container": container[:200],
        "bad_seal": made(stranger, post.insurer), "wrong_key": made(post.office, Party("insurer", public)),
        "other_recipient": made(post.office, Party("another", post.insurer.public)),
        "wrong_suite": seal(b"PK", suite=other, sender=Party("office", ours[1], ours[0]), receiver=Party("insurer", theirs[1]))}
    for name, content in wrong.items():
        with pytest.raises(Fault, match=name):
            opener.open(content)
    with pytest.raises(Fault, match="tampered"):
        opener.open(head + b"\n" + sealed[:-100])


def test_the_office_refuses_the_insurers_containers_too(sides: tuple[Post, Opener, Path]) -> None:
    post, opener, _ = sides
    good = opener.close(b"{}")
    for content, words in ((good[:-1], "密文"), (opener.close(b"{}", stranger=True), "签名"), (b"", "不是案卷包"),
                           (post.seal(b"{}"), "sender")):
        with pytest.raises(OutsideError, match="insurer_container") as caught:
            post.unseal(content)
        assert words in caught.value.message


def rewritten(change: Callable[[dict[str, bytes]], object], *, relist: bool = False) -> bytes:
    """The package with its files changed, and with the manifest's list made to fit when that is not what must show."""
    files = opened(package.build([sent()], SUITES["gm"]))
    change(files)
    if relist:
        manifest = json.loads(files.pop("manifest.json"))
        manifest["files"] = [{"name": name, "size": len(content), "digest": SUITES["gm"].digest(content)}
                             for name, content in sorted(files.items())]
        files["manifest.json"] = canonical(manifest)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


SHEET = package.build([dossier("PACK-9")], SUITES["gm"])


@pytest.mark.parametrize(("name", "content"), [
    ("bad_package", b"PK no zip"), ("bad_package", package.build([sent()], SUITES["gm"])[:200]),
    ("unsafe_name", package.build([sent()], SUITES["gm"])[:-40]),       # cut so, the sheet's own directory is the last that is left
    ("not_canonical", rewritten(lambda files: files.pop("manifest.json"))),
    ("wrong_file_digest", rewritten(lambda files: files.update({"PACK-1/papers/01-pathology.pdf": b"%PDF-1.7 another"}))),
    ("wrong_file_digest", rewritten(lambda files: files.pop("PACK-1/papers/02-invoice.jpg"))),
    ("unsafe_name", rewritten(lambda files: files.update({"../../PACK-1/papers/03-invoice.jpg": b"slip"}), relist=True)),
    ("unsafe_name", rewritten(lambda files: files.update({"../papers/03-invoice.jpg": b"slip"}), relist=True)),
    ("unsafe_name", rewritten(lambda files: files.update({"/etc/passwd": b"slip"}), relist=True)),
    ("stray_file", rewritten(lambda files: files.update({"PACK-2/worksheet.json": b"{}"}), relist=True)),
    ("wrong_papers", rewritten(lambda files: files.update({"PACK-1/papers/03-invoice.jpg": b"more"}), relist=True)),
    ("wrong_worksheet", rewritten(lambda files: files.update({"PACK-1/worksheet.json": b"{}"}), relist=True)),
    ("wrong_sheet", rewritten(lambda files: files.update({"sheet.xlsx": b"no sheet"}), relist=True)),
    ("wrong_sheet", rewritten(lambda files: files.update({"sheet.xlsx": opened(SHEET)["sheet.xlsx"]}), relist=True))])
def test_a_changed_package_is_refused_by_name(name: str, content: bytes) -> None:
    with pytest.raises(Fault, match=name):
        unpack.messages(content, "gm")


@pytest.mark.parametrize("path", ["head", "manifest", "manifest/insured", "manifest/event", "manifest/papers", "manifest/papers/0/mime"])
@pytest.mark.parametrize("odd", [[], None, "x"])
def test_a_part_of_another_type_is_refused_and_ends_nobody(path: str, odd: object) -> None:
    def change(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"])
        *way, last = path.split("/")
        part = manifest["dossiers"][0]
        for name in way:
            part = part[int(name) if name.isdigit() else name]
        part[last] = odd
        files["manifest.json"] = canonical(manifest)
    with pytest.raises(Fault, match=r"bad_manifest|stray_file|wrong_"):
        unpack.messages(rewritten(change), "gm")


def test_a_paper_exchanged_with_its_digest_shows_in_the_dossiers_own() -> None:
    changed = rewritten(lambda files: files.update({"PACK-1/papers/01-pathology.pdf": b"%PDF-1.7 another"}), relist=True)
    with pytest.raises(Fault, match=r"sha256|size"):
        check.dossier(unpack.one(changed, "dossier", "gm"))


def test_what_is_kept_names_the_content_digest() -> None:
    kept = json.loads(packing.keep(sent(), SUITES["gm"]))
    assert kept["content"] == {"suite": "gm", "digest": SUITES["gm"].digest(package.build([sent()], SUITES["gm"]))}


def test_keys_that_are_not_there_are_named(tmp_path: Path) -> None:
    make_pair(tmp_path, "office")
    with pytest.raises(ConfigError, match="insurer_key") as caught:
        post_of(tmp_path, "gm")
    assert "insurer.gm.pub" in caught.value.message
    before = (tmp_path / "office.gm.key").read_bytes()
    make_pair(tmp_path, "office")
    assert (tmp_path / "office.gm.key").read_bytes() == before
    assert (tmp_path / "office.gm.key").stat().st_mode & 0o777 == 0o600


def test_the_insurers_code_is_its_own() -> None:
    for path in sorted((ROOT / "infra" / "twins" / "insurer").glob("*.py")):
        names = [node.module or "" for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
        assert not [name for name in names if name.split(".")[0] == "services"], path.name
