"""What a file's own signature says, without any record of ours: who sealed it, whether what it covers was changed or added to since.

It covers all but its own digits, whose idle end a forger may fill: the very bytes are told by their digest alone.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from datetime import datetime

import structlog
from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates

from services.core.settings import settings
from services.notice.signing_authority import CERTIFICATE, CHAIN

log = structlog.get_logger()
# What the library raises on a file made or broken to confuse it, beside its own errors.
_BROKEN = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RuntimeError, OverflowError, zlib.error)


@dataclass(frozen=True, slots=True)
class Examined:
    """`intact`: the signed bytes are as they were; `whole`: nothing was added after them; `trusted`: by an authority of our offices."""

    signed: bool
    intact: bool = False
    whole: bool = False
    trusted: bool = False
    signer: str = ""
    signed_at: datetime | None = None

    @property
    def sound(self) -> bool:
        """Signed by an office of ours and unchanged."""
        return self.signed and self.intact and self.whole and self.trusted


def examine(pdf: bytes) -> Examined:
    """The file's first signature. A file that is no PDF, or is broken, counts as not signed."""
    from pyhanko.pdf_utils.misc import PdfReadError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    roots = _roots()
    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        if not signatures:
            return Examined(False)
        found = signatures[0]
        at = found.self_reported_timestamp
        status = validate_pdf_signature(found, ValidationContext(trust_roots=roots, allow_fetching=False, moment=at))
    except (PdfReadError, SignatureValidationError, *_BROKEN):
        return Examined(False)
    return Examined(True, status.intact and status.valid, status.coverage is SignatureCoverageLevel.ENTIRE_FILE, status.trusted,
                    found.signer_cert.subject.human_friendly, at)


def _roots() -> list[Certificate]:
    """The highest certificate that each folder of the seals holds; an office whose files are broken vouches for nobody."""
    found = []
    for own in sorted(settings().seals_dir.glob(f"*/{CERTIFICATE}")):
        chain = own.with_name(CHAIN)
        try:
            found.append(load_pem_x509_certificates((chain if chain.exists() else own).read_bytes())[-1])
        except (OSError, ValueError):
            log.warning("seal_unreadable", folder=str(own.parent))
    return [Certificate.load(one.public_bytes(Encoding.DER)) for one in found]
