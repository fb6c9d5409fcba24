"""The public verbs of the papers' stage."""

from services.evidence.checks import check, verify
from services.evidence.further import decline, prepare, release
from services.evidence.papers import judge, read, upload, waive
from services.evidence.supplements import answer, ask, deliver, lapse, question, take_up

__all__ = ["answer", "ask", "check", "decline", "deliver", "judge", "lapse", "prepare", "question", "read", "release", "take_up", "upload",
           "verify", "waive"]
