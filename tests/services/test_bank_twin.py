"""The bank's twin, a process of its own: reads our files strictly, books each once, and its answers run through the house to the end."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from infra.twins.bank.faults import parsed
from infra.twins.bank.reading import read as bank_reads
from infra.twins.bank.values import Line, Refused
from services.core.db import Database
from services.core.errors import InputError
from services.models import PaymentRun
from services.payment import service as payment
from services.payment.banks import layout_of
from services.payment.service import ReturnSummary
from tests.services.paying_world import made, read, sent, states
from tests.support.world import ROOT, World, build_world

HERE = Path(__file__).parents[2]
GOLDEN = HERE / "tests" / "golden" / "bank"
LAYOUTS = ("ICBC", "CCB", "BOB_UNION_CARD", "ISO20022")
OUT = {"ICBC": "ICBC_P2026000007.txt", "CCB": "CCB_P2026000007.txt", "BOB_UNION_CARD": "BOB_P2026000007.csv",
       "ISO20022": "PAIN001_P2026000007.xml"}


class Bank:
    """The twin over folders of its own; `look` runs it once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "in").mkdir(parents=True)

    def look(self, *options: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "infra.twins.bank", "--in", str(self.folder / "in"), "--out", str(self.folder / "out"), "--data",
             str(self.folder / "data"), "--once", *options], cwd=HERE, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    def lay(self, name: str, content: bytes) -> None:
        (self.folder / "in" / name).write_bytes(content)

    def answers(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.folder / "out").glob("*")) if path.suffix != ".json"]

    def booked(self) -> dict[str, int]:
        """Fen by kind."""
        with closing(sqlite3.connect(self.folder / "data" / "bank.sqlite3")) as db:
            return dict(db.execute("SELECT kind, sum(fen) FROM entry GROUP BY kind"))


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path / "bank")


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def resealed(content: bytes, old: bytes, new: bytes, proof: bytes) -> bytes:
    """The file changed, with a digest that fits: only the bank's other checks can see it."""
    assert old in content
    body = content[:content.rindex(proof)].replace(old, new)
    return body + proof + hashlib.sha256(body).hexdigest().encode() + b"\r\n"


def short(content: bytes, lines: int) -> bytes:
    """The first lines of a file of columns, with a digest that fits."""
    body = b"\r\n".join(content.split(b"\r\n")[:lines]) + b"\r\n"
    return body + "校验,".encode("gb18030") + hashlib.sha256(body).hexdigest().encode() + b"\r\n"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_golden_files_are_understood_by_another_hand(layout: str) -> None:
    found = bank_reads((GOLDEN / OUT[layout]).read_bytes())
    assert (found.layout, found.run_no) == (layout, "P2026000007")
    assert [line.number for line in found.lines] == list(range(1, len(found.lines) + 1))
    if layout in ("BOB_UNION_CARD", "ISO20022"):
        assert found.fen == 6_003_334
        assert found.lines[0] == Line(1, "P2026000007-00001", 6_000_000, found.lines[0].bank, "6229690000000003103", "样一䶮",
                                      "互助金 BJ2026-0000-014")


