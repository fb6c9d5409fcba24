"""The seal as other programs see it: poppler, pyHanko's own validator, and what is refused before anything is signed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from weasyprint import HTML

from documents.proof import VARIANT, add_ua1, data_file, seal_field
from services.core import settings as settings_module
from services.core.errors import GuardFailed
from services.notice import signing
from services.notice.examining import examine

NOW = datetime(2026, 3, 20, 1, tzinfo=UTC)
ORGAN = "宁夏回族自治区总工会女职工委员会"


@dataclass(frozen=True)
class Office:
    org_key: str = "cn.nx."
    letter_organ: str | None = ORGAN


@pytest.fixture(scope="module")
def blank() -> bytes:
    """A page with an empty field where a seal goes."""
    document = HTML(string='<html lang="zh-CN"><head><title>函</title></head><body><h1>函</h1><p>正文</p>'
                           '<div id="seal" style="width: 40mm; height: 40mm"></div></body></html>').render(pdf_variant=VARIANT)
    add_ua1(document)
    pdf = document.write_pdf(pdf_variant=VARIANT, attachments=[data_file({"number": "示例〔2026〕1号"}, date(2026, 3, 20))],
                             finisher=seal_field())
    assert isinstance(pdf, bytes)
    return pdf


@pytest.fixture
def seals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of seals of this test's own, in production: nothing is made unasked."""
    monkeypatch.setenv("HUZHU_MODE", "production")
    monkeypatch.setenv("HUZHU_SEALS", str(tmp_path))
    settings_module.settings.cache_clear()
    return tmp_path


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of the test process again, whatever a test set."""
    yield
    monkeypatch.undo()
    settings_module.settings.cache_clear()


def own(folder: Path, begins: datetime, ends: datetime, *, mode: int = 0o600, sign: bool = True) -> None:
    """A certificate of an office's own, as a certificate authority would send it."""
    folder.mkdir(parents=True)
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "示例电子签章")])
    usage = x509.KeyUsage(sign, sign, not sign, False, False, False, False, False, False)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(7).not_valid_before(begins).not_valid_after(ends).add_extension(usage, critical=True).sign(key, SHA256()))
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "key.pem").chmod(mode)


def pdfsig(pdf: bytes, folder: Path) -> str:
    path = folder / "letter.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False,
                          env={"PATH": "/usr/bin:/bin", "TZ": "Asia/Shanghai", "LC_ALL": "C"}).stdout


def test_poppler_and_pyhanko_accept_the_seal(blank: bytes, tmp_path: Path) -> None:
    sealed = signing.sign(blank, office=Office(), now=NOW)
    assert sealed.startswith(blank)
    said = pdfsig(sealed, tmp_path)
    assert "Signature is Valid" in said and "Total document signed" in said and "ETSI.CAdES.detached" in said
    assert "Mar 20 2026 09:00:00" in said           # the business clock, in China
    seen = examine(sealed)
    assert seen.sound and "演示" in seen.signer and seen.signed_at == NOW


def test_one_changed_byte_breaks_it(blank: bytes, tmp_path: Path) -> None:
    sealed = bytearray(signing.sign(blank, office=Office(), now=NOW))
    sealed[len(blank) // 2] ^= 1
    assert "Signature is Valid" not in pdfsig(bytes(sealed), tmp_path)
    assert not examine(bytes(sealed)).sound


def test_what_is_added_behind_the_seal_is_seen(blank: bytes) -> None:
    sealed = signing.sign(blank, office=Office(), now=NOW)
    assert not examine(sealed + b"\n% later\n").sound
    assert not examine(blank).signed and not examine(b"no letter").signed


def test_a_letter_made_to_confuse_the_reader_is_no_signed_one(blank: bytes) -> None:
    sealed = signing.sign(blank, office=Office(), now=NOW)
    packed = sealed.index(b"stream", sealed.rindex(b"/ObjStm") if b"/ObjStm" in sealed else 0)
    for hostile in (sealed.replace(b"/FlateDecode", b"/FlateDecodf"), sealed[:packed + 8] + b"\0" * 40 + sealed[packed + 48:],
                    sealed.replace(b"/ByteRange [0 ", b"/ByteRange [/ "), sealed.replace(b" 0 obj", b" 0 obk")):
        assert hostile != sealed and not examine(hostile).sound


def test_an_office_vouches_by_its_own_certificate_and_a_broken_folder_by_none(blank: bytes, seals: Path) -> None:
    own(seals / "cn.nx.", NOW - timedelta(days=1), NOW + timedelta(days=1))
    own(seals / "cn.xj.", NOW - timedelta(days=1), NOW + timedelta(days=1))
    (seals / "cn.xj." / "chain.pem").write_text("换证中")
    sealed = signing.sign(blank, office=Office(), now=NOW)
    assert examine(sealed).sound
    (seals / "cn.nx." / "cert.pem").unlink()
    assert examine(sealed).intact and not examine(sealed).trusted


def test_production_signs_with_nothing_but_the_offices_own(blank: bytes, seals: Path) -> None:
    with pytest.raises(GuardFailed) as refused:
        signing.sign(blank, office=Office(), now=NOW)
    assert refused.value.code == "certificate_missing"
    assert str(seals / "cn.nx.") in refused.value.message and not (seals / "cn.nx.").exists()

    own(seals / "cn.nx.", NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert examine(signing.sign(blank, office=Office(), now=NOW)).intact
    assert signing.ready(Office(), now=NOW).serial == "7"


@pytest.mark.parametrize(("begins", "ends", "said"), [(-9, -1, "到期"), (1, 9, "才生效")])
def test_a_certificate_out_of_its_days_is_refused(blank: bytes, seals: Path, begins: int, ends: int, said: str) -> None:
    own(seals / "cn.nx.", NOW + timedelta(days=begins), NOW + timedelta(days=ends))
    with pytest.raises(GuardFailed) as refused:
        signing.sign(blank, office=Office(), now=NOW)
    assert refused.value.code == "certificate_not_in_force"
    assert ORGAN in refused.value.message and said in refused.value.message


def test_a_key_that_others_can_read_is_refused(blank: bytes, seals: Path) -> None:
    own(seals / "cn.nx.", NOW - timedelta(days=1), NOW + timedelta(days=1), mode=0o644)
    with pytest.raises(GuardFailed, match="chmod 600"):
        signing.sign(blank, office=Office(), now=NOW)


def test_files_that_do_not_fit_are_refused(blank: bytes, seals: Path) -> None:
    days = (NOW - timedelta(days=1), NOW + timedelta(days=1))
    own(seals / "cn.nx.", *days)
    own(seals / "cn.xj.", *days)
    (seals / "cn.xj." / "key.pem").write_bytes((seals / "cn.nx." / "key.pem").read_bytes())
    own(seals / "cn.gd.", *days, sign=False)
    own(seals / "cn.sd.", *days)
    (seals / "cn.sd." / "chain.pem").write_bytes((seals / "cn.nx." / "cert.pem").read_bytes())
    for key, said in (("cn.xj.", "不是一对"), ("cn.gd.", "不是用于签名的证书"), ("cn.sd.", "证书链")):
        with pytest.raises(GuardFailed, match=said):
            signing.sign(blank, office=Office(key), now=NOW)
