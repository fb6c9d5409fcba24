"""ClamAV by setting: the bytes go to clamd as INSTREAM. Once set, no file passes unscanned."""

from __future__ import annotations

import socket
import struct
from contextlib import closing

from services.core.errors import InputError, OutsideError
from services.core.settings import settings

_PIECE = 1 << 16
_SECONDS = 60.0
_LONGEST = 4096


class ScannerDown(OutsideError):
    """The scanner does not answer: nobody may upload until it does."""

    status = 503


def scan(content: bytes) -> None:
    """Nothing when no scanner is set. InputError when it finds something; ScannerDown when it says anything but clean."""
    where = settings().clamav
    if not where:
        return
    try:
        with closing(_connected(where)) as line:
            line.sendall(b"zINSTREAM\0")
            for at in range(0, len(content), _PIECE):
                piece = content[at:at + _PIECE]
                line.sendall(struct.pack(">I", len(piece)) + piece)
            line.sendall(struct.pack(">I", 0))
            answer = _answer(line)
    except OSError:
        raise _down() from None
    if answer.endswith(" FOUND"):
        raise InputError("file_virus", "文件带有病毒", field="content",
                         remedy="请不要打开或转发这一文件；换一台干净的设备重新拍照或扫描后上传")
    if answer != "stream: OK":
        raise _down()


def _connected(where: str) -> socket.socket:
    if where.startswith("unix:"):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(_SECONDS)
        line.connect(where.removeprefix("unix:"))
        return line
    host, _, port = where.removeprefix("tcp:").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=_SECONDS)


def _answer(line: socket.socket) -> str:
    found = b""
    while b"\0" not in found and len(found) < _LONGEST:
        piece = line.recv(_LONGEST)
        if not piece:
            break
        found += piece
    return found.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _down() -> ScannerDown:
    return ScannerDown("scanner_down", "病毒检查暂时不可用，文件没有收下", remedy="请稍后再上传；一直如此请联系管理员检查 clamd")
