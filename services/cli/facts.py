"""`huzhu plans facts PLAN`: what a report states, by the kind of event, and what the register of covers must hold."""

from __future__ import annotations

from services.cli.output import say, say_item, say_table
from services.engine.telling.words import shown

Json = dict[str, object]
_DISEASE = ("event.icd10", "event.disease")
_TYPES = {"bool": "是否", "int": "整数", "text": "文字", "choice": "选一", "date": "日期", "money": "金额（元）",
          "stays": "住院清单", "list_money": "金额清单", "items": "项号清单"}
_WIDE = 28      # the longest fact's name, with some to spare
_FEW = 12       # a disability table's 34 items would bury the rest


def say_facts(found: Json) -> None:
    """Print the JSON of `answers.plan_schema` for people: kind first, then its facts, the register, the exclusions."""
    say(f"{found['plan']}（{found['version']}）")
    kinds = _rows(found["kinds"])
    named = "、".join(f"{kind['kind']} {kind['label']}" for kind in kinds)
    say_item(f"event.kind（事件类别，必填）：{named}", hang=2)
    fields = {f"event.{field['name']}": field for field in _rows(found["fields"])}
    for kind in kinds:
        say("")
        say(f"{kind['label']}（event.kind: {kind['kind']}）")
        for fact in _rows(kind["facts"]):
            _say_fact(fact, fields[str(fact["fact"])])
    say("\n参保登记和人员")
    for fact in _rows(found["register"]):
        say_item(f"{fact['fact']!s:{_WIDE}}{fact['label']}", indent=2, hang=_WIDE)
    questions = _rows(found["exclusions"])
    if questions:
        say("")
        say_table(("除外责任", "问题（答是、否或疑似）", "依据"),
                  [(asked["id"], asked["question"], asked["clause"]) for asked in questions])


def _say_fact(fact: Json, field: Json) -> None:
    """`event.stays  住院记录；住院清单；必填（第六条）`, and the values it may take."""
    name, choices = str(fact["fact"]), _rows(field["choices"])
    need = {"all": "必填", "one": "疾病编码和名称至少写一项" if name in _DISEASE else "决定日期至少写一项"}.get(str(fact["need"]), "")
    if len(choices) > _FEW:
        said = f"{choices[0]['value']} 至 {choices[-1]['value']} 项"
    else:
        said = "、".join(_choice(name, choice) for choice in choices)
    parts = [str(fact["label"]), "" if choices else _TYPES[str(field["type"])], said, need]
    clause = f"（{field['clause']}）" if field["clause"] else ""
    say_item(f"{name:{_WIDE}}{'；'.join(part for part in parts if part)}{clause}", indent=2, hang=_WIDE)


def _choice(fact: str, choice: Json) -> str:
    """`3（恶性，原发）`, `work 工作`; a value that is a word itself stands alone."""
    value = str(choice["value"])
    words = shown(fact, value) if choice["label"] == value else str(choice["label"])
    return words if words.startswith(value) else f"{value} {words}"


def _rows(value: object) -> list[Json]:
    assert isinstance(value, list)
    return value
