"""Dated changes of what governs claims (separation, calendars, rule-books, wordings): proposed by one, released by another."""
