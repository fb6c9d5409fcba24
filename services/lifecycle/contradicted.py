"""Whether the bank also said that it credited what is to go out again: a credit of any sending of it that moved nothing."""

from __future__ import annotations


def credit_reported(payment: str, column: str = "payment_id") -> str:
    """An expression: a credit line of this payment was kept with a fault, and two persons have not dismissed it.

    Money that came back and yet arrived would be paid twice. `column`: `settlement_payment_id` for a line of a settlement.
    """
    return f"""EXISTS (SELECT 1 FROM bank_line l WHERE l.{column} = {payment} AND l.kind = 'credit' AND l.fault IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM line_verdict v WHERE v.line_id = l.id AND v.verdict = 'dismiss'
            AND v.confirmed_at IS NOT NULL AND v.withdrawn_at IS NULL))"""
