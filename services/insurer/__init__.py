"""Stage 5: the insurer, who decides and pays insured plans."""
