"""One payment that a bank's file cannot carry stops no other; the fund's own account stands in the file as it was at release."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from services.core.db import Database
from services.core.errors import InputError, NotFound, NotPermitted
from services.models import FundAccount, PaymentRun
from services.payment import service as payment
from services.reporting import paying
from tests.services.paying_world import in_run, made, read, returned_file, sent, states
from tests.support.world import ROOT, World, build_world

RARE = "样㛃䶮"                    # neither sign is in GBK
PAYER, ACCOUNT = "样例市总工会互助金专户", "0109000000000000011"


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def rename(world: World, claim: uuid.UUID, name: str) -> None:
    """The member and the card are called otherwise."""
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE person SET name = :name FROM claim c WHERE c.id = :claim AND person.id = c.person_id"),
                        {"name": name, "claim": claim})
        session.execute(sa.text("UPDATE bank_card b SET holder = :name FROM claim c WHERE c.id = :claim AND b.person_id = c.person_id"),
                        {"name": name, "claim": claim})


def register(world: World, now: datetime, number: str = ACCOUNT, why: str = "", login: str = "xj.admin") -> None:
    admin = world.actor(login)
    with world.db.unit_of_work(admin.scope) as session:
        payment.register_account(session, plan="xj-women", holder=PAYER, number=number, why=why, actor=admin, now=now)


def test_one_name_that_the_bank_cannot_write_blocks_nobody_else(world: World, now: datetime) -> None:
    rare, plain = made(world, now, 6_000_000, 200_000)
    rename(world, rare, RARE)
    run_id = sent(world, now)
    assert (states(world, rare), states(world, plain)) == ([("planned", 6_000_000, 1)], [("sent", 200_000, 1)])
    with world.db.view(ROOT.scope) as session:
        [left] = paying.left_out(session)
        assert (left.payee, left.amount_fen) == (RARE, 6_000_000)
        assert "㛃" in left.why and "䶮" in left.why and "开户资料" in left.why
        run = session.get_one(PaymentRun, run_id)
        assert (run.count, run.total_fen) == (1, 200_000)
    with pytest.raises(InputError, match="run_empty") as caught:
        in_run(world, now)
    assert "㛃" in caught.value.message


def test_a_bank_that_carries_the_name_pays_it_and_the_list_is_empty_again(world: World, now: datetime) -> None:
    rare, plain = made(world, now, 6_000_000, 200_000)
    rename(world, rare, RARE)
    sent(world, now)
    with pytest.raises(InputError, match="payer_account_missing"):
        in_run(world, now, "ISO20022")
    register(world, now)
    run_id = sent(world, now, "ISO20022")
    with world.db.view(ROOT.scope) as session:
        assert paying.left_out(session) == []
    summary = read(world, returned_file(world, run_id, "credited", bank="ISO20022"), now)
    assert len(summary.credited) == 1 and not summary.unmatched
    assert (states(world, rare), states(world, plain)) == ([("credited", 6_000_000, 1)], [("sent", 200_000, 1)])


def test_only_union_cards_are_paid_by_the_bank_of_beijing(world: World, now: datetime) -> None:
    made(world, now, 6_000_000)
    with pytest.raises(InputError, match="run_empty") as caught:
        in_run(world, now, "BOB_UNION_CARD")
    assert "工会会员互助服务卡" in caught.value.message


def test_a_released_run_goes_out_under_the_account_of_its_release(world: World, now: datetime) -> None:
    made(world, now, 6_000_000)
    register(world, now)
    run_id, checker = in_run(world, now, "ISO20022"), world.actor("xj.checker")
    with world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=checker, now=now)
    register(world, now + timedelta(hours=1), "9909000000000000022", why="换开户行")
    with world.db.unit_of_work(ROOT.scope) as session:
        content = payment.write_file(session, run_id=run_id, actor=ROOT, now=now + timedelta(hours=2)).read_text(encoding="utf-8")
    assert f"<Nm>{PAYER}</Nm>" in content and ACCOUNT in content and "9909000000000000022" not in content


def test_who_enters_the_account_and_each_entry_is_kept(world: World, now: datetime) -> None:
    with pytest.raises(NotPermitted):
        register(world, now, login="xj.maker")
    register(world, now, login="xj.head")
    with pytest.raises(NotPermitted):
        register(world, now, "9909000000000000022", why="换开户行", login="xj.head")
    with pytest.raises(InputError, match="text_length"):
        register(world, now, "9909000000000000022")
    for number in ("12", "1" * 35, "账号00000001"):
        with pytest.raises(InputError, match="fund_account"):
            register(world, now, number, why="换开户行")
    register(world, now + timedelta(days=1), "9909 0000 0000 0000 022", why="换开户行")
    with world.db.unit_of_work(ROOT.scope) as session:
        kept = session.exec(select(FundAccount).order_by(sa.text("entered_at"))).all()
        assert [(row.number, row.why) for row in kept] == [(ACCOUNT, None), ("9909000000000000022", "换开户行")]
        with pytest.raises(NotFound, match="fund_missing"):
            payment.register_account(session, plan="nx-ankangbao", holder=PAYER, number=ACCOUNT, actor=ROOT, now=now)
    with pytest.raises(sa.exc.ProgrammingError), world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE fund_account SET number = '1'"))
