"""Who may read and send the pages on how the house runs: the second half of `page_people.TABLE`."""

from __future__ import annotations

RUNNING = """
M           R   /mine/settlements/{settlement_id}/{year}
OSHKCA      R   /settlements
OSHKCA      R   /settlements/{settlement_id}
OSHKCA      R   /settlements/{settlement_id}/unresolved
OSHKCA      R   /settlements/{settlement_id}/workbook
OSHKCA      R   /settlements/{settlement_id}/lines/{person_id}/{year}
OSHKCA      R   /window
OSHKCA      R   /window/workbook
OSHKCA      R   /window/{day_id}
K           W   /window/{day_id}/payment
C           W   /window/{day_id}/confirm
C           W   /window/{day_id}/send-back
KC          RW  /runs/{run_no}/telling
HX          R   /letter-wordings
HX          RW  /letter-wordings/{code}
HX          R   /letter-wordings/{code}/{letter}/{number}
HX          RW  /plans/compose
HX          RW  /plans/compose/{draft_id}
HX          W   /plans/compose/{draft_id}/{act}
HA          R   /calendar-changes
HA          R   /calendar-changes/list.xlsx
DOSHA       R   /monthly
DSH         W   /monthly
DOSHA       R   /monthly/{letter_id}/file
DOSHA       R   /monthly/{letter_id}/table
UDOSHA      R   /boards
UDOSHA      R   /boards/charts/{name}
UDOSHA      R   /boards/claims
UDOSHA      R   /boards/kept
DOSHA       R   /boards/reports
DSH         W   /boards/reports
DOSHA       R   /boards/reports/{letter_id}/file
UDOSHA      R   /boards/time
UDOSHA      R   /boards/waiting
UDOSHA      R   /boards/workbook
DOSHA       R   /map
DOSHA       R   /map/workbook
SHAX        R   /stuck
SHX         W   /stuck/look
SHX         W   /stuck/{stuck_id}/again
SHX         W   /stuck/{stuck_id}/back
SHX         W   /stuck/{stuck_id}/put-off
SHAX        RW  /plans/replay
SHAX        R   /plans/replay/chart
SHAX        R   /plans/replay/workbook
SHAX        R   /plans/replay/{release_id}
"""
