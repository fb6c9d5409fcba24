"""Dated changes of what governs claims (separation, calendars, rule-books, wordings): proposed by one, released by another.

Whoever imports any of it is told of released rule-books with every unit of work.
"""

from services.releases import books

__all__ = ["books"]
