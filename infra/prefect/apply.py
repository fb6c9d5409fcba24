"""Pools and deployments of prefect.yaml, laid down in a Prefect server: `python -m infra.prefect.apply [URL]`; again, it renews them.

Prefect 3.8.8's own `prefect deploy` ends with 422 at any pool (its client sends `limit: null`, which its server refuses), so the
server's interface is spoken to as it is documented, through its own client: that one asks again when a busy server says 503.
"""

from __future__ import annotations

import json
import os
import sys

import httpx
import yaml
from prefect.client.base import PrefectHttpxSyncClient
from prefect.utilities.callables import parameter_schema

from flows.help_out import help_out
from infra.prefect.pools import HERE, KINDS


def apply(api: str) -> list[str]:
    """Everything; the deployments' names. httpx.HTTPStatusError with the server's words when it refuses."""
    with PrefectHttpxSyncClient(base_url=f"{api.rstrip('/')}/", timeout=60, raise_on_all_errors=False) as client:
        for kind in KINDS:
            template = json.loads((HERE / "pools" / f"{kind}.json").read_text())
            made = client.post("work_pools/", json={"name": f"huzhu-{kind}", "type": kind, "base_job_template": template})
            if made.status_code == httpx.codes.CONFLICT:
                made = client.patch(f"work_pools/huzhu-{kind}", json={"base_job_template": template})
            made.raise_for_status()
        flow = client.post("flows/", json={"name": help_out.name}).raise_for_status().json()["id"]
        told = yaml.safe_load((HERE / "prefect.yaml").read_text())
        return [_deploy(client, flow, one, told["pull"]) for one in told["deployments"]]


def _deploy(client: httpx.Client, flow: str, one: dict[str, object], pull: list[object]) -> str:
    pool = one["work_pool"]
    assert isinstance(pool, dict)
    limit = one["concurrency_limit"]
    assert isinstance(limit, dict)
    body = {"name": one["name"], "flow_id": flow, "entrypoint": one["entrypoint"], "description": one["description"], "tags": one["tags"],
            "parameters": one["parameters"], "parameter_openapi_schema": parameter_schema(help_out).model_dump(),
            "work_pool_name": pool["name"], "job_variables": pool["job_variables"], "pull_steps": pull,
            "concurrency_limit": limit["limit"], "concurrency_options": {"collision_strategy": limit["collision_strategy"]}}
    client.post("deployments/", json=body).raise_for_status()
    return str(one["name"])


if __name__ == "__main__":
    print("\n".join(apply(sys.argv[1] if len(sys.argv) > 1 else os.environ["PREFECT_API_URL"])))
