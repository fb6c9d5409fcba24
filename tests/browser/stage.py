"""Claims at every station and records on every desk, so that each page has something to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from services.insurer import exchange
from services.insurer.exchange_facts import insurers
from services.intake import drafts
from services.payment import service as payment
from services.releases import drafts as composing
from services.releases import service as releases
from services.review import phrases, sampling, summary
from tests.services import paying_world
from tests.services.after_world import accepted, decided, letter, lodged, routed
from tests.services.api_world import Api, picture
from tests.services.review_world import MALIGNANT, in_review, passes
from tests.support.world import ROOT

DRAFTED = {"person_id": "", "channel": "member", "reported_on": None, "hospital": "示例医院",
           "event": {"kind": "diagnosis", "diagnosed_on": "2026-03-16"}}


@dataclass(frozen=True, slots=True)
class Stage:
    """Numbers of claims by where they stand, and ids of what hangs on them."""

    reported: str       # xj.m1: papers handed in, none judged, a list of missing papers issued to her
    clerk: str          # xj.m2: the unit's clerk certifies
    office: str         # xj.m0: with the office, past unit and district
    decided: str        # xj.m3: paid by decision, its letter out, an objection lodged
    later: str          # xj.m4: in its second round
    paper: str          # a paper of `reported`
    letter: str         # the letter of `decided`
    supplement: str     # the list of `reported`
    case: str           # the case of `reported`
    sheet: str          # the district's summary, in draft
    run: str            # a payment run
    payment: str        # one of its payments
    certificate: str    # xj.m1's cover
    draft: str          # xj.m1's report, begun
    phrase: str         # of the office
    account: str        # xj.office2
    person: str         # xj.m1
    org: str            # the district
    roster: str         # the roster she was enrolled by
    sample: str         # drawn from the day's decisions
    release: str        # a wording, proposed
    other: str          # a case like `case`
    exchange: str       # February's report to the insurer, prepared
    composed: str       # a plan being composed
    nothing: str = "00000000-0000-0000-0000-000000000000"

    def at(self, where: str) -> str:
        """An address of `tests.browser.addresses` about these records."""
        return where.format(**{name: getattr(self, name) for name in self.__slots__})


def build(api: Api) -> Stage:
    """The whole stage, by the stages' public verbs."""
    now, world = api.clock.now(), api.world
    reported, clerk = _reported(api), api.in_review(2)
    office, listed = (in_review(world, n, now, event=MALIGNANT) for n in (0, 5))
    for login, claim in (("clerk", office), ("district", office), ("clerk", listed)):
        passes(world, claim, f"xj.{login}", now)
    done, again = decided(world, 3, now), decided(world, 4, now)
    letters = letter(world, "claim.approve", done, now)
    lodged(world, done, now)
    accepted(world, lodged(world, again, now, by="xj.m4"), now)
    routed(world, again, now)
    paying_world.made(world, now, 2_000_000, 1_500_050)
    run = _run(api)
    return Stage(
        reported=reported, clerk=clerk, office=number(api, office), decided=number(api, done), later=number(api, again),
        paper=one(api, "SELECT p.id FROM paper p JOIN claim c ON c.id = p.claim_id WHERE c.claim_no = :no LIMIT 1", no=reported),
        letter=str(letters[0]), run=run,
        supplement=one(api, "SELECT s.id FROM supplement s JOIN claim c ON c.id = s.claim_id WHERE c.claim_no = :no", no=reported),
        case=one(api, "SELECT f.case_no FROM case_file f JOIN claim c ON c.case_id = f.id WHERE c.claim_no = :no", no=reported),
        sheet=_sheet(api, number(api, listed)), draft=_draft(api), phrase=_phrase(api),
        payment=one(api, "SELECT p.id FROM payment p JOIN payment_run r ON r.id = p.run_id WHERE r.run_no = :no LIMIT 1", no=run),
        certificate=one(api, "SELECT certificate_no FROM cover WHERE person_id = :id LIMIT 1", id=world.person("xj.m1")),
        account=str(world.account("xj.office2")), person=str(world.person("xj.m1")),
        org=str(world.org("cn.xj.wlmq.tsd.")), roster=one(api, "SELECT id FROM roster_import WHERE plan = 'xj-women' LIMIT 1"),
        sample=_sample(api), release=_release(api), exchange=_exchange(api), composed=_composed(api),
        other=one(api, "SELECT f.case_no FROM case_file f WHERE f.person_id = :id AND NOT f.case_no LIKE 'BA%' LIMIT 1",
                  id=world.person("xj.m1")))


