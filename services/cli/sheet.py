"""A worksheet as people read it: the rule on top, then each step with what it rests on below it, at any width."""

from __future__ import annotations

from services.cli.output import say, say_item, say_table

Json = dict[str, object]
_ORIGINS = {"ours": "自定", "UNVERIFIED": "未经核实", "reading": "依解读"}


def say_worksheet(sheet: Json) -> None:
    """Print the JSON of `engine.worksheet` as a reviewer reads it."""
    band, dated = _object(sheet["band"]), _object(sheet["dated_by"])
    say_item(f"{sheet['plan_name']}（{sheet['plan']} {sheet['version']}）　{sheet['office_name']}", hang=2)
    say_item(f"依据：{sheet['source']}　规则摘要 {str(sheet['digest'])[:16]}", hang=2)
    say_item(f"决定日期：{dated['label']}{dated['shown']}（{dated['clause']}），保障生效后第{band['day']}天", hang=2)
    say_item(f"结论：{sheet['outcome_words']}，合计 {sheet['total']} 元"
             + (f"，退还 {sheet['refund']} 元" if sheet["refund"] != "0.00" else "")
             + (f"，多付 {sheet['receivable']} 元应收回" if sheet["receivable"] != "0.00" else ""), hang=2)
    _steps("参保", _objects(sheet["checks"]))
    for line in _objects(sheet["lines"]):
        waits = f"（待核定，最高 {line['ceiling'] or '未定'}）" if line["manual"] else ""
        _steps(f"{line['name']}　{line['amount']} 元{waits}　{line['clause']}", _objects(line["rows"]), under=str(line["clause"]))
    if sheet["total_rows"]:
        _steps("合计", _objects(sheet["total_rows"]))
    _refused(_objects(sheet["nothing"]))
    if sheet["flags"]:
        say("")
    for flag in _objects(sheet["flags"]):
        say_item(f"提示：{flag['words']}", hang=6)
    say("")
    say_item("告知会员：" + "".join(str(part) for part in _list(sheet["explanation"])), hang=2)


def _steps(title: str, rows: list[Json], *, under: str = "") -> None:
    """Numbered steps; below each its clause and readings, then every fact it read with the paper that proves it."""
    say("")
    say_item(title, hang=2)
    for number, row in enumerate(rows, 1):
        say_item(f"{number}. {row['words']}", indent=2, hang=3)
        clause = str(row["clause"]) if row["clause"] != under else ""
        read = "、".join(str(name) for name in _list(row["read"]))
        parts = [clause, _ORIGINS.get(str(row.get("origin")), ""), f"解读 {read}" if read else ""]
        if any(parts):
            say_item("依据：" + "；".join(part for part in parts if part), indent=5, hang=6)
        for fact in _objects(row["inputs"]):
            say_item(_fact(fact), indent=5, hang=6)


def _fact(fact: Json) -> str:
    """`事实：每次住院天数 10天、5天（材料：…）`."""
    proved = "、".join(str(name) for name in _list(fact["proved_by"]))
    told = f"（材料：{proved}）" if proved else "" if fact["value"] in (None, []) else "（没有材料证明）"
    return f"事实：{fact['label']} {fact['shown']}{told}"


def _refused(items: list[Json]) -> None:
    """One table of what is not paid and why; below it the steps of those that were computed first."""
    if not items:
        return
    say("")
    say_table(("不给付的项目", "原因", "依据"), [(item["name"], item["why"], item["clause"]) for item in items])
    for item in items:
        if item["rows"]:
            _steps(f"{item['name']}是这样计算的", _objects(item["rows"]))


def _object(value: object) -> Json:
    assert isinstance(value, dict)
    return value


def _objects(value: object) -> list[Json]:
    return [_object(item) for item in _list(value)]


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value
