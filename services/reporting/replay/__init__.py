"""Replay: closed claims computed again under a proposed rule-book file, before it is released."""
