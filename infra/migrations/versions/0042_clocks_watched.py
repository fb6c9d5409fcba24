"""A clock pins how it is watched and knows the day of its next step; what happened is kept, with who was told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from infra.migrations.security import scope

revision = "0042"
down_revision = "0041"

# Clocks that run keep what they were watched by until now: seven tenths, then the day after. Whose they are is new.
_OWNERS = {
    "first_notice": ("office_reviewer", "office"), "verification": ("unit_clerk", "unit"), "level": ("", ""),
    "supplement": ("unit_clerk", "unit"), "pay": ("office_reviewer", "office"), "refusal_letter": ("office_reviewer", "office"),
    "assessment": ("senior_reviewer", "office"), "insurer_pay": ("senior_reviewer", "office"),
    "agreement": ("senior_reviewer", "office"), "advance": ("senior_reviewer", "office")}
_KEEP = """
    INSERT INTO clock_policy (id, body) SELECT 'before:' || o.kind, jsonb_build_object(
        'kind', o.kind, 'basis', 'ours', 'watched', true, 'warn', '[0.7]'::jsonb, 'ladder', '[]'::jsonb, 'cutoff', '24:00', 'days', null,
        'by_step', o.role = '', 'owner', CASE WHEN o.role <> '' THEN jsonb_build_object('role', o.role, 'at', o.place) END,
        'steps', jsonb_build_array(jsonb_build_array('warned', 1, o.role, o.place), jsonb_build_array('breached', 1, o.role, o.place)))
    FROM unnest(CAST(:kinds AS text[]), CAST(:roles AS text[]), CAST(:places AS text[])) AS o(kind, role, place)"""
_FILL = """
    UPDATE sla_clock k SET policy = w.policy, owner_role = w.role, watch_days = w.days, step = w.step, watch_on = w.days[w.step + 1]
    FROM (SELECT o.id, p.id AS policy, coalesce(p.body #>> '{owner,role}', '') AS role,
              ARRAY[o.start_on + ceil((o.due_on - o.start_on) * 0.7)::int, o.due_on + 1] AS days,
              CASE WHEN o.breached_at IS NOT NULL THEN 2 WHEN o.warned_at IS NOT NULL THEN 1 ELSE 0 END AS step
          FROM sla_clock o JOIN clock_policy p ON p.id = 'before:' || o.kind WHERE o.state <> 'stopped') w
    WHERE w.id = k.id"""
_KINDS = "kind IN ('separation_rule', 'calendar', 'rule_book', 'wording'{more})"


def upgrade() -> None:
    """Columns on clocks, filled for those that run; two tables; one more kind of release."""
    op.create_table("clock_policy", sa.Column("id", sa.Text(), primary_key=True),
                    sa.Column("body", postgresql.JSONB(), nullable=False))
    op.execute("GRANT SELECT, INSERT ON clock_policy TO huzhu_app")
    op.create_table(
        "sla_alert", sa.Column("clock_id", sa.Uuid(), primary_key=True), sa.Column("lap", sa.Integer(), primary_key=True),
        sa.Column("step", sa.Integer(), primary_key=True), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False), sa.Column("what", sa.Text(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False), sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=False), sa.Column("role", sa.Text(), nullable=False),
        sa.Column("duty_key", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("what IN ('warned', 'breached', 'escalated')", name="what_word"))
    op.create_index("sla_alert_told", "sla_alert", ["duty_key", "role", "fired_at"])
    scope(["sla_alert"])
    op.execute("ALTER TABLE sla_clock NO FORCE ROW LEVEL SECURITY")     # no setting of this connection satisfies it
    op.add_column("sla_clock", sa.Column("watch_on", sa.Date(), nullable=True))
    for name, kind, value in (("step", sa.Integer(), "0"), ("watch_days", postgresql.ARRAY(sa.Date()), "{}"), ("policy", sa.Text(), ""),
                              ("owner_role", sa.Text(), ""), ("lap", sa.Integer(), "1")):
        op.add_column("sla_clock", sa.Column(name, kind, nullable=False, server_default=value))
    kinds = list(_OWNERS)
    op.get_bind().execute(sa.text(_KEEP), {"kinds": kinds, "roles": [_OWNERS[kind][0] for kind in kinds],
                                           "places": [_OWNERS[kind][1] for kind in kinds]})
    op.execute(_FILL)
    op.execute("ALTER TABLE sla_clock FORCE ROW LEVEL SECURITY")
    op.create_index("clock_watch", "sla_clock", ["watch_on"], postgresql_where=sa.text("state = 'running' AND watch_on IS NOT NULL"))
    _release_kinds(", 'clock_policy'")


def downgrade() -> None:
    """Without them; changes of policies go with their kind."""
    op.execute("DELETE FROM release WHERE kind = 'clock_policy'")
    _release_kinds("")
    op.drop_index("clock_watch", "sla_clock")
    for name in ("lap", "owner_role", "policy", "watch_days", "step", "watch_on"):
        op.drop_column("sla_clock", name)
    op.drop_table("sla_alert")
    op.drop_table("clock_policy")


def _release_kinds(more: str) -> None:
    op.execute("ALTER TABLE release DROP CONSTRAINT kind_word")
    op.create_check_constraint("kind_word", "release", _KINDS.format(more=more))