def one(api: Api, statement: str, **values: object) -> str:
    """One value of the database."""
    with api.db.view(ROOT.scope) as session:
        return str(session.execute(sa.text(statement), values).scalar_one())


def number(api: Api, claim_id: object) -> str:
    """The claim's number."""
    return one(api, "SELECT claim_no FROM claim WHERE id = :id", id=claim_id)


def _reported(api: Api) -> str:
    claim_no = api.report(1)
    for kind in ("diagnosis", "id_card"):
        assert api.upload("xj.m1", f"/claims/{claim_no}/papers", picture(f"{kind} {claim_no}"), kind=kind).status_code == 201
    listed = api.act("xj.clerk", claim_no, "supplements", {"items": [{"paper": "pathology", "reason": "缺病理诊断报告"}]})
    assert listed.status_code == 200, listed.text
    return claim_no


def _run(api: Api) -> str:
    maker = api.world.actor("xj.maker")
    with api.db.unit_of_work(maker.scope) as session:
        return payment.build_run(session, plan="xj-women", bank="ICBC", actor=maker, now=api.clock.now()).run_no


def _sheet(api: Api, claim_no: str) -> str:
    district = api.world.actor("xj.district")
    with api.db.unit_of_work(district.scope) as session:
        return summary.draft(session, plan="xj-women", month=date(2026, 3, 1), level=None, claim_nos=[claim_no], actor=district,
                             now=api.clock.now()).sheet.sheet_no


def _draft(api: Api) -> str:
    member = api.world.actor("xj.m1")
    with api.db.unit_of_work(member.scope) as session:
        return str(drafts.save(session, words={**DRAFTED, "person_id": str(member.person_id)}, actor=member, now=api.clock.now()).id)


def _sample(api: Api) -> str:
    head, today = api.world.actor("xj.head"), api.clock.now()
    with api.db.unit_of_work(head.scope) as session:
        return str(sampling.draw(session, from_on=today.date(), until_on=today.date(), seed="blue", size=1, actor=head,
                                 now=today + timedelta(days=1)).id)


def _release(api: Api) -> str:
    admin = api.world.actor("xj.admin")
    with api.db.unit_of_work(admin.scope) as session:
        return str(releases.propose(session, kind="wording", note="新说明",
                                    payload={"code": "receipt.care", "text": "请安心休养，材料可以托家人送来。"},
                                    effective_on=date(2026, 4, 1), org_id=api.world.org("cn.xj."), actor=admin, now=api.clock.now()).id)


def _composed(api: Api) -> str:
    admin = api.world.actor("xj.admin")
    with api.db.unit_of_work(admin.scope) as session:
        return str(composing.start(session, base="xj-women 2024-01-01", actor=admin, now=api.clock.now()).id)


def _exchange(api: Api) -> str:
    office = api.world.actor("xj.office1")
    with api.db.unit_of_work(office.scope) as session:
        return str(exchange.prepare(session, insurer=next(iter(insurers())), from_on=date(2026, 2, 1), until_on=date(2026, 2, 28),
                                    actor=office, now=api.clock.now()).id)


def _phrase(api: Api) -> str:
    office = api.world.actor("xj.office1")
    with api.db.unit_of_work(office.scope) as session:
        return str(phrases.add_phrase(session, reason="papers_unclear", words="影像不清，请重新拍摄", actor=office, now=api.clock.now()).id)
