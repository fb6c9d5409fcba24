"""Rule-books: one file is one whole wording of one plan from one date."""
