"""The application over a wiring. Its routes are read once in a test process: they are the same over every database."""

from __future__ import annotations

import copy
import ssl
from functools import lru_cache
from typing import cast

from fastapi import FastAPI
from starlette.datastructures import State

from services.api.app import create_app
from services.web.pages import routers
from services.wiring import Wiring


def app_over(wiring: Wiring) -> FastAPI:
    """An application of its own with pages and interface: own state, own middleware; the routes are shared and not to be changed."""
    app = copy.copy(_first())
    app.state = State({"wiring": wiring})
    app.middleware_stack = None         # built at the first request, around this application
    return app


@lru_cache(maxsize=1)
def _first() -> FastAPI:
    return create_app(cast(Wiring, None), routers())        # answers nobody: every copy has a wiring of its own


@lru_cache(maxsize=1)
def plain_tls() -> ssl.SSLContext:
    """For clients that speak to this machine only: without the world's certificates, which take 20 ms to read."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
