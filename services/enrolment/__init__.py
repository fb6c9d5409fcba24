"""Organisations, people, rosters, covers and their premium."""
