"""The premium's double entry, plan by plan: what is due, came in, was given back. Append-only; every booking balances."""
