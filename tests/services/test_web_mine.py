"""The member's pages: what she sees of her own, the papers, lists, letters and messages; what stays closed to her."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.core.db import Database
from services.enrolment import service as enrolment
from services.storage import service as storage
from tests.services.api_world import Api, picture
from tests.services.member_pages import case_no, letters_out, one, person, state, version
from tests.support.paper_files import page, saved
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_who_has_nothing_yet_is_led_to_reporting(api: Api) -> None:
    text = person(api, "xj.m0").get("/mine").text
    assert "还没有案件" in text
    assert 'href="/report"' in text
    assert "在职女职工特殊疾病互助保障" in text and "保障中" in text and "4 份" in text


def test_the_list_says_where_each_claim_is_and_what_is_wanted(api: Api) -> None:
    claim_no = api.report()
    text = person(api, "xj.m0").get("/mine").text
    assert claim_no in text and "已报案" in text and "核对材料最迟" in text
    assert "交材料（还缺" in text
    assert claim_no not in person(api, "xj.m1").get("/mine").text


def test_kin_and_proxies_see_it_and_others_do_not(api: Api) -> None:
    claim_no = api.report()
    with api.db.unit_of_work(ROOT.scope) as session:
        enrolment.add_kin(session, person_id=api.world.person("xj.m0"), relative_id=api.world.person("xj.m1"), relation="child",
                          actor=ROOT, now=api.clock.now())
    kin = person(api, "xj.m1")
    first = kin.get("/mine").text
    assert claim_no in first and "父母" in first and "子女" not in first     # what the other is to whoever looks
    assert api.world.member(0, "xj").synthetic.name in kin.get(f"/mine/{claim_no}").text
    assert person(api, "xj.m2").get(f"/mine/{claim_no}").status_code == 404
    assert person(api, "nx.m0").get(f"/mine/{claim_no}").status_code == 404
    assert person(api, "xj.head").get(f"/mine/{claim_no}").status_code == 403


def test_the_claim_tells_where_next_by_when_and_how_counted(api: Api) -> None:
    claim_no = api.in_review()
    text = person(api, "xj.m0").get(f"/mine/{claim_no}").text
    for said in (claim_no, "正在逐级审核", "2026年4月13日", "怎么数的", "办理过程", "材料齐全", "已认可"):
        assert said in text, said
    assert "内部备注" not in text and "给付决定" not in text


def test_papers_are_handed_in_once_and_told_with_their_size(api: Api) -> None:
    claim_no = api.report()
    visitor = person(api, "xj.m0")
    path = f"/cases/{case_no(api, claim_no)}/papers"
    assert "诊断" in visitor.get(path).text
    empty = visitor.send(path, kind="diagnosis")
    assert empty.status_code == 422 and "没有选择文件" in empty.text
    visitor.get(path)
    sent = visitor.send(path, files={"files-diagnosis": ("诊断.png", picture("page"), "image/png")}, kind="diagnosis")
    assert sent.headers["location"] == f"{path}?done=handed"
    text = visitor.get(path).text
    assert "诊断.png" in text and "1 KB" in text and "待核对" in text
    assert "图片太暗" not in text
    visitor.send(path, files={"files-diagnosis": ("夜里.png", saved(page(light=45)), "image/png")}, kind="diagnosis")
    assert "图片太暗：请在光线充足的地方重新拍照" in visitor.get(path).text
    wrong = visitor.send(path, files={"files-pathology": ("a.txt", b"words", "text/plain")}, kind="pathology")
    assert wrong.status_code == 422 and 'id="files-pathology-fault"' in wrong.text
    assert person(api, "xj.m1").get(path).status_code == 404
    assert person(api, "xj.clerk2").get(path).status_code == 404
    assert person(api, "xj.clerk").get(path).status_code == 200


def test_a_list_is_read_and_answered_by_paper_or_reason(api: Api) -> None:
    claim_no = api.report()
    api.act("xj.clerk", claim_no, "supplements", {"items": [{"paper": "pathology", "reason": "缺病理诊断报告"},
                                                            {"paper": "hospital", "reason": "缺住院记录"}]})
    letters_out(api, claim_no, "supplement.create")
    visitor = person(api, "xj.m0")
    page = visitor.get(f"/mine/{claim_no}").text
    assert "先打开下面的补充材料告知书" in page and "未读" in page
    letter = re.search(r'action="(/mine/letters/[^"]+)"', page)
    assert letter
    opened = visitor.send(letter[1])
    assert opened.headers["location"].endswith("/content")
    assert visitor.http.get(opened.headers["location"]).content.startswith(b"%PDF")
    page = visitor.get(f"/mine/{claim_no}").text
    assert "未读" not in page and "交补充材料" in page
    link = re.search(r'href="(/mine/[^"]+/lists/[^"]+)"', page)
    assert link
    visitor.get(link[1])
    unsaid = visitor.send(link[1], version=version(visitor), files=None, paper=["pathology", "hospital"], **{"none-1": "yes"})
    assert unsaid.status_code == 422 and "请写明为什么无法提供" in unsaid.text
    visitor.get(link[1])
    sent = visitor.send(link[1], files={"files-0": ("p.png", picture("late"), "image/png")}, version=version(visitor),
                        paper=["pathology", "hospital"], **{"none-1": "yes", "note-1": "没有住院"})
    assert sent.status_code == 303, sent.text
    assert state(api, claim_no) == "reported"
    assert "没有住院" in visitor.get(f"/mine/{claim_no}").text


def test_the_same_file_after_it_was_sent_back_is_refused_where_it_was_chosen(api: Api) -> None:
    claim_no, same = api.report(), ("p.png", picture("half"), "image/png")
    paper = api.upload("xj.m0", f"/claims/{claim_no}/papers", same[1], kind="pathology").json()["id"]
    assert api.post("xj.clerk", f"/papers/{paper}/judgement", {"accept": False, "fault": "缺第二页"}).status_code == 200
    visitor, papers = person(api, "xj.m0"), f"/cases/{case_no(api, claim_no)}/papers"
    visitor.get(papers)
    again = visitor.send(papers, files={"files-pathology": same}, kind="pathology")
    assert again.status_code == 422 and 'id="files-pathology-fault"' in again.text and "先前交过，已退回：缺第二页" in again.text
    api.act("xj.clerk", claim_no, "supplements", {"items": [{"paper": "pathology", "reason": "缺第二页"}]})
    letters_out(api, claim_no, "supplement.create")
    letter = re.search(r'action="(/mine/letters/[^"]+)"', visitor.get(f"/mine/{claim_no}").text)
    assert letter and visitor.send(letter[1]).status_code == 303
    link = re.search(r'href="(/mine/[^"]+/lists/[^"]+)"', visitor.get(f"/mine/{claim_no}").text)
    assert link
    visitor.get(link[1])
    again = visitor.send(link[1], files={"files-0": same}, version=version(visitor), paper=["pathology"])
    assert again.status_code == 422 and 'id="files-0-fault"' in again.text and "先前交过，已退回：缺第二页" in again.text
    whole = ("p.png", picture("whole"), "image/png")
    assert visitor.send(link[1], files={"files-0": whole}, version=version(visitor), paper=["pathology"]).status_code == 303
    assert state(api, claim_no) == "reported"


def test_only_the_addressee_s_own_opening_delivers_a_letter(api: Api) -> None:
    claim_no = api.report()
    letters_out(api, claim_no, "claim.create")
    with api.db.unit_of_work(ROOT.scope) as session:
        enrolment.add_kin(session, person_id=api.world.person("xj.m0"), relative_id=api.world.person("xj.m1"), relation="child",
                          actor=ROOT, now=api.clock.now())
    letter = one(api, "SELECT n.id FROM notice n JOIN claim c ON c.id = n.claim_id WHERE c.claim_no = :no AND n.recipient = 'member'",
                 no=claim_no)
    kin = person(api, "xj.m1")
    kin.get(f"/mine/{claim_no}")
    assert kin.send(f"/mine/letters/{letter}").status_code == 303
    assert one(api, "SELECT state FROM notice WHERE id = :id", id=letter) == "dispatched"
    stranger = person(api, "xj.m2")
    stranger.get("/mine")
    assert stranger.send(f"/mine/letters/{letter}").status_code == 404
    own = person(api, "xj.m0")
    own.get(f"/mine/{claim_no}")
    own.send(f"/mine/letters/{letter}")
    assert one(api, "SELECT state FROM notice WHERE id = :id", id=letter) == "delivered"


def test_a_message_goes_to_the_office_and_back(api: Api) -> None:
    claim_no = api.report()
    visitor = person(api, "xj.m0")
    visitor.get(f"/mine/{claim_no}")
    assert visitor.send(f"/mine/{claim_no}/talk", words="什么时候能办好？").status_code == 303
    assert "什么时候能办好？" in person(api, "xj.clerk").get(f"/claims/{claim_no}").text
    api.clock.advance(timedelta(minutes=1))
    clerk = person(api, "xj.clerk")
    clerk.get(f"/claims/{claim_no}")
    clerk.send(f"/claims/{claim_no}/talk", words="正在核对", to="member")
    assert "1 条留言未读" in visitor.get("/mine").text
    api.clock.advance(timedelta(minutes=1))
    assert "正在核对" in visitor.get(f"/mine/{claim_no}").text
    assert "条留言未读" not in visitor.get("/mine").text


def test_english_and_phone_marks(api: Api) -> None:
    claim_no = api.report()
    visitor = person(api, "xj.m0", "en")
    text = visitor.get(f"/mine/{claim_no}").text
    assert "What you need to do" in text and "Next" in text and 'lang="en"' in text
    assert "My claims" in visitor.get("/mine").text
    assert 'capture="environment"' in visitor.get(f"/cases/{case_no(api, claim_no)}/papers").text


def test_a_proxy_reads_and_receives_until_her_last_day_for_whom_she_acts_for(api: Api) -> None:
    with api.db.unit_of_work(ROOT.scope) as session:
        enrolment.add_proxy(session, person_id=api.world.person("xj.m0"), proxy_id=api.world.person("xj.m1"),
                            from_on=api.clock.now().date(), until_on=api.clock.now().date() + timedelta(days=30), reason="重病",
                            proof_sha256=storage.put(picture("proof")), actor=ROOT, now=api.clock.now())
    claim_no = api.report()
    letters_out(api, claim_no, "claim.create")
    proxy = person(api, "xj.m1")
    text = proxy.get("/mine").text
    assert claim_no in text and "我代理的人" in text and api.world.member(0, "xj").synthetic.name in text
    own = one(api, "SELECT n.id FROM notice n JOIN person p ON p.id = n.person_id WHERE p.id = :id", id=api.world.person("xj.m0"))
    proxy.get(f"/mine/{claim_no}")
    proxy.send(f"/mine/letters/{own}")
    assert one(api, "SELECT state FROM notice WHERE id = :id", id=own) == "delivered"
    api.clock.advance(timedelta(days=40))
    assert claim_no not in person(api, "xj.m1").get("/mine").text
    assert person(api, "xj.m1").get(f"/mine/{claim_no}").status_code == 404
