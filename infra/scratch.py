"""A server, a key ring and a migrated database of one's own, in a directory that is thrown away: for benches and pictures."""

from __future__ import annotations

import os
from pathlib import Path

from services.core import crypto, embedded, schema
from services.core import settings as settings_module


def fresh(directory: Path, name: str) -> tuple[str, str]:
    """URLs of the server's superuser and of the application's role on the database `name`; this process's settings follow."""
    os.environ.update({"HUZHU_MODE": "demo", "HUZHU_DATA_DIR": str(directory), "HUZHU_INSURER_URL": "http://127.0.0.1:9",
                       "HUZHU_INSURER_KEYS": str(directory / "keys" / "insurer")})
    settings_module.settings.cache_clear()
    crypto.make_ring(settings_module.settings().key_ring)
    crypto.key_ring.cache_clear()
    url = embedded.start(directory / "pg")
    app, owner = embedded.prepare(url, name)
    schema.upgrade(owner)
    return url, app
