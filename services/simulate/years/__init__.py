"""Synthetic offices and years of any size: the same tables, machines and checks, built set-based from one seed."""
