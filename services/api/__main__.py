"""One web process: `python -m services.api --host H --port P`.

The pages are another door. They are named here, not imported: doors know nothing of each other, and a machine that
serves the API only leaves them out with `--api-only`.
"""

from __future__ import annotations

import argparse
import importlib
import sys

import uvicorn
from fastapi import APIRouter

from services.api.app import create_app
from services.core import logs, telemetry
from services.core.errors import HuzhuError
from services.core.settings import settings
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
        logs.start("web")
        telemetry.export_traces("web", config.otlp_url)
        app = create_app(build(config), [] if given.api_only else pages())
    except HuzhuError as error:
        sys.stderr.write(f"错误：{error.message}。{error.remedy}\n")
        return error.exit_code
    uvicorn.run(app, host=given.host or config.web_host, port=given.port or config.web_port, log_level="warning", log_config=None,
                access_log=False, server_header=False, proxy_headers=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
