"""Clocks: which promise starts, pauses and stops with which move, and how long each still has."""
