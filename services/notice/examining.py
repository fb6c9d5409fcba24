"""What a file's own signature says, without any record of ours: who sealed it, whether a byte was changed or added since."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asn1crypto.x509 import Certificate  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates

from services.core.settings import settings
from services.notice.signing_authority import AUTHORITY, CERTIFICATE, CHAIN


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

    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        if not signatures:
            return Examined(False)
        found = signatures[0]
        at = found.self_reported_timestamp
        status = validate_pdf_signature(found, ValidationContext(trust_roots=_roots(), allow_fetching=False, moment=at))
    except (PdfReadError, SignatureValidationError, ValueError):
        return Examined(False)
    return Examined(True, status.intact and status.valid, status.coverage is SignatureCoverageLevel.ENTIRE_FILE, status.trusted,
                    found.signer_cert.subject.human_friendly, at)


def _roots() -> list[Certificate]:
    """The last certificate of each office's chain, and the demonstration's authority."""
    seals: Path = settings().seals_dir
    files = [*sorted(seals.glob(f"*/{CHAIN}")), *sorted(seals.glob(f"{AUTHORITY}/{CERTIFICATE}"))]
    last = [load_pem_x509_certificates(file.read_bytes())[-1] for file in files]
    return [Certificate.load(one.public_bytes(Encoding.DER)) for one in last]
