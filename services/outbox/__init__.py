"""Work owed by committed transactions, taken in batches by workers."""
