"""Who may ask what of the interface, continued: settling many at once and at hospitals' windows. As `api_people.TABLE`."""

from __future__ import annotations

MORE = """
OSHKCA        R   /settlements
OSHKCA        R   /settlements/{settlement_id}
Z             W   /window/settlements
Z             R   /window/settlements/{setl_id}
Z             W   /window/settlements/{setl_id}/corrections
Z             W   /window/settlements/{setl_id}/reversal
Z             RW  /window/lists
X             W   /window/hospitals
OSHKCA        R   /window/days
OSHKCA        R   /window/days/{day_id}
K             W   /window/days/{day_id}/payment
C             W   /window/days/{day_id}/payment/confirm
C             W   /window/days/{day_id}/payment/send-back
SHAX          R   /releases/{release_id}/replay
"""
