"""The public verbs of the papers' stage."""

from services.evidence.checks import check, verify
from services.evidence.papers import judge, read, upload, waive
from services.evidence.supplements import answer, ask, deliver, lapse, question

__all__ = ["answer", "ask", "check", "deliver", "judge", "lapse", "question", "read", "upload", "verify", "waive"]
