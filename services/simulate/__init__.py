"""Synthetic offices and years."""
