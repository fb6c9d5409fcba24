"""The signing library's side: how pyHanko is told to sign one letter, at a given moment, with the seal as its picture.

pyHanko is loaded with the first letter that is signed (half a second), not with the first that is read.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from services.core.clock import CHINA

if TYPE_CHECKING:
    from pyhanko.pdf_utils.content import PdfContent
    from pyhanko.sign.signers.pdf_cms import SimpleSigner
    from pyhanko.sign.signers.pdf_signer import PdfSigner


@dataclass(frozen=True, slots=True)
class Stamp:
    """A private key (PEM), its certificates (DER, the signer's first) and the one-page PDF of the seal."""

    key: bytes
    chain: tuple[bytes, ...]
    appearance: bytes


def signer_of(stamp: Stamp, *, field: str, reason: str, now: datetime) -> PdfSigner:
    """A signer of one letter: PAdES B-B, certifying (no change is allowed afterwards), dated `now`."""
    from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, Margins, SimpleBoxLayoutRule
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata
    from pyhanko.stamp import StaticStampStyle

    whole = SimpleBoxLayoutRule(x_align=AxisAlignment.ALIGN_MID, y_align=AxisAlignment.ALIGN_MID, margins=Margins(0, 0, 0, 0),
                                inner_content_scaling=InnerScaling.STRETCH_FILL)
    style = StaticStampStyle(border_width=0, background=_picture(stamp.appearance), background_opacity=1, background_layout=whole)
    metadata = PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason=reason,
                                    certify=True, docmdp_permissions=MDPPerm.NO_CHANGES)
    return _dated(now)(metadata, _signer(stamp.key, stamp.chain), stamp_style=style)


def _dated(now: datetime) -> type[PdfSigner]:
    """pyHanko dates a signature by the machine's clock; the office's business clock decides here."""
    from pyhanko.pdf_utils.writer import BasePdfFileWriter
    from pyhanko.sign.signers import pdf_signer

    class Dated(pdf_signer.PdfSigner):
        def init_signing_session(self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False) -> pdf_signer.PdfSigningSession:
            session = super().init_signing_session(pdf_out, existing_fields_only)
            session.system_time = now.astimezone(CHINA)
            return session

    return Dated


@lru_cache(maxsize=64)
def _signer(key: bytes, chain: tuple[bytes, ...]) -> SimpleSigner:
    from asn1crypto.x509 import Certificate
    from pyhanko.keys import load_private_key_from_pemder_data
    from pyhanko.sign.signers.pdf_cms import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    certificates = [Certificate.load(one) for one in chain]
    above = SimpleCertificateStore()     # type: ignore[no-untyped-call]
    above.register_multiple(certificates[1:])
    return SimpleSigner(signing_cert=certificates[0], signing_key=load_private_key_from_pemder_data(key, None), cert_registry=above)


def _picture(pdf: bytes) -> PdfContent:
    """The first page of a PDF in memory, as what the seal shows."""
    from pyhanko.pdf_utils.content import PdfContent
    from pyhanko.pdf_utils.layout import BoxConstraints
    from pyhanko.pdf_utils.reader import PdfFileReader

    class Picture(PdfContent):
        def render(self) -> bytes:
            drawn = self._ensure_writer.import_page_as_xobject(PdfFileReader(io.BytesIO(pdf)))
            self.resources.xobject["/Seal"] = drawn
            left, low, right, high = drawn.get_object()["/BBox"]
            self.box = BoxConstraints(width=abs(right - left), height=abs(high - low))
            return b"/Seal Do"

    return Picture()
