"""A worksheet as tables for people: the rule on top, a table per line, why-not, the member's sentences."""

from __future__ import annotations

from services.cli.output import say, say_table

Json = dict[str, object]
_COLUMNS = ("步骤", "依据", "解释", "所用事实", "证明材料")


def say_worksheet(sheet: Json) -> None:
    """Print the JSON of `engine.worksheet` as a reviewer reads it."""
    band, dated = _object(sheet["band"]), _object(sheet["dated_by"])
    say(f"{sheet['plan_name']}（{sheet['plan']} {sheet['version']}）　{sheet['office_name']}")
    say(f"依据：{sheet['source']}　规则摘要 {str(sheet['digest'])[:16]}")
    say(f"决定日期：{dated['label']} {dated['shown']}（{dated['clause']}），保障生效后第{band['day']}天")
    say(f"结论：{sheet['outcome_words']}，合计 {sheet['total']} 元"
        + (f"，退还 {sheet['refund']} 元" if sheet["refund"] != "0.00" else "")
        + (f"，多付 {sheet['receivable']} 元应收回" if sheet["receivable"] != "0.00" else ""))
    say_table(_COLUMNS, _cells(_objects(sheet["checks"])), title="参保")
    for line in _objects(sheet["lines"]):
        waits = f"（待核定，最高 {line['ceiling'] or '未定'}）" if line["manual"] else ""
        say_table(_COLUMNS, _cells(_objects(line["rows"])),
                  title=f"{line['name']}　{line['amount']} 元{waits}　{line['clause']}")
    if sheet["total_rows"]:
        say_table(_COLUMNS, _cells(_objects(sheet["total_rows"])), title="合计")
    for item in _objects(sheet["nothing"]):
        decided: Json = {"words": f"{item['why']}（{item['reason']}）", "clause": item["clause"], "read": [],
                         "inputs": item["inputs"]}
        say_table(_COLUMNS, _cells([*_objects(item["rows"]), decided]), title=f"不给付：{item['name']}")
    for flag in _objects(sheet["flags"]):
        say(f"提示：{flag['words']}（{flag['flag']}）")
    say("告知会员：" + "".join(str(part) for part in _list(sheet["explanation"])))


def _cells(rows: list[Json]) -> list[tuple[str, ...]]:
    """A step, then one row for each fact that it read."""
    found: list[tuple[str, ...]] = []
    for row in rows:
        origin = {"ours": "（本办规定）", "UNVERIFIED": "（未经核实）", "reading": "（解释）"}.get(str(row.get("origin")), "")
        step = (str(row["words"]), f"{row['clause']}{origin}", " ".join(str(name) for name in _list(row["read"])))
        inputs = [(f"{fact['label']} {fact['shown']}", "、".join(str(name) for name in _list(fact["proved_by"])) or "—")
                  for fact in _objects(row["inputs"])] or [("", "")]
        found += [(*(step if place == 0 else ("", "", "")), *given) for place, given in enumerate(inputs)]
    return found


def _object(value: object) -> Json:
    assert isinstance(value, dict)
    return value


def _objects(value: object) -> list[Json]:
    return [_object(item) for item in _list(value)]


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value
