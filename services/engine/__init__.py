"""Two readings of one rule-book: a claim in Decimal, a frame in columns."""