@pytest.mark.parametrize(("layout", "change", "code"), [
    ("ICBC", lambda file: file[:-5], "cut"), ("ICBC", lambda file: file.replace(b"D000001", b"D000002"), "wrong_digest"),
    ("ICBC", lambda file: resealed(file, b"D000001", b"D000002", b"T"), "wrong_order"),
    ("CCB", lambda file: resealed(file, b"#1|P2026000007|", b"#1|P2026 00007|", b"#9|"), "bad_run"),
    ("CCB", lambda file: resealed(file, b"\r\n1|", b"\r\n1|x|", b"#9|"), "bad_columns"),
    ("BOB_UNION_CARD", lambda file: resealed(file, b",60033.34", b",60033.35", "校验,".encode("gb18030")), "wrong_total"),
    ("BOB_UNION_CARD", lambda file: resealed(file, b",60000.00,", b",60000.0,", "校验,".encode("gb18030")), "bad_amount"),
    ("BOB_UNION_CARD", lambda file: resealed(file, b"-00002,", b"-00001,", "校验,".encode("gb18030")), "reference_twice"),
    ("ISO20022", lambda file: file.replace(b"<CtrlSum>60033.34", b"<CtrlSum>60033.35"), "wrong_total"),
    ("ISO20022", lambda file: file.replace(b'Ccy="CNY"', b'Ccy="USD"'), "bad_currency"),
    ("ISO20022", lambda file: file.replace(b"<PmtMtd>TRF</PmtMtd>", b""), "schema"),
    ("ISO20022", lambda file: file.replace(b"<Document", b"<!DOCTYPE x []><Document"), "doctype"),
    ("BOB_UNION_CARD", lambda file: short(file, 1), "bad_columns"), ("BOB_UNION_CARD", lambda file: short(file, 2), "bad_columns"),
    ("ICBC", lambda file: resealed(file, b"  \xbb\xa5\xd6\xfa", b" \xd1\xf9 \xd6\xfa", b"T"), "bad_width"),
    ("ISO20022", lambda file: file.replace(b"UTF-8", b"GBK", 1), "bad_coding"),
    ("ISO20022", lambda file: re.sub(rb"<CreDtTm>.{10}T..:..:..", b"<CreDtTm>2026-04-01T24:00:00", file), "bad_time"),
    ("ISO20022", lambda _: b"no bank file", "unknown_layout")])
def test_a_file_that_does_not_hold_is_refused_by_name(layout: str, change: Callable[[bytes], bytes], code: str) -> None:
    with pytest.raises(Refused) as caught:
        bank_reads(change((GOLDEN / OUT[layout]).read_bytes()))
    assert caught.value.code == code


def test_a_run_is_booked_once_and_other_bytes_under_its_number_are_refused(bank: Bank) -> None:
    content = (GOLDEN / OUT["BOB_UNION_CARD"]).read_bytes()
    bank.lay("a.csv", content)
    bank.look()
    first = bank.answers()
    bank.lay("b.csv", content)
    bank.look()
    assert (bank.answers(), bank.booked()) == (first, {"credit": 6_003_334})
    bank.lay("c.csv", resealed(content, "样一".encode("gb18030"), "样二".encode("gb18030"), "校验,".encode("gb18030")))
    assert "refused c.csv: run_reused" in bank.look()
    refused = json.loads((bank.folder / "out" / "c.csv.refused.json").read_text(encoding="utf-8"))
    assert refused["code"] == "run_reused" and bank.booked() == {"credit": 6_003_334}
    bank.lay("d.csv", resealed(content, b"\r\nP2026000007,", b"\r\nP2026000008,", "校验,".encode("gb18030")))
    assert "refused d.csv: reference_reused" in bank.look(), "the same payments under another run's number would be paid twice"
    assert bank.booked() == {"credit": 6_003_334}


def test_the_banks_own_list_of_accounts_decides(bank: Bank) -> None:
    known = {"6229690000000003103": {"holder": "另一人"}, "6229690000000007719": {"holder": "买买提·样例", "state": "closed"}}
    (bank.folder / "accounts.json").write_text(json.dumps(known), encoding="utf-8")
    bank.lay("a.csv", (GOLDEN / OUT["BOB_UNION_CARD"]).read_bytes())
    bank.look("--accounts", str(bank.folder / "accounts.json"))
    [answer] = bank.answers()
    assert [(one.status, one.reason) for one in layout_of("BOB_UNION_CARD").read(answer)] == [
        ("returned", "户名与账号不符"), ("returned", "账户已销户")]


