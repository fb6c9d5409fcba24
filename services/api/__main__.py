"""One web process: `python -m services.api --host H --port P`.

The pages are another door. They are named here, not imported: doors know nothing of each other, and a machine that
serves the API only leaves them out with `--api-only`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys

import psycopg
import uvicorn
from fastapi import APIRouter, FastAPI

from services.api.app import create_app
from services.core import logs, scratch, telemetry
from services.core.away import DatabaseAway
from services.core.errors import HuzhuError
from services.core.settings import Settings, settings
from services.wiring import build

PAGES = "services.web.pages"


def pages() -> list[APIRouter]:
    """The routers of the page door."""
    found: list[APIRouter] = importlib.import_module(PAGES).routers()
    return found


def main() -> int:
    """Serve until stopped; refuses to start when the wiring is incomplete."""
    parser = argparse.ArgumentParser(prog="python -m services.api", description="接口与网页")
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--api-only", action="store_true", help="不带网页")
    given = parser.parse_args()
    try:
        config = settings()
        scratch.own()
        logs.start("web")
        telemetry.export_traces("web", config.otlp_url)
        app = create_app(build(config), [] if given.api_only else pages())
    except HuzhuError as error:
        sys.stderr.write(f"错误：{error.message}。{error.remedy}\n")
        return error.exit_code
    except psycopg.OperationalError as error:
        sys.stderr.write(f"错误：{DatabaseAway().message}（{type(error).__name__}）。请核对数据库是否运行、HUZHU_DATABASE_URL 是否正确\n")
        return os.EX_TEMPFAIL
    uvicorn.Server(served(app, config, host=given.host, port=given.port)).run()
    return 0


def served(app: FastAPI, config: Settings, *, host: str = "", port: int = 0) -> uvicorn.Config:
    """How the application is served: no line for each request, no name of the server, and who asks as the trusted proxies say.

    Without a trusted proxy the address of the connection counts, whatever a header says.
    """
    return uvicorn.Config(app, host=host or config.web_host, port=port or config.web_port, log_level="warning", log_config=None,
                          access_log=False, server_header=False, proxy_headers=bool(config.trusted_proxies),
                          forwarded_allow_ips=config.trusted_proxies)


if __name__ == "__main__":
    sys.exit(main())
