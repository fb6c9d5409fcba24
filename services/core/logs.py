"""What a process writes down of itself: one JSON object a line, in UTC, on its standard error; and the events that concern safety.

A line names accounts by id, routes by their pattern and reasons by their code: never a name, a number of a person or a secret.
JSON escapes whatever a stranger typed, so that nobody writes a line of their own; what JSON leaves as it is and a terminal obeys
(C1 controls, line separators, turned writing) is escaped as well.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog

OBEYED = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
SAFETY = "safety"       # the `kind` of every event below: what a collector keeps longest and warns of


def start(program: str) -> None:
    """Lines as described above, for this process named `program`; uvicorn's and other libraries' warnings too."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True), _process(program)]
    last: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_line, ensure_ascii=False)]
    structlog.configure(processors=[*shared, structlog.processors.StackInfoRenderer(), *last],
                        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
                        logger_factory=structlog.PrintLoggerFactory(sys.stderr), cache_logger_on_first_use=True)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def safety(event: str, **told: str | int | None) -> None:
    """An event that concerns safety: a refused right, a wrong password, an asker who is slowed down. `told`: ids, codes, addresses."""
    structlog.get_logger().warning(event, kind=SAFETY, **told)


def _line(told: object, **how: Any) -> str:     # how: what the renderer passes on to the writer of JSON
    return OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(told, **how))


def _process(program: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, line: structlog.typing.EventDict) -> Mapping[str, object]:
        return {**line, "program": program, "pid": os.getpid()}
    return add
