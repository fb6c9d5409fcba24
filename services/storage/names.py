"""The name that a file came under: a label for people, never a path. Tricks are refused; pure."""

from __future__ import annotations

import re
import unicodedata

from services.core.errors import InputError

LONGEST = 200
# Signs that turn the reading direction: "scan‮fdp.exe" reads as "scanexe.pdf".
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
# A harmless slip between picture kinds is nobody's business; these endings promise what no paper is.
_FOREIGN = frozenset(re.findall(r"\S+", """
    app apk asp aspx bat bin chm class cmd com cpl dll dmg doc docm docx dot eml exe gz hta htm html iso jar js jse jsp lnk mht
    mhtml msg msi ofd pif php ppt pptm pptx ps1 py rar rtf scr sh svg svgz swf tar url vb vbe vbs wps wsf xht xhtml xls xlsb xlsm
    xlsx xml xsl zip 7z"""))


def clean_name(name: str) -> str:
    """The name as it may be kept and shown. InputError says what is wrong with it."""
    if not name.strip(" ."):
        raise _refused("file_name", "文件没有名称")
    if len(name) > LONGEST:
        raise _refused("file_name", f"文件名太长（最多 {LONGEST} 字）")
    if any(unicodedata.category(sign) in ("Cc", "Cs") or sign in _TURNING for sign in name):
        raise _refused("file_name", "文件名里有看不见的控制字符，显示的名称与真实名称可能不同")
    if "/" in name or "\\" in name or _DRIVE.match(name):
        raise _refused("file_name", "文件名里不能有路径")
    if _RESERVED.fullmatch(name.strip()):
        raise _refused("file_name", "文件名是系统保留的名称")
    ending = name.rstrip(" .").rpartition(".")[2].lower() if "." in name.rstrip(" .") else ""
    if ending in _FOREIGN:
        raise InputError("file_name_type", f"文件名以 .{ending} 结尾，内容却是 PDF 或图片", field="content",
                         remedy="请确认选对了文件；确是材料的，改为 .pdf 或 .jpg 结尾再上传")
    return name


def _refused(code: str, message: str) -> InputError:
    return InputError(code, message, remedy="请给文件改一个简单的名称，如“诊断证明.pdf”，再上传", field="content")
