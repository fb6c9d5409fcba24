"""Stage 4, review: the chain of levels, who must act, and the office's decision."""
