"""`alembic check` against a database of its own: the tables in the code are the tables that migrations make."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from services.core import embedded, schema


def main() -> int:
    """Migrate an empty database and compare."""
    with tempfile.TemporaryDirectory(prefix="hz") as directory:
        url = embedded.start(Path(directory) / "pg")
        _, owner = embedded.prepare(url, "lint")
        schema.upgrade(owner)
        schema.check(owner)
    return 0


if __name__ == "__main__":
    sys.exit(main())
