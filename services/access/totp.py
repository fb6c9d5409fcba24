"""The second factor: six digits of a phone's authenticator (RFC 6238: SHA-1, 30 seconds). Pure."""

from __future__ import annotations

import hmac
import io
import re
import secrets
from datetime import datetime

import pyotp
import segno

ISSUER = "Huzhu 互助"
SECONDS = 30
DRIFT = 1                           # steps that a phone may go fast or slow
RECOVERY_CODES = 10
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_secret() -> str:
    """160 random bits in base 32, as authenticators take them."""
    return pyotp.random_base32(32)


def uri(secret: str, login: str) -> str:
    """`otpauth://` for an authenticator."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def picture(text: str) -> str:
    """The URI as a QR code: an SVG element without any script or address, dark on white also on a dark page."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", scale=4, border=4, light="#fff", xmldecl=False, svgns=True)
    return out.getvalue().decode()


def code_at(secret: str, instant: datetime) -> str:
    """The digits that a phone shows at that instant."""
    return pyotp.TOTP(secret).at(instant)


def step_of(secret: str, code: str, *, at: datetime, after: int) -> int | None:
    """The time step that the code belongs to, later than `after` (the last one used); None when it fits none."""
    typed = re.sub(r"\s", "", code)
    present = int(at.timestamp()) // SECONDS
    made = pyotp.TOTP(secret)
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(made.generate_otp(step).encode(), typed.encode()) and step > after:
            found = step
    return found


def new_recovery_codes() -> tuple[str, ...]:
    """Ten codes of 59 bits, to be written down: `7KQF-2M9X-4TRD`."""
    return tuple("-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3)) for _ in range(RECOVERY_CODES))


def plain(code: str) -> str:
    """A written code without blanks and dashes, in capitals."""
    return re.sub(r"[\s-]", "", code).upper()
