"""Stage 3, benefit: worksheets for the reviewers, and the amount frozen under the cover's lock."""
