"""The append-only chained record: one chain per claim (and per payment run), keyed outside the database."""
