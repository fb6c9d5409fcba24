"""The office's electronic seal on a letter: a PAdES signature in the field the press left, drawn as the office's round seal.

An office's folder `<seals>/<org_key>/` holds `cert.pem`, `key.pem` (not encrypted, mode 0600), `chain.pem` (the certificates
above, nearest first; may lack the root) and, if the office has one, `seal.png`, its own seal's picture. Read once a process
and again when a file changed.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Protocol, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from documents.proof import FIELD
from documents.seal import appearance
from services.core.clock import business_day
from services.core.errors import GuardFailed
from services.core.settings import settings
from services.core.words import date_cn
from services.notice import signing_authority as authority
from services.notice.signing_stamp import Stamp, signer_of

T = TypeVar("T")
CERTIFICATE, KEY, CHAIN, PICTURE = authority.CERTIFICATE, authority.KEY, authority.CHAIN, "seal.png"
RESERVED = 8192             # bytes of the signature; a chain of three RSA certificates takes 6 KB. Saves a trial signature
REASON = "证明本文书由落款机关签发且签发后未被改动"


class Signing(Protocol):
    """Who signs: an organisation, or what a process of the pool was told of it."""

    @property
    def org_key(self) -> str:
        """Names the folder."""

    @property
    def letter_organ(self) -> str | None:
        """Stands in the seal."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What an office seals with. `folder` is named in refusals."""

    folder: Path
    certificate: x509.Certificate
    stamp: Stamp

    @property
    def serial(self) -> str:
        """The certificate's number, as its issuer writes it."""
        return f"{self.certificate.serial_number:X}"


def sign(pdf: bytes, *, office: Signing, now: datetime) -> bytes:
    """The letter with its signature; the bytes before it stay as they are.

    GuardFailed when the office has no certificate, one out of its days, or files that do not fit together.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    held = ready(office, now=now)
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    signer = signer_of(held.stamp, field=FIELD, reason=REASON, now=now)
    out: io.BytesIO = _run(signer.async_sign_pdf(writer, existing_fields_only=True, bytes_reserved=RESERVED))
    return out.getvalue()


def ready(office: Signing, *, now: datetime) -> Seal:
    """The office's seal, fit to be used at this moment. GuardFailed naming folder and remedy otherwise.

    Outside production an office without a certificate gets one of the demonstration's authority.
    """
    folder = settings().seals_dir / office.org_key
    if not (folder / CERTIFICATE).exists() and settings().mode == "demo":
        authority.certify(settings().seals_dir, office.org_key, office.letter_organ or office.org_key)
    held = _held(folder, office.letter_organ or "", _changed(folder))
    _in_force(held, office, now)
    return held


def _in_force(held: Seal, office: Signing, now: datetime) -> None:
    begins, ends = held.certificate.not_valid_before_utc, held.certificate.not_valid_after_utc
    if begins <= now <= ends:
        return
    said = f"{date_cn(business_day(ends))}到期" if now > ends else f"{date_cn(business_day(begins))}才生效"
    raise GuardFailed("certificate_not_in_force", f"{office.letter_organ}的签章证书（{held.folder / CERTIFICATE}）{said}，不能签发文书",
                      remedy=f"向证书机构换领证书，把新的 {CERTIFICATE}、{KEY}、{CHAIN} 放入该文件夹后重新签发", field="certificate")


def _changed(folder: Path) -> tuple[int, ...]:
    """When each file was last written; 0 for one that is not there."""
    paths = (folder / name for name in (CERTIFICATE, KEY, CHAIN, PICTURE))
    return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)


@lru_cache(maxsize=64)
def _held(folder: Path, organ: str, changed: tuple[int, ...]) -> Seal:
    """What lies in a folder, once proven to belong together. `changed` makes a replaced file be read again."""
    if not changed[0] or not changed[1]:
        raise GuardFailed("certificate_missing", f"{organ or folder.name}没有签章证书，不能签发文书：{folder} 中缺少"
                          + "、".join(name for name, there in zip((CERTIFICATE, KEY), changed[:2], strict=True) if not there),
                          remedy=f"把证书机构发给该单位的 {CERTIFICATE}、{KEY}（权限 0600）和 {CHAIN} 放入该文件夹；试用时可运行 "
                          f"huzhu letters certificate {folder.name}", field="certificate")
    _private(folder / KEY)
    chain = [found for name in (CERTIFICATE, CHAIN) if (folder / name).exists() for found in _certificates(folder / name)]
    _belongs(folder, chain)
    picture = (folder / PICTURE).read_bytes() if changed[3] else None
    mark = authority.MARK if authority.is_development(chain[0]) else ""
    stamp = Stamp(key=(folder / KEY).read_bytes(), chain=tuple(found.public_bytes(Encoding.DER) for found in chain),
                  appearance=appearance(organ, mark, picture))
    return Seal(folder, chain[0], stamp)


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError as error:
        raise _unfit(path, "不是 PEM 格式的证书") from error


def _private(path: Path) -> None:
    """Whoever can read the key can sign in the office's name."""
    if path.stat().st_mode & 0o077:
        raise GuardFailed("key_open", f"签章私钥 {path} 其他用户也能读取，不能用来签发文书", remedy=f"运行 chmod 600 {path} 后重新签发",
                          field="certificate")


def _belongs(folder: Path, chain: list[x509.Certificate]) -> None:
    """The key is the certificate's, the certificate may sign, and each certificate is signed by the next."""
    try:
        key = load_pem_private_key((folder / KEY).read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise _unfit(folder / KEY, "不是未加密的 PEM 私钥") from error
    plain = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*plain) != chain[0].public_key().public_bytes(*plain):
        raise _unfit(folder / KEY, f"与 {CERTIFICATE} 不是一对")
    if not _may_sign(chain[0]):
        raise _unfit(folder / CERTIFICATE, "不是用于签名的证书")
    for lower, upper in pairwise(chain):
        try:
            lower.verify_directly_issued_by(upper)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise _unfit(folder / CHAIN, "不是签发该证书的证书链（由近及远）") from error


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def _unfit(path: Path, why: str) -> GuardFailed:
    return GuardFailed("certificate_unfit", f"签章文件 {path} {why}，不能签发文书", remedy="核对证书机构发来的文件，替换后重新签发",
                       field="certificate")


def _run(signing: Coroutine[object, object, T]) -> T:
    """The library's coroutine to its end, in a thread of its own: a flow already runs a loop in ours."""
    with ThreadPoolExecutor(max_workers=1) as own:
        return own.submit(asyncio.run, signing).result()
