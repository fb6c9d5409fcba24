"""By page: both computations beside each other, accepted by two; files at the insurer by age with who follows them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.insurer import answer_book as book
from tests.services.answer_files import filled, table
from tests.services.api_world import Api
from tests.services.claim_pages import person
from tests.services.handoff_world import collect, number, with_insurer
from tests.services.insurer_world import Twin, running
from tests.services.review_world import pdf
from tests.support.world import ROOT

ALLOWANCE = "breast_cancer_allowance"


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    with running(Path(tmp_path_factory.mktemp("twin"))) as found:
        yield found


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_both_sides_stand_beside_each_other_and_two_persons_accept(api: Api, twin: Twin, now: datetime) -> None:
    senior, head, reviewer = person(api, "nx.senior"), person(api, "nx.head"), person(api, "nx.office1")
    assert "没有未了结的金额不一致" in senior.get("/disagreements").text
    claim = with_insurer(api.world, twin, now)
    no = number(api.world, claim)
    assert "保险公司尚未对本案作出决定" in senior.get(f"/disagreements/{no}").text
    twin.walk(no, "ack", "file")
    twin.desk(no, "decide", adjust={ALLOWANCE: {"amount": "500.00", "reason": "no_paid_days"}})
    collect(api.world, twin, claim, now)
    listed = reviewer.get("/disagreements").text
    assert no in listed and "-400.00" in listed.replace("−", "-") and "待处理" in listed
    page = reviewer.get(f"/disagreements/{no}").text
    assert "900.00" in page and "500.00" in page and "安康保办法 第六条" in page and "本会的核算" in page
    assert "以其他方式了结" not in page                  # for a senior reviewer or the head
    version = page.split('name="version" value="')[1].split('"')[0]
    refused = reviewer.send(f"/disagreements/{no}/accept", version=version, reason="出院小结为五天")
    assert refused.status_code == 422 and "没有选定责任" in refused.text and "出院小结为五天" in refused.text
    reviewer.get(f"/disagreements/{no}")
    done = reviewer.send(f"/disagreements/{no}/accept", version=version, reason="出院小结为五天", liability=ALLOWANCE)
    assert done.headers["location"] == f"/disagreements/{no}?done=accept"
    assert reviewer.send(f"/disagreements/{no}/agree", version=version).status_code == 403
    waiting = head.get(f"/disagreements/{no}").text
    assert "同意接受 1 项" in waiting and "出院小结为五天" in waiting
    assert head.send(f"/disagreements/{no}/agree", version=version).headers["location"].endswith("done=accepted")
    assert "已接受" in person(api, "nx.auditor", "zh").get(f"/disagreements/{no}").text
    assert "Line by line" in person(api, "nx.head", "en").get(f"/disagreements/{no}").text
    assert "没有未了结的金额不一致" in senior.get("/disagreements").text
    assert "500.00" in head.get(f"/claims/{no}").text.split('id="insurer"')[1].split("</section>")[0]
    with api.db.view(ROOT.scope) as session:
        looked = session.execute(sa.text("SELECT count(*) FROM access_record WHERE what = 'disagreement'")).scalar_one()
    assert looked >= 4
    assert person(api, "xj.senior").get(f"/disagreements/{no}").status_code == 404


def test_files_are_listed_by_age_and_followed_by_one_of_the_office(api: Api, twin: Twin, now: datetime) -> None:
    claim = with_insurer(api.world, twin, now)
    no = number(api.world, claim)
    reviewer, senior, head = person(api, "nx.office1"), person(api, "nx.senior"), person(api, "nx.head")
    assert no in reviewer.get("/handoffs?age=3").text and no not in reviewer.get("/handoffs?age=10").text
    assert reviewer.send(f"/handoffs/{no}/take").headers["location"] == "/handoffs?done=taken"
    assert no in reviewer.get("/handoffs?mine=1").text and no not in senior.get("/handoffs?mine=1").text
    senior.get("/handoffs")
    refused = senior.send(f"/handoffs/{no}/take")
    assert refused.status_code == 409 and "已有人跟进" in refused.text
    head.get("/handoffs")
    assert head.send(f"/handoffs/{no}/assign", owner=str(uuid.uuid4())).status_code == 404
    head.get("/handoffs")
    assert head.send(f"/handoffs/{no}/assign", owner=str(api.world.account("nx.senior"))).headers["location"].endswith("done=assigned")
    assert no in senior.get("/handoffs?mine=1").text
    assert senior.send(f"/handoffs/{no}/give-back").status_code == 303
    api.clock.instant = now + timedelta(days=5)         # four working days without a receipt: the second was the last
    late = person(api, "nx.office1").get("/handoffs?age=10").text
    assert no in late and "回执最迟" in late and "已逾期" in late


def test_what_the_insurer_answered_in_part_stands_line_by_line(api: Api, twin: Twin, now: datetime) -> None:
    claim = with_insurer(api.world, twin, now)
    no = number(api.world, claim)
    twin.walk(no, "ack", "file")
    twin.desk(no, "answer_part", liability="breast_cancer")
    collect(api.world, twin, claim, now)
    page = person(api, "nx.office1").get("/handoffs").text
    assert "已答复 1 项，共 4 项" in page and "100,000.00" in page and page.count("未答复") == 3
    with api.db.view(ROOT.scope) as session:
        assert f"P-{claim}" in page                     # the policy's number stands with the file
        assert session.execute(sa.text("SELECT count(*) FROM disagreement")).scalar_one() == 0


def test_answers_come_by_workbook_and_another_person_takes_them(api: Api, twin: Twin, now: datetime) -> None:
    claim = with_insurer(api.world, twin, now)
    no = number(api.world, claim)
    brings, takes = person(api, "nx.office1"), person(api, "nx.senior")
    brings.get("/handoffs/answers")
    answer = brings.get("/handoffs/answers/open")
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    brings.get("/handoffs/answers")
    sheet = filled(table(answer.content), {book.LETTER_NO: "赔字9号"})
    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    letter = (f"{no}.pdf", pdf("信"), "application/pdf")
    refused = brings.send("/handoffs/answers", files={"file": ("答复.xlsx", b"PK", xlsx), "letters": letter})
    assert refused.status_code == 422 and "打不开" in refused.text
    brings.get("/handoffs/answers")
    done = brings.send("/handoffs/answers", files={"file": ("答复.xlsx", sheet, xlsx), "letters": letter})
    where = done.headers["location"].partition("?")[0]
    assert "由登记人以外的另一人" in brings.get(where).text
    own = brings.send(f"{where}/take")
    assert own.status_code == 409 and "须由登记人以外的另一人采用" in own.text
    page = takes.get(where).text
    assert no in page and "100,900.00" in page and "赔字9号" in page and "采用 1 案的答复" in page
    assert takes.send(f"{where}/take").headers["location"] == f"{where}?done=taken"
    assert "新消息 3 条" in person(api, "nx.auditor").get(where).text
    assert person(api, "xj.senior").get(where).status_code == 404
    brings.get("/handoffs/answers")
    wrong = filled(table(answer.content), {book.TOTAL: "1.00"})
    bad = brings.send("/handoffs/answers", files={"file": ("错.xlsx", wrong, xlsx), "letters": letter})
    where = bad.headers["location"].partition("?")[0]
    assert "合计（元）" in brings.get(where).text and "没有可采用的案件" in brings.get("/handoffs/answers").text
    assert table(brings.get(f"{where}/errors").content)[0][book.COLUMN] == book.TOTAL
    brings.get(where)
    assert brings.send(f"{where}/drop", reason="合计写错").headers["location"].endswith("done=dropped")
