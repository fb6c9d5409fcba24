"""Work that stands still, as it was last found, and when each timetable's work last succeeded.

Two tables of their own; nothing of the old ones is touched.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0062"
down_revision = "0060"

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """The tables."""
    op.create_table(
        "stuck_work", sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False), sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("claim_id", sa.Uuid()), sa.Column("said", sa.Text(), nullable=False), sa.Column("since", _AT, nullable=False),
        sa.Column("found_at", _AT, nullable=False), sa.Column("seen_at", _AT, nullable=False), sa.Column("gone_at", _AT),
        sa.Column("put_off_until", sa.Date()), sa.Column("put_off_why", sa.Text()), sa.Column("put_off_by", sa.Uuid()),
        sa.UniqueConstraint("condition", "subject", name="stuck_work_once"))
    op.create_index("stuck_work_standing", "stuck_work", ["org_key", "since"], postgresql_where=sa.text("gone_at IS NULL"))
    scope(["stuck_work"])
    op.create_table("timetable_run", sa.Column("topic", sa.Text(), primary_key=True), sa.Column("at", _AT, nullable=False))
    op.execute("GRANT SELECT, INSERT, UPDATE ON timetable_run TO huzhu_app;"
               " INSERT INTO timetable_run VALUES ('installed', clock_timestamp())")


def downgrade() -> None:
    """As before."""
    op.drop_table("timetable_run")
    op.drop_table("stuck_work")
