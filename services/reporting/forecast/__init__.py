"""How many like claims needed longer than what is left of an open promise: the office's own record, and nothing else."""