def paid(world: World, bank: Bank, now: datetime, layout: str, *options: str) -> tuple[list[str], list[ReturnSummary | InputError]]:
    """Three claims decided, run, released, written; the bank's files read one by one. States of the payments and what each file did."""
    if layout == "BOB_UNION_CARD":
        with world.db.unit_of_work(ROOT.scope) as session:
            session.execute(sa.text("UPDATE bank_card SET bank = 'BOB_UNION_CARD'"))
    if layout == "ISO20022":
        admin = world.actor("xj.admin")
        with world.db.unit_of_work(admin.scope) as session:
            payment.register_account(session, plan="xj-women", holder="示例互助金专户", number="0109000000000000011", actor=admin, now=now)
    claims = made(world, now, 100_000, 100_000, 100_000)
    run_id = sent(world, now, layout)
    with world.db.unit_of_work(ROOT.scope) as session:
        path = payment.write_file(session, run_id=run_id, actor=ROOT, now=now)
    bank.lay(path.name, path.read_bytes())
    bank.look(*options)
    done: list[ReturnSummary | InputError] = []
    for content in bank.answers():
        try:
            done.append(read(world, content, now))
        except InputError as refusal:
            done.append(refusal)
    with world.db.view(ROOT.scope) as session:
        run = session.get_one(PaymentRun, run_id)
        return [*(states(world, claim)[0][0] for claim in claims), run.state], done


@pytest.mark.parametrize("layout", ["ICBC", "BOB_UNION_CARD"])      # the other two below, with faults besides
def test_from_run_to_reconciliation(world: World, now: datetime, bank: Bank, layout: str) -> None:
    ended, [summary] = paid(world, bank, now, layout)
    assert ended == ["credited", "credited", "credited", "reconciled"]
    assert isinstance(summary, ReturnSummary) and len(summary.credited) == 3 and not summary.unmatched
    assert bank.booked() == {"credit": 300_000}


@pytest.mark.parametrize("layout", ["CCB", "ISO20022"])
def test_files_that_lie_are_refused_whole_and_strangers_are_a_list(world: World, now: datetime, bank: Bank, layout: str) -> None:
    ended, done = paid(world, bank, now, layout, "--faults", "truncated_return,wrong_total,duplicate_return,unmatched_line")
    assert ended == ["credited", "credited", "credited", "reconciled"]
    cut, wrong, whole, again, stranger = done
    assert [one.code for one in (cut, wrong) if isinstance(one, InputError)] == ["bank_file_broken", "bank_file_broken"]
    assert isinstance(whole, ReturnSummary) and len(whole.credited) == 3
    assert isinstance(again, ReturnSummary) and again.repeated
    assert isinstance(stranger, ReturnSummary) and [one.fault for one in stranger.unmatched] == ["unknown_reference"]


def test_returns_late_returns_and_other_amounts_end_as_the_runbook_says(world: World, now: datetime, bank: Bank) -> None:
    ended, done = paid(world, bank, now, "ICBC", "--faults", "account_unknown:1,other_amount:2,late_return:3")
    summaries = [one for one in done if isinstance(one, ReturnSummary)]
    assert [(len(one.credited), len(one.returned), [line.fault for line in one.unmatched]) for one in summaries] == [
        (1, 1, []), (0, 0, ["amount_differs"]), (0, 1, [])]
    assert (sorted(ended[:3]), ended[3]) == (["returned", "returned", "sent"], "sent"), "another amount is nobody's to assume"
    assert bank.booked() == {"refused": 100_000, "credit": 100_100 + 100_000, "back": 100_000}


def test_faults_are_drawn_by_the_seed_alone() -> None:
    def drawn(seed: int) -> list[str]:
        found = parsed("account_unknown=0.2,late_return=0.2", seed)
        return [found.of_line(Line(1, f"P2026000001-{n:05d}", 1, "ICBC", "62220000", "样", "样")) for n in range(500)]
    assert drawn(1) == drawn(1) != drawn(2)
    assert 70 < drawn(1).count("account_unknown") < 130 and 50 < drawn(1).count("late_return") < 120
    with pytest.raises(SystemExit, match="no_such"):
        parsed("no_such=1", 0)


def test_the_banks_code_is_its_own() -> None:
    for path in sorted((HERE / "infra" / "twins" / "bank").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        assert not [name for name in names if name.split(".")[0] == "services"], path.name
