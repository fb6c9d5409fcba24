"""`huzhu bench`: ratios side by side in one run, on a database of its own."""

from __future__ import annotations

import subprocess
import sys

import typer

from services.cli.output import AsJson
from services.core.settings import ROOT

# Programs beside the product (infra/decisions/0006).
PROGRAMS = ("infra.bench.lifecycle", "infra.bench.settlement", "infra.bench.rosters", "infra.bench.payments",
            "infra.bench.desks", "infra.bench.reading", "infra.bench.reading_flow", "infra.bench.letters",
            "infra.bench.forecast", "infra.bench.clocks", "infra.bench.boards")


def bench(as_json: AsJson = False) -> None:
    """并排测量：逐案与批量的全程办理速度，对照直接写库；全市一年按列计算，对照手写公式与 OpenFisca；参保名单、付款每秒行数，对照直接复制；
    二十人同时办理时各页的用时，四千件与两万件对照；材料识别的准确率（八类，扫描与拍照），识别时每分钟页数对照直接用 RapidOCR 及各页用时；
    文书每秒件数对照直接用 WeasyPrint，两个进程对照一个；逾期推算逐月回看：后来逾期的有几成排在最可能逾期的前一成，对照先来先办；
    全部时限同时到期时一次巡查的秒数，对照直接更新同样的行，小库与大库对照；
    运行情况各页的用时和汇总一次的秒数，小库与大库对照。
    """
    for program in PROGRAMS:
        done = subprocess.run([sys.executable, "-m", program, *(["--json"] if as_json else [])], cwd=ROOT, check=False)
        if done.returncode:
            raise typer.Exit(done.returncode)
