"""Hospitals' programs against the served interface: members under the inpatient plan, hospitals with tokens, bills that add up."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
import uvicorn

from services.enrolment.people import index_of
from services.ledger import proofs
from services.simulate.synthetic import REGIONS, Synthetic, synthetic_person
from tests.services.api_world import Api
from tests.support.world import ROOT, enrol_members

PLAN = "xj-inpatient-accident"
EFFECTIVE = date(2026, 1, 1)
CAP = Decimal(8000)


def yuan(amount: Decimal | int | str) -> str:
    return f"{Decimal(amount):.2f}"


def bill(person: Synthetic, setl_id: str, *, pool_pay: Decimal | int = 0, pool_own: Decimal | int = 0, large_own: Decimal | int = 0,
         large_pay: Decimal | int = 0, remote: bool = False, at: str = "2026-05-01 10:00:00", **more: object) -> dict[str, object]:
    """A settlement whose sums agree: what the funds paid and the own parts are all of the fee."""
    fund, own = Decimal(pool_pay) + Decimal(large_pay), Decimal(pool_own) + Decimal(large_own)
    return {"mdtrt_id": f"M{setl_id}", "setl_id": setl_id, "psn_name": person.name, "psn_cert_type": "01", "certno": person.id_number,
            "insutype": "310", "setl_time": at, "med_type": "21", "medfee_sumamt": yuan(fund + own), "inscp_scp_amt": yuan(fund + own),
            "hifp_pay": yuan(pool_pay), "hifob_pay": yuan(large_pay), "fund_pay_sumamt": yuan(fund), "psn_part_amt": yuan(own),
            "pool_own_amt": yuan(pool_own), "large_own_amt": yuan(large_own), "out_of_region": "1" if remote else "0", **more}


class Window:
    """`window.settle("h1", bill)`: the small world with members of the inpatient plan and two hospitals, h1 and h2."""

    def __init__(self, api: Api, members: int = 6) -> None:
        self.api, self.now = api, api.clock.now()
        self.people = [synthetic_person(700 + n, region=REGIONS["xinjiang"], born=date(1980, 3, 1 + n)) for n in range(members)]
        with api.db.unit_of_work(ROOT.scope) as session:
            enrol_members(session, api.world, "xj", PLAN, self.people, EFFECTIVE, self.now)
        self.hospitals = {name: self.add(name) for name in ("h1", "h2")}

    def add(self, name: str, office: str = "xj") -> dict[str, str]:
        made = self.api.post("admin", "/window/hospitals", {
            "code": f"H650100{name.upper()}", "name": f"示例医院{name}", "org_id": str(self.api.world.org(f"cn.{office}.")), "plan": PLAN,
            "login": f"{office}.{name}"})
        assert made.status_code == 201, made.text
        until = (self.now + timedelta(days=300)).isoformat()
        token = self.api.post("admin", f"/accounts/{made.json()['account_id']}/tokens", {"expires_at": until, "roles": []})
        self.api.world.tokens[f"{office}.{name}"] = token.json()["token"]
        return dict(made.json())

    def settle(self, hospital: str, content: dict[str, object]) -> httpx.Response:
        return self.api.post(f"xj.{hospital}", "/window/settlements", content)

    def share(self, hospital: str, content: dict[str, object]) -> str:
        answer = self.settle(hospital, content)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["share"])

    def correct(self, hospital: str, content: dict[str, object], number: int = 1) -> httpx.Response:
        return self.api.post(f"xj.{hospital}", f"/window/settlements/{content['setl_id']}/corrections",
                             {**content, "correction_no": number, "reason": "重新结算"})

    def reverse(self, hospital: str, setl_id: str) -> httpx.Response:
        return self.api.post(f"xj.{hospital}", f"/window/settlements/{setl_id}/reversal", {"reason": "退费重结"})

    def standing(self, hospital: str, setl_id: str) -> str:
        return str(self.api.get(f"xj.{hospital}", f"/window/settlements/{setl_id}").json()["share"])

    def books(self) -> list[list[list[Any]]]:
        """What the house holds in the end: every bill that stands, by number, and the plan's accounts; not when or how often it was
        told. [hospital, number, fen, benefits, amounts, reason] each; [account, fen] each."""
        with self.api.db.view(ROOT.scope) as session:
            bills = session.execute(sa.text("""
                SELECT h.code, b.setl_id, b.share_fen, b.benefits, b.amounts, b.reason,
                    (SELECT sum(v.change_fen)::bigint FROM window_version v WHERE v.bill_id = b.id) AS changes
                FROM window_bill b JOIN hospital h ON h.id = b.hospital_id WHERE b.state = 'standing' ORDER BY 1, 2""")).all()
            accounts = session.execute(sa.text("""
                SELECT e.account, sum(e.amount_fen)::bigint FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
                WHERE t.plan = :plan AND t.kind IN ('decided', 'lapsed', 'credited') GROUP BY 1 HAVING sum(e.amount_fen) <> 0
                ORDER BY 1"""), {"plan": PLAN}).all()
        assert all(row.changes == row.share_fen for row in bills)
        text = json.dumps([[list(row) for row in rows] for rows in (bills, accounts)], default=str, ensure_ascii=False)
        return list(json.loads(text))

    def taken(self, person: Synthetic, benefit: str = "inpatient_large") -> int:
        """Fen that bills and claims took of a benefit on this person's covers of the plan."""
        with self.api.db.view(ROOT.scope) as session:
            return int(session.execute(sa.text("""
                SELECT coalesce((SELECT sum(t.fen) FROM window_bill b CROSS JOIN LATERAL unnest(b.benefits, b.amounts) AS t(benefit, fen)
                        WHERE b.cover_id = v.id AND b.state = 'standing' AND t.benefit = :benefit), 0)
                    + coalesce((SELECT sum(r.amount_fen) FROM reservation r WHERE r.cover_id = v.id AND r.benefit = :benefit
                        AND r.state <> 'released'), 0)
                FROM cover v JOIN person p ON p.id = v.person_id WHERE v.plan = :plan AND p.id_number_index = :index"""),
                {"plan": PLAN, "index": index_of(person.id_number), "benefit": benefit}).scalar_one())

    def proven(self) -> None:
        """The books are the bills."""
        with self.api.db.view(ROOT.scope) as session:
            wrong = [tuple(row) for proof in (proofs.FUNDS, proofs.CLAIMS) for row in session.execute(sa.text(proof))]
        assert wrong == [], wrong


@contextmanager
def served(api: Api) -> Iterator[str]:
    """The application on a free port of this machine while the block runs."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(api.app, log_level="warning", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()


def window_world(db: object, now: datetime, keys: Path, members: int = 6) -> Window:
    return Window(Api(db, now, keys), members)  # type: ignore[arg-type]
