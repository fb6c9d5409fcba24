"""Base job templates of our three work pools, made of Prefect's own by what the house needs: `python -m infra.prefect.pools`.

Prefect carries the templates of its worker kinds with it, so nothing is fetched. Writes infra/prefect/pools/<kind>.json; a test holds
them equal to what this makes and asks Prefect whether they hold together.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import prefect.server.api.collections as collections

HERE = Path(__file__).resolve().parent
IMAGE = "huzhu:0.9.3"
KINDS = {"process": "prefect", "docker": "prefect-docker", "kubernetes": "prefect-kubernetes"}
_VENDORED = Path(collections.__file__).parent / "collections_data" / "views" / "aggregate-worker-metadata.json"
_STORE = {"HUZHU_STORE": "s3://huzhu-papers/papers", "HUZHU_STORE_ENDPOINT": "http://s3:8333", "HUZHU_STORE_REGION": "cn-north-1"}
Template = dict[str, Any]


def default(kind: str) -> Template:
    """Prefect's own template of a kind."""
    listed = json.loads(_VENDORED.read_text())
    found: Template = listed[KINDS[kind]][kind]["default_base_job_configuration"]
    return copy.deepcopy(found)


def template(kind: str) -> Template:
    """Ours."""
    made = default(kind)
    {"process": _process, "docker": _docker, "kubernetes": _kubernetes}[kind](made)
    return made


def _set(made: Template, **values: object) -> None:
    for name, value in values.items():
        made["variables"]["properties"][name]["default"] = value


def _process(made: Template) -> None:
    """On a machine with the systemd units: settings come from the pool worker's own environment."""
    _set(made, working_dir="/opt/huzhu", stream_output=True)


def _docker(made: Template) -> None:
    """Beside infra/docker/compose.yaml: its networks, its volume of keys, its secrets as files."""
    secrets = "/etc/huzhu/secrets"
    _set(made, image=IMAGE, image_pull_policy="IfNotPresent", networks=["huzhu_inside", "huzhu_outward"], auto_remove=True,
         stream_output=True, mem_limit="4g", privileged=False,
         volumes=["huzhu_house:/var/lib/huzhu", *(f"{secrets}/{name}:/run/secrets/{name}:ro" for name in ("app_pgpass", "store_keys"))],
         env={**_STORE, "HUZHU_STORE_KEYS": "/run/secrets/store_keys", "PREFECT_API_URL": "http://prefect:4200/api",
              "HUZHU_PREFECT_API_URL": "http://prefect:4200/api",
              "HUZHU_DATABASE_URL": "postgresql://huzhu_app@db/huzhu?passfile=/run/secrets/app_pgpass"})


def _kubernetes(made: Template) -> None:
    """In a namespace of its own. The Secret `huzhu` holds HUZHU_DATABASE_URL and HUZHU_INSURER_URL; the claim `huzhu-house` the keys.

    (libpq takes no password file that a group may read, and a Secret's files belong to a group: so the URL comes from the environment.)
    """
    _set(made, image=IMAGE, image_pull_policy="IfNotPresent", namespace="huzhu", service_account_name="huzhu-helper",
         finished_job_ttl=3600, stream_output=True, cpu_request="500m", cpu_limit="4", memory_request="1Gi", memory_limit="4Gi",
         env={**_STORE, "HUZHU_STORE_KEYS": "/run/secrets/huzhu/store_keys", "PREFECT_API_URL": "http://prefect:4200/api",
              "HUZHU_PREFECT_API_URL": "http://prefect:4200/api"})
    pod = made["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
    pod |= {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 300,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001,
                                "seccompProfile": {"type": "RuntimeDefault"}},
            "volumes": [{"name": "house", "persistentVolumeClaim": {"claimName": "huzhu-house"}},
                        {"name": "store", "secret": {"secretName": "huzhu-store", "defaultMode": 0o440}},
                        {"name": "tmp", "emptyDir": {"sizeLimit": "4Gi"}}]}
    pod["containers"][0] |= {
        "envFrom": [{"secretRef": {"name": "huzhu"}}],
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "house", "mountPath": "/var/lib/huzhu"}, {"name": "tmp", "mountPath": "/tmp"},
                         {"name": "store", "mountPath": "/run/secrets/huzhu", "readOnly": True}]}


def written(kind: str) -> str:
    """The file's text."""
    return json.dumps(template(kind), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    (HERE / "pools").mkdir(exist_ok=True)
    for one in KINDS:
        (HERE / "pools" / f"{one}.json").write_text(written(one))
