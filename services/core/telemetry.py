"""What a process tells of itself: counters and times for Prometheus, spans for an OpenTelemetry collector.

Labels and attributes are names of routes, topics, flows and kinds of clock, and counts: never a person, a claim number or an amount.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, StatusCode
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

REGISTRY = CollectorRegistry()
# Pages answer in tens of milliseconds, flows in tenths to minutes.
_PAGE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 10.0)
_FLOW_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0)

REQUESTS = Histogram("huzhu_request_seconds", "Time to answer a page or an API call", ("method", "route", "status"),
                     buckets=_PAGE_BUCKETS, registry=REGISTRY)
FLOWS = Histogram("huzhu_flow_seconds", "Time of one flow run over one batch", ("flow",), buckets=_FLOW_BUCKETS, registry=REGISTRY)
FLOW_DONE = Gauge("huzhu_flow_last_success_timestamp_seconds", "When the flow last ended well", ("flow",), registry=REGISTRY)
FAILED = Counter("huzhu_work_failed", "Owed work that failed and will be tried again", ("topic",), registry=REGISTRY)
FIRED = Counter("huzhu_clocks_fired", "Clocks that warned, were missed or went up the tree", ("what", "kind"), registry=REGISTRY)

_NO_ROUTE = "(none)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})       # others are strangers' inventions: no label each


def export_traces(program: str, url: str) -> None:
    """Send this process's spans to the collector at `url` (OTLP over HTTP, e.g. http://collector:4318); empty: to nobody."""
    if not url:
        return
    provider = TracerProvider(resource=Resource.create({"service.name": f"huzhu-{program}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{url.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(provider)


def serve_metrics(port: int) -> None:
    """Answer Prometheus for a process that has no web door, on this machine only; port 0: not at all."""
    if port:
        start_http_server(port, addr="127.0.0.1", registry=REGISTRY)


@contextmanager
def span(name: str, attributes: Mapping[str, str | int] | None = None) -> Iterator[Span]:
    """One span. A failure marks it with the error's class; its message may hold what is nobody's business and stays out."""
    with trace.get_tracer("huzhu").start_as_current_span(name, attributes=attributes, record_exception=False,
                                                         set_status_on_exception=False) as current:
        try:
            yield current
        except BaseException as error:
            current.set_status(StatusCode.ERROR, type(error).__name__)
            raise


@contextmanager
def flow(name: str, *, topic: str, size: int) -> Iterator[None]:
    """One flow run over a batch: its time, and when it last ended well."""
    began = time.perf_counter()
    with span(f"flow {name}", {"huzhu.topic": topic, "huzhu.batch": size}):
        try:
            yield
        finally:
            FLOWS.labels(name).observe(time.perf_counter() - began)
    FLOW_DONE.labels(name).set_to_current_time()


def answered(method: str, route: str | None, status: int, seconds: float) -> None:
    """Count one answer by its route's pattern, so that no number of a claim becomes a label."""
    REQUESTS.labels(method if method in _METHODS else "(other)", route or _NO_ROUTE, str(status)).observe(seconds)
