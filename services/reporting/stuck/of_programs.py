"""Programs that are away, work that fails or that nobody owes any more, timetables that are silent."""

from __future__ import annotations

from services.lifecycle.topics import TIMETABLES
from services.outbox.service import LOCK_SPACE, is_free
from services.reporting.stuck.condition import AGAIN, Condition

FAILED = 5              # tries after which a fault is no passing one

# Real time on both sides: `not_before` is the database's own clock, as the worker's taking is.
_WAITS = f"{is_free('o')} AND o.created_at < :now - interval '{{minutes}} minutes'"
_ALIVE = f"EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.classid = {LOCK_SPACE})"

# Real time here too: the timetables' programs know no other. One that never ran counts from the installation.
_SILENT = f"""
    SELECT t.topic, (SELECT min(g.org_key) FROM organisation g), NULL::uuid, NULL::uuid, l.at,
           '上次运行 ' || to_char(l.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI')
    FROM (VALUES {", ".join(f"('{topic}', {hours})" for topic, (_, _, hours) in TIMETABLES.items())}) AS t(topic, hours)
    JOIN LATERAL (SELECT max(r.at) AS at FROM timetable_run r WHERE r.topic IN (t.topic, 'installed')) l ON true
    WHERE l.at < clock_timestamp() - make_interval(hours => t.hours)"""

# Whoever others wait for and who waits for nobody. A session of another role shows its name and program, not what it does. Real time.
_HELD = """
    SELECT b.pid::text, (SELECT min(g.org_key) FROM organisation g), NULL::uuid, NULL::uuid, min(a.query_start),
           coalesce(max(h.usename) || '（' || nullif(max(h.application_name), '') || '）', max(h.usename), '会话') || ' 占着锁，'
           || count(DISTINCT a.pid) || ' 个会话在等'
    FROM pg_stat_activity a CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS b(pid) LEFT JOIN pg_stat_activity h ON h.pid = b.pid
    WHERE a.datname = current_database() AND a.wait_event_type = 'Lock'
    AND a.query_start < clock_timestamp() - make_interval(secs => :held_seconds)
    AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = b.pid AND NOT l.granted) GROUP BY b.pid"""

CONDITIONS = (
    Condition("database_held", "数据库里有会话一直占着锁，保存都在等它",
              "按 infra/runbooks/nights.md 第 11 夜核对后结束会话 {subject}", _HELD),
    Condition("worker_away", "没有后台进程在运行，到期的工作无人办理", "huzhu worker", f"""
        SELECT '后台进程', min(o.org_key), NULL::uuid, NULL::uuid, min(o.created_at), '等待办理的工作 ' || count(*) || ' 项'
        FROM outbox o WHERE {_WAITS.format(minutes=5)} AND NOT {_ALIVE} HAVING count(*) > 0"""),
    Condition("work_waits", "后台进程在运行，但这类工作等了一刻钟以上", "huzhu worker", f"""
        SELECT o.topic, min(o.org_key), NULL::uuid, NULL::uuid, min(o.created_at), '等待办理 ' || count(*) || ' 项'
        FROM outbox o WHERE {_WAITS.format(minutes=15)} AND {_ALIVE} AND o.fault IS NULL GROUP BY o.topic"""),
    Condition("work_fails", f"后台工作失败 {FAILED} 次以上", AGAIN, f"""
        SELECT o.id::text, o.org_key, o.claim_id, NULL::uuid, o.created_at,
               o.topic || ' 已失败 ' || o.tries || ' 次：' || left(coalesce(o.fault, '工作到一半进程就终止了'), 200)
        FROM outbox o WHERE o.tries >= {FAILED}""", topic="outbox"),
    Condition("work_put_away", "后台工作被推迟到一天以后", AGAIN, """
        SELECT o.id::text, o.org_key, o.claim_id, NULL::uuid, o.created_at, o.topic || ' 推迟到 ' || o.not_before::text
        FROM outbox o WHERE o.not_before > clock_timestamp() + interval '1 day'""", topic="outbox"),
    Condition("timetable_silent", "定时工作没有按时运行", "huzhu stuck owe {subject}", _SILENT),
)
