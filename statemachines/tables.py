"""Each machine as a Markdown table and as DOT text: a changed transition shows in review."""

from __future__ import annotations

from dataclasses import fields

from statemachines.effects import EFFECTS, Effect
from statemachines.rules import FACTS, MACHINES, RULES, final_states, initial_state, needs, states

_NOTHING = Effect(())


def markdown(machine: str) -> str:
    """States, one row per transition in the class's order, and the meaning of every fact its guards read."""
    lines = [f"# {machine}", "", (MACHINES[machine].__doc__ or "").strip(), "", "States: " + _state_list(machine), "",
             "| event | from | to | refused as | fired by | letters | clocks |", "|---|---|---|---|---|---|---|"]
    lines += _transition_rows(machine)
    lines += ["", "| fact | meaning | read at |", "|---|---|---|"]
    for field in fields(FACTS[machine]):
        readers = [event for (name, event) in EFFECTS
                   if name == machine and event != "create" and field.name in needs(machine, event)]
        lines.append(f"| {field.name} | {field.metadata['meaning']} | {', '.join(readers)} |")
    return "\n".join(lines) + "\n"


def dot(machine: str) -> str:
    """Graphviz text. Internal events stand inside the state's box; arrows that run alike are joined."""
    final = final_states(machine)
    lines = [f"digraph {machine} {{", "  rankdir=LR;",
             '  node [shape=box, style=rounded, fontname="Noto Sans CJK SC", fontsize=11];',
             '  edge [fontname="Noto Sans CJK SC", fontsize=9];', "  start [shape=point];"]
    for state in states(machine):
        inner = [event for (name, source, event), rule in RULES.items()
                 if name == machine and source == state and rule.internal]
        label = state + (r"\n(" + ", ".join(inner) + ")" if inner else "")
        lines.append(f'  "{state}" [label="{label}"{", peripheries=2" if state in final else ""}];')
    lines.append(f'  start -> "{initial_state(machine)}";')
    arrows: dict[tuple[str, str], list[str]] = {}
    for (name, source, event), rule in RULES.items():
        if name == machine and not rule.internal:
            arrows.setdefault((source, rule.target), []).append(event)
    lines += [f'  "{source}" -> "{target}" [label="{", ".join(events)}"];'
              for (source, target), events in arrows.items()]
    return "\n".join([*lines, "}"]) + "\n"


def _state_list(machine: str) -> str:
    final = final_states(machine)
    marks = {initial_state(machine): " (initial)"} | dict.fromkeys(final, " (final)")
    return " · ".join(f"`{state}`{marks.get(state, '')}" for state in states(machine))


def _transition_rows(machine: str) -> list[str]:
    rows = []
    for (name, source, event), rule in RULES.items():
        if name != machine:
            continue
        effect = EFFECTS.get((machine, event), _NOTHING)
        target = "stays" if rule.internal else rule.target
        cells = (event, source, target, ", ".join(guard.reason for guard in rule.guards),
                 ", ".join(effect.fired_by), ", ".join(effect.letters), effect.clock)
        rows.append("| " + " | ".join(cells) + " |")
    return rows
