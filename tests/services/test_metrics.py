"""What Prometheus is told equals what stands open; what the alerts and the Grafana board ask for is told; spans reach a collector."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from services.core import telemetry
from services.core.db import Database
from services.reporting.gauges import gauges
from tests.services.api_world import Api
from tests.support.world import ROOT

MONITORING = Path(__file__).resolve().parents[2] / "infra" / "monitoring"
NAME = re.compile(r"\bhuzhu_\w+")
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def scraped(api: Api, login: str = "admin") -> Samples:
    answer = api.get(login, "/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
    return {(sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text) for sample in family.samples}


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0.0)


def test_standing_of_clocks_by_hand(api: Api, now: datetime) -> None:
    """20 March 2026 is a Friday: the third working day after it is Wednesday the 25th."""
    api.report()
    days = {"late": "2026-03-19", "today": "2026-03-20", "soon": "2026-03-25", "later": "2026-03-26"}
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("DELETE FROM sla_clock WHERE kind <> 'verification'"))
        clock = session.execute(sa.text("SELECT id FROM sla_clock")).scalar_one()
        session.execute(sa.text("UPDATE sla_clock SET provisional = true"))
    for standing, due in days.items():
        with api.db.unit_of_work(ROOT.scope) as session:
            session.execute(sa.text("UPDATE sla_clock SET due_on = :due WHERE id = :id"), {"due": due, "id": clock})
        samples = scraped(api)
        told = {labels: n for (name, labels), n in samples.items() if name == "huzhu_clocks_open"}
        assert told == {frozenset({("kind", "verification"), ("standing", standing)}): 1.0}
        assert value(samples, "huzhu_clocks_provisional") == 1
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE sla_clock SET state = 'paused'"))
    assert value(scraped(api), "huzhu_clocks_open", kind="verification", standing="paused") == 1
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE sla_clock SET state = 'running', kind = 'objection'"))
    assert not [name for name, _ in scraped(api) if name == "huzhu_clocks_open"], "a window is nobody's promise"


def test_owed_work_its_age_and_calendars(api: Api, now: datetime) -> None:
    api.report()
    api.clock.advance(timedelta(minutes=20))
    samples = scraped(api)
    assert value(samples, "huzhu_outbox_rows", topic="claim.create") == 1
    assert value(samples, "huzhu_outbox_oldest_seconds", topic="claim.create") == 1200
    assert value(samples, "huzhu_outbox_failing", topic="claim.create") == 0
    assert not [name for name, _ in samples if name == "huzhu_calendar_missing"], "in March nobody waits for the next year"
    with api.db.view(ROOT.scope) as session:
        october = {one.name: one.samples for one in gauges(session, org_key="cn.", now=now, today=date(2026, 10, 8))}
    assert october["huzhu_calendar_missing"] == ((("2027",), 1),)


def test_another_office_is_told_nothing_of_it(api: Api) -> None:
    api.report()
    assert value(scraped(api), "huzhu_outbox_rows", topic="claim.create") == 1
    told = scraped(api, "nx.auditor")
    assert not [name for name, _ in told if name in ("huzhu_outbox_rows", "huzhu_clocks_open")]


def test_answers_are_counted_by_pattern_and_hold_no_number(api: Api) -> None:
    claim_no = api.report()
    before = value(scraped(api), "huzhu_request_seconds_count", method="GET", route="/api/v1/claims/{claim_no}", status="200")
    assert api.get("xj.head", f"/claims/{claim_no}").status_code == 200
    answer = api.get("admin", "/metrics")
    after = value(scraped(api), "huzhu_request_seconds_count", method="GET", route="/api/v1/claims/{claim_no}", status="200")
    assert after == before + 1
    assert claim_no not in answer.text and api.world.member(0, "xj").synthetic.name not in answer.text


def test_a_flow_that_fails_is_no_success() -> None:
    with telemetry.flow("sweep_test", topic="timetable.test", size=1):
        pass
    done = telemetry.REGISTRY.get_sample_value("huzhu_flow_last_success_timestamp_seconds", {"flow": "sweep_test"})
    with pytest.raises(ValueError, match="broken"), telemetry.flow("sweep_test", topic="timetable.test", size=1):
        raise ValueError("broken")
    assert telemetry.REGISTRY.get_sample_value("huzhu_flow_last_success_timestamp_seconds", {"flow": "sweep_test"}) == done
    assert telemetry.REGISTRY.get_sample_value("huzhu_flow_seconds_count", {"flow": "sweep_test"}) == 2


def test_alerts_and_board_ask_only_for_what_is_told(api: Api) -> None:
    """A renamed metric would leave an alarm silent for ever."""
    answer = api.get("admin", "/metrics").text
    families = [family for family in text_string_to_metric_families(answer) if family.name.startswith("huzhu_")]
    ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
    told = {f"{family.name}{end}" for family in families for end in ends.get(family.type, ("",))}
    rules = [rule for group in yaml.safe_load((MONITORING / "alerts.yml").read_text("utf-8"))["groups"] for rule in group["rules"]]
    board = json.loads((MONITORING / "grafana-board.json").read_text("utf-8"))
    asked = [rule["expr"] for rule in rules] + [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len(rules) >= 10 and len(board["panels"]) >= 10
    assert {name for text in asked for name in NAME.findall(text)} - told == set()
    assert all(rule["annotations"]["summary"] and rule["annotations"]["remedy"] for rule in rules)


_TRACED = """
from opentelemetry import trace
from services.core import telemetry
telemetry.export_traces("test", "{url}")
try:
    with telemetry.flow("pay", topic="payment_run.release", size=7):
        raise ValueError("六二二二 a number that is nobody's business")
except ValueError:
    pass
trace.get_tracer_provider().shutdown()
"""


@contextmanager
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """An OpenTelemetry collector as far as it takes traces over HTTP."""
    taken: list[ExportTraceServiceRequest] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            taken.append(ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_spans_reach_a_collector_without_the_words_of_a_failure() -> None:
    with collector() as (url, taken):
        subprocess.run([sys.executable, "-c", _TRACED.format(url=url)], check=True, timeout=60)
    [request] = taken
    [resource] = request.resource_spans
    assert ("service.name", "huzhu-test") in [(one.key, one.value.string_value) for one in resource.resource.attributes]
    [span] = resource.scope_spans[0].spans
    assert span.name == "flow pay" and span.status.message == "ValueError"
    assert {one.key for one in span.attributes} == {"huzhu.topic", "huzhu.batch"}
    assert "六二二二" not in str(request) and not span.events
