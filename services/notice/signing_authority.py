"""The demonstration's own certificate authority and offices' certificates of it, all marked 演示. Never made in production unasked."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

CERTIFICATE, KEY, CHAIN = "cert.pem", "key.pem", "chain.pem"
AUTHORITY = "authority"         # no organisation has this key: keys end in a dot
MARK = "演示"
NAME = f"互助{MARK}根证书（无法律效力）"
# A demonstration's clock is set to any day of the plans.
_FROM, _UNTIL = datetime(2015, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)
_ROOM = 64                      # bytes of a name in a certificate (RFC 5280, ub-common-name)


def certify(seals: Path, org_key: str, organ: str) -> None:
    """A certificate for an office by the authority of `seals`; what is there stays, whoever makes it at the same time."""
    root, root_key = _authority(seals)
    if (seals / org_key / CERTIFICATE).exists():
        return
    key = generate_private_key(SECP256R1())
    certificate = _certificate(_fitting(organ, f"（{MARK}）"), _fitting(organ), key, root, root_key)
    _place(seals / org_key, key, {CERTIFICATE: [certificate], CHAIN: [root]})


def is_development(certificate: x509.Certificate) -> bool:
    """Whether a demonstration's authority issued it."""
    return any(MARK in str(found.value) for found in certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME))


def _authority(seals: Path) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    folder = seals / AUTHORITY
    if not (folder / CERTIFICATE).exists():
        key = generate_private_key(SECP256R1())
        _place(folder, key, {CERTIFICATE: [_certificate(NAME, NAME, key, None, key)]})
    signing = load_pem_private_key((folder / KEY).read_bytes(), None)
    if not isinstance(signing, EllipticCurvePrivateKey):
        raise TypeError(f"{folder / KEY} is not the key this authority was made with")
    return x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes()), signing


def _fitting(name: str, end: str = "") -> str:
    """As much of the name as a certificate holds, with its end."""
    return name.encode()[:_ROOM - len(end.encode())].decode(errors="ignore") + end


def _certificate(name: str, organ: str, key: EllipticCurvePrivateKey, issuer: x509.Certificate | None,
                 issuer_key: EllipticCurvePrivateKey) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
                         x509.NameAttribute(NameOID.ORGANIZATION_NAME, organ),
                         x509.NameAttribute(NameOID.COMMON_NAME, name)])
    root = issuer is None
    usage = x509.KeyUsage(digital_signature=not root, content_commitment=not root, key_encipherment=False, data_encipherment=False,
                          key_agreement=False, key_cert_sign=root, crl_sign=root, encipher_only=False, decipher_only=False)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
               .public_key(key.public_key()).serial_number(x509.random_serial_number()).not_valid_before(_FROM).not_valid_after(_UNTIL)
               .add_extension(x509.BasicConstraints(root, 0 if root else None), critical=True).add_extension(usage, critical=True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False))
    return builder.sign(issuer_key, SHA256())


def _place(folder: Path, key: EllipticCurvePrivateKey, files: dict[str, list[x509.Certificate]]) -> None:
    """The whole folder at once, so that two processes never mix their pairs: whoever comes second keeps the first one's."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part", dir=folder.parent))
    for name, certificates in files.items():
        (part / name).write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(part / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private)
    try:
        part.rename(folder)
    except OSError:
        shutil.rmtree(part)
        if not (folder / CERTIFICATE).exists():
            raise
