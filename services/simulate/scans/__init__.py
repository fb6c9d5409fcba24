"""Papers as scanners and telephones give them: generated sheets with their truth, and the plain pages of the demonstration."""

from services.simulate.scans.plain import TITLES, scan
from services.simulate.scans.sheets import HELD_OUT, LAYOUTS, MIME, Scan, sheet

__all__ = ["HELD_OUT", "LAYOUTS", "MIME", "TITLES", "Scan", "scan", "sheet"]
