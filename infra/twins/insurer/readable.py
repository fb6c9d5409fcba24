"""The readable worksheet, held against the manifest: it loads nothing, and says the very steps, sums and clauses."""

from __future__ import annotations

from html.parser import HTMLParser

from infra.twins.insurer.opener import refuse
from infra.twins.insurer.wire import Json

PLAIN = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "tr", "th", "td"}
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "scope", "class", "colspan"}


class _Reader(HTMLParser):
    """Rows of the page's tables by their class, and whatever may not stand in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[tuple[str, list[str]]] = []
        self.stray: list[str] = []
        self.style = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Only what a page of tables needs; nothing that loads or runs."""
        self.stray += [tag] if tag not in PLAIN else []
        self.stray += [name for name, _ in attrs if name not in ATTRIBUTES]
        self._inside = tag
        if tag == "tr":
            self.rows.append((dict(attrs).get("class") or "", []))
        elif tag in ("td", "th") and self.rows:
            self.rows[-1][1].append("")

    def handle_endtag(self, tag: str) -> None:
        """Text after it belongs to nothing."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Text of a cell, or of the style."""
        if self._inside == "style":
            self.style += data
        elif self._inside in ("td", "th") and self.rows:
            self.rows[-1][1][-1] += data


def check(content: bytes, facts: Json) -> None:
    """Fault `wrong_worksheet` when the page says something else than the manifest, or is more than a page."""
    page = _Reader()
    try:
        page.feed(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise refuse("wrong_worksheet", "可读核算表不是 UTF-8") from None
    if page.stray or "url(" in page.style or "@import" in page.style:
        raise refuse("wrong_worksheet", f"可读核算表含有不许有的内容：{page.stray[:3]}")
    sheet = facts["worksheet"]
    assert isinstance(sheet, dict)
    lines = [[line.get("name", line["benefit"]), line["amount"], line["clause"]] for line in sheet["lines"]]
    steps = [[step["words"], step.get("clause", ""), step.get("basis", "")] for step in sheet.get("steps", [])]
    if [cells for kind, cells in page.rows if kind == "line"] != lines or [cells for kind, cells in page.rows if kind == "step"] != steps:
        raise refuse("wrong_worksheet", "可读核算表的责任或步骤与清单不符")
    if not any(f"{sheet['total']} 元" in cells for _, cells in page.rows):
        raise refuse("wrong_worksheet", "可读核算表的合计与清单不符")
