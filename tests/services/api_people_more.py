"""Who may ask what of the interface, continued: settling many at once and at hospitals' windows. As `api_people.TABLE`."""

from __future__ import annotations

MORE = """
K             W   /payments/{payment_id}/heirs
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
M             R   /me/access
A             R   /people/{person_id}/access
M             R   /me/consents
M             RW  /me/privacy-requests
M             R   /me/privacy-requests/{request_no}/file
UDOSH         W   /people/{person_id}/privacy-requests
UDOSHA        R   /privacy-requests
OSH           W   /privacy-requests/{request_no}/answer
SHA           R   /holds
SH            W   /holds
SH            W   /holds/{hold_id}/ask
SH            W   /holds/{hold_id}/lift
SHA           R   /disposals
HA            R   /claims/{claim_no}/replay
"""
