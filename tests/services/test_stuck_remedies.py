"""What the list of stuck work tells people to do can be done: its commands, its pages and its nights of the runbook are there."""

from __future__ import annotations

import re

import pytest
import typer
import typer.core

from services.cli.main import build
from services.core.settings import PREFIX, ROOT, Settings
from services.reporting.stuck.condition import Condition
from services.reporting.stuck.service import CONDITIONS
from services.web.pages import routes

Command = typer.core.TyperCommand | typer.core.TyperGroup
Misused = typer.BadParameter.__bases__[0]       # click's UsageError, which typer carries inside
COMMAND = re.compile(r"huzhu((?: [A-Za-z0-9{][\w.{}-]*)+)")
PAGE = re.compile(r"(?<![\w.])/[a-z][\w/{}-]*")
SETTING = re.compile(rf"{PREFIX}([A-Z_]+)")
NIGHT = re.compile(r"(infra/runbooks/[\w-]+\.md) 第 (\d+) 夜")
PAGES = {re.sub(r"\{\w+\}", "{}", route.path) for route in routes()}


@pytest.fixture(scope="module")
def program() -> Command:
    return typer.main.get_command(build())      # type: ignore[return-value]


def parsed(command: Command, name: str, arguments: list[str], parent: typer.Context | None = None) -> None:
    """As the program reads it, down to the last argument; nothing is run. Misused when it does not."""
    context = command.make_context(name, list(arguments), parent=parent, resilient_parsing=not arguments)
    if isinstance(command, typer.core.TyperGroup) and arguments:
        name_, found, rest = command.resolve_command(context, arguments)
        assert found is not None and name_ is not None
        parsed(found, name_, rest, context)         # type: ignore[arg-type]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda one: str(one.code))
def test_what_is_to_be_done_can_be_done(condition: Condition, program: Command) -> None:
    told = condition.remedy
    commands, pages, named = COMMAND.findall(told), PAGE.findall(told), SETTING.findall(told)
    nights = NIGHT.findall(told)
    assert commands or pages or named or nights         # nobody is left without a way
    assert "infra/" not in NIGHT.sub("", told)
    for runbook, night in nights:
        assert f"\n## {night}. " in (ROOT / runbook).read_text("utf-8") and condition.code in (ROOT / runbook).read_text("utf-8")
    for words in commands:
        parsed(program, "huzhu", words.format(code=condition.code, subject="1").split())
    assert {re.sub(r"\{\w+\}", "{}", page) for page in pages} <= PAGES
    assert {name.lower() for name in named} <= set(Settings.model_fields)


@pytest.mark.parametrize("words", ["stuck agan x", "stuck again a b c", "nothing", "backup take --wrong"])
def test_what_the_program_does_not_know_is_found_here(words: str, program: Command) -> None:
    with pytest.raises((Misused, AssertionError)):
        parsed(program, "huzhu", words.split())
