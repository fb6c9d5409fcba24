"""Copies of the house that are too old, or were never made. Real time on both sides: they are made by programs that know no other."""

from __future__ import annotations

from services.reporting.stuck.condition import Condition

_ROOT = "(SELECT min(g.org_key) FROM organisation g), NULL::uuid, NULL::uuid"
_WHEN = "to_char({} AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI')"


def _late(kind: str, after: str, words: str) -> str:
    return (f"SELECT '{words}', {_ROOT}, b.reaches, '只到 ' || {_WHEN.format('b.reaches')} FROM backup_state b"
            f" WHERE b.kind = '{kind}' AND b.reaches < clock_timestamp() - interval '{after}'")


# `huzhu up` and systemd keep a stream running: mostly it runs and cannot write.
_STREAM = "核对备份处能否写入、huzhu backup stream 是否在运行（infra/runbooks/nights.md 第 12 夜）"

CONDITIONS = (
    Condition("backup_never", "从来没有备份过", "huzhu backup take", f"""
        SELECT '备份', {_ROOT}, r.at, '系统装好三天以上，还没有一份备份' FROM timetable_run r
        WHERE r.topic = 'installed' AND r.at < clock_timestamp() - interval '3 days' AND NOT EXISTS (SELECT FROM backup_state)"""),
    Condition("backup_log_late", "持续备份停了：此后的记录没有备份", _STREAM, _late("rows", "10 minutes", "日志")),
    Condition("backup_papers_late", "材料没有跟着备份", _STREAM, _late("papers", "6 hours", "材料")),
    Condition("backup_base_late", "每夜的全量备份没有做", "huzhu backup take", _late("base", "30 hours", "全量备份")),
    Condition("backup_unproved", "备份一个多月没有核验过", "huzhu backup verify", f"""
        SELECT '核验', {_ROOT}, b.reaches, '上次核验 ' || coalesce({_WHEN.format('v.reaches')}, '从未')
        FROM backup_state b LEFT JOIN backup_state v ON v.kind = 'verify'
        WHERE b.kind = 'base' AND coalesce(v.reaches, (SELECT min(r.at) FROM timetable_run r WHERE r.topic = 'installed'))
              < clock_timestamp() - interval '35 days'"""),
)
