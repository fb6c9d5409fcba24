"""A simulated house of any size: how long it takes to fill, to check promise by promise, and to verify its record.

`HUZHU_DATA_DIR=… python -m infra.bench.million [CLAIMS]` fills a new house (default a million claims, three members for four
claims, a unit for some fifty) and keeps it; without CLAIMS to fill (0) it measures the house that is there.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import date

import psycopg

from services.audit.verify import verify_all
from services.cli.setup import prepare
from services.core.clock import at_hour
from services.core.db import Scope, database, urls
from services.core.settings import settings
from services.reporting import checks
from services.simulate.years.service import analyze, simulate
from services.simulate.years.size import Size

UNTIL = date(2026, 11, 21)
_CLAIMS_A_UNIT = 53


def main(claims: int) -> int:
    """Print a line a phase; 1 when a promise is broken or the record was touched."""
    prepare(settings())
    if claims:
        _fill(claims)
    _sizes()
    breaches = _check()
    began = time.monotonic()
    findings = verify_all(database(), Scope(settings().root_org))
    _say("audit verify", began, f"{len(findings)} findings")
    return bool(breaches or findings)


def _fill(claims: int) -> None:
    size = Size(claims * 3 // 4, claims, max(3, claims // _CLAIMS_A_UNIT), 1, at_hour(UNTIL, 18))
    began = time.monotonic()
    made = simulate(database(), size, root=settings().root_org)
    _say("simulate", began, f"{sum(made.rows.values()):,} rows; {os.times().children_user:.0f} CPU seconds of its processes")
    began = time.monotonic()
    analyze(urls(settings())[1])
    _say("statistics", began)


def _sizes() -> None:
    with psycopg.connect(urls(settings())[1]) as connection:
        rows = connection.execute("""
            SELECT relname, reltuples::bigint, pg_total_relation_size(oid) / 1048576 FROM pg_class
            WHERE relkind = 'r' AND relname IN ('claim', 'cover', 'person', 'audit_record', 'sla_clock', 'notice', 'payment')
            ORDER BY 1""").fetchall()
    for name, count, megabytes in rows:
        print(f"  {name:<14} {count:>12,} rows {megabytes:>8,} MB")


def _check() -> list[checks.Breach]:
    """Each promise by itself: `tell` hears of one before it is asked."""
    asked: list[tuple[str, float]] = []
    with database().view(Scope(settings().root_org)) as session:
        breaches = checks.run(session, tell=lambda check: asked.append((check.code, time.monotonic())))
    ends = [*(at for _, at in asked[1:]), time.monotonic()]
    for (code, at), end in zip(asked, ends, strict=True):
        print(f"  {code:<22} {end - at:8.1f} s")
    _say("check", asked[0][1], f"{len(breaches)} breaches")
    return breaches


def _say(what: str, began: float, more: str = "") -> None:
    load = os.getloadavg()[0]
    print(f"{what:<24} {time.monotonic() - began:8.1f} s   load {load:.1f}   {more}", flush=True)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
