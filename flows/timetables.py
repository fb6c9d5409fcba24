"""Timetables as Prefect deployments: each run only adds an outbox row, so that the worker does the work once."""

from __future__ import annotations

from prefect import flow, serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows.runtime import now, transaction
from services.core.settings import settings
from services.lifecycle.topics import TIMETABLES
from services.outbox import service as outbox
from services.outbox.service import Work

ZONE = "Asia/Shanghai"


@flow(name="timetable", flow_run_name="timetable {topic}")
async def owe(topic: str) -> None:
    """Owe one pass of a timetabled flow."""
    with transaction() as session:
        outbox.add(session, [Work(topic, f"{settings().root_org}.")], now=now())


def main() -> None:
    """Serve the timetables until stopped."""
    deployments = [owe.to_deployment(name, schedule=Cron(when, timezone=ZONE), parameters={"topic": topic})
                   for topic, (name, when, _) in TIMETABLES.items()]
    serve(*(deployment for deployment in deployments if isinstance(deployment, RunnerDeployment)))


if __name__ == "__main__":
    main()
