"""Whoever carries messages to the outside."""
