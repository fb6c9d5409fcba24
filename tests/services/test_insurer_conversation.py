"""What the insurer may ask and say: every question ends in an item and its answer in a reply; an answer that cannot hold moves no money."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import JsonValue

from services.core.db import Database
from services.evidence import originals
from services.evidence import service as evidence
from services.insurer import packing
from services.insurer import service as insurer
from services.insurer.adapters.reading import message_of
from services.storage import service as storage
from tests.services.handoff_world import BREAST, collect, forward, hand_over, handoff, number, rename, with_insurer
from tests.services.insurer_world import Twin, running
from tests.services.review_world import ROOT, SYSTEM, in_review, outcome, passes, pdf
from tests.support.world import World, build_world

LETTER: dict[str, JsonValue] = {"number": "赔字1号", "text": "核定通知书", "pdf_base64": "JVBERi0="}
LONG = "请说明" * 200                                        # 600 characters: an insurer is bound by no form of ours
# code, paper wanted, words; the item's paper in our list; how it is answered: a paper, words, not to be had, or the same paper again
ASKED = [
    ("Q1", "pathology", "请补充免疫组化", "pathology", "paper"),
    ("Q2", "diagnosis", "请补充诊断证明原件", "diagnosis", "original"),
    ("Q3", "hospital", "请补充出院小结", "hospital", "unavailable"),
    ("Q4", "police_report", "请补充公安证明", "other", "words"),
    ("Q5", None, LONG, "other", "words"),
    ("就诊经过/6", None, "请说明就诊经过", "other", "words"),
    ("Q7", "id_card", "身份证已过期", "id_card", "same")]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    with running(Path(tmp_path_factory.mktemp("twin"))) as found:
        yield found


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def received(world: World, twin: Twin, now: datetime) -> uuid.UUID:
    claim = with_insurer(world, twin, now)
    twin.walk(number(world, claim), "ack", "file")
    collect(world, twin, claim, now)
    return claim


def listed(world: World, claim: uuid.UUID) -> tuple[uuid.UUID, list[str]]:
    with world.db.view(ROOT) as session:
        row = session.execute(sa.text("SELECT id, items FROM supplement WHERE claim_id = :id"), {"id": claim}).one()
    return row.id, [item["paper"] for item in row.items]


@pytest.mark.parametrize(("code", "paper", "text", "kind", "how"), ASKED)
def test_every_question_ends_in_an_item_and_its_answer_in_a_reply(
        world: World, twin: Twin, now: datetime, code: str, paper: str | None, text: str, kind: str, how: str) -> None:
    claim = received(world, twin, now)
    twin.desk(number(world, claim), "question", items=[{"code": code, "paper": paper, "text": text}])
    assert collect(world, twin, claim, now) == 1
    supplement, kinds = listed(world, claim)
    assert kinds == [kind]
    later, clerk, office = now + timedelta(days=1), world.actor("nx.clerk"), world.actor("nx.office1")
    with world.db.unit_of_work(clerk.scope) as session:
        evidence.deliver(session, supplement_id=supplement, on=None, actor=clerk, now=now)
        if how in ("paper", "same"):
            had = session.execute(sa.text("SELECT sha256 FROM paper WHERE claim_id = :id AND kind = :kind AND verdict = 'accepted'"),
                                  {"id": claim, "kind": kind}).scalars().first()
            content = storage.get(str(had)) if how == "same" else pdf("免疫组化")
            evidence.upload(session, claim_id=claim, kind=kind, file_name="材料.pdf", content=content, actor=clerk, now=later)
    if how == "original":
        with world.db.unit_of_work(office.scope) as session:
            on_file = session.execute(sa.text("SELECT id FROM paper WHERE claim_id = :id AND kind = :kind"),
                                      {"id": claim, "kind": kind}).scalars().first()
            assert on_file is not None
            request = originals.ask_original(session, paper_id=on_file, reason=text, due_on=later.date(), actor=office, now=now).id
            originals.receive_original(session, request_id=request, from_whom="本人", same=True, actor=office, now=later)
    note = {"words": "本人口述：体检时发现", "original": "原件已收存，与所送影像一致", "unavailable": "医院未出具"}.get(how, "")
    with world.db.unit_of_work(clerk.scope) as session:
        evidence.answer(session, supplement_id=supplement, on=None, actor=clerk, now=later, items=[
            {"paper": kind, "state": "unavailable" if how == "unavailable" else "answered", "note": note}])
    with world.db.unit_of_work(ROOT) as session:
        [reply] = insurer.replies(session, claim_ids=[claim], now=later)
    [item] = reply.items
    assert (item.code, item.unavailable, len(item.papers)) == (code, how == "unavailable", int(how == "paper"))
    assert note in item.text and (item.text or item.papers)
    twin.port.reply(reply)                                 # the insurer takes it: no item is left without words, paper or refusal
    with world.db.unit_of_work(ROOT) as session:
        insurer.replied(session, answers=reply, actor=SYSTEM, now=later)
    assert handoff(world, claim).state == "received"


def say(world: World, claim: uuid.UUID, now: datetime, kind: str, body: Mapping[str, JsonValue], seq: int) -> tuple[str, str]:
    """The message through the inbox, as the adapter reads it; gives what became of it."""
    row, no = handoff(world, claim), number(world, claim)
    message = message_of({"message_id": str(uuid.uuid4()), "handoff_id": str(row.id), "claim_no": no, "round": row.round,
                          "version": row.package, "at": now.isoformat(), "seq": seq, "kind": kind, "body": dict(body)})
    with world.db.unit_of_work(ROOT) as session:
        insurer.receive(session, message=message, now=now)
        insurer.apply(session, claim_nos=[no], now=now)
        kept = session.execute(sa.text("SELECT state, coalesce(fault, '') AS fault FROM insurer_message WHERE message_id = :id"),
                               {"id": str(message.message_id)}).one()
    return kept.state, kept.fault


def test_a_decision_that_cannot_hold_is_kept_and_moves_no_money(world: World, twin: Twin, now: datetime) -> None:
    claim = received(world, twin, now)
    asked = handoff(world, claim).liabilities
    none: dict[str, JsonValue] = {name: {"liability": name, "amount": "0.00", "reason": "not_in_list", "clause": "第五条"}
                                  for name in asked}
    paid: dict[str, JsonValue] = {**none, "breast_cancer": {
        "liability": "breast_cancer", "amount": "100000.00", "reason": None, "clause": "第五条"}}

    def decide(*more: JsonValue, refund: str = "0.00", total: str = "100000.00", **other: JsonValue) -> dict[str, JsonValue]:
        return {"outcome": "pay" if refund == "0.00" else "refund", "total": total, "refund": refund,
                "liabilities": [*paid.values(), *more], "letter": LETTER, **other}
    foreign: dict[str, JsonValue] = {"liability": "dental", "amount": "5000.00", "reason": None, "clause": "第五条"}
    wrong = [decide(paid["breast_cancer"], total="200000.00"),           # one liability answered, and paid, twice
             decide(foreign, total="105000.00"),                         # one that was never handed over
             decide(refund="35.00", total="100035.00"),                  # the premium back on top of the benefit
             decide(letter={**LETTER, "pdf_base64": "!"})]               # a letter that nobody could enclose
    for place, body in enumerate(wrong):
        state, fault = say(world, claim, now, "decide", body, 900 + place)
        assert state == "rejected" and fault, body
    assert say(world, claim, now, "answer_part", foreign, 950)[0] == "rejected"
    with world.db.view(ROOT) as session:
        assert session.execute(sa.text("SELECT (SELECT count(*) FROM decision) + (SELECT count(*) FROM payment)"
                                       " + (SELECT count(*) FROM disagreement)")).scalar_one() == 0
    assert (outcome(world.db, claim)[0], handoff(world, claim).answers) == ("with_insurer", [])
    assert say(world, claim, now, "decide", decide(), 999) == ("applied", "")
    assert outcome(world.db, claim) == ("payable", "pay", 10_000_000)


def test_the_dossier_names_policy_and_endorsements_where_there_are_any(world: World, twin: Twin, now: datetime) -> None:
    claim, other = in_review(world, 0, now, office="nx", event=BREAST), with_insurer(world, twin, now, n=1)
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("""
            INSERT INTO endorsement (id, org_key, cover_id, number, kind, dated_on, text, at)
            SELECT gen_random_uuid(), c.org_key, c.cover_id,
                x.number, 'change', DATE '2026-03-01', '批改', :now FROM claim c, (VALUES ('批2'), ('批1'), ('批1'), (NULL)) x(number)
            WHERE c.id = :id"""), {"id": claim, "now": now})
    passes(world, claim, "nx.clerk", now)
    assert forward(world, claim, now) == [claim]
    rename(world, claim)
    dossier = hand_over(world, twin, claim, now)           # the twin takes no field that its protocol does not name
    assert (dossier.policy_no, dossier.cover.endorsement) == (f"P-{claim}", "批1、批2")
    with world.db.view(ROOT) as session:
        kept = session.execute(sa.text("SELECT package_sha256 FROM handoff WHERE claim_id = :id"), {"id": other}).scalar_one()
    assert "endorsement" not in packing.unpack(storage.get(kept)).cover.wire()
