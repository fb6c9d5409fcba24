"""The insurer's list of a day, over both lines: what it heard and said up to that day, where each file stood, for which sums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from uuid import uuid5

import httpx
import pytest
from pydantic import JsonValue

from services.core.errors import OutsideError
from services.insurer.adapters.reading import of_day
from services.insurer.port import Answer, Answers, Position, Statement
from tests.services.insurer_world import AT, SPACE, Twin, dossier, polled, running, until

SENT, DESK, LATER = date(2026, 3, 27), date(2026, 3, 30), date(2026, 3, 31)     # of AT and of DESK_TIME, and the day after


@pytest.fixture(scope="module", params=[("https", "gm"), ("sftp", "intl")], ids="-".join)
def twin(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    transport, suite = request.param
    with running(tmp_path_factory.mktemp("statement"), "--seed", "5", suite=suite, sftp=transport == "sftp") as twin:
        yield twin


def of(statement: Statement, claim_no: str) -> Position | None:
    return next((position for position in statement.positions if position.claim_no == claim_no), None)


def test_a_file_stands_on_the_list_from_its_day_until_it_is_settled(twin: Twin) -> None:
    sent = dossier("DAY-1")
    twin.port.send(sent)
    twin.walk("DAY-1", "ack", "file", "decide", "settle")
    until(lambda: "settle" in [message.kind for message in polled(twin, "DAY-1")])
    assert of(twin.port.statement(date(2026, 3, 26)), "DAY-1") is None
    first = of(twin.port.statement(SENT), "DAY-1")
    assert first is not None
    assert (first.state, first.package_digest, first.decided, first.settled) == ("new", sent.package_digest, None, None)
    assert [(heard.message_id, heard.kind, heard.at) for heard in first.heard] == [(sent.message_id, "dossier", AT)]
    assert of(twin.port.statement(date(2026, 3, 28)), "DAY-1") == first     # open, though nothing happened
    last = of(twin.port.statement(DESK), "DAY-1")
    assert last is not None
    assert (last.state, last.decided, last.settled) == ("settled", Decimal("100900.00"), Decimal("100900.00"))
    assert last.serial and last.serial.startswith("PY20260330")
    assert [said.kind for said in last.said] == ["ack", "file", "decide", "settle"]
    assert [(said.message_id, said.seq) for said in last.said] == [(message.message_id, message.seq) for message in polled(twin, "DAY-1")]
    assert of(twin.port.statement(LATER), "DAY-1") is None
    assert twin.port.statement(DESK) == twin.port.statement(DESK)


def test_an_answered_question_is_open_no_longer(twin: Twin) -> None:
    sent = dossier("DAY-2")
    twin.port.send(sent)
    twin.walk("DAY-2", "ack", "file")
    twin.desk("DAY-2", "question", items=[{"code": "Q1", "text": "请说明"}])
    until(lambda: len(polled(twin, "DAY-2")) == 3)
    asked = polled(twin, "DAY-2")
    found = of(twin.port.statement(DESK), "DAY-2")
    assert found is not None and found.state == "questioned"
    twin.port.reply(Answers(message_id=uuid5(SPACE, "DAY-2/reply"), handoff_id=sent.handoff_id, claim_no="DAY-2", round=1, version=1,
                            at=AT, in_reply_to=asked[-1].message_id, items=(Answer(code="Q1", text="答"),)))
    found = of(twin.port.statement(DESK), "DAY-2")
    assert found is not None and found.state == "filed"
    assert [heard.kind for heard in found.heard] == ["dossier", "reply"]


@pytest.mark.parametrize(("changed", "said"), [
    ({}, ""), ({"claim_no": "DAY\x00"}, "positions"), ({"claim_no": ""}, "claim_no"), ({"round": 10 ** 12}, "round"),
    ({"twice": True}, "twice"),
    ({"at": "2026-03-31T00:00:00+08:00"}, "later day"), ({"at": "9999-12-31T23:59:59-12:00"}, "later day")])
def test_a_list_that_no_table_holds_or_that_contradicts_itself_is_refused(changed: dict[str, JsonValue], said: str) -> None:
    heard: dict[str, JsonValue] = {"message_id": str(SPACE), "kind": "dossier", "at": changed.get("at", "2026-03-30T23:59:59+08:00")}
    line: dict[str, JsonValue] = {
        "claim_no": changed.get("claim_no", "DAY-1"), "round": changed.get("round", 1), "version": 1, "package_digest": "d" * 64,
        "state": "received", "heard": [heard], "said": [], "decided": None, "settled": None, "serial": None}
    listed: dict[str, JsonValue] = {"day": "2026-03-30", "positions": [line, line] if "twice" in changed else [line]}
    if not said:
        assert of_day(DESK, listed).positions[0].claim_no == "DAY-1"
        return
    with pytest.raises(OutsideError, match="insurer_nonsense") as refused:
        of_day(DESK, listed)
    assert said in refused.value.message


def test_a_stranger_sees_no_list(twin: Twin) -> None:
    assert httpx.get(f"{twin.url}/v1/statement?day=2026-03-30", trust_env=False).status_code == 401
