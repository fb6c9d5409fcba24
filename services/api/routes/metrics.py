"""The numbers that Prometheus collects: this process's own, and what stands open in the caller's organisation."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from services.api.calls import Reading
from services.core.telemetry import REGISTRY
from services.reporting.gauges import Gauge, gauges

router = APIRouter(tags=["系统"])


class _Standing:
    """The gauges of one scrape, as prometheus_client asks for them."""

    def __init__(self, found: list[Gauge]) -> None:
        self.found = found

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge in self.found:
            family = GaugeMetricFamily(gauge.name, gauge.words, labels=gauge.labels)
            for labels, value in gauge.samples:
                family.add_metric(labels, value)
            yield family


@router.get("/metrics", response_class=Response, summary="运行指标（Prometheus 文本格式）",
            responses={200: {"content": {"text/plain": {}}, "description": "只有计数和用时，没有个人信息"}})
def metrics(call: Reading) -> Response:
    """Counts of clocks, owed work and payment runs, and this process's answers; never a person or a claim."""
    found = call.read(lambda session: gauges(session, org_key=call.actor.org_key, now=call.now, today=call.today))
    standing = CollectorRegistry()
    standing.register(_Standing(found))
    return Response(generate_latest(standing) + generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
