"""The insurer's pages over real HTTP: closed without the token, and the whole road of a file by forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid5

import httpx
import pytest

from services.insurer.port import Answer, Answers, Decide, Paper, Settle
from tests.services.insurer_world import AT, PDF, SPACE, Twin, dossier, polled, running

WISH = {"at": "2026-03-30T09:00", "seen": "1.1.new"}


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    with running(tmp_path_factory.mktemp("desk"), "--seed", "7", suite="intl") as twin:
        yield twin


@pytest.fixture(scope="module")
def visitor(twin: Twin) -> Iterator[httpx.Client]:
    assert twin.process.stdout is not None
    printed = twin.process.stdout.readline().strip().rsplit(" ", 1)[1]
    with httpx.Client(base_url=twin.url, trust_env=False, follow_redirects=True) as client:
        assert client.get(printed).status_code == 200
        yield client


def form(visitor: httpx.Client, claim_no: str, step: str, **fields: str) -> httpx.Response:
    page = visitor.get(f"/pages/{claim_no}").text
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen is not None
    return visitor.post(f"/pages/{claim_no}/{step}", data={"seen": seen[1], "at": "2026-03-30T09:00", **fields})


def test_without_the_token_nothing_is_shown_or_done(twin: Twin, visitor: httpx.Client) -> None:
    twin.port.send(dossier("SHUT-1"))
    for token in ("", "x" * 32):
        for address in ("/pages", f"/pages?token={token}", "/pages/SHUT-1", "/pages/SHUT-1/papers/1"):
            answer = httpx.get(twin.url + address, cookies={"insurer_desk": token}, trust_env=False)
            assert (answer.status_code, "测试甲" in answer.text) == (403, False), address
        done = httpx.post(f"{twin.url}/pages/SHUT-1/ack", data=WISH, cookies={"insurer_desk": token}, trust_env=False)
        assert done.status_code == 403
    foreign = visitor.post("/pages/SHUT-1/ack", data=WISH, headers={"Origin": "http://elsewhere.example"})
    assert foreign.status_code == 403
    assert twin.port.status("SHUT-1").state == "new"
    assert (twin.folder / "data" / "pages.token").stat().st_mode & 0o777 == 0o600


def test_a_file_is_asked_answered_decided_less_and_settled_by_forms(twin: Twin, visitor: httpx.Client) -> None:
    sent = dossier("FORM-1")
    twin.port.send(sent)
    listed = visitor.get("/pages")
    assert "FORM-1" in listed.text and "待签收" in listed.text and "script" not in listed.text
    page = visitor.get("/pages/FORM-1").text
    for words in ("640181198503070027", "6222000000000000123", "100,000.00", "900.00", "安康保办法 第六条、第八条", "病理报告"):
        assert words in page
    paper = visitor.get("/pages/FORM-1/papers/1")
    assert (paper.content, paper.headers["content-type"]) == (PDF, "application/pdf")
    assert visitor.get("/pages/FORM-1/papers/2").status_code == 404
    assert form(visitor, "FORM-1", "ack").status_code == form(visitor, "FORM-1", "file").status_code == 200
    assert form(visitor, "FORM-1", "question", code1="Q1", paper1="pathology", text1="请补病理 <报告>").status_code == 200
    asked = polled(twin, "FORM-1")[-1]
    answers = Answers(message_id=uuid5(SPACE, "form"), handoff_id=sent.handoff_id, claim_no="FORM-1", round=1, version=1, at=AT,
                      in_reply_to=asked.message_id,
                      items=(Answer(code="Q1", text="见附件", papers=(Paper.of("pathology", "application/pdf", PDF + b" two"),)),))
    twin.port.reply(answers)
    assert "见附件" in visitor.get("/pages/FORM-1").text
    assert visitor.get("/pages/FORM-1/replies/1/1/1").content == PDF + b" two"
    lump = {"how.breast_cancer": "reduce", "amount.breast_cancer": "80000.00"}
    assert "须写明理由" in form(visitor, "FORM-1", "decide", **lump).text
    more = {**lump, "amount.breast_cancer": "100000.01", "reason.breast_cancer": "cap_reached"}
    assert form(visitor, "FORM-1", "decide", **more).status_code == 422
    done = form(visitor, "FORM-1", "decide", **lump, **{"reason.breast_cancer": "cap_reached", "how.breast_cancer_allowance": "decline",
                                                       "reason.breast_cancer_allowance": "no_paid_days"})
    assert done.status_code == 200 and "-20,900.00" in done.text and "已核定" in done.text
    decided = polled(twin, "FORM-1")[-1].body
    assert isinstance(decided, Decide) and (decided.outcome, str(decided.total)) == ("part", "80000.00")
    assert form(visitor, "FORM-1", "settle", serial="SERIAL-1").status_code == 200
    settled = polled(twin, "FORM-1")[-1].body
    assert isinstance(settled, Settle) and (str(settled.amount), settled.serial) == ("80000.00", "SERIAL-1")


def test_two_at_one_desk_do_not_step_over_one_another(twin: Twin, visitor: httpx.Client) -> None:
    twin.port.send(dossier("TWO-1"))
    stale = {"seen": "1.1.new", "at": "2026-03-30T09:00", "text": "影像不清"}
    assert form(visitor, "TWO-1", "ack").status_code == 200
    assert visitor.post("/pages/TWO-1/reject", data=stale).status_code == 409
    assert form(visitor, "TWO-1", "decide", at="tomorrow").status_code == 422
    assert visitor.get("/pages/NEVER-1").status_code == 404
    assert twin.port.status("TWO-1").state == "received"


def test_a_restarted_twin_lets_the_same_people_in(twin: Twin, visitor: httpx.Client) -> None:
    before = Path(twin.folder / "data" / "pages.token").read_text()
    twin.kill()
    twin.start()
    assert Path(twin.folder / "data" / "pages.token").read_text() == before
    assert visitor.get("/pages").status_code == 200
