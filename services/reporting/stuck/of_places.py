"""Disks that are nearly full, folders where nothing can be written, a store that does not answer: before an upload finds out.

What the disks say is asked by this process (`storage.space`) and comes to the statements as `:places`.
"""

from __future__ import annotations

from services.reporting.stuck.condition import Condition

_ASKED = """jsonb_to_recordset(CAST(:places AS jsonb))
    AS p(n int, name text, words text, path text, disk text, free_mb bigint, fault text, used_up boolean, bucket boolean)"""


def _standing(code: str, found: str) -> str:
    """Rows (subject, said) of now, with the time since when the list has had them: a disk does not say since when it is full."""
    return f"""SELECT f.subject, (SELECT min(g.org_key) FROM organisation g), NULL::uuid, NULL::uuid,
        coalesce((SELECT w.since FROM stuck_work w WHERE w.condition = '{code}' AND w.subject = f.subject AND w.gone_at IS NULL), :now),
        f.said FROM ({found}) AS f(subject, said)"""


_LOW = f"""
    SELECT (array_agg(p.name ORDER BY p.n))[1],
           string_agg(p.words, '、' ORDER BY p.n) || '所在的磁盘（' || (array_agg(p.path ORDER BY p.n))[1]
           || CASE WHEN bool_or(p.used_up) THEN '）已满' ELSE '）只剩 ' || min(p.free_mb) || ' MB，低于 ' || :space_low_mb || ' MB' END
    FROM {_ASKED} WHERE p.used_up OR p.fault = ''
    GROUP BY p.disk HAVING bool_or(p.used_up) OR min(p.free_mb) < CAST(:space_low_mb AS bigint)"""
_UNWRITABLE = f"""
    SELECT (array_agg(p.name ORDER BY p.n))[1], string_agg(p.words, '、' ORDER BY p.n) || '的文件夹（' || p.path || '）' || min(p.fault)
    FROM {_ASKED} WHERE p.fault <> '' AND NOT p.used_up AND NOT p.bucket GROUP BY p.path"""
_AWAY = f"SELECT p.name, '存储桶（' || p.path || '）' || p.fault FROM {_ASKED} WHERE p.fault <> '' AND p.bucket"

CONDITIONS = (
    Condition("store_space_low", "磁盘将满：材料、银行文件快要写不进去",
              "df -h 核对，按 infra/runbooks/nights.md 第 5 夜清出空间或换大的磁盘；材料和数据库的日志不可删除",
              _standing("store_space_low", _LOW)),
    Condition("place_unwritable", "文件夹写不进去：收不了材料，生成不了文件",
              "核对 {subject} 所指的文件夹：磁盘是否挂载、是否只读、是否属于运行系统的用户（infra/runbooks/nights.md 第 5 夜）",
              _standing("place_unwritable", _UNWRITABLE)),
    Condition("store_unreachable", "存放材料的存储桶不应答：收不了材料",
              "核对存储服务是否在运行，再核对 HUZHU_STORE、HUZHU_STORE_ENDPOINT 和密钥（infra/runbooks/nights.md 第 5 夜）",
              _standing("store_unreachable", _AWAY)),
)
