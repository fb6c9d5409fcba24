"""A payment's ordinary move writes no index: what its unique index looks at stays as it is, and a page has room for the new version.

Locks: adding the column writes `payment` anew, under ACCESS EXCLUSIVE: payments wait meanwhile (a million: some seconds), claims
do not. The new index is made before the old one goes, so no moment is without it. The view's text is exchanged under a short
ACCESS EXCLUSIVE of the view alone. The program before this one runs on with all of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"

_KEY = ["claim_id", "round", "payee_id", "purpose"]
# Most claims have no amount by hand and no grade of one's own: told by a key, without unfolding what is not there.
_WITHOUT = "'{{}}'::jsonb)) m(key, value)"
_UNFOLDED = "LATERAL jsonb_each(COALESCE((c.inputs -> '{0}'::text), " + _WITHOUT
_ASKED = _UNFOLDED + "\n  WHERE (c.inputs ? '{0}'::text)"


def upgrade() -> None:
    """A column, the index over it, room on the pages; the view of deciding acts says the same for less."""
    op.execute("ALTER TABLE payment SET (fillfactor = 45)")
    op.add_column("payment", sa.Column("live", sa.Boolean(), sa.Computed("state <> 'cancelled'", persisted=True), nullable=False))
    op.create_index("payment_once_live", "payment", _KEY, unique=True, postgresql_where=sa.text("live"))
    op.drop_index("payment_once", "payment")
    op.execute("ALTER INDEX payment_once_live RENAME TO payment_once")
    _exchange(_UNFOLDED, _ASKED)


def downgrade() -> None:
    """As before."""
    _exchange(_ASKED, _UNFOLDED)
    op.drop_index("payment_once", "payment")
    op.create_index("payment_once", "payment", _KEY, unique=True, postgresql_where=sa.text("state <> 'cancelled'"))
    op.drop_column("payment", "live")
    op.execute("ALTER TABLE payment RESET (fillfactor)")


def _exchange(before: str, after: str) -> None:
    text = op.get_bind().execute(sa.text("SELECT pg_get_viewdef('deciding_act'::regclass)")).scalar_one()
    for word in ("manual", "regraded"):
        if text.count(before.format(word)) != 1:
            raise RuntimeError(f"deciding_act does not unfold {word!r} as it did")
        text = text.replace(before.format(word), after.format(word))
    op.execute(f"CREATE OR REPLACE VIEW deciding_act WITH (security_invoker = true) AS {text}")
