"""Where a picture ends by its own format, and what follows. Pure; ValueError for a format that does not hold together."""

from __future__ import annotations

import re

# In the entropy-coded data FF is followed by 00 or a restart mark; anything else begins a segment.
_SEGMENT = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_PNG_HEAD = 8


def png_tail(content: bytes) -> bytes:
    """What follows IEND; an animation's chunk says that it is one."""
    at = _PNG_HEAD
    while at + 12 <= len(content):
        size, kind = int.from_bytes(content[at:at + 4]), content[at + 4:at + 8]
        at += 12 + size
        if kind == b"IEND":
            return content[at:]
    raise ValueError("no end")


def jpeg_tail(content: bytes) -> bytes:
    """What follows the first picture's end mark."""
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            raise ValueError("no segment")
        mark = content[at + 1]
        if mark == 0xFF:                # filling
            at += 1
            continue
        if mark == 0xD9:
            return content[at + 2:]
        if mark == 0x01 or 0xD0 <= mark <= 0xD8:
            at += 2
            continue
        at += 2 + int.from_bytes(content[at + 2:at + 4])
        if mark == 0xDA:
            found = _SEGMENT.search(content, at)
            if found is None:
                raise ValueError("no end")
            at = found.start()
    if content[at:at + 2] == b"\xff\xd9":
        return content[at + 2:]
    raise ValueError("no end")


def webp_tail(content: bytes) -> bytes:
    """What follows the RIFF container."""
    end = 8 + int.from_bytes(content[4:8], "little")
    if end > len(content) + 1:
        raise ValueError("no end")
    return content[end + end % 2:]


def heic_tail(content: bytes) -> bytes:
    """What follows the last box."""
    at = 0
    while at + 8 <= len(content):
        size, kind = int.from_bytes(content[at:at + 4]), content[at + 4:at + 8]
        if size == 1:
            size = int.from_bytes(content[at + 8:at + 16])
        if size == 0:                   # up to the end of the file
            return b""
        if size < 8 or not kind.isascii() or not kind.isalnum():
            return content[at:]
        at += size
    if at > len(content):
        raise ValueError("no end")
    return content[at:]
