"""Commands that ask of the plans ask this house too, where there is one: a rule-book released here counts as those of the program do."""

from __future__ import annotations

from services.core.db import Scope, database
from services.core.settings import settings
from services.releases import books


def plans_known() -> None:
    """Read which rule-books are released. Where no house was set up on this machine, the program's own are all there are."""
    config = settings()
    if config.database_url or (config.data_dir / "postgres" / "PG_VERSION").is_file():
        books.ask(database(), Scope(config.root_org))
