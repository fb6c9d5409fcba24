"""The checklist of OWASP ASVS 5.0.0, levels 1 and 2, from `asvs.yaml` into the page `infra/docs/asvs.md`.

    python -m infra.attack.asvs             writes the page
    python -m infra.attack.asvs --gaps      prints what is left open

The requirements' own words are OWASP's and stand there; here are their numbers and what we answer.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIST, IDS, PAGE = HERE / "asvs.yaml", HERE / "asvs_ids.txt", ROOT / "infra" / "docs" / "asvs.md"
CHAPTERS = {1: "Encoding and injection", 2: "Validation and business logic", 3: "In the browser", 4: "Web service", 5: "Files",
            6: "Authentication", 7: "Sessions", 8: "Authorization", 9: "Self-contained tokens", 10: "OAuth and OpenID Connect",
            11: "Cryptography", 12: "Transport", 13: "Configuration", 14: "Data protection", 15: "Architecture and components",
            16: "Logging and errors", 17: "WebRTC"}
Risk = Literal["low", "middle", "high"]


class Gap(BaseModel):
    """What is missing, what that puts at risk, and what would close it. `chosen`: left open on purpose; `missing` says why."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    missing: str = Field(min_length=10)
    risk: Risk
    harm: str = Field(min_length=10)
    closes: str = Field(min_length=5)
    chosen: bool = False


class Answer(BaseModel):
    """Our answer to one requirement.

    `tests`: node ids under tests/. `checks`: files that `make lint` or `make attack` runs. `page`: where it is written down.
    `reading`: why the code or configuration named there can be judged by reading it. `nowhere`: a pattern that must not occur in
    the product's source, for what does not apply or is simply not done.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(pattern=r"^V\d+\.\d+\.\d+$")
    level: Literal[1, 2]
    state: Literal["holds", "gap", "not applicable"]
    ours: str = Field(min_length=10)
    tests: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    page: str = ""
    reading: str = ""
    nowhere: str = ""
    gap: Gap | None = None

    @model_validator(mode="after")
    def _answered(self) -> Self:
        if (self.state == "gap") != (self.gap is not None):
            raise ValueError(f"{self.id}: a gap says what is missing, and nothing else does")
        if self.state == "holds" and not (self.tests or self.checks or self.page or self.reading or self.nowhere):
            raise ValueError(f"{self.id}: what holds names a test, a check or why reading suffices")
        return self


def answers() -> tuple[Answer, ...]:
    """The checklist in its order."""
    return TypeAdapter(tuple[Answer, ...]).validate_python(yaml.safe_load(LIST.read_text("utf-8")))


def numbers() -> dict[str, int]:
    """Every requirement of levels 1 and 2 with its level."""
    rows = (line.split() for line in IDS.read_text("utf-8").splitlines() if line and line[0] != "#")
    return {name: int(level) for name, level in rows}


def page(rows: Sequence[Answer]) -> str:
    """The checklist as Markdown: sums first, then the gaps, then every requirement."""
    sums = [f"| {name} | " + " | ".join(str(sum(row.level in levels and row.state == state for row in rows))
                                        for state in ("holds", "gap", "not applicable")) + " |"
            for name, levels in (("1", (1,)), ("2", (2,)), ("together", (1, 2)))]
    gaps = [row for row in rows if row.gap]
    parts = ["# OWASP ASVS 5.0.0, levels 1 and 2", "",
             "Every requirement by its number (the words are OWASP's and stand in ASVS 5.0.0), what we answer, and the test that shows it.",
             "Made from `infra/attack/asvs.yaml` by `python -m infra.attack.asvs`; `tests/architecture/test_asvs.py` holds list, page",
             "and tests together. What is written here was judged by those who built it; nobody outside has.", "",
             "| level | holds | gap | not applicable |", "|---|---|---|---|", *sums, "",
             "## What is left open", "", "| | risk | missing | what may come of it | what closes it |", "|---|---|---|---|---|",
             *(_gap_row(row) for risk in ("high", "middle", "low") for row in gaps if row.gap and row.gap.risk == risk)]
    for chapter, title in CHAPTERS.items():
        parts += ["", f"## V{chapter} {title}", "", "| | level | state | ours | shown by |", "|---|---|---|---|---|",
                  *(_row(row) for row in rows if row.id.startswith(f"V{chapter}."))]
    return "\n".join(parts) + "\n"


def _gap_row(row: Answer) -> str:
    assert row.gap is not None
    told = row.gap.missing + (" *(chosen)*" if row.gap.chosen else "")
    return f"| {row.id} | {row.gap.risk} | {_cell(told)} | {_cell(row.gap.harm)} | {_cell(row.gap.closes)} |"


def _row(row: Answer) -> str:
    shown = [*(f"`{name}`" for name in row.tests), *(f"`{name}`" for name in row.checks)]
    if row.page:
        shown.append(f"[{row.page}]({row.page.removeprefix('infra/docs/')})")
    if row.reading:
        shown.append(row.reading)
    if row.nowhere:
        shown.append(f"nowhere in the source: `{row.nowhere}`")
    return f"| {row.id} | {row.level} | {row.state} | {_cell(row.ours)} | {_cell('; '.join(shown))} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _print_gaps(rows: Iterable[Answer]) -> None:
    for row in rows:
        if row.gap:
            print(f"{row.id} (level {row.level}, {row.gap.risk}): {_cell(row.gap.missing)}")


def main(words: Sequence[str]) -> int:
    """Write the page, or print the gaps."""
    rows = answers()
    if "--gaps" in words:
        _print_gaps(rows)
        return 0
    PAGE.write_text(page(rows), "utf-8")
    counts = Counter(row.state for row in rows)
    print(f"{PAGE.relative_to(ROOT)}: {len(rows)} requirements, " + ", ".join(f"{number} {state}" for state, number in counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
