"""Copies of the house elsewhere: base backups, the write-ahead log as it is written, papers, and apart from them the keys."""
